"""Are two formulas in LaTeX equal? Computer algebra (sympy), in a process of its own that may be ended.

Needs sympy and lark: pip install "mmeval[latex]".
"""

from __future__ import annotations

import atexit
import json
import selectors
import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

INNER = Path(__file__).with_name("symbolic_inside.py")
SECONDS = 60.0  # of processor time, for reading both and for each pair of readings
MOST_WAITED = 600.0  # on the clock, for what no timer in there interrupts

_lock = Lock()
_running: list[subprocess.Popen[str]] = []


def lacking() -> str | None:
    """What has to be installed to compare formulas; None if nothing."""
    missing = [name for name in ("sympy", "lark") if find_spec(name) is None]
    return (
        f'formulas can\'t be compared without {" and ".join(missing)}: pip install "mmeval[latex]"' if missing else None
    )


@lru_cache(1 << 14)
def equal(one: str, other: str, seconds: float = SECONDS) -> bool:
    """Whether their difference is 0, or a number below 0.001. False where one can't be read, or it takes too long.

    seconds: processor time, for reading both and for each pair of readings.
    """
    with _lock:
        process = _running[0] if _running else _start()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps([one, other, seconds]) + "\n")
            process.stdin.flush()
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                line = process.stdout.readline() if selector.select(MOST_WAITED) else ""
        except BrokenPipeError:
            line = ""
        except BaseException:  # whoever asks next must not get the answer to this
            _stop()
            raise
        if not line:  # it hangs, or has run out of memory
            _stop()
            return False
        return bool(json.loads(line))


def _start() -> subprocess.Popen[str]:
    arguments = [sys.executable, "-P", "-B", str(INNER)]
    quiet = subprocess.DEVNULL  # sympy warns of what it can't read
    _running.append(
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, encoding="utf-8")
    )
    return _running[0]


@atexit.register
def _stop() -> None:
    while _running:
        with _running.pop() as process:
            process.kill()
