"""Six dimensions at a glance: each the mean of its tasks' headline metrics, from 0 to 100, higher is better.

A headline's points are 100 * (value - lowest) / (highest - lowest) on its `sums.span`, turned round where lower is
better. Intervals come from resamples that all tasks and runs share (`sums.shared_weights`): a picture that two tasks
show is drawn in both or in neither, and the same resample of two runs holds the same pictures. A task without points
is in no mean and is named; nothing is put in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mmeval.catalog import Catalog
from mmeval.errors import MmevalError
from mmeval.runs import RunFolder
from mmeval.sameness import set_differently
from mmeval.scorers.base import AnyMetric, Scorer
from mmeval.scoring import estimate_json
from mmeval.shared_tables import cluster_labels, narrowed, shared_tables
from mmeval.statistics.sums import Array, Table, estimated, span, spread_of

SIX = ("general_knowledge", "hallucination", "safety", "dialogue", "reward_model", "alignment")
RESAMPLES = 1000

Json = Mapping[str, Any]
Weights = Mapping[str, float]
NO_DRAWS: Array = np.empty(0)


@dataclass(frozen=True, slots=True)
class TaskPoint:
    """A task's headline. points, low, high: from 0 to 100, higher is better; None where `why` says why not.
    draws: (resamples,) points, NaN where undefined, empty where there is but one cluster. value: as the metric has it.
    missing: samples without an answer or a verdict."""

    dimension: str
    metric: str
    points: float | None = None
    low: float | None = None
    high: float | None = None
    draws: Array = field(default_factory=lambda: NO_DRAWS, repr=False)
    value: float | None = None
    unit: str = "fraction"
    better: str | None = None
    n: int = 0
    clusters: int = 0
    missing: int = 0
    why: str | None = None

    def to_json(self) -> dict[str, Any]:
        names = ("dimension", "metric", "points", "low", "high", "value", "unit", "better", "n", "clusters", "missing")
        told = {name: getattr(self, name) for name in names}
        return {**told, "why": self.why} if self.why else told


@dataclass(frozen=True, slots=True)
class Summary:
    """A weighted mean of tasks' points. tasks: those in the mean; missing: task -> why it isn't. draws as in
    `TaskPoint`. points is None where no task is in the mean."""

    points: float | None
    low: float | None
    high: float | None
    stderr: float | None
    tasks: tuple[str, ...]
    missing: Mapping[str, str]
    draws: Array = field(default_factory=lambda: NO_DRAWS, repr=False)

    def to_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("points", "low", "high", "stderr")}
        return {**told, "tasks": list(self.tasks), "missing": dict(self.missing)}


@dataclass(frozen=True, slots=True)
class Axis:
    """Another figure of a task, in its own unit, for trade-offs. better is None where neither way is good."""

    value: float
    low: float | None
    high: float | None
    draws: Array = field(repr=False)
    unit: str
    better: str | None


@dataclass(frozen=True, slots=True)
class Profile:
    """One run. tasks: all that were asked of it; dimensions: of which it has a task. axes: (task, metric) -> figure.
    record, results: its run.json and metrics.json."""

    run: str
    tasks: Mapping[str, TaskPoint]
    dimensions: Mapping[str, Summary]
    record: Json = field(repr=False)
    results: Json = field(repr=False)
    axes: Mapping[tuple[str, str], Axis] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "model": self.record.get("model") or {},
            "status": self.record.get("status"),
            "tasks": {name: point.to_json() for name, point in self.tasks.items()},
            "dimensions": {name: one.to_json() for name, one in self.dimensions.items()},
        }


def profiles(
    runs: Iterable[RunFolder],
    catalog: Catalog,
    resamples: int = RESAMPLES,
    seed: int = 0,
    beside: Mapping[str, Iterable[str]] | None = None,
) -> list[Profile]:
    """`profile` of each run; what all runs of a benchmark's same data have in common is read once."""
    known: dict[tuple[str, str], Mapping[str, str]] = {}
    return [profile(run, catalog, resamples, seed, beside, known) for run in runs]


