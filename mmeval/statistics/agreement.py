"""How far two raters agree, or a panel, or a judge with itself; every figure with a clustered interval.

The figures are formulas over totals of counts that are made here, so that they are resampled like any metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binom

from mmeval.statistics.moments import PEARSON, SPEARMAN, chosen, figures, moments, slope
from mmeval.statistics.sums import RESAMPLES, AnyMetric, Array, Estimate, Metric, Totals, table

# Numbers with more distinct values than this are a scale, not categories: they have no kappa.
MOST_CATEGORIES = 64

Labels = Sequence[Any] | npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two raters over the samples that both rated.

    share: share of samples with equal values. kappa: Cohen's. The rest is None where values are not numbers.
    linear, quadratic: Cohen's kappa weighted by the distance of the values, and by its square. pearson, spearman:
    correlations. bias: mean of first less second. kappa and linear are None where there are too many values.
    """

    share: Estimate
    kappa: Estimate | None
    linear: Estimate | None
    quadratic: Estimate | None
    pearson: Estimate | None
    spearman: Estimate | None
    bias: Estimate | None


@dataclass(frozen=True, slots=True)
class Panel:
    """Krippendorff's alpha of any number of raters: values as names, and as numbers (None where they are not)."""

    nominal: Estimate | None
    interval: Estimate | None


@dataclass(frozen=True, slots=True)
class Flips:
    """share: share of samples whose value changes with the order. advantage: mean of (in first - in second place).

    p_value: of the null that the place makes no difference. better_first, better_second: samples by the place in
    which they fare better.
    """

    share: Estimate
    advantage: Estimate
    p_value: float
    better_first: int
    better_second: int


@dataclass(frozen=True, slots=True)
class Consistency:
    """equal: the chance that two votes on a sample are equal. sd: standard deviation of votes within a sample, from
    the mean of their variances. icc: ICC(1). sd and icc are None where votes are not numbers."""

    equal: Estimate
    sd: Estimate | None
    icc: Estimate | None


@dataclass(frozen=True, slots=True)
class LengthPreference:
    """slope: change of the judge's value for `per` more units of length; correlation: Spearman's.

    people: the same slope of people's labels; excess: the judge's slope less theirs, both on the labelled samples.
    Longer answers may be better: only the excess is the judge's own liking.
    """

    slope: Estimate
    correlation: Estimate
    people: Estimate | None
    excess: Estimate | None
    per: float


def agreement(first: Labels, second: Labels, clusters: Any, resamples: int = RESAMPLES, seed: int = 0) -> Agreement:
    """Agreement of two raters (a judge, people) on the same samples.

    first, second: (n,) numbers or names, None or NaN for a gap, which leaves the sample out. clusters: (n,) labels.
    Cohen 1960, Educ. Psychol. Meas. 20(1); weighted: Cohen 1968, Psychol. Bull. 70(4): 1 - observed / expected
    disagreement, where |a - b| or (a - b)^2 is the disagreement of two values (for values 1, 2, 3 … the usual linear
    and quadratic weights). Kappa is undefined where both raters give all samples one and the same value.
    """
    both, numbers = _coded(np.stack([_objects(first), _objects(second)], axis=1))
    there = np.isnan(both).sum(axis=1) == 0
    (left, right), labels = both[there].T, chosen(clusters, there)
    values = np.unique(both[there])
    counts = {"unequal": (left != right).astype(float)}
    metrics: dict[str, AnyMetric] = {"share": Metric(lambda s: 1 - s.ratio(s.unequal, s.n))}
    if len(values) <= MOST_CATEGORIES:
        apart = np.abs(np.subtract.outer(values, values))
        counts |= _held("first", left, values) | _held("second", right, values) | {"apart": np.abs(left - right)}
        metrics["kappa"] = Metric(partial(_kappa, "unequal", (apart > 0).astype(float)), unit="number")
        if numbers:
            metrics["linear"] = Metric(partial(_kappa, "apart", apart), unit="number")
    if numbers:
        middle = values.mean() if len(values) else 0.0
        counts |= moments(left - middle, right - middle)
        metrics |= {"quadratic": Metric(_quadratic), "pearson": PEARSON, "spearman": SPEARMAN}
        metrics["bias"] = Metric(lambda s: s.ratio(s.x - s.y, s.n), better=None, unit="number")
    made = figures(counts, labels, metrics, resamples, seed)
    return Agreement(
        share=made["share"],
        kappa=made.get("kappa"),
        linear=made.get("linear"),
        quadratic=made.get("quadratic"),
        pearson=made.get("pearson"),
        spearman=made.get("spearman"),
        bias=made.get("bias"),
    )


