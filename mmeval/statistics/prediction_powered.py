"""A judged figure corrected by people's labels on a few samples: prediction-powered inference.

Angelopoulos, Bates, Fannjiang, Jordan & Zrnic 2023 (arXiv 2301.09633), with the power tuning of Angelopoulos, Duchi &
Zrnic 2023 (PPI++, arXiv 2311.01453). The judge's error is measured on the labelled samples and taken off the figure
that it gives on all samples. However wrong the judge is, the interval holds; a better judge makes it narrower.

It is assumed that the labelled samples (or their clusters) were drawn at random from all of the run's samples. Labels
on the hard cases only, or on those that somebody found odd, correct nothing.

    corrected = labels' figure + tuning * (judge's figure on all samples - judge's figure on the labelled ones)

The papers subtract the mean over the *other* samples; theirs is the same estimate, with their lambda = tuning * share
of samples without a label. Variances are cluster-robust: residuals are summed over clusters before they are squared,
labelled and other samples of one picture in one sum. Quantiles are Student's, with the number of clusters with a label
less the number of estimated constants (1, or 2 with tuning) as degrees of freedom, and variances are scaled alike.
In simulations intervals hold what they say from about 20 clusters with labels on. With fewer, yes-or-no labels that
happen to agree with the judge throughout leave no error to estimate, and intervals are too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from mmeval.statistics.influence import influence
from mmeval.statistics.moments import chosen
from mmeval.statistics.sums import AnyMetric, Array, Estimate, Table, table


@dataclass(frozen=True, slots=True)
class Corrected:
    """judged: the judge's figure on all samples, as it is. labels: people's figure on the labelled samples alone.

    corrected: both together. tuning: how far the judge is relied on: 0 not at all, 1 as if it spoke in people's unit.
    effective: so many labels alone would make an interval as narrow; None where there is no interval. labelled: how
    many there are.
    """

    judged: Estimate
    labels: Estimate
    corrected: Estimate
    tuning: float
    effective: float | None
    labelled: int


def corrected_mean(judged: Array, labels: Array, clusters: Any, tuning: float | None = None) -> Corrected:
    """The mean that people's labels would have on all samples.

    judged: (n,) the judge's values; a sample where it is NaN is left out. labels: (n,) people's values, NaN where
    nobody labelled. clusters: (n,) labels. tuning: None to choose what makes the interval narrowest (PPI++), 1 for
    the first paper's estimate. Raises `ValueError` when no sample has both.
    """
    judged, labels = np.asarray(judged, float), np.asarray(labels, float)
    there = ~np.isnan(judged)
    judged, labels, codes = judged[there], labels[there], table({}, chosen(clusters, there)).clusters
    known = ~np.isnan(labels)
    return _corrected(judged, judged[known], labels[known], known, codes, tuning)


def corrected_metric(
    metric: AnyMetric, judged: Table, people: Table, labelled: npt.NDArray[np.bool_], tuning: float | None = None
) -> Corrected:
    """Any formula over totals (F1, CHAIR_i), through its `influence` values.

    judged: the judge's counts on all n samples. people: the same counts by people's labels on the labelled samples,
    in the order of `judged`. labelled: (n,) which samples these are. Exact for means; for ratios as good as the delta
    method. Raises `ValueError` when the rows don't match or none is labelled, `TypeError` for a `Fitted` figure.
    """
    labelled = np.asarray(labelled, bool)
    if len(labelled) != judged.n or int(labelled.sum()) != people.n:
        raise ValueError(
            f"{people.n} labelled rows for {int(labelled.sum())} of {len(labelled)} marks, {judged.n} samples"
        )
    counts = {name: column[labelled] for name, column in judged.counts.items()}
    slices = {name: column[labelled] for name, column in judged.slices.items()}
    part = Table(counts, judged.clusters[labelled], slices)
    values = influence(metric, judged), influence(metric, part), influence(metric, people)
    return _corrected(*values, labelled, judged.clusters, tuning)


def _corrected(
    judged: Array,
    judged_there: Array,
    people: Array,
    known: npt.NDArray[np.bool_],
    clusters: npt.NDArray[np.int64],
    tuning: float | None,
) -> Corrected:
    """judged: (n,) values of all samples; judged_there, people: of the known ones; clusters: (n,) codes 0..k-1."""
    if not known.any():
        raise ValueError("no sample has both a judge's value and a label; a correction needs labelled samples")
    k, n, there = int(clusters.max()) + 1, len(judged), clusters[known]
    weight = n / len(people)
    whole = _sums(clusters, judged - judged.mean(), k)
    # By cluster, in sums: what labels alone are off by, and what one unit of tuning takes off that.
    errors = _sums(there, weight * (people - people.mean()), k)
    control = _sums(there, weight * (judged_there - judged_there.mean()), k) - whole
    power, used = float(control @ control), 1
    least = 1e-24 * weight**2 * float(judged @ judged)  # rounding: the judge says the same of all
    if tuning is None:
        tuning, used = (float(errors @ control) / power, 2) if power > least else (0.0, 1)
    value = people.mean() + tuning * (judged.mean() - judged_there.mean())
    labelled = len(np.unique(there))
    alone = _estimate(people.mean(), errors, n, labelled, 1, len(people))
    both = _estimate(float(value), errors - tuning * control, n, labelled, used, n)
    effective = None
    if alone.stderr is not None and both.stderr:
        effective = len(people) * (alone.stderr / both.stderr) ** 2
    return Corrected(_estimate(judged.mean(), whole, n, k, 1, n), alone, both, tuning, effective, len(people))


def _sums(clusters: npt.NDArray[np.int64], values: Array, k: int) -> Array:
    """(k,) sums of values by cluster."""
    return np.bincount(clusters, values, k).astype(np.float64)


def _estimate(value: float, residuals: Array, n: int, clusters: int, used: int, samples: int) -> Estimate:
    """An estimate from residuals summed by cluster; `used` constants were estimated from `clusters` clusters."""
    value = float(value)
    if not np.isfinite(value):
        return Estimate(0.0, None, None, None, samples, clusters, True)
    if clusters <= used:
        return Estimate(value, None, None, None, samples, clusters)
    stderr = float(np.sqrt(residuals @ residuals * clusters / (clusters - used))) / n
    half = float(special.stdtrit(clusters - used, 0.975)) * stderr
    return Estimate(value, value - half, value + half, stderr, samples, clusters)
