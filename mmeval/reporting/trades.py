"""Trade-offs between a base and a candidate: a chart each, and its figures in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmeval.reporting.tradeoff_charts import shown, tradeoff_chart
from mmeval.tradeoffs import Side, Tradeoff

if TYPE_CHECKING:
    from markupsafe import Markup

MOST = 12  # charts on a page; each takes a tenth of a second to make


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade-off. figures: of either axis, both runs' values in words."""

    kind: str
    svg: Markup
    figures: tuple[str, str]


def trades(found: Sequence[Tradeoff], names: tuple[str, str]) -> list[Trade]:
    """names: of base and candidate. A trade-off of which one run lacks a side is left out."""
    return [_trade(one, names) for one in found if len(one.points) == 2][:MOST]


def _trade(one: Tradeoff, names: tuple[str, str]) -> Trade:
    points = sorted(one.points, key=lambda point: point.run)
    x = _words(one.x, [point.x[0] for point in points])
    y = _words(one.y, [point.y[0] for point in points])
    return Trade(one.kind, tradeoff_chart(one, names, base=0), (x, y))


def _words(side: Side, values: Sequence[float]) -> str:
    unit = "%" if side.unit == "fraction" else ""
    base, candidate = (f"{shown(side, value):.1f}{unit}" for value in values)
    return f"{side.name}: {base} → {candidate}"
