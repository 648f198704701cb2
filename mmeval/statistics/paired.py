"""A metric on the same samples in two runs: the difference, with an interval from resampling both together."""

from __future__ import annotations

from dataclasses import dataclass

from mmeval.statistics.sums import RESAMPLES, AnyMetric, Estimate, Table, estimated, spread_of


@dataclass(frozen=True, slots=True)
class Difference:
    """first, second: the metric in each run; difference: first minus second."""

    first: float
    second: float
    difference: Estimate


def difference(first: Table, second: Table, metric: AnyMetric, resamples: int = RESAMPLES, seed: int = 0) -> Difference:
    """first, second: tables of the same samples in the same order, so that a resample draws the same clusters in both.

    Raises `ValueError` when their clusters are not the same.
    """
    if first.clusters.tolist() != second.clusters.tolist():
        raise ValueError("a paired difference needs the same samples in the same order")
    value, spread, undefined = spread_of(first, metric, resamples, seed)
    other, other_spread, other_undefined = spread_of(second, metric, resamples, seed)
    clusters = len(set(first.clusters.tolist()))
    made = estimated(value - other, spread - other_spread, first.n, clusters, undefined or other_undefined)
    return Difference(value, other, made)
