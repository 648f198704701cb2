"""One trade-off as a chart: runs as points with both intervals, and an arrow from the base to the candidate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmeval.reporting.charts import chart
from mmeval.tradeoffs import Point, Side, Tradeoff

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT = 400, 280
NAMED = 12  # more names than this can't be told apart in a chart; the table has them all


def tradeoff_chart(one: Tradeoff, names: Sequence[str], base: int | None = None) -> Markup:
    """names: what each run is called. base: the run that arrows start from; none without it."""
    scales = [_scale(side, [getattr(point, at) for point in one.points]) for at, side in (("x", one.x), ("y", one.y))]
    data = [_row(one, point, names, base) for point in one.points]
    spec = {
        "width": WIDTH,
        "height": HEIGHT,
        "data": {"values": data},
        "encoding": {
            at: {"field": at, "type": "quantitative", "title": None, "scale": scale, "axis": _axis(side, at)}
            for (at, side), scale in zip((("x", one.x), ("y", one.y)), scales, strict=True)
        },
        "layer": _layers(one, data, base, scales),
    }
    label = f"{one.kind}: {one.x.name} and {one.y.name} of {len(data)} runs; the figures are in the table"
    return chart(spec, label)


def title(side: Side, at: str) -> str:
    """What stands at an axis. Better is to the right and up on every chart: an axis that is better low runs down."""
    if side.better is None:
        return side.name
    good = f"{side.name} ({side.better} is better)"
    return f"{good} →" if at == "x" else f"↑ {good}"


def shown(side: Side, value: float) -> float:
    """A value as the axis counts it: a fraction in per cent."""
    return 100 * value if side.unit == "fraction" else value


def _row(one: Tradeoff, point: Point, names: Sequence[str], base: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": _clipped(names[point.run]), "front": point.front is not False}
    row["role"] = "base" if point.run == base else "run"
    for at, side in (("x", one.x), ("y", one.y)):
        value, low, high = getattr(point, at)
        row[at] = shown(side, value)
        row[f"{at}_low"], row[f"{at}_high"] = (shown(side, value if end is None else end) for end in (low, high))
    return row


def _clipped(name: str, most: int = 28) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _scale(side: Side, values: Sequence[tuple[float, float | None, float | None]]) -> dict[str, Any]:
    """A domain just wide enough for the intervals, within 0 and 100 of what is a per cent."""
    ends = [shown(side, end) for one in values for end in one if end is not None]
    low, high = min(ends), max(ends)
    room = 0.08 * max(high - low, 1e-9 + 0.02 * max(abs(high), abs(low), 1.0))
    bounded = side.unit in ("fraction", "points")
    start = max(0.0, low - room) if bounded and low >= 0 else low - room
    end = min(100.0, high + room) if bounded and high <= 100 else high + room
    return {"domain": [start, end], "nice": False, "zero": False, "reverse": side.better == "lower"}


def _axis(side: Side, at: str) -> dict[str, Any]:
    suffix = " + '%'" if side.unit == "fraction" else ""
    return {
        "title": title(side, at),
        "tickCount": 5,
        "labelExpr": f"datum.label{suffix}",
        "grid": True,
        **(
            {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleX": 0, "titleY": -10}
            if at == "y"
            else {}
        ),
    }


def _layers(
    one: Tradeoff, data: Sequence[dict[str, Any]], base: int | None, scales: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    faint = {"type": "rule", "color": "var(--accent)", "opacity": 0.45, "strokeWidth": 1.5}
    layers: list[dict[str, Any]] = [
        {"mark": faint, "encoding": {"x": {"field": "x_low"}, "x2": {"field": "x_high"}}},
        {"mark": faint, "encoding": {"y": {"field": "y_low"}, "y2": {"field": "y_high"}}},
    ]
    if base is not None:
        layers += _arrows(data, scales)
    shape = {"condition": {"test": "datum.front", "value": "var(--accent)"}, "value": "var(--paper)"}
    layers.append(
        {
            "mark": {"type": "point", "size": 80, "strokeWidth": 1.75, "stroke": "var(--accent)", "filled": True},
            "encoding": {
                "fill": shape,
                "shape": {"condition": {"test": "datum.role == 'base'", "value": "square"}, "value": "circle"},
            },
        }
    )
    if len(data) <= NAMED:
        layers += _labels(data, scales)
    return layers


def _labels(data: Sequence[dict[str, Any]], scales: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Names beside the points: to the left of one that lies in the right half, under one that has another above it."""
    middle = (min(row["x"] for row in data) + max(row["x"] for row in data)) / 2
    level = sum(row["y"] for row in data) / len(data)
    found = []
    for row in data:
        right = (row["x"] > middle) != scales[0]["reverse"]
        above = (row["y"] >= level) != scales[1]["reverse"]
        found.append(
            {
                "data": {"values": [row]},
                "mark": {
                    "type": "text",
                    "align": "right" if right else "left",
                    "dx": -9 if right else 9,
                    "dy": -11 if above else 13,
                    "stroke": "var(--paper)",
                    "strokeWidth": 0,
                },
                "encoding": {"text": {"field": "name"}},
            }
        )
    return found


def _arrows(data: Sequence[dict[str, Any]], scales: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line from the base to each other run with a head a little before its end."""
    start = next((row for row in data if row["role"] == "base"), None)
    layers: list[dict[str, Any]] = []
    for row in data if start else ():
        if start is None or row is start:
            continue
        spans = [(scale["domain"][1] - scale["domain"][0]) * (-1 if scale["reverse"] else 1) for scale in scales]
        steps = [
            (row[at] - start[at]) / span * size for at, span, size in zip("xy", spans, (WIDTH, HEIGHT), strict=True)
        ]
        length = math.hypot(*steps)
        if length < 24:
            continue
        back = {at: row[at] - (row[at] - start[at]) * 11 / length for at in "xy"}
        line = {"x": start["x"], "y": start["y"], "x_end": back["x"], "y_end": back["y"]}
        layers.append(
            {
                "data": {"values": [line]},
                "mark": {"type": "rule", "color": "var(--faint)", "strokeWidth": 1.25},
                "encoding": {"x2": {"field": "x_end"}, "y2": {"field": "y_end"}},
            }
        )
        angle = math.degrees(math.atan2(steps[0], steps[1]))
        layers.append(
            {
                "data": {"values": [back]},
                "mark": {
                    "type": "point",
                    "shape": "triangle-up",
                    "angle": angle,
                    "size": 60,
                    "color": "var(--faint)",
                    "filled": True,
                },
            }
        )
    return layers
