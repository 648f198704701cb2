"""The inner half of `symbolic`: a script that it starts in a Python of its own, not a module to import.

stdin: a line for each comparison, JSON [one formula, the other, seconds]. stdout: a line for each, JSON, whether they
are equal. Rules as in LiveBench/LiveBench livebench/process_results/math/AMPS_Hard/utils.py.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from importlib import import_module
from typing import Any

MEMORY = 4 << 30  # bytes of address space; simplifying may take any amount
NEAR = 0.001


class _Late(BaseException):
    pass


def _late(*_: object) -> None:
    raise _Late


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _late)
    for line in sys.stdin:
        one, other, seconds = json.loads(line)
        print(json.dumps(_equal(one, other, seconds)), flush=True)


def _equal(one: str, other: str, seconds: float) -> bool:
    """Whether a reading of the one differs from a reading of the other by nothing, or by a number below `NEAR`."""
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        pairs = [(a, b) for a in _readings(one) for b in _readings(other)]
    except _Late:
        return False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return any(_same(a, b, seconds) for a, b in pairs)


def _same(a: Any, b: Any, seconds: float) -> bool:
    sympy = import_module("sympy")
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        left = sympy.simplify(a - b)
        return bool(left == 0) or bool(sympy.Abs(left) < NEAR)
    except (_Late, Exception):  # sympy raises many kinds; no difference is one that is not small
        return False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _readings(formula: str) -> list[Any]:
    """What a formula in LaTeX may mean: several where it is ambiguous, none where it can't be read.

    Two backslashes for one are mended. What sympy can't read is given to latex2sympy2 where that is installed.
    """
    lark, latex = import_module("lark"), import_module("sympy.parsing.latex")
    tries = (formula, formula.replace("\\\\", "\\"))
    for text in tries:
        try:
            read = latex.parse_latex(text, backend="lark")
        except Exception:
            continue
        return list(read.children) if isinstance(read, lark.Tree) else [read]
    for text in tries:
        try:
            return [import_module("latex2sympy2").latex2sympy(text)]
        except Exception:
            continue
    return []


if __name__ == "__main__":
    main()
