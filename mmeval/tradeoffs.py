"""The alignment trade-off: what a checkpoint paid for what it gained.

Pairs of figures of which alignment often raises one at the other's cost: fewer made-up objects by naming fewer or by
saying less, fewer harmful answers by refusing harmless requests, preference at the cost of knowledge. Which runs lie
on the Pareto front, and how surely, comes from resamples that all runs share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmeval.catalog import Catalog
from mmeval.dimensions import Profile, asked_differently, dimension_differences, mean_points
from mmeval.scoring import estimate_json
from mmeval.standings import set_apart
from mmeval.statistics.sums import Array, estimated

COVERAGE, LENGTH = "hallucination against coverage", "hallucination against length"
REFUSAL = "harmfulness against over-refusal"
KNOWLEDGE, FAITH = "preference against general knowledge", "preference against hallucination"

# Both figures of one task, by their metrics' names.
WITHIN = (
    (COVERAGE, "chair_i", "recall"),
    (COVERAGE, "chair_s", "recall"),
    (COVERAGE, "chair", "cover"),
    (COVERAGE, "chair_i", "obj_rec"),
    (COVERAGE, "faithfulness_score_i", "coverage_score_i"),
    (COVERAGE, "hallucination_rate", "informativeness"),
    (LENGTH, "chair_s", "length"),
    (LENGTH, "chair_s", "avg_word_len"),
    (REFUSAL, "unsafe_compliance", "over_refusal"),
    (REFUSAL, "asr_nonempty", "over_refusal"),
    (REFUSAL, "refusal_rate", "over_refusal_rate"),
)
# A task with harmless requests alone goes with the first of these that the runs have, then with any other.
HARMFUL = (("mossbench_contrast", "refusal_rate"), ("vlguard", "asr_nonempty"), ("mm_safetybench", "attack_rate"))
HARM = ("asr_nonempty", "asr", "attack_rate", "unsafe_compliance")
HARMLESS = ("over_refusal", "over_refusal_rate", "refusal_rate")
DIMENSIONS = ((KNOWLEDGE, "alignment", "general_knowledge"), (FAITH, "alignment", "hallucination"))


@dataclass(frozen=True, slots=True)
class Side:
    """One axis. task is "" where it is a dimension's mean in points. better is None where neither way is good."""

    name: str
    task: str
    metric: str
    unit: str
    better: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """A run. x, y: (value, low, high), in the axes' units. front: no other run is as good on both and better on one;
    dominated: the share of resamples in which some other run is. Both None where an axis has no good way."""

    run: int
    x: tuple[float, float | None, float | None]
    y: tuple[float, float | None, float | None]
    front: bool | None
    dominated: float | None


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """kind: one of those named above. absent: run -> why it is not among the points; runs are places in the list."""

    kind: str
    x: Side
    y: Side
    points: tuple[Point, ...]
    absent: Mapping[int, str] = field(default_factory=dict)

    def to_json(self, names: Sequence[str]) -> dict[str, Any]:
        sides = {
            at: {what: getattr(side, what) for what in ("name", "task", "metric", "unit", "better")}
            for at, side in (("x", self.x), ("y", self.y))
        }
        points = [
            {
                "run": names[one.run],
                "x": dict(zip(("value", "low", "high"), one.x, strict=True)),
                "y": dict(zip(("value", "low", "high"), one.y, strict=True)),
                "front": one.front,
                "dominated": one.dominated,
            }
            for one in self.points
        ]
        absent = {names[i]: why for i, why in self.absent.items()}
        return {"kind": self.kind, **sides, "points": points, "absent": absent}


