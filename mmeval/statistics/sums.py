"""Every metric is a formula over per-sample sums, or is fitted again; intervals come from resampling clusters.

Efron & Tibshirani 1993, ch. 13 (percentile interval); Field & Welsh 2007, J. R. Stat. Soc. B 69(3)
(cluster bootstrap: clusters are drawn with replacement, each with all its samples).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

RESAMPLES = 2000


class Totals:
    """Totals by count name, as attributes: `s.tp` is an array, one element a resample; `s.n` the number of samples.

    `undefined` is set when a formula divided by zero through `ratio`, which then gives `instead`.
    """

    def __init__(self, totals: Mapping[str, Array], instead: float = 0.0):
        self._totals = totals
        self._instead = instead
        self.undefined = False

    def __getattr__(self, name: str) -> Array:
        try:
            return self._totals[name]
        except KeyError:
            raise AttributeError(f"no count {name!r} (counts: {', '.join(self._totals)})") from None

    def ratio(self, over: Any, under: Any) -> Array:
        """over / under. Where the denominator is 0 the figure is 0 and marked; a resample without one is left out."""
        over, under = np.broadcast_arrays(np.asarray(over, float), np.asarray(under, float))
        zero = under == 0
        self.undefined = self.undefined or bool(zero.any())
        result = np.full(over.shape, self._instead)
        np.divide(over, under, out=result, where=~zero)
        return result


def share(over: Any, under: Any) -> Array:
    """over / under, NaN where that is nothing: for a part of a figure, whose whole does without it."""
    over, under = np.broadcast_arrays(np.asarray(over, float), np.asarray(under, float))
    result: Array = np.full(over.shape, np.nan)
    np.divide(over, under, out=result, where=under > 0)
    return result


def mean_there(values: Iterable[Array]) -> Array:
    """The mean of arrays, element by element, of those that are no NaN; NaN where all are."""
    total, there = np.zeros(1), np.zeros(1)
    for value in values:
        total = total + np.nan_to_num(value)
        there = there + ~np.isnan(value)
    return share(total, there)


Formula = Callable[[Totals], Any]


@dataclass(frozen=True, slots=True)
class Metric:
    """formula: totals -> value; it must work on arrays, one element a resample.

    better: which way is good, None for neither (yes_ratio). unit: how pages print it;
    "fraction" is stored in [0, 1] and shown in per cent.
    over: a slice name; the figure of the whole, and of every other slice, is then made of the formula's values over
    that slice's values: their mean (BLINK: mean over tasks) or their sum (MME: points of all tasks).
    scale: the lowest and highest value that there can be, where unit is "number"; see `span`.
    """

    formula: Formula
    better: Literal["higher", "lower"] | None = "higher"
    unit: Literal["fraction", "number"] = "fraction"
    over: str | None = None
    combine: Literal["mean", "sum"] = "mean"
    scale: tuple[float, float] | None = None


Fit = Callable[[Mapping[str, Array], Array], Any]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A figure that is no formula over totals (a rank correlation, a regression): fitted again on every resample.

    fit: (counts: name -> (n,), weights (m, n): how often each sample stands in each of m resamples) -> (m,) values,
    NaN where there is none. It is called with weights of ones, (1, n), for the value itself.
    draws: at most so many resamples, where a fit is slow. better, unit, over, combine, scale: as in `Metric`.
    """

    fit: Fit
    better: Literal["higher", "lower"] | None = "higher"
    unit: Literal["fraction", "number"] = "number"
    over: str | None = None
    combine: Literal["mean", "sum"] = "mean"
    draws: int | None = None
    scale: tuple[float, float] | None = None


AnyMetric = Metric | Fitted


def span(metric: AnyMetric) -> tuple[float, float] | None:
    """The values between which a metric lies: 0 and 1 of a fraction; None where nobody has said."""
    return (0.0, 1.0) if metric.unit == "fraction" and metric.scale is None else metric.scale


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value with its 95 % percentile interval and standard error; None where there is but one cluster."""

    value: float
    low: float | None
    high: float | None
    stderr: float | None
    n: int
    clusters: int
    undefined: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Per-sample counts with their clusters and slices.

    counts: name -> (n,) float64. clusters: (n,) integer codes 0..k-1. slices: name -> (n,) strings.
    labels: (k,) what each cluster is called; tables of different tasks and runs share a cluster by its label.
    """

    counts: Mapping[str, Array]
    clusters: npt.NDArray[np.int64]
    slices: Mapping[str, npt.NDArray[Any]]
    labels: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return len(self.clusters)


