"""Which of two is better, said by the model itself: A or B, asked in both orders.

The two samples of a pair share the group "pair"; `target` is the letter of the better one. A model that always names
one place is right in half of the samples, and in no pair.
"""

from __future__ import annotations

import re

from mmeval.samples import Sample
from mmeval.scorers.base import Metric, Scored, Scorer, by_group, counts

_LETTER = re.compile(r"\W*([AB])\b(?!\s+[a-z])")


def leading_letter(answer: str) -> str | None:
    """The A or B that an answer starts with ("B", "(B)", "B: a dog"), not an article ("A dog")."""
    found = _LETTER.match(answer)
    return found[1] if found else None


def _score(sample: Sample, answer: str) -> Scored:
    said = leading_letter(answer)
    right = said == sample.target
    return counts(said, right, None, right=right, first=said == "A", unread=said is None)


either_order = Scorer(
    _score,
    {
        "accuracy": Metric(lambda s: s.ratio(s.right, s.n)),
        "both_orders": Metric(lambda s: s.ratio(s.pairs_all, s.pairs)),
        "first_place": Metric(lambda s: s.ratio(s.first, s.n - s.unread), better=None),
        "unread": Metric(lambda s: s.ratio(s.unread, s.n), better="lower"),
    },
    derive=lambda frame: by_group(frame, ["pair"], "right", "pairs"),
)
"""accuracy: of all samples, unread ones wrong. both_orders: share of pairs right in both orders. first_place: share of
the answers read that name the caption shown first; 1/2 without a lean."""
