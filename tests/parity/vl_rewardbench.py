"""VL-RewardBench: votes as the official script stores them, by K.

K below the number of votes takes the first K of each pair after the script's shuffle, one generator (seed 1234) for all
of a file's passes in their order; the K that takes every vote hangs on no order. Percentages are printed to 2 decimals.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from mmeval.answers import FileRow, file_rows
from mmeval.catalog import load_catalog
from mmeval.layouts.vl_rewardbench import COLUMNS, first_votes, votes
from mmeval.scorers.base import COUNT
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Measured
from tests.parity.figures import Figure, Leaf, expected_files, file_named, leaves

COUNTS = {"items": "pairs", "agree": "pair_agree", "reject": "pair_reject", "doesntMatch": "pair_unread"}
Passes = dict[str, tuple[pd.DataFrame, Measured]]


def figures(folder: Path) -> Iterator[Figure]:
    found = [path for path in sorted(folder.rglob("*.json*")) if path not in expected_files(folder)]
    tables = {path: rows for path in found if set(COLUMNS) <= (rows := file_rows(path))[0].keys()}
    passes: dict[Path, Passes] = {}
    for leaf in leaves(folder):
        path, keys = file_named(leaf, list(tables))
        if path is None or len(keys) != 2:
            yield leaf.skipped("names no file of votes")
            continue
        if path not in passes:
            names = [other.path[-2] for other in leaves(folder) if file_named(other, list(tables))[0] == path]
            passes[path] = _passes(tables[path], list(dict.fromkeys(names)))
        yield _figure(leaf, path.name, keys[1], *passes[path][keys[0]])


def _passes(rows: list[FileRow], names: list[str]) -> Passes:
    """Each "k=…" scored, in the order of the script's passes."""
    task = load_catalog().tasks["vl_rewardbench"]
    scorer = task.dialects["official"]
    coin = random.Random(1234)
    made: Passes = {}
    for name in names:
        chosen = first_votes(rows, int(name.partition("=")[2]), coin)
        samples, answers = votes(chosen, task.sample)
        frame = score(scorer, samples, answers)
        made[name] = frame, summarise(frame, scorer, resamples=0)
    return made


def _figure(leaf: Leaf, answers: str, name: str, frame: pd.DataFrame, measured: Measured) -> Figure:
    if name in COUNTS:
        return leaf.compared(answers, int(frame[COUNT + COUNTS[name]].sum()))
    if name in ("overall", "macro"):
        return leaf.compared(answers, 100 * measured.metrics[name].value, digits=2)
    if f"group={name}" in measured.slices:
        return leaf.compared(answers, 100 * measured.slices[f"group={name}"]["overall"].value, digits=2)
    return leaf.skipped("a note, not a figure", answers)
