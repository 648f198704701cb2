"""LiveBench's coding: what is run, on which tests, and what passes."""

from __future__ import annotations

import json
import pickle
import sys

import pytest

from mmeval import sandbox
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.layouts import livebench_coding as layout
from mmeval.requests import read_samples
from mmeval.sandbox import Outcome, SandboxError, run_python
from mmeval.scorers.livebench.program_tests import check, same_lines
from mmeval.scorers.livebench.programs import code_in, completed, passes_tests
from mmeval.scoring import score, summarise
from tests.fixtures import livebench_coding as fixture

TASK = load_catalog().tasks["livebench_coding"]
ADD = "a, b = map(float, input().split())\nprint(a + b)"
SUMS = (["1 2\n", "0.5 0.5"], ["3\n", "1"])
HERE = sandbox._broken() is None


@pytest.fixture
def interpreter(monkeypatch):
    """`check` leaves stdin and a recursion limit of its own behind, as it may in a sandbox."""
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO())
    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)


def samples_of(tmp_path):
    fixture.write(tmp_path)
    return read_samples(TASK, (tmp_path,))


def test_samples(tmp_path):
    samples = samples_of(tmp_path)
    assert [one.slices["task"] for one in samples] == ["LCB_generation", "LCB_generation", "coding_completion"]
    assert samples[0].prompt == "Read two numbers and print their sum."
    assert [one.metadata["function"] for one in samples] == [None, "double", "double"]
    assert [one.metadata["begun"] for one in samples] == [None, None, fixture.DOUBLE]
    assert layout.tests_of(samples[1].metadata["public"], samples[1].metadata["private"]) == (["1", "3"], ["2", "6"])


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("x = 1\n", "x = 1"),
        ("So:\n```python\nx = 1\n```\nor\n```\ny = 2\nz = 3\n```", "y = 2\nz = 3"),
        ("x = 1\n```", "x = 1"),
        ("```python\nx = 1", "```python\nx = 1"),
        ("`x`", "x"),
        ("", ""),
    ],
)
def test_code_in_a_reply(reply, code):
    assert code_in(reply) == code


def test_a_beginning_goes_in_front_unless_it_is_repeated():
    assert completed("c", "a\nb") == "a\nb\nc"
    assert completed("a\nb\nc", "a\nb") == "a\nb\nc"
    assert completed("c", None) == "c"


@pytest.mark.parametrize(
    ("printed", "wanted", "same"),
    [
        ("1 \n2", " 1\n2\n", True),
        ("1.50 2", "1.5 2.0", True),
        ("1\n\n2", "1\n2", False),
        ("yes", "Yes", False),
        ("1 x", "1.0 x", False),
        ("", "\n", True),
    ],
)
def test_lines_are_compared_as_text_or_numbers(printed, wanted, same):
    assert same_lines(printed, wanted) is same


@pytest.mark.parametrize(
    "code",
    [
        ADD,
        f"def main():\n    {ADD.replace(chr(10), chr(10) + '    ')}; exit()\nif __name__ == '__main__':\n    main()\n",
        "import sys\nprint(sum(map(float, sys.stdin.read().split())))",
        "from sys import stdin\nprint(sum(map(float, stdin.readline().split())))",
    ],
)
def test_programs_that_pass(interpreter, code):
    check(code, *SUMS, None)


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("print(3)", AssertionError, "test 2: wrong answer"),
        ("print(1 / 0)", RuntimeError, "test 1: ZeroDivisionError"),
        ("print(", RuntimeError, "loading: SyntaxError"),
        ("class Solution:\n    pass", RuntimeError, "loading: AttributeError"),  # it stands in the function
        ("from sys import stdout\nstdout.write('3')", AssertionError, "test 1: wrong answer"),  # the one of before
    ],
)
def test_programs_that_fail(interpreter, code, kind, says):
    with pytest.raises(kind, match=says):
        check(code, *SUMS, None)


def test_functions_are_called(interpreter):
    body = "class Solution:\n    def pair(self, a: List[int], b):\n        return a[0], b"
    check(body, ["[1]\n2"], ["[1, 2]"], "pair")
    with pytest.raises(AssertionError, match="wrong answer"):
        check(body, ["[1]\n2"], ["[1, 3]"], "pair")
    with pytest.raises(RuntimeError, match="it defines no single"):
        check(body, ["1"], ["1"], "single")


def test_a_test_that_takes_too_long(interpreter, monkeypatch):
    monkeypatch.setattr("mmeval.scorers.livebench.program_tests.SECONDS", 0.05)
    with pytest.raises(TimeoutError, match="test 1"):
        check("while True:\n    pass", *SUMS, None)


def figures(tmp_path, answers, run, refuse=lambda: None):
    samples = samples_of(tmp_path)
    scorer = passes_tests(run, refuse)
    frame = score(scorer, samples, dict(zip([one.id for one in samples], answers, strict=True)))
    return frame, {name: one.value for name, one in summarise(frame, scorer, resamples=0).metrics.items()}


def test_figures(tmp_path):
    ends = iter([Outcome("passed"), Outcome("error", "TimeoutError: test 1: late"), Outcome("failed", "test 1")])
    frame, found = figures(tmp_path, ["a", "b", "c"], lambda source, limits: next(ends))
    assert found == {"score": 0.25, "failed": 1 / 3, "error": 0, "timeout": 1 / 3}
    assert list(frame["prediction"]) == ["passed", "timeout", "failed"]


@pytest.mark.parametrize(
    ("refuse", "run", "says"),
    [
        (lambda: "no", None, "not run: no"),
        (lambda: None, SandboxError("no walls"), "not run: no walls"),
        (lambda: None, Outcome("error", "loading: ModuleNotFoundError: No module named 'numpy'"), "it needs numpy"),
    ],
)
@pytest.mark.filterwarnings("ignore:no program was run")
def test_what_is_not_run_is_missing(tmp_path, refuse, run, says):
    def outcome(source, limits):
        if isinstance(run, Exception):
            raise run
        return run

    frame, found = figures(tmp_path, ["a", "b", "c"], outcome, refuse)
    assert frame["missing"].all()
    assert found == {}
    assert says in frame["notes"][0]


@pytest.mark.skipif(not HERE, reason="no sandbox here")
def test_in_the_sandbox(tmp_path):
    said = [
        f"<think>```\nx\n```</think>```python\n{ADD}\n```",
        "class Solution:\n    double = 2",
        "        return x + x",
    ]
    frame, _ = figures(tmp_path, said, run_python)
    assert list(frame["prediction"]) == ["passed", "error", "passed"]


def test_broken_rows_are_named(tmp_path):
    samples_of(tmp_path)
    path = tmp_path / "data/live_bench/coding/LCB_generation/question.jsonl"
    row = fixture.rows()[0]
    evil = packed_object()
    for broken, says in (
        ({"private_test_cases": "?"}, r"row 1 of question\.jsonl: its tests can't be read"),
        ({"private_test_cases": evil}, r"its tests can't be read: it names .*\.print, and only text is expected"),
        ({"original_json": {"metadata": "{"}}, r"field 'original_json' holds no metadata"),
    ):
        path.write_text(json.dumps({**row, **broken}))
        with pytest.raises(DataError, match=says):
            read_samples(TASK, (tmp_path,))


def packed_object() -> str:
    import base64
    import zlib

    return base64.b64encode(zlib.compress(pickle.dumps(print))).decode()
