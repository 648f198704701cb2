"""What the rules of a policy are about: tasks and metrics of two runs, by the names that people write."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from mmeval.aligning import known_scorer, recorded
from mmeval.catalog import Catalog
from mmeval.errors import DataError
from mmeval.gating.policy import BOUNDING, COMPARING, Policy, Rule
from mmeval.runs import RunFolder
from mmeval.statistics.sums import AnyMetric, span

Json = Mapping[str, Any]
BASE, CANDIDATE = 0, 1
NAMES = ("the base", "the candidate")


@dataclass(frozen=True, slots=True)
class Sides:
    """Both runs with their run.json and metrics.json, base first."""

    runs: tuple[RunFolder, RunFolder]
    records: tuple[Json, Json]
    results: tuple[Json, Json]

    @classmethod
    def of(cls, base: RunFolder, candidate: RunFolder) -> Sides:
        (first, one), (second, other) = recorded(base), recorded(candidate)
        return cls((base, candidate), (first, second), (one, other))

    @property
    def tasks(self) -> list[str]:
        """The tasks of both, in the base's order."""
        pairs = zip(self.records, self.results, strict=True)
        return list(dict.fromkeys(name for record, result in pairs for name in (*record.get("tasks", {}), *result)))

    def known(self, side: int, task: str) -> bool:
        return task in self.records[side].get("tasks", {}) or task in self.results[side]

    def figures(self, side: int, task: str) -> Mapping[str, Any]:
        return (self.results[side].get(task) or {}).get("metrics") or {}

    def lacks(self, side: int, task: str) -> str | None:
        """Why a run has no figures of a task; None where it has."""
        if self.figures(side, task):
            return None
        if not self.known(side, task):
            return f"not in {NAMES[side]}"
        error = (self.records[side].get("tasks", {}).get(task) or {}).get("error")
        if error:
            return f"failed in {NAMES[side]}: {error}"
        return f"without figures in {NAMES[side]}: no answer has a score"

    def headline(self, task: str, catalog: Catalog) -> str:
        for record in reversed(self.records):
            if found := (record.get("tasks", {}).get(task) or {}).get("headline"):
                return str(found)
        self.check(task, catalog)
        return catalog.tasks[task].headline

    def metrics(self, task: str, catalog: Catalog) -> Mapping[str, AnyMetric]:
        """Of the dialect that the candidate, else the base, was scored by; else of the task's first."""
        for side in (CANDIDATE, BASE):
            if dialect := (self.results[side].get(task) or {}).get("dialect"):
                return known_scorer(task, dialect, self.runs[side], catalog).metrics
        self.check(task, catalog)
        return catalog.tasks[task].scorer_for()[1].metrics

    def check(self, task: str, catalog: Catalog) -> None:
        if task not in catalog.tasks:
            run = self.runs[CANDIDATE if self.known(CANDIDATE, task) else BASE]
            raise DataError(f"{run.path}: task {task!r} is in no catalog; pass --catalog DIR with its file")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing asked of one metric. name: as people read it; task, metric: None where a pattern met nothing.
    asks: the rule's key; limit: its points or its bound. absent: why there is nothing to judge, known beforehand."""

    name: str
    task: str | None
    metric: str | None
    asks: str
    limit: float = 0.0
    absent: str | None = None


NOTHING = "nothing that it is about can be compared: it is in the candidate alone, or has no good way"


def wanted_by(policy: Policy, catalog: Catalog, sides: Sides) -> tuple[list[Wanted], list[str]]:
    """What the policy asks, each once, and what must be said about tasks that only the candidate has.

    A metric that a rule compares by its own name is left out of the patterns that compare.
    Raises `DataError` for a name that the catalogue lacks, or that a rule can't be about.
    """
    source = policy.source
    for name in policy.required_dimensions:
        if name not in _dimensions(catalog):
            there = ", ".join(sorted(_dimensions(catalog)))
            raise DataError(f"{source}: required_dimensions: no dimension {name!r} (there are: {there})")
    found: dict[Wanted, None] = {}
    new: dict[str, None] = {}
    asked = [(name, *one) for rule in policy.rules for name in rule.metric for one in _conditions(rule)]
    by_name = {
        _named(name, catalog, sides, source)
        for name, asks, _ in asked
        if asks in COMPARING and not _is_pattern(name, catalog)
    }
    for name, asks, limit in asked:
        pattern, compares = _is_pattern(name, catalog), asks in COMPARING
        pairs = (_matching if pattern else _one)(name, catalog, sides, source)
        if not pairs:
            found[Wanted(name, None, None, asks, limit, "no task of these runs")] = None
        judging = not pairs
        for task, metric in pairs:
            if pattern and compares and (task, metric) in by_name:
                judging = True  # by the rule that names it
                continue
            if pattern and compares and _no_way(task, metric, catalog, sides):
                continue
            if pattern and compares and not sides.known(BASE, task) and not sides.lacks(CANDIDATE, task):
                new[task] = None
                continue
            judging = True
            found[_wanted(task, metric, asks, limit, catalog, sides, source)] = None
        if not judging:
            found[Wanted(name, None, None, asks, limit, NOTHING)] = None
    return list(found), [f"{task}: only in the candidate, so there is nothing to compare it with" for task in new]