def table(counts: Mapping[str, Any], clusters: Any, slices: Mapping[str, Any] | None = None) -> Table:
    """A `Table` from columns; `clusters` may hold any hashable labels. A count `n` of ones is added if absent."""
    labels = np.asarray(clusters, dtype=object)
    seen: dict[Any, int] = {}
    codes = np.fromiter((seen.setdefault(label, len(seen)) for label in labels), np.int64, len(labels))
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in counts.items()}
    columns.setdefault("n", np.ones(len(codes)))
    by_name = {name: np.asarray(column, dtype=object) for name, column in (slices or {}).items()}
    return Table(columns, codes, by_name, tuple(map(str, seen)))


def cluster_weights(clusters: int, resamples: int, seed: int, chunk: int = 256) -> Iterator[Array]:
    """How often each cluster is drawn in each resample: (chunk, clusters) blocks, rows summing to `clusters`."""
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, chunk):
        rows: Array = np.empty((min(chunk, resamples - start), clusters))
        some = max(1, 2**15 // clusters)  # as many rows at once as stay in the processor's cache when counted
        for part in np.split(rows, range(some, len(rows), some)):
            drawn = rng.integers(0, clusters, part.shape) + clusters * np.arange(len(part))[:, None]
            part[:] = np.bincount(drawn.ravel(), minlength=part.size).reshape(part.shape)
        yield rows


def shared_weights(labels: Sequence[str], resamples: int, seed: int, chunk: int = 256) -> Iterator[Array]:
    """How often each cluster is drawn in each resample: (chunk, clusters) blocks of Poisson(1) numbers, made of the
    cluster's label alone.

    A picture thus has the same weight in every table that it stands in: figures of several tasks and of several runs
    vary together as they should, without being laid side by side. The Poisson bootstrap (Chamandy et al. 2012,
    Estimating Uncertainty for Massive Data Streams) draws about as many clusters as there are, not exactly as many.
    """
    names = (hashlib.blake2b(label.encode("utf-8", "replace"), digest_size=8).digest() for label in labels)
    keys = np.frombuffer(b"".join(names), np.uint64)
    for start in range(0, resamples, chunk):
        rows = min(chunk, resamples - start)
        first, last = start // 4, (start + rows + 3) // 4  # a hash of 64 bits is good for 4 draws of 16
        words = _mixed(
            keys[None, :] + _mixed(np.arange(first, last, dtype=np.uint64) + np.uint64(seed % 2**32 << 32))[:, None]
        )
        sixteen = np.stack([words >> np.uint64(shift) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48)], axis=1)
        drawn = _POISSON[sixteen.reshape(-1, len(keys))]
        yield drawn[start - 4 * first :][:rows]


def _mixed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Each word's bits thoroughly mixed (the finaliser of SplitMix64: Steele, Lea & Flood 2014, OOPSLA)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _poisson_of_16_bits() -> Array:
    """Of every number of 16 bits, taken as a uniform draw, the Poisson(1) number that it stands for."""
    steps = np.cumsum([math.exp(-1) / math.factorial(i) for i in range(10)])
    return np.searchsorted(steps, (np.arange(65536) + 0.5) / 65536).astype(np.float64)


_POISSON = _poisson_of_16_bits()


@dataclass(frozen=True, slots=True)
class Resampled:
    """Totals of the whole and of each slice: names (columns), rows, `point` (rows, columns) and `draws`
    (resamples, rows, columns). Row 0 is the whole, then come the parts `slice=value`, then what is needed beyond
    these to combine a part over a slice; cells: (part, slice name) -> rows of that slice's values within the part.
    masks: (n,) which samples each row is about; data, seed, shared: what was resampled and how, for what must be
    fitted again."""

    names: tuple[str, ...]
    parts: tuple[str, ...]
    cells: Mapping[tuple[int, str], tuple[int, ...]]
    point: Array
    draws: Array
    sizes: tuple[int, ...]
    clusters: tuple[int, ...]
    masks: tuple[npt.NDArray[np.bool_], ...]
    data: Table
    seed: int
    shared: bool = False

    def weights(self, resamples: int) -> Iterator[Array]:
        return _weights(self.data, resamples, self.seed, self.shared)


