"""AlignBench: replies as the official script reads them, kinds of answers, and totals from stored grades.

Hashes and lengths of prompts are those of the official words; ours are our own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from mmeval.answers import FileRow, file_rows
from mmeval.catalog import load_catalog
from mmeval.requests import read_samples
from mmeval.samples import Sample
from mmeval.scorers.alignbench import UNREAD, WHOLE, grades
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Measured
from mmeval.tasks import Task
from tests.parity.figures import Figure, Leaf, expected_files, leaves

TOTALS = {"中文推理": "reasoning", "中文语言": "language", "总分": "overall"}
OFFICIAL_WORDS = "of the official prompt; ours is in our own words"


def figures(folder: Path) -> Iterator[Figure]:
    task = load_catalog().tasks["alignbench"]
    tables = [file_rows(path) for path in sorted(folder.glob("*.*")) if _is_table(folder, path)]
    samples = {one.id: one for one in read_samples(task, (folder,))}
    replies = {str(row["id"]): row["judgment"] for row in _with(tables, "id", "judgment")}
    measured = _measured(task, samples, _with(tables, "model_id", "score"))
    yield from _whole_ratings(folder, replies)
    for leaf in leaves(folder):
        kind, key = leaf.path[:2]
        if kind == "replies":
            yield _reply(leaf, replies[key])
        elif kind == "prompts":
            yield _prompt(leaf, samples[key])
        else:
            yield _total(leaf, measured[key])


def _whole_ratings(folder: Path, replies: Mapping[str, str]) -> Iterator[Figure]:
    """Ratings as a whole, since one that should be empty has no leaf."""
    for path in expected_files(folder):
        for id, said in json.loads(path.read_text(encoding="utf-8")).get("replies", {}).items():
            ours = grades(replies[id])[0]
            yield Figure(folder.name, "judge replies", f"replies / {id} / rating", said["rating"], ours)


def _is_table(folder: Path, path: Path) -> bool:
    return path.suffix in (".csv", ".jsonl") and path not in expected_files(folder)


def _with(tables: list[list[FileRow]], *fields: str) -> list[FileRow]:
    return next(rows for rows in tables if set(fields) <= rows[0].keys())


def _reply(leaf: Leaf, reply: str) -> Figure:
    found, whole = grades(reply)
    if leaf.path[2] == "rating":
        return leaf.compared("judge replies", found.get(leaf.path[3]))
    return leaf.compared("judge replies", UNREAD if whole is None else whole)


def _prompt(leaf: Leaf, sample: Sample) -> Figure:
    if leaf.path[2] == "type":
        return leaf.compared("questions", sample.slices["kind"])
    if leaf.path[2] == "dimensions":
        return leaf.compared("questions", sample.metadata["dimensions"][int(leaf.path[3])])
    return leaf.skipped(OFFICIAL_WORDS)


def _measured(task: Task, samples: Mapping[str, Sample], rows: list[FileRow]) -> dict[str, Measured]:
    """By model: each stored grade as a reply that has it, none for -1."""
    by_model: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        reply = "" if float(row["score"]) == UNREAD else f"'{WHOLE}': {row['score']}"
        by_model.setdefault(row["model_id"], {})[str(row["question_id"])] = [reply]
    scorer = task.dialects["official"]
    made = {}
    for model, replies in by_model.items():
        asked = [samples[id] for id in replies]
        frame = score(scorer, asked, dict.fromkeys(replies, ""), replies)
        made[model] = summarise(frame, scorer, resamples=0)
    return made


def _total(leaf: Leaf, measured: Measured) -> Figure:
    model, name = leaf.path[1:]
    if name in TOTALS:
        return leaf.compared(model, measured.metrics[TOTALS[name]].value)
    return leaf.compared(model, measured.slices[f"category={name}"]["score"].value)
