"""Influence values: the mean is the metric, the values are its derivative, and their spread is the bootstrap's."""

from dataclasses import replace

import numpy as np
import pytest

from mmeval.statistics.influence import alone, influence
from mmeval.statistics.sums import Fitted, Metric, Table, measure, table

ACCURACY = Metric(lambda s: s.ratio(s.right, s.n))
F1 = Metric(lambda s: s.ratio(2 * s.tp, 2 * s.tp + s.fp + s.fn))
CHAIR_I = Metric(lambda s: s.ratio(s.wrong, s.mentions), better="lower")


def captions(rng: np.random.Generator, n: int = 300, clusters: int = 60) -> Table:
    mentions = rng.integers(0, 9, n)
    prone = rng.beta(2, 6, clusters)
    cluster = rng.integers(0, clusters, n)
    return table(
        {"mentions": mentions, "wrong": rng.binomial(mentions, prone[cluster])},
        cluster,
        {"split": rng.choice(["a", "b", "c"], n)},
    )


def test_values_of_a_mean_are_the_samples_own() -> None:
    right = np.array([1.0, 0, 1, 1, 0])
    assert influence(ACCURACY, table({"right": right}, range(5))) == pytest.approx(right, abs=1e-9)


def test_values_of_a_ratio_are_those_of_the_delta_method() -> None:
    data = captions(np.random.default_rng(0))
    wrong, mentions = data.counts["wrong"], data.counts["mentions"]
    ratio = wrong.sum() / mentions.sum()
    expected = ratio + data.n * (wrong - ratio * mentions) / mentions.sum()
    assert influence(CHAIR_I, data) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("combine", ["mean", "sum"])
@pytest.mark.parametrize("over", [None, "split"])
def test_mean_is_the_metric_and_value_is_the_derivative(over: str | None, combine: str) -> None:
    rng = np.random.default_rng(1)
    kinds = rng.integers(0, 4, 400)
    counts = {name: (kinds == i).astype(float) for i, name in enumerate(("tp", "fp", "fn", "tn"))}
    splits = {"split": np.where(np.arange(400) < 300, rng.choice(["a", "b"], 400), None)}
    data = table(counts, range(400), splits)
    metric = replace(F1, over=over, combine=combine)
    value = measure(data, {"f1": metric}, resamples=0).metrics["f1"].value
    values = influence(metric, data)
    assert values.mean() == pytest.approx(value, abs=1e-12)
    # A sample drawn twice among 400: its value is the first-order change of the metric.
    for i in (0, 150, 399):
        heavier = {name: column.copy() for name, column in data.counts.items()}
        for column in heavier.values():
            column[i] *= 1.001
        moved = measure(Table(heavier, data.clusters, data.slices), {"f1": metric}, resamples=0).metrics["f1"].value
        assert values[i] == pytest.approx(value + 400 * (moved - value) / 0.001, abs=5e-3)


def test_spread_by_cluster_is_the_bootstrap_error() -> None:
    data = captions(np.random.default_rng(2), 2000, 200)
    for metric in (CHAIR_I, replace(CHAIR_I, over="split")):
        values = influence(metric, data)
        sums = np.bincount(data.clusters, values - values.mean())
        error = measure(data, {"c": metric}, resamples=6000).metrics["c"].stderr
        assert np.sqrt((sums**2).sum()) / data.n == pytest.approx(error, rel=0.05)


def test_alone_is_the_formula_on_each_sample() -> None:
    data = table({"wrong": [1, 0, 2, 0], "mentions": [2, 3, 2, 0]}, range(4))
    assert alone(CHAIR_I, data).tolist()[:3] == [0.5, 0.0, 1.0]
    assert np.isnan(alone(CHAIR_I, data)[3])
    assert alone(Metric(lambda s: s.wrong / s.mentions), data).tolist()[:3] == [0.5, 0.0, 1.0]


def test_undefined_metrics_have_no_values_and_fitted_ones_say_so() -> None:
    nothing = table({"wrong": [0, 0], "mentions": [0, 0]}, range(2))
    assert np.isnan(influence(CHAIR_I, nothing)).all()
    assert len(influence(CHAIR_I, table({"wrong": [], "mentions": []}, []))) == 0
    fitted = Fitted(lambda counts, weights: weights.sum(axis=1))
    for values in (influence, alone):
        with pytest.raises(TypeError, match="no value per sample"):
            values(fitted, nothing)


def test_a_count_that_never_occurs_is_no_trouble() -> None:
    data = table({"tp": [1, 1], "fp": [0, 0], "fn": [0, 0]}, range(2))
    assert influence(F1, data) == pytest.approx([1.0, 1.0])