def _weights(data: Table, resamples: int, seed: int, shared: bool) -> Iterator[Array]:
    k = int(data.clusters.max()) + 1 if data.n else 0
    return shared_weights(data.labels, resamples, seed) if shared else cluster_weights(k, resamples, seed)


def resample(
    data: Table, resamples: int = RESAMPLES, seed: int = 0, over: Iterable[str] = (), shared: bool = False
) -> Resampled:
    """Bootstrap totals of all counts in the whole and in every slice, from one matrix product over clusters.

    over: slices over whose values some figure is combined, within every part. shared: by `shared_weights`, so that
    draw i of this table and draw i of any other go together.
    """
    masks = {"": np.ones(data.n, bool)}
    for name, column in data.slices.items():
        present = [value for value in dict.fromkeys(column.tolist()) if value is not None]
        masks.update({f"{name}={value}": column == value for value in sorted(present)})
    parts = tuple(masks)
    named = {(i, name): _cells(data, masks, part, name) for name in over for i, part in enumerate(parts)}
    row = {name: i for i, name in enumerate(masks)}
    sums = cluster_sums(data, masks.values())
    k = len(sums)
    flat = in_single(sums.reshape(k, -1))
    drawn = _weights(data, resamples, seed, shared) if k > 1 and resamples else ()
    blocks = [(weights.astype(flat.dtype, copy=False) @ flat).astype(np.float64) for weights in drawn]
    draws = np.concatenate(blocks) if blocks else np.empty((0, flat.shape[1]))
    return Resampled(
        names=tuple(data.counts),
        parts=parts,
        cells={cell: tuple(row[name] for name in names) for cell, names in named.items()},
        point=sums.sum(axis=0),
        draws=draws.reshape(len(draws), *sums.shape[1:]),
        sizes=tuple(int(mask.sum()) for mask in masks.values()),
        clusters=tuple(len(np.unique(data.clusters[mask])) for mask in masks.values()),
        masks=tuple(masks.values()),
        data=data,
        seed=seed,
        shared=shared,
    )


def cluster_sums(data: Table, masks: Iterable[npt.NDArray[np.bool_]]) -> Array:
    """(clusters, masks, counts): what the samples of a mask, (n,), add up to in each cluster."""
    k = int(data.clusters.max()) + 1 if data.n else 0
    return np.stack(
        [
            np.stack([np.bincount(data.clusters[mask], column[mask], k) for column in data.counts.values()], axis=1)
            for mask in masks
        ],
        axis=1,
    )


def in_single(sums: Array) -> npt.NDArray[Any]:
    """Sums per cluster, (clusters, columns), in single precision where no product with weights can lose a digit: whole
    numbers whose totals stay below 2^24, no weight above 10. That is twice as fast."""
    most = 10 * len(sums) * float(np.abs(sums).max(initial=0.0))
    return sums.astype(np.float32) if most < 2**24 and (sums == np.round(sums)).all() else sums


def _cells(data: Table, masks: dict[str, npt.NDArray[np.bool_]], part: str, name: str) -> tuple[str, ...]:
    """Names of the masks of a slice's values within a part, in the order of values. `masks` grows by those it lacks."""
    whole, found = masks[part], []
    for value in sorted({value for value in data.slices[name][whole].tolist() if value is not None}):
        mask, plain = whole & (data.slices[name] == value), f"{name}={value}"
        found.append(plain if np.array_equal(mask, masks[plain]) else f"{part}\0{plain}")
        masks.setdefault(found[-1], mask)
    return tuple(found)


def values_in(metric: AnyMetric, drawn: Resampled, part: int) -> tuple[float, Array, bool]:
    """A metric in one part: its value, its value in each resample, and whether it divided by zero.

    A formula that divides without `Totals.ratio` gives NaN there; that is 0 and undefined as well. Of resamples,
    undefined ones stay NaN: a slice of few pictures is often drawn without any.
    """
    if metric.over and (rows := drawn.cells[part, metric.over]):
        found = [values_in(replace(metric, over=None), drawn, row) for row in rows]
        total, spreads = sum(value for value, _, _ in found), [spread for _, spread, _ in found]
        undefined = any(bad for _, _, bad in found)
        if metric.combine == "sum":  # NaN in a draw that lacks a part: what that part would add can't be made up
            return total, np.sum(spreads, axis=0), undefined
        return total / len(rows), _mean_over(spreads), undefined
    if isinstance(metric, Fitted):
        return _fitted(metric, drawn, part)
    point = Totals({name: drawn.point[part, i : i + 1] for i, name in enumerate(drawn.names)})
    draws = Totals({name: drawn.draws[:, part, i] for i, name in enumerate(drawn.names)}, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.asarray(metric.formula(point), float).reshape(-1)[0])
        spread = np.broadcast_to(np.asarray(metric.formula(draws), float), (len(drawn.draws),))
    finite = np.isfinite(value)
    return value if finite else 0.0, np.where(np.isfinite(spread), spread, np.nan), point.undefined or not finite


