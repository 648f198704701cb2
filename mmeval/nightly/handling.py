"""Every night: the new checkpoints of a training run are asked, held against a base and the night before, and gated.

    SITE/index.html            the nights, newest first, with their pages; dashboard.html, leaderboard.html
    SITE/runs/NIGHT/           the run folder of a night (checkpoint's name and digest), with night.json and log.txt
    SITE/NIGHT/compare.html    against the base; previous.html: against the last night before that was no regression
    SITE/base/…                the base's run, where it is a model

A night is over when its night.json is there. Until then the same call goes on with it, and no answer is asked twice.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mmeval.catalog import bundled
from mmeval.errors import EngineError, Interrupted, MmevalError, UsageError
from mmeval.inference import BUNDLED
from mmeval.inference.base import digest_of
from mmeval.journal import storage
from mmeval.nightly import site
from mmeval.nightly.checkpoints import Checkpoint, digest, look
from mmeval.nightly.config import Plan
from mmeval.nightly.records import Record, Status, exit_code, keep, previous_good, read
from mmeval.nightly.running import LOG, complete, run_model
from mmeval.runs import RunFolder

STATUS: Mapping[int, Status] = {0: "passed", 1: "regressed", 2: "cannot tell"}
STDERR = 2  # stdout is for --json alone
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Nights:
    """What a call did. handled: name -> night; planned: what `--dry-run` would handle. waiting: checkpoints that are
    not whole, with the reason; given_up: those that failed too often. known: nights that were done before."""

    site: Path
    handled: Mapping[str, Record]
    planned: Sequence[str]
    waiting: Mapping[str, str]
    given_up: Mapping[str, str]
    known: int
    notes: Sequence[str]

    @property
    def exit_code(self) -> int:
        return exit_code(night.status for night in self.handled.values())

    @property
    def outcome(self) -> str:
        worst = {3: "failed", **STATUS}[self.exit_code]
        return worst if self.handled else "nothing new"

    def to_json(self) -> dict[str, Any]:
        told = ("date", "status", "checkpoint", "gate", "error", "tries", "against", "notes")
        return {
            "site": str(self.site),
            "outcome": self.outcome,
            "nights": {name: {key: getattr(one, key) for key in told} for name, one in self.handled.items()},
            "planned": list(self.planned),
            "waiting": dict(self.waiting),
            "given_up": dict(self.given_up),
            "known": self.known,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class New:
    """A checkpoint that is to be handled. tries: which time this is."""

    checkpoint: Checkpoint
    tries: int


@dataclass(frozen=True, slots=True)
class Agenda:
    """What there is to do, by the name of the night."""

    new: Mapping[str, New]
    waiting: Mapping[str, str]
    given_up: Mapping[str, str]
    known: Mapping[str, Record]


def nightly(plan: Plan, say: Say = lambda text: None, dry: bool = False) -> Nights:
    """Handles what is new. dry: only says what that is, and writes nothing.

    Raises `UsageError` when another call is at work on the site, `EngineError` when the base can't be run,
    `Interrupted` when stopped. What fails with one checkpoint is in its night.
    """
    home = plan.config.site
    if dry:
        todo = agenda(plan)
        return Nights(home, {}, tuple(todo.new), todo.waiting, todo.given_up, len(todo.known), ())
    with _locked(home) as lock, _stoppable():
        todo = agenda(plan)
        nights, handled, notes = dict(todo.known), dict[str, Record](), list[str]()
        base = None
        if todo.new:
            try:
                base = _base(plan, lock, say)
            except EngineError:
                _notify(plan, "failed", 3, {}, notes)
                raise
        for name, new in todo.new.items():
            assert base is not None
            say(f"{new.checkpoint.name}: running; see {home / 'runs' / name / LOG}")
            made = _night(plan, name, new, base, nights, lock)
            nights.pop(name, None)  # so that it stands at the end, as the newest
            nights[name] = handled[name] = made
            say(f"{made.checkpoint}: {made.status}{f': {made.error}' if made.error else ''}")
            notes += [f"{made.checkpoint}: {note}" for note in made.notes]
        notes += site.build(home, _base_there(plan), nights, todo.waiting, todo.given_up, plan.catalog)
        done = Nights(home, handled, (), todo.waiting, todo.given_up, len(todo.known), notes)
        if handled:
            _notify(plan, done.outcome, done.exit_code, handled, notes)
        return done


def agenda(plan: Plan) -> Agenda:
    """Which checkpoints are new, by content. One that failed is new again until it has failed `tries` times, and from
    the beginning when its files, what is asked, or the policy changes."""
    known = read(plan.config.site / "runs")
    ready, waiting = look(plan.config.checkpoints)
    done = {one.digest: one for one in known.values() if one.status != "failed"}
    new: dict[str, New] = {}
    given_up: dict[str, str] = {}
    taken: set[str] = set()
    for one in ready:
        name = f"{_plain(one.name)}-{one.digest[:8]}"
        before = known.get(name)
        tries = before.tries if before and before.tried == plan.tried else 0
        if one.digest in done or one.digest in taken:
            continue
        if before and tries >= plan.config.tries:
            given_up[one.name] = f"failed {tries} times, last: {before.error}"
            continue
        taken.add(one.digest)
        new[name] = New(one, tries + 1)
    return Agenda(new, waiting, given_up, known)


def _plain(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:60] or "checkpoint"


# -- one night


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a night."""

    status: Status
    error: str | None = None
    gate: Mapping[str, Any] | None = None
    against: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: Sequence[str] = ()


