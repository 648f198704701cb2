"""Trends as pictures: large charts by Vega-Lite, small ones as plain SVG paths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from mmeval.dashboard import Series
from mmeval.nights import Night
from mmeval.reporting.charts import chart

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT = 150.0, 30.0  # of a small one, in its own units
FEW = 45  # nights, up to which each has its dot
LARGE_WIDTH, LARGE_HEIGHT = 425, 140
GRID = {"gridDash": [1, 3], "ticks": False, "domain": False, "labelPadding": 6}


def runs(series: Series) -> Iterator[list[int]]:
    """Nights that a line may join: next to each other, with figures, comparable."""
    found: list[int] = []
    for i, piece in enumerate(series.pieces.tolist()):
        if found and (piece < 0 or piece != series.pieces[found[-1]]):
            yield found
            found = []
        if piece >= 0:
            found.append(i)
    if found:
        yield found


# -- small


@dataclass(frozen=True, slots=True)
class Spark:
    """lines, bands: paths of each run of nights. dots: nights alone between gaps. last: tonight's place. shifts,
    breaks, gaps: places of change points, of what can't be compared, and of nights without a figure."""

    lines: Sequence[str]
    bands: Sequence[str]
    dots: Sequence[tuple[float, float]]
    last: tuple[float, float] | None
    shifts: Sequence[float]
    breaks: Sequence[float]
    gaps: Sequence[float]


def spark(series: Series, places: Sequence[float]) -> Spark:
    """places: of each night, from 0 to 1."""
    x = [round(1 + place * (WIDTH - 4), 1) for place in places]
    known = series.values[np.isfinite(series.values)]
    if not len(known):
        return Spark((), (), (), None, (), (), x)
    around = float(np.nanmedian(series.stderr)) if np.isfinite(series.stderr).any() else 0.0
    low, high = float(known.min()) - around, float(known.max()) + around
    span = high - low

    def y(value: float) -> float:
        at = 0.5 if span <= 0 else min(1.0, max(0.0, (value - low) / span))
        return round(2 + (1 - at) * (HEIGHT - 4), 1)

    def path(nights: Sequence[int], column: Any) -> str:
        return "L".join(f"{x[i]:g} {y(float(column[i])):g}" for i in nights)

    joined = list(runs(series))
    banded = [nights for nights in joined if len(nights) > 1 and np.isfinite(series.low[nights]).all()]
    last = len(x) - 1
    return Spark(
        lines=[f"M{path(nights, series.values)}" for nights in joined if len(nights) > 1],
        bands=[f"M{path(nights, series.high)}L{path(nights[::-1], series.low)}Z" for nights in banded],
        dots=[(x[nights[0]], y(float(series.values[nights[0]]))) for nights in joined if len(nights) == 1],
        last=(x[last], y(float(series.values[last]))) if series.pieces[last] >= 0 else None,
        shifts=[x[shift.night] for shift in series.shifts],
        breaks=[x[night] for night in series.breaks],
        gaps=[x[i] for i in np.nonzero(series.pieces < 0)[0].tolist()],
    )


def places(nights: Sequence[Night]) -> list[float]:
    """Where each night lies between the first, 0, and tonight, 1."""
    at = [night.at.timestamp() for night in nights]
    span = at[-1] - at[0]
    return [1.0 if span <= 0 else (one - at[0]) / span for one in at]


# -- large


def trend(series: Series, nights: Sequence[Night], last_good: int | None, label: str) -> Markup:
    """The figure over all nights with its 95 % intervals, levels, change points, breaks and nights without figure."""
    times = [_time(night.at) for night in nights]
    scale = 100.0 if series.unit == "fraction" else 1.0
    rows = [
        {
            "t": times[i],
            "v": scale * float(series.values[i]),
            "l": _finite(scale * float(series.low[i])),
            "h": _finite(scale * float(series.high[i])),
            "g": number,
            "alone": len(group) == 1 or len(nights) <= FEW,
        }
        for number, group in enumerate(runs(series))
        for i in group
    ]
    y: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"zero": False, "nice": True},
        "axis": {**GRID, "title": None, "tickCount": 4, "labelExpr": _label(series.unit)},
    }
    layers: list[dict[str, Any]] = [
        *_rules([times[i] for i in series.breaks if series.pieces[i] >= 0]),
        {
            "transform": [{"filter": "isValid(datum.l)"}],
            "mark": {"type": "area", "clip": True},
            "encoding": {"y": {**y, "field": "l"}, "y2": {"field": "h"}, "detail": {"field": "g"}},
        },
        *_level_lines(series, times, scale, y),
        {"mark": {"type": "line"}, "encoding": {"y": {**y, "field": "v"}, "detail": {"field": "g"}}},
        {
            "transform": [{"filter": "datum.alone"}],
            "mark": {"type": "point", "size": 16},
            "encoding": {"y": {**y, "field": "v"}},
        },
        *_shift_marks(series, times, scale, y),
        *_ends(series, times, scale, y, last_good),
        *_without([times[i] for i in np.nonzero(series.pieces < 0)[0].tolist()]),
    ]
    return chart(_spec(rows, layers, times), label)


