"""POPE: the official rule, and VCD's, OPERA's, lmms-eval's and VLMEvalKit's by name.

Label files hold question_id, image, text and label, with the split in their name; answer files an answer a row.
Which label file belongs to an answer file's split shows in the number of rows and, where given, the questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mmeval.answers import FileRow, file_rows, read_answers
from mmeval.catalog import load_catalog
from mmeval.samples import Sample
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Measured
from mmeval.tasks import Task
from tests.parity.figures import Figure, Leaf, expected_files, file_named, leaves

SPLITS = ("random", "popular", "adversarial")
SCRIPTS = {  # part of the script's name -> our dialect
    "rucaibox": "official",
    "llava": "official",
    "official": "official",
    "vcd": "vcd",
    "opera": "opera",
    "lmms": "lmms-eval",
    "vlmeval": "vlmevalkit",
}
METRICS = {
    "acc": "accuracy",
    "f1_score": "f1",
    "mean_f1": "f1",
    "overall": "f1",  # VLMEvalKit's name for it
    "yes": "yes_ratio",
    "yes_proportion": "yes_ratio",
}
COUNTS = {"tp", "fp", "tn", "fn"}


def figures(folder: Path) -> Iterator[Figure]:
    task = load_catalog().tasks["pope"]
    tables = {path: file_rows(path) for path in _tables(folder)}
    labels = {path: rows for path, rows in tables.items() if {"question_id", "text", "label"} <= set(rows[0])}
    answers = [path for path, rows in tables.items() if path not in labels and {"text", "answer"} & set(rows[0])]
    scored = {path: Scored(task, path, _samples(task, path, tables[path], labels)) for path in answers}
    for leaf in leaves(folder):
        path, rest = file_named(leaf, answers)
        yield leaf.skipped("names none of the answer files found") if path is None else scored[path].figure(leaf, rest)


def _tables(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.rglob("*")) if path.suffix in {".json", ".jsonl", ".csv", ".tsv", ".xlsx"}]
    return [path for path in found if path not in expected_files(folder)]


def _split_in(name: str) -> str | None:
    return next((split for split in SPLITS if split in name), None)


def _samples(task: Task, path: Path, rows: Sequence[FileRow], labels: dict[Path, list[FileRow]]) -> list[Sample]:
    """The questions of one answer file, from the label files that fit it; of several that fit, from one family."""
    by_split: dict[str, list[FileRow]] = {}
    for row in rows:
        by_split.setdefault(str(row.get("category") or _split_in(path.stem) or "all"), []).append(row)
    fitting = {}
    for split, given in by_split.items():
        fits = [name for name, asked in labels.items() if _fits(asked, given)]
        fitting[split] = [name for name in fits if _split_in(name.stem) == split] or fits

    def family(name: Path) -> str:
        return name.stem.replace(str(_split_in(name.stem)), "")

    families = [family(name) for names in fitting.values() for name in names]
    samples: list[Sample] = []
    for split, names in fitting.items():
        if not names:
            raise ValueError(f"{path.name}: no label file fits its split {split!r} ({len(by_split[split])} answers)")
        chosen = max(names, key=lambda name: (families.count(family(name)), name.name))
        for row in labels[chosen]:
            samples += task.samples_of(FileRow({**row, "category": split}, row.where))
    return samples


def _fits(asked: Sequence[FileRow], given: Sequence[FileRow]) -> bool:
    if len(asked) != len(given):
        return False
    questions = [str(row.get("question") or row.get("prompt") or "") for row in given]
    return all(not question or row["text"] in question for row, question in zip(asked, questions, strict=True))


class Scored:
    """One answer file, scored in every dialect that somebody asks for."""

    def __init__(self, task: Task, path: Path, samples: list[Sample]):
        self.task, self.path, self.samples = task, path, samples
        self.answers = read_answers(task, [path], samples).answers
        self.by_dialect: dict[str, tuple[pd.DataFrame, Measured]] = {}

    def _in(self, dialect: str) -> tuple[pd.DataFrame, Measured]:
        if dialect not in self.by_dialect:
            scorer = self.task.dialects[dialect]
            frame = score(scorer, self.samples, self.answers)
            self.by_dialect[dialect] = frame, summarise(frame, scorer, resamples=0)
        return self.by_dialect[dialect]

    def figure(self, leaf: Leaf, rest: tuple[str, ...]) -> Figure:
        keys = [key.lower() for key in rest]
        dialect = next((ours for key in keys for part, ours in SCRIPTS.items() if part in key), "official")
        split = next((key for key in keys[:-1] if key in SPLITS), None)
        frame, measured = self._in(dialect)
        part = frame if split is None else frame[frame["slice.split"] == split]
        ours, note = self._value(keys, dialect, part, measured.slices[f"split={split}"] if split else measured.metrics)
        return leaf.skipped(note, self.path.name) if ours is None else leaf.compared(self.path.name, ours, note=note)

    def _value(self, keys: list[str], dialect: str, part: pd.DataFrame, metrics: Any) -> tuple[float | None, str]:
        name = METRICS.get(keys[-1], keys[-1])
        if name == "n":
            return len(part), ""
        if name in COUNTS:
            return int(part[f"count.{name}"].sum()), ""
        if "extracted_counts" in keys:
            said = part["prediction"]
            return int(said.isna().sum() if keys[-1] == "unknown" else (said == keys[-1]).sum()), ""
        if name == "yes_ratio" and dialect == "lmms-eval":
            return metrics["label_yes_ratio"].value, "it counts the labels; ours: label_yes_ratio"
        if name not in metrics:
            return None, f"no figure of ours is called {keys[-1]!r}"
        value = metrics[name].value
        return (value * 100 if dialect == "vlmevalkit" else value), ""
