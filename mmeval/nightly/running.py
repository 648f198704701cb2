"""`mmeval run` as a process of its own, for each checkpoint: one that takes the process or the accelerator down with
it costs its own night only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from mmeval.catalog import PACKAGE
from mmeval.errors import Interrupted, MmevalError
from mmeval.journal import storage
from mmeval.runs import RunFolder
from mmeval.scoring import too_many_missing

LOG = "log.txt"
LEAVING = 20.0  # seconds for a run to end after Ctrl-C has reached both it and us


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. error: None when it has figures for all it was asked. figures: whether it has any."""

    error: str | None
    figures: bool


def run_model(model: str, output: Path, arguments: Sequence[str], lock: int) -> Ended:
    """Runs or goes on with one model; what it says is appended to log.txt in its folder.

    lock: a file descriptor that the process inherits, so that a lock on it lasts as long as the run, even where we are
    killed. Raises `Interrupted` when the run was stopped from outside.
    """
    with storage(output):
        output.mkdir(parents=True, exist_ok=True)
        log = (output / LOG).open("ab")
    command = [sys.executable, "-P", "-m", "mmeval", "run", f"--model={model}", *arguments, f"--output={output}"]
    with log:
        log.write(f"--- {datetime.now(UTC).isoformat(timespec='seconds')}\n".encode())
        log.flush()
        start = log.tell()
        code = _called(command, log, lock)
    said = _last_words((output / LOG).read_bytes()[start:].decode("utf-8", "replace"))
    if code == Interrupted.exit_code:
        raise Interrupted(said or f"{output}: the run was interrupted")
    if code < 0:
        return Ended(f"killed by {_signal(-code)}, perhaps for want of memory; see {LOG}", False)
    if code not in (0, 3):
        return Ended(said or f"ended with exit code {code}; see {LOG}", False)
    return Ended(_lost(RunFolder(output)), True)


def complete(output: Path) -> bool:
    """Whether a run ended with figures for every task."""
    with suppress(MmevalError):
        run = RunFolder(output)
        tasks = (record := run.read_json("run.json")).get("tasks") or {}
        return record.get("status") == "done" and set(tasks) == set(run.read_json("metrics.json"))
    return False


def _environment() -> dict[str, str]:
    """The mmeval that runs here is the one that runs there."""
    home = str(PACKAGE.parent)
    given = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{given}" if given else home}


def _called(command: Sequence[str], log: IO[bytes], lock: int) -> int:
    """The exit code of a command; when we are stopped, it is ended first."""
    process = None
    try:
        with _held() as stops:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), pass_fds=[lock]
            )
        if stops:
            raise KeyboardInterrupt
        return process.wait()
    except KeyboardInterrupt:
        if process is not None:
            _end(process)
        raise Interrupted("interrupted; what was answered is kept, run the same command again to go on") from None


@contextmanager
def _held() -> Iterator[list[int]]:
    """Notes signals to stop in place of an exception, which would leave a process behind that has just begun."""
    stops: list[int] = []
    before = {}
    with suppress(ValueError):  # not in the main thread, which no signal disturbs
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda got, frame: stops.append(got))
    try:
        yield stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):  # a terminal's Ctrl-C has reached it as well
        process.wait(LEAVING if sys.stdin is not None and sys.stdin.isatty() else 0.1)
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(LEAVING)
    if process.poll() is None:
        process.kill()
        process.wait()


def _last_words(text: str) -> str:
    """The last line that mmeval itself said, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ours = [line.removeprefix("mmeval: ") for line in lines if line.startswith("mmeval: ")]
    return (ours or lines or [""])[-1]


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _lost(run: RunFolder) -> str | None:
    """What a run that ended lacks: tasks that failed, too many missing answers."""
    tasks, results = run.read_json("run.json").get("tasks") or {}, run.read_json("metrics.json")
    failed = [f"{name}: {told['error']}" for name, told in tasks.items() if told.get("error")]
    missing = [
        f"{name}: {result['missing'] + result.get('unjudged', 0)} of {result['n']} answers missing or not judged"
        for name, result in results.items()
        if too_many_missing(result)
    ]
    return "; ".join([*failed, *missing]) or None
