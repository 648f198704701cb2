"""Metrics on the same samples in two runs: the difference, with an interval and a p-value from drawing both together.

The interval is the percentile interval of the difference over cluster resamples in which both runs draw the same
clusters. The p-value is Student's t of the difference over its bootstrap standard error: shares of resamples end at one
over their number, which is of no use once fifty metrics are corrected for. What makes it safe with little data:

- Clusters count by their sizes. Where a few hold most samples the effective number (sum n_c)^2 / sum n_c^2 takes the
  clusters' place, in the degrees of freedom and in the bootstrap's small-sample bias k / (k - 1) (Carter, Schnepel &
  Steigerwald 2017, Rev. Econ. Stat. 99(4), a cluster's samples taken as fully alike). It is their number if all are
  of one size.
- No p-value is below 2^(1 - m) when the runs differ in m clusters: of the 2^m ways to exchange these between the runs,
  two at least differ as much as what was seen (Fisher's randomisation; the sign test where all differ one way).
- Where every cluster is one sample and the metric is right or wrong, the exact McNemar test takes its place (McNemar
  1947, Psychometrika 12(2)).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, stdtr, stdtrit

from mmeval.statistics.influence import alone
from mmeval.statistics.sums import (
    RESAMPLES,
    AnyMetric,
    Array,
    Estimate,
    Fitted,
    Metric,
    Resampled,
    Table,
    Totals,
    cluster_sums,
    estimated,
    in_single,
    resample,
    span,
    values_in,
)

PERMUTATIONS = 2000
POWER = 0.8


@dataclass(frozen=True, slots=True)
class McNemar:
    """only_base, only_candidate: samples that are right in one run only; p: exact, two-sided."""

    only_base: int
    only_candidate: int
    p: float


@dataclass(frozen=True, slots=True)
class Paired:
    """One metric in two runs, in the metric's unit. difference: candidate - base.

    p: two-sided; None where there is but one cluster or the metric is undefined in a run. how: what p is.
    permutation: a check on p, the clusters' counts exchanged between the runs at random; None for what is fitted.
    mcnemar: where the metric is the plain mean of a 0 or 1 per sample in both runs.
    effect: Cohen's d_z, the difference over the standard deviation of the clusters' differences.
    detectable: the difference that so many clusters find with 80 % power, two-sided at alpha.
    clusters: the effective number of clusters that the metric is about (a rate over harmful requests is about those
    alone); about: their plain number; moved: clusters in which the runs differ; seen: the same, but of a mean over
    parts what the part with the fewest stands for; width: from the metric's lowest value to its highest, None where
    that is not known.
    """

    base: float
    candidate: float
    difference: Estimate
    p: float | None
    how: Literal["bootstrap", "mcnemar"]
    permutation: float | None
    mcnemar: McNemar | None
    effect: float | None
    detectable: float | None
    clusters: float
    moved: int
    width: float | None
    about: int
    seen: int


@dataclass(frozen=True, slots=True)
class About:
    """What a metric is about: samples and clusters with any count that its formula reads, and the effective number of
    these clusters. Of a mean over parts, the number of parts times those of the smallest: one sample there counts for
    as many as it would if all parts were as small."""

    samples: int
    clusters: int
    effective: float


def about(metric: AnyMetric, data: Table) -> About:
    """What a metric of one run is about; all samples where it is fitted."""
    metric = metric if metric.over in data.slices else replace(metric, over=None)
    drawn = resample(data, 0, 0, [metric.over] if metric.over else [])
    rows = (metric.over and drawn.cells[0, metric.over]) or (0,)
    return _about(_concerned(_used(metric, drawn), (data,), drawn.names), [drawn.masks[row] for row in rows], data)


def _concerned(used: npt.NDArray[np.int64], tables: tuple[Table, ...], names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """(n,) samples that have any of the counts in any of the runs."""
    there = np.zeros(tables[0].n, bool)
    for data in tables:
        for i in used:
            there |= data.counts[names[i]] != 0
    return there


def _about(concerned: npt.NDArray[np.bool_], masks: list[npt.NDArray[np.bool_]], data: Table) -> About:
    found = []
    for mask in masks:
        there = mask & concerned
        sizes = np.bincount(data.clusters[there if there.any() else mask]).astype(float)
        samples = float(sizes.sum())
        found.append(About(int(samples), int((sizes > 0).sum()), samples**2 / float((sizes**2).sum())))
    least = min(found, key=lambda one: one.effective)
    parts = len(found)
    return About(parts * least.samples, parts * least.clusters, parts * least.effective)


def paired(
    base: Table,
    candidate: Table,
    metrics: Mapping[str, AnyMetric],
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    alpha: float = 0.05,
) -> dict[str, Paired]:
    """Every metric of the whole; see `paired_parts`."""
    over = {metric.over for metric in metrics.values()}
    plain = replace(base, slices={name: column for name, column in base.slices.items() if name in over})
    return paired_parts(plain, candidate, metrics, resamples, permutations, seed, alpha)[""]


def paired_parts(
    base: Table,
    candidate: Table,
    metrics: Mapping[str, AnyMetric],
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    alpha: float = 0.05,
) -> dict[str, dict[str, Paired]]:
    """Every metric of the whole, under "", and of every slice of the base table, all from the same resamples.

    base, candidate: tables of the same samples in the same order. alpha: the level that `detectable` is about.
    Raises `ValueError` when their clusters are not the same.
    """
    if not np.array_equal(base.clusters, candidate.clusters):
        raise ValueError("a paired comparison needs the same samples in the same order")
    if not base.n:
        return {"": {}}
    over = sorted({metric.over for metric in metrics.values() if metric.over and metric.over in base.slices})
    both = _drawn(base, candidate, over, resamples, permutations, seed)
    thinned = [(data, *_thinned(data)) for data in (base, candidate)]
    compared: dict[str, dict[str, Paired]] = {part: {} for part in both.base.parts}
    for name, metric in metrics.items():
        metric = metric if metric.over in over else replace(metric, over=None)
        rights = [_right(metric, *one) for one in thinned]
        right = None if rights[0] is None or rights[1] is None else (rights[0], rights[1])
        used = _used(metric, both.base)
        concerned = _concerned(used, (both.base.data, both.candidate.data), both.base.names)
        for i, part in enumerate(both.base.parts):
            compared[part][name] = _compare(metric, both, i, used, concerned, right, alpha)
    return compared


@dataclass(frozen=True, slots=True)
class _Both:
    """Two runs' totals from the same draws, and with clusters exchanged. moved: (clusters, rows, counts) where the runs
    differ."""

    base: Resampled
    candidate: Resampled
    exchanged: tuple[Resampled, Resampled]
    moved: npt.NDArray[np.bool_]


def _drawn(base: Table, candidate: Table, over: list[str], resamples: int, permutations: int, seed: int) -> _Both:
    """Both runs' counts side by side in one table, so that one matrix product draws both."""
    names = tuple(name for name in base.counts if name in candidate.counts)
    sides = (("base", base), ("candidate", candidate))
    columns = {f"{side} {name}": data.counts[name] for side, data in sides for name in names}
    drawn = resample(replace(base, counts=columns), resamples, seed, over)
    c = len(names)
    first, second = (
        replace(
            drawn,
            names=names,
            point=drawn.point[:, part],
            draws=drawn.draws[:, :, part],
            data=replace(data, slices=base.slices),
        )
        for part, data in ((slice(0, c), base), (slice(c, None), candidate))
    )
    change = {name: candidate.counts[name] - base.counts[name] for name in names}
    changes = cluster_sums(replace(base, counts=change), drawn.masks)
    flat = in_single(changes.reshape(len(changes), -1))
    blocks = [signs.astype(flat.dtype) @ flat for signs in _exchanges(len(flat), permutations, seed)]
    swapped = (np.concatenate(blocks) if blocks else np.empty((0, flat.shape[1]))).reshape(-1, *changes.shape[1:])
    exchanged = replace(first, draws=first.point + swapped), replace(second, draws=second.point - swapped)
    return _Both(first, second, exchanged, changes != 0)


