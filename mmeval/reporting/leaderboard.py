"""A leaderboard -> the data that reports/leaderboard.html.j2 shows -> the page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mmeval import __version__
from mmeval.dimensions import SIX
from mmeval.journal import write_whole
from mmeval.leaderboard import Leaderboard, markdown_cell, rank_words
from mmeval.reporting.figures import NONE, Axis, Figure, axis, figure
from mmeval.reporting.rendering import plural, render
from mmeval.reporting.tradeoff_charts import shown, tradeoff_chart
from mmeval.standings import Cell, Column, Standings
from mmeval.tradeoffs import Cost, Side, Tradeoff, direction

if TYPE_CHECKING:
    from markupsafe import Markup

MINUS = "\N{MINUS SIGN}"
WORDS = {"better": "better", "worse": "worse", "unclear": "no difference shown"}
Json = Mapping[str, Any]


def write_leaderboard(board: Leaderboard, out: Path) -> Path:
    """Writes the page; links to the runs' own pages are relative to it. Raises `UsageError` where that can't be."""
    table = board.standings
    page = render(
        "leaderboard.html.j2",
        run={"mmeval": __version__},
        head=_head(table),
        columns=[_column(column, table.cells[column.key]) for column in table.columns],
        groups=_groups(table),
        rows=[_row(table, i, out) for i in range(len(table.names))],
        notes=_notes(table),
        rules=[_rule(column, table) for column in table.columns if column.kind != "task"],
        costs=[_cost(table.names, board.base, i, cost) for i, cost in board.costs.items()],
        tradeoffs=_tradeoffs(board),
        resamples=board.resamples,
        data=_data(table),
    )
    return write_whole(out, page.encode("utf-8", "replace"))


def _head(table: Standings) -> dict[str, Any]:
    kinds = [column.kind for column in table.columns]
    there = {column.dimension for column in table.columns}
    absent = [name.replace("_", " ") for name in SIX if name not in there]
    return {
        "runs": plural(len(table.names), "run"),
        "what": f"{plural(kinds.count('dimension'), 'dimension')} and {plural(kinds.count('task'), 'task')}",
        "absent": " or ".join(absent),
    }


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as it is printed; low, high, at: its interval and value on the column's axis, in per cent."""

    points: str
    interval: str
    place: str
    place_words: str
    why: str
    short: str
    low: float | None
    high: float | None
    at: float | None
    top: bool


def _axis(cells: Sequence[Cell]) -> Axis:
    """From 0 to 1 rather than 100: an axis of shares ends at the last one that there can be."""
    ends = [end for cell in cells for end in (cell.points, cell.low, cell.high)]
    return axis([None if end is None else end / 100 for end in ends], "fraction")


def _column(column: Column, cells: Sequence[Cell]) -> dict[str, Any]:
    on = _axis(cells)
    return {
        "key": column.key,
        "title": column.title,
        "kind": column.kind,
        "metric": column.metric,
        "said": f"{column.title}, {column.metric}" if column.metric else column.title,
        "from": f"{100 * on.start:g}",
        "to": f"{100 * on.end:g}",
    }


def _groups(table: Standings) -> dict[str, list[Column]]:
    """Dimension -> columns of its tasks, for the choice of columns."""
    found: dict[str, list[Column]] = {}
    for column in table.columns:
        if column.kind == "task":
            found.setdefault(column.dimension.replace("_", " "), []).append(column)
    return found


def _row(table: Standings, i: int, out: Path) -> dict[str, Any]:
    one = table.profiles[i]
    cells = [_shown(column, table.cells[column.key], i) for column in table.columns]
    status = str(one.record.get("status") or "unknown")
    return {
        "name": table.names[i],
        "link": _link(Path(one.run), out),
        "status": "" if status == "done" else status,
        "cells": list(zip(table.columns, cells, strict=True)),
    }


def _link(run: Path, out: Path) -> str:
    """The run's own page as seen from this one; "" where it has none."""
    report = run / "report.html"
    if not report.is_file():
        return ""
    return quote(Path(os.path.relpath(report.resolve(), out.resolve().parent)).as_posix())


def _shown(column: Column, cells: Sequence[Cell], i: int) -> Shown:
    cell, on = cells[i], _axis(cells)
    low, high, at = (on.place(None if value is None else value / 100) for value in (cell.low, cell.high, cell.points))
    rank = cell.rank
    ends = "" if rank is None or rank.low is None else f", 95% interval {rank.low} to {rank.high}"
    return Shown(
        points=NONE if cell.points is None else _number(cell.points),
        interval="" if cell.low is None or cell.high is None else f"{_number(cell.low)} {NONE} {_number(cell.high)}",
        place=rank_words(rank),
        place_words="" if rank is None else f"place {rank.rank}{ends}",
        why=cell.why or "",
        short=_short(column, cell),
        low=at if low is None else low,
        high=at if high is None else high,
        at=at,
        top=bool(rank and (rank.low or rank.rank) == 1),
    )


def _short(column: Column, cell: Cell) -> str:
    """Why a cell has no place, in a word or two."""
    if not cell.why:
        return ""
    if column.kind == "dimension" and cell.points is not None:
        return f"{len(cell.have)} of {plural(len(column.tasks), 'task')}"
    known = (
        "not comparable",
        "not run",
        "failed",
        "not finished",
        "not on a 0-100 scale",
        "in no catalog",
        "undefined",
    )
    if cell.why.startswith("no task"):
        return "not run"
    if "(other " in cell.why:
        return "not comparable"
    return next((word for word in known if word in cell.why), "no figure")


