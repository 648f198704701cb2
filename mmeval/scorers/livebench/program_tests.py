"""Runs a program on LiveBench's tests. A script for `mmeval.sandbox`, which gets its text: nothing outside the standard
library is imported, and `check` is called at its end.

Rules of LiveCodeBench as LiveBench/LiveBench livebench/lcb_runner/evaluation/testing_util.py has them, with what they
do to a program: it is no `__main__`, what reads the standard input becomes one function that is called for every test,
and names that it imports from `sys` are those of before the test.
"""

import ast
import builtins
import io
import json
import signal
import sys
import types
from decimal import Decimal, InvalidOperation
from typing import Any

SECONDS = 6  # of processor time, for each test and for loading the program
STARS = (
    *("string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics"),
    *("itertools", "functools", "operator", "io", "sys", "json", "builtins", "typing"),
)
MODULES = STARS[:16]
BEFORE = "".join([*(f"from {name} import *\n" for name in STARS), *(f"import {name}\n" for name in MODULES)])
BEFORE += "sys.setrecursionlimit(50000)\n"


def check(code: str, inputs: list[str], outputs: list[str], name: str | None) -> None:
    """Runs all tests in turn; the first that does not pass ends it.

    inputs, outputs: of the tests, as text; with a name, each line of an input is an argument in JSON, the output is the
    returned value in JSON. Raises `AssertionError` for a wrong answer, `TimeoutError` for one that is late, and
    `RuntimeError` with the words of whatever else the program raises.
    """
    signal.signal(signal.SIGPROF, _late)
    source = f"{BEFORE}\n{code}" if name else _as_function(code)
    solution = _guarded("loading", lambda: _loaded(source))
    method = getattr(solution, name or "wrapped_function", None)
    if method is None:
        raise RuntimeError(f"loading: it defines no {name or 'program'}")
    for number, (given, wanted) in enumerate(zip(inputs, outputs, strict=True), start=1):
        right = _guarded(f"test {number}", lambda given=given, wanted=wanted: _passes(method, given, wanted, name))
        if not right:
            raise AssertionError(f"test {number}: wrong answer")


def _late(*_: object) -> None:
    raise TimeoutError(f"not done after {SECONDS} s of processor time")


def _guarded(what: str, work: Any) -> Any:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return work()
    except TimeoutError as error:
        raise TimeoutError(f"{what}: {error}") from error
    except BaseException as error:
        raise RuntimeError(f"{what}: {type(error).__name__}: {error}") from error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _loaded(source: str) -> Any:
    module = types.ModuleType("tmp_sol")
    exec(compile(source, "program.py", "exec"), module.__dict__)
    return module.Solution() if "class Solution" in source else module


def _as_function(code: str) -> str:
    """The program as a function without arguments, after its imports; as it is where it can't be parsed."""
    try:
        body = ast.parse(code).body
        last = body[-1] if body else None
        if isinstance(last, ast.If) and ast.unparse(last.test).strip() == "__name__ == '__main__'":
            body = body[:-1] + last.body
        imports = [one for one in body if isinstance(one, ast.Import | ast.ImportFrom)]
        rest = [one for one in body if not isinstance(one, ast.Import | ast.ImportFrom)]
        whole = ast.parse("def wrapped_function():\n    pass").body[0]
        assert isinstance(whole, ast.FunctionDef)
        whole.body = rest
        return "\n".join([BEFORE, *map(ast.unparse, imports), ast.unparse(whole)])
    except Exception:
        return code


def _passes(method: Any, given: str, wanted: str, name: str | None) -> bool:
    if name:
        returned = method(*[json.loads(line) for line in given.split("\n")])
        return bool((list(returned) if isinstance(returned, tuple) else returned) == json.loads(wanted))
    return same_lines(_printed(method, given), wanted)


def _printed(method: Any, given: str) -> str:
    """What the program prints when it reads `given`, from the standard input or from any file."""
    lines = iter(given.split("\n"))
    kept: Any = sys.stdin
    kept.read, kept.readline, kept.readlines = lambda *_: given, lambda *_: next(lines), lambda *_: given.split("\n")
    opened, stdout, printed = builtins.open, sys.stdout, io.StringIO()
    printed.close = lambda: None  # type: ignore[method-assign]
    sys.stdin, sys.stdout = io.StringIO(given), printed
    builtins.open = lambda *_, **__: io.StringIO(given)  # type: ignore[assignment]
    try:
        method()
    except SystemExit:
        pass
    finally:
        sys.stdin, sys.stdout, builtins.open = kept, stdout, opened
    return printed.getvalue()


def same_lines(printed: str, wanted: str) -> bool:
    """Line by line without blanks around: the same text, or the same numbers."""
    ours, theirs = ([line.strip() for line in text.strip().split("\n")] for text in (printed, wanted))
    return len(ours) == len(theirs) and all(
        a == b or (_numbers(a) is not None and _numbers(a) == _numbers(b)) for a, b in zip(ours, theirs, strict=True)
    )


def _numbers(line: str) -> list[Decimal] | None:
    try:
        return [Decimal(part) for part in line.split()]
    except InvalidOperation:
        return None