def _exchanges(clusters: int, permutations: int, seed: int, chunk: int = 256) -> Iterator[npt.NDArray[np.uint8]]:
    """(chunk, clusters) blocks of 0 and 1: which clusters change places between the runs."""
    rng = np.random.default_rng([seed, clusters])
    for start in range(0, permutations, chunk):
        rows = min(chunk, permutations - start)
        drawn = rng.integers(0, 256, (rows, -(-clusters // 8)), np.uint8)
        yield np.unpackbits(drawn, axis=1)[:, :clusters]


def _compare(
    metric: AnyMetric,
    both: _Both,
    part: int,
    used: npt.NDArray[np.int64],
    concerned: npt.NDArray[np.bool_],
    right: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | None,
    alpha: float,
) -> Paired:
    drawn = both.base
    base, base_spread, base_undefined = values_in(metric, drawn, part)
    candidate, candidate_spread, candidate_undefined = values_in(metric, both.candidate, part)
    undefined = base_undefined or candidate_undefined
    made = estimated(
        candidate - base, candidate_spread - base_spread, drawn.sizes[part], drawn.clusters[part], undefined
    )
    mask = drawn.masks[part]
    rows = (metric.over and drawn.cells[part, metric.over]) or (part,)
    reach = _about(concerned, [drawn.masks[row] for row in rows], drawn.data)
    clusters = reach.effective
    mcnemar = _mcnemar(right[0][mask], right[1][mask]) if right and len(rows) == 1 and not undefined else None
    exact = mcnemar is not None and made.clusters == made.n > 1
    by_part: npt.NDArray[np.bool_] = np.asarray(both.moved[:, rows][:, :, used].any(axis=2))
    moved = int(by_part.any(axis=1).sum())
    bounds = span(metric)
    width = bounds[1] - bounds[0] if bounds else None
    return Paired(
        base=base,
        candidate=candidate,
        difference=made,
        p=mcnemar.p if exact and mcnemar else _p(made, clusters, moved),
        how="mcnemar" if exact else "bootstrap",
        permutation=None if made.stderr is None else _permuted(metric, both, part, made.value),
        mcnemar=mcnemar,
        effect=_effect(made),
        detectable=_detectable(made, clusters, width, alpha),
        clusters=clusters,
        moved=moved,
        width=width,
        about=reach.clusters,
        seen=len(rows) * int(by_part.sum(axis=0).min()) if len(rows) > 1 else moved,
    )


def _stderr(one: Estimate, clusters: float) -> float | None:
    """The bootstrap's standard error without its small-sample bias; None where nothing can be said."""
    if one.stderr is None or clusters <= 1 + 1e-9:
        return None
    small = one.stderr < 1e-12  # what rounding leaves of no spread at all
    return 0.0 if small else one.stderr * math.sqrt(clusters / (clusters - 1))


def _p(one: Estimate, clusters: float, moved: int) -> float | None:
    stderr = _stderr(one, clusters)
    if stderr is None:
        return None
    least = 2.0 ** (1 - max(moved, 1))
    if abs(one.value) < 1e-12:
        return 1.0
    if stderr == 0:
        return least
    return max(least, 2 * float(stdtr(clusters - 1, -abs(one.value) / stderr)))


def _permuted(metric: AnyMetric, both: _Both, part: int, observed: float) -> float | None:
    if isinstance(metric, Fitted) or not len(both.exchanged[0].draws):
        return None
    first, second = (values_in(metric, one, part)[1] for one in both.exchanged)
    there = np.abs(second - first)
    there = there[~np.isnan(there)]
    as_far = there >= abs(observed) * (1 - 1e-9) - 1e-12
    return float((1 + as_far.sum()) / (1 + len(there)))


def _effect(one: Estimate) -> float | None:
    if one.stderr is None:
        return None
    if one.stderr < 1e-12:
        return 0.0 if abs(one.value) < 1e-12 else None
    return one.value / (one.stderr * math.sqrt(one.clusters))


def _quantiles(degrees: float, alpha: float) -> float:
    """By how many standard errors a difference must stand out to be found with the power wanted."""
    return float(stdtrit(degrees, 1 - alpha / 2) + stdtrit(degrees, POWER))


def _detectable(one: Estimate, clusters: float, width: float | None, alpha: float) -> float | None:
    """A difference of d asks that a share d of the samples changes, so that it has a variance of d (1 - d) at least:
    runs that happen to agree on all of a few samples don't thereby find the smallest difference."""
    stderr = _stderr(one, clusters)
    if stderr is None or (stderr == 0 and width is None):
        return None
    away = _quantiles(clusters - 1, alpha)
    rare = away**2 * width / (clusters + away**2) if width else 0.0
    return max(away * stderr, rare)


def p_not_worse(one: Paired, better: Literal["higher", "lower"], margin: float) -> float | None:
    """One-sided p-value of "worse by the margin or more": where it is small, the candidate is not worse than that.

    margin: in the metric's unit, not below 0. Student's t of the difference, turned so that up is good, less -margin;
    its variance is the one to be expected if the candidate did lose the margin: where that is by changes of the size of
    those seen, u, a distance d from the margin adds u d to each cluster's variance (the score test of a Poisson count;
    Tango 1998, Stat. Med. 17(8) for pairs). Without it few losses, seen too seldom by chance, look certain as well.
    Where the metric's range is known p is at least (1 - margin / range)^clusters / 2^seen: all losses can be missed,
    and what else moves is as often worse as better. Clusters are those that the metric is about, and changes are those
    `seen`: where a part of a mean has none, its first may be as large as can be. None where there is no p-value at all,
    and where no change was seen and the range is not known.
    """
    if margin < 0:
        raise ValueError(f"a margin is a size, not below 0 (got {margin})")
    stderr, k = _stderr(one.difference, one.clusters), one.clusters
    if stderr is None or (one.seen == 0 and one.width is None):
        return None
    value = one.difference.value if better == "higher" else -one.difference.value
    variance, away = stderr**2 * k, value + margin
    step = math.sqrt((variance + value**2) * one.about / one.seen) if one.seen else one.width or 0.0
    expected = variance + step * max(away, 0.0)
    if expected == 0:
        return 1.0
    least = max(0.0, 1 - margin / one.width) ** k * 2.0**-one.seen if one.width else 0.0
    return max(least, float(stdtr(k - 1, -away * math.sqrt(k / expected))))


def needed(one: Paired, margin: float, alpha: float = 0.05) -> int | None:
    """How many samples would find a difference of `margin` (metric's unit, above 0) with 80 % power, two-sided at
    alpha, when clusters stay as large and differences as spread as they are. None where the spread is not known."""
    if margin <= 0:
        raise ValueError(f"a margin to be found must be above 0 (got {margin})")
    stderr = _stderr(one.difference, one.clusters)
    if stderr is None or (stderr == 0 and one.width is None):
        return None
    variance = stderr**2 * one.clusters
    variance = max(variance, margin * (one.width - margin)) if one.width else variance
    clusters = 1e9
    for _ in range(50):  # the quantiles hang on the number that is looked for; it settles within a few rounds
        clusters = max(2.0, _quantiles(clusters - 1, alpha) ** 2 * variance / margin**2)
    return math.ceil(clusters * one.difference.n / one.clusters - 1e-9)


def _mcnemar(base: npt.NDArray[np.bool_], candidate: npt.NDArray[np.bool_]) -> McNemar:
    only_base, only_candidate = int((base & ~candidate).sum()), int((candidate & ~base).sum())
    differ = only_base + only_candidate
    p = min(1.0, 2 * float(bdtr(min(only_base, only_candidate), differ, 0.5))) if differ else 1.0
    return McNemar(only_base, only_candidate, p)


def _thinned(data: Table) -> tuple[Array, dict[str, Array]]:
    """Weights (9, n) of all samples and of eight random draws of them, and what the counts add up to under each."""
    weights = np.concatenate([np.ones((1, data.n)), np.random.default_rng(0).integers(0, 3, (8, data.n))])
    return weights, {name: weights @ column for name, column in data.counts.items()}


def _right(metric: AnyMetric, data: Table, weights: Array, totals: Mapping[str, Array]) -> npt.NDArray[np.bool_] | None:
    """(n,) which samples are right, where the metric is the plain mean of that: of each sample alone it is 0 or 1, and
    of any samples the mean of these. (F1 of samples that are all right is their mean too, but not of other draws.)"""
    if isinstance(metric, Fitted):
        return None
    values = alone(metric, data)
    if not ((values == 0) | (values == 1)).all():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.asarray(metric.formula(Totals(totals, np.nan)), float)
        plain = (weights @ values) / weights.sum(axis=1)
    there = ~np.isnan(plain)
    same = np.allclose(np.broadcast_to(found, plain.shape)[there], plain[there], rtol=0, atol=1e-9)
    return values == 1 if same else None


def _used(metric: AnyMetric, drawn: Resampled) -> npt.NDArray[np.int64]:
    """Columns of the counts that a formula asks for, without which it can't be computed; all for what is fitted."""
    names = drawn.names
    if isinstance(metric, Fitted):
        return np.arange(len(names))
    totals = {name: drawn.point[0, i : i + 1] for i, name in enumerate(names)}
    return np.array([i for i, name in enumerate(names) if _asks(metric, totals, name)], np.int64)


def _asks(metric: Metric, totals: Mapping[str, Array], name: str) -> bool:
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            metric.formula(Totals({other: total for other, total in totals.items() if other != name}))
    except AttributeError:
        return True
    return False
