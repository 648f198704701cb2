"""LiveBench's AMPS_Hard: which formula is read, when two are equal, and when a judge is asked."""

from __future__ import annotations

import pytest

from mmeval.catalog import load_catalog
from mmeval.requests import read_samples
from mmeval.samples import Sample
from mmeval.scorers.livebench import formulas, symbolic
from mmeval.scorers.livebench.formulas import by_algebra, found, in_one_form, truth_of
from mmeval.scoring import score, summarise
from tests.fixtures.livebench_reasoning import write
from tests.judged import asked

TASK = load_catalog().tasks["livebench_math_whole"]
HALF = Sample("1", (), target=r"\frac{x^2}{2}", slices={"task": "AMPS_Hard"}, metadata={"task": "AMPS_Hard"})
needs_algebra = pytest.mark.skipif(symbolic.lacking() is not None, reason="lark or sympy is not installed")


@pytest.fixture
def algebra(monkeypatch):
    """Equal are only these two: what is read and asked can be tested without sympy."""
    monkeypatch.setattr(formulas, "lacking", lambda: None)
    monkeypatch.setattr(formulas, "equal", lambda one, other: {one, other} == {r"\frac{x^2}{2}", "x^2/2"})


@pytest.mark.parametrize(
    ("answer", "formula"),
    [
        (r"So $a$, thus $\boxed{\dfrac{x^2}{2} + C}$.", r"\frac{x^2}{2} "),
        (r"$x$ and $$y = \left(2\right)$$", "(2)"),
        (r"It is $x = 1 \quad \text{or} \quad x = 2$.", "2"),
        (r"$x \quad \text{or} \quad y$", "y"),
        (r"<think>\boxed{9}</think>$3 \cdot 4$", "3 * 4"),
        (r"\boxed{5", None),
        ("5", None),
    ],
)
def test_the_formula_in_an_answer(answer, formula):
    assert found(answer)[0] == formula


@pytest.mark.parametrize(
    ("formula", "form"),
    [
        ("12,000", "12000"),
        ("x = 12,000", " 12,000"),
        (r"\frac12x", r"\frac{1}{2}x"),
        (r"\sqrt2 + \sqrt[3]{4}", r"\sqrt{2} + \sqrt[3]{4}"),
        (r"\text{about } 3", "about  3"),
        (r"so $y$ then", "y"),
        (r"(1,2)", "(1,2)"),
    ],
)
def test_one_form(formula, form):
    assert in_one_form(formula) == form


def test_truths():
    assert truth_of(["a", r"\left( x \right) ^2\ y"]) == "( x )^2*y"


def test_without_a_formula_the_end_has_to_be_the_truth(algebra):
    assert by_algebra("12", "It is 12.") == (True, None)
    assert by_algebra("12", "It is 12 or so") == (False, None)


def test_a_judge_is_asked_only_where_no_equality_is_found(algebra):
    assert asked(TASK, HALF, r"\boxed{x^2/2}") == asked(TASK, HALF, "no idea") == []
    [words] = asked(TASK, HALF, r"$-\frac{x^2}{2}$")
    assert "The right one: \\frac{x^2}{2}\n" in words
    assert "<<<ANSWER\n-\\frac{x^2}{2}\nANSWER>>>" in words
    readable = TASK.scorer_for()[1].judging.readable
    assert [readable(reply, {}) for reply in ("Yes.", "no", "They are")] == [True, True, False]


def test_figures(algebra, tmp_path):
    write(tmp_path)
    samples = read_samples(TASK, (tmp_path,))
    assert [one.slices["task"] for one in samples].count("AMPS_Hard") == 1
    [hard] = [one for one in samples if one.slices["task"] == "AMPS_Hard"]
    scorer = TASK.scorer_for()[1]

    def figures(answer, replies):
        answers = {one.id: answer if one is hard else "BBBB 025" for one in samples}
        frame = score(scorer, samples, answers, replies)
        return frame, {name: one.value for name, one in summarise(frame, scorer, resamples=0).metrics.items()}

    _, found = figures("$x^2/2$", {})
    assert (found["score"], found["asked"]) == ((1 + 1 + 0) / 3, 0)
    frame, found = figures("$y$", {hard.id: ["Yes."]})
    assert (found["score"], found["asked"]) == ((1 + 1 + 0) / 3, 1)
    assert not frame["missing"].any()
    _, found = figures("$y$", {hard.id: ["no"]})
    assert found["score"] == (1 + 0 + 0) / 3
    frame, found = figures("$y$", {})
    assert list(frame["missing"]) == [one is hard for one in samples]


def test_without_sympy_or_lark_formulas_are_missing_and_named(monkeypatch):
    monkeypatch.setattr(symbolic, "find_spec", lambda name: None if name == "lark" else name)
    frame = score(TASK.scorer_for()[1], [HALF], {"1": "$x$"})
    assert frame["missing"].all()
    assert "without lark: pip install" in frame["notes"][0]


@needs_algebra
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (r"\frac{x^2}{2}", r"0.5 * x^2", True),
        ("x^2-1", "(x-1)*(x+1)", True),
        ("2.0004", "2", True),
        ("x", "-x", False),
        ("x", "?", False),
        (r"\\frac{1}{2}", "0.5", True),
    ],
)
def test_equality(one, other, same):
    assert symbolic.equal(one, other) is same


@needs_algebra
def test_what_takes_too_long_is_not_equal_and_the_next_is_answered():
    assert not symbolic.equal("9^{9^{9^{9}}}", "1", 0.2)
    assert symbolic.equal("x + x", "2 * x")
