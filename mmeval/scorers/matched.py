"""Does an answer match the reference: to the letter, or in the eyes of a judge who says yes or no and gives a score?

ActivityNet-QA, Yu et al. 2019, arXiv 1906.02467; rules read from MILVLG/activitynet-qa evaluation/eval.py and, for the
judge (Video-ChatGPT's protocol), EvolvingLMMs-Lab/lmms-eval tasks/activitynetqa/utils.py.
Samples have the reference as target, and a slice `type`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from mmeval.samples import Sample
from mmeval.scorers.base import COUNT, SLICE, Judging, Metric, Scored, Scorer, counts
from mmeval.scorers.rubric import Fields

if TYPE_CHECKING:
    import pandas as pd


def exact_match(free: Collection[str]) -> Scorer:
    """Share of answers that are the reference letter by letter, of all and of those of the free types.

    free: the types that make `free`. The script prints another figure under that name: its numerator is right, but its
    denominator leaves out the three types that come first in the file instead of the three that are not free;
    `free_as_printed` is that one.
    """

    def score(sample: Sample, answer: str) -> Scored:
        right = answer == sample.target
        is_free = sample.slices["type"] in free
        return counts(answer, right, right=right, free=is_free, free_right=is_free and right)

    def derive(frame: pd.DataFrame) -> pd.DataFrame:
        first = list(dict.fromkeys(frame[SLICE + "type"]))[:3]
        frame = frame.copy()
        frame[COUNT + "behind_third_type"] = (~frame[SLICE + "type"].isin(first)).astype(float)
        return frame

    return Scorer(score, EXACT, derive)


def yes_and_score(reply: str) -> tuple[bool, int] | None:
    """(whether it matches, score) of a reply such as {'pred': 'yes', 'score': 4.8}; None where it can't be read.

    Between the first "{" and the next "}" there must be a Python dictionary; fractions of the score are cut off, and
    "yes" anywhere in `pred` is yes.
    """
    inside = reply.partition("{")[2].partition("}")
    try:
        found = ast.literal_eval("{" + inside[0] + "}")
        said, score = found["pred"].lower(), int(found["score"])
    except Exception:  # literal_eval and what follows raise whatever the reply makes them
        return None
    return ("yes" in said, score) if "yes" in said or "no" in said else None


def judged_match(prompt: str, fields: Fields, unread_is_no: bool = False) -> Scorer:
    """Share of answers that a judge calls a match, and its mean score from 0 to 5.

    prompt, fields: the judge's prompt and its variables besides `answer`. unread_is_no: a reply that can't be read is
    no match with a score of 0 (lmms-eval); else the judge is asked once more, and the sample is missing after that.
    """

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        return [] if replies else [{**fields(sample), "answer": answer}]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        read = yes_and_score(replies[0])
        matches, value = read or (False, 0)
        judged = read is not None or unread_is_no
        return counts(
            prediction=f"{'yes' if matches else 'no'}, {value}" if judged else None,
            correct=matches,
            notes={"verdict": replies[0]} if read else {"unread": replies[0]},
            matches=matches,
            score=value,
            judged=judged,
            unread=read is None,
        )

    def readable(reply: str, variables: Any) -> bool:
        return unread_is_no or yes_and_score(reply) is not None

    return Scorer(None, JUDGED, judging=Judging(prompt, calls, score, readable))


EXACT = {
    "accuracy": Metric(lambda s: s.ratio(s.right, s.n)),
    "free": Metric(lambda s: s.ratio(s.free_right, s.free)),
    "free_as_printed": Metric(lambda s: s.ratio(s.free_right, s.behind_third_type)),
}
JUDGED = {
    "accuracy": Metric(lambda s: s.ratio(s.matches, s.judged)),
    "score": Metric(lambda s: s.ratio(s.score, s.judged), unit="number", scale=(0, 5)),
    "unread": Metric(lambda s: s.ratio(s.unread, s.n), better="lower"),
}
