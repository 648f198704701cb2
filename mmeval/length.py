"""Answers of another length: what a figure owes to it, in one run and between two.

Aligned models often win or make up less by saying more or less. Lengths are in characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mmeval.catalog import Catalog
from mmeval.errors import UsageError
from mmeval.runs import RunFolder
from mmeval.scorers.base import Metric, Scorer
from mmeval.scoring import Columns, estimate_json, table_of
from mmeval.statistics.influence import alone, influence
from mmeval.statistics.length import EqualLength, at_equal_length, value_against_length
from mmeval.statistics.sums import AnyMetric, Array

if TYPE_CHECKING:
    import pandas as pd

LONG = 60  # characters: answers shorter than this on average are words and letters, whose length says nothing
PER = 100.0


def against_length(
    scores: Columns | pd.DataFrame, scorer: Scorer, resamples: int = 2000, seed: int = 0
) -> dict[str, Any] | None:
    """Each figure against the length of the answers, for a task's part of the JSON object; None for short answers.

    scores: a table of scores. Of every metric that has a good way and is about long answers, through its `influence`
    values and over the samples that it is about (AMBER's descriptions, not its questions): slope (change for 100
    characters more) and rank correlation. mean: length of the answers that any of these metrics is about.
    """
    kept = ~np.asarray(scores["missing"], bool)
    texts = [text if isinstance(text, str) else None for text in np.asarray(scores["answer"], object)[kept]]
    lengths = np.array([np.nan if text is None else len(text) for text in texts], float)
    if (~np.isnan(lengths)).sum() < 2 or np.nanmax(lengths) < LONG:
        return None
    data, used = table_of(scores), np.zeros(len(lengths), bool)
    metrics: dict[str, Any] = {}
    for name, metric in scorer.metrics.items():
        if not isinstance(metric, Metric) or metric.better is None:
            continue
        about = ~np.isnan(alone(metric, data)) & ~np.isnan(lengths)
        if not _long(lengths[about]):
            continue
        values = np.where(about, influence(metric, data), np.nan)
        found = value_against_length(values, lengths, data.clusters.tolist(), per=PER, resamples=resamples, seed=seed)
        if not found.slope.undefined:
            metrics[name] = {"slope": estimate_json(found.slope), "correlation": estimate_json(found.correlation)}
            used |= about
    if not metrics:
        return None
    return {"unit": "characters", "mean": float(lengths[used].mean()), "per": PER, "metrics": metrics}


def _long(lengths: Array) -> bool:
    return len(lengths) > 1 and float(lengths.mean()) >= LONG and bool(np.ptp(lengths) > 0)


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric in two runs. lengths: mean length of the answers in each; equal: the difference, raw and at equal
    length."""

    base: float
    candidate: float
    lengths: tuple[float, float]
    equal: EqualLength

    def to_json(self) -> dict[str, Any]:
        parts = {name: estimate_json(getattr(self.equal, name)) for name in ("raw", "controlled", "effect")}
        lengths = {"base": self.lengths[0], "candidate": self.lengths[1]}
        return {
            "base": self.base,
            "candidate": self.candidate,
            **parts,
            "lengths": lengths,
            "longer": self.equal.longer,
        }


def compare_at_equal_length(
    base: RunFolder, candidate: RunFolder, catalog: Catalog, seed: int = 0
) -> dict[str, dict[str, Compared]]:
    """Task -> metric -> the difference candidate - base on the samples that both have, raw and at equal length.

    Tasks with short answers are left out. Raises `UsageError` when the runs share no task with long answers, or have
    scored one by different dialects.
    """
    first, second = base.scores(), candidate.scores()
    before, results = base.read_json("metrics.json"), candidate.read_json("metrics.json")
    found: dict[str, dict[str, Compared]] = {}
    for task in dict.fromkeys(first["task"]):
        if task not in results or task not in catalog.tasks:
            continue
        dialects = [measured[task]["dialect"] for measured in (before, results)]
        if dialects[0] != dialects[1]:
            raise UsageError(
                f"{task}: scored as {dialects[0]} in {base.path} and as {dialects[1]} in {candidate.path}; "
                "run one of them again with the other's --scoring (no answer is asked again)"
            )
        scorer = catalog.tasks[task].scorer_for(dialects[1])[1]
        compared = _compared(first[first["task"] == task], second[second["task"] == task], scorer, seed)
        if compared:
            found[task] = compared
    if not found:
        raise UsageError(f"{base.path} and {candidate.path} share no task whose answers are long enough to compare")
    return found


def _compared(first: pd.DataFrame, second: pd.DataFrame, scorer: Scorer, seed: int) -> dict[str, Compared]:
    first, second = (
        one[~one["missing"].astype(bool) & one["answer"].notna()].set_index("sample") for one in (first, second)
    )
    both = first.index.intersection(second.index, sort=False)
    if len(both) < 2:
        return {}
    sides = [one.loc[both].reset_index() for one in (first, second)]
    lengths: list[Array] = [np.asarray(one["answer"].str.len(), np.float64) for one in sides]
    return {
        name: made
        for name, metric in scorer.metrics.items()
        if isinstance(metric, Metric)
        and metric.better
        and (made := _one(metric, sides, lengths, scorer.judging is not None, seed))
    }


def _one(
    metric: AnyMetric, sides: list[pd.DataFrame], lengths: list[Array], judged: bool, seed: int
) -> Compared | None:
    tables = [table_of(side) for side in sides]
    # Left out is only what says nothing in either run: then the mean of the rest is still the metric.
    about = ~np.isnan(alone(metric, tables[0])) | ~np.isnan(alone(metric, tables[1]))
    values = [influence(metric, data) for data in tables]
    if not any(_long(length[about]) for length in lengths) or any(np.isnan(one).any() for one in values):
        return None
    first, second = (np.where(about, one, np.nan) for one in values)
    equal = at_equal_length(
        first, second, lengths[0], lengths[1], tables[0].clusters.tolist(), seed=seed, squash=judged
    )
    means = (float(lengths[0][about].mean()), float(lengths[1][about].mean()))
    return Compared(float(values[0].mean()), float(values[1].mean()), means, equal)


def comparisons_json(found: Mapping[str, Mapping[str, Compared]]) -> dict[str, Any]:
    return {task: {name: one.to_json() for name, one in metrics.items()} for task, metrics in found.items()}
