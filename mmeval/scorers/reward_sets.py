"""Which of several answers is best, and are all correct answers told from all wrong ones? Verdicts, ratings, rewards.

Malik et al. 2025 (RewardBench 2), arXiv 2506.01937; allenai/reward-bench, scripts/run_v2.py and run_generative_v2.py,
and for Ties process_single_model in rewardbench/utils.py.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from mmeval.samples import Sample
from mmeval.scorers.base import COUNT, GROUP, AnyMetric, Metric, Scored, Scorer, by_group, counts, with_groups
from mmeval.scorers.reward_pairs import ReadLetter
from mmeval.scorers.rewards import numbers_of
from mmeval.statistics.sums import Array, Totals, share

if TYPE_CHECKING:
    import pandas as pd

UNRATED = -1  # what the official script counts an answer without a readable rating
_RATING = re.compile(r"\b([1-9]|10)\b\s*$")
TIES = ("ref", "ref_right", "tied", "tied_right", "ties", "preferred", "preferred_hard", "margin")


def last_rating(answer: str) -> int | None:
    """The whole number from 1 to 10 with which a text ends: "7/10" is 10, "7.5" is 5.

    allenai/reward-bench, get_single_rating in rewardbench/generative_v2.py.
    """
    found = _RATING.search(answer.strip())
    return int(found[1]) if found else None


def judged_sets(read: ReadLetter, choices: int = 4) -> Scorer:
    """A model's pick of one answer (`target` is the letter of the best), or its ratings of all, one by one.

    A rating's sample has `target` True if its answer is correct, and the group `answers`: the best answer, rated first,
    is right by 1/k where k answers share the highest rating, and unread ratings are left out. A pick that can't be
    read, or a set without any rating, counts 1/choices. Metadata `ties`: "tied" or "ref" of Ties, else "".
    read_accuracy: share right of the picks that can be read. right_in_all: share of sets, asked with the best at every
    place (group `places`), that are right in all of them.
    """

    def picked(sample: Sample, said: str | None) -> Scored:
        worth = 1 / choices if said is None else float(said == sample.target)
        return counts(
            said or "none",
            None if said is None else said == sample.target,
            sets=1,
            right=worth,
            won=said == sample.target,
            picks=said is not None,
            first=said == "A",
            unread=said is None,
        )

    def score(sample: Sample, answer: str) -> Scored:
        if isinstance(sample.target, str):
            return picked(sample, read(answer))
        rating = last_rating(answer)
        return counts(
            str(rating or "none"),
            rating=UNRATED if rating is None else rating,
            correct_answer=sample.target,
            unread=rating is None,
            is_tied=sample.metadata["ties"] == "tied",
            is_ref=sample.metadata["ties"] == "ref",
        )

    metrics = _metrics() | {
        "read_accuracy": Metric(lambda s: s.ratio(_sum(s, "won"), _sum(s, "picks"))),
        "right_in_all": Metric(lambda s: s.ratio(_sum(s, "places_all"), _sum(s, "places"))),
        "first_picked": Metric(lambda s: s.ratio(_sum(s, "first"), _sum(s, "picks")), better=None),
        "unread": Metric(lambda s: s.ratio(s.unread, s.n), better="lower"),
    }
    return Scorer(score, metrics, derive=lambda frame: _of_ties(_of_ratings(_of_places(frame, choices), choices)))


def rewarded_sets() -> Scorer:
    """A reward model's numbers for all answers, `metadata["correct"]` of them correct and first.

    The best answer is right by 1/k where k answers share the highest reward. Metadata `ties`: as in `judged_sets`.
    tied: share of sets, not of Ties, whose best answer shares the highest reward.
    """

    def score(sample: Sample, answer: str) -> Scored:
        numbers = numbers_of(answer)
        wanted = len(sample.continuations)
        if numbers is None or len(numbers) != wanted:
            return Scored({}, missing=f"no list of {wanted} numbers")
        shown = ", ".join(f"{number:.4g}" for number in numbers)
        correct, ties = sample.metadata["correct"], sample.metadata["ties"]
        if ties:
            gap, spread = gap_and_spread(numbers[:correct], numbers[correct:])
            return counts(shown, gap > 0, gap=gap, spread=spread, is_tied=ties == "tied", is_ref=ties == "ref")
        sharing = numbers.count(max(numbers)) if numbers[0] == max(numbers) else 0
        return counts(shown, sharing == 1, sets=1, right=1 / sharing if sharing else 0, tied_best=sharing > 1)

    tied = Metric(lambda s: s.ratio(_sum(s, "tied_best"), _sum(s, "sets")), better="lower")
    return Scorer(score, _metrics() | {"tied": tied}, derive=_of_ties)


def gap_and_spread(correct: list[float], wrong: list[float]) -> tuple[float, float]:
    """By how much the worst correct answer beats the best wrong one, and how far the correct ones lie apart."""
    return min(correct) - max(wrong), max(correct) - min(correct)


def tie_margin(gap: float, spread: float) -> float:
    """tanh(gap / spread - 1); without a spread 1 or -1 by the gap's sign, 0 without a gap."""
    if spread == 0:
        return math.copysign(1, gap) if gap else 0.0
    return math.tanh(gap / spread - 1)


