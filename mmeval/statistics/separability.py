"""How well a leaderboard tells models apart, and how far two leaderboards agree.

Li et al. 2024, arXiv 2406.11939, section 3 ("separability with confidence", "agreement with confidence interval", "pair
rank Brier score"); lmarena/arena-hard-auto notebook/benchmark_statistics.ipynb. Arrays hold one element a model, in the
same order in all of them. An interval that touches another does not overlap it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, norm, spearmanr

from mmeval.errors import DataError
from mmeval.statistics.sums import Array


def separability(low: Any, high: Any) -> float:
    """Share of pairs of models whose intervals don't overlap."""
    return float((_order(low, high) != 0).mean())


def agreement_with_confidence(low: Any, high: Any, reference_low: Any, reference_high: Any) -> float:
    """Mean over pairs of +1 where both separate them and in the same order, -1 where in opposite ones, 0 where either
    does not separate them; from -1 to 1. The paper's definition."""
    ours, theirs = _order(low, high), _order(reference_low, reference_high)
    _same_length(ours, theirs)
    return float((ours * theirs).mean())


def agreement_where_separated(low: Any, high: Any, reference_low: Any, reference_high: Any) -> float:
    """Of the pairs that the reference separates: 1 for the same order, 0.5 where we don't separate them, 0 for the
    opposite one; from 0 to 1, NaN where the reference separates none. The notebook's definition: Table 1's figures."""
    ours, theirs = _order(low, high), _order(reference_low, reference_high)
    _same_length(ours, theirs)
    told = theirs != 0
    return float((1 + ours * theirs)[told].mean() / 2) if told.any() else float("nan")


def pair_rank_brier(mean: Any, variance: Any, reference: Any) -> float:
    """Mean squared error of the chance that the first of a pair scores below the second, against whether it does in the
    reference; lower is better, 0.25 is a coin.

    mean, variance: of each model's resampled scores, taken as normal and independent. reference: its score elsewhere.
    A pair that ties in the reference counts as not below, as in the notebook.
    """
    mean, variance, reference = _columns(mean, variance, reference)
    a, b = np.triu_indices(len(mean), 1)
    spread = np.sqrt(variance[a] + variance[b])
    gap = mean[b] - mean[a]
    with np.errstate(invalid="ignore", divide="ignore"):
        below = np.where(spread > 0, norm.cdf(gap / spread), (gap > 0) + 0.5 * (gap == 0))
    return float(np.mean((below - (reference[a] < reference[b])) ** 2))


def spearman(scores: Any, reference: Any) -> float:
    """Rank correlation, ties at their mean rank (scipy.stats.spearmanr)."""
    scores, reference = _columns(scores, reference)
    return float(spearmanr(scores, reference).statistic)


def kendall(scores: Any, reference: Any) -> float:
    """Kendall's tau-b (scipy.stats.kendalltau)."""
    scores, reference = _columns(scores, reference)
    return float(kendalltau(scores, reference).statistic)


def _order(low: Any, high: Any) -> npt.NDArray[np.int64]:
    """For each pair (a before b): 1 where a lies wholly below b, -1 where above, 0 where they overlap."""
    low, high = _columns(low, high)
    if (low > high).any():
        raise DataError("leaderboard: an interval's lower end is above its upper end")
    a, b = np.triu_indices(len(low), 1)
    below = (high[a] <= low[b]) & (low[a] < high[b])
    above = (high[b] <= low[a]) & (low[b] < high[a])
    order: npt.NDArray[np.int64] = below.astype(np.int64) - above.astype(np.int64)
    return order


def _columns(*columns: Any) -> tuple[Array, ...]:
    """The columns as arrays. Raises `DataError` for unequal lengths, fewer than two models, NaN."""
    made = tuple(np.asarray(column, float) for column in columns)
    _same_length(*made)
    if len(made[0]) < 2:
        raise DataError("leaderboard: one model has no other to be told apart from; give two or more")
    if any(np.isnan(column).any() for column in made):
        raise DataError("leaderboard: a model has no figure (NaN); leave it out of both")
    return made


def _same_length(*columns: npt.NDArray[Any]) -> None:
    if len({len(column) for column in columns}) > 1:
        raise DataError(f"leaderboards of {', '.join(str(len(column)) for column in columns)} models or pairs")
