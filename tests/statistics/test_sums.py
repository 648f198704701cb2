"""Sums, formulas and the clustered bootstrap, each against a plain computation."""

from dataclasses import replace

import numpy as np
import pytest

from mmeval.statistics.sums import Fitted, Metric, cluster_weights, measure, resample, table

ACCURACY = Metric(lambda s: s.ratio(s.right, s.n))


def test_value_is_the_formula_over_totals() -> None:
    data = table({"right": [1, 0, 1, 1]}, ["a", "a", "b", "c"])
    estimate = measure(data, {"accuracy": ACCURACY}).metrics["accuracy"]
    assert estimate.value == 0.75
    assert (estimate.n, estimate.clusters) == (4, 3)
    assert estimate.low is not None
    assert estimate.low <= 0.75 <= estimate.high


def test_resampled_totals_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(7)
    right, clusters = rng.integers(0, 2, 60).astype(float), rng.integers(0, 9, 60)
    data = table({"right": right}, clusters)
    drawn = resample(data, 50, seed=3)
    weights = np.concatenate(list(cluster_weights(9, 50, seed=3)))
    order = list(dict.fromkeys(clusters.tolist()))
    for b in range(50):
        expected = sum(weights[b, k] * right[clusters == label].sum() for k, label in enumerate(order))
        assert drawn.draws[b, 0, 0] == expected
    assert (weights.sum(axis=1) == 9).all()


def test_clustered_error_is_that_of_cluster_means() -> None:
    # 100 pictures with 10 equal answers each: the standard error is that of 100 facts, not of 1,000.
    rng = np.random.default_rng(0)
    per_picture = rng.integers(0, 2, 100)
    data = table({"right": np.repeat(per_picture, 10)}, np.repeat(np.arange(100), 10))
    clustered = measure(data, {"a": ACCURACY}, resamples=4000).metrics["a"].stderr
    p = per_picture.mean()
    assert clustered == pytest.approx((p * (1 - p) / 100) ** 0.5, rel=0.06)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for trial in range(400):
        skill = rng.beta(6, 2, 60)  # pictures differ in difficulty
        right = rng.random((60, 5)) < skill[:, None]
        data = table({"right": right.ravel()}, np.repeat(np.arange(60), 5))
        estimate = measure(data, {"a": ACCURACY}, resamples=400, seed=trial).metrics["a"]
        hits += estimate.low <= 0.75 <= estimate.high
    assert 0.91 <= hits / 400 <= 0.98


def test_average_over_a_slice_is_the_mean_of_its_values() -> None:
    data = table({"right": [1, 1, 1, 0]}, range(4), {"split": ["x", "x", "x", "y"]})
    measured = measure(data, {"a": replace(ACCURACY, over="split")})
    assert measured.metrics["a"].value == 0.5
    assert measured.slices["split=x"]["a"].value == 1.0
    assert measure(data, {"a": ACCURACY}).metrics["a"].value == 0.75


def test_zero_denominator_is_zero_and_said() -> None:
    precision = Metric(lambda s: s.ratio(s.tp, s.tp + s.fp))
    estimate = measure(table({"tp": [0, 0], "fp": [0, 0]}, [0, 1]), {"p": precision}).metrics["p"]
    assert estimate.value == 0.0
    assert estimate.undefined


def test_one_cluster_has_no_interval_and_nothing_has_no_figures() -> None:
    one = measure(table({"right": [1, 0]}, ["a", "a"]), {"a": ACCURACY}).metrics["a"]
    assert one.value == 0.5
    assert one.low is None
    assert one.stderr is None
    assert measure(table({"right": []}, []), {"a": ACCURACY}).metrics == {}


def test_same_seed_same_interval_and_slices_with_none() -> None:
    data = table({"right": [1, 0, 1, 1, 0]}, range(5), {"s": ["x", None, "x", None, "y"]})
    first, again = (measure(data, {"a": ACCURACY}, seed=5) for _ in range(2))
    assert first == again
    assert set(first.slices) == {"s=x", "s=y"}


def test_unknown_count_names_those_there_are() -> None:
    with pytest.raises(AttributeError, match="no count 'wrong' \\(counts: right, n\\)"):
        measure(table({"right": [1]}, [0]), {"a": Metric(lambda s: s.wrong)})


