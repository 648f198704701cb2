"""The samples of two runs side by side as the compact columns that the compare page's browser reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mmeval.catalog import Catalog
from mmeval.compare import Comparison
from mmeval.inference.base import Response
from mmeval.reporting.browsing import MANY, MISSING, NAME_LENGTH, RIGHT, UNMARKED, WRONG, Pool, as_text, said_by_judges
from mmeval.runs import Asked, RunFolder
from mmeval.scorers.base import COUNT
from mmeval.scoring import table_of
from mmeval.statistics.influence import alone
from mmeval.statistics.sums import AnyMetric, Fitted, span

if TYPE_CHECKING:
    import pandas as pd

NOT_ASKED = "-"
LONGEST = 20_000  # characters of a text that the page keeps; the whole of it stands in the run folder
FLIP = 100.0  # points: from right to wrong is the whole scale
SIDES = ("base", "candidate")

Key = tuple[str, str]  # task, sample id


@dataclass(frozen=True, slots=True)
class Side:
    """One run as the browser shows it. asked: by task and sample id; scores: rows of scores.parquet likewise."""

    asked: Mapping[Key, Asked]
    responses: Mapping[str, Response]
    scores: Mapping[Key, Mapping[str, Any]]
    said: Mapping[Key, str | None]


@dataclass(slots=True)
class _Columns:
    tasks: Pool[str] = field(default_factory=Pool)
    texts: Pool[str] = field(default_factory=Pool)
    slices: Pool[str] = field(default_factory=Pool)
    notes: Pool[str] = field(default_factory=Pool)
    images: Pool[tuple[str, ...]] = field(default_factory=Pool)
    metrics: Pool[str] = field(default_factory=Pool)
    ids: list[str] = field(default_factory=list)
    states: dict[str, list[str]] = field(default_factory=lambda: {side: [] for side in SIDES})
    change: list[float] = field(default_factory=list)
    codes: dict[str, list[int]] = field(default_factory=dict)

    def add(self, name: str, code: int) -> None:
        self.codes.setdefault(name, []).append(code)


@dataclass(frozen=True, slots=True)
class Paired:
    """data: the browser's JSON. images: digests, those of the largest changes first."""

    data: dict[str, Any]
    images: tuple[str, ...]


def paired_samples(comparison: Comparison, catalog: Catalog) -> Paired:
    """Every sample that either run was asked in the compared tasks, in the base's order, then the candidate's own."""
    runs = (comparison.base, comparison.candidate)
    tasks = set(comparison.tasks)
    frames = [run.scores() for run in runs]
    base, candidate = (_side(run, frame, tasks) for run, frame in zip(runs, frames, strict=True))
    changes = _changes(comparison, catalog, frames)
    columns = _Columns()
    for key in dict.fromkeys([*base.asked, *candidate.asked]):
        _add(columns, key, base, candidate, changes)
    order = sorted(range(len(columns.ids)), key=lambda i: -abs(columns.change[i]))
    kept = columns.images.values
    images = (digest for i in order if (code := columns.codes["images"][i]) >= 0 for digest in kept[code])
    return Paired(_data(columns), tuple(dict.fromkeys(images)))


def _side(run: RunFolder, frame: pd.DataFrame, tasks: set[str]) -> Side:
    asked = {(one.task, one.sample.id): one for one in run.samples() if one.task in tasks}
    kept = frame[frame["task"].isin(tasks)]
    plain = kept.astype(object).where(kept.notna(), None)
    names = list(plain.columns)
    # a mapping a row; `to_dict` is several times slower on a wide table
    rows = [dict(zip(names, row, strict=True)) for row in zip(*(plain[name].tolist() for name in names), strict=True)]
    return Side(asked, run.responses(), {(row["task"], row["sample"]): row for row in rows}, said_by_judges(run))


def _add(
    columns: _Columns, key: Key, base: Side, candidate: Side, changes: Mapping[Key, tuple[str | None, float]]
) -> None:
    first = base.asked.get(key) or candidate.asked[key]
    other = candidate.asked.get(key, first)
    text = columns.texts.code
    metric, change = changes.get(key, (None, 0.0))
    columns.ids.append(key[1])
    columns.change.append(round(change, 2))
    columns.add("task", columns.tasks.code(key[0]))
    columns.add("prompt", text(_cut(first.sample.prompt)))
    columns.add("reworded", text(_cut(other.sample.prompt) if other.sample.prompt != first.sample.prompt else None))
    columns.add("target", text(_cut(as_text(first.sample.target))))
    columns.add("slices", columns.slices.code(json.dumps(dict(first.sample.slices), ensure_ascii=False)))
    images = first.images or other.images
    columns.add("images", columns.images.code(images[:MANY] or None))
    columns.add("metric", columns.metrics.code(metric))
    counted = [_counts(side.scores.get(key)) for side in (base, candidate)]
    differ = [name for name in {**counted[0], **counted[1]} if counted[0].get(name, 0) != counted[1].get(name, 0)]
    for name, side, counts in zip(SIDES, (base, candidate), counted, strict=True):
        score, asked = side.scores.get(key), side.asked.get(key)
        response = side.responses.get(asked.request) if asked and asked.request else None
        state = _state(score, asked)
        answer = None if score is None else score["answer"]
        columns.states[name].append(state)
        columns.add(f"{name}.answer", text(_cut(answer)))
        columns.add(f"{name}.prediction", text(_cut(score["prediction"]) if score else None))
        columns.add(f"{name}.judge", text(_cut(side.said.get(key))))
        columns.add(f"{name}.notes", columns.notes.code(score["notes"] if score else None))
        columns.add(f"{name}.error", text(_why(asked, response) if answer is None else None))
        columns.add(f"{name}.counts", text(", ".join(f"{one} {counts.get(one, 0):g}" for one in differ) or None))
        columns.add(f"{name}.cut", int(response is not None and response.finish in ("length", "thinking")))


