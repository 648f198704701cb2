"""CHAIR: both ways of making words, corpus figures and caption by caption, and the ground truth built from COCO files.

Answer files hold image_id and caption; ground truth is COCO annotations or an object of image ids and object lists.
Where NLTK's tagger or WordNet is not installed, the lemmatizer's figures are listed, not compared, and the untagged
stand-in must lie within the card's tolerance: 1 point on CHAIRs, 0.5 on CHAIRi.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from mmeval.answers import file_rows
from mmeval.catalog import load_catalog
from mmeval.coco import captions_for, coco_name, read_coco
from mmeval.samples import Sample
from mmeval.scorers.captions import Base, mentions, singular, tagged_lemma, truth
from mmeval.scorers.words import has_tagger, wordnet_folder
from mmeval.scoring import score, summarise
from mmeval.sources import Row
from mmeval.statistics.sums import Measured
from tests.parity.figures import Figure, Leaf, expected_files, file_named, leaves

METRICS = {"CHAIRs": "chair_s", "CHAIRi": "chair_i", "Recall": "recall"}
TOLERANCE = {"CHAIRs": 0.01, "CHAIRi": 0.005, "Recall": 0.01, "Len": 0.01}
WAYS: dict[str, Base] = {"singularize": singular, "lemmatize": tagged_lemma}
NO_TAGGER = "NLTK's averaged_perceptron_tagger_eng or WordNet is not installed"


def figures(folder: Path) -> Iterator[Figure]:
    texts = _caption_files(folder)
    answers = [path for path, rows in texts.items() if {"image_id", "caption"} <= set(rows[0])]
    scored = {path: Scored(_samples(folder, texts[path]), texts[path]) for path in answers}
    for leaf in leaves(folder):
        path, rest = file_named(leaf, answers)
        if path is not None:
            yield _figure(leaf, rest, path.name, scored[path])
        elif not leaf.path or leaf.path[0] not in WAYS:
            yield leaf.skipped("names none of the caption files found")
    for path in expected_files(folder):
        if set(built := json.loads(path.read_text(encoding="utf-8"))) <= set(WAYS):
            yield from _built_truth(path, built)
    for path, rows in texts.items():
        yield from _item_by_item(folder, path, rows, {one: texts[one] for one in answers})


def _caption_files(folder: Path) -> dict[Path, list[Any]]:
    return {path: file_rows(path) for path in sorted(folder.glob("*.jsonl"))}


def can(way: str) -> bool:
    return way != "lemmatize" or (has_tagger() and wordnet_folder() is not None)


@lru_cache
def _pictures(folder: Path) -> dict[Path, dict[int, dict[str, Any]]]:
    """Ground truth by the folder it lies in: image id -> the fields of a row of the task."""
    found: dict[Path, dict[int, dict[str, Any]]] = {}
    for path in sorted(folder.rglob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        here = found.setdefault(path.parent, {})
        if {"categories", "annotations", "images"} <= set(data):
            for one in read_coco(path, captions_for(path)):
                fields = {"objects": list(one.objects), "captions": list(one.captions)}
                here[one.id] = {"image": one.file, "image_id": one.id, **fields}
        elif path not in expected_files(folder) and all(key.isdigit() for key in data):
            for id, objects in data.items():
                here.setdefault(int(id), {"image": coco_name(int(id)), "image_id": int(id), "objects": objects})
    return found


def _samples(folder: Path, rows: list[Any]) -> list[Sample]:
    task = load_catalog().tasks["chair"]
    ids = [int(row["image_id"]) for row in rows]
    known = next(known for known in _pictures(folder).values() if set(ids) <= set(known))
    return [one for id in ids for one in task.samples_of(Row(known[id], f"picture {id}", folder))]


class Scored:
    def __init__(self, samples: list[Sample], rows: list[Any]):
        self.samples = samples
        self.answers = {str(row["image_id"]): row["caption"] for row in rows}
        self.by_dialect: dict[str, tuple[pd.DataFrame, Measured]] = {}

    def value(self, name: str, dialect: str) -> float | None:
        if dialect not in self.by_dialect:
            scorer = load_catalog().tasks["chair"].dialects[dialect]
            frame = score(scorer, self.samples, self.answers)
            self.by_dialect[dialect] = frame, summarise(frame, scorer, resamples=0)
        frame, measured = self.by_dialect[dialect]
        if name == "n_captions":
            return len(frame)
        if name == "Len":  # the script's order of operations; ours is in tokens, this in hundreds
            return float(frame["count.tokens"].sum()) * 0.01 / len(frame)
        return measured.metrics[METRICS[name]].value if name in METRICS else None


def _figure(leaf: Leaf, rest: tuple[str, ...], answers: str, scored: Scored) -> Figure:
    lemma = any("lemma" in key or "opera" in key for key in rest[:-1])
    name = rest[-1]
    if name not in {*METRICS, "Len", "n_captions"}:
        return leaf.skipped("a note, not a figure", answers)
    if not lemma or can("lemmatize"):
        return leaf.compared(answers, scored.value(name, "opera" if lemma else "official"))
    if wordnet_folder() is None:
        return leaf.skipped(NO_TAGGER, answers)
    stand_in = scored.value(name, "opera_untagged")
    assert stand_in is not None
    if abs(stand_in - leaf.value) > TOLERANCE[name]:
        return leaf.compared(answers, stand_in, note="the untagged stand-in is out of the card's tolerance")
    return leaf.skipped(f"{NO_TAGGER}; opera_untagged: {stand_in:.4f}, within {TOLERANCE[name]}", answers)


def _built_truth(path: Path, built: dict[str, dict[str, list[str]]]) -> Iterator[Figure]:
    known = _pictures(path.parent)[path.parent]
    for way, expected in built.items():
        name = f"object sets built as {way}"
        if not can(way):
            yield Figure(path.parent.parent.name, path.parent.name, name, len(expected), None, NO_TAGGER)
            continue
        samples = {id: Sample(id, (), metadata=known[int(id)]) for id in expected}
        equal = sum(truth(samples[id], WAYS[way]) == set(objects) for id, objects in expected.items())
        yield Figure(path.parent.parent.name, path.parent.name, name, len(expected), equal)


def _item_by_item(folder: Path, path: Path, rows: list[Any], answers: dict[Path, list[Any]]) -> Iterator[Figure]:
    """Files whose rows hold, by way, the words or objects that the script found in each caption."""
    for way in set(WAYS) & set(rows[0]):
        name = f"captions read as {way}"
        if not can(way):
            yield Figure(folder.name, path.name, name, len(rows), None, NO_TAGGER)
            continue
        if "caption" in rows[0]:
            same = sum(_reads(row["caption"], way) == {**row[way], "idxs": None} for row in rows)
        else:
            source = answers[max((one for one in answers if one.stem in path.stem), key=lambda one: len(one.stem))]
            texts = {row["image_id"]: row["caption"] for row in source}
            samples = {sample.id: sample for sample in _samples(folder, source)}
            same = sum(_finds(texts[row["image_id"]], samples[str(row["image_id"])], way) == row[way] for row in rows)
        yield Figure(folder.name, path.name, name, len(rows), same)


def _reads(text: str, way: str) -> dict[str, Any]:
    said = mentions(text, WAYS[way])
    return {"words": list(said.words), "nodes": list(said.nodes), "idxs": None, "raw_words": list(said.tokens)}


def _finds(text: str, sample: Sample, way: str) -> dict[str, Any]:
    said, there = mentions(text, WAYS[way]), truth(sample, WAYS[way])
    pairs = zip(said.words, said.nodes, strict=True)
    return {"nodes": list(said.nodes), "hallucinated": [[word, node] for word, node in pairs if node not in there]}
