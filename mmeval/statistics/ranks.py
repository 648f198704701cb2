"""Places in a ranking, with their uncertainty from resamples in which all runs were drawn together.

Goldstein & Spiegelhalter 1996, J. R. Stat. Soc. A 159(3): a place in a league table is an estimate like any other and
needs its interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmeval.statistics.sums import Array


@dataclass(frozen=True, slots=True)
class Rank:
    """rank: 1 is the highest value; low, high: its 95 % interval, low the better place; None where nothing was drawn.
    p_best: the share of resamples in which it is first; a shared first place counts for all who share it."""

    rank: int
    low: int | None
    high: int | None
    p_best: float | None


def ranks(values: Array, draws: Array) -> list[Rank]:
    """The rank of each run. values: (runs,); draws: (resamples, runs), a resample's values of all runs together.

    Runs of equal value share the best place. A resample in which some run has no value (NaN) is left out. Raises
    `ValueError` when a value is NaN: what has no value has no rank.
    """
    if np.isnan(values).any():
        raise ValueError("a run without a value has no rank; leave it out")
    whole = _places(values[None, :])[0]
    places = _places(draws[~np.isnan(draws).any(axis=1)])
    if not len(places):
        return [Rank(int(rank), None, None, None) for rank in whole]
    # Places are whole numbers: the interval's ends are places that were taken, never one between two.
    low = np.quantile(places, 0.025, axis=0, method="inverted_cdf")
    high = np.quantile(places, 0.975, axis=0, method="inverted_cdf")
    best = (places == 1).mean(axis=0)
    return [Rank(int(whole[i]), int(low[i]), int(high[i]), float(best[i])) for i in range(len(values))]


def _places(values: Array) -> Array:
    """(rows, runs) -> 1 + how many runs of the row are higher."""
    places: Array = np.ones(values.shape)
    for i in range(values.shape[1]):  # one run at a time: rows x runs x runs would not fit for many runs
        places += values[:, i : i + 1] > values
    return places
