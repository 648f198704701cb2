"""Several runs side by side: which figures may be compared, means over the tasks that they share, and places.

A task counts in a dimension's mean when more than half of the runs with something in that dimension have it. A run
that lacks one of these tasks is shown with what it has and has no place. What was not asked alike is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from mmeval.dimensions import (
    NO_DRAWS,
    SIX,
    Profile,
    Summary,
    TaskPoint,
    asked_differently,
    mean_points,
)
from mmeval.statistics.ranks import Rank, ranks
from mmeval.statistics.sums import Array
from mmeval.weighing import Weighing

Kind = Literal["overall", "dimension", "task"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A run in a column. points, low, high: from 0 to 100; None where there is nothing. rank is None where the run has
    no place, and `why` then says so. have: tasks in its mean, of a task's column none. value: a task's own figure."""

    points: float | None
    low: float | None
    high: float | None
    rank: Rank | None = None
    why: str | None = None
    have: tuple[str, ...] = ()
    value: float | None = None
    unit: str | None = None
    draws: Array = field(default_factory=lambda: NO_DRAWS, repr=False)

    def to_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("points", "low", "high", "why", "value", "unit")}
        told |= {"rank": asdict(self.rank) if self.rank else None, "tasks": list(self.have)}
        return {name: one for name, one in told.items() if one not in (None, [])}


@dataclass(frozen=True, slots=True)
class Column:
    """tasks: that count in the mean, with their weights; left_out: task -> why it doesn't. metric: of a task's column.
    dimension: of a dimension's column its name, of a task's that of the task."""

    key: str
    title: str
    kind: Kind
    dimension: str
    tasks: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    metric: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: one for name, one in asdict(self).items() if one or name == "kind"}


@dataclass(frozen=True, slots=True)
class Standings:
    """columns in order: overall (where asked for), dimensions, tasks. cells: column key -> one for each run."""

    profiles: tuple[Profile, ...]
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: Mapping[str, tuple[Cell, ...]]

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": [column.to_json() for column in self.columns],
            "runs": [
                {
                    "name": name,
                    "run": one.run,
                    "model": one.record.get("model") or {},
                    "status": one.record.get("status"),
                    "cells": {column.key: self.cells[column.key][i].to_json() for column in self.columns},
                }
                for i, (name, one) in enumerate(zip(self.names, self.profiles, strict=True))
            ],
        }


def standings(profiles: Sequence[Profile], names: Sequence[str], weighing: Weighing | None = None) -> Standings:
    """profiles: made with the same resamples and seed. names: what each is called, in their order."""
    weigh = weighing or Weighing()
    tasks = {name: point.dimension for one in profiles for name, point in one.tasks.items()}
    order = {name: place for place, name in enumerate(SIX)}
    dimensions = sorted(dict.fromkeys(tasks.values()), key=lambda name: order.get(name, len(SIX)))
    columns: list[Column] = []
    cells: dict[str, tuple[Cell, ...]] = {}
    apart = {task: set_apart(profiles, task) for task in tasks}
    by_task: list[tuple[Column, tuple[Cell, ...]]] = []
    for dimension in dimensions:
        own = [task for task in tasks if tasks[task] == dimension]
        column, made = _dimension(dimension, own, profiles, apart, weigh)
        columns.append(column)
        cells[column.key] = made
        by_task += [_task(task, dimension, profiles, apart[task]) for task in own]
    if weigh.overall is not None:
        overall, made = _overall(weigh.overall, {column.dimension: cells[column.key] for column in columns})
        columns.insert(0, overall)
        cells[overall.key] = made
    for column, made in by_task:
        columns.append(column)
        cells[column.key] = made
    return Standings(tuple(profiles), tuple(names), tuple(columns), cells)


def set_apart(profiles: Sequence[Profile], task: str) -> dict[int, str]:
    """Which runs were not asked a task like most others, and what was different. Of equally many, the first rule."""
    groups: list[list[int]] = []
    for i, one in enumerate(profiles):
        if task in one.tasks and one.tasks[task].points is not None:
            alike = next((group for group in groups if not asked_differently(profiles[group[0]], one, task)), None)
            if alike is None:
                groups.append([i])
            else:
                alike.append(i)
    if not groups:
        return {}
    most = max(groups, key=len)
    return {
        i: "other " + ", ".join(dict.fromkeys(asked_differently(profiles[most[0]], profiles[i], task)))
        for group in groups
        if group is not most
        for i in group
    }


def _task(
    task: str, dimension: str, profiles: Sequence[Profile], apart: Mapping[int, str]
) -> tuple[Column, tuple[Cell, ...]]:
    points = [one.tasks.get(task) for one in profiles]
    metric = next((point.metric for point in points if point and point.metric), "")
    cells = [_task_cell(point, apart.get(i)) for i, point in enumerate(points)]
    return Column(f"task:{task}", task, "task", dimension, metric=metric), _with_ranks(cells)


