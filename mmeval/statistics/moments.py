"""Two columns of numbers: slope and line as formulas over their moments, and their correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmeval.statistics.correlation import correlated, pearson, spearman
from mmeval.statistics.sums import AnyMetric, Array, Estimate, Formula, Metric, Totals, measure, table


def moments(x: Array, y: Array) -> dict[str, Array]:
    """The counts that the metrics of this module need. x, y: (n,), without gaps; centre them where they are large."""
    return {"x": x, "y": y, "xx": x * x, "yy": y * y, "xy": x * y}


def chosen(clusters: Any, there: np.ndarray) -> list[Any]:
    """The labels of those clusters whose samples are there, (m,) of (n,); raises `ValueError` on another length."""
    labels = list(clusters)
    if len(labels) != len(there):
        raise ValueError(f"{len(labels)} clusters for {len(there)} samples")
    return [label for label, kept in zip(labels, there.tolist(), strict=True) if kept]


def figures(
    counts: Mapping[str, Array], clusters: Sequence[Any], metrics: Mapping[str, AnyMetric], resamples: int, seed: int
) -> dict[str, Estimate]:
    """Metric name -> estimate over all samples; undefined where there are no samples."""
    nothing = Estimate(0.0, None, None, None, 0, 0, True)
    return dict(measure(table(counts, clusters), metrics, resamples, seed).metrics) or dict.fromkeys(metrics, nothing)


def _slope(s: Totals) -> Array:
    spread = s.n * s.xx - s.x**2
    # Where a resample has one and the same x throughout, what is left of its spread is rounding.
    return s.ratio(s.n * s.xy - s.x * s.y, np.where(spread > 1e-12 * s.n * s.xx, spread, 0.0))


def slope(per: float = 1.0) -> Metric:
    """The least-squares slope of y on x, for `per` units of x."""
    return Metric(lambda s: per * _slope(s), better=None, unit="number")


def line_at(x: float) -> Formula:
    """The height of the least-squares line at x, which must be in the (centred) unit of the moments."""
    return lambda s: s.ratio(s.y, s.n) + _slope(s) * (x - s.ratio(s.x, s.n))


PEARSON = correlated(pearson, "x", "y")
SPEARMAN = correlated(spearman, "x", "y")