def panel(ratings: Labels, clusters: Any, resamples: int = RESAMPLES, seed: int = 0) -> Panel:
    """Krippendorff's alpha of a panel: 1 - observed / expected disagreement, within samples and over all values.

    ratings: (n, raters), numbers or names, None or NaN where a rater gave none; samples with fewer than two are left
    out. clusters: (n,) labels. Krippendorff 2004, Content Analysis, ch. 11; nominal and interval distances.
    """
    votes, numbers, labels = _voted(ratings, clusters)
    given, total, squares, equal = _summed(votes)
    counts = {"m": given, "x": total, "xx": squares}
    counts["apart"] = 2 * (given * squares - total**2) / (given - 1)
    counts["unequal"] = given - 2 * equal / (given - 1)
    metrics: dict[str, AnyMetric] = {}
    values = np.unique(votes[~np.isnan(votes)])
    if len(values) <= MOST_CATEGORIES:
        counts |= {f"held_{i}": (votes == value).sum(axis=1).astype(float) for i, value in enumerate(values)}
        metrics["nominal"] = Metric(partial(_nominal_alpha, len(values)), unit="number")
    if numbers:
        metrics["interval"] = Metric(lambda s: _alpha(s, s.apart, 2 * (s.m * s.xx - s.x**2)), unit="number")
    made = figures(counts, labels, metrics, resamples, seed)
    return Panel(made.get("nominal"), made.get("interval"))


def flips(in_first: Array, in_second: Array, clusters: Any, resamples: int = RESAMPLES, seed: int = 0) -> Flips:
    """Position bias: the judge's values of the same answer when it stands first and when it stands second.

    in_first, in_second: (n,) numbers (1 won, 0.5 tied, 0 lost), NaN for a gap, which leaves the sample out.
    p_value: McNemar's exact (sign) test on samples whose value changes, two-sided; where several of them share a
    cluster, its signs go up or down together, so that ten samples of one picture are one fact.
    McNemar 1947, Psychometrika 12(2); swapped orders: Zheng et al. 2023, arXiv 2306.05685, section 3.3.
    """
    first, second = np.asarray(in_first, float), np.asarray(in_second, float)
    there = ~(np.isnan(first) | np.isnan(second))
    gain, labels = (first - second)[there], chosen(clusters, there)
    metrics: dict[str, AnyMetric] = {
        "share": Metric(lambda s: s.ratio(s.flipped, s.n), better="lower"),
        "advantage": Metric(lambda s: s.ratio(s.gain, s.n), better=None, unit="number"),
    }
    made = figures({"flipped": (gain != 0).astype(float), "gain": gain}, labels, metrics, resamples, seed)
    signs = np.bincount(table({}, labels).clusters, np.sign(gain)).astype(np.float64)
    return Flips(made["share"], made["advantage"], _sign_test(signs), int((gain > 0).sum()), int((gain < 0).sum()))


def consistency(votes: Labels, clusters: Any, resamples: int = RESAMPLES, seed: int = 0) -> Consistency:
    """How far repeated votes on the same sample agree.

    votes: (n, votes) numbers or names, None or NaN for gaps; samples with fewer than two are left out. ICC(1): the
    share of the variance of single votes that is between samples (Shrout & Fleiss 1979, Psychol. Bull. 86(2), one-way
    random effects; with unequal numbers of votes: n0 of Donner 1986, Int. Stat. Rev. 54(1)).
    """
    given_votes, numbers, labels = _voted(votes, clusters)
    given, total, squares, equal = _summed(given_votes)
    between = total**2 / given
    counts = {"m": given, "mm": given**2, "x": total, "xx": squares, "between": between}
    counts |= {"equal": 2 * equal / (given * (given - 1)), "within": np.maximum(squares - between, 0) / (given - 1)}
    metrics: dict[str, AnyMetric] = {"equal": Metric(lambda s: s.ratio(s.equal, s.n))}
    if numbers:
        metrics["sd"] = Metric(lambda s: np.sqrt(s.ratio(s.within, s.n)), better="lower", unit="number")
        metrics["icc"] = Metric(_icc, unit="number")
    made = figures(counts, labels, metrics, resamples, seed)
    return Consistency(made["equal"], made.get("sd"), made.get("icc"))


