"""Bradley-Terry: against scikit-learn and the closed form; coverage of its intervals in tournaments of known strengths.

Coverage is averaged over the strengths. Of 2500 tournaments its noise is below 0.45 points (one standard error), so 1.5
is beyond it; of the 1000 for the bootstrap it is below 0.7, and percentiles of 300 draws take off another 0.4.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from mmeval.errors import DataError
from mmeval.statistics.bradley_terry import (
    against_baseline,
    battles,
    covariance,
    elo,
    logistic,
    resampled,
    sandwich,
    strengths,
    win_rate,
)

TRUTH = np.array([0.0, 0.4, -0.3, 0.8, -0.7])
Z = 1.959964


def made(seed: int = 0, n: int = 400, k: int = 2, ties: float = 0.2):
    """Battles of four models with k features, in a seeded tournament."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 4, n)
    second = (first + rng.integers(1, 4, n)) % 4
    features = rng.normal(size=(n, k))
    chance = expit(TRUTH[first] - TRUTH[second] + features.sum(axis=1) / 2)
    outcome = np.where(rng.random(n) < ties, 0.5, rng.random(n) < chance)
    names = np.array(["a", "b", "c", "d"])
    return battles(names[first].tolist(), names[second].tolist(), outcome, 1 + rng.integers(0, 3, n), features)


def test_scikit_learn_finds_the_same():
    of = made()
    design = np.zeros((len(of.outcome), 6))
    design[np.arange(len(design)), of.first] += 1
    design[np.arange(len(design)), of.second] -= 1
    design[:, 4:] = of.features
    both, sides = np.concatenate([design, design])[:, 1:], np.concatenate([of.outcome, 1 - of.outcome])
    weight = sides * np.concatenate([of.weight, of.weight])
    theirs = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
    theirs.fit(both, np.repeat([1, 0], len(design)), weight)
    assert strengths(of, "a")[0] == pytest.approx([0, *theirs.coef_[0]], abs=1e-5)


def test_one_pair_has_a_closed_form():
    of = battles(["base"] * 6, ["x", "x", "x", "x", "y", "y"], [1, 0, 0.5, 0, 0, 0.5], [3, 1, 1, 1, 1, 1])
    found = strengths(of, "base")[0]
    assert win_rate(elo(found)) == pytest.approx([0.5, *against_baseline([2, 1], [1, 1], [3, 0])], abs=1e-9)
    assert against_baseline(2, 1, 3) == 2.5 / 6
    assert np.isnan(against_baseline(0, 0, 0))


def test_what_is_drawn_is_what_is_fitted():
    of = made(n=60, k=0)
    weights = resampled(of, 3)
    assert weights.sum(axis=1).tolist() == [60, 60, 60]
    rows = np.repeat(np.arange(60), weights[1].astype(int))
    names = np.array(of.models)
    again = battles(names[of.first[rows]].tolist(), names[of.second[rows]].tolist(), of.outcome[rows], of.weight[rows])
    assert strengths(of, "b", weights)[1] == pytest.approx(strengths(again, "b")[0], abs=1e-9)


def test_clusters_are_drawn_whole():
    of = battles(["a"] * 4, ["b"] * 4, [1, 0, 1, 1], clusters=["q1", "q1", "q2", "q2"])
    weights = resampled(of, 50)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 2] == weights[:, 3]).all()
    assert set(weights[:, 0]) == {0, 1, 2}


def test_bootstrap_and_sandwich_agree():
    of = made(n=1000)
    found = strengths(of, "a")[0]
    drawn = strengths(of, "a", resampled(of, 400)).std(axis=0, ddof=1)
    errors = np.sqrt(np.diag(covariance(of, found, "a")))
    assert errors[0] == drawn[0] == 0
    assert drawn[1:] == pytest.approx(errors[1:], rel=0.12)


def test_the_baseline_only_moves_the_zero():
    of = made()
    a, c = strengths(of, "a")[0], strengths(of, "c")[0]
    assert a[:4] - a[2] == pytest.approx(c[:4], abs=1e-9)
    assert a[4:] == pytest.approx(c[4:], abs=1e-9)


def test_a_model_that_never_lost_wins_always():
    found = strengths(battles(["a", "a", "b"], ["b", "c", "c"], [1, 1, 0.5]), "b")[0]
    assert found[0] > 20
    assert win_rate(elo(found[0])) == pytest.approx(1)


