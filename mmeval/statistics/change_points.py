"""Where a figure's level changed over the nights, and whether tonight's lies outside its level.

Each night's figure comes with its standard error, so the noise is known and need not be guessed from the series: a
change is one that is larger than drawing other samples could make it. The segments are those of least squares with a
penalty for each change (Killick, Fearnhead & Eckley 2012, Optimal Detection of Changepoints, JASA 107), found by
ruptures (Truong, Oudre & Vayatis 2020, Signal Processing 167).

Nights that ask the same samples share most of that error, so a flat series wanders less than its standard errors say
and false alarms are rarer still. One that wanders more (checkpoints that truly differ every night) raises the bar.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Chosen by simulation (bench/change_points.py), so that about 1 in 1000 flat series of any length shows a change.
PENALTY_OFFSET = 5.0
LEAST_PENALTY = 12.0
# Tonight's distance from the level before it, in standard errors: about 1 in 1000 nights lies outside by chance.
LIMIT = 3.3
BEGUN = 3  # nights that make a level
ENOUGH_TO_WANDER = 10  # nights, from which on the wandering of a series can be told from its jumps


@dataclass(frozen=True, slots=True)
class Level:
    """Nights start..end-1 of a series, with their mean weighted by 1 / stderr^2, and that mean's standard error."""

    start: int
    end: int
    mean: float
    stderr: float


@dataclass(frozen=True, slots=True)
class Newest:
    """The last night against the level of the nights before it. z: their distance in standard errors."""

    level: Level
    z: float

    @property
    def outside(self) -> bool:
        """Whether it is too far off to be chance; never said of a level that has hardly begun."""
        return abs(self.z) > LIMIT and self.level.end - self.level.start >= BEGUN


def penalty(nights: int) -> float:
    """What a change must gain, in squared standard errors: 2 log n as in BIC (Yao 1988, two parameters a change: where
    and how much) and a little more, so that false alarms are rare."""
    return max(LEAST_PENALTY, 2 * math.log(max(nights, 2)) + PENALTY_OFFSET)


def levels(values: Sequence[float] | Array, stderr: Sequence[float] | Array) -> list[Level]:
    """The levels of a series, in order: one of them where nothing has changed, none where there is no night.

    values, stderr: (n,), without gaps. A standard error that is 0 or NaN (a figure of 0 %, or of one cluster) counts as
    the median of the others; where none is known nothing can be said, and the series is one level.
    """
    x, noise = np.asarray(values, float), _noise(np.asarray(stderr, float))
    if not len(x):
        return []
    if noise is None:
        return [Level(0, len(x), float(x.mean()), math.nan)]
    if len(x) < 2:
        return [_level(x, noise, 0, len(x))]
    wander = _wander(x, noise)
    ends = _segment_ends((x - np.average(x, weights=noise**-2)) / noise / wander)
    return _confirmed(x, noise * wander, ends)


def newest(values: Sequence[float] | Array, stderr: Sequence[float] | Array) -> Newest | None:
    """The last night of a series against the last level of the others; None where there is nothing to compare with."""
    x, noise = np.asarray(values, float), _noise(np.asarray(stderr, float))
    if noise is None or len(x) < 2:
        return None
    before = levels(x[:-1], noise[:-1])[-1]
    wander = _wander(x[:-1], noise[:-1])
    spread = math.hypot(before.stderr, noise[-1] * wander)
    return Newest(before, float(x[-1] - before.mean) / spread)


def _noise(stderr: Array) -> Array | None:
    known = stderr[np.isfinite(stderr) & (stderr > 0)]
    if not len(known):
        return None
    return np.where(np.isfinite(stderr) & (stderr > 0), stderr, np.median(known))


def _wander(x: Array, noise: Array) -> float:
    """How much more than its noise a series moves from night to night, at least 1; a jump or two don't count."""
    if len(x) < ENOUGH_TO_WANDER:
        return 1.0
    steps = np.diff(x) / np.hypot(noise[1:], noise[:-1])
    return max(1.0, float(np.median(np.abs(steps))) / 0.6745)


def _segment_ends(standardised: Array) -> list[int]:
    from ruptures import KernelCPD

    # the linear kernel's cost is the sum of squares around a segment's mean; the search is compiled code
    found = KernelCPD(kernel="linear", min_size=1).fit(standardised[:, None])
    return [int(end) for end in found.predict(pen=penalty(len(standardised)))]


def _confirmed(x: Array, noise: Array, ends: Sequence[int]) -> list[Level]:
    """Neighbouring segments joined, the most alike first, until each change gains its penalty with every night's own
    weight: where standard errors differ much, standardised values alone could show a change that is none."""
    found = [_level(x, noise, start, end) for start, end in zip([0, *ends], ends, strict=False)]
    while len(found) > 1:
        gains = [_gain(one, other) for one, other in itertools.pairwise(found)]
        least = int(np.argmin(gains))
        if gains[least] >= penalty(len(x)) * (1 - 1e-9):
            break
        found[least : least + 2] = [_level(x, noise, found[least].start, found[least + 1].end)]
    return found


def _gain(one: Level, other: Level) -> float:
    return (one.mean - other.mean) ** 2 / (one.stderr**2 + other.stderr**2)


def _level(x: Array, noise: Array, start: int, end: int) -> Level:
    weights = noise[start:end] ** -2
    return Level(start, end, float(np.average(x[start:end], weights=weights)), float(weights.sum() ** -0.5))