def _conditions(rule: Rule) -> Iterator[tuple[str, float]]:
    for key in COMPARING:
        if value := getattr(rule, key):
            yield key, 0.0 if value is True else float(value)
    for key in BOUNDING:
        if (value := getattr(rule, key)) is not None:
            yield key, float(value)


def _is_pattern(name: str, catalog: Catalog) -> bool:
    return "*" in name or (name not in catalog.tasks and name in _dimensions(catalog))


def _dimensions(catalog: Catalog) -> set[str]:
    return {task.dimension for task in catalog.tasks.values()}


def _matching(name: str, catalog: Catalog, sides: Sides, source: str) -> list[tuple[str, str]]:
    """(task, metric) of the runs' tasks that a pattern or a dimension means."""
    tasks, _, metrics = name.partition(".")
    found = [task for task in catalog.tasks if _means(tasks, task, catalog)]
    if not found:
        raise DataError(f"{source}: {name!r} means no task; {_near(tasks, catalog)}")
    for task in sides.tasks:
        sides.check(task, catalog)  # else a forgotten --catalog would take its tasks out of every rule
    present = [task for task in sides.tasks if _means(tasks, task, catalog)]
    if not metrics:
        return [(task, sides.headline(task, catalog)) for task in present]
    return [
        (task, metric) for task in present for metric in sides.metrics(task, catalog) if fnmatchcase(metric, metrics)
    ]


def _means(name: str, task: str, catalog: Catalog) -> bool:
    return fnmatchcase(task, name) or (name not in catalog.tasks and catalog.tasks[task].dimension == name)


def _one(name: str, catalog: Catalog, sides: Sides, source: str) -> list[tuple[str, str]]:
    return [_named(name, catalog, sides, source)]


def _named(name: str, catalog: Catalog, sides: Sides, source: str) -> tuple[str, str]:
    task, _, metric = name.partition(".")
    if task not in catalog.tasks:
        raise DataError(f"{source}: no task or dimension {task!r}; {_near(task, catalog)}")
    known = dict.fromkeys(one for scorer in catalog.tasks[task].dialects.values() for one in scorer.metrics)
    if metric and metric not in known:
        near = difflib.get_close_matches(metric, known, n=1, cutoff=0.4)
        hint = f"did you mean {task}.{near[0]}?" if near else f"it has: {', '.join(known)}"
        raise DataError(f"{source}: {task} has no metric {metric!r}; {hint}")
    return task, metric or sides.headline(task, catalog)


def _near(name: str, catalog: Catalog) -> str:
    known = [*catalog.tasks, *sorted(_dimensions(catalog))]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else "`mmeval tasks` lists them; own ones need --catalog DIR"


def _no_way(task: str, metric: str, catalog: Catalog, sides: Sides) -> bool:
    """Whether neither more nor less of a metric is good."""
    known = sides.metrics(task, catalog).get(metric)
    return known is not None and known.better is None


def _wanted(task: str, metric: str, asks: str, limit: float, catalog: Catalog, sides: Sides, source: str) -> Wanted:
    """Raises `DataError` for what can't be asked of this metric."""
    name = f"{task}.{metric}"
    known = sides.metrics(task, catalog).get(metric)
    if known is None:
        return Wanted(name, task, metric, asks, limit, "not a metric of the rule that these runs were scored by")
    scale = span(known)
    if asks in COMPARING and known.better is None:
        raise DataError(f"{source}: {name} has no good way, so it can't get worse; use {' or '.join(BOUNDING)}")
    if asks == "not_worse_by" and scale is None:
        raise DataError(
            f"{source}: {name} has no known range to count points on; use no_regression, at_most or at_least"
        )
    if asks in BOUNDING and scale is not None and not scale[0] <= limit <= scale[1]:
        hint = f"; write {limit / 100:g} or {limit:g} %" if scale == (0.0, 1.0) and 1 < limit <= 100 else ""
        raise DataError(f"{source}: {name} lies between {scale[0]:g} and {scale[1]:g}, {asks} {limit:g} does not{hint}")
    return Wanted(name, task, metric, asks, limit)
