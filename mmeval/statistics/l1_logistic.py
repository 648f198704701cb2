"""Logistic regression with an L1 penalty, many problems over a few features at once.

Yuan, Ho & Lin 2012, "An improved GLMNET for L1-regularized logistic regression", JMLR 13: Newton steps whose
directions come from coordinate descent on the quadratic model, with a backtracking line search. LIBLINEAR (solver
`L1R_LR`) is the authors' own; scikit-learn's `liblinear` is that, with other random numbers. It stops early, so that a
fit is told by its path: ours takes the same steps, with the order of coordinates from the same random numbers, and
stops at the same one. What costs time is over rows and is done for all problems together; the rest is over features.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Step = tuple[Array, npt.NDArray[np.bool_]]

NEWTON_STEPS = 100  # scikit-learn's default, as is TOLERANCE; the others are LIBLINEAR's
TOLERANCE = 1e-4
DESCENT_PASSES = 1000
HALVINGS = 20
ENOUGH = 0.01  # of the decrease that the quadratic model promises
RIDGE = 1e-12
LONGEST, SHORTEST = 10.0, 1e-12
OPTIMUM = 1e-6  # TOLERANCE where nobody's path is followed
FEW_PASSES, SETTLED = 20, 1e-9
DRAWS = 1 << 12  # random numbers held for a seed; a fit takes a few hundred


def fit(features: Array, ones: Array, zeros: Array, seeds: npt.NDArray[np.int64] | None = None) -> Array:
    """Coefficients (m, k) of m problems over n rows and k features, without an intercept of their own.

    Problem i: the least |t|_1 + sum over rows of ones[i] * log(1 + exp(-x.t)) + zeros[i] * log(1 + exp(x.t)).
    features: (n, k) of all problems, or (m, n, k). ones, zeros: (m, n), the weight of each row under label 1 and
    under label 0, C included; where both are above 0 it counts as two rows in LIBLINEAR's tolerances, as it does where
    each row has one label. seeds: (m,) for the order of coordinates on LIBLINEAR's path; without them the fit goes on
    to the optimum, all problems' coordinates together, which is quicker where there are many.
    """
    m, k = len(ones), features.shape[-1]
    found = np.zeros((m, k))
    live = np.arange(m)
    x, total = features, ones + zeros
    below = _over_rows(zeros, x)
    towards = _Optimum(m) if seeds is None else _Path(ones, zeros, seeds, k)
    odds = np.ones_like(total)  # exp(x.t)
    for _ in range(NEWTON_STEPS):
        share = 1 / (1 + odds)
        tau = total * share
        gradient = below - _over_rows(tau, x)
        target, going = towards.step(live, found[live], gradient, _curvature(tau * share * odds, x))
        if not going.any():
            break
        if not going.all():
            live, total, below, odds = live[going], total[going], below[going], odds[going]
            x, zeros, gradient = x[going] if x.ndim == 3 else x, zeros[going], gradient[going]
        found[live], odds = _searched(x, total, zeros, found[live], target[going] - found[live], gradient, odds)
    return found


def _searched(
    x: Array, total: Array, zeros: Array, start: Array, move: Array, gradient: Array, odds: Array
) -> tuple[Array, Array]:
    """Where a line search from `start` along `move` ends, and exp(x.t) there; a move that never helps is not made."""
    move, norm = move.copy(), np.abs(start).sum(axis=1)
    promised = (gradient * move).sum(axis=1) + np.abs(start + move).sum(axis=1) - norm
    end, after = start.copy(), odds.copy()
    open_ = np.arange(len(start))
    for _ in range(HALVINGS):
        along = _projected(move[open_], x[open_] if x.ndim == 3 else x)
        factor = np.exp(along)
        new = odds[open_] * factor
        loss = (zeros[open_] * along + total[open_] * np.log((1 + new) / (factor + new))).sum(axis=1)
        change = np.abs(start[open_] + move[open_]).sum(axis=1) - norm[open_] + loss
        helps = change <= ENOUGH * promised[open_]
        end[open_[helps]] = (start + move)[open_[helps]]
        after[open_[helps]] = new[helps]
        open_ = open_[~helps]
        if not len(open_):
            break
        move[open_] /= 2
        promised[open_] /= 2
    return end, after


class _Optimum:
    """Newton steps of problems of which only the optimum matters."""

    def __init__(self, m: int):
        self.first = np.full(m, -1.0)  # sum of violations at the start

    def step(self, live: npt.NDArray[np.int64], at: Array, gradient: Array, hessian: Array) -> Step:
        """Where to go from `at`, (problems, k), and which problems aren't there yet."""
        off = np.abs(gradient + np.sign(at))
        violation = np.where(at != 0, off, np.maximum(np.abs(gradient) - 1, 0)).sum(axis=1)
        self.first[live] = np.where(self.first[live] < 0, violation, self.first[live])
        going = violation > OPTIMUM * self.first[live]
        full = hessian + RIDGE * np.eye(at.shape[1])
        newton = at - np.linalg.solve(full, (gradient + np.sign(at))[:, :, None])[:, :, 0]
        kept = (at * newton > 0).all(axis=1, keepdims=True)  # no coordinate crosses 0: the model's very minimum
        end = np.where(kept, newton, at)
        for _ in range(FEW_PASSES if going.any() else 0):
            before = end.copy()
            for j in range(at.shape[1]):
                slope = gradient[:, j] + (hessian[:, j] * (end - at)).sum(axis=1)
                best = end[:, j] - slope / full[:, j, j]
                end[:, j] = np.sign(best) * np.maximum(np.abs(best) - 1 / full[:, j, j], 0)
            if (np.abs(end - before) <= SETTLED * (1 + np.abs(end))).all():
                break
        return end, going


