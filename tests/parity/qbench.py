"""Q-Bench. A1: answers to llvisionqa_dev.json by lmms-eval's rule. A3: correlations from stored logits, by database."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from mmeval.answers import FileRow, file_rows
from mmeval.catalog import load_catalog
from mmeval.layouts.qbench_a3 import PAIRS
from mmeval.samples import Sample
from mmeval.scorers.choice import choice
from mmeval.scorers.mmmu import lmms_eval as letter_or_text
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Measured
from tests.parity.figures import Figure, Leaf, leaves

TASKS = ("qbench_a1", "qbench_a3")
DIALECTS = {"accuracy_unparsable_wrong": "official", "lmms_eval_overall_with_seed0_random_fallback": "lmms-eval"}


def figures(folder: Path) -> Iterator[Figure]:
    files = [path for path in sorted(folder.glob("*.jsonl")) if {"response", "peer_parsed"} <= set(file_rows(path)[0])]
    for path in files:
        yield _letters(folder, path)
    for leaf in leaves(folder):
        if leaf.file.parent != folder:
            yield _assessment(leaf)
        elif leaf.path[0] == "random_guess_accuracy_by_category":
            yield _chance(leaf, folder)
        else:
            path = next((path for path in files if path.stem.endswith(leaf.path[0])), None)
            yield leaf.skipped("names none of the answer files found") if path is None else _figure(leaf, folder, path)


def _assessment(leaf: Leaf) -> Figure:
    """A3: a leaf is about <model>_<database>.csv, whose rows have neither ids nor names."""
    tables = {path.stem: path for path in leaf.file.parent.glob("*.csv")}
    path = tables.get("_".join(leaf.path[:2]))
    if path is None:
        return leaf.skipped("its pictures' logits are not all here: the table of LIVE-FB is left out")
    n, pair, measured = _correlations(path, leaf.path[1])
    srcc, plcc = (measured.metrics[name].value for name in ("srcc", "plcc"))
    by_name = {
        "n": (n, None),
        "positive_token": (pair[0], None),
        "negative_token": (pair[1], None),
        "srcc": (srcc, 12),
        "plcc": (plcc, 12),
        "plcc_numpy_vectorised_here": (plcc, 12),
        "srcc_on_logit_difference": (measured.metrics["srcc_of_difference"].value, 12),
        "published_srcc_plcc": (f"{srcc:.3f}/{plcc:.3f}", None),
        "math_exp_reproduces_published_3_decimals": (True, None),
    }
    if leaf.path[-1] == "srcc_numpy_vectorised_here":
        return leaf.skipped("ties as another machine's vectorised exponentials round them", path.name)
    if leaf.path[-1] not in by_name:
        return leaf.skipped(f"no figure of ours is called {leaf.path[-1]!r}", path.name)
    ours, digits = by_name[leaf.path[-1]]
    return leaf.compared(path.name, ours, digits, "order of a sum" if digits else "")


@cache
def _correlations(path: Path, database: str) -> tuple[int, tuple[str, str], Measured]:
    task = load_catalog().tasks["qbench_a3"]
    rows = [
        FileRow({"img_path": str(number), **row}, (number, f"{database}.json"))
        for number, row in enumerate(file_rows(path), start=1)
    ]
    pair = next(pair for pair in PAIRS if set(pair) <= rows[0].keys())
    samples = [sample for row in rows for sample in task.samples_of(row)]
    answers = {one.id: f"[{row[pair[0]]}, {row[pair[1]]}]" for one, row in zip(samples, rows, strict=True)}
    scorer = task.scorer_for()[1]
    frame = score(scorer, samples, answers)
    return len(frame), pair, summarise(frame, scorer, resamples=0)


def _figure(leaf: Leaf, folder: Path, path: Path) -> Figure:
    rest = leaf.path[1:]
    frame, measured = _scored(folder, path, "official")
    if rest[0] == "per_category":
        column, value = _part(rest[1])
        rows = frame[frame[f"slice.{column}"] == value]
        return leaf.compared(path.name, len(rows) if rest[-1] == "n" else int(rows["count.right"].sum()))
    if rest[-1] in ("n", "n_unparsable"):
        return leaf.compared(path.name, len(frame) if rest[-1] == "n" else int(frame["count.unread"].sum()))
    if rest[-1] == "accuracy_unparsable_wrong":
        return leaf.compared(path.name, measured.metrics["accuracy"].value)
    if rest[-1] in DIALECTS:
        _, measured = _scored(folder, path, DIALECTS[rest[-1]])
        return leaf.compared(path.name, measured.metrics["accuracy"].value, digits=5)
    return leaf.skipped(f"no figure of ours is called {rest[-1]!r}", path.name)


def _letters(folder: Path, path: Path) -> Figure:
    """How many answers are read as the same letter, or as none, row by row."""
    frame, _ = _scored(folder, path, "official")
    ours = [one if isinstance(one, str) else None for one in frame["prediction"]]
    theirs = [row["peer_parsed"] for row in file_rows(path)]
    return Figure(
        folder.name, path.name, "letters read", len(theirs), sum(map(str.__eq__, map(str, ours), map(str, theirs)))
    )


def _chance(leaf: Leaf, folder: Path) -> Figure:
    """What guessing scores: every answer empty, each worth 1 / options."""
    if leaf.path[1] == "published":
        return leaf.skipped("cut, not rounded, to four decimals by the authors; see the figure computed from the data")
    scorer = choice(letter_or_text, guess="expected")
    samples = _samples(folder)
    measured = summarise(score(scorer, samples, {one.id: "" for one in samples}), scorer, resamples=0)
    if leaf.path[-1] == "overall":
        return leaf.compared("(no answers)", measured.metrics["accuracy"].value, digits=4)
    column, value = _part(leaf.path[-1])
    return leaf.compared("(no answers)", measured.slices[f"{column}={value}"]["accuracy"].value, digits=4)


def _part(name: str) -> tuple[str, str]:
    """A category of the set, which calls the concern "others" so or "other"."""
    if name in ("yes-or-no", "what", "how"):
        return "type", name
    return "concern", f"{name}s" if name.endswith("other") else name


@cache
def _samples(folder: Path) -> list[Sample]:
    task = load_catalog().tasks["qbench_a1"]
    files = [path for path in sorted(folder.glob("*.json")) if "candidates" in file_rows(path)[0]]
    rows = [FileRow({"id": place, **row}, row.where) for place, row in enumerate(file_rows(files[0]))]
    return [sample for row in rows for sample in task.samples_of(row)]


@cache
def _scored(folder: Path, path: Path, dialect: str) -> tuple[pd.DataFrame, Measured]:
    scorer = load_catalog().tasks["qbench_a1"].dialects[dialect]
    answers = {str(row["id"]): row["response"] for row in file_rows(path)}
    frame = score(scorer, _samples(folder), answers)
    return frame, summarise(frame, scorer, resamples=0)
