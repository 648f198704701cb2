"""People's labels of some of a run's answers: what a judge is checked against."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmeval.errors import DataError, UsageError
from mmeval.inference.base import Response
from mmeval.runs import Asked, RunFolder
from mmeval.sources import Row, read_rows

FILE = "labels.jsonl"
WORDS = {
    **dict.fromkeys(("yes", "true", "right", "correct", "won", "win", "good"), 1.0),
    **dict.fromkeys(("no", "false", "wrong", "incorrect", "lost", "loss", "bad"), 0.0),
    **dict.fromkeys(("tie", "tied", "draw"), 0.5),
}

Labels = Mapping[str, Mapping[str, float]]  # task -> sample id -> value on the scale of the task's headline
Answered = tuple[Asked, "Response | None"]


def keep_labels(run: RunFolder, path: Path, asked: Mapping[str, Sequence[Answered]]) -> int:
    """Puts the labels of a file into the run folder, each with the answer that it is about; how many there are.

    path: a table (JSON, JSON lines, CSV, TSV) with the columns `sample`, `label`, and `task` where the run has several
    tasks. label: a number on the scale of the task's headline (a rating, 1 for right), or a word such as yes or won.
    Several labels of one answer count as their mean. Raises `DataError` naming the row, `UsageError` for no file.
    """
    if not path.is_file():
        raise UsageError(f"--labels {path}: no such file")
    answers = {
        (task, one.sample.id): _digest(response) for task, rows in asked.items() for one, response in rows if response
    }
    lines: list[dict[str, Any]] = []
    for number, fields in enumerate(read_rows(path), start=1):
        row = Row(fields, f"row {number} of {path.name}")
        task = str(row.get("task") or (next(iter(asked)) if len(asked) == 1 else ""))
        if not task:
            raise DataError(f"{row.where} has no 'task', and the run has several ({', '.join(asked)})")
        sample = str(row["sample"])
        if (task, sample) not in answers:
            raise DataError(f"{row.where}: the run has no answer to sample {sample!r} of task {task!r}")
        lines.append({"task": task, "sample": sample, "label": _value(row), "answer": answers[task, sample]})
    if not lines:
        raise DataError(f"{path} has no labels")
    run.write(FILE, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode("utf-8", "replace"))
    return len(lines)


def labels_of(run: RunFolder, asked: Mapping[str, Sequence[Answered]]) -> Labels:
    """The labels in the run folder whose answers are still the same."""
    path = run.path / FILE
    if not path.is_file():
        return {}
    current = {
        (task, one.sample.id): _digest(response) for task, rows in asked.items() for one, response in rows if response
    }
    given: dict[str, dict[str, list[float]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if current.get((row["task"], row["sample"])) == row["answer"]:
            given.setdefault(row["task"], {}).setdefault(row["sample"], []).append(row["label"])
    return {task: {id: sum(some) / len(some) for id, some in by_id.items()} for task, by_id in given.items()}


def _digest(response: Response) -> str:
    return hashlib.sha256(response.text.encode("utf-8", "replace")).hexdigest()[:16]


def _value(row: Row) -> float:
    label = row["label"]
    said = str(label).strip().lower()
    if said in WORDS:
        return WORDS[said]
    try:
        value = float(said)
    except ValueError:
        value = float("nan")
    if value != value or abs(value) == float("inf"):
        raise DataError(f"{row.where}: label {label!r} is no number (nor one of {', '.join(WORDS)})")
    return value
