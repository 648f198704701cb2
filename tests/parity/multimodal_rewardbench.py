"""Multimodal RewardBench: judgments in the official answer layout, right ones by category, coins included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from mmeval.answers import file_rows, read_answers, samples_from
from mmeval.catalog import load_catalog
from mmeval.layouts.multimodal_rewardbench import COLUMNS
from mmeval.scorers.base import COUNT
from mmeval.scoring import score, summarise
from tests.parity.figures import Figure, Leaf, expected_files, file_named, leaves

TASK = load_catalog().tasks["multimodal_rewardbench"]


def figures(folder: Path) -> Iterator[Figure]:
    found = [path for path in sorted(folder.rglob("*.json*")) if path not in expected_files(folder)]
    files = [path for path in found if set(COLUMNS) <= file_rows(path)[0].keys()]
    frames = {path: _scored(path) for path in files}
    for leaf in leaves(folder):
        path, keys = file_named(leaf, files)
        if path is None or len(keys) != 2:
            yield leaf.skipped("names no file of judgments")
        else:
            yield _figure(leaf, path.name, *keys, frames[path])


def _scored(path: Path) -> pd.DataFrame:
    samples = samples_from(TASK, [path])
    return score(TASK.dialects["official"], samples, read_answers(TASK, [path], samples).answers)


def _figure(leaf: Leaf, answers: str, category: str, name: str, frame: pd.DataFrame) -> Figure:
    part = frame if category == "all" else frame[frame["slice.category"] == category]
    if name == "n":
        return leaf.compared(answers, int(part[COUNT + "given"].sum()))
    if name == "correct":
        return leaf.compared(answers, int((part[COUNT + "given_right"] + part[COUNT + "lucky"]).sum()))
    if name == "accuracy":
        measured = summarise(frame, TASK.dialects["official"], resamples=0)
        values = measured.metrics if category == "all" else measured.slices[f"category={category}"]
        return leaf.compared(answers, values["accuracy"].value)
    return leaf.skipped(f"no figure of ours is called {name!r}", answers)