def _night(plan: Plan, name: str, new: New, base: RunFolder, nights: Mapping[str, Record], lock: int) -> Record:
    """Runs, gates and compares; what goes wrong is the night's error. night.json is written last."""
    folder = plan.config.site / "runs" / name
    date = datetime.now(UTC).isoformat(timespec="seconds")
    earlier = {key: one for key, one in nights.items() if key != name}
    try:
        made = _made(plan, name, new.checkpoint.model, base, previous_good(earlier, plan.asked), lock)
    except Interrupted:
        raise
    except MmevalError as broken:
        made = Made("failed", str(broken))
    except Exception as broken:
        made = Made("failed", f"{type(broken).__name__}: {broken} (our fault, please report it)")
    record = Record(
        date=date,
        status=made.status,
        checkpoint=new.checkpoint.name,
        run="." if (folder / "run.json").is_file() else None,
        gate=made.gate,
        error=made.error,
        digest=new.checkpoint.digest,
        asked=plan.asked,
        tried=plan.tried,
        tries=new.tries,
        against=made.against,
        notes=[*made.notes, *(site.tell_failed(new.checkpoint.name, made.error) if made.error else ())],
    )
    keep(folder, record)
    return record


def _made(plan: Plan, name: str, model: str, base: RunFolder, before: str | None, lock: int) -> Made:
    from mmeval.gating.gate import gate

    home = plan.config.site
    ended = run_model(model, home / "runs" / name, plan.arguments, lock)
    if not ended.figures:
        return Made("failed", ended.error)
    run = RunFolder.existing(home / "runs" / name)
    gated = gate(base, run, plan.policy, plan.catalog)
    status, told = STATUS[gated.exit_code], gated.to_json()
    previous = None if before is None else RunFolder.existing(home / "runs" / before)
    against, notes = site.night_pages(home / name, gated, run, base, previous, plan.catalog)
    if ended.error and status != "regressed":
        return Made("failed", ended.error, told, against, notes)
    # A regression is known even where a task failed; the night need not be done again to know it.
    return Made(status, None, told, against, [*notes, ended.error] if ended.error else notes)


# -- the base


def _base(plan: Plan, lock: int, say: Say) -> RunFolder:
    """The base's run, made where it is a model that was not asked this yet. Raises `EngineError`."""
    folder = _base_folder(plan)
    if folder != Path(plan.config.base) and not complete(folder):
        say(f"base {plan.config.base}: running; see {folder / LOG}")
        ended = run_model(plan.config.base, folder, plan.arguments, lock)
        if not ended.figures:
            raise EngineError(f"base {plan.config.base}: can't be run: {ended.error} ({folder / LOG})")
        if ended.error:
            say(f"base {plan.config.base}: {ended.error}")
    return RunFolder.existing(folder)


def _base_there(plan: Plan) -> RunFolder | None:
    folder = _base_folder(plan)
    return RunFolder(folder) if (folder / "metrics.json").is_file() else None


def _base_folder(plan: Plan) -> Path:
    """The base itself where it is a run folder; else the folder of its run, by content and by what is asked."""
    base = plan.config.base
    if (Path(base) / "run.json").is_file():
        return Path(base)
    place = bundled("models") / base if base in BUNDLED and not Path(base).is_dir() else Path(base)
    content = digest(place) if place.is_dir() else base
    return plan.config.site / "base" / f"{_plain(Path(base).name)}-{digest_of(content, plan.asked)[:8]}"


# -- around it


@contextmanager
def _locked(home: Path) -> Iterator[int]:
    """One call at a time for a site. Raises `UsageError` when another one is at work, or a run that it left behind."""
    with storage(home):
        home.mkdir(parents=True, exist_ok=True)
        lock = os.open(home / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"{home}: another mmeval nightly is at work on this site; nothing was done") from None
        yield lock
    finally:
        os.close(lock)


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM, with which schedulers stop a job, ends the run at work as Ctrl-C does."""
    before: Any = None
    with suppress(ValueError):  # not in the main thread
        before = signal.signal(signal.SIGTERM, lambda number, frame: _interrupt())
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _notify(plan: Plan, outcome: str, code: int, handled: Mapping[str, Record], notes: list[str]) -> None:
    """Runs the user's command with the outcome in its environment; that it fails is a note."""
    if plan.config.notify is None:
        return
    told = {"MMEVAL_OUTCOME": outcome, "MMEVAL_EXIT_CODE": str(code), "MMEVAL_SITE": str(plan.config.site)}
    for status in (*STATUS.values(), "failed"):
        names = [one.checkpoint for one in handled.values() if one.status == status]
        told[f"MMEVAL_{status.upper().replace(' ', '_')}"] = ",".join(names)
    environment = {**os.environ, **told}
    done = subprocess.run(
        plan.config.notify, shell=True, env=environment, cwd=plan.place, stdout=STDERR, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        notes.append(f"notify: the command ended with exit code {done.returncode}")
