"""Correlations on resamples, against scipy on the resamples written out."""

from __future__ import annotations

import numpy as np
import pytest

from mmeval.statistics.correlation import correlated, kendall, midranks, pearson, spearman
from mmeval.statistics.sums import cluster_weights, measure, table

stats = pytest.importorskip("scipy.stats")
SCIPY = {pearson: stats.pearsonr, spearman: stats.spearmanr, kendall: stats.kendalltau}


def drawn(n: int, m: int = 6) -> np.ndarray:
    """Weights of resamples of n samples in clusters of one to three."""
    clusters = np.random.default_rng(3).integers(0, max(2, n // 2), n)
    (weights,) = cluster_weights(int(clusters.max()) + 1, m, 5)
    return np.concatenate([np.ones((1, n)), weights[:, clusters]])


@pytest.mark.parametrize("how", SCIPY, ids=lambda how: how.__name__)
@pytest.mark.parametrize("kind", ["ratings", "real", "real and ratings", "two values"])
def test_as_scipy_on_the_resample(how, kind):
    rng = np.random.default_rng(7)
    x = rng.normal(size=57)
    y = x + rng.normal(size=57)
    if kind == "ratings":
        x, y = np.round(x), np.round(y)
    elif kind == "real and ratings":
        y = np.clip(np.round(y), -1, 1)
    elif kind == "two values":
        x, y = (x > 0).astype(float), (y > 0.3).astype(float)
    weights = drawn(57)
    expected = [SCIPY[how](np.repeat(x, row.astype(int)), np.repeat(y, row.astype(int)))[0] for row in weights]
    assert np.allclose(how(x, y, weights), expected, rtol=0, atol=1e-13)


def test_midranks_are_those_of_the_resample():
    x = np.array([3.0, 1.0, 3.0, 2.0, 1.0])
    weights = np.array([[1.0, 1, 1, 1, 1], [2, 0, 1, 3, 1]])
    ranks = midranks(x, weights)
    for row, rank in zip(weights.astype(int), ranks, strict=True):
        assert np.array_equal(np.repeat(rank, row), stats.rankdata(np.repeat(x, row)))


@pytest.mark.parametrize("how", SCIPY, ids=lambda how: how.__name__)
def test_no_figure_where_one_side_does_not_vary(how):
    rng = np.random.default_rng(1)
    x = rng.normal(size=9)
    assert np.isnan(how(x, np.full(9, 0.1), np.ones((2, 9)))).all()
    assert np.isnan(how(x, rng.normal(size=9), np.eye(9)[:2])).all()  # resamples of one sample
    assert np.isnan(how(np.zeros(0), np.zeros(0), np.ones((2, 0)))).all()


def test_large_offsets_do_not_spoil_pearson():
    rng = np.random.default_rng(2)
    x = 0.5 + 1e-9 * rng.normal(size=400)
    y = 1e6 + rng.normal(size=400)
    assert pearson(x, y, np.ones((1, 400)))[0] == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-6)


def test_metrics_over_a_slice_and_within_parts():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=90), rng.normal(size=90)
    sets = np.repeat(["a", "b", "c"], 30)
    half = np.where((sets == "c") & (np.arange(90) >= 75), 1.0, 0.0)
    known = (np.arange(90) % 7 > 0).astype(float)
    metrics = {
        "known": correlated(spearman, "x", "y", where="known"),
        "pooled": correlated(spearman, "x", "y"),
        "mean": correlated(spearman, "x", "y", over="set", within="half"),
    }
    found = measure(table({"x": x, "y": y, "half": half, "known": known}, range(90), {"set": sets}), metrics, 200)

    def rho(part):
        return stats.spearmanr(x[part], y[part])[0]

    c = (rho(slice(60, 75)) + rho(slice(75, 90))) / 2
    assert found.metrics["known"].value == pytest.approx(rho(known == 1))
    assert found.metrics["pooled"].value == pytest.approx(rho(slice(None)))
    assert found.slices["set=c"]["mean"].value == pytest.approx(c)
    assert found.metrics["mean"].value == pytest.approx((rho(slice(0, 30)) + rho(slice(30, 60)) + c) / 3)
    for estimate in found.metrics.values():
        assert estimate.low < estimate.value < estimate.high
        assert estimate.stderr == pytest.approx(1 / np.sqrt(90), rel=0.3)
