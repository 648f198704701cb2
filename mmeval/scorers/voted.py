"""A judge rates an answer on several scales, a call a scale and round; the rounds that can be read are averaged.

Wu et al. 2023 (Q-Bench, LLDescribe), arXiv 2309.14181: completeness, preciseness and relevance, 0 to 2 each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from mmeval.samples import Sample
from mmeval.scorers.base import Judging, Metric, Scored, Scorer, counts
from mmeval.scorers.rubric import Fields
from mmeval.statistics.sums import Array, Totals

_SCORE = re.compile(r"Score\s*[:\uff1a]\s*([0-2](?:\.\d+)?)")


def score_of_two(reply: str) -> float | None:
    """The number behind the first "Score:", 0 to 2 (VLMEvalKit MedQ-Bench, after Q-Bench); so "Score: 10" is 1."""
    found = _SCORE.search(reply)
    number = float(found[1]) if found else None
    return number if number is not None and number <= 2 else None


def voted(prompt: str, scales: Mapping[str, str], fields: Fields, rounds: int) -> Scorer:
    """Mean rating on each scale, their `sum`, and the share of unread replies, which are in no mean.

    scales: name -> what is asked about. prompt, fields: the judge's prompt and its variables besides `answer`, `scale`,
    `meaning`, `round` and `rounds`, which keep the rounds' calls apart. An answer without a readable round on some
    scale is missing.
    """
    names = [name for name in scales for _ in range(rounds)]

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        if replies:
            return []
        shown = {**fields(sample), "answer": answer, "rounds": rounds}
        asked = [(name, number) for name in scales for number in range(1, rounds + 1)]
        return [{**shown, "scale": name, "meaning": scales[name], "round": number} for name, number in asked]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        read = [(name, score_of_two(reply)) for name, reply in zip(names, replies, strict=False)]
        marks = {name: [mark for one, mark in read if one == name and mark is not None] for name in scales}
        empty = [name for name, given in marks.items() if not given]
        if empty:
            return Scored({}, missing=f"no readable rating of {', '.join(empty)}")
        means = {name: sum(given) / len(given) for name, given in marks.items()}
        shown = ", ".join(f"{name} {mean:g}" for name, mean in means.items())
        unread = len(replies) - sum(map(len, marks.values()))
        return counts(shown, None, None, unread=unread, replies=len(replies), **means)

    def mean(name: str, s: Totals) -> Array:
        return s.ratio(getattr(s, name), s.n)

    def total(s: Totals) -> Any:
        return sum(mean(name, s) for name in scales)

    metrics = {name: Metric(partial(mean, name), unit="number", scale=(0, 2)) for name in scales}
    metrics |= {"sum": Metric(total, unit="number", scale=(0, 2 * len(scales)))}
    metrics |= {"unread": Metric(lambda s: s.ratio(s.unread, s.replies), better="lower")}
    return Scorer(None, metrics, judging=Judging(prompt, calls, score))