class _Path:
    """Newton steps as LIBLINEAR takes them, problem by problem."""

    def __init__(self, ones: Array, zeros: Array, seeds: npt.NDArray[np.int64], k: int):
        labelled = zip((ones > 0).sum(axis=1).tolist(), (zeros > 0).sum(axis=1).tolist(), strict=True)
        self.descents = [
            _Descent(_numbers(seed), max(a + b, 1), max(min(a, b), 1), list(range(k)))
            for seed, (a, b) in zip(seeds.tolist(), labelled, strict=True)
        ]

    def step(self, live: npt.NDArray[np.int64], at: Array, gradient: Array, hessian: Array) -> Step:
        """As `_Optimum.step`."""
        steps = [
            self.descents[i].step(*of)
            for i, *of in zip(live.tolist(), at.tolist(), gradient.tolist(), hessian.tolist(), strict=True)
        ]
        going = np.array([step is not None for step in steps], bool)
        return np.array([a if step is None else step for a, step in zip(at, steps, strict=True)]), going


@dataclass(slots=True)
class _Descent:
    """Coordinate descent on one problem's quadratic models, from Newton step to Newton step.

    rows, rarer: number of rows, and of those with the rarer label. order: the features; those that stay at zero are
    set aside at its end. largest: violation of the step before. first: sum of violations at the start. loose: a model
    is solved to this share of it.
    """

    numbers: list[int]
    rows: int
    rarer: int
    order: list[int]
    drawn: int = 0
    largest: float = np.inf
    first: float | None = None
    loose: float = 1.0
    active: int = field(default=0)

    def step(self, at: list[float], gradient: list[float], hessian: list[list[float]]) -> list[float] | None:
        """The minimum of the quadratic model with its penalty, about; None when `at` is good enough already."""
        violations = self._violations(at, gradient)
        if self.first is None:
            self.first = sum(violations)
        if sum(violations) <= TOLERANCE * self.rarer / self.rows * self.first:
            return None
        self.largest = max(violations)
        end = list(at)
        size, largest, passes = self.active, np.inf, 0
        while passes < DESCENT_PASSES:
            size, now = self._pass(end, at, gradient, hessian, size, largest)
            passes += 1
            largest = max(now, default=0.0)
            if sum(now) <= self.loose * self.first:
                if size == self.active:
                    break
                size, largest = self.active, np.inf
        if passes == 1:
            self.loose /= 4
        return end

    def _violations(self, at: list[float], gradient: list[float]) -> list[float]:
        """By how much each coordinate misses its optimality condition; those safely at zero are set aside."""
        found: list[float] = []
        self.active = len(self.order)
        place = 0
        while place < self.active:
            j = self.order[place]
            violation = _violation(at[j], gradient[j], self.largest / self.rows)
            if violation is None:
                self.active -= 1
                self._swap(place, self.active)
                continue
            found.append(violation)
            place += 1
        return found

    def _pass(
        self,
        end: list[float],
        at: list[float],
        gradient: list[float],
        hessian: list[list[float]],
        size: int,
        largest: float,
    ) -> tuple[int, list[float]]:
        """Each coordinate of `end` once, in random order; how many are still in play, and their violations before."""
        for place in range(size):
            self._swap(place, place + self._below(size - place))
        found: list[float] = []
        place = 0
        while place < size:
            j = self.order[place]
            slope = gradient[j] + RIDGE * (end[j] - at[j])
            slope += sum(bend * (b - a) for bend, a, b in zip(hessian[j], at, end, strict=True))
            violation = _violation(end[j], slope, largest / self.rows)
            if violation is None:
                size -= 1
                self._swap(place, size)
                continue
            found.append(violation)
            place += 1
            bend = hessian[j][j] + RIDGE
            if slope + 1 < bend * end[j]:
                move = -(slope + 1) / bend
            elif slope - 1 > bend * end[j]:
                move = -(slope - 1) / bend
            else:
                move = -end[j]
            if abs(move) >= SHORTEST:
                end[j] += min(max(move, -LONGEST), LONGEST)
        return size, found

    def _swap(self, a: int, b: int) -> None:
        self.order[a], self.order[b] = self.order[b], self.order[a]

    def _below(self, bound: int) -> int:
        """A random integer in [0, bound) from 32 random bits (Lemire 2019, arXiv 1805.10941)."""
        while True:
            product = self.numbers[self.drawn % DRAWS] * bound
            self.drawn += 1
            low = product & 0xFFFFFFFF
            if low >= bound or low >= (1 << 32) % bound:
                return product >> 32


