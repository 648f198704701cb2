"""MM-AlignBench: stored judgments (index, type, judge, score), as VLMEvalKit scores them, also by type."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pandas as pd

from mmeval.answers import FileRow, file_rows
from mmeval.catalog import load_catalog
from mmeval.layouts.mm_alignbench import reply
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Measured
from tests.parity.figures import Figure, expected_files, file_named, leaves


def figures(folder: Path) -> Iterator[Figure]:
    files = [path for path in sorted(folder.rglob("*.json*")) if path not in expected_files(folder)]
    for leaf in leaves(folder):
        path, rest = file_named(leaf, files)
        if path is None:
            yield leaf.skipped("names none of the files of judgments found")
            continue
        frame, measured = _measured(path)
        kind, _, named = rest[-1].rpartition("_")
        what = named.lower().replace(" ", "_")
        if what in ("reward", "win_rate"):
            metrics = measured.slices[f"type={kind}"] if kind else measured.metrics
            yield leaf.compared(path.name, metrics[what].value)
            continue
        held = frame[frame["slice.type"] == kind] if kind else frame
        unread = held["count.unread"].sum() if what == "tie" else 0
        yield leaf.compared(path.name, float(held[f"count.{what}"].sum() + unread))


@lru_cache(8)
def _measured(path: Path) -> tuple[pd.DataFrame, Measured]:
    task, rows = load_catalog().tasks["mm_alignbench"], list(file_rows(path))
    asked = {"question": "", "image": "none.png", "claude3_sonnet": "Yes."}
    samples = [sample for row in rows for sample in task.samples_of(FileRow({**row, **asked}, row.where))]
    scorer = task.dialects["official"]
    frame = score(scorer, samples, {}, {str(row["index"]): [reply(row)] for row in rows})
    return frame, summarise(frame, scorer, resamples=0)