def test_a_plain_division_by_zero_is_undefined_too() -> None:
    plain = Metric(lambda s: s.tp / s.asked)
    data = table({"tp": [1, 0], "asked": [1, 0]}, [0, 1], {"s": ["x", "y"]})
    measured = measure(data, {"p": plain})
    assert measured.slices["s=y"]["p"].value == 0.0
    assert measured.slices["s=y"]["p"].undefined
    assert measured.metrics["p"].value == 1.0
    assert not measured.metrics["p"].undefined
    assert 0.0 <= measured.metrics["p"].low <= measured.metrics["p"].high <= 1.0


def test_a_rare_slice_is_not_made_worse_by_resamples_without_it() -> None:
    # 40 pictures, a slice in 2 of them, all right: whatever is drawn, no answer of that slice is wrong
    slices = ["rare" if i < 2 else "usual" for i in range(40)]
    data = table({"right": [1] * 40}, range(40), {"s": slices})
    rare = measure(data, {"a": ACCURACY}).slices["s=rare"]["a"]
    assert (rare.value, rare.low, rare.high, rare.stderr) == (1.0, 1.0, 1.0, 0.0)
    averaged = measure(data, {"a": replace(ACCURACY, over="s")}).metrics["a"]
    assert (averaged.low, averaged.high) == (1.0, 1.0)


def test_a_resample_that_lacks_a_part_of_a_sum_is_left_out() -> None:
    # Two parts of one cluster each: most draws have but one of them, and twice that one is no total.
    data = table({"right": [1, 0]}, range(2), {"split": ["x", "y"]})
    summed = measure(data, {"a": replace(ACCURACY, over="split", combine="sum")}, resamples=200).metrics["a"]
    assert summed.value == 1
    assert (summed.low, summed.high) == (1, 1)
    mean = measure(data, {"a": replace(ACCURACY, over="split")}, resamples=200).metrics["a"]
    assert (mean.low, mean.high) == (0, 1)


def _pearson(counts, weights):
    x, y = counts["x"], counts["y"]
    total = weights.sum(axis=1, keepdims=True)
    dx, dy = x - weights @ x[:, None] / total, y - weights @ y[:, None] / total
    return (weights * dx * dy).sum(1) / np.sqrt((weights * dx**2).sum(1) * (weights * dy**2).sum(1))


def test_a_fitted_figure_is_fitted_again_on_the_same_resamples() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=300)
    columns = {"x": x, "y": x + rng.normal(size=300), "xx": x * x}
    clusters, part = rng.integers(0, 60, 300), np.where(rng.random(300) < 0.5, "a", "b")
    data = table(columns, clusters, {"part": part})
    mean = Metric(lambda s: s.ratio(s.x, s.n))
    again = Fitted(lambda counts, weights: weights @ counts["x"] / weights.sum(axis=1))
    measured = measure(
        data, {"mean": mean, "again": again, "r": Fitted(_pearson), "over": Fitted(_pearson, over="part")}
    )
    for found in (measured.metrics, measured.slices["part=a"]):
        assert found["again"].value == pytest.approx(found["mean"].value, abs=1e-12)
        assert found["again"].low == pytest.approx(found["mean"].low, abs=1e-12)
    assert measured.metrics["r"].value == pytest.approx(np.corrcoef(x, columns["y"])[0, 1], abs=1e-12)
    parts = [np.corrcoef(x[part == one], columns["y"][part == one])[0, 1] for one in "ab"]
    assert measured.metrics["over"].value == pytest.approx(np.mean(parts), abs=1e-12)


def test_a_fit_that_fails_is_undefined_and_few_draws_make_an_interval() -> None:
    data = table({"x": [1.0, 1.0, 1.0]}, ["a", "b", "c"])
    found = measure(data, {"r": Fitted(lambda c, w: np.full(len(w), np.nan))}).metrics["r"]
    assert (found.value, found.low, found.undefined) == (0.0, None, True)
    calls = []
    few = Fitted(lambda c, w: calls.append(len(w)) or w @ c["x"] / 3, draws=10)
    assert measure(data, {"few": few}).metrics["few"].low == 1.0
    assert sum(calls) == 11  # the value itself, and ten draws
