"""Agreement, position bias, consistency and length preference: worked examples, plain loops, simulated judges."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import stats

from mmeval.statistics.agreement import agreement, consistency, flips, length_preference, panel
from mmeval.statistics.sums import Estimate

TRIALS = 1000
# 95 % of 1,000 trials, give or take 1.5 points and two standard errors of the simulation (0.7 points each).
NOMINAL = (0.921, 0.979)

# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, example C: four observers, twelve units.
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ],
    dtype=object,
).T
# Shrout & Fleiss 1979, table 2: six targets, four judges; ICC(1,1) = .17.
TARGETS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def covered(draw: Callable[[np.random.Generator, int], Sequence[Estimate]], truths: Sequence[float]) -> np.ndarray:
    """Share of trials in which each interval holds its truth."""
    rng, hits = np.random.default_rng(0), np.zeros(len(truths))
    for trial in range(TRIALS):
        made = draw(rng, trial)
        hits += [one.low <= truth <= one.high for one, truth in zip(made, truths, strict=True)]
    return hits / TRIALS


def plain_kappa(first: np.ndarray, second: np.ndarray, distance: Callable[[float, float], float]) -> float:
    observed = np.mean([distance(a, b) for a, b in zip(first, second, strict=True)])
    return 1 - observed / np.mean([distance(a, b) for a in first for b in second])


def test_figures_are_those_of_plain_loops() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(1, 6, 80).astype(float)
    second = np.clip(first + rng.integers(-1, 3, 80), 1, 5)
    gaps = np.where(np.arange(80) % 9 == 0, np.nan, second)
    made = agreement(first, gaps, range(80), resamples=50)
    a, b = first[~np.isnan(gaps)], gaps[~np.isnan(gaps)]
    assert made.share.value == pytest.approx((a == b).mean())
    assert made.share.n == len(a)
    assert made.kappa.value == pytest.approx(plain_kappa(a, b, lambda x, y: float(x != y)))
    assert made.linear.value == pytest.approx(plain_kappa(a, b, lambda x, y: abs(x - y)))
    assert made.quadratic.value == pytest.approx(plain_kappa(a, b, lambda x, y: (x - y) ** 2))
    assert made.pearson.value == pytest.approx(stats.pearsonr(a, b).statistic)
    assert made.spearman.value == pytest.approx(stats.spearmanr(a, b).statistic)
    assert made.bias.value == pytest.approx((a - b).mean())


def test_cohens_example_with_names() -> None:
    # Two raters, 50 proposals: 20 both yes, 15 both no, 5 and 10 apart; kappa 0.4.
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    made = agreement([*first, None, "yes"], [*second, "yes", None], range(52), resamples=50)
    assert (made.share.value, made.share.n) == (pytest.approx(0.7), 50)
    assert made.kappa.value == pytest.approx(0.4)
    assert made.linear is made.quadratic is made.pearson is made.spearman is made.bias is None


def test_kappa_covers_the_truth_with_dependent_samples() -> None:
    # People say yes in 60 %; the judge says yes in 90 % of these and in 25 % of the others; both depend on the picture.
    says, errs = stats.norm.ppf(0.6), (stats.norm.ppf(0.9), stats.norm.ppf(0.25))
    pictures = np.repeat(np.arange(100), 3)

    def draw(rng: np.random.Generator, trial: int) -> Sequence[Estimate]:
        latent = [
            np.sqrt(0.3) * np.repeat(rng.normal(size=100), 3) + np.sqrt(0.7) * rng.normal(size=300) for _ in range(2)
        ]
        people = latent[0] < says
        judge = latent[1] < np.where(people, *errs)
        made = agreement(
            *(np.where(said, "yes", "no") for said in (judge, people)), pictures, resamples=200, seed=trial
        )
        return made.share, made.kappa

    right, yes = 0.6 * 0.9 + 0.4 * 0.75, 0.6 * 0.9 + 0.4 * 0.25
    chance = yes * 0.6 + (1 - yes) * 0.4
    shares = covered(draw, [right, (right - chance) / (1 - chance)])
    assert (shares >= NOMINAL[0]).all()
    assert (shares <= NOMINAL[1]).all()


def test_krippendorffs_example() -> None:
    made = panel(OBSERVERS, range(12), resamples=100)
    assert made.nominal.value == pytest.approx(0.743, abs=5e-4)
    assert made.interval.value == pytest.approx(0.849, abs=5e-4)
    assert made.nominal.n == 11
    names = np.array([[None if value is None else f"v{value}" for value in row] for row in OBSERVERS], dtype=object)
    as_names = panel(names, range(12), resamples=100)
    assert as_names.nominal == made.nominal
    assert as_names.interval is None


def two_orders(rng: np.random.Generator, lean: float, noise: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """A judge compares with noise and adds `lean` to what stands first; the quality depends on the picture."""
    quality = np.sqrt(0.4) * np.repeat(rng.normal(size=100), 3) + np.sqrt(0.6) * rng.normal(size=300)
    first, second = (quality + noise * rng.normal(size=300) + place for place in (lean, -lean))
    return (first > 0).astype(float), (second > 0).astype(float)


def test_position_bias_covers_the_truth() -> None:
    def draw(rng: np.random.Generator, trial: int) -> Sequence[Estimate]:
        made = flips(*two_orders(rng, 0.5), np.repeat(np.arange(100), 3), resamples=200, seed=trial)
        assert made.p_value < 0.05
        return made.share, made.advantage

    margin, shared = 0.5 / np.sqrt(1.36), 1 / 1.36
    both = stats.multivariate_normal([0, 0], [[1, -shared], [-shared, 1]])
    flip = both.cdf([margin, margin]) + both.cdf([-margin, -margin])
    shares = covered(draw, [flip, 2 * stats.norm.cdf(margin) - 1])
    assert (shares >= NOMINAL[0]).all()
    assert (shares <= NOMINAL[1]).all()


def test_a_judge_who_does_not_mind_places_is_seldom_blamed() -> None:
    rng, pictures = np.random.default_rng(1), np.repeat(np.arange(100), 3)
    blamed = [flips(*two_orders(rng, 0.0), pictures, resamples=2).p_value < 0.05 for _ in range(TRIALS)]
    assert np.mean(blamed) <= 0.065


def test_flips_by_hand_and_against_the_binomial_test() -> None:
    first, second = np.array([1, 1, 1, 0, 0.5, 1, np.nan, 1]), np.array([1, 0, 0.5, 1, 0.5, 0, 1, 0])
    made = flips(first, second, range(8), resamples=50)
    assert (made.better_first, made.better_second, made.share.n) == (4, 1, 7)
    assert made.share.value == pytest.approx(5 / 7)
    assert made.advantage.value == pytest.approx((1 + 0.5 - 1 + 1 + 1) / 7)
    assert made.p_value == pytest.approx(stats.binomtest(4, 5).pvalue)
    alike = flips(np.ones(4), np.ones(4), range(4), resamples=50)
    assert (alike.share.value, alike.p_value) == (0.0, 1.0)


def test_the_sign_test_counts_pictures_not_samples() -> None:
    # Three pictures whose ten samples all flip alike are three facts: p = 2 / 2^3, not 2 / 2^30.
    made = flips(np.ones(30), np.zeros(30), np.repeat(np.arange(3), 10), resamples=50)
    assert made.p_value == pytest.approx(0.25)


def test_consistency_is_shrout_and_fleiss() -> None:
    made = consistency(TARGETS, range(6), resamples=100)
    assert made.icc.value == pytest.approx(0.166, abs=5e-4)
    assert made.sd.value == pytest.approx(np.sqrt(TARGETS.var(axis=1, ddof=1).mean()))
    assert made.equal.value == pytest.approx(1 / 36)  # of six pairs in each of six rows, 8 and 8
    words = consistency([["A", "A", "B"], ["B", "B", None], ["A", None, None]], range(3), resamples=50)
    assert (words.equal.value, words.equal.n) == (pytest.approx((1 / 3 + 1) / 2), 2)
    assert words.sd is words.icc is None


def test_consistency_covers_the_truth_with_gaps() -> None:
    def draw(rng: np.random.Generator, trial: int) -> Sequence[Estimate]:
        votes = rng.normal(0, 1.2, (120, 1)) + rng.normal(0, 0.8, (120, 4))
        votes[rng.random((120, 4)) < 0.2] = np.nan
        made = consistency(votes, range(120), resamples=200, seed=trial)
        return made.sd, made.icc

    shares = covered(draw, [0.8, 1.2**2 / (1.2**2 + 0.8**2)])
    assert (shares >= NOMINAL[0]).all()
    assert (shares <= NOMINAL[1]).all()


def test_liking_of_length_beyond_peoples_covers_the_truth() -> None:
    # Longer answers are better by 0.1 per 100 characters; the judge adds 0.25 of its own.
    def draw(rng: np.random.Generator, trial: int) -> Sequence[Estimate]:
        lengths = rng.gamma(4, 100, 120)
        quality = 5 + 0.1 * lengths / 100 + rng.normal(0, 0.8, 120)
        judged = quality + 0.25 * lengths / 100 + rng.normal(0, 0.6, 120)
        people = np.where(rng.random(120) < 0.7, quality + rng.normal(0, 0.3, 120), np.nan)
        made = length_preference(judged, lengths, range(120), people, resamples=200, seed=trial)
        return made.slope, made.people, made.excess

    shares = covered(draw, [0.35, 0.1, 0.25])
    assert (shares >= NOMINAL[0]).all()
    assert (shares <= NOMINAL[1]).all()


def test_length_preference_is_least_squares() -> None:
    rng = np.random.default_rng(5)
    lengths, judged = rng.integers(20, 900, 50).astype(float), rng.normal(5, 1, 50)
    judged[3] = np.nan
    kept = ~np.isnan(judged)
    made = length_preference(judged, lengths, range(50), per=50, resamples=50)
    assert made.slope.value == pytest.approx(50 * stats.linregress(lengths[kept], judged[kept]).slope)
    assert made.correlation.value == pytest.approx(stats.spearmanr(lengths[kept], judged[kept]).statistic)
    assert made.people is made.excess is None


def test_nothing_to_compare_and_one_value_only() -> None:
    empty = agreement([None, 1], [1, None], range(2))
    assert empty.share.undefined
    assert empty.share.n == 0
    same = agreement([1, 1], [1, 1], range(2), resamples=50)
    assert same.share.value == 1.0
    assert same.kappa.undefined
    assert panel([[1, None]], range(1)).nominal.undefined
    assert consistency([[1, None]], range(1)).equal.undefined
    assert flips(np.array([np.nan]), np.array([1.0]), range(1)).share.undefined
    assert length_preference(np.array([np.nan]), np.array([1.0]), range(1)).slope.undefined
    scale = np.arange(100.0)
    assert agreement(scale, scale, range(100), resamples=50).kappa is None
    with pytest.raises(ValueError, match="3 clusters for 2 samples"):
        agreement([1, 2], [1, 2], range(3))
