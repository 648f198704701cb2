"""A finished, judged run against people's labels of some of its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmeval.catalog import Catalog
from mmeval.errors import DataError, UsageError
from mmeval.judging.labels import keep_labels
from mmeval.logs import responses_of, score_again
from mmeval.reporting import write_report
from mmeval.runs import RunFolder


def check_run(path: Path, labels: Path, catalog: Catalog) -> dict[str, Any]:
    """Keeps the labels in the run folder and makes its figures and page anew; the `tasks` object of judged tasks.

    Raises `UsageError` when nothing in the run was judged, `DataError` for labels that fit no judged answer, for
    a task that the catalog lacks, and for a scorer that breaks.
    """
    stored = RunFolder.existing(path).read_json("metrics.json")
    if not any("judge" in one for one in stored.values()):
        raise UsageError(f"{path}: no judge has read its answers; run it with --judge MODEL first")
    if absent := [name for name in stored if name not in catalog.tasks]:
        raise DataError(f"{path}: task {absent[0]!r} is in no catalog; pass --catalog DIR with its file")
    with RunFolder.open(path) as run:
        judged = {task: rows for task, rows in responses_of(run).items() if "judge" in stored.get(task, {})}
        keep_labels(run, labels, judged)
        dialects = {name: one["dialect"] for name, one in stored.items()}
        results, frame, broken = score_again(run, run.read_json("run.json"), dialects, catalog)
        if broken:  # its stored figures stay as they are
            raise DataError("; ".join(f"{task}: its scorer breaks now: {why}" for task, why in broken.items()))
        if not any("people" in one.get("judge", {}) for one in results.values()):
            raise DataError(f"{labels}: none of the labelled answers has a verdict")
        run.write_scores(frame)
        run.write_json("metrics.json", results)
        write_report(run, catalog)
    return {name: one for name, one in results.items() if "judge" in one}
