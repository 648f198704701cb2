"""MLLM-as-a-Judge: correlation, accuracy and distance of stored verdicts, of each source data set and of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from mmeval.answers import FileRow, file_rows, read_answers
from mmeval.catalog import load_catalog
from mmeval.samples import Sample
from mmeval.scorers.judge_agreement import choice_of, ranking_of, score_of
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Measured
from tests.parity.figures import Figure, Leaf, leaves

TASKS = ("mllm_judge_score", "mllm_judge_pair", "mllm_judge_batch")
# Key of the expected file -> setting, our metric, the mean's key, ours.
FIGURES = {
    "score_pearson": ("score", "pearson"),
    "pair_accuracy_without_tie": ("pair", "accuracy_without_tie"),
    "pair_accuracy_with_tie": ("pair", "accuracy_with_tie"),
    "batch_levenshtein": ("batch", "levenshtein"),
}
MEANS = {
    "score": ("score", "pearson_mean"),
    "pair_without_tie": ("pair", "accuracy_without_tie_mean"),
    "pair_with_tie": ("pair", "accuracy_with_tie_mean"),
    "batch": ("batch", "levenshtein_mean"),
}
VERDICT: dict[str, Callable[[str], object]] = {
    "score": score_of,
    "pair": choice_of,
    "batch": lambda answer: ranking_of(answer, 4),
}
SUMMED = "order of a sum"


def figures(folder: Path) -> Iterator[Figure]:
    for path in sorted(folder.glob("*.jsonl")):
        if "raw" in file_rows(path)[0]:
            yield _read(folder, path)
    for leaf in leaves(folder):
        judge, kind, *rest = leaf.path
        if kind == "mean_over_datasets":
            setting, metric = MEANS[rest[0]]
            ours = _scored(folder, judge, setting)[1].metrics[metric].value
            yield leaf.compared(f"{judge}_{setting}.jsonl", ours, 12, SUMMED)
        elif kind == "batch_levenshtein_overall_over_4":
            ours = _scored(folder, judge, "batch")[1].metrics["levenshtein_normalised"].value
            yield leaf.compared(f"{judge}_batch.jsonl", ours)
        elif kind in FIGURES:
            yield _figure(leaf, folder, judge, *FIGURES[kind], *rest)
        else:
            yield leaf.skipped(f"no figure of ours is called {kind!r}")


def _figure(leaf: Leaf, folder: Path, judge: str, setting: str, metric: str, part: str, what: str) -> Figure:
    frame, measured = _scored(folder, judge, setting)
    rows = frame[frame["count.read"] == 1]
    if part != "overall":
        rows = rows[rows["slice.dataset"] == part]
    found = measured.metrics if part == "overall" else measured.slices[f"dataset={part}"]
    name = f"{judge}_{setting}.jsonl"
    if what == "num_samples":
        n = rows["count.decided"].sum() if metric == "accuracy_without_tie" else len(rows)
        return leaf.compared(name, int(n))
    if what == "p_value":
        return _p_value(leaf, name, found[metric].value, len(rows))
    return leaf.compared(name, found[metric].value, 12 if metric == "pearson" else None, SUMMED)


def _p_value(leaf: Leaf, name: str, r: float, n: int) -> Figure:
    """mmeval reports intervals; the p-value shows that r and n are the script's, to ten significant digits."""
    from scipy.stats import beta

    ours = 2 * beta(n / 2 - 1, n / 2 - 1, loc=-1, scale=2).sf(abs(r))
    expected, ours = (float(f"{value:.9e}") for value in (leaf.value, ours))
    return Figure(leaf.set, name, leaf.name, expected, ours, "of our r, 10 digits", None, leaf.file.name)


def _read(folder: Path, path: Path) -> Figure:
    """In how many rows the verdict read out of the raw reply is the one that the script was given."""
    setting = path.stem.rpartition("_")[2]
    rows = file_rows(path)
    same = sum(VERDICT[setting](row["raw"]) == VERDICT[setting](row["human"]) is not None for row in rows)
    return Figure(folder.name, path.name, "verdicts read from raw replies", len(rows), same)


@cache
def _samples(folder: Path, setting: str) -> list[Sample]:
    task = load_catalog().tasks[f"mllm_judge_{setting}"]
    path = next(path for path in folder.glob(f"*_{setting}.jsonl") if "original_dataset" in file_rows(path)[0])
    judged = {"answers": [{"answer": ""}] * 4} if setting == "batch" else {"answer": ""}
    rows = [
        FileRow({"image_path": row["id"], "instruction": "", **judged, **row}, row.where) for row in file_rows(path)
    ]
    return [sample for row in rows for sample in task.samples_of(row)]


@cache
def _scored(folder: Path, judge: str, setting: str) -> tuple[pd.DataFrame, Measured]:
    task = load_catalog().tasks[f"mllm_judge_{setting}"]
    samples = _samples(folder, setting)
    given = read_answers(task, [folder / f"{judge}_{setting}.jsonl"], samples).answers
    frame = score(task.scorer_for()[1], samples, given)
    return frame, summarise(frame, task.scorer_for()[1], resamples=0)