def _state(score: Mapping[str, Any] | None, asked: Asked | None) -> str:
    if asked is None:
        return NOT_ASKED
    if score is None or score["missing"]:
        return MISSING
    return UNMARKED if score["correct"] is None else RIGHT if score["correct"] else WRONG


def _why(asked: Asked | None, response: Response | None) -> str:
    if asked is None:
        return "not asked in this run"
    if response is not None and response.finish == "thinking":
        return "cut off before its thinking ended"
    return asked.error or (response.error if response else None) or "not answered"


def _counts(score: Mapping[str, Any] | None) -> dict[str, float]:
    if score is None or score["missing"]:
        return {}
    return {name.removeprefix(COUNT): value for name, value in score.items() if name.startswith(COUNT) and value}


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\n[cut here: {len(text):,} characters in all, see the run folder]"


# -- how much each answer changed


def _changes(
    comparison: Comparison, catalog: Catalog, frames: Sequence[pd.DataFrame]
) -> dict[Key, tuple[str | None, float]]:
    """(task, sample) -> (metric, change in points, positive is better), of samples that both runs have a score of.

    From right to wrong it is 100 points. Of other answers it is what the headline metric gives for the sample alone;
    where that is nothing (no object was named) or the same, what the task's next metric gives.
    """
    found: dict[Key, tuple[str | None, float]] = {}
    for task, compared in comparison.tasks.items():
        scorer = catalog.tasks[task].scorer_for(compared.dialect)[1]
        names = sorted(scorer.metrics, key=lambda name: name != compared.headline)
        known = {name: scorer.metrics[name] for name in names if _has_way(scorer.metrics[name])}
        sides = [
            frame[(frame["task"] == task) & ~frame["missing"].astype(bool)].set_index("sample") for frame in frames
        ]
        both = set(sides[0].index) & set(sides[1].index)
        common = [id for id in sides[0].index if id in both]
        before, after = (side.loc[common] for side in sides)
        by, size = _largest(known, before, after)
        flipped = _flipped(before["correct"], after["correct"])
        for i, id in enumerate(common):
            found[task, id] = (None, flipped[i]) if flipped[i] else (by[i], size[i])
    return found


def _has_way(metric: AnyMetric) -> bool:
    return metric.better is not None and not isinstance(metric, Fitted) and span(metric) is not None


def _flipped(before: pd.Series, after: pd.Series) -> list[float]:
    return [
        FLIP * (bool(is_) - bool(was)) if was is not None and is_ is not None and was == was and is_ == is_ else 0.0
        for was, is_ in zip(before.tolist(), after.tolist(), strict=True)
    ]


def _largest(
    metrics: Mapping[str, AnyMetric], before: pd.DataFrame, after: pd.DataFrame
) -> tuple[list[str | None], list[float]]:
    """Per sample the first metric that is defined in both runs and changed, and by how many points to the good."""
    by: list[str | None] = [None] * len(before)
    size = np.zeros(len(before))
    tables = [table_of(frame.reset_index()) for frame in (before, after)]
    for name, metric in metrics.items():
        reach = span(metric)
        if reach is None:
            continue
        one, other = (alone(metric, table) for table in tables)
        points = (other - one) * 100 / (reach[1] - reach[0]) * (1 if metric.better == "higher" else -1)
        for i in np.flatnonzero(np.isfinite(points) & (np.abs(points) > 1e-9)):
            if by[i] is None:
                by[i], size[i] = name, points[i]
    return by, size.tolist()


def _data(columns: _Columns) -> dict[str, Any]:
    return {
        "tasks": columns.tasks.values,
        "texts": columns.texts.values,
        "slices": [json.loads(one) for one in columns.slices.values],
        "notes": [json.loads(one) for one in columns.notes.values],
        "images": [[digest[:NAME_LENGTH] for digest in digests] for digests in columns.images.values],
        "metrics": columns.metrics.values,
        "states": {side: "".join(states) for side, states in columns.states.items()},
        "change": columns.change,
        "ids": columns.ids,
        "columns": columns.codes,
    }
