"""Is one run better than another? A test that may be looked at again and again while samples come in.

Testing at 5 % after every block of samples errs far more often than in 5 of 100 runs: each look is another chance to be
wrong. Here the 5 % are spent over the looks. How many clusters there are in all is known before the first is asked, so
the error may be spent by the share that has been asked (Lan & DeMets 1983, Biometrika 70(3)): up to a share t it is at
most alpha t^2 (the power family of Kim & DeMets 1987, Biometrika 74(1)). The critical values follow by numerical
integration over the normal process of looks (Armitage, McPherson & Rowe 1969; Jennison & Turnbull 2000, ch. 19).

The intervals are repeated confidence intervals (Jennison & Turnbull 1989, J. R. Stat. Soc. B 51(3)): with a chance of
1 - alpha all of them hold the true difference, at every look. Hence better, worse and not worse may all be read from
one interval, whichever comes first, and it does no harm to go on after a decision.

Why not a confidence sequence that never ends (Waudby-Smith et al. 2024, Annals of Statistics 52(6))? It pays for looks
beyond the last sample of a benchmark that is finite. Of differences of 4 standard errors it finds 87 in 100, after 57 %
of the samples on average; this test 97, after 50 % (tests/statistics/test_sequential.py).

Two corrections for few clusters. Critical values are Student's at the same nominal level (Jennison & Turnbull 2000,
sec. 4.4). And a normal interval is blind to what is rare: of 200 pictures none may have changed, though 1 in 100 does.
So the variance grows with the distance from the estimate, as a count's does (a score interval, Wilson 1927), by the
skewness of what was seen and of one made-up cluster that changed against the claim; see `limits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from mmeval.statistics.influence import influence
from mmeval.statistics.paired import about
from mmeval.statistics.sums import Array, Metric, Table, span

Decision = Literal["better", "worse", "not worse"]

LEAST = 20  # clusters before the first look
LOOKS = 20  # at most

_GRID = 401  # points of the numerical integration; the error spent is then right to about 1e-7
_FARTHEST = 9.0  # standard errors; no look needs more, and nothing is beyond


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one look. first, second: the metric of either run on the samples so far; difference: first less
    second, with an interval that holds at all looks together. All in the metric's unit, None where undefined."""

    clusters: int
    n: int
    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    decision: Decision | None


