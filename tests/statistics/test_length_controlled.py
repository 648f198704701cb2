"""Length-controlled win rate: beside scikit-learn's fit, on made-up preferences, and at its edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmeval.statistics.l1_logistic import fit
from mmeval.statistics.length_controlled import CS, FOLDS, GAMED_WEIGHT, SEED, Compared, chosen_c, length_controlled


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def made_up(n=300, seed=0, better=-0.8, length=-1.5, longer=0.0) -> Compared:
    """Preferences by the very model: `better` is how much the model is preferred at equal length, `length` what
    standardised brevity does, `longer` by how many characters the model's answers are longer on average."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 0.8, n)
    shorter = rng.normal(-longer, 400, n).round()
    chance = sigmoid(better + length * np.tanh(shorter / shorter.std(ddof=1)) + 0.7 * hard)
    apart = np.concatenate([rng.normal(-1, 0.7, n), rng.normal(1, 0.7, n)])
    liked = sigmoid(length * np.tanh(apart) + 0.7 * np.tile(hard, 2))
    gamed = np.stack([apart, np.tile(hard, 2), (rng.random(2 * n) < liked).astype(float)], axis=1)
    return Compared(rng.beta(3 * chance, 3 * (1 - chance)), shorter, hard, gamed)


def rows_of(data: Compared):
    """Features, labels and weights as the official script has them, in float64."""
    x = np.stack([np.tanh(data.shorter / data.shorter.std(ddof=1)), data.difficulty, np.ones(len(data.shorter))], 1)
    gamed = np.stack([np.tanh(data.gamed[:, 0]), data.gamed[:, 1], np.zeros(len(data.gamed))], axis=1)
    weight = np.repeat([GAMED_WEIGHT, 1.0], [len(gamed), len(x)])
    return np.concatenate([gamed, x]), np.concatenate([data.gamed[:, 2], data.preference]), weight


def seeds(number):
    return np.random.RandomState(SEED).randint(np.iinfo(np.int32).max, size=number).astype(np.int64)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(4))
def test_liblinear_at_every_c(seed):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y, weight = rows_of(made_up(seed=seed, better=seed - 2))
    ones, zeros = weight * y, weight * (1 - y)
    ours = fit(x, CS[:, None] * ones, CS[:, None] * zeros, np.repeat(seeds(1), len(CS)))
    for c, found in zip(CS, ours, strict=True):
        model = linear_model.LogisticRegression(
            C=c, penalty="l1", solver="liblinear", fit_intercept=False, random_state=SEED
        ).fit(np.concatenate([x, x]), np.repeat([1, 0], len(y)), sample_weight=np.concatenate([ones, zeros]))
        assert found == pytest.approx(model.coef_[0], abs=1e-8)


@pytest.mark.filterwarnings("ignore")
def test_folds_and_their_losses_as_in_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    split = pytest.importorskip("sklearn.model_selection").GroupKFold(FOLDS)
    for seed in range(3):
        data = made_up(n=60, seed=seed)
        x, y, weight = rows_of(data)
        both, twice, label = np.concatenate([weight * y, weight * (1 - y)]), np.concatenate([x, x]), np.arange(2)[::-1]
        losses = np.zeros(len(CS))
        for train, test in split.split(both, groups=np.tile(np.arange(len(y)), 2)):
            state, held = np.random.RandomState(SEED), test[test < len(y)]
            for i, c in enumerate(CS):
                model = linear_model.LogisticRegression(
                    C=c, penalty="l1", solver="liblinear", fit_intercept=False, random_state=state
                ).fit(twice[train], label.repeat(len(y))[train], sample_weight=both[train])
                p = model.predict_proba(x[held])[:, 1]
                losses[i] -= np.mean(weight[held] * (y[held] * np.log(p) + (1 - y[held]) * np.log(1 - p)))
        assert chosen_c(data) == CS[losses.argmin()]