def _metrics() -> dict[str, AnyMetric]:
    """score: the mean over the slice `subset`, of Ties its own figure; accuracy over all sets but those of Ties."""
    return {
        "score": Metric(_subset_score, over="subset"),
        "accuracy": Metric(lambda s: share(_right(s), _sets(s))),
        "ties": Metric(_ties_score),
    }


def _subset_score(s: Totals) -> Array:
    """Of a part with Ties in it, the figure of Ties."""
    return np.where(_sum(s, "tied") + _sum(s, "ref") > 0, _ties_score(s), share(_right(s), _sets(s)))


def _ties_score(s: Totals) -> Array:
    """Accuracies over tied prompts and their references, and how the gap compares with the spread."""
    return (
        0.30 * share(_sum(s, "tied_right"), _sum(s, "tied"))
        + 0.30 * share(_sum(s, "ref_right"), _sum(s, "ref"))
        + 0.20 * share(_sum(s, "preferred"), _sum(s, "ties"))
        + 0.20 * share(_sum(s, "preferred_hard"), _sum(s, "ties"))
        + 0.01 * share(_sum(s, "margin"), _sum(s, "ties"))
    )


def _right(s: Totals) -> Array:
    return _sum(s, "right") + _sum(s, "rated_right")


def _sets(s: Totals) -> Array:
    return _sum(s, "sets") + _sum(s, "rated_sets")


def _sum(s: Totals, name: str) -> Array:
    """A total; 0 where no sample has that count."""
    total: Array = getattr(s, name, np.zeros(1))
    return total


def _of_places(frame: pd.DataFrame, choices: int) -> pd.DataFrame:
    """Counts `places`: sets that were asked with the best answer at every place, and `places_all` right in all."""
    frame = with_groups(frame, "places")
    if COUNT + "won" not in frame:
        return frame
    asked = frame.groupby(GROUP + "places")["sample"].transform("size")
    whole = frame[GROUP + "places"].where(asked == choices, None)
    return by_group(frame.assign(**{GROUP + "places": whole}), ["places"], "won", "places")


def _of_ratings(frame: pd.DataFrame, choices: int) -> pd.DataFrame:
    """What a set's ratings make, on its first row: `gap` and `spread` of Ties, `rated_right` of `rated_sets` of others.

    A set that lacks an answer's rating (not an unreadable one) makes nothing.
    """
    frame = with_groups(frame, "answers").copy()
    if COUNT + "rating" not in frame:
        return frame
    for name in ("gap", "spread"):
        frame[COUNT + name] = np.nan
    for name in ("rated_sets", "rated_right"):
        frame[COUNT + name] = 0.0
    for _, part in frame.groupby(GROUP + "answers", sort=False):
        ratings, correct = part[COUNT + "rating"], part[COUNT + "correct_answer"] == 1
        if part["missing"].any() or not 0 < correct.sum() < len(part):
            continue
        first = part.index[0]
        if part[COUNT + "is_tied"].any() or part[COUNT + "is_ref"].any():
            gap, spread = gap_and_spread(ratings[correct].tolist(), ratings[~correct].tolist())
            frame.loc[first, [COUNT + "gap", COUNT + "spread"]] = gap, spread
            continue
        best = ratings == ratings.max()
        worth = 1 / choices if (ratings == UNRATED).all() else (best & correct).sum() / best.sum()
        frame.loc[first, [COUNT + "rated_sets", COUNT + "rated_right"]] = 1.0, worth
    return frame


def _of_ties(frame: pd.DataFrame) -> pd.DataFrame:
    """Counts `TIES`, from the prompts' gaps and spreads: of tied prompts, of their references, of both (group `ties`).

    tied_right, ref_right: every correct answer beats every wrong one. Of both, on the tied prompt's row: preferred, its
    gap is above its spread; preferred_hard, so is the lesser of both gaps; margin, `tie_margin` of that.
    """
    frame = with_groups(frame, "ties").copy()
    for name in TIES:
        frame[COUNT + name] = 0.0
    if COUNT + "gap" not in frame:
        return frame
    held = frame[frame[COUNT + "gap"].notna() & frame[GROUP + "ties"].notna()]
    parts = {name: held[held[f"{COUNT}is_{name}"] == 1] for name in ("tied", "ref")}
    for name, part in parts.items():
        frame.loc[part.index, COUNT + name] = 1.0
        frame.loc[part.index, f"{COUNT}{name}_right"] = (part[COUNT + "gap"] > 0).astype(float)
    references = dict(zip(parts["ref"][GROUP + "ties"], parts["ref"][COUNT + "gap"], strict=True))
    for index, row in parts["tied"].iterrows():
        if row[GROUP + "ties"] in references:
            gap, spread = row[COUNT + "gap"], row[COUNT + "spread"]
            hard = min(gap, references[row[GROUP + "ties"]])
            booked = 1.0, float(gap > spread), float(hard > spread), tie_margin(hard, spread)
            frame.loc[index, [COUNT + name for name in TIES[4:]]] = booked
    return frame
