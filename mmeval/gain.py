"""Multi-modal gain and leakage: how much of a figure comes from looking at the picture.

Chen et al. 2024 (MMStar), arXiv 2403.20330, section 4: MG = S_v - S_wv, ML = max(0, S_wv - S_t), where S_v is the
score with pictures, S_wv without them, and S_t that of the language model alone, before it learned to see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mmeval.aligning import align
from mmeval.catalog import Catalog
from mmeval.errors import DataError, UsageError
from mmeval.runs import RunFolder
from mmeval.statistics.paired import paired
from mmeval.statistics.sums import Estimate


@dataclass(frozen=True, slots=True)
class Gain:
    """One task. seen, blind, text: its headline with pictures, without, and of the language model alone (None where
    that run was not given); gain: seen - blind; leakage: blind - text, not below 0."""

    metric: str
    seen: float
    blind: float
    gain: Estimate
    text: float | None = None
    leakage: Estimate | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def gains(seen: RunFolder, blind: RunFolder, text: RunFolder | None, catalog: Catalog) -> dict[str, Gain]:
    """Per task that the runs share. Raises `UsageError` when a run is not what its place asks for."""
    _check(seen, ablated=False, what="the first run")
    _check(blind, ablated=True, what="the second run")
    if text:
        _check(text, ablated=True, what="the run of the language model")
    runs = [seen, blind, *([text] if text else [])]
    results = [run.read_json("metrics.json") for run in runs]
    shared = [task for task in results[0] if all(task in one for one in results)]
    if not shared:
        raise UsageError("the runs share no task")
    return {name: _of_task(name, runs, results, catalog) for name in shared}


def _of_task(name: str, runs: Sequence[RunFolder], results: Sequence[Mapping[str, Any]], catalog: Catalog) -> Gain:
    if name not in catalog.tasks:
        raise DataError(f"{runs[0].path}: task {name!r} is in no catalog; pass --catalog DIR with its file")
    task = catalog.tasks[name]
    _same(name, "scoring dialect", runs, [one[name]["dialect"] for one in results])
    _same(name, "wording", runs, [run.read_json("run.json")["tasks"][name].get("prompt") for run in runs])
    dialect, scorer = task.scorer_for(results[0][name]["dialect"])
    if task.headline not in scorer.metrics:
        raise UsageError(f"{name}: its {dialect} scoring has no {task.headline}, which the gain is taken of")
    metric = scorer.metrics[task.headline]
    seen, *others = align(name, scorer, runs, [run.scores() for run in runs]).tables
    one = {task.headline: metric}
    gained = paired(others[0], seen, one, permutations=0)[task.headline]
    if len(others) == 1:
        return Gain(task.headline, gained.candidate, gained.base, gained.difference)
    leaked = paired(others[1], others[0], one, permutations=0)[task.headline]
    leakage = _not_below_zero(leaked.difference)
    return Gain(task.headline, gained.candidate, gained.base, gained.difference, leaked.base, leakage)


def _same(task: str, what: str, runs: Sequence[RunFolder], values: Sequence[Any]) -> None:
    for run, value in zip(runs[1:], values[1:], strict=True):
        if value != values[0]:
            raise UsageError(f"{task}: {what} is {values[0]} in {runs[0].path} and {value} in {run.path}; use one")


def _not_below_zero(one: Estimate) -> Estimate:
    low, high = (None if bound is None else max(0.0, bound) for bound in (one.low, one.high))
    return Estimate(max(0.0, one.value), low, high, one.stderr, one.n, one.clusters, one.undefined)


def _check(run: RunFolder, ablated: bool, what: str) -> None:
    said = run.read_json("run.json")["config"].get("ablate")
    if ablated and said != "no-image":
        raise UsageError(f"{run.path}: {what} must be one without pictures (mmeval run … --ablate no-image)")
    if not ablated and said:
        raise UsageError(f"{run.path}: {what} must be one with the pictures, and it was run with --ablate {said}")