def test_the_optimum_without_scikit_learn():
    """Subgradients vanish, to either tolerance, with features of their own for each problem as well."""
    x, y, weight = rows_of(made_up())
    ones, zeros = 20 * weight * y, 20 * weight * (1 - y)
    start = x.T @ ((ones + zeros) / 2 - ones)
    for seed, tolerance in ((seeds(1), 1e-4), (None, 1e-6)):
        (shared,) = fit(x, ones[None], zeros[None], seed)
        twice = None if seed is None else seed.repeat(2)
        own = fit(np.stack([x, x * [0.5, 1, 1]]), np.stack([ones, ones]), np.stack([zeros, zeros]), twice)
        assert own[0] == pytest.approx(shared, abs=1e-10)
        assert own[1] != pytest.approx(shared, abs=1e-3)
        slope = x.T @ ((ones + zeros) * sigmoid(x @ shared) - ones)
        assert np.abs(slope + np.sign(shared)).sum() <= tolerance * np.abs(start).sum()


def test_the_optimum_has_zeros():
    x, y, weight = rows_of(made_up())
    ones, zeros = CS[:, None] * weight * y, CS[:, None] * weight * (1 - y)
    path, optimum = fit(x, ones, zeros, seeds(1).repeat(len(CS))), fit(x, ones, zeros)
    assert ((path == 0) == (optimum == 0)).all()
    assert (optimum[0] == 0).all()
    assert (optimum[-1] != 0).all()
    assert optimum == pytest.approx(path, abs=5e-3)


def test_a_weight_of_two_is_the_row_twice():
    data = made_up(n=80)
    often = np.random.default_rng(1).integers(0, 3, 80)
    twice = [one.repeat(often) for one in (data.preference, data.shorter, data.difficulty)]
    ours = length_controlled(data, often[None].astype(float), 2.78)
    theirs = length_controlled(Compared(*twice, data.gamed), c=2.78)
    assert ours.win_rate == pytest.approx(theirs.win_rate, abs=1e-5)
    assert ours.standard_error == pytest.approx(theirs.standard_error, abs=1e-5)


@pytest.mark.parametrize("gamed", [True, False])
def test_an_equal_model_with_longer_answers(gamed):
    """Equal at equal length: the plain win rate is far from a half, the length-controlled one is not."""
    data = made_up(n=805, seed=3, better=0.0, length=-2.0, longer=300.0)
    data = data if gamed else replace(data, gamed=None)
    found = length_controlled(data)
    spread = length_controlled(data, np.random.default_rng(0).multinomial(805, np.full(805, 1 / 805), 100), found.c)
    assert data.preference.mean() > 0.6
    assert abs(found.win_rate[0] - 0.5) < 3 * spread.win_rate.std()
    assert spread.win_rate.std() < 0.03
    assert found.coefficients["length"][0] == pytest.approx(-2, abs=0.3)


def test_predictions_cover_rows_without_a_verdict():
    data = made_up(n=100)
    holes = np.where(np.arange(100) < 10, np.nan, data.preference)
    found = length_controlled(replace(data, preference=holes), c=2.78)
    t = {name: value[0] for name, value in found.coefficients.items()}
    predicted = sigmoid(t["constant"] + t["difficulty"] * data.difficulty)
    assert found.win_rate[0] == pytest.approx(predicted.mean(), abs=1e-12)
    assert found.standard_error[0] == pytest.approx(predicted.std(ddof=1) / 10, abs=1e-12)


def test_without_difficulty_the_constant_is_all():
    data = replace(made_up(), difficulty=None, gamed=None)
    found = length_controlled(data)
    assert set(found.coefficients) == {"length", "constant"}
    assert found.win_rate == pytest.approx(sigmoid(found.coefficients["constant"]), abs=1e-12)
    assert found.standard_error[0] == pytest.approx(0, abs=1e-12)


def test_edges():
    data = made_up(n=20)
    none = length_controlled(replace(data, preference=np.full(20, np.nan)), np.ones((3, 20)))
    assert np.isnan(none.win_rate).all()
    assert none.win_rate.shape == (3,)
    itself = length_controlled(replace(data, preference=np.full(20, 0.5), shorter=np.zeros(20)))
    assert (itself.win_rate[0], itself.standard_error[0]) == (0.5, 0)
    same_length = length_controlled(replace(data, shorter=np.zeros(20)))
    assert np.isfinite(same_length.win_rate).all()
    always = length_controlled(replace(data, preference=np.ones(20)))
    assert always.win_rate[0] > 0.5
    one = Compared(np.array([1.0]), np.array([3.0]))
    with np.errstate(invalid="ignore", divide="ignore"):
        assert 0.5 <= length_controlled(one).win_rate[0] <= 1
