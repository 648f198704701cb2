"""Bradley-Terry strengths from battles: ties, covariates, resampling and sandwich standard errors, Elo scale.

Bradley & Terry 1952, Biometrika 39: the first of two models wins with probability sigmoid(strength of the first less
that of the second). A tie is half a win for each, as in Chatbot Arena (Chiang et al. 2024, arXiv 2403.04132) and
Arena-Hard-Auto (arXiv 2406.11939); covariates that differ between the two answers stand beside the strengths.
Strengths are natural log-odds against a baseline, whose own is 0. A model that won or lost all it fought has no finite
one: it comes out far beyond 20, which is a win rate of 1 or 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from mmeval.errors import DataError
from mmeval.statistics.sums import Array, cluster_weights

MOST_STEPS = 100
CHUNK = 64  # refits at once: n battles take n * CHUNK * 8 bytes a few times over


@dataclass(frozen=True, slots=True)
class Battles:
    """Who fought whom, and how it went.

    models: their names, sorted. first, second: (n,) positions in `models`. outcome: (n,) 1 where the first won, 0 where
    the second did, 0.5 for a tie. weight: (n,) how much a battle counts. features: (n, k) covariates, positive where
    they favour the first. clusters: (n,) codes 0..g-1 of what is drawn as one (the battles about one question).
    """

    models: tuple[str, ...]
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    outcome: Array
    weight: Array
    features: Array
    clusters: npt.NDArray[np.int64]


def battles(
    first: Sequence[str],
    second: Sequence[str],
    outcome: Any,
    weight: Any = None,
    features: Any = None,
    clusters: Sequence[Any] | None = None,
) -> Battles:
    """`Battles` from columns. Without weights each counts once; without clusters each is drawn by itself.

    Raises `DataError` for columns of unequal lengths, no battle, an outcome outside [0, 1], a negative weight, or a
    feature that is not finite.
    """
    y = np.asarray(outcome, float)
    n = len(y)
    w = np.ones(n) if weight is None else np.asarray(weight, float)
    x = np.empty((n, 0)) if features is None else np.asarray(features, float).reshape(n, -1)
    labels: Sequence[Any] = range(n) if clusters is None else clusters
    if not n or {len(first), len(second), len(w), len(labels)} != {n}:
        lengths = (len(first), len(second), n, len(w), len(labels))
        raise DataError(f"battles: columns of {lengths} rows; they need one length, and at least one battle")
    if not ((y >= 0) & (y <= 1)).all() or not (w >= 0).all() or not np.isfinite(x).all():
        raise DataError("battles: an outcome outside 0 to 1, a negative weight or a feature that is no finite number")
    models = tuple(sorted({*first, *second}))
    at = {model: i for i, model in enumerate(models)}
    codes: dict[Any, int] = {}
    return Battles(
        models,
        np.array([at[model] for model in first], np.int64),
        np.array([at[model] for model in second], np.int64),
        y,
        w,
        x,
        np.array([codes.setdefault(label, len(codes)) for label in labels], np.int64),
    )


def strengths(of: Battles, baseline: str, weights: Array | None = None) -> Array:
    """Strengths and effects of the covariates, (m, models + k), the baseline's column 0.

    weights: (m, n) how often each battle stands in each of m resamples; ones without it. NaN for a model that a
    resample lacks. Raises `DataError` for an unknown baseline, and for models that no chain of battles joins with it,
    whose strengths no data can tell.
    """
    base = _position(of, baseline)
    drawn = np.ones((1, len(of.outcome))) if weights is None else np.asarray(weights, float)
    design, kept = _design(of, base)
    p = len(of.models)
    found = np.zeros((len(drawn), p + of.features.shape[1]))
    cells, outcome, cell = _cells(design, of.outcome)
    for start in range(0, len(drawn), CHUNK):
        rows = slice(start, start + CHUNK)
        counted = (drawn[rows] * of.weight) @ cell
        found[rows, kept] = logistic(cells, outcome, counted)
    there = np.stack([(drawn * ((of.first == i) | (of.second == i))).any(axis=1) for i in range(p)], axis=1)
    found[:, :p][~there | ~there[:, [base]]] = np.nan
    return found


def _position(of: Battles, baseline: str) -> int:
    if baseline not in of.models:
        raise DataError(f"no battle with the baseline {baseline!r} (models: {', '.join(of.models)})")
    base, p = of.models.index(baseline), len(of.models)
    used = of.weight > 0
    graph = coo_array((np.ones(used.sum()), (of.first[used], of.second[used])), shape=(p, p))
    part = connected_components(graph, directed=False)[1]
    apart = [model for model, one in zip(of.models, part, strict=True) if one != part[base]]
    if apart:
        raise DataError(f"no chain of battles joins {', '.join(apart)} with the baseline {baseline!r}")
    return base


def _design(of: Battles, baseline: int) -> tuple[Array, npt.NDArray[np.int64]]:
    """+1 for the first, -1 for the second, then the features; and which columns are kept: all but the baseline's."""
    n, p = len(of.outcome), len(of.models)
    design = np.zeros((n, p + of.features.shape[1]))
    design[np.arange(n), of.first] += 1
    design[np.arange(n), of.second] -= 1
    design[:, p:] = of.features
    kept = np.delete(np.arange(design.shape[1]), baseline)
    return design[:, kept], kept


