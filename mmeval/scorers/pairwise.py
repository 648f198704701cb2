"""Which of two answers is better: a judge's verdict between the model's answer and a reference answer.

The reference answer (`target`) stands first, as A; the model's second, as B. Judges lean to a place, so they can be
shown the other way round, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmeval.samples import Sample
from mmeval.scorers.base import Judging, Metric, Scored, Scorer, counts
from mmeval.scorers.rubric import Fields

ReadVerdict = Callable[[str], str | None]

_VERDICT = re.compile(r"\[\[([ABC])\]\]")
# What a verdict is worth to the model, when it is B.
_POINTS: Mapping[str, float] = {"A": 0.0, "B": 1.0, "C": 0.5}


def first_verdict(reply: str) -> str | None:
    """ "A", "B" or "C" (a tie): the first [[A]], [[B]] or [[C]] of the reply; None if there is none.

    RLHF-V/RLAIF-V eval_RefoMB_p0.py; the notation is MT-Bench's (Zheng et al. 2023, arXiv 2306.05685).
    """
    found = _VERDICT.search(reply)
    return found[1] if found else None


def against_reference(prompt: str, fields: Fields, read: ReadVerdict = first_verdict, reviewed: bool = False) -> Scorer:
    """Win rate against the reference answers, ties half; shares of answers won, tied and lost.

    prompt, fields: the judge's prompt and its variables besides `answer_a`, `answer_b` and `review`. The reference
    stands first; asked for both orders (`Judging.swap`), the judge is shown the model's answer first, too.
    reviewed: then the judge is given its reply as `review` (which is "" before), to say in the same notation which
    answer hallucinates less: `trustworthiness` is the win rate of that. An unreadable reply is in no figure but
    `unread`, and has the judge asked once more.
    """
    judging = _compared(prompt, fields, read, reviewed, model_first=False)
    swap = _compared(prompt, fields, read, reviewed, model_first=True)
    return Scorer(None, METRICS | (TRUSTED if reviewed else {}), judging=replace(judging, swap=swap))


def _compared(prompt: str, fields: Fields, read: ReadVerdict, reviewed: bool, model_first: bool) -> Judging:
    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        shown = dict(fields(sample))
        if not replies:
            a, b = (answer, sample.target) if model_first else (sample.target, answer)
            return [{**shown, "answer_a": a, "answer_b": b, "review": ""}]
        if reviewed and len(replies) == 1:
            return [{**shown, "answer_a": "", "answer_b": "", "review": replies[0]}]
        return []

    def worth(reply: str) -> float | None:
        verdict = read(reply)
        return None if verdict is None else 1 - _POINTS[verdict] if model_first else _POINTS[verdict]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        point, *trusted = [worth(reply) for reply in replies[:2]]
        return counts(
            prediction=None if point is None else "won" if point > 0.5 else "lost" if point < 0.5 else "tied",
            correct=None if point in (None, 0.5) else point == 1.0,
            verdicts=point is not None,
            won=point == 1.0,
            tied=point == 0.5,
            lost=point == 0.0,
            reviews=trusted not in ([], [None]),
            trusted=sum(one or 0.0 for one in trusted),
            unread=(point is None) + trusted.count(None),
            replies=len(replies[:2]),
        )

    return Judging(prompt, calls, score, lambda reply, asked: read(reply) is not None, model_first=model_first)


METRICS = {
    "win_rate": Metric(lambda s: s.ratio(s.won + s.tied / 2, s.verdicts)),
    "won": Metric(lambda s: s.ratio(s.won, s.verdicts)),
    "tied": Metric(lambda s: s.ratio(s.tied, s.verdicts), better=None),
    "lost": Metric(lambda s: s.ratio(s.lost, s.verdicts), better="lower"),
    "unread": Metric(lambda s: s.ratio(s.unread, s.replies), better="lower"),
}
TRUSTED = {"trustworthiness": Metric(lambda s: s.ratio(s.trusted, s.reviews))}