def test_a_resample_without_a_model_has_no_strength_for_it():
    of = battles(["a", "a"], ["b", "c"], [1, 0.5])
    found = strengths(of, "a", np.array([[2.0, 0.0], [0.0, 2.0]]))
    assert np.isnan(found).tolist() == [[False, False, True], [False, True, False]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: strengths(battles(["a"], ["b"], [1]), "z"), r"no battle with the baseline 'z' \(models: a, b\)"),
        (lambda: strengths(battles(["a", "c"], ["b", "d"], [1, 0]), "a"), "no chain of battles joins c, d with"),
        (lambda: battles(["a"], ["b"], [1, 0]), "columns of"),
        (lambda: battles([], [], []), "at least one battle"),
        (lambda: battles(["a"], ["b"], [2]), "an outcome outside 0 to 1"),
        (lambda: battles(["a"], ["b"], [np.nan]), "an outcome outside 0 to 1"),
        (lambda: battles(["a"], ["b"], [1], [-1]), "a negative weight"),
        (lambda: battles(["a"], ["b"], [1], features=[[np.inf]]), "no finite number"),
    ],
)
def test_bad_battles(call, said):
    with pytest.raises(DataError, match=said):
        call()


def tournaments(models: int, games: int, ties: float, number: int, rng: np.random.Generator):
    """Every pair plays `games` times, `number` times over: (design, outcome of each cell, (number, cells) counts)."""
    first, second = np.triu_indices(models, 1)
    design = np.zeros((len(first), models))
    design[np.arange(len(first)), first] = 1
    design[np.arange(len(first)), second] = -1
    won = expit(TRUTH[first] - TRUTH[second]) - ties / 2
    counts = rng.multinomial(games, np.stack([won, np.full(len(won), ties), 1 - won - ties], 1), (number, len(won)))
    cells = counts.transpose(0, 2, 1).reshape(number, -1).astype(float)
    return np.tile(design[:, 1:], (3, 1)), np.repeat([1, 0.5, 0], len(won)), cells


def covered(found, errors, truth) -> float:
    return float((np.abs(found - truth) < Z * errors).mean())


@pytest.mark.parametrize("ties", [0.0, 0.3])
def test_sandwich_covers(ties):
    design, outcome, counts = tournaments(5, 60, ties, 2500, np.random.default_rng(1))
    found = logistic(design, outcome, counts)
    spread = np.sqrt(np.diagonal(sandwich(design, outcome, counts, found), axis1=1, axis2=2))
    assert covered(found, spread, TRUTH[1:]) == pytest.approx(0.95, abs=0.015)
    chance = expit(found @ design.T)
    bread = np.einsum("mn,np,nq->mpq", counts * chance * (1 - chance), design, design)
    model = np.sqrt(np.diagonal(np.linalg.inv(bread), axis1=1, axis2=2))
    # where ties make outcomes vary less than wins and losses would, the model's own errors are too wide
    assert (covered(found, model, TRUTH[1:]) > 0.975) == (ties > 0)


@pytest.mark.parametrize("ties", [0.0, 0.3])
def test_bootstrap_covers(ties):
    rng = np.random.default_rng(2)
    design, outcome, counts = tournaments(3, 150, ties, 1000, rng)
    hits = []
    for some in np.split(counts, 50):
        drawn = np.stack([rng.multinomial(450, one / 450, 300) for one in some]).astype(float)
        refits = logistic(design, outcome, drawn.reshape(-1, drawn.shape[2])).reshape(len(some), 300, 2)
        low, high = np.quantile(refits, [0.025, 0.975], axis=1)
        hits.append((low <= TRUTH[1:3]) & (TRUTH[1:3] <= high))
    assert np.mean(hits) == pytest.approx(0.95, abs=0.015)


def test_sandwich_covers_with_covariates():
    rng = np.random.default_rng(3)
    of = made(4, n=500)
    design = np.zeros((500, 6))
    design[np.arange(500), of.first] += 1
    design[np.arange(500), of.second] -= 1
    design[:, 4:] = of.features
    design, truth = design[:, 1:], np.array([*TRUTH[1:4], 0.5, -0.8])
    won = rng.random((2500, 500)) < expit(design @ truth)
    both, outcome = np.concatenate([design, design]), np.repeat([1.0, 0.0], 500)
    counts = np.concatenate([won, ~won], axis=1).astype(float)
    found = logistic(both, outcome, counts)
    errors = np.sqrt(np.diagonal(sandwich(both, outcome, counts, found), axis1=1, axis2=2))
    assert covered(found, errors, truth) == pytest.approx(0.95, abs=0.015)


def test_games_about_one_question_are_one_observation():
    """Both games of a question always end alike: by clusters the interval covers, by games it is too narrow."""
    rng, n = np.random.default_rng(5), 120
    won = np.repeat(rng.random((2500, n)) < expit(0.5), 2, axis=1)
    counts, outcome = np.concatenate([won, ~won], axis=1).astype(float), np.repeat([1.0, 0.0], 2 * n)
    design, question = np.ones((4 * n, 1)), np.tile(np.repeat(np.arange(n), 2), 2)
    found = logistic(design, outcome, counts)
    by_question, by_game = (np.sqrt(sandwich(design, outcome, counts, found, of)[:, 0]) for of in (question, None))
    assert covered(found, by_question, 0.5) == pytest.approx(0.95, abs=0.015)
    assert covered(found, by_game, 0.5) < 0.88