def look_at(clusters: int, least: int = LEAST, most: int = LOOKS) -> tuple[int, ...]:
    """After how many clusters to look: at even steps, the last time at all of them; () where there are too few."""
    if clusters <= least:
        return ()
    looks = min(most, clusters)
    places = {-(-clusters * i // looks) for i in range(1, looks + 1)}
    return tuple(sorted(place for place in places if place >= least))


def critical_values(fractions: Sequence[float], alpha: float, power: float = 2.0) -> Array:
    """(looks,) how many standard errors the difference must be away from the null hypothesis, at each look.

    fractions: the rising shares of all clusters at which one looks, up to 1. With a chance of alpha the largest value
    is passed at any look though there is no difference, on both sides together.
    """
    values = np.zeros(len(fractions))
    places, density = np.zeros(1), np.ones(1)  # of the sum of what came so far, where no look has passed
    before = spent = 0.0
    for i, fraction in enumerate(fractions):
        step = (fraction - before) ** 0.5
        edge = _edge(places, density, step, alpha * fraction**power - spent, _FARTHEST * fraction**0.5)
        spent += _beyond(places, density, step, edge)
        grid = np.linspace(-edge, edge, _GRID)
        kernel = np.exp(-0.5 * ((grid[:, None] - places) / step) ** 2) / (step * (2 * np.pi) ** 0.5)
        places, density = grid, kernel @ density * _simpson(grid)
        values[i], before = edge / fraction**0.5, fraction
    return values


def _beyond(places: Array, density: Array, step: float, edge: float) -> float:
    """The chance to be beyond either edge at the next look."""
    return float(density @ (special.ndtr((-edge - places) / step) + special.ndtr((places - edge) / step)))


def _edge(places: Array, density: Array, step: float, chance: float, farthest: float) -> float:
    """The edge that is passed with that chance, by bisection."""
    low, high = 0.0, farthest
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(places, density, step, middle) > chance else (low, middle)
    return high


def _simpson(grid: Array) -> Array:
    """Weights (points,) of Simpson's rule on an odd number of even steps."""
    weights: Array = np.full(len(grid), 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    weights *= (grid[1] - grid[0]) / 3
    return weights


def limits(
    parts: Array, changed: npt.NDArray[np.bool_], critical: float, size: float = 1.0, constants: int = 1
) -> tuple[Array, Array]:
    """The interval (low, high) around the mean over the last axis, `critical` normal standard errors wide or more.

    parts: (..., k) what each cluster adds; changed: (..., k) whether the runs differ there at all. size: by how much
    one cluster can change at most. constants: how many means were estimated, for the degrees of freedom.

    The limit is where k distance^2 = z^2 (V + u distance). V is the variance of the parts, u their third moment towards
    that side, not below 0, over the second. For a count of rare changes, all of one kind, this is the score interval of
    a Poisson count. One made-up change joins both moments, as large as those seen are on average, or `size` where there
    is none: without a single change the limits are thus about 1.2 z^2 size / k away, not 0. That a change of a whole
    cluster is still to come when many small ones were seen and no such one, no interval can know.
    """
    k = parts.shape[-1]
    mean = parts.mean(axis=-1)
    off = parts - mean[..., None]
    squares, cubes = (off**2).sum(axis=-1), (off**3).sum(axis=-1)
    z = -float(special.stdtrit(k - constants, special.ndtr(-critical)))
    number = changed.sum(axis=-1)
    typical = (size + np.abs(np.where(changed, off, 0.0)).sum(axis=-1)) / (1 + number)
    variance = (squares + typical**2) / (k - constants)

    def distance(pull: Array) -> Array:
        skew = (typical**3 + np.maximum(pull, 0.0)) / (typical**2 + squares)
        half = z**2 * skew / (2 * k)
        found: Array = half + np.sqrt(half**2 + z**2 * variance / k)
        return found

    return mean - distance(-cubes), mean + distance(cubes)


def decide(first: Table, second: Table, metric: Metric, margin: float, critical: float) -> Look:
    """One look: is the first run better than the second, worse, or not worse by more than the margin?

    first, second: tables of the same samples in the same order. margin: in points, hundredths of the metric's range.
    critical: this look's of `critical_values`. A ratio is taken by its influence values. "better" and "worse" need the
    whole interval on one side of 0, "not worse" on the good side of the margin; the first that holds is said, in this
    order. None while the metric is undefined in either run.

    Raises `ValueError` where the tables' clusters differ, or the metric has no better side or no range.
    """
    if first.clusters.tolist() != second.clusters.tolist():
        raise ValueError("a paired difference needs the same samples in the same order")
    reach = span(metric)
    if metric.better is None or reach is None:
        raise ValueError("a decision needs a metric with a better side and a known range")
    values, others = influence(metric, first), influence(metric, second)
    value, other = (float(one.mean()) if one.size else np.nan for one in (values, others))
    clusters, size = len(set(first.clusters.tolist())), reach[1] - reach[0]
    constants = len(set(first.slices[metric.over].tolist())) if metric.over and metric.over in first.slices else 1
    difference = value - other
    if not np.isfinite(difference) or clusters - constants < 2:
        return Look(clusters, first.n, _plain(value), _plain(other), _plain(difference), None, None, None)
    off = np.bincount(first.clusters, values - others - difference) * (clusters / first.n)
    parts = np.asarray(off + difference, np.float64)
    # Of a rate over a tenth of the clusters one change moves the mean over all by ten times as much.
    largest = size * max(1.0, clusters / min(about(metric, first).clusters, about(metric, second).clusters))
    low, high = (float(one) for one in limits(parts, _changed(first, second), critical, largest, constants))
    good, bad = (low, high) if metric.better == "higher" else (-high, -low)
    decision: Decision | None = None
    if good > 0:
        decision = "better"
    elif bad < 0:
        decision = "worse"
    elif good > -margin / 100 * size:
        decision = "not worse"
    return Look(clusters, first.n, value, other, difference, low, high, decision)


def _plain(value: float) -> float | None:
    """None for what JSON can't hold."""
    return value if np.isfinite(value) else None


def _changed(first: Table, second: Table) -> npt.NDArray[np.bool_]:
    """(k,) whether any count of any of a cluster's samples differs."""
    names: set[str] = {*first.counts, *second.counts}
    none: Any = 0.0
    differs = np.zeros(first.n, bool)
    for name in names:
        differs |= np.asarray(first.counts.get(name, none) != second.counts.get(name, none))
    return np.bincount(first.clusters, differs) > 0
