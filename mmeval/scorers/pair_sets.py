"""Pairs of answers in sets: the share of pairs right (Acc) and of sets all of whose pairs are right (Acc+).

MM-RLHF, Zhang et al. 2025, arXiv 2502.10391; rules read from yfzhang114/MM-RLHF
llava/eval/cal_performance_mmreweard_bench.py. Samples: group `set`, group `pair`, slice `category`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmeval.scorers.base import COUNT, GROUP, SLICE, Metric, Scorer, with_groups
from mmeval.scorers.pair_votes import BIAS, REWARDED, Read, asked_once, rated_pair, verdict, voted

if TYPE_CHECKING:
    import pandas as pd


def rewarded_sets(categories: Sequence[str]) -> Scorer:
    """A pair is right when the chosen answer's reward is strictly higher; a tie is wrong.

    categories: values of slice `category`, in the order in which the script looks for them; see `in_sets`.
    """

    def derive(frame: pd.DataFrame) -> pd.DataFrame:
        there = (~frame["missing"].astype(bool)).astype(float)
        pairs = {COUNT + "pairs": there, COUNT + "pair_right": frame[COUNT + "right"].fillna(0.0)}
        return in_sets(frame.assign(**pairs), categories)

    return Scorer(rated_pair, {**METRICS, **REWARDED}, derive)


def voted_sets(read: Read, categories: Sequence[str]) -> Scorer:
    """A pair is right when more than half of its votes are for the chosen answer (`voted`); an undecided one is wrong,
    as a tie of rewards is. `undecided` is their share."""

    def derive(frame: pd.DataFrame) -> pd.DataFrame:
        frame = voted(frame)
        return in_sets(frame.assign(**{COUNT + "pair_right": frame[COUNT + "pair_agree"]}), categories)

    undecided = Metric(lambda s: s.ratio(s.pairs - s.pair_agree - s.pair_reject, s.pairs), better="lower")
    metrics = {**METRICS, "undecided": undecided, **BIAS}
    return Scorer(lambda sample, answer: verdict(sample, read(answer)), metrics, derive)


def in_sets(frame: pd.DataFrame, categories: Sequence[str]) -> pd.DataFrame:
    """Books `sets` and `sets_all` (all pairs right) on each set's first pair; `part_sets` and `part_sets_all` so in
    each category of the set. A set of several categories is credited to the first of them only, as in the script,
    but is in each one's denominator. (In the script so is one whose path has several keywords; here the first of them
    is the pair's category.) A set that lacks a pair is not booked: whether it is perfect is not known.
    """
    frame = with_groups(frame, "pair", "set").copy()
    key = frame[GROUP + "set"].map(asked_once, na_action="ignore")
    pair = frame[GROUP + "pair"].map(asked_once, na_action="ignore")
    unit = frame[COUNT + "pairs"].eq(1) & key.notna()
    whole = pair.groupby(key).transform("nunique").eq(unit.groupby(key).transform("sum"))
    unit &= whole
    perfect = frame[COUNT + "pair_right"].where(unit, 1.0).groupby(key).transform("min").eq(1)
    category = frame[SLICE + "category"] if SLICE + "category" in frame else key.map(lambda name: None)
    place = category.map({name: number for number, name in enumerate(categories)})
    credited = place.eq(place.where(unit).groupby(key).transform("min"))
    first = unit & ~key.where(unit).duplicated()
    parts = frame.assign(set=key, category=category)[unit & place.notna()]
    first_of_part = parts.index[~parts.duplicated(["set", "category"])]
    frame[COUNT + "sets"] = first.astype(float)
    frame[COUNT + "sets_all"] = (first & perfect).astype(float)
    frame[COUNT + "part_sets"] = frame.index.isin(first_of_part).astype(float)
    frame[COUNT + "part_sets_all"] = frame[COUNT + "part_sets"].where(perfect & credited, 0.0)
    return frame


METRICS = {
    "accuracy": Metric(lambda s: s.ratio(s.pair_right, s.pairs)),
    "acc_plus": Metric(lambda s: s.ratio(s.sets_all, s.sets)),
    # Of a slice category=… the script's figure: it differs from acc_plus there where a set spans categories.
    "category_acc_plus": Metric(lambda s: s.ratio(s.part_sets_all, s.part_sets)),
}
