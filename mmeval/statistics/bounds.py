"""One run's own figure against a fixed bound: an interval and p-values that hold near 0 and 1 and with few clusters.

Figures with a known range are treated as proportions of an effective number of samples: as many as would give a plain
proportion the figure's standard error, fewer where there are few clusters (Korn & Graubard 1998, Survey Methodology
24(2), 193-201); their interval is Clopper & Pearson's (1934, Biometrika 26(4)). A figure that is 0 or 1 in all samples
counts every cluster once. Without a known range: Student's t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betainc, betaincinv, ndtri, stdtr, stdtrit

POWER = 0.8


@dataclass(frozen=True, slots=True)
class Own:
    """A figure with its bootstrap standard error, in its metric's unit. n: samples; clusters: their effective number,
    above 1; scale: the figure's lowest and highest value."""

    value: float
    stderr: float
    n: int
    clusters: float
    scale: tuple[float, float] | None

    @property
    def spread(self) -> float:
        """The standard error without the bootstrap's small-sample bias."""
        return 0.0 if self.stderr < 1e-12 else self.stderr * math.sqrt(self.clusters / (self.clusters - 1))

    def place(self, value: float) -> float:
        """Where a value lies between the scale's ends, from 0 to 1."""
        low, high = self.scale or (0.0, 1.0)
        return min(1.0, max(0.0, (value - low) / (high - low)))


def effective(one: Own, alpha: float) -> float:
    """The number of samples whose plain proportion would be as sure as the figure is, two-sided at alpha."""
    share = one.place(one.value)
    low, high = one.scale or (0.0, 1.0)
    spread = one.spread / (high - low)
    if spread == 0 or not 0 < share < 1:
        return one.clusters
    few = stdtrit(one.n - 1, 1 - alpha / 2) / stdtrit(one.clusters - 1, 1 - alpha / 2)
    return float(share * (1 - share) / spread**2 * min(1.0, few) ** 2)


def interval(one: Own, alpha: float) -> tuple[float, float]:
    """The two-sided interval at 1 - alpha, in the metric's unit."""
    if one.scale is None:
        reach = float(stdtrit(one.clusters - 1, 1 - alpha / 2)) * one.spread
        return one.value - reach, one.value + reach
    n, share = effective(one, alpha), one.place(one.value)
    low = 0.0 if share == 0 else float(betaincinv(share * n, (1 - share) * n + 1, alpha / 2))
    high = 1.0 if share == 1 else float(betaincinv(share * n + 1, (1 - share) * n, 1 - alpha / 2))
    start, end = one.scale
    return start + low * (end - start), start + high * (end - start)


def p_above(one: Own, bound: float, alpha: float) -> float:
    """One-sided p-value of "in truth at or below the bound": where it is small, the figure is shown to lie above.

    alpha: the two-sided level that it is held against; `interval` at that level excludes the bound where p is at most
    alpha / 2.
    """
    if one.scale is None:
        if one.spread == 0:
            return 1.0
        return float(stdtr(one.clusters - 1, -(one.value - bound) / one.spread))
    n, share, place = effective(one, alpha), one.place(one.value), one.place(bound)
    return 1.0 if share == 0 else float(betainc(share * n, (1 - share) * n + 1, place))


def p_below(one: Own, bound: float, alpha: float) -> float:
    """One-sided p-value of "in truth at or above the bound"; see `p_above`."""
    scale = one.scale and (-one.scale[1], -one.scale[0])
    return p_above(Own(-one.value, one.stderr, one.n, one.clusters, scale), -bound, alpha)


def needed(one: Own, bound: float, alpha: float) -> int | None:
    """How many samples would show with 80 % power, two-sided at alpha, on which side of the bound a figure like this
    lies (Fleiss, Statistical Methods for Rates and Proportions, 2nd ed., section 2.5); None where it lies on it."""
    away, power = float(ndtri(1 - alpha / 2)), float(ndtri(POWER))
    if one.scale is None:
        distance = abs(one.value - bound)
        if distance < 1e-12 or one.spread == 0:
            return None
        return math.ceil(one.n * ((away + power) * one.spread / distance) ** 2)
    share, place = one.place(one.value), one.place(bound)
    if abs(share - place) < 1e-9:
        return None
    reach = away * math.sqrt(place * (1 - place)) + power * math.sqrt(share * (1 - share))
    return max(1, math.ceil((reach / (share - place)) ** 2 * one.n / effective(one, alpha)))
