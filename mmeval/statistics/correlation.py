"""Correlations as figures that are fitted again on every resample: Pearson, Spearman, Kendall.

A weight says how often a sample stands in a resample, so that each figure is that of the resample written out.
x, y: (n,). weights: (m, n), m resamples. Results: (m,), NaN where one side does not vary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mmeval.statistics.sums import Array, Fitted

Correlation = Callable[[Array, Array, Array], Array]


def pearson(x: Array, y: Array, weights: Array) -> Array:
    """Pearson's r, as `scipy.stats.pearsonr` computes it: about the mean, not from raw sums."""
    if not len(x):
        return np.full(len(weights), np.nan)
    x, y = x - x.mean(), y - y.mean()
    sums = weights @ np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=1)
    n, sx, sy, sxy, sxx, syy = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = _positive(sxx - sx * sx / n, sxx) * _positive(syy - sy * sy / n, syy)
        r: Array = (sxy - sx * sy / n) / np.sqrt(spread)
    return np.clip(r, -1.0, 1.0)


def midranks(x: Array, weights: Array) -> Array:
    """(m, n): each sample's rank in each resample, from 1; equal values share the mean of their ranks.

    Kendall & Gibbons 1990, Rank Correlation Methods, ch. 3.
    """
    _, code = np.unique(x, return_inverse=True)
    order, starts = _runs(code)
    tied = np.add.reduceat(weights[:, order], starts, axis=1) if len(x) else weights
    ranks: Array = (np.cumsum(tied, axis=1) - tied + (tied + 1) / 2)[:, code]
    return ranks


def spearman(x: Array, y: Array, weights: Array) -> Array:
    """Spearman's rho: Pearson's r of the midranks, as in `scipy.stats.spearmanr`."""
    ranks = [midranks(side, weights) for side in (x, y)]
    total = weights.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (rank - (total + 1) / 2 for rank in ranks)  # ranks 1 to n have the mean (n + 1) / 2, ties or not
        weighted = weights * a
        upper, across, down = (weighted * b).sum(1), (weighted * a).sum(1), (weights * b * b).sum(1)
        spread = _positive(across, total[:, 0] ** 2) * _positive(down, total[:, 0] ** 2)
        rho: Array = upper / np.sqrt(spread)
    return np.clip(rho, -1.0, 1.0)


def kendall(x: Array, y: Array, weights: Array) -> Array:
    """Kendall's tau-b, Kendall 1945, Biometrika 33(3): (C - D) / sqrt(pairs that differ in x * pairs that differ in y).

    Concordant pairs are counted bit by bit: the higher of two y's has a 1 in the highest bit in which they differ.
    """
    codes = [np.unique(side, return_inverse=True)[1] for side in (x, y)]
    both = np.unique(np.stack(codes), axis=1, return_inverse=True)[1].reshape(-1)
    total = weights.sum(axis=1) ** 2
    same_x, same_y, same = (_squared(code, weights) for code in (*codes, both))
    differ = (total - same_x - same_y + same) / 2  # in both
    concordant = _concordant(codes[0], codes[1], weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = _positive((total - same_x) / 2, total) * _positive((total - same_y) / 2, total)
        tau: Array = (2 * concordant - differ) / np.sqrt(spread)
    return np.clip(tau, -1.0, 1.0)


def correlated(
    how: Correlation,
    x: str,
    y: str,
    *,
    over: str | None = None,
    within: str | None = None,
    where: str | None = None,
    draws: int | None = None,
) -> Fitted:
    """The correlation of two counts as a metric. over: mean over a slice's values, as in every metric.

    within: a count that tells parts of the samples apart; the figure is then the mean of that of each part, as where a
    data set has two halves with scales of their own. where: a count that is 1 for the samples that have both numbers.
    draws: at most so many resamples.
    """

    def fit(counts: Mapping[str, Array], weights: Array) -> Any:
        kept = counts[where] == 1 if where else np.ones(weights.shape[1], bool)
        parts = [kept & (counts[within] == part) for part in np.unique(counts[within][kept])] if within else [kept]
        found = [how(counts[x][part], counts[y][part], weights[:, part]) for part in parts]
        return np.mean(found, axis=0) if found else np.full(len(weights), np.nan)

    return Fitted(fit, over=over, draws=draws, scale=(-1, 1))


def _runs(code: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Places in the order of codes, and where in that order each code begins."""
    order = np.argsort(code, kind="stable")
    return order, np.flatnonzero(np.diff(code[order], prepend=-1))


def _squared(code: npt.NDArray[np.int64], weights: Array) -> Array:
    """Sum over codes of the squared number of samples with that code."""
    order, starts = _runs(code)
    if not len(code):
        return np.zeros(len(weights))
    squared: Array = (np.add.reduceat(weights[:, order], starts, axis=1) ** 2).sum(axis=1)
    return squared


def _concordant(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], weights: Array) -> Array:
    """Number of pairs in which one sample is lower in both x and y."""
    total: Array = np.zeros(len(weights))
    if not len(x):
        return total
    for bit in range(int(y.max()).bit_length()):
        group, high = y >> (bit + 1), (y >> bit) & 1
        order = np.lexsort((x, group))
        g, a, up = group[order], x[order], high[order].astype(bool)
        low = np.where(up, 0.0, weights[:, order])
        before = np.cumsum(low, axis=1) - low
        first = np.diff(g, prepend=-1) != 0
        of_group = np.maximum.accumulate(np.where(first, np.arange(len(g)), 0))
        of_tie = np.maximum.accumulate(np.where(first | (np.diff(a, prepend=-1) != 0), np.arange(len(g)), 0))
        lower = before[:, of_tie[up]] - before[:, of_group[up]]
        total += (weights[:, order][:, up] * lower).sum(axis=1)
    return total


def _positive(spread: Array, scale: Array) -> Array:
    """NaN in place of a sum of squares that is zero but for rounding."""
    return np.where(spread > 1e-14 * scale, spread, np.nan)