def simple(points: Sequence[tuple[datetime, float | None]], label: str, per_cent: bool = False) -> Markup:
    """One number a night as dots that a line joins, from 0; None leaves a gap."""
    rows, group = [], 0
    for at, value in points:
        if value is None:
            group += 1
        else:
            rows.append({"t": _time(at), "v": 100 * value if per_cent else value, "g": group})
    y = {
        "field": "v",
        "type": "quantitative",
        "scale": {"zero": True, "nice": True, **({"domainMax": 1} if not any(row["v"] for row in rows) else {})},
        "axis": {**GRID, "title": None, "tickCount": 3, "labelExpr": _label("fraction" if per_cent else "number")},
    }
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "line"}, "encoding": {"y": y, "detail": {"field": "g"}}},
        {"mark": {"type": "point", "size": 16 if len(points) <= FEW else 4}, "encoding": {"y": y}},
        *_without([_time(at) for at, value in points if value is None]),
    ]
    return chart(_spec(rows, layers, [_time(at) for at, _ in points], 90), label)


def _spec(
    rows: Sequence[Mapping[str, Any]], layers: Sequence[Any], times: Sequence[str], height: int = LARGE_HEIGHT
) -> dict[str, Any]:
    ends = [times[0], times[-1]] if times[0] != times[-1] else None
    days = (datetime.fromisoformat(times[-1]) - datetime.fromisoformat(times[0])).days
    ticks = {"tickCount": 5, "format": "%-d %b"} if days >= 5 else {"tickCount": 3, "format": "%-d %b %H:%M"}
    x = {
        "field": "t",
        "type": "temporal",
        "scale": {"type": "utc", **({"domain": ends} if ends else {})},
        "axis": {**GRID, "grid": False, "title": None, "labelOverlap": True, **ticks},
    }
    return {
        "width": LARGE_WIDTH,
        "height": height,
        "padding": 4,
        "config": {"mark": {"aria": False}},  # the whole is one picture with a label
        "data": {"values": list(rows)},
        "encoding": {"x": x},
        "layer": list(layers),
    }


def _label(unit: str) -> str:
    return "format(datum.value, '.4~g')" + (" + '%'" if unit == "fraction" else "")


def _rules(times: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Where figures on both sides can't be compared."""
    if times:
        yield {
            "data": {"values": [{"t": t} for t in times]},
            "mark": {"type": "rule", "color": "var(--warn)", "strokeDash": [4, 3], "strokeWidth": 1.25},
        }


def _level_lines(series: Series, times: Sequence[str], scale: float, y: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The means between change points; none where nothing changed."""
    rows = []
    for i, shift in enumerate(series.shifts):
        same = series.pieces == series.pieces[shift.night]
        inside = [one.night for one in series.shifts if series.pieces[one.night] == series.pieces[shift.night]]
        (at,) = np.nonzero(same)
        start = max([night for night in inside if night < shift.night], default=int(at[0]))
        rows.append({"t": times[start], "u": times[shift.night], "v": scale * shift.before})
        if i + 1 == len(series.shifts) or series.shifts[i + 1].night not in inside:
            rows.append({"t": times[shift.night], "u": times[int(at[-1])], "v": scale * shift.after})
    if rows:
        yield {
            "data": {"values": rows},
            "mark": {"type": "rule", "color": "var(--ink)", "strokeWidth": 1.25, "opacity": 0.75},
            "encoding": {"x2": {"field": "u"}, "y": {**y, "field": "v"}},
        }


def _shift_marks(series: Series, times: Sequence[str], scale: float, y: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for up in (True, False):
        rows = [
            {"t": times[one.night], "v": scale * float(series.values[one.night])}
            for one in series.shifts
            if (one.after > one.before) == up
        ]
        if rows:
            shape = "triangle-up" if up else "triangle-down"
            yield {
                "data": {"values": rows},
                "mark": {"type": "point", "shape": shape, "size": 110, "color": "var(--ink)"},
                "encoding": {"y": {**y, "field": "v"}},
            }


def _ends(
    series: Series, times: Sequence[str], scale: float, y: Mapping[str, Any], last_good: int | None
) -> Iterator[dict[str, Any]]:
    """The last good night as a ring, tonight as a full dot."""
    for night, filled in ((last_good, False), (len(times) - 1, True)):
        if night is not None and series.pieces[night] >= 0:
            look = {"color": "var(--accent)"} if filled else {"fill": "var(--paper)", "stroke": "var(--accent)"}
            yield {
                "data": {"values": [{"t": times[night], "v": scale * float(series.values[night])}]},
                "mark": {"type": "point", "size": 55, "strokeWidth": 1.75, **look},
                "encoding": {"y": {**y, "field": "v"}},
            }


def _without(times: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Nights without a figure: a cross at the foot of the chart."""
    if times:
        yield {
            "data": {"values": [{"t": t} for t in times]},
            "mark": {"type": "text", "text": "\N{MULTIPLICATION SIGN}", "color": "var(--bad)", "fontSize": 13},
            "encoding": {"y": {"value": {"expr": "height - 5"}}},
        }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
