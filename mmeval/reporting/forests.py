"""Differences between two runs as rows of a forest plot: what is printed, and where it lies on an axis.

Everything whose scale is known is in points, hundredths of its scale, so that one axis holds it all; right is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmeval.compare import BETTER, NONE_SHOWN, TOO_FEW, WORSE, CompareSettings, MetricCompared, TaskCompared
from mmeval.reporting.figures import NONE, number, round_step
from mmeval.statistics.sums import Estimate, span
from mmeval.tradeoffs import direction

Json = Mapping[str, Any]
# verdict -> the sign before its words, and the shape in the plot
SHAPES = {BETTER: "▲", WORSE: "▼", NONE_SHOWN: "○", TOO_FEW: "□", None: "◇"}
KINDS = {BETTER: "good", WORSE: "bad", NONE_SHOWN: "even", TOO_FEW: "few", None: "neither"}


@dataclass(frozen=True, slots=True)
class Scale:
    """The axis of a forest plot: zero in the middle, `reach` points to either side. ticks: (place, label)."""

    reach: float
    step: float

    def place(self, value: float | None) -> float | None:
        if value is None:
            return None
        return round(min(100.0, max(0.0, 50 + 50 * value / self.reach)), 2)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        steps = round(self.reach / self.step)
        digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        values = [i * self.step for i in range(-steps, steps + 1)]
        return tuple((50 + 50 * value / self.reach, f"{abs(value):,.{digits}f}") for value in values)


@dataclass(frozen=True, slots=True)
class Row:
    """One metric. at, low, high: per cent of the axis. said: what stands under the verdict; check: what the
    permutation test says where it disagrees. own: drawn on an axis of its own, for want of a known scale."""

    task: str
    metric: str
    better: str | None
    base: str
    candidate: str
    difference: str
    interval: str
    at: float | None
    low: float | None
    high: float | None
    verdict: str | None
    words: str
    said: str
    check: str
    own: bool
    undefined: bool

    @property
    def shape(self) -> str:
        return SHAPES[self.verdict]

    @property
    def kind(self) -> str:
        return KINDS[self.verdict]


def points(one: MetricCompared) -> float | None:
    """How many points one unit of the metric is; None where its scale is not known."""
    reach = span(one.metric)
    return None if reach is None else 100 / (reach[1] - reach[0])


def scale_of(compared: Iterable[MetricCompared]) -> Scale:
    """An axis that holds every interval that is in points."""
    ends = [
        abs(end) * unit
        for one in compared
        if (unit := points(one)) is not None and not one.test.difference.undefined
        for end in (one.test.difference.low, one.test.difference.high, one.test.difference.value)
        if end is not None and math.isfinite(end)
    ]
    return _round(ends)


def _round(ends: Iterable[float]) -> Scale:
    widest = max([*ends, 1.0]) * 1.05
    step = round_step(widest / 3)
    return Scale(math.ceil(widest / step - 1e-9) * step, step)


def row(task: str, name: str, one: MetricCompared, scale: Scale, how: CompareSettings) -> Row:
    unit, found = points(one), one.test.difference
    known = unit is not None
    drawn = (None, None, None) if found.undefined else (found.value, found.low, found.high)
    way = -1 if one.metric.better == "lower" else 1
    reach = Scale(_own_reach(found), 1.0) if unit is None else scale
    at, low, high = (None if end is None else reach.place(way * end * (unit or 1)) for end in drawn)
    return Row(
        task=task,
        metric=name,
        better=one.metric.better,
        base=number(one.test.base, one.metric.unit),
        candidate=number(one.test.candidate, one.metric.unit),
        difference=NONE if found.undefined else _signed(found.value * (unit or 1), known),
        interval=NONE if found.undefined else _interval(found, unit or 1, known),
        at=at,
        low=None if low is None or high is None else min(low, high),
        high=None if low is None or high is None else max(low, high),
        verdict=one.verdict,
        words=one.verdict or "neither way is better",
        said=_said(one, unit, how),
        check=_check(one, how.alpha),
        own=not known,
        undefined=found.undefined,
    )


def _own_reach(found: Estimate) -> float:
    ends = [abs(end) for end in (found.value, found.low, found.high) if end is not None and math.isfinite(end)]
    return max([*ends, 1e-9]) * 1.1


def in_points(value: float) -> str:
    return f"{_signed(value, True)} points"


def _signed(value: float, in_points: bool) -> str:
    digits = 1 if in_points else 2
    rounded = round(value, digits) + 0.0  # no minus before a zero
    sign = "+" if rounded > 0 else "\N{MINUS SIGN}" if rounded < 0 else ""
    return f"{sign}{abs(rounded):,.{digits}f}"


def _interval(found: Estimate, unit: float, in_points: bool) -> str:
    if found.low is None or found.high is None:
        return "no interval: one cluster"
    return f"{_signed(found.low * unit, in_points)} to {_signed(found.high * unit, in_points)}"


def p_value(p: float | None) -> str:
    if p is None:
        return "no p"
    return "p < 0.0001" if p < 0.0001 else f"p {p:.2g}" if p < 0.1 else f"p {p:.2f}"


def _said(one: MetricCompared, unit: float | None, how: CompareSettings) -> str:
    if one.verdict is None:
        return ""
    p = p_value(one.holm if how.correction == "holm" else one.bh)
    if one.verdict != TOO_FEW:
        return p
    seen, wanted = one.test.detectable, one.needed
    parts = [p]
    if seen is not None:
        size = f"{seen * unit:.1f} points" if unit is not None else f"{seen:,.2f}"
        parts.append(f"finds {size} or more")
    if wanted is not None:
        parts.append(f"{_rounded(wanted)} samples would find {how.margin:g}")
    return "; ".join(parts)


def _rounded(n: int) -> str:
    """A number of samples to two digits, upwards: it is an estimate."""
    step = 10 ** max(0, len(str(n)) - 2)
    return f"{-(-n // step) * step:,}"


def _check(one: MetricCompared, alpha: float) -> str:
    """What the permutation test says where it and the p-value are on different sides of alpha."""
    p, other = one.test.p, one.test.permutation
    if p is None or other is None or (p <= alpha) == (other <= alpha):
        return ""
    return f"a permutation test disagrees: {p_value(other)} against {p_value(p)}, both uncorrected"


# -- the slices of a task, for the page's script


def sliced(compared: TaskCompared) -> dict[str, Any]:
    """{"metrics": {name: {"better", "unit", "points"}}, "rows": [[name of slice, its value, name of metric, n, base,
    candidate, difference, low, high, p], …]}: numbers in the metric's unit."""
    metrics: dict[str, dict[str, Any]] = {}
    rows: list[Sequence[Any]] = []
    for part, found in compared.slices.items():
        slice_name, _, value = part.partition("=")
        for name, one in found.items():
            metrics.setdefault(name, _metric(one))
            rows.append((slice_name, value, name, *_numbers(one)))
    whole = {name: _numbers(one) for name, one in compared.metrics.items()}
    order = sorted(metrics, key=lambda name: name != compared.headline)
    return {"metrics": {name: metrics[name] for name in order}, "whole": whole, "rows": rows}


