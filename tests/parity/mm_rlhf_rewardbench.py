"""MM-RLHF-RewardBench: rewards in the official answer layout; Acc and Acc+ by category and overall.

Where rows of an id have the same texts, as in synthetic files, a number in front of the prompt tells them apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from mmeval.answers import FileRow, file_rows
from mmeval.catalog import load_catalog
from mmeval.layouts.mm_rlhf_rewardbench import CATEGORIES
from mmeval.scorers.base import COUNT
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Measured
from tests.parity.figures import Figure, Leaf, expected_files, file_named, leaves

TASK = load_catalog().tasks["mm_rlhf_rewardbench"].rewarded()


def figures(folder: Path) -> Iterator[Figure]:
    found = [path for path in sorted(folder.rglob("*.json*")) if path not in expected_files(folder)]
    tables = {path: rows for path in found if "rewards" in (rows := file_rows(path))[0]}
    scored = {path: _scored(rows) for path, rows in tables.items()}
    for leaf in leaves(folder):
        path, keys = file_named(leaf, list(tables))
        if path is None:
            yield leaf.skipped("names no file of rewards")
        else:
            yield _figure(leaf, path.name, keys, *scored[path])


def _scored(rows: list[FileRow]) -> tuple[pd.DataFrame, Measured]:
    numbered = [FileRow({**row, "prompt": f"{n} {row['prompt']}"}, row.where) for n, row in enumerate(rows)]
    samples = [sample for row in numbered for sample in TASK.samples_of(row)]
    answers = {sample.id: json.dumps(row["rewards"]) for sample, row in zip(samples, rows, strict=True)}
    scorer = TASK.dialects["rewards"]
    frame = score(scorer, samples, answers)
    return frame, summarise(frame, scorer, resamples=0)


def _figure(leaf: Leaf, answers: str, keys: tuple[str, ...], frame: pd.DataFrame, measured: Measured) -> Figure:
    *above, name = keys
    if keys == ("n_ids",):
        return leaf.compared(answers, int(frame[COUNT + "sets"].sum()))
    category = above[-1] if above and above[-1] in CATEGORIES else None
    if category is None and above != ["overall"]:
        return leaf.skipped("no figure of ours is called so", answers)
    if name == "total":
        part = frame if category is None else frame[frame["slice.category"] == category]
        return leaf.compared(answers, int(part[COUNT + "pairs"].sum()))
    values = measured.metrics if category is None else measured.slices.get(f"category={category}", {})
    ours = name if category is None or name != "acc_plus" else "category_acc_plus"
    if not values and category:
        return leaf.compared(answers, 0, note="no row of the category: the script prints 0")
    return leaf.compared(answers, values[ours].value)