def _cells(design: Array, outcome: Array) -> tuple[Array, Array, Any]:
    """Rows that differ, and the sparse (n, rows) matrix that adds battles up into them."""
    both, code = np.unique(np.column_stack([design, outcome]), axis=0, return_inverse=True)
    n = len(outcome)
    cell = coo_array((np.ones(n), (np.arange(n), code.reshape(-1))), shape=(n, len(both))).tocsr()
    return both[:, :-1], both[:, -1], cell


def logistic(design: Array, outcome: Array, weights: Array) -> Array:
    """Coefficients (m, p) of m logistic regressions on one design (n, p), without an intercept, by Newton's method.

    outcome: (n,) in [0, 1]. weights: (m, n). What the data leave open (a column of zeros) stays 0.
    McCullagh & Nelder 1989, section 4.4. scikit-learn fits one at a time; this fits all resamples together.
    """
    m, p = len(weights), design.shape[1]
    squares = (design[:, :, None] * design[:, None, :]).reshape(len(design), p * p)
    found, log_odds = np.zeros((m, p)), np.zeros(weights.shape)
    for _ in range(MOST_STEPS):
        chance = expit(log_odds)
        slope = (weights * (outcome - chance)) @ design
        curve = ((weights * chance * (1 - chance)) @ squares).reshape(m, p, p)
        largest = np.abs(curve).max(axis=(1, 2))
        # a trace of ridge in the step alone: the solution is the same, and a singular matrix can be solved
        step = np.linalg.solve(curve + (1e-10 * largest + 1e-300)[:, None, None] * np.eye(p), slope[:, :, None])[
            :, :, 0
        ]
        move = step @ design.T
        short = np.minimum(1, 4 / np.maximum(np.abs(move).max(axis=1, initial=0), 1e-300))[:, None]
        found, log_odds = found + short * step, log_odds + short * move
        if (np.abs(slope).max(axis=1, initial=0) <= 1e-10 * np.maximum(weights.sum(axis=1), 1)).all():
            break
    return found


def covariance(of: Battles, found: Array, baseline: str, clustered: bool = True) -> Array:
    """Sandwich covariance (models + k, models + k) of one row of `strengths`; the baseline's row and column are 0.

    White 1982, Econometrica 50; by clusters Liang & Zeger 1986, Biometrika 73, times g / (g - 1). Right as well where
    ties make outcomes vary less than the model says, and where one question's battles go the same way.
    clustered=False: each battle is its own cluster.
    """
    design, kept = _design(of, _position(of, baseline))
    clusters = of.clusters if clustered else np.arange(len(of.outcome))
    made = np.zeros((len(found), len(found)))
    made[np.ix_(kept, kept)] = sandwich(design, of.outcome, of.weight[None], found[kept][None], clusters)[0]
    return made


def sandwich(
    design: Array, outcome: Array, weights: Array, found: Array, clusters: npt.NDArray[np.int64] | None = None
) -> Array:
    """Sandwich covariances (m, p, p) of m regressions as in `logistic`, of their coefficients `found` (m, p).

    clusters: (n,) codes; without them each unit of weight is an independent battle.
    """
    m, p = found.shape
    squares = (design[:, :, None] * design[:, None, :]).reshape(len(design), p * p)
    chance = expit(found @ design.T)
    bread = np.linalg.pinv(((weights * chance * (1 - chance)) @ squares).reshape(m, p, p), hermitian=True)
    if clusters is None:
        groups = weights.sum(axis=1)
        meat = ((weights * (outcome - chance) ** 2) @ squares).reshape(m, p, p)
    else:
        groups = np.full(m, float(clusters.max() + 1))
        adds = coo_array((np.ones(len(design)), (clusters, np.arange(len(design)))))
        added = np.stack([adds @ (row[:, None] * design) for row in weights * (outcome - chance)])
        meat = added.transpose(0, 2, 1) @ added
    grown: Array = (groups / (groups - 1))[:, None, None] * (bread @ meat @ bread)
    return grown


def resampled(of: Battles, draws: int, seed: int = 0) -> Array:
    """Weights (draws, n) for `strengths`: clusters drawn with replacement, each with all its battles."""
    k = int(of.clusters.max()) + 1
    return np.concatenate(list(cluster_weights(k, draws, seed)))[:, of.clusters]


def drawn(rows: npt.NDArray[np.int64], n: int) -> Array:
    """Weights (m, n) for `strengths` from (m, any) positions of drawn battles."""
    m = len(rows)
    counted = np.bincount((rows + n * np.arange(m)[:, None]).ravel(), minlength=m * n)
    return counted.reshape(m, n).astype(np.float64)


def elo(strength: Any, anchor: float = 1000.0, scale: float = 400.0) -> Array:
    """Ratings: the baseline's is the anchor, and `scale` points more are odds of ten to one (Elo 1978)."""
    return anchor + scale / math.log(10) * np.asarray(strength, float)


def win_rate(rating: Any, baseline: float = 1000.0, scale: float = 400.0) -> Array:
    """The chance to beat the baseline, from ratings on the Elo scale."""
    rate: Array = expit((np.asarray(rating, float) - baseline) * math.log(10) / scale)
    return rate


def against_baseline(won: Any, tied: Any, lost: Any) -> Array:
    """The Bradley-Terry win rate of a model that only ever met the baseline: its mean outcome; NaN without a battle.

    The likelihood of one pair is that of a coin: its maximum is where sigmoid(strength) is (won + tied/2) / all.
    won, tied, lost: weighted numbers of battles.
    """
    won, tied, lost = (np.asarray(one, float) for one in (won, tied, lost))
    with np.errstate(invalid="ignore", divide="ignore"):
        rate: Array = (won + tied / 2) / (won + tied + lost)
    return rate
