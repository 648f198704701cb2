"""Figures at equal length: what is left of a difference when answers are equally long, and a figure against length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from mmeval.statistics.moments import SPEARMAN, chosen, figures, line_at, moments, slope
from mmeval.statistics.sums import (
    RESAMPLES,
    AnyMetric,
    Array,
    Estimate,
    Metric,
    cluster_weights,
    estimated,
    table,
)

# A fit needs some pull towards zero, or one side winning always has no finite odds; worth a hundredth of a sample.
_RIDGE = 0.01
_LOGISTIC_DRAWS = 500


@dataclass(frozen=True, slots=True)
class EqualLength:
    """A comparison at equal length.

    raw: the mean difference, or the win rate, as it is. controlled: the same at equal length. effect: what is gained
    by an answer so much longer that the squashed difference is 1 (for win rates: in log-odds). longer: share of
    samples in which the candidate's answer is the longer one; near 0 or 1 there are hardly pairs of equal length, and
    `controlled` rests on the form of the curve.
    """

    raw: Estimate
    controlled: Estimate
    effect: Estimate
    longer: float


@dataclass(frozen=True, slots=True)
class AgainstLength:
    """One run's values against answer length.

    slope: change of the value for `per` more units of length. at: the height of the line at the length `length`.
    correlation: Spearman's rank correlation of value and length.
    """

    slope: Estimate
    at: Estimate
    length: float
    correlation: Estimate
    per: float


def at_equal_length(
    base: Array,
    candidate: Array,
    base_lengths: Array,
    candidate_lengths: Array,
    clusters: Any,
    resamples: int = RESAMPLES,
    seed: int = 0,
    squash: bool = True,
) -> EqualLength:
    """The mean of candidate - base on the same samples, and that mean at equal length.

    The difference is regressed on squash = tanh(length difference / its standard deviation); the intercept is the
    difference at equal length. The length term of length-controlled AlpacaEval (Dubois et al. 2024, arXiv 2404.04475,
    section 3) on a continuous scale. Intervals: cluster bootstrap, the standard deviation held fixed.
    base, candidate: (n,) values per sample (`influence` makes them of any metric); lengths: (n,) characters or words;
    clusters: (n,) labels. A sample with a NaN anywhere is left out. Where all length differences are the same,
    `controlled` and `effect` are undefined, unless they are all 0: then controlled is raw.
    squash: a judge's liking for length has an end; what is counted in an answer grows with it to the last word, and is
    regressed on the length difference itself, in standard deviations (False).
    """
    columns = [np.asarray(part, float) for part in (base, candidate, base_lengths, candidate_lengths)]
    gain, squashed, longer, labels = _paired(columns[1] - columns[0], columns[3] - columns[2], clusters, squash)
    raw = Metric(lambda s: s.ratio(s.y, s.n))
    even = not squashed.any()
    metrics = {"raw": raw, "controlled": raw if even else Metric(line_at(0.0)), "effect": slope()}
    made = figures(moments(squashed, gain), labels, metrics, resamples, seed)
    return EqualLength(made["raw"], made["controlled"], made["effect"], longer)


def win_rate_at_equal_length(
    wins: Array,
    base_lengths: Array,
    candidate_lengths: Array,
    clusters: Any,
    resamples: int = _LOGISTIC_DRAWS,
    seed: int = 0,
) -> EqualLength:
    """The candidate's win rate, and the rate at equal length, by a logistic regression on the squashed difference.

    wins: (n,) in [0, 1], 1 where the candidate won, 0.5 for a tie. The rest as in `at_equal_length`. Like
    length-controlled AlpacaEval without its term for the difficulty of the instruction.
    """
    lengths = [np.asarray(part, float) for part in (base_lengths, candidate_lengths)]
    won, squashed, longer, labels = _paired(np.asarray(wins, float), lengths[1] - lengths[0], clusters)
    raw = figures({"y": won}, labels, {"raw": Metric(lambda s: s.ratio(s.y, s.n))}, resamples, seed)["raw"]
    if not len(won):
        return EqualLength(raw, raw, raw, longer)
    found = log_odds(squashed, won, np.ones((1, len(won))))
    codes = table({}, labels).clusters
    start = np.nan_to_num(found)
    blocks = [log_odds(squashed, won, w[:, codes], start) for w in cluster_weights(raw.clusters, resamples, seed)]
    draws = np.concatenate(blocks) if blocks else np.empty((0, 2))
    controlled, effect = (
        estimated(float(np.nan_to_num(value)), spread, raw.n, raw.clusters, bool(np.isnan(value)))
        for value, spread in ((expit(found[0, 0]), expit(draws[:, 0])), (found[0, 1], draws[:, 1]))
    )
    return EqualLength(raw, controlled, effect, longer)


def value_against_length(
    values: Array,
    lengths: Array,
    clusters: Any,
    at: float | None = None,
    per: float = 100.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> AgainstLength:
    """One run's values against the lengths of its answers: a straight line, and a rank correlation.

    values, lengths: (n,); NaN in either leaves the sample out. at: the length at which the line is read, for runs to
    be read at a common length; by default the mean length, where the line is at the mean value. per: units of length
    that the slope is for. Intervals: cluster bootstrap.
    """
    values, lengths = np.asarray(values, float), np.asarray(lengths, float)
    there = ~(np.isnan(values) | np.isnan(lengths))
    values, lengths = values[there], lengths[there]
    length, value = (float(lengths.mean()), float(values.mean())) if len(values) else (np.nan, np.nan)
    at = length if at is None else at
    height = line_at(at - length)
    metrics: dict[str, AnyMetric] = {
        "slope": slope(per),
        "at": Metric(lambda s: value + height(s)),
        "correlation": SPEARMAN,
    }
    counts = moments(lengths - length, values - value)
    made = figures(counts, chosen(clusters, there), metrics, resamples, seed)
    return AgainstLength(made["slope"], made["at"], at, made["correlation"], per)


def _paired(gain: Array, longer_by: Array, clusters: Any, squash: bool = True) -> tuple[Array, Array, float, list[Any]]:
    """Without samples that have gaps: gains, squashed length differences, share with a longer candidate, clusters."""
    there = ~(np.isnan(gain) | np.isnan(longer_by))
    gain, longer_by = gain[there], longer_by[there]
    squashed = squashed_length(longer_by) if squash else _in_spreads(longer_by)
    return gain, squashed, float((longer_by > 0).mean()) if len(longer_by) else 0.0, chosen(clusters, there)


def _in_spreads(longer_by: Array) -> Array:
    """Length differences in their standard deviations; where all are the same (their spread is rounding at most), their
    sign is all that can be said."""
    spread = float(longer_by.std()) if len(longer_by) else 0.0
    same = spread <= 1e-12 * float(np.abs(longer_by).max(initial=0.0))
    return np.sign(longer_by) if same else longer_by / spread


def squashed_length(longer_by: Array) -> Array:
    """tanh of the differences in their standard deviations; their signs where all are the same."""
    scaled = _in_spreads(longer_by)
    return scaled if not len(scaled) or np.ptp(scaled) == 0 else np.tanh(scaled)


def log_odds(x: Array, y: Array, weights: Array, start: Array | None = None) -> Array:
    """(m, 2) intercepts and slopes of m logistic regressions of y on x, weights (m, n); NaN where x doesn't tell them.

    `expit` of an intercept is the win rate at equal length. Newton's method for two unknowns, from `start` (1, 2),
    steps cut at 2.
    """
    found, squares = np.repeat(np.zeros((1, 2)) if start is None else start, len(weights), axis=0), x * x
    for _ in range(50):
        chance = expit(found[:, :1] + found[:, 1:] * x)
        residual, spread = weights * (y - chance), weights * chance * (1 - chance)
        up = np.stack([residual.sum(axis=1), residual @ x], axis=1) - _RIDGE * found
        aa, ab, bb = spread.sum(axis=1) + _RIDGE, spread @ x, spread @ squares + _RIDGE
        step = np.stack([bb * up[:, 0] - ab * up[:, 1], aa * up[:, 1] - ab * up[:, 0]], axis=1)
        step = np.clip(step / (aa * bb - ab**2)[:, None], -2, 2)
        found += step
        if np.abs(step).max() < 1e-6:  # Newton's next step would be its square
            break
    if np.ptp(x) == 0:
        found[:, [1] if x[0] == 0 else [0, 1]] = np.nan
    return found