def _metric(one: MetricCompared) -> dict[str, Any]:
    return {"better": one.metric.better, "unit": one.metric.unit, "points": points(one)}


def _numbers(one: MetricCompared) -> tuple[Any, ...]:
    found = one.test.difference
    drawn = (None, None, None) if found.undefined else (found.value, found.low, found.high)
    return (found.n, *(_short(value) for value in (one.test.base, one.test.candidate, *drawn, one.test.p)))


def _short(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.5g}")


# -- what is in points already


def scale_of_points(found: Iterable[Json]) -> Scale:
    """As `scale_of`, of differences with "value", "low", "high" in points."""
    ends = [abs(one[end]) for one in found for end in ("value", "low", "high") if one.get(end) is not None]
    return _round(ends)


def points_row(name: str, found: Json, scale: Scale) -> Row:
    """A difference in points, of which more is better; its interval alone, uncorrected, says how it stands to zero."""
    value, low, high = found["value"], found.get("low"), found.get("high")
    verdict = {"better": BETTER, "worse": WORSE}.get(direction(found), NONE_SHOWN)
    return Row(
        task=name,
        metric="",
        better="higher",
        base=f"{found['base']:.1f}",
        candidate=f"{found['candidate']:.1f}",
        difference=_signed(value, True),
        interval=NONE if low is None or high is None else f"{_signed(low, True)} to {_signed(high, True)}",
        at=scale.place(value),
        low=scale.place(low),
        high=scale.place(high),
        verdict=verdict,
        words={BETTER: "above zero", WORSE: "below zero"}.get(verdict, "interval holds zero"),
        said="",
        check="",
        own=False,
        undefined=False,
    )
