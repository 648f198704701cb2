"""Prediction-powered figures: plain formulas, and simulated judges whose error is known."""

from collections.abc import Callable

import numpy as np
import pytest

from mmeval.statistics.prediction_powered import Corrected, corrected_mean, corrected_metric
from mmeval.statistics.sums import Fitted, Metric, Table, table

TRIALS = 1000
# 95 % of 1,000 trials, give or take 1.5 points and two standard errors of the simulation (0.7 points each).
NOMINAL = (0.921, 0.979)

CHAIR_I = Metric(lambda s: s.ratio(s.wrong, s.mentions), better="lower")


def labelled(rng: np.random.Generator, values: np.ndarray, number: int, whole_clusters: bool) -> np.ndarray:
    """values: (clusters, samples in each); NaN but for `number` samples, or clusters, drawn at random."""
    known = np.full(values.shape, np.nan)
    if whole_clusters:
        rows = rng.choice(len(values), number, replace=False)
        known[rows] = values[rows]
    else:
        drawn = rng.choice(values.size, number, replace=False)
        known.flat[drawn] = values.flat[drawn]
    return known


def judged_wins(rng: np.random.Generator, clusters: int, each: int, bias: float) -> tuple[np.ndarray, np.ndarray]:
    """People's verdicts (true mean 0.5) and a judge's, who errs and leans; both depend on the picture."""
    quality = rng.normal(0, 0.7, (clusters, 1)) + rng.normal(0, 1, (clusters, each))
    noise = rng.normal(0, 0.8, quality.shape) + rng.normal(0, 0.35, (clusters, 1))
    return (quality > 0).astype(float), (quality + noise > -bias).astype(float)


def trials(draw: Callable[[np.random.Generator], Corrected], truth: float) -> dict[str, float]:
    rng = np.random.default_rng(0)
    made = [draw(rng) for _ in range(TRIALS)]
    shares = {
        name: float(np.mean([getattr(one, name).low <= truth <= getattr(one, name).high for one in made]))
        for name in ("judged", "labels", "corrected")
    }
    widths = [(one.corrected.high - one.corrected.low) / (one.labels.high - one.labels.low) for one in made]
    return shares | {"width": float(np.mean(widths))}


@pytest.mark.parametrize(
    ("clusters", "each", "number", "whole_clusters"),
    [(600, 1, 60, True), (200, 5, 30, True), (200, 5, 120, False)],
)
def test_corrected_interval_covers_and_the_judges_own_does_not(
    clusters: int, each: int, number: int, whole_clusters: bool
) -> None:
    def draw(rng: np.random.Generator) -> Corrected:
        people, judged = judged_wins(rng, clusters, each, bias=0.35)
        known = labelled(rng, people, number, whole_clusters)
        return corrected_mean(judged.ravel(), known.ravel(), np.repeat(np.arange(clusters), each))

    shares = trials(draw, 0.5)
    assert NOMINAL[0] <= shares["corrected"] <= NOMINAL[1]
    assert NOMINAL[0] <= shares["labels"] <= NOMINAL[1]
    assert shares["judged"] < 0.05
    assert shares["width"] < 0.9


def test_a_judge_who_knows_nothing_costs_nothing() -> None:
    def draw(rng: np.random.Generator) -> Corrected:
        people = rng.integers(0, 2, 400).astype(float)
        known = labelled(rng, people[:, None], 60, True)
        return corrected_mean(rng.normal(7, 2, 400), known.ravel(), range(400))

    shares = trials(draw, 0.5)
    assert NOMINAL[0] <= shares["corrected"] <= NOMINAL[1]
    assert shares["width"] == pytest.approx(1, abs=0.03)


def test_corrected_ratio_covers_the_truth() -> None:
    # CHAIR_i where a judge overlooks a fifth of the hallucinated mentions and makes up 15 % of the others.
    def draw(rng: np.random.Generator) -> Corrected:
        prone = np.repeat(rng.beta(2, 6, 150), 3)  # mean 0.25
        mentions = 1 + rng.poisson(4, 450)
        wrong = rng.binomial(mentions, prone)
        found = rng.binomial(wrong, 0.8) + rng.binomial(mentions - wrong, 0.15)
        clusters = np.repeat(np.arange(150), 3)
        marks = np.isin(clusters, rng.choice(150, 40, replace=False))
        judged = table({"wrong": found, "mentions": mentions}, clusters)
        people = table({"wrong": wrong[marks], "mentions": mentions[marks]}, clusters[marks])
        return corrected_metric(CHAIR_I, judged, people, marks)

    shares = trials(draw, 0.25)
    assert NOMINAL[0] <= shares["corrected"] <= NOMINAL[1]
    assert shares["judged"] < 0.05
    assert shares["width"] < 0.85


