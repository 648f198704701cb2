"""Answers -> scores -> metrics. No model, no run folder: the same code serves `run`, `score` and `verify`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mmeval.samples import Sample
from mmeval.scorers.base import COUNT, GROUP, SLICE, Scored, Scorer
from mmeval.scorers.panel import Said, panel_scored
from mmeval.statistics.sums import RESAMPLES, Estimate, Measured, Table, measure, table

if TYPE_CHECKING:
    import pandas as pd


# A task with more than this share of its samples missing makes a command end with exit code 3.
MISSING_ALLOWED = 0.05


Columns = dict[str, Any]


Replies = Mapping[str, Said | Sequence[str]]


def columns(
    scorer: Scorer,
    samples: Iterable[Sample],
    answers: Mapping[str, str | None],
    replies: Replies | None = None,
    rule: str = "mean",
) -> Columns:
    """A table of scores by column, one element a sample, in the samples' order; without what `scorer.derive` adds.

    answers: sample id -> text; replies: sample id -> what a judge said about it (or each member of a panel, put
    together by `rule`), for scorers that ask one. A sample without what its scorer needs is *missing*: `missing` is
    True and its counts are NaN. Columns: sample, cluster, answer, prediction, correct, missing, notes (JSON),
    `count.*`, `slice.*`, `group.*`.
    """
    samples = list(samples)
    given = [answers.get(sample.id) for sample in samples]
    said: Replies = replies or {}
    if scorer.score and not scorer.judging:
        score = scorer.score
        scored = [None if text is None else score(one, text) for one, text in zip(samples, given, strict=True)]
    else:
        pairs = zip(samples, given, strict=True)
        scored = [panel_scored(scorer, one, text, said.get(one.id), rule) for one, text in pairs]
    notes = [None if one is None else {"not scored": one.missing} if one.missing else one.notes for one in scored]
    scored = [None if one is None or one.missing else one for one in scored]
    made: Columns = {
        "sample": [sample.id for sample in samples],
        "cluster": [sample.id if sample.cluster is None else sample.cluster for sample in samples],
        "answer": given,
        "prediction": [one and one.prediction for one in scored],
        "correct": [one and one.correct for one in scored],
        "missing": np.array([one is None for one in scored], bool),
        "notes": [json.dumps(dict(one), ensure_ascii=False) if one else None for one in notes],
    }
    made |= _counts(scored)
    for prefix, maps in ((SLICE, [one.slices for one in samples]), (GROUP, [one.groups for one in samples])):
        for name in dict.fromkeys(name for one in maps for name in one):
            made[prefix + name] = [one.get(name) for one in maps]
    return made


def _counts(scored: list[Scored | None]) -> Columns:
    """Counts by column. Scorers with few outcomes hand out the same `Scored` again and again: each is read once."""
    distinct: dict[int, tuple[int, Scored]] = {}
    for one in scored:
        if one is not None and id(one) not in distinct:
            distinct[id(one)] = (len(distinct), one)
    rows = [one.counts for _, one in distinct.values()]
    at = np.array([-1 if one is None else distinct[id(one)][0] for one in scored], np.int64)
    made: Columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = np.array([*(row.get(name, 0.0) for row in rows), np.nan])  # the last one is for the missing
        made[COUNT + name] = values[at]
    return made


def score(
    scorer: Scorer,
    samples: Iterable[Sample],
    answers: Mapping[str, str | None],
    replies: Replies | None = None,
    rule: str = "mean",
) -> pd.DataFrame:
    """The table of scores as a frame: `columns`, and what `scorer.derive` adds from the answered rows."""
    import pandas as pd

    frame = pd.DataFrame(columns(scorer, samples, answers, replies, rule))
    if scorer.derive and not frame["missing"].all():
        derived = scorer.derive(frame)
        added = [column for column in derived.columns if column not in frame.columns]
        frame = frame.join(derived[added])
    return frame


def summarise(scores: Columns | pd.DataFrame, scorer: Scorer, resamples: int = RESAMPLES, seed: int = 0) -> Measured:
    """Metrics of a table of scores, from its answered rows, with clustered bootstrap intervals."""
    if np.asarray(scores["missing"], bool).all():
        return Measured({}, {})
    return measure(table_of(scores), scorer.metrics, resamples, seed)


def table_of(scores: Columns | pd.DataFrame) -> Table:
    """The counts, clusters and slices of the answered rows of a table of scores."""
    kept = ~np.asarray(scores["missing"], bool)
    names = [str(column) for column in scores]
    counts = {
        name.removeprefix(COUNT): np.nan_to_num(np.asarray(scores[name], np.float64)[kept])
        for name in names
        if name.startswith(COUNT)
    }
    slices = {name.removeprefix(SLICE): _texts(scores[name])[kept] for name in names if name.startswith(SLICE)}
    return table(counts, np.asarray(scores["cluster"], object)[kept], slices)


def _texts(column: Any) -> npt.NDArray[np.object_]:
    """A column's strings as an object array, None where there is none (a frame has NaN there)."""
    texts = np.empty(len(column), object)
    texts[:] = [value if isinstance(value, str) else None for value in column]
    return texts


def figures(
    scorer: Scorer,
    samples: Iterable[Sample],
    answers: Mapping[str, str | None],
    dialect: str,
    seed: int = 0,
    replies: Replies | None = None,
) -> dict[str, Any]:
    """Answers -> a task's part of the `--json` object, without the table; pandas is loaded only for `derive`."""
    make = score if scorer.derive else columns
    scores = make(scorer, samples, answers, replies)
    return as_json(scores, summarise(scores, scorer, seed=seed), dialect)


def as_json(scores: Columns | pd.DataFrame, measured: Measured, dialect: str) -> dict[str, Any]:
    """A task's part of the `--json` object: {"dialect", "n", "missing", "metrics", "slices"}; n counts all samples."""
    return {
        "dialect": dialect,
        "n": len(scores["missing"]),
        "missing": int(np.sum(scores["missing"])),
        "metrics": {name: _estimate(estimate) for name, estimate in measured.metrics.items()},
        "slices": {
            part: {name: _estimate(estimate) for name, estimate in metrics.items()}
            for part, metrics in measured.slices.items()
        },
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    shown = {name: getattr(estimate, name) for name in ("value", "low", "high", "stderr", "n", "clusters")}
    return {**shown, "undefined": True} if estimate.undefined else shown


def estimate_json(estimate: Estimate) -> dict[str, Any] | None:
    """An estimate that stands beside a task's own figures; None where it is undefined or no number."""
    told = {name: plain(value) for name, value in _estimate(estimate).items()}
    return None if estimate.undefined or told["value"] is None else told


def plain(value: Any) -> Any:
    """A number as JSON can hold it; None for what is none."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def too_many_missing(result: Mapping[str, Any]) -> bool:
    """Whether a task's part of the `--json` object misses more than `MISSING_ALLOWED` of its answers or verdicts, or
    has a judge of whose replies more than that can't be read (some official scripts count these as 0)."""
    lost = result["missing"] + result.get("unjudged", 0) > MISSING_ALLOWED * result["n"]
    return bool(lost or ("judge" in result and unread(result) > MISSING_ALLOWED))


def unread(result: Mapping[str, Any]) -> float:
    """The share of answers or replies that could not be read, where a task counts them."""
    return float((result["metrics"].get("unread") or {}).get("value", 0.0))
