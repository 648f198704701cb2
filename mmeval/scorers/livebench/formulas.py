"""LiveBench's AMPS_Hard: is the formula in an answer equal to the right one? By computer algebra, else by a judge.

White et al. 2024, arXiv 2406.19314; rules as in LiveBench/LiveBench livebench/process_results/math/AMPS_Hard/utils.py;
a formula is brought into one form as in Lewkowycz et al. 2022, appendix D. Where computer algebra does not find the two
equal, an LLM says whether they are equal or each other's negative, which counts too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmeval.samples import Sample
from mmeval.scorers.base import Judging, Metric, Scored, Scorer, counts
from mmeval.scorers.livebench import by_rule
from mmeval.scorers.livebench.marks import last_box, without
from mmeval.scorers.livebench.symbolic import equal, lacking

TASK = "AMPS_Hard"
CONSTANTS = ("+C", "+ C", "+ c", "+c")
SIZES = ("\\left", "\\right", "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\,", "\\;", "\n")
OR = "\\quad \\text{or} \\quad"
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)


def truth_of(target: str | Sequence[str]) -> str:
    """The right formula; of several the last."""
    formula = target if isinstance(target, str) else target[-1]
    return without(formula, "\\left", "\\right").replace(" ^", "^").replace("\\ ", "*")


def found(answer: str) -> tuple[str | None, str]:
    """(The formula in the last box, else between the last dollar signs, else None; the whole answer as it is read)."""
    text = without(_THOUGHTS.sub("", answer), *CONSTANTS).replace("\\\\fbox{", "\\\\boxed{")
    text = text.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac")
    text = without(text, *SIZES).replace("\\cdot", "*")
    box = last_box(text)
    if box is not None:
        return in_one_form(box), text
    if text.count("$") < 2:
        return None, text
    end = text.rfind("$")
    end -= text[end - 1] == "$"
    inside = text[text.rfind("$", 0, end) + 1 : end]
    if "=" not in inside and OR in inside:
        inside = inside.rpartition(OR)[2]
    return in_one_form(inside.rpartition("=")[2].strip()), text


def in_one_form(formula: str) -> str:
    r"""What stands after the last "=", without words' commands; \frac12 as \frac{1}{2}, \sqrt2 as \sqrt{2}, 1,000 as
    1000."""
    formula = formula.rpartition("=")[2]
    formula = re.sub(r".*?\$(.*?)\$.*", r"$\1$", formula)
    for command in ("text", "textbf", "overline"):
        formula = re.sub(rf"\\{command}{{(.*?)}}", r"\1", formula)
    formula = re.sub(r"\\boxed{(.*)}", r"\1", formula)
    formula = re.sub(r"frac([^{])(.)", r"frac{\1}{\2}", formula)
    formula = re.sub(r"sqrt([^{\[])", r"sqrt{\1}", formula).replace("$", "")
    plain = formula.replace(",", "")
    return plain if plain.isdigit() else formula


def by_algebra(target: str | Sequence[str], answer: str) -> tuple[bool, str | None]:
    """(Whether the answer is right, the formula that a judge may still find right). Without a formula the answer's end
    has to be the right one to the letter, and no judge is asked."""
    truth, (said, text) = truth_of(target), found(answer)
    if said is None:
        return text.removesuffix(".")[-len(truth) :] == truth, None
    right = said == truth or equal(truth, said)
    return right, None if right else said


def with_formulas() -> Scorer:
    """`by_rule`, and AMPS_Hard by computer algebra and by a judge where that does not find an answer right.

    `asked`: share of AMPS_Hard's answers that a judge decides.
    """
    plain = by_rule()
    assert plain.score
    rule = plain.score

    def undecided(sample: Sample, answer: str) -> str | None:
        formulas = sample.metadata.get("task") == TASK
        return by_algebra(sample.target, answer)[1] if formulas and not lacking() else None

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        said = None if replies else undecided(sample, answer)
        return [] if said is None else [{"truth": truth_of(sample.target), "answer": said}]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        if sample.metadata.get("task") != TASK:
            if answer is None:
                return Scored({}, missing="the rules need the answer")
            ruled = rule(sample, answer)
            return replace(ruled, counts={**ruled.counts, "formulas": 0.0, "asked": 0.0})
        if why := lacking():
            return Scored({}, missing=why)
        right = bool(replies) and yes(replies[0])
        if not replies and answer is not None:
            right = by_algebra(sample.target, answer)[0]
        return counts(
            prediction=f"{right:d}",
            correct=right,
            points=right,
            eval_error=False,
            formulas=True,
            asked=bool(replies),
            empty=answer is not None and not answer.strip(),
        )

    metrics = {**plain.metrics, "asked": Metric(lambda s: s.ratio(s.asked, s.formulas), better=None)}
    return Scorer(None, metrics, judging=Judging("livebench_formulas", calls, score, _readable))


def yes(reply: str) -> bool:
    return reply.strip().lower().startswith("yes")


def _readable(reply: str, asked: Mapping[str, Any]) -> bool:
    return reply.strip().lower().startswith(("yes", "no"))