def _number(value: float) -> str:
    return f"{value:.1f}".replace("-", MINUS)


def _signed(value: float) -> str:
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", MINUS)


def _notes(table: Standings) -> list[tuple[str, list[tuple[str, str]]]]:
    """(run, [(column, why it has no place or no figure there)])."""
    found = []
    for i, name in enumerate(table.names):
        whys = [
            (column.title, str(table.cells[column.key][i].why))
            for column in table.columns
            if column.kind != "task" and table.cells[column.key][i].why
        ]
        apart = [
            (column.title, str(cell.why))
            for column in table.columns
            if column.kind == "task" and (cell := table.cells[column.key][i]).why and cell.points is not None
        ]
        if whys or apart:
            found.append((name, [*whys, *apart]))
    return found


def _rule(column: Column, table: Standings) -> dict[str, Any]:
    metrics = {one.title: one.metric for one in table.columns if one.kind == "task"}
    return {
        "title": column.title,
        "kind": column.kind,
        "tasks": [
            (task.replace("_", " ") if column.kind == "overall" else task, metrics.get(task, ""), f"{weight:g}")
            for task, weight in column.tasks.items()
        ],
        "weighted": any(weight != 1 for weight in column.tasks.values()),
        "left_out": list(column.left_out.items()),
    }


# -- what it cost


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    metric: str
    base: str
    candidate: str
    difference: str
    word: str
    figure: Figure
    note: str = ""


def _cost(names: Sequence[str], base: int | None, candidate: int, cost: Cost) -> dict[str, Any]:
    assert base is not None
    there = [one for one in (*cost.dimensions.values(), *cost.tasks.values()) if one["value"] is not None]
    on = axis([0.0, *(one.get(end) for one in there for end in ("value", "low", "high"))], "number")
    dimensions = [_change(name.replace("_", " "), one, on) for name, one in cost.dimensions.items()]
    tasks = [_change(name, one, on) for name, one in cost.tasks.items()]
    said = {
        word: [f"{one.name} ({one.difference})" for one in dimensions if one.word == WORDS[word]]
        for word in ("better", "worse", "unclear")
    }
    return {
        "base": names[base],
        "candidate": names[candidate],
        "dimensions": dimensions,
        "tasks": tasks,
        "said": said,
        "ticks": on.ticks,
        "zero": on.place(0.0),
        "axis": on,
    }


def _change(name: str, one: Json, on: Axis) -> Change:
    drawn = figure(name, one, on)
    absent = one.get("absent") or {}
    note = "; ".join(f"without {task} ({why})" for task, why in absent.items())
    if one["value"] is None:
        return Change(name, "", NONE, NONE, NONE, "not compared", drawn, note)
    low, high = one.get("low"), one.get("high")
    between = NONE if low is None or high is None else f"{_signed(low)} to {_signed(high)}"
    return Change(
        name=name,
        metric=str(one.get("metric") or ""),
        base=_number(one["base"]),
        candidate=_number(one["candidate"]),
        difference=_signed(one["value"]),
        word=WORDS[direction(one)],
        figure=replace(drawn, value=_signed(one["value"]), interval=between),
        note=note,
    )


# -- trade-offs


def _tradeoffs(board: Leaderboard) -> list[dict[str, Any]]:
    names = board.standings.names
    found: list[dict[str, Any]] = []
    for one in board.tradeoffs:
        if len(one.points) < 2:
            continue
        there = {point.run for point in one.points}
        picture: Markup = tradeoff_chart(one, names, board.base if board.base in there else None)
        found.append(
            {
                "kind": one.kind,
                "x": one.x,
                "y": one.y,
                "chart": picture,
                "rows": [_point(one, names, place) for place in range(len(one.points))],
                "absent": [(names[i], why) for i, why in one.absent.items()],
                "judged": one.x.better is not None and one.y.better is not None,
            }
        )
    return found


def _point(one: Tradeoff, names: Sequence[str], place: int) -> dict[str, Any]:
    point = one.points[place]
    share = point.dominated
    return {
        "name": names[point.run],
        "x": _side(one.x, point.x),
        "y": _side(one.y, point.y),
        "front": point.front,
        "dominated": "" if share is None else f"{100 * share:.0f}%",
    }


def _side(side: Side, value: tuple[float, float | None, float | None]) -> tuple[str, str]:
    unit = "%" if side.unit == "fraction" else ""
    low, high = value[1:]
    between = "" if low is None or high is None else f"{_number(shown(side, low))} {NONE} {_number(shown(side, high))}"
    return f"{_number(shown(side, value[0]))}{unit}", between


def _data(table: Standings) -> dict[str, Any]:
    """What sorting and the exports need: of each cell points, low, high, place, its ends, why it has none, and all of
    that as Markdown."""
    return {
        "columns": [{"key": one.key, "title": one.title, "kind": one.kind} for one in table.columns],
        "runs": [
            {
                "name": name,
                "run": table.profiles[i].run,
                "cells": [_numbers(table.cells[column.key][i]) for column in table.columns],
            }
            for i, name in enumerate(table.names)
        ],
    }


def _numbers(cell: Cell) -> list[Any]:
    rank = cell.rank
    places = [rank.rank, rank.low, rank.high] if rank else [None] * 3
    figures = (None if one is None else round(one, 6) for one in (cell.points, cell.low, cell.high))
    return [*figures, *places, cell.why, markdown_cell(cell)]