def test_without_clusters_it_is_the_papers_estimate() -> None:
    # Angelopoulos et al. 2023b, section 6: lambda = cov(y, f) / ((1 + n / N) var(f)), N samples without a label.
    rng = np.random.default_rng(3)
    people, judged = judged_wins(rng, 4000, 1, bias=0.35)
    known = labelled(rng, people, 400, True).ravel()
    judged = judged.ravel()
    has = ~np.isnan(known)
    made = corrected_mean(judged, known, range(4000))
    inside, outside = judged[has], judged[~has]
    lam = np.cov(known[has], inside)[0, 1] / ((1 + 400 / 3600) * np.var(judged, ddof=1))
    plain = lam * outside.mean() + (known[has] - lam * inside).mean()
    assert made.tuning * 0.9 == pytest.approx(lam, rel=0.02)
    assert made.corrected.value == pytest.approx(plain, abs=2e-4)
    error = np.sqrt(np.var(known[has] - lam * inside, ddof=1) / 400 + lam**2 * np.var(outside, ddof=1) / 3600)
    assert made.corrected.stderr == pytest.approx(error, rel=0.01)
    assert made.labels.value == known[has].mean()
    assert made.labels.stderr == pytest.approx(known[has].std(ddof=1) / 20)
    assert made.effective == pytest.approx(400 * (made.labels.stderr / made.corrected.stderr) ** 2)
    whole = corrected_mean(judged, known, range(4000), tuning=1.0)
    assert whole.corrected.value == pytest.approx(judged.mean() + (known[has] - inside).mean())


def test_a_metric_that_is_a_mean_is_corrected_like_a_mean() -> None:
    rng = np.random.default_rng(4)
    people, judged = judged_wins(rng, 80, 3, bias=0.35)
    known, clusters = labelled(rng, people, 25, True).ravel(), np.repeat(np.arange(80), 3)
    marks = ~np.isnan(known)
    metric = Metric(lambda s: s.ratio(s.won, s.n))
    by_metric = corrected_metric(
        metric, table({"won": judged.ravel()}, clusters), table({"won": known[marks]}, clusters[marks]), marks
    )
    by_mean = corrected_mean(judged.ravel(), known, clusters)
    for one, other in zip(
        (by_metric.judged, by_metric.labels, by_metric.corrected),
        (by_mean.judged, by_mean.labels, by_mean.corrected),
        strict=True,
    ):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
        assert (one.n, one.clusters) == (other.n, other.clusters)


def test_edges() -> None:
    everything = corrected_mean(np.array([1.0, 0, 1, 1]), np.array([1.0, 1, 0, 1]), range(4))
    assert (everything.corrected.value, everything.tuning) == (0.75, 0.0)
    judged = np.array([1.0, 0, 1, np.nan])
    two = corrected_mean(judged, np.array([1.0, 0, np.nan, 1]), ["a", "a", "b", "c"])
    assert two.labelled == 2
    assert two.corrected.low is None  # both labels belong to one picture
    with pytest.raises(ValueError, match="needs labelled samples"):
        corrected_mean(judged, np.array([np.nan, np.nan, np.nan, 1]), range(4))


def test_metrics_that_cannot_be_corrected() -> None:
    judged = table({"wrong": [1, 0, 2], "mentions": [2, 0, 2]}, range(3))
    marks = np.array([False, True, False])
    nothing = Table({name: column[marks] for name, column in judged.counts.items()}, judged.clusters[marks], {})
    assert corrected_metric(CHAIR_I, judged, nothing, marks).corrected.undefined
    with pytest.raises(ValueError, match="1 labelled rows for 2 of 3 marks"):
        corrected_metric(CHAIR_I, judged, nothing, ~marks)
    with pytest.raises(TypeError, match="fitted"):
        corrected_metric(Fitted(lambda counts, weights: weights.sum(axis=1)), judged, nothing, marks)


@pytest.mark.parametrize("said", [0.1, 1 / 3, 0.7])
def test_a_judge_that_says_the_same_of_all_is_not_relied_on(said: float) -> None:
    labels = np.full(60, np.nan)
    labels[:7] = [0, 1, 1, 0, 1, 1, 1]
    found = corrected_mean(np.full(60, said), labels, range(60))  # the mean of seven tenths is off by rounding
    assert found.tuning == 0
    assert found.effective == pytest.approx(7)
