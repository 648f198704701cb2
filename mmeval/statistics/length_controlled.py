"""Length-controlled win rate: the win rate that is predicted for answers as long as the baseline's.

Dubois, Galambosi, Liang & Hashimoto 2024, arXiv 2404.04475; rules of tatsu-lab/alpaca_eval metrics/glm_winrate.py. A
logistic regression explains each preference by tanh of the standardised difference in length, by how hard the
instruction is (a fixed table) and by a constant. Answers of two models that were told to be long and short regularise
the weight of length; they have no constant. The prediction leaves the first term out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mmeval.statistics.l1_logistic import fit

Array = npt.NDArray[np.float64]

CS: Array = np.logspace(-4, 4, 10)
FOLDS = 5
SEED = 123
GAMED_WEIGHT = 0.1  # 0.2 for two models
NEARLY_0 = 1e-15


@dataclass(frozen=True, slots=True)
class Compared:
    """A model's answers beside a baseline's, one element an instruction.

    preference: (n,) in [0, 1], 1 for the model; NaN without a verdict. shorter: (n,) characters of the baseline's
    answer less those of the model's. difficulty: (n,) of the instructions, or None: that term is left out then.
    gamed: (g, 3) standardised difference in length, difficulty and preference of the regularising rows, or None.
    """

    preference: Array
    shorter: Array
    difficulty: Array | None = None
    gamed: Array | None = None


@dataclass(frozen=True, slots=True)
class Controlled:
    """m fits. c: inverse strength of the penalty. coefficients: name -> (m,). win_rate: (m,), the mean prediction.
    standard_error: (m,), the predictions' spread over instructions over the root of their number: no error of
    sampling, since all come from one fit."""

    c: float
    coefficients: Mapping[str, Array] = field(repr=False)
    win_rate: Array
    standard_error: Array


def length_controlled(data: Compared, weights: Array | None = None, c: float | None = None) -> Controlled:
    """The length-controlled win rate of the rows as they are, or as often as `weights` (m, n) has them.

    c: the penalty's inverse strength; None has it chosen by cross-validation (`chosen_c`). The rows as they are have
    the official fit, which stops short of the optimum (by up to 0.012 points); resamples have the optimum. Figures are
    NaN where there is no verdict at all. The baseline itself wins half, as in the official script, without a fit.
    """
    often = np.ones((1, len(data.preference))) if weights is None else weights
    names = ("length", "constant") if data.difficulty is None else ("length", "difficulty", "constant")
    judged = ~np.isnan(data.preference)
    if not judged.any() or (not data.shorter.any() and (data.preference[judged] == 0.5).all()):
        zero, half = np.zeros(len(often)), np.full(len(often), 0.5 if judged.any() else np.nan)
        return Controlled(c or np.nan, dict.fromkeys(names, zero), half, 0 * half)
    c = chosen_c(data) if c is None else c
    features, labels, weight = _design(data, often)
    found = _fitted(features, labels, c * weight, _seeds(1) if weights is None else None)
    hard = found[:, 1:2] * data.difficulty if data.difficulty is not None else np.zeros((1, len(judged)))
    predicted = 1 / (1 + np.exp(-(found[:, -1:] + hard)))
    number = often.sum(axis=1)
    mean = (often * predicted).sum(axis=1) / number
    spread = (often * (predicted - mean[:, None]) ** 2).sum(axis=1) / (number - 1)
    return Controlled(c, dict(zip(names, found.T, strict=True)), mean, np.sqrt(spread / number))


def chosen_c(data: Compared) -> float:
    """Of the ten `CS` the one with the least log loss over five folds; of equals the smallest.

    Folds are scikit-learn's `GroupKFold` of rows as groups, as it is since its sort is stable (1.5.2 and before split
    otherwise, from machine to machine): row i of n, the gamed ones first, is in fold (n - 1 - i) mod 5.
    """
    features, labels, weight = _design(data, np.ones((1, len(data.preference))))
    n = len(labels)
    held = (n - 1 - np.arange(n)) % FOLDS == np.arange(min(FOLDS, n))[:, None]
    train = np.repeat(np.where(held, 0.0, weight), len(CS), axis=0)
    strength = np.tile(CS, len(held))[:, None]
    found = _fitted(features, labels, strength * train, np.tile(_seeds(len(CS)), len(held)))
    p = np.clip(1 / (1 + np.exp(-(found @ features.T))), NEARLY_0, 1 - NEARLY_0)
    loss = -weight * (labels * np.log(p) + (1 - labels) * np.log(1 - p))
    test = np.repeat(held, len(CS), axis=0)
    by_fold = (loss * test).sum(axis=1) / test.sum(axis=1)
    return float(CS[by_fold.reshape(len(held), len(CS)).mean(axis=0).argmin()])


def _design(data: Compared, often: Array) -> tuple[Array, Array, Array]:
    """Features (r, k), or (m, r, k) where the resamples' lengths spread differently, labels (r,) and weights (m, r):
    the gamed rows, then the model's rows with a verdict."""
    judged = ~np.isnan(data.preference)
    number = often.sum(axis=1, keepdims=True)
    centred = data.shorter - (often * data.shorter).sum(axis=1, keepdims=True) / number
    spread = np.sqrt((often * centred**2).sum(axis=1, keepdims=True) / (number - 1))
    apart = np.divide(data.shorter, spread, out=np.zeros(often.shape), where=spread > 0)
    hard = [] if data.difficulty is None else [np.broadcast_to(data.difficulty, often.shape)]
    own = np.stack([np.tanh(apart), *hard, np.ones(often.shape)], axis=2)[:, judged]
    labels, weight = data.preference[judged], often[:, judged]
    if data.gamed is not None:
        gamed = np.stack([np.tanh(data.gamed[:, 0]), data.gamed[:, 1], np.zeros(len(data.gamed))], axis=1)
        own = np.concatenate([np.broadcast_to(gamed, (len(own), *gamed.shape)), own], axis=1)
        labels = np.concatenate([data.gamed[:, 2], labels])
        weight = np.concatenate([np.full((len(weight), len(gamed)), GAMED_WEIGHT), weight], axis=1)
    return own[0] if len(own) == 1 else own, labels, weight


def _fitted(features: Array, labels: Array, weight: Array, seeds: npt.NDArray[np.int64] | None) -> Array:
    return fit(features, weight * labels, weight * (1 - labels), seeds)


def _seeds(number: int) -> npt.NDArray[np.int64]:
    """The seeds of one solver call after another, as scikit-learn draws them from `random_state`."""
    return np.random.RandomState(SEED).randint(np.iinfo(np.int32).max, size=number).astype(np.int64)