def _violation(value: float, slope: float, safe: float) -> float | None:
    """|subgradient| of a coordinate with the penalty; None for one at zero that is farther than `safe` from leaving."""
    if value > 0:
        return abs(slope + 1)
    if value < 0:
        return abs(slope - 1)
    if slope + 1 < 0:
        return -(slope + 1)
    if slope - 1 > 0:
        return slope - 1
    return None if slope + 1 > safe and slope - 1 < -safe else 0.0


@lru_cache(32)
def _numbers(seed: int) -> list[int]:
    """32 random bits a time, of a Mersenne Twister with that seed."""
    numbers: list[int] = np.random.RandomState(seed).randint(0, 1 << 32, DRAWS, dtype=np.uint32).tolist()
    return numbers


def _over_rows(weights: Array, x: Array) -> Array:
    """(m, n) weights, (n, k) or (m, n, k) features -> (m, k) weighted sums of the features."""
    summed: Array = weights @ x if x.ndim == 2 else (weights[:, None] @ x)[:, 0]
    return summed


def _projected(t: Array, x: Array) -> Array:
    """x.t, (m, n)."""
    projected: Array = t @ x.T if x.ndim == 2 else (x @ t[:, :, None])[:, :, 0]
    return projected


def _curvature(weights: Array, x: Array) -> Array:
    """Weighted sums of the products of any two features, (m, k, k)."""
    if x.ndim == 2:
        n, k = x.shape
        flat: Array = weights @ (x[:, :, None] * x[:, None, :]).reshape(n, k * k)
        return flat.reshape(-1, k, k)
    curved: Array = np.swapaxes(x * weights[:, :, None], 1, 2) @ x
    return curved
