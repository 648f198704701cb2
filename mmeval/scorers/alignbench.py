"""AlignBench: a judge grades an answer from 1 to 10, by dimensions and as a whole; totals are means of category means.

Liu et al. 2023, arXiv 2311.18743; THUDM/AlignBench judge.py (reading), show_result.py and dimension_calculate.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from mmeval.samples import Sample
from mmeval.scorers.base import AnyMetric, Judging, Metric, Scored, Scorer
from mmeval.scorers.rubric import Fields
from mmeval.statistics.sums import Array, Totals, mean_there, share

ReadGrades = Callable[[str], "tuple[Mapping[str, int], float | None]"]

WHOLE = "综合得分"
GRADES = (1, 10)
UNREAD = -1  # what the official script counts a reply without a grade
NAMES = {  # our metrics of the dimensions
    "事实正确性": "factual_correctness",
    "满足用户需求": "user_satisfaction",
    "清晰度": "clarity",
    "完备性": "completeness",
    "逻辑连贯性": "logical_coherence",
    "创造性": "creativity",
    "丰富度": "richness",
    "公平与可负责程度": "fairness_and_responsibility",
}
_LAST_BRACES = re.compile(r"{(.*?)}(?![^{]*{)")
_GRADE = re.compile(r"'(.*?)': (\d{1,9})")
_WHOLE = re.compile(rf"'{WHOLE}': (\d{{1,9}}(?:\.\d{{1,2}})?)")


def grades(reply: str) -> tuple[dict[str, int], float | None]:
    """The grades in the last braces, and the one of the whole: from there, else the first one anywhere, else None.

    By the official rule the braces are on one line, a decimal in them is cut (7.5 is 7), only single quotes and ": "
    count, and no number is out of range. Where a line has several pairs of braces, the last value of a name stands.
    """
    braces = _LAST_BRACES.search(reply)
    found = {name: int(number) for name, number in _GRADE.findall(braces[1])} if braces else {}
    if WHOLE in found:
        return found, found[WHOLE]
    anywhere = _WHOLE.search(reply)
    return found, float(anywhere[1]) if anywhere else None


def grades_in_range(reply: str) -> tuple[dict[str, int], float | None]:
    """The same; a grade that is not from 1 to 10 is none."""
    found, whole = grades(reply)
    kept = {name: number for name, number in found.items() if 1 <= number <= 10}
    return kept, whole if whole is not None and 1 <= whole <= 10 else None


def category_means(
    prompt: str,
    fields: Fields,
    totals: Mapping[str, Sequence[str]],
    read: ReadGrades = grades,
    unread: int | None = None,
) -> Scorer:
    """overall: the mean of the totals, each the mean of its categories' means; score, the mean over answers.

    Then the mean of each dimension. prompt, fields: the judge's prompt and its variables besides `answer`. totals: name
    -> categories; the sample's is in the metadata `category`. Categories without an answer are left out. unread: what a
    reply without a grade counts; None leaves it out of every mean and has the judge asked once more.
    """

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        return [] if replies else [{**fields(sample), "answer": answer}]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        found, whole = read(replies[0])
        worth, category = unread if whole is None else whole, sample.metadata["category"]
        counted = {"unread": float(whole is None), "graded": 0.0, "sum": 0.0}
        if worth is not None:
            counted |= {"graded": 1.0, "sum": worth, f"graded {category}": 1.0, f"sum {category}": worth}
        for name in NAMES.keys() & found.keys() if whole is not None else ():
            counted |= {f"graded {name}": 1.0, f"sum {name}": found[name]}
        notes = {name: str(number) for name, number in found.items()}
        return Scored(counted, "unread" if whole is None else f"{whole:g}", None, notes)

    graded = partial(Metric, unit="number", scale=GRADES)
    metrics: dict[str, AnyMetric] = {"overall": graded(partial(_overall, totals))}
    metrics |= {name: graded(partial(_mean_of, some)) for name, some in totals.items()}
    metrics["score"] = graded(lambda s: s.ratio(s.sum, s.graded))
    metrics |= {ours: graded(partial(_mean, name)) for name, ours in NAMES.items()}
    metrics["unread"] = Metric(lambda s: s.ratio(s.unread, s.n), better="lower")

    def readable(reply: str, asked: Mapping[str, Any]) -> bool:
        return unread is not None or read(reply)[1] is not None

    return Scorer(None, metrics, judging=Judging(prompt, calls, score, readable))


def _mean(name: str, s: Totals) -> Array:
    """Mean grade of a category or dimension, NaN where there is none."""
    return share(getattr(s, f"sum {name}", np.zeros(1)), getattr(s, f"graded {name}", np.zeros(1)))


def _mean_of(categories: Sequence[str], s: Totals) -> Array:
    return mean_there([_mean(name, s) for name in categories])


def _overall(totals: Mapping[str, Sequence[str]], s: Totals) -> Array:
    return mean_there([_mean_of(categories, s) for categories in totals.values()])
