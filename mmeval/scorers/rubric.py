"""A judge's ratings of an answer on fixed scales, read out of its reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mmeval.samples import Sample
from mmeval.scorers.base import Judging, Metric, Scored, Scorer, counts
from mmeval.statistics.sums import Array, Totals

ReadRating = Callable[[str], int | None]
Fields = Callable[[Sample], Mapping[str, Any]]


def lone_rating(highest: int = 6, label: str = "rating: ") -> ReadRating:
    """The only n of 0..highest with "rating: n" in the reply, any case; None if there is none or more than one.

    llava-rlhf/LLaVA-RLHF summarize_gpt_mmhal.py. By that rule "Rating:4" has none and "Rating: 10" is 1.
    """

    def read(reply: str) -> int | None:
        lowered = reply.lower()
        found = [n for n in range(highest + 1) if f"{label}{n}" in lowered]
        return found[0] if len(found) == 1 else None

    return read


def rated(
    read: ReadRating,
    prompt: str,
    fields: Fields,
    unread: int | None = None,
    hallucinated_below: int = 3,
    highest: int = 6,
) -> Scorer:
    """Mean rating, share of ratings below a threshold, RLAIF-V's informativeness, share of unread replies.

    prompt, fields: the judge's prompt and its variables besides `answer`. unread: what a reply without a readable
    rating counts (0 in the official MMHal-Bench script); None leaves it out of every mean, and has the judge asked
    once more. Either way `unread` shows how many there were.
    highest: the best rating; the worst is 0.
    informativeness (RLHF-V/RLAIF-V): what a rating is above (or, below, what it is of) the threshold, over it.
    """

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        return [] if replies else [{**fields(sample), "answer": answer}]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        said = read(replies[0])
        rating = unread if said is None else said
        if rating is None:
            return counts(
                notes={"rating": "unread"}, rating=0, rated=False, hallucinated=False, informative=0, unread=True
            )
        bad = rating < hallucinated_below
        return counts(
            prediction=str(rating),
            correct=not bad,
            notes={"rating": f"unread, counted as {rating}"} if said is None else None,
            rating=rating,
            rated=True,
            hallucinated=bad,
            informative=rating if bad else rating - hallucinated_below,
            unread=said is None,
        )

    return Scorer(
        None,
        metrics={
            "score": Metric(lambda s: s.ratio(s.rating, s.rated), unit="number", scale=(0, highest)),
            "hallucination_rate": Metric(lambda s: s.ratio(s.hallucinated, s.rated), better="lower"),
            "informativeness": Metric(lambda s: s.ratio(s.informative, s.rated) / hallucinated_below),
            "unread": Metric(lambda s: s.ratio(s.unread, s.n), better="lower"),
        },
        judging=Judging(prompt, calls, score, lambda reply, asked: unread is not None or read(reply) is not None),
    )


ReadRatings = Callable[[str], Mapping[str, float] | None]


def headed_ratings(names: Sequence[str], highest: float = 10) -> ReadRatings:
    """The number under each heading: "Accuracy: 7", or on a line of its own, "score of the answer1: 7/10".

    None unless every heading has one from 0 to `highest`. No script of GAVIE's reads its judge's replies; the form is
    the one that FuxiaoLiu/LRV-Instruction Evaluation/evaluate.py asks for.
    """
    flags = re.IGNORECASE | re.MULTILINE
    # At a line's start, behind marks and a number, or behind another rating: a reason may have a heading's word, too.
    start = r"(?:^[^\w\n]*(?:\d+[^\w\n]+)?|(?<=\d)[,;] *)"
    number = r"\W*?(?:score(?: of the answer ?+\d*+)?\W*?)?(-?\d+(?:\.\d+)?)"
    patterns = {name: re.compile(rf"{start}{re.escape(name)}\b{number}", flags) for name in names}

    def read(reply: str) -> Mapping[str, float] | None:
        found = {name: pattern.search(reply) for name, pattern in patterns.items()}
        ratings = {name: float(match[1]) for name, match in found.items() if match}
        return ratings if len(ratings) == len(names) and all(0 <= n <= highest for n in ratings.values()) else None

    return read


def graded(
    read: ReadRatings, names: Sequence[str], prompt: str, fields: Fields, scale: tuple[float, float] = (0, 10)
) -> Scorer:
    """Mean rating on each scale, and the share of unread replies, which are in no mean; the judge is asked once more.

    names: the scales, as `read` gives them; scale: the worst and the best rating on each. prompt, fields: the judge's
    prompt and its variables besides `answer`.
    """

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        return [] if replies else [{**fields(sample), "answer": answer}]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        ratings = read(replies[0])
        shown = ", ".join(f"{name} {ratings[name]:g}" for name in names) if ratings else None
        given = ratings or dict.fromkeys(names, 0.0)
        return counts(shown, None, None, rated=ratings is not None, unread=ratings is None, **given)

    def mean(name: str, s: Totals) -> Array:
        return s.ratio(getattr(s, name), s.rated)

    return Scorer(
        None,
        metrics={name: Metric(partial(mean, name), unit="number", scale=scale) for name in names}
        | {"unread": Metric(lambda s: s.ratio(s.unread, s.n), better="lower")},
        judging=Judging(prompt, calls, score, lambda reply, asked: read(reply) is not None),
    )
