"""A metric as a mean of values per sample, so that F1 or CHAIR_i can be regressed, corrected and compared by sample.

The linearisation of a formula over totals: how much the figure moves when one sample gets a little more weight.
Infinitesimal jackknife (Efron 1982, The Jackknife, the Bootstrap and Other Resampling Plans, ch. 6), which for a
smooth formula is the delta method.
"""

from __future__ import annotations

import numpy as np

from mmeval.statistics.sums import AnyMetric, Array, Fitted, Formula, Table, Totals

# The step of a central difference, as a part of the count's size: the cube root of the precision of a double.
_STEP = float(np.finfo(np.float64).eps ** (1 / 3))


def influence(metric: AnyMetric, data: Table) -> Array:
    """(n,) values whose mean is the metric, in the metric's unit; all NaN where the metric is undefined.

    For a mean over samples these are the samples' own values. For a ratio of totals a / b the value of a sample is
    ratio + n (a_i - ratio b_i) / b. A single value may lie outside of the metric's range. Sums of these values over
    clusters give the metric's clustered standard error. Slopes are numerical (central differences, relative error
    about 1e-9); where a formula has a kink at the totals, the mean of both sides' slopes is taken.
    metric: a formula, combined over a slice where `over` says so. Raises `TypeError` for a `Fitted` figure, which is
    no formula over totals.
    """
    formula = _formula(metric)
    effect, value = np.zeros(data.n), 0.0
    masks = _parts(metric, data)
    share = 1 / len(masks) if metric.combine == "mean" else 1.0
    for mask in masks:
        columns = np.stack([column[mask] for column in data.counts.values()])
        point, slopes = _slopes(formula, tuple(data.counts), columns)
        value += share * point
        effect[mask] += share * (slopes @ columns)
    if not data.n:
        return effect
    result: Array = value + data.n * (effect - effect.mean())
    return result


def alone(metric: AnyMetric, data: Table) -> Array:
    """(n,) what the formula gives for each sample by itself; NaN where that is undefined (no object was named).

    The mean of these weights samples alike; the metric of the totals weights them by their counts, and so differs.
    Raises `TypeError` for a `Fitted` figure.
    """
    totals = Totals(data.counts, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.broadcast_to(np.asarray(_formula(metric)(totals), float), (data.n,))
    return np.where(np.isfinite(values), values, np.nan)


def _formula(metric: AnyMetric) -> Formula:
    if isinstance(metric, Fitted):
        raise TypeError("a figure that is fitted to all samples has no value per sample; take a `Metric`")
    return metric.formula


def _parts(metric: AnyMetric, data: Table) -> list[np.ndarray]:
    """Masks (n,) of the samples over which the formula is taken: the values of the metric's slice, or all samples."""
    column = data.slices.get(metric.over) if metric.over else None
    values = sorted({value for value in column.tolist() if value is not None}) if column is not None else []
    return [column == value for value in values] if column is not None and values else [np.ones(data.n, bool)]


def _slopes(formula: Formula, names: tuple[str, ...], columns: Array) -> tuple[float, Array]:
    """The formula at the totals of columns (counts, samples), and its slopes (counts,) there; NaN where undefined.

    A count that is zero in all samples has slope 0: no weight of a sample changes it.
    """
    totals, steps = columns.sum(axis=1), _STEP * np.abs(columns).sum(axis=1)
    moved = totals + np.concatenate([np.zeros((1, len(totals))), np.diag(steps), -np.diag(steps)])
    point = Totals({name: moved[:1, i] for i, name in enumerate(names)})
    around = Totals({name: moved[:, i] for i, name in enumerate(names)}, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.asarray(formula(point), float).reshape(-1)[0])
        values = np.broadcast_to(np.asarray(formula(around), float), (len(moved),))
    if point.undefined or not np.isfinite(value):
        return np.nan, np.full(len(totals), np.nan)
    up, down = values[1 : len(totals) + 1], values[len(totals) + 1 :]
    slopes: Array = np.zeros(len(totals))
    np.divide(up - down, 2 * steps, out=slopes, where=steps > 0)
    return value, slopes
