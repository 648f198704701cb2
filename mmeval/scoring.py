"""Answers -> scores -> metrics. No model, no run folder: the same code serves `run`, `score` and `verify`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mmeval.samples import Sample
from mmeval.scorers.base import COUNT, GROUP, SLICE, Scorer
from mmeval.statistics.sums import RESAMPLES, Estimate, Measured, measure, table

if TYPE_CHECKING:
    import pandas as pd


# A task with more than this share of its samples missing makes a command end with exit code 3.
MISSING_ALLOWED = 0.05


def score(scorer: Scorer, samples: Iterable[Sample], answers: Mapping[str, str | None]) -> pd.DataFrame:
    """One row a sample, in the samples' order.

    answers: sample id -> text; a sample without one (absent or None) is *missing*: its row has `missing` True and no
    counts. Columns: sample, cluster, answer, prediction, correct, missing, notes (JSON), `count.*`, `slice.*`,
    `group.*`.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for sample in samples:
        answer = answers.get(sample.id)
        row: dict[str, Any] = {
            "sample": sample.id,
            "cluster": sample.cluster if sample.cluster is not None else sample.id,
            "answer": answer,
            "prediction": None,
            "correct": None,
            "missing": answer is None,
            "notes": None,
        }
        if answer is not None:
            scored = scorer.score(sample, answer)
            row["prediction"], row["correct"] = scored.prediction, scored.correct
            row["notes"] = json.dumps(dict(scored.notes), ensure_ascii=False) if scored.notes else None
            row.update({COUNT + name: value for name, value in scored.counts.items()})
        row.update({SLICE + name: value for name, value in sample.slices.items()})
        row.update({GROUP + name: value for name, value in sample.groups.items()})
        rows.append(row)
    frame = pd.DataFrame(rows)
    if scorer.derive and len(frame):
        answered = frame[~frame["missing"]]
        derived = scorer.derive(answered)
        added = [column for column in derived.columns if column not in frame.columns]
        frame = frame.join(derived[added])
    return frame


def summarise(frame: pd.DataFrame, scorer: Scorer, resamples: int = RESAMPLES, seed: int = 0) -> Measured:
    """Metrics of a table of scores, from its answered rows, with clustered bootstrap intervals."""
    if not len(frame):
        return Measured({}, {})
    kept = frame[~frame["missing"].to_numpy(bool)]
    counts = {
        column.removeprefix(COUNT): np.nan_to_num(kept[column].to_numpy(np.float64))
        for column in kept.columns
        if column.startswith(COUNT)
    }
    slices = {
        column.removeprefix(SLICE): kept[column].astype(object).where(kept[column].notna(), None).to_numpy(object)
        for column in kept.columns
        if column.startswith(SLICE)
    }
    data = table(counts, kept["cluster"].to_numpy(object), slices)
    return measure(data, scorer.metrics, scorer.average_over, resamples, seed)


def as_json(frame: pd.DataFrame, measured: Measured, dialect: str) -> dict[str, Any]:
    """A task's part of the `--json` object: {"dialect", "n", "missing", "metrics", "slices"}; n counts all samples."""
    return {
        "dialect": dialect,
        "n": len(frame),
        "missing": int(frame["missing"].sum()) if len(frame) else 0,
        "metrics": {name: _estimate(estimate) for name, estimate in measured.metrics.items()},
        "slices": {
            part: {name: _estimate(estimate) for name, estimate in metrics.items()}
            for part, metrics in measured.slices.items()
        },
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    shown = {name: getattr(estimate, name) for name in ("value", "low", "high", "stderr", "n", "clusters")}
    return {**shown, "undefined": True} if estimate.undefined else shown


def too_many_missing(result: Mapping[str, Any]) -> bool:
    """Whether a task's part of the `--json` object misses more than `MISSING_ALLOWED` of its answers."""
    return bool(result["missing"] > MISSING_ALLOWED * result["n"])