def profile(
    run: RunFolder,
    catalog: Catalog,
    resamples: int = RESAMPLES,
    seed: int = 0,
    beside: Mapping[str, Iterable[str]] | None = None,
    known: dict[tuple[str, str], Mapping[str, str]] | None = None,
) -> Profile:
    """A run's points by task and dimension. beside: task -> further metrics to keep as `Profile.axes`. known: clusters'
    labels by task and fingerprint of its data, read before; it grows.

    A run that was not finished has the tasks it was asked, all without points. Profiles that are to be compared need
    the same resamples and seed.
    """
    record = run.read_json("run.json")
    done = (run.path / "metrics.json").is_file() and (run.path / "scores.parquet").is_file()
    results: Json = run.read_json("metrics.json") if done else {}
    told: Json = record.get("tasks") or {}
    points: dict[str, TaskPoint] = {}
    usable: dict[str, tuple[AnyMetric, dict[str, AnyMetric]]] = {}
    for name in dict.fromkeys([*told, *results]):
        found = _usable(name, told.get(name) or {}, results.get(name), catalog)
        if isinstance(found, TaskPoint):
            points[name] = found
        else:
            headline = catalog.tasks[name].headline
            more = {metric: found.metrics[metric] for metric in (beside or {}).get(name, ()) if metric in found.metrics}
            usable[name] = found.metrics[headline], more
            points[name] = TaskPoint(_dimension(name, told.get(name) or {}, catalog), headline)  # keeps its place
    wanted = {
        name: {one.over for one in (headed, *more.values()) if one.over} for name, (headed, more) in usable.items()
    }
    known = {} if known is None else known
    tables = shared_tables(run, wanted, _labels(run, told, list(usable), known)) if usable else {}
    axes: dict[tuple[str, str], Axis] = {}
    for name, (headed, more) in usable.items():
        points[name] = _point(points[name], headed, tables.get(name), results[name], resamples, seed)
        if name in tables and tables[name].n:
            axes |= {(name, metric): _axis(one, tables[name], resamples, seed) for metric, one in more.items()}
    return Profile(str(run.path), points, by_dimension(points), record, results, axes)


def _labels(
    run: RunFolder, told: Json, names: Sequence[str], known: dict[tuple[str, str], Mapping[str, str]]
) -> dict[str, Mapping[str, str]]:
    """Task -> cluster -> label."""
    prints = {name: str((told.get(name) or {}).get("fingerprint")) for name in names}
    if any((name, mark) not in known for name, mark in prints.items()):
        read = cluster_labels(run)
        for name, mark in prints.items():
            known.setdefault((name, mark), read.get(name, {}))
    return {name: known[name, mark] for name, mark in prints.items()}


def _dimension(name: str, told: Json, catalog: Catalog) -> str:
    return catalog.tasks[name].dimension if name in catalog.tasks else str(told.get("dimension") or "unknown")


def _usable(name: str, told: Json, result: Json | None, catalog: Catalog) -> Scorer | TaskPoint:
    """The scorer of a task that may have points, else a `TaskPoint` that says why it has none."""
    dimension, headline = _dimension(name, told, catalog), str(told.get("headline") or "")

    def without(why: str) -> TaskPoint:
        n, lost = (int((result or {}).get(what) or 0) for what in ("n", "missing"))
        return TaskPoint(dimension, headline, n=n, missing=lost, why=why)

    if told.get("error"):
        return without("failed")
    if result is None:
        return without("not finished")
    if name not in catalog.tasks:
        return without("in no catalog")
    task = catalog.tasks[name]
    try:
        dialect, scorer = task.scorer_for(result["dialect"])
    except MmevalError:
        return without(f"unknown scoring {result['dialect']!r}")
    if task.headline not in scorer.metrics:
        return without(f"its {dialect} scoring has no headline metric {task.headline}")
    metric = scorer.metrics[task.headline]
    if metric.better is None or span(metric) is None:
        return without("not on a 0-100 scale")
    return scorer if result.get("metrics") else without("no answer could be scored")


def _point(
    place: TaskPoint, metric: AnyMetric, data: Table | None, result: Json, resamples: int, seed: int
) -> TaskPoint:
    lost = int(result["missing"]) + int(result.get("unjudged", 0))
    place = replace(place, unit=metric.unit, better=metric.better, n=int(result["n"]), missing=lost)
    if data is None or not data.n:
        return replace(place, why="no answer could be scored")
    value, spread, undefined = spread_of(narrowed(data, metric), metric, resamples, seed, shared=True)
    if undefined:
        return replace(place, why="undefined: a part of this figure has a denominator of zero")
    clusters, draws = len(data.labels), points_of(metric, spread)
    one = estimated(points_of(metric, value), draws, data.n, clusters, False)
    return replace(place, points=one.value, low=one.low, high=one.high, draws=draws, value=value, clusters=clusters)


def _axis(metric: AnyMetric, data: Table, resamples: int, seed: int) -> Axis:
    value, spread, undefined = spread_of(narrowed(data, metric), metric, resamples, seed, shared=True)
    one = estimated(value, spread, data.n, len(data.labels), undefined)
    return Axis(one.value, one.low, one.high, spread, metric.unit, metric.better)


def points_of(metric: AnyMetric, value: Any) -> Any:
    """A metric's value, or values, from 0 to 100, higher is better. Raises `ValueError` where its scale is unknown.

    A figure relative to another model's can lie beyond 100; nothing is cut off.
    """
    reach = span(metric)
    if reach is None or metric.better is None:
        raise ValueError("a metric without a scale or a good way has no points")
    points = 100 * (value - reach[0]) / (reach[1] - reach[0])
    return 100 - points if metric.better == "lower" else points