def _fitted(metric: Fitted, drawn: Resampled, part: int) -> tuple[float, Array, bool]:
    """`values_in` of a figure that is fitted to the part's samples, with their weights in each resample."""
    mask, data = drawn.masks[part], drawn.data
    clusters = data.clusters[mask]
    counts = {name: column[mask] for name, column in data.counts.items()}
    spread: Array = np.full(len(drawn.draws), np.nan)  # a draw that was not fitted counts as undefined
    most = min(len(spread), metric.draws or len(spread))
    done = 0
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.asarray(metric.fit(counts, np.ones((1, len(clusters)))), float).reshape(-1)[0])
        for weights in drawn.weights(most) if most else ():
            fitted = np.broadcast_to(np.asarray(metric.fit(counts, weights[:, clusters]), float), (len(weights),))
            spread[done : done + len(weights)] = fitted
            done += len(weights)
    finite = np.isfinite(value)
    return value if finite else 0.0, np.where(np.isfinite(spread), spread, np.nan), not finite


def spread_of(
    data: Table, metric: AnyMetric, resamples: int = RESAMPLES, seed: int = 0, shared: bool = False
) -> tuple[float, Array, bool]:
    """A metric of the whole: its value, its value in each resample (NaN where undefined), whether it is undefined.

    shared: the resamples are those of every other table, cluster by cluster (`shared_weights`).
    """
    metric = metric if metric.over in data.slices else replace(metric, over=None)
    return values_in(metric, resample(data, resamples, seed, [metric.over] if metric.over else [], shared), 0)


def estimated(value: float, spread: Array, n: int, clusters: int, undefined: bool) -> Estimate:
    """The estimate that a value and its resamples make."""
    spread = spread[~np.isnan(spread)]
    if clusters < 2 or undefined or len(spread) < 2:
        return Estimate(value, None, None, None, n, clusters, undefined)
    low, high = np.quantile(spread, [0.025, 0.975])
    return Estimate(value, float(low), float(high), float(np.std(spread, ddof=1)), n, clusters, undefined)


def _mean_over(spreads: list[Array]) -> Array:
    """Mean over parts, draw by draw, of those parts that the draw has; NaN where it has none."""
    stacked = np.stack(spreads)
    there = ~np.isnan(stacked)
    number = there.sum(axis=0)
    total: Array = np.where(there, stacked, 0.0).sum(axis=0)
    mean: Array = np.full(total.shape, np.nan)
    np.divide(total, number, out=mean, where=number > 0)
    return mean


@dataclass(frozen=True, slots=True)
class Measured:
    """metrics: name -> estimate over all samples. slices: "split=random" -> name -> estimate."""

    metrics: Mapping[str, Estimate]
    slices: Mapping[str, Mapping[str, Estimate]]


def measure(
    data: Table,
    metrics: Mapping[str, AnyMetric],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Measured:
    """All metrics, of the whole and of every slice, with clustered intervals."""
    if not data.n:
        return Measured({}, {})
    over = {metric.over for metric in metrics.values() if metric.over and metric.over in data.slices}
    drawn = resample(data, resamples, seed, sorted(over))
    whole: dict[str, Estimate] = {}
    parts: dict[str, dict[str, Estimate]] = {part: {} for part in drawn.parts[1:]}
    for name, metric in metrics.items():
        metric = metric if metric.over in over else replace(metric, over=None)
        for i, part in enumerate(drawn.parts):
            value, spread, undefined = values_in(metric, drawn, i)
            made = estimated(value, spread, drawn.sizes[i], drawn.clusters[i], undefined)
            (parts[part] if i else whole)[name] = made
    return Measured(whole, parts)
