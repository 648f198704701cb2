"""Figures as pages print them: numbers, times and intervals as words, and where they lie on an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Unit = Literal["fraction", "number"]
NONE = "\N{EN DASH}"


def number(value: float | None, unit: Unit) -> str:
    """A metric's value: a fraction in per cent with one decimal, anything else with two."""
    if value is None:
        return NONE
    return f"{_minus(f'{100 * value:.1f}')}%" if unit == "fraction" else _minus(f"{value:,.2f}")


def interval(low: float | None, high: float | None, unit: Unit) -> str:
    """An interval; the unit stands once, at its end."""
    if low is None or high is None:
        return NONE
    return f"{number(low, unit).removesuffix('%')} {NONE} {number(high, unit)}"


def plus_minus(stderr: float | None, unit: Unit) -> str:
    """A standard error: percentage points for a fraction, with one digit more than the value has."""
    if stderr is None:
        return NONE
    return f"{100 * stderr:.2f}" if unit == "fraction" else f"{stderr:,.3f}"


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def duration(seconds: float | None) -> str:
    """42 s, 3 min 5 s, 2 h 7 min."""
    if seconds is None:
        return NONE
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def moment(iso: str | None) -> str:
    """An ISO time for people: "6 November 2026, 10:31 UTC". What is no ISO time is given back as it is."""
    if not iso:
        return NONE
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{at.day} {at:%B %Y, %H:%M} {at.tzname() or ''}".strip()


@dataclass(frozen=True, slots=True)
class Axis:
    """A piece of the number line; places on it are per cent of its length."""

    start: float
    end: float
    step: float
    unit: Unit

    def place(self, value: float | None) -> float | None:
        if value is None:
            return None
        return round(min(100.0, max(0.0, 100 * (value - self.start) / (self.end - self.start))), 3)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """(place, label) of each round value."""
        steps = round((self.end - self.start) / self.step)
        values = [self.start + i * self.step for i in range(steps + 1)]
        return tuple((100 * i / steps, self._label(value)) for i, value in enumerate(values))

    def _label(self, value: float) -> str:
        scaled, step = (100 * value, 100 * self.step) if self.unit == "fraction" else (value, self.step)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        return _minus(f"{scaled:,.{digits}f}") + ("%" if self.unit == "fraction" else "")


def axis(values: Iterable[float | None], unit: Unit) -> Axis:
    """A round axis just wide enough for the values, in 2 to 6 steps, so that small differences can be seen.

    An axis of fractions is no narrower than 4 percentage points. No axis goes below 0 or above 100 % without need.
    """
    known = [value for value in values if value is not None] or [0.0]
    low, high = min(known), max(known)
    span = max(high - low, 0.04 if unit == "fraction" else 0.1 * max(abs(low), abs(high), 1.0))
    step = round_step(span / 3)
    start = math.floor((low - 0.05 * span) / step)
    end = math.ceil((high + 0.05 * span) / step)
    if low >= 0:
        start = max(start, 0)
    if unit == "fraction" and high <= 1:
        end = min(end, round(1 / step))
    if end - start < 2:
        start, end = (start - 1, end) if end * step >= 1 and unit == "fraction" else (start, end + 1)
    return Axis(start * step, end * step, step, unit)


def round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one part of a run: what is printed, and its places on an axis (None: there is nothing to draw)."""

    name: str
    value: str
    interval: str
    stderr: str
    n: int
    clusters: int
    undefined: bool
    at: float | None
    low: float | None
    high: float | None


def figure(name: str, estimate: Mapping[str, Any], on: Axis) -> Figure:
    """A `Figure` from an estimate as metrics.json keeps it."""
    value, low, high = estimate.get("value"), estimate.get("low"), estimate.get("high")
    undefined = bool(estimate.get("undefined"))
    at = (None, None, None) if undefined else (on.place(value), on.place(low), on.place(high))
    return Figure(
        name=name,
        value=number(value, on.unit),
        interval=interval(low, high, on.unit),
        stderr=plus_minus(estimate.get("stderr"), on.unit),
        n=int(estimate.get("n") or 0),
        clusters=int(estimate.get("clusters") or 0),
        undefined=undefined,
        at=at[0],
        low=at[1],
        high=at[2],
    )