def by_dimension(points: Mapping[str, TaskPoint]) -> dict[str, Summary]:
    """A summary of each dimension that has a task, over its tasks with points; the six first, in their order."""
    there = dict.fromkeys(point.dimension for point in points.values())
    order = [name for name in SIX if name in there] + [name for name in there if name not in SIX]
    return {
        dimension: mean_points({name: one for name, one in points.items() if one.dimension == dimension})
        for dimension in order
    }


def mean_points(points: Mapping[str, TaskPoint], weights: Weights | None = None) -> Summary:
    """The weighted mean of the tasks that have points; weights: by task, 1 where none is given, 0 leaves it out."""
    missing = {name: one.why or "no points" for name, one in points.items() if one.points is None}
    weigh = {name: float((weights or {}).get(name, 1)) for name in points if name not in missing}
    missing |= {name: "weight 0" for name, weight in weigh.items() if not weight}
    used = {name: points[name] for name, weight in weigh.items() if weight}
    if not used:
        return Summary(None, None, None, None, (), missing)
    value, draws = _weighted(used, weigh)
    clusters = min(one.clusters for one in used.values())
    one = estimated(value, draws, sum(point.n for point in used.values()), clusters, False)
    return Summary(value, one.low, one.high, one.stderr, tuple(used), missing, draws)


def _weighted(points: Mapping[str, TaskPoint], weigh: Weights) -> tuple[float, Array]:
    """The mean and its draws; no draws where some task has none."""
    total = sum(weigh[name] for name in points)
    value = sum(weigh[name] * float(one.points or 0.0) for name, one in points.items()) / total
    if any(not len(one.draws) for one in points.values()):
        return value, NO_DRAWS
    draws: Array = np.sum([weigh[name] * one.draws for name, one in points.items()], axis=0) / total
    return value, draws


def asked_differently(first: Profile, second: Profile, task: str) -> list[str]:
    """What two runs did not have alike in a task ("data", "prompt", "dialect", "judge", "decoding"); nothing where they
    can be compared."""
    found = [one.what for one in set_differently(task, (first.record, second.record), (first.results, second.results))]
    told = [(one.record.get("tasks") or {}).get(task) or {} for one in (first, second)]
    data = ["data"] if told[0].get("fingerprint") != told[1].get("fingerprint") else []
    early = ["stopped early"] if any(one.get("not_asked") for one in told) else []
    return [*data, *early, *found]


def dimension_differences(
    base: Profile, candidate: Profile, weights: Weights | None = None, force: bool = False
) -> dict[str, dict[str, Any]]:
    """Candidate - base in points, by dimension, over the tasks that both have: paired, draw by draw.

    {dimension: {"value", "low", "high", "stderr", "n", "clusters", "base", "candidate", "tasks": [...],
    "absent": {task: why}}}; value None where they have no task in common. force: tasks that were not asked alike count,
    too.
    """
    names = dict.fromkeys([*base.dimensions, *candidate.dimensions])
    order = [name for name in SIX if name in names] + [name for name in names if name not in SIX]
    return {name: _difference(name, base, candidate, weights or {}, force) for name in order}


def _difference(dimension: str, base: Profile, candidate: Profile, weights: Weights, force: bool) -> dict[str, Any]:
    sides = [{name: one for name, one in run.tasks.items() if one.dimension == dimension} for run in (base, candidate)]
    absent: dict[str, str] = {}
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        if why := _apart(name, base, candidate, force):
            absent[name] = why
        elif not weights.get(name, 1):
            absent[name] = "weight 0"
    common = [name for name in sides[0] if name not in absent]
    first, second = (mean_points({name: side[name] for name in common}, weights) for side in sides)
    if first.points is None or second.points is None:
        value: dict[str, Any] = dict.fromkeys(("value", "low", "high", "stderr", "n", "clusters"))
    else:
        n, clusters = (sum(getattr(sides[0][name], what) for name in common) for what in ("n", "clusters"))
        drawn = len(first.draws) and len(first.draws) == len(second.draws)
        draws = second.draws - first.draws if drawn else NO_DRAWS
        value = estimate_json(estimated(second.points - first.points, draws, n, clusters, False)) or {}
    return {**value, "base": first.points, "candidate": second.points, "tasks": common, "absent": absent}


def _apart(task: str, base: Profile, candidate: Profile, force: bool) -> str | None:
    """Why a task is not compared; None where it is."""
    for side, run in (("base", base), ("candidate", candidate)):
        if task not in run.tasks:
            return f"not in {side}"
        if run.tasks[task].points is None:
            return f"{run.tasks[task].why} in {side}"
    differs = [] if force else asked_differently(base, candidate, task)
    return f"not asked alike: {', '.join(differs)}" if differs else None
