"""Yes/no questions in pairs about one picture, scored in points: accuracy plus the share of pairs wholly right.

MME, Fu et al. 2023, arXiv 2306.13394; rules read from its eval_tool, calculation.py. A task is worth 200 points
(accuracy and accuracy+ in per cent), and tasks are added up, not averaged.

Samples: target "yes" or "no"; group `image` joins a picture's two questions; slice `task`; slice `group` is
"perception" or "cognition".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from mmeval.samples import Sample
from mmeval.scorers.base import Metric, Scored, Scorer, by_group, counts
from mmeval.scorers.yes_no import Read, precision, recall
from mmeval.statistics.sums import Array, Totals


def first_four(answer: str) -> bool | None:
    """Yes or no by the letters among the first four characters, as they stand: `none` and `not sure` are no,
    `**Yes**` and `it's` are neither (the official calculation.py)."""
    head = answer.lower()[:4]
    return True if "yes" in head else False if "no" in head else None


def stripped_first_four(answer: str) -> bool | None:
    """The same without blanks in front and full stops anywhere; a lone y or n counts (lmms-eval `parse_pred_ans`)."""
    text = answer.lower().strip().replace(".", "")
    return {"y": True, "n": False}.get(text, first_four(text))


def paired_yes_no(read: Read) -> Scorer:
    """Points of all tasks and of perception and cognition, and the shares that they are made of.

    An answer that can't be read is wrong; precision and recall leave it out. A pair that lacks an answer is left out
    of accuracy+.
    """

    def score(sample: Sample, answer: str) -> Scored:
        return outcome(read(answer), sample.target == "yes", sample.slices["group"] == "perception")

    @lru_cache(None)  # there are but a few
    def outcome(said: bool | None, truth: bool, perception: bool) -> Scored:
        return counts(
            prediction=None if said is None else "yes" if said else "no",
            correct=said is truth,
            right=said is truth,
            perception=perception,
            tp=said is True and truth,
            fp=said is True and not truth,
            tn=said is False and not truth,
            fn=said is False and truth,
            unread=said is None,
        )

    return Scorer(score, METRICS, lambda frame: by_group(frame, ["image"], "right", "pairs"))


def points(s: Totals) -> Array:
    """Accuracy and accuracy+ of one task in per cent, in the script's order of operations."""
    return s.ratio(s.right, s.n) * 100 + s.ratio(s.pairs_all, s.pairs) * 100


def _points_of(perception: bool) -> Callable[[Totals], Array]:
    """The points of a task that belongs to the group, 0 for any other: a task is in one group as a whole."""

    def formula(s: Totals) -> Array:
        share = s.ratio(s.perception, s.n)
        return points(s) * (share if perception else 1 - share)

    return formula


METRICS = {
    "perception": Metric(_points_of(True), unit="number", over="task", combine="sum", scale=(0, 2000)),
    "cognition": Metric(_points_of(False), unit="number", over="task", combine="sum", scale=(0, 800)),
    # All tasks: 2800 points. Of a task it is that task's score, of the slice group=perception the total of perception.
    "score": Metric(points, unit="number", over="task", combine="sum", scale=(0, 2800)),
    "accuracy": Metric(lambda s: s.ratio(s.right, s.n)),
    "accuracy_plus": Metric(lambda s: s.ratio(s.pairs_all, s.pairs)),
    "precision": Metric(precision),
    "recall": Metric(recall),
    "unread": Metric(lambda s: s.ratio(s.unread, s.n), better="lower"),
}
