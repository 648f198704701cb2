"""Does a model judge answers as people did: their scores by correlation, pairs by accuracy, rankings by edit distance?

Chen et al. 2024 (MLLM-as-a-Judge), arXiv 2402.04788; figures as in Dongping-Chen/MLLM-Judge
scripts/calculate_metrics.ipynb. Samples have the people's verdict as target and a slice `dataset`. A verdict stands in
double brackets, as the benchmark asks, or alone. An answer with neither is in no figure but `unread`, as the notebook
leaves out what it has no verdict of.
"""

from __future__ import annotations

import re
from dataclasses import replace
from string import ascii_uppercase

from mmeval.samples import Sample
from mmeval.scorers.base import Metric, Scored, Scorer, counts
from mmeval.scorers.mathvista import edit_distance
from mmeval.statistics.correlation import correlated, kendall, pearson, spearman

HEADING = re.compile(r"""judge?ment["'*_ ]*[:\n]""", re.IGNORECASE)
UNREAD = {"verdict": "unread"}
BRACKETED = re.compile(r"\[\[\s*([^\[\]]*?)\s*\]\]")


def _said(answer: str) -> list[str]:
    """What stands in double brackets under the last heading "Judgement" (of the whole where there is none), else the
    text there as one, without the marks around it."""
    part = HEADING.split(answer)[-1]
    return BRACKETED.findall(part) or [re.sub(r"^\W+|\W+$", "", part)]


def score_of(answer: str) -> float | None:
    """A score from 1 to 5: [[4]], "Judgement: 4" or 4."""
    said = _said(answer)[0]
    if not re.fullmatch(r"\d+(\.\d+)?", said):
        return None
    return float(said) if 1 <= float(said) <= 5 else None


def choice_of(answer: str) -> str | None:
    """A, B, or C for a tie."""
    said = _said(answer)[0]
    return said if said in ("A", "B", "C") else None


def ranking_of(answer: str, number: int) -> str | None:
    """Letters of the answers, the best one's first: "CDAB" for [[C]], [[D]], [[A]], [[B]]. A ranking that lacks some
    is one; with other letters, or more than there are answers, it is none."""
    letters = re.sub(r"[\W_]+", "", "".join(_said(answer)))
    known = set(ascii_uppercase[:number])
    return letters if letters and set(letters) <= known and len(letters) <= number else None


def scored(sample: Sample, answer: str) -> Scored:
    said = score_of(answer)
    if said is None:
        return counts(notes=UNREAD, judge=0, human=0, read=False)
    return counts(f"{said:g}", said == sample.target, judge=said, human=sample.target, read=True)


def compared(sample: Sample, answer: str) -> Scored:
    said = choice_of(answer)
    if said is None:
        return counts(notes=UNREAD, right=0, decided=0, right_decided=0, tied=0, read=False)
    right, decided = said == sample.target, "C" not in (said, sample.target)
    return counts(
        said, right, right=right, decided=decided, right_decided=right and decided, tied=said == "C", read=True
    )


def ranked(sample: Sample, answer: str) -> Scored:
    number = sample.metadata["answers"]
    said = ranking_of(answer, number)
    if said is None:
        return counts(notes=UNREAD, distance=0, answers=0, short=0, read=False)
    distance = edit_distance(said, sample.target)
    return counts(said, distance == 0, distance=distance, answers=number, short=len(said) < number, read=True)


_UNREAD = Metric(lambda s: s.ratio(s.n - s.read, s.n), better="lower")
# Names that end in _mean are means over the data sets; the others pool all samples, as the notebook's "overall".
SCORES = Scorer(
    scored,
    {
        "pearson": correlated(pearson, "judge", "human", where="read"),
        "pearson_mean": correlated(pearson, "judge", "human", over="dataset", where="read"),
        "spearman": correlated(spearman, "judge", "human", where="read", draws=500),
        "kendall_tau": correlated(kendall, "judge", "human", where="read", draws=200),
        "judge_mean": Metric(lambda s: s.ratio(s.judge, s.read), better=None, unit="number"),
        "unread": _UNREAD,
    },
)
_WITH_TIE = Metric(lambda s: s.ratio(s.right, s.read))
_WITHOUT_TIE = Metric(lambda s: s.ratio(s.right_decided, s.decided))
PAIRS = Scorer(
    compared,
    {
        "accuracy_with_tie": _WITH_TIE,
        "accuracy_with_tie_mean": replace(_WITH_TIE, over="dataset"),
        "accuracy_without_tie": _WITHOUT_TIE,  # pairs in which neither side says tie
        "accuracy_without_tie_mean": replace(_WITHOUT_TIE, over="dataset"),
        "ties": Metric(lambda s: s.ratio(s.tied, s.read), better=None),
        "unread": _UNREAD,
    },
)
_DISTANCE = Metric(lambda s: s.ratio(s.distance, s.read), better="lower", unit="number", scale=(0, 4))
RANKINGS = Scorer(
    ranked,
    {
        "levenshtein": _DISTANCE,
        "levenshtein_mean": replace(_DISTANCE, over="dataset"),
        # per answer ranked: 0 to 1, the scale of the paper's table
        "levenshtein_normalised": Metric(
            lambda s: s.ratio(s.distance, s.answers), better="lower", unit="number", scale=(0, 1)
        ),
        "incomplete": Metric(lambda s: s.ratio(s.short, s.read), better="lower"),
        "unread": _UNREAD,
    },
)
