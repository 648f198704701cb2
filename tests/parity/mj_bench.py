"""MJ-Bench: accuracy of stored verdicts with and without ties, of scalar reward models at thresholds, and bias."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from mmeval.answers import file_rows, read_answers, samples_from
from mmeval.catalog import load_catalog
from mmeval.scorers.base import Scorer
from mmeval.scorers.image_pairs import by_ratings, image_pairs
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Estimate
from tests.parity.figures import Figure, Leaf, is_number, leaves

TASKS = ("mj_bench_alignment", "mj_bench_safety", "mj_bench_quality", "mj_bench_bias")  # the first three share scorers
ACCURACY = {"with_tie": ("accuracy_with_tie", "pairs"), "without_tie": ("accuracy_without_tie", "pairs_decided")}
DIALECTS = {
    "by_better_image_number": "official",
    "stored_pred": "official",
    "by_score_comparison": "ratings",
    "recomputed_threshold_0": "ratings",
}
Scores = tuple[pd.DataFrame, dict[str, Estimate]]


def figures(folder: Path) -> Iterator[Figure]:
    for leaf in leaves(folder):
        if leaf.path[0] == "bias":
            yield _bias(leaf, folder)
        else:
            yield _accuracy(leaf, folder)


def _accuracy(leaf: Leaf, folder: Path) -> Figure:
    _, model, part, kind, *what = leaf.path
    files = tuple(path for path in sorted(folder.rglob("*.jsonl")) if path.parent.name == model)
    files = files if part == "overall" else tuple(path for path in files if path.stem == part)
    if not files:
        return leaf.skipped("no file of that judge and part is here")
    name = f"{model}/{part}"
    if kind == "n_stored_pred_differs_from_recomputed":
        stored, again = (_of_dialect(files, one)[0]["prediction"].fillna("") for one in ("official", "ratings"))
        return leaf.compared(name, int((stored != again).sum()))
    if kind == "thresholds":
        frame, found = _of_threshold(files, float(what.pop(0)))
    else:
        frame, found = _of_dialect(files, DIALECTS[kind])
    pairs, decided = (int(frame[f"count.{count}"].sum()) for count in ("pairs", "pairs_decided"))
    if what == ["ties"]:
        return leaf.compared(name, pairs - decided)
    metric, count = ACCURACY[what[0]]
    if what[1] == "accuracy":
        if found[metric].undefined:
            return leaf.skipped("undefined: no pair was decided", name)
        return leaf.compared(name, found[metric].value)
    column = "pairs_right" if what[1] == "correct" else count
    return leaf.compared(name, int(frame[f"count.{column}"].sum()))


def _bias(leaf: Leaf, folder: Path) -> Figure:
    path = next((path for path in folder.rglob("*.jsonl") if path.stem == leaf.path[1]), None)
    if path is None:
        return leaf.skipped("no such file is here")
    if not is_number(leaf.value):
        return leaf.skipped("the official script fails on these rows", path.name)
    dialect = "official" if leaf.path[2].startswith("first_300") else "all-rows"
    return leaf.compared(path.name, _of_bias(path, dialect)[1][leaf.path[-1]].value, 12, "order of a sum")


@cache
def _of_dialect(files: tuple[Path, ...], dialect: str) -> Scores:
    return _scored("mj_bench_alignment", files, load_catalog().tasks["mj_bench_alignment"].dialects[dialect])


@cache
def _of_threshold(files: tuple[Path, ...], threshold: float) -> Scores:
    return _scored("mj_bench_alignment", files, image_pairs(by_ratings(threshold)))


@cache
def _of_bias(path: Path, dialect: str) -> Scores:
    assert "occupation" in file_rows(path)[0]
    return _scored("mj_bench_bias", (path,), load_catalog().tasks["mj_bench_bias"].dialects[dialect])


def _scored(name: str, files: tuple[Path, ...], scorer: Scorer) -> Scores:
    task = load_catalog().tasks[name]
    samples = samples_from(task, files)
    frame = score(scorer, samples, read_answers(task, files, samples).answers)
    return frame, dict(summarise(frame, scorer, resamples=0).metrics)
