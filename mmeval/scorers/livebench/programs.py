"""LiveBench's coding: does the program in an answer pass all of a problem's tests? By running it, in `mmeval.sandbox`.

White et al. 2024, arXiv 2406.19314; rules as in LiveBench/LiveBench livebench/process_results/coding/utils.py, whose
problems and tests are LiveCodeBench's (`program_tests`). An answer that was not run is missing, never wrong: because
the user did not allow it, there is no sandbox, or it needs a package that the official environment has and the
sandbox does not.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path

from mmeval.layouts.livebench_coding import tests_of
from mmeval.samples import Sample
from mmeval.sandbox import Limits, Outcome, SandboxError, refusal, run_python
from mmeval.scorers.base import Metric, Scored, Scorer, counts

Run = Callable[[str, Limits], Outcome]
Refuse = Callable[[], "str | None"]

TESTS = Path(__file__).with_name("program_tests.py")
SECONDS = 6  # `program_tests.SECONDS`
MEMORY = 4 << 30  # bytes
ENDS = ("passed", "failed", "error", "timeout")
# Of the official environment's packages those that solutions of such problems use.
OUTSIDE = re.compile(r"ModuleNotFoundError: No module named '(numpy|scipy|pandas|sympy|networkx|sortedcontainers)\b")
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)


def code_in(reply: str) -> str:
    """The last fenced block; without two fences the whole reply, less a last fence or backquotes around all of it."""
    lines = reply.rstrip().split("\n")
    fences = [number for number, line in enumerate(lines) if "```" in line]
    if len(fences) > 1:
        return "\n".join(lines[fences[-2] + 1 : fences[-1]])
    if len(reply) > 1 and reply[0] == reply[-1] == "`":
        return reply[1:-1]
    return "\n".join(lines[:-1]) if fences == [len(lines) - 1] else reply.rstrip()


def completed(code: str, begun: str | None) -> str:
    """The program: with the given beginning in front, where the answer does not repeat it."""
    return f"{begun}\n{code}" if begun and not code.startswith(begun) else code


def passes_tests(run: Run = run_python, refuse: Refuse = refusal) -> Scorer:
    """Share of answers whose program passes every test, of each task first and then over the tasks (slice `task`).

    Reads metadata `public`, `private`, `function` and `begun`. run, refuse: see `mmeval.sandbox`.
    """

    def score(sample: Sample, answer: str) -> Scored:
        if why := refuse():
            warnings.warn(f"no program was run: {why}", RuntimeWarning, stacklevel=2)
            return Scored({}, missing=f"not run: {why}")
        known = sample.metadata
        inputs, outputs = tests_of(known["public"], known["private"])
        code = completed(code_in(_THOUGHTS.sub("", answer)), known["begun"])
        call = f"\n\ncheck({code!r}, {inputs!r}, {outputs!r}, {known['function']!r})\n"
        most = (SECONDS + 1) * len(inputs) + 5
        try:
            outcome = run(TESTS.read_text(encoding="utf-8") + call, Limits(most, 2.0 * most + 60, MEMORY))
        except SandboxError as error:
            return Scored({}, missing=f"not run: {error}")
        if found := OUTSIDE.search(outcome.why):
            return Scored({}, missing=f"not run: it needs {found[1]}, and programs have the standard library only here")
        end = "timeout" if outcome.why.startswith("TimeoutError") else outcome.end
        return counts(
            prediction=end,
            correct=end == "passed",
            notes={"why": outcome.why} if outcome.why else None,
            points=end == "passed",
            **{name: end == name for name in ENDS[1:]},
        )

    shares = {
        "failed": Metric(lambda s: s.ratio(s.failed, s.n), better="lower"),
        "error": Metric(lambda s: s.ratio(s.error, s.n), better="lower"),
        "timeout": Metric(lambda s: s.ratio(s.timeout, s.n), better="lower"),
    }
    return Scorer(score, {"score": Metric(lambda s: s.ratio(s.points, s.n), over="task"), **shares})