def _task_cell(point: TaskPoint | None, apart: str | None) -> Cell:
    if point is None:
        return Cell(None, None, None, why="not run")
    if point.points is None:
        return Cell(None, None, None, why=point.why)
    why = f"not comparable: {apart}" if apart else None
    return Cell(point.points, point.low, point.high, None, why, (), point.value, point.unit, point.draws)


def _dimension(
    dimension: str,
    tasks: Sequence[str],
    profiles: Sequence[Profile],
    apart: Mapping[str, Mapping[int, str]],
    weigh: Weighing,
) -> tuple[Column, tuple[Cell, ...]]:
    weights = {task: weigh.of(task) for task in tasks}
    lacks = [
        {task: why for task in tasks if (why := _lack(one.tasks.get(task), apart[task].get(i)))}
        for i, one in enumerate(profiles)
    ]
    there = [i for i in range(len(profiles)) if len(lacks[i]) < len(tasks)]
    share = {task: sum(task not in lacks[i] for i in there) for task in tasks}
    counted = [task for task in tasks if weights[task] and 2 * share[task] > len(there)]
    left_out = {
        task: "weight 0" if not weights[task] else f"only {share[task]} of {len(there)} runs have it"
        for task in tasks
        if task not in counted and share[task]
    } | {task: _common_lack(task, lacks) for task in tasks if not share[task]}
    column = Column(
        f"dimension:{dimension}",
        dimension.replace("_", " "),
        "dimension",
        dimension,
        {task: weights[task] for task in counted},
        left_out,
    )
    cells = [
        _dimension_cell(
            {task: profiles[i].tasks[task] for task in counted if task not in lacks[i]},
            weights,
            {task: why for task, why in lacks[i].items() if task in counted},
            lacks[i],
        )
        for i in range(len(profiles))
    ]
    return column, _with_ranks(cells)


def _lack(point: TaskPoint | None, apart: str | None) -> str | None:
    """Why a task can't be in a run's mean; None where it can."""
    if point is None:
        return "not run"
    return (point.why or "no points") if point.points is None else apart


def _common_lack(task: str, lacks: Sequence[Mapping[str, str]]) -> str:
    said = dict.fromkeys(one[task] for one in lacks if one.get(task, "not run") != "not run")
    return "; ".join(said) or "no run has it"


def _dimension_cell(
    points: Mapping[str, TaskPoint], weights: Mapping[str, float], lacking: Mapping[str, str], all_: Mapping[str, str]
) -> Cell:
    mean: Summary = mean_points(points, weights)
    if mean.points is None:
        told = {task: why for task, why in all_.items() if why != "not run"}
        return Cell(None, None, None, why=_named(told) if told else "no task of it was run")
    why = f"lacks {_named(lacking)}" if lacking else None
    return Cell(mean.points, mean.low, mean.high, None, why, mean.tasks, draws=mean.draws)


def _named(lacking: Mapping[str, str]) -> str:
    return "; ".join(f"{task} ({why})" for task, why in lacking.items())


def _overall(weights: Mapping[str, float], found: Mapping[str, tuple[Cell, ...]]) -> tuple[Column, tuple[Cell, ...]]:
    """The weighted mean of dimensions' means; a run that lacks one, or has no place in it, has no mean of all."""
    total = sum(weights.values())
    number = len(next(iter(found.values()))) if found else 0
    cells: list[Cell] = []
    for i in range(number):
        own = {name: found[name][i] for name in weights if name in found}
        short = [name for name in weights if name not in own or own[name].points is None or own[name].why]
        if short:
            words = ", ".join(name.replace("_", " ") for name in short)
            cells.append(Cell(None, None, None, why=f"lacks a full {words}"))
            continue
        points = sum(weights[name] * float(own[name].points or 0.0) for name in weights) / total
        drawn = all(len(own[name].draws) for name in weights)
        draws: Array = (
            np.sum([weights[name] * own[name].draws for name in weights], axis=0) / total if drawn else NO_DRAWS
        )
        kept = draws[~np.isnan(draws)]
        low, high = np.quantile(kept, [0.025, 0.975]).tolist() if len(kept) > 1 else (None, None)
        cells.append(Cell(points, low, high, have=tuple(weights), draws=draws))
    column = Column("overall", "overall", "overall", "", tasks=dict(weights))
    return column, _with_ranks(cells)


def _with_ranks(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Places among the cells that have points and nothing against them; none where there are fewer than two."""
    ranked = [i for i, cell in enumerate(cells) if cell.points is not None and cell.why is None]
    if len(ranked) < 2:
        return tuple(cells)
    sizes = {len(cells[i].draws) for i in ranked}
    draws: Array = np.empty((0, len(ranked)))
    if len(sizes) == 1:
        draws = np.stack([cells[i].draws for i in ranked], axis=1)
    found = ranks(np.array([float(cells[i].points or 0.0) for i in ranked]), draws)
    places = dict(zip(ranked, found, strict=True))
    return tuple(replace(cell, rank=places.get(i)) for i, cell in enumerate(cells))
