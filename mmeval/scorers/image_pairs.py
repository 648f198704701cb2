"""Which of two pictures fits better: the model's verdict between them, by its choice or by its two ratings.

Chen et al. 2024 (MJ-Bench), arXiv 2407.04842; rules read from MJ-Bench/MJ-Bench inference.py and personal/tools.ipynb.
A verdict is "0" for the picture shown first, "1" for the second, "tie", or None where the answer has none. An answer
is a reply under the headings asked for, or a row of the release's result files as JSON (`score_0`, `score_1`, ...).
Samples have the better picture as target ("0" or "1"), `swapped` in metadata where the second one is shown first, and
both orders share a group `pair`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mmeval.samples import Sample
from mmeval.scorers.base import Metric, Scored, Scorer, by_group, counts

if TYPE_CHECKING:
    import pandas as pd

Verdict = Callable[[str], "str | None"]

TIE = "tie"
FIRST, SECOND, BETTER = (
    re.compile(f"{name}", re.IGNORECASE) for name in ("image-1 rating", "image-2 rating", "better image")
)
ANALYSIS = re.compile("analysis of choice", re.IGNORECASE)
NUMBER = re.compile(r"\d+")
COUNTS = ("read", "right", "decided", "first", "pairs", "pairs_right", "pairs_decided")
WORDS = ("extremely", "poor", "average", "good", "outstanding")  # Likert's, "Extremely Poor" to "Outstanding"


def likert(text: str) -> int | None:
    """1 to 5; the first of the words in this order that the text has."""
    lowered = text.lower()
    return next((place for place, word in enumerate(WORDS, start=1) if word in lowered), None)


def by_number(answer: str) -> str | None:
    """The number under BETTER IMAGE: 1 is the first picture, 2 the second, any other a tie."""
    if (row := _stored(answer)) is not None:
        said = str(row.get("vlm_pred", row.get("pred")))
        return said if said in ("0", "1") else TIE if said in (TIE, "-1") else None
    part = _between(answer, BETTER, ANALYSIS)
    found = NUMBER.search(part or "")
    return {"1": "0", "2": "1"}.get(found[0], TIE) if found else None


def by_ratings(threshold: float = 0.0) -> Verdict:
    """The picture with the higher rating; a tie where they differ by no more than the threshold.

    Of a rating in words the first whole number counts, or else Likert's word.
    """

    def read(answer: str) -> str | None:
        if (row := _stored(answer)) is not None:
            ratings = [_rating(row.get(name)) for name in ("score_0", "score_1")]
        else:
            ratings = [_rating(_between(answer, FIRST, SECOND)), _rating(_between(answer, SECOND, BETTER))]
        first, second = ratings
        if first is None or second is None:
            return None
        return TIE if abs(second - first) <= threshold else "0" if first > second else "1"

    return read


def _stored(answer: str) -> Mapping[str, Any] | None:
    """A stored row; None for a reply."""
    if not answer.startswith("{"):
        return None
    try:
        row = json.loads(answer)
    except ValueError:
        return None
    return row if "score_0" in row else None


def _rating(value: object) -> float | None:
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str):
        return None
    found = NUMBER.search(value)
    return float(found[0]) if found else likert(value)


def _between(answer: str, heading: re.Pattern[str], until: re.Pattern[str]) -> str | None:
    """What stands behind the first such heading, up to the next one."""
    start = heading.search(answer)
    if start is None:
        return None
    end = until.search(answer, start.end())
    return answer[start.end() : end.start() if end else None]


def image_pairs(read: Verdict) -> Scorer:
    """Accuracy with ties (an undecided verdict is wrong) and without (undecided ones left out), in the order of the
    data; right in both orders; how often the picture shown first is preferred. An answer without a verdict is in no
    figure but `unread`."""

    def score(sample: Sample, answer: str) -> Scored:
        said = read(answer)
        if said is None:
            return Scored(dict.fromkeys(COUNTS, 0.0), notes={"verdict": "unread"})
        swapped = bool(sample.metadata.get("swapped"))
        decided = said != TIE
        chosen = {"0": "1", "1": "0"}.get(said, said) if swapped else said
        right = chosen == sample.target
        return counts(
            prediction=f"image {chosen}" if decided else TIE,
            correct=right,
            read=True,
            right=right,
            decided=decided,
            first=said == "0",
            pairs=not swapped,
            pairs_right=right and not swapped,
            pairs_decided=decided and not swapped,
        )

    return Scorer(score, METRICS, derive=_in_both_orders)


def _in_both_orders(frame: pd.DataFrame) -> pd.DataFrame:
    return by_group(by_group(frame, ["pair"], "read", "both_read"), ["pair"], "right", "both_right")


METRICS = {
    "accuracy_with_tie": Metric(lambda s: s.ratio(s.pairs_right, s.pairs)),
    "accuracy_without_tie": Metric(lambda s: s.ratio(s.pairs_right, s.pairs_decided)),
    "ties": Metric(lambda s: s.ratio(s.pairs - s.pairs_decided, s.pairs), better="lower"),
    "right_in_both_orders": Metric(lambda s: s.ratio(s.both_right_all, s.both_read_all)),
    "first_preferred": Metric(lambda s: s.ratio(s.first, s.decided), better=None),
    "unread": Metric(lambda s: s.ratio(s.n - s.read, s.n), better="lower"),
}