def length_preference(
    judged: Array,
    lengths: Array,
    clusters: Any,
    people: Array | None = None,
    per: float = 100.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> LengthPreference:
    """Whether a judge likes long answers: its values against their length, and more so than people's labels.

    judged, people: (n,) on the same scale; lengths: (n,) characters or words; NaN for a gap. Least-squares slopes.
    """
    values, long = np.asarray(judged, float), np.asarray(lengths, float)

    def against(y: Array, metrics: dict[str, AnyMetric]) -> dict[str, Estimate]:
        there = ~(np.isnan(y) | np.isnan(long))
        x, kept = long[there], y[there]
        centred = moments(x - x.mean(), kept - kept.mean()) if len(x) else moments(x, kept)
        return figures(centred, chosen(clusters, there), metrics, resamples, seed)

    made = against(values, {"slope": slope(per), "correlation": SPEARMAN})
    if people is None:
        return LengthPreference(made["slope"], made["correlation"], None, None, per)
    labels = np.where(np.isnan(values), np.nan, np.asarray(people, float))
    theirs, excess = (against(y, {"slope": slope(per)})["slope"] for y in (labels, values - labels))
    return LengthPreference(made["slope"], made["correlation"], theirs, excess, per)


def _objects(values: Labels) -> npt.NDArray[Any]:
    return np.asarray(values, dtype=object)


def _coded(values: npt.NDArray[Any]) -> tuple[Array, bool]:
    """Values as numbers, NaN for gaps, and whether they are numbers; names become codes."""
    if not any(isinstance(value, str) for value in values.ravel()):
        return values.astype(float), True
    codes = pd.factorize(values.ravel())[0].astype(float).reshape(values.shape)
    return np.where(codes < 0, np.nan, codes), False


def _voted(votes: Labels, clusters: Any) -> tuple[Array, bool, list[Any]]:
    """Samples with two votes or more, centred; whether the votes are numbers; the samples' clusters."""
    given, numbers = _coded(_objects(votes))
    there = (~np.isnan(given)).sum(axis=1) >= 2
    given = given[there]
    return given - (np.nanmean(given) if len(given) else 0.0), numbers, chosen(clusters, there)


def _summed(votes: Array) -> tuple[Array, Array, Array, Array]:
    """By sample: number of votes, their sum, their sum of squares, and how many pairs of them are equal."""
    equal = np.zeros(len(votes))
    for a, b in combinations(range(votes.shape[1]), 2):
        equal += votes[:, a] == votes[:, b]
    return (~np.isnan(votes)).sum(axis=1).astype(float), np.nansum(votes, axis=1), np.nansum(votes**2, axis=1), equal


def _held(name: str, ratings: Array, values: Array) -> dict[str, Array]:
    return {f"{name}_{i}": (ratings == value).astype(float) for i, value in enumerate(values)}


def _stacked(s: Totals, name: str, number: int) -> Array:
    """(m, number): the totals name_0, name_1 …"""
    return np.stack([getattr(s, f"{name}_{i}") for i in range(number)], axis=1)


def _kappa(observed: str, apart: Array, s: Totals) -> Array:
    """1 - observed / expected disagreement; apart: (values, values) how far two values disagree."""
    first, second = _stacked(s, "first", len(apart)), _stacked(s, "second", len(apart))
    return 1 - s.ratio(s.n * getattr(s, observed), ((first @ apart) * second).sum(axis=1))


def _quadratic(s: Totals) -> Array:
    """`_kappa` with squared distances, which needs no table."""
    return 1 - s.ratio(s.n * (s.xx + s.yy - 2 * s.xy), s.n * (s.xx + s.yy) - 2 * s.x * s.y)


def _alpha(s: Totals, observed: Array, expected: Array) -> Array:
    return 1 - s.ratio((s.m - 1) * observed, expected)


def _nominal_alpha(number: int, s: Totals) -> Array:
    return _alpha(s, s.unequal, s.m**2 - (_stacked(s, "held", number) ** 2).sum(axis=1))


def _icc(s: Totals) -> Array:
    between = s.ratio(s.between - s.ratio(s.x**2, s.m), s.n - 1)
    within = s.ratio(s.xx - s.between, s.m - s.n)
    votes = s.ratio(s.m - s.ratio(s.mm, s.m), s.n - 1)
    return s.ratio(between - within, between + (votes - 1) * within)


def _sign_test(signs: Array) -> float:
    """Exact two-sided p-value of a sum of clusters' signs (k,), whole numbers, each as likely as its opposite."""
    sizes, counts = np.unique(np.abs(signs[signs != 0]).astype(int), return_counts=True)
    chance: Array = np.ones(1)  # of the sums from -most to most
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        steps = np.zeros(2 * size * count + 1)
        steps[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        chance = np.convolve(chance, steps)
    most = len(chance) // 2
    far = np.abs(np.arange(-most, most + 1)) >= abs(signs.sum())
    return float(min(1.0, chance[far].sum()))