def axes_wanted(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Task -> metrics that may be an axis, for `dimensions.profile(beside=...)`."""
    names = {name for _, *pair in WITHIN for name in pair} | {*HARM, *HARMLESS}
    wanted: dict[str, tuple[str, ...]] = {}
    for task in catalog.tasks.values():
        known = {metric for scorer in task.dialects.values() for metric in scorer.metrics}
        if task.dimension in ("hallucination", "safety") and known & names:
            wanted[task.name] = tuple(sorted(known & names))
    return wanted


Drawn = tuple[float, float | None, float | None, Array]


def tradeoffs(profiles: Sequence[Profile]) -> list[Tradeoff]:
    """Every pair that at least one run has both figures of, by kind. profiles: made with `beside=axes_wanted(...)`,
    and with the same resamples and seed."""
    found = [
        _tradeoff(kind, _side(profiles, task, x), _side(profiles, task, y), profiles)
        for task in dict.fromkeys(task for one in profiles for task, _ in one.axes)
        for kind, x, y in WITHIN
        if any((task, x) in one.axes and (task, y) in one.axes for one in profiles)
    ]
    found += [_tradeoff(REFUSAL, harm, harmless, profiles) for harm, harmless in _across(profiles)]
    for kind, *pair in DIMENSIONS:
        if any(all(name in one.dimensions and one.dimensions[name].tasks for name in pair) for one in profiles):
            x, y = (Side(name.replace("_", " "), "", name, "points", "higher") for name in pair)
            found.append(_tradeoff(kind, x, y, profiles))
    order = (COVERAGE, LENGTH, REFUSAL, KNOWLEDGE, FAITH)
    return sorted((one for one in found if one.points), key=lambda one: order.index(one.kind))


def _side(profiles: Sequence[Profile], task: str, metric: str) -> Side:
    one = next(one.axes[task, metric] for one in profiles if (task, metric) in one.axes)
    return Side(f"{task} {metric}", task, metric, one.unit, one.better)


def _across(profiles: Sequence[Profile]) -> list[tuple[Side, Side]]:
    """(harm, over-refusal) of tasks that ask harmless things alone."""
    axes = {axis: one.axes[axis].better for one in profiles for axis in one.axes}
    within = {(task, x) for _, x, y in WITHIN for task, metric in axes if metric == y and (task, x) in axes}
    own = {task for task, metric in within if metric in HARM or metric == "refusal_rate"}
    harmless = [(task, name) for task, name in axes if name in HARMLESS and axes[task, name] == "lower"]
    harmful = [axis for axis in HARMFUL if axis in axes]
    harmful += [(task, name) for name in HARM for task, metric in axes if metric == name and task not in own]
    return [
        (_side(profiles, *harmful[0]), _side(profiles, *axis))
        for axis in harmless
        if axis[0] not in own and harmful and harmful[0][0] != axis[0]
    ]


def _tradeoff(kind: str, x: Side, y: Side, profiles: Sequence[Profile]) -> Tradeoff:
    apart = {task: set_apart(profiles, task) for task in {x.task, y.task} - {""}}
    drawn: dict[int, tuple[Drawn, Drawn]] = {}
    absent: dict[int, str] = {}
    common = {side.metric: _common(side.metric, profiles) for side in (x, y) if not side.task}
    for i, one in enumerate(profiles):
        places = [_drawn(one, side, common.get(side.metric, ())) for side in (x, y)]
        differs = [apart[side.task][i] for side in (x, y) if side.task and i in apart[side.task]]
        if differs:
            absent[i] = f"not comparable: {differs[0]}"
        elif places[0] is None or places[1] is None:
            absent[i] = "has no " + " and no ".join(s.name for s, p in zip((x, y), places, strict=True) if p is None)
        else:
            drawn[i] = places[0], places[1]
    front = _front(list(drawn.values()), x.better, y.better)
    points = [Point(i, pair[0][:3], pair[1][:3], *on) for (i, pair), on in zip(drawn.items(), front, strict=True)]
    return Tradeoff(kind, x, y, tuple(points), absent)


def _common(dimension: str, profiles: Sequence[Profile]) -> tuple[str, ...]:
    """The tasks of a dimension that every run with something in it has, asked alike."""
    there = [one for one in profiles if dimension in one.dimensions and one.dimensions[dimension].tasks]
    if not there:
        return ()
    return tuple(
        task
        for task in there[0].dimensions[dimension].tasks
        if all(task in one.dimensions[dimension].tasks for one in there) and not set_apart(there, task)
    )


def _drawn(one: Profile, side: Side, common: Sequence[str]) -> Drawn | None:
    if side.task:
        axis = one.axes.get((side.task, side.metric))
        return None if axis is None else (axis.value, axis.low, axis.high, axis.draws)
    if not common or any(task not in one.tasks or one.tasks[task].points is None for task in common):
        return None
    mean = mean_points({task: one.tasks[task] for task in common})
    return None if mean.points is None else (mean.points, mean.low, mean.high, mean.draws)


def _front(pairs: Sequence[tuple[Drawn, Drawn]], *ways: str | None) -> list[tuple[bool | None, float | None]]:
    """Of each run whether it is on the front, and the share of resamples in which it is dominated."""
    if None in ways or len(pairs) < 2:
        return [(None, None)] * len(pairs)
    signs = [1.0 if way == "higher" else -1.0 for way in ways]
    values = np.array([[sign * side[0] for sign, side in zip(signs, pair, strict=True)] for pair in pairs])
    whole = _dominated(values[None])[0]
    sizes = {len(side[3]) for pair in pairs for side in pair}
    if len(sizes) != 1 or not max(sizes):
        return [(not bad, None) for bad in whole]
    draws = np.array([[sign * side[3] for sign, side in zip(signs, pair, strict=True)] for pair in pairs])
    draws = np.moveaxis(draws, 2, 0)
    draws = draws[~np.isnan(draws).any(axis=(1, 2))]
    if not len(draws):
        return [(not bad, None) for bad in whole]
    share = _dominated(draws).mean(axis=0)
    return [(not bad, float(one)) for bad, one in zip(whole, share, strict=True)]


def _dominated(values: Array) -> Any:
    """(draws, runs, 2), higher is better -> (draws, runs): is some other run as good on both and better on one?"""
    found = np.zeros(values.shape[:2], bool)
    for other in range(values.shape[1]):
        rival = values[:, other : other + 1]
        found |= (rival >= values).all(axis=2) & (rival > values).any(axis=2)
    return found


@dataclass(frozen=True, slots=True)
class Cost:
    """What changed from base to candidate, in points. dimensions: from `dimension_differences`; tasks: task -> estimate
    with "dimension" and "metric"; better, worse, unclear: names of dimensions whose interval lies above 0, below 0,
    or holds it."""

    dimensions: Mapping[str, Mapping[str, Any]]
    tasks: Mapping[str, Mapping[str, Any]]
    better: tuple[str, ...]
    worse: tuple[str, ...]
    unclear: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        told = {name: list(getattr(self, name)) for name in ("better", "worse", "unclear")}
        return {**told, "dimensions": dict(self.dimensions), "tasks": dict(self.tasks)}


def alignment_cost(
    base: Profile, candidate: Profile, weights: Mapping[str, float] | None = None, force: bool = False
) -> Cost:
    """What the alignment brought and what it cost, paired. Intervals are of each figure by itself: none is corrected
    for there being several."""
    dimensions = dimension_differences(base, candidate, weights, force)
    tasks: dict[str, dict[str, Any]] = {}
    for name, one in candidate.tasks.items():
        was = base.tasks.get(name)
        if was is None or was.points is None or one.points is None:
            continue
        if not force and asked_differently(base, candidate, name):
            continue
        draws = one.draws - was.draws if len(one.draws) == len(was.draws) else np.empty(0)
        made = estimate_json(estimated(one.points - was.points, draws, one.n, one.clusters, False)) or {}
        tasks[name] = {
            "dimension": one.dimension,
            "metric": one.metric,
            "base": was.points,
            "candidate": one.points,
            **made,
        }
    sorts: dict[str, list[str]] = {"better": [], "worse": [], "unclear": []}
    for name, found in dimensions.items():
        if found["value"] is not None:
            sorts[direction(found)].append(name)
    return Cost(dimensions, tasks, *(tuple(sorts[name]) for name in ("better", "worse", "unclear")))


def direction(estimate: Mapping[str, Any]) -> str:
    """ "better", "worse" or "unclear": where the interval of a difference in points lies."""
    low, high = estimate.get("low"), estimate.get("high")
    if low is None or high is None:
        return "unclear"
    return "better" if low > 0 else "worse" if high < 0 else "unclear"
