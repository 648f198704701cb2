"""Figures at equal length: plain regressions, and judges whose liking of length is known."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize

from mmeval.statistics.length import EqualLength, at_equal_length, value_against_length, win_rate_at_equal_length

TRIALS = 1000
# 95 % of 1,000 trials, give or take 1.5 points and two standard errors of the simulation (0.7 points each).
NOMINAL = (0.921, 0.979)
PICTURES = np.repeat(np.arange(150), 2)


def lengths(rng: np.random.Generator, longer: float) -> tuple[np.ndarray, np.ndarray]:
    base = rng.normal(500, 100, 300)
    return base, base + rng.normal(longer, 150, 300)


def liked(gap: np.ndarray, form: str) -> np.ndarray:
    """What a judge adds for a difference in length."""
    return 0.5 * np.tanh(gap / 150) if form == "squashed" else 0.35 * gap / 150


def shares(draw: Callable[[np.random.Generator, int], EqualLength], truth: float) -> tuple[float, float]:
    """Share of trials in which the raw and the controlled interval hold the truth."""
    rng = np.random.default_rng(0)
    made = [draw(rng, trial) for trial in range(TRIALS)]
    raw, controlled = (
        float(np.mean([one.low <= truth <= one.high for one in side]))
        for side in zip(*((one.raw, one.controlled) for one in made), strict=True)
    )
    return raw, controlled


@pytest.mark.parametrize("form", ["squashed", "linear"])
def test_longer_answers_of_equal_quality_are_no_better(form: str) -> None:
    def draw(rng: np.random.Generator, trial: int) -> EqualLength:
        short, long = lengths(rng, 150)
        gain = np.repeat(rng.normal(0, 0.4, 150), 2) + rng.normal(0, 0.8, 300) + liked(long - short, form)
        base = rng.normal(6, 1, 300)
        return at_equal_length(base, base + gain, short, long, PICTURES, resamples=300, seed=trial)

    raw, controlled = shares(draw, 0.0)
    assert raw < 0.01
    assert NOMINAL[0] <= controlled <= NOMINAL[1]


def test_better_answers_stay_better_at_equal_length() -> None:
    def draw(rng: np.random.Generator, trial: int) -> EqualLength:
        short, long = lengths(rng, 100)
        gain = 0.3 + rng.normal(0, 0.8, 300) + liked(long - short, "squashed")
        return at_equal_length(np.zeros(300), gain, short, long, PICTURES, resamples=300, seed=trial)

    raw, controlled = shares(draw, 0.3)
    assert raw < 0.1
    assert NOMINAL[0] <= controlled <= NOMINAL[1]


def test_win_rate_at_equal_length_is_half() -> None:
    def draw(rng: np.random.Generator, trial: int) -> EqualLength:
        short, long = (side[:150] for side in lengths(rng, 150))
        odds = 1.5 * np.tanh((long - short) / 150)
        wins = (rng.random(150) < 1 / (1 + np.exp(-odds))).astype(float)
        return win_rate_at_equal_length(wins, short, long, range(150), resamples=200, seed=trial)

    raw, controlled = shares(draw, 0.5)
    assert raw < 0.01
    assert NOMINAL[0] <= controlled <= NOMINAL[1]


def test_controlled_is_the_intercept_of_least_squares() -> None:
    rng = np.random.default_rng(1)
    short, long = lengths(rng, 80)
    base, candidate = rng.normal(0, 1, 300), rng.normal(0.2, 1, 300)
    base[7] = np.nan
    made = at_equal_length(base, candidate, short, long, PICTURES)
    gap, gain = np.delete(long - short, 7), np.delete(candidate - base, 7)
    design = np.stack([np.ones(299), np.tanh(gap / gap.std())], axis=1)
    plain = np.linalg.lstsq(design, gain, rcond=None)[0]
    assert (made.controlled.value, made.effect.value) == pytest.approx(tuple(plain))
    assert made.raw.value == pytest.approx(gain.mean())
    assert (made.raw.n, made.raw.clusters) == (299, 150)
    assert made.longer == (gap > 0).mean()
    # Cluster-robust errors of least squares (CR1).
    bread, scores = np.linalg.inv(design.T @ design), design * (gain - design @ plain)[:, None]
    sums = np.stack([np.bincount(np.delete(PICTURES, 7), column) for column in scores.T], axis=1)
    error = np.sqrt(np.diag(bread @ (sums.T @ sums) @ bread) * 150 / 149)
    assert (made.controlled.stderr, made.effect.stderr) == pytest.approx(tuple(error), rel=0.06)


def test_win_rate_is_the_logistic_regression() -> None:
    rng = np.random.default_rng(2)
    short, long = lengths(rng, 80)
    wins = rng.choice([0.0, 0.5, 1.0], 300, p=[0.2, 0.2, 0.6])
    made = win_rate_at_equal_length(wins, short, long, PICTURES, resamples=50)
    squashed = np.tanh((long - short) / (long - short).std())

    def loss(at: np.ndarray) -> float:
        odds = at[0] + at[1] * squashed
        return float(np.sum(np.logaddexp(0, odds) - wins * odds))

    plain = optimize.minimize(loss, np.zeros(2), tol=1e-10).x
    assert made.controlled.value == pytest.approx(1 / (1 + np.exp(-plain[0])), abs=1e-4)
    assert made.effect.value == pytest.approx(plain[1], abs=1e-3)
    assert made.raw.value == pytest.approx(wins.mean())


def test_one_side_always_wins_and_lengths_that_say_nothing() -> None:
    rng = np.random.default_rng(3)
    short, long = lengths(rng, 80)
    assert 0.99 < win_rate_at_equal_length(np.ones(300), short, long, PICTURES, resamples=50).controlled.value < 1
    gain = rng.normal(1, 1, 300)
    equal = at_equal_length(np.zeros(300), gain, short, short, PICTURES, resamples=50)
    assert equal.controlled == equal.raw
    assert equal.effect.undefined
    always = at_equal_length(np.zeros(300), gain, short, short + 0.1, PICTURES, resamples=50)
    assert always.controlled.undefined
    assert always.longer == 1.0
    wins = (gain > 0).astype(float)
    assert win_rate_at_equal_length(wins, short, short + 0.1, PICTURES, resamples=50).controlled.undefined
    even = win_rate_at_equal_length(wins, short, short, PICTURES, resamples=50)
    assert even.controlled.value == pytest.approx(wins.mean(), abs=1e-4)
    assert even.effect.undefined
    nothing = np.full(300, np.nan)
    assert at_equal_length(nothing, gain, short, long, PICTURES).raw.undefined
    assert value_against_length(nothing, short, PICTURES).slope.undefined


def test_one_runs_values_against_length() -> None:
    # 0.02 more hallucination per 100 characters; 0.2 at 400 characters.
    rng, hits, pictures = np.random.default_rng(4), np.zeros(2), PICTURES[:160]
    for trial in range(TRIALS):
        long = rng.gamma(9, 50, 160)
        rate = 0.2 + 0.0002 * (long - 400)
        values = rate + np.repeat(rng.normal(0, 0.05, 80), 2) + rng.normal(0, 0.1, 160)
        made = value_against_length(values, long, pictures, at=400, resamples=200, seed=trial)
        hits += [made.slope.low <= 0.02 <= made.slope.high, made.at.low <= 0.2 <= made.at.high]
    assert (hits / TRIALS >= NOMINAL[0]).all()
    assert (hits / TRIALS <= NOMINAL[1]).all()
    line = np.polyfit(long, values, 1)
    assert made.slope.value == pytest.approx(100 * line[0])
    assert made.at.value == pytest.approx(np.polyval(line, 400))
    at_mean = value_against_length(values, long, pictures, resamples=50)
    assert (at_mean.length, at_mean.at.value) == pytest.approx((long.mean(), values.mean()))
