"""AMBER: both tasks of the official script, through the task's own samples and scorers.

Answer files hold id and response. Nouns come from NLTK's tagger where it is installed, else from the set's lists
(id, nouns), matched by ids; similarities from the set's table (noun, word, cosine), or off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmeval.catalog import load_catalog
from mmeval.scorers.amber import Nouns, Similarity, Words, amber, similarity_table, tagged_nouns
from mmeval.scorers.words import has_tagger, wordnet_folder
from mmeval.scorers.yes_no import Read
from mmeval.scoring import score, summarise
from mmeval.sources import Row
from mmeval.statistics.sums import Measured
from tests.parity.figures import Figure, Leaf, leaves, stem_of

GROUPS = {
    "Exsitence": "type=Existence",
    "Attribute": "type=Attribute",
    "Relation": "type=Relation",
    "State": "attribute=State",
    "Number": "attribute=Number",
    "Action": "attribute=Action",
}


class Folder:
    """What lies in a set's folder, told apart by what is in the files."""

    def __init__(self, folder: Path):
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.nouns: list[dict[int, list[str]]] = []
        table: list[Any] = []
        queries: dict[int, dict[str, Any]] = {}
        truths: dict[int, dict[str, Any]] = {}
        relation: dict[str, list[str]] = {}
        for path in sorted(folder.rglob("*.json")):
            data = json.loads(path.read_text(encoding="utf-8"))
            first = data[0] if isinstance(data, list) else None
            fields = set(first) if isinstance(first, dict) else set()
            if {"id", "response"} <= fields:
                self.answers[path.name] = data
            elif {"id", "nouns"} <= fields:
                self.nouns.append({row["id"]: row["nouns"] for row in data})
            elif {"id", "query"} <= fields:
                queries |= {row["id"]: row for row in data}
            elif {"id", "truth", "type"} <= fields:
                truths |= {row["id"]: row for row in data}
            elif isinstance(first, list):
                table += data
            elif all(isinstance(words, list) for words in data.values()):
                relation |= data
        safe = [line for path in folder.rglob("*.txt") for line in path.read_text(encoding="utf-8").splitlines()]
        self.words = Words(relation, frozenset(safe)) if relation else None
        self.similar = similarity_table(tuple(row) for row in table)
        asked = {"image": "AMBER.jpg", "query": ""}  # where a set has no query file
        rows = [Row({**asked, **queries.get(id, {}), **truth}, f"id {id}", folder) for id, truth in truths.items()]
        self.samples = {one.id: one for row in rows for one in _samples_of(row)}

    def nouns_of(self, rows: list[dict[str, Any]]) -> Nouns | None:
        if has_tagger() and wordnet_folder() is not None:
            return tagged_nouns
        by_text: dict[str, list[str]] = {}
        for row in rows:
            found = next((nouns[row["id"]] for nouns in self.nouns if row["id"] in nouns), None)
            if found is not None:
                by_text[row["response"]] = found
        return by_text.__getitem__ if by_text else None

    def measured(self, rows: list[dict[str, Any]], read: Read, nouns: Nouns, similar: Similarity | None) -> Measured:
        scorer = amber(read, nouns=nouns, similar=similar, words=self.words)
        samples = [self.samples[str(row["id"])] for row in rows]
        return summarise(score(scorer, samples, {str(row["id"]): row["response"] for row in rows}), scorer, resamples=0)


def _samples_of(row: Row) -> list[Any]:
    return load_catalog().tasks["amber"].samples_of(Row({**row, "image": row.picture("image")}, row.where, row.folder))


def figures(folder: Path) -> Iterator[Figure]:
    found = Folder(folder)
    done: dict[tuple[str, ...], Measured | None] = {}
    for leaf in leaves(folder):
        names = _answer_files(leaf, found)
        if not names or leaf.path[-1] == "evaluation_type":
            yield leaf.skipped("a note, not a figure" if names else "names none of the answer files found")
            continue
        script = next((key.lower() for key in leaf.path[1:] if not key.istitle()), "")
        similar = found.similar if "standin" in script or "stand_in" in script else None
        key = (*names, "table" if similar else "off")
        if key not in done:
            rows = [row for name in names for row in found.answers[name]]
            nouns = found.nouns_of(rows)
            questions = "truth" not in found.samples[str(rows[0]["id"])].metadata
            done[key] = found.measured(rows, _bare_word(), nouns or list, similar) if nouns or questions else None
        measured = done[key]
        if measured is None:
            yield leaf.skipped("no nouns for these ids, and NLTK's tagger or WordNet is not installed", names[0])
            continue
        note = "recorded with en_core_web_lg; ours: exact words" if "en_core_web" in script else ""
        part = next((GROUPS[key] for key in leaf.path if key in GROUPS), None)
        metrics = measured.metrics if part is None else measured.slices[part]
        yield leaf.compared(" + ".join(names), metrics[leaf.path[-1].lower()].value * 100, digits=1, note=note)


def _answer_files(leaf: Leaf, found: Folder) -> list[str]:
    """The answer files that the leaf's first key names; one key may name several."""
    key = leaf.path[0]
    exact = [name for name in found.answers if stem_of(name) == stem_of(key)]
    named = [name for name in found.answers if stem_of(name) in key]
    longer = {one for one in named for other in named if one != other and stem_of(one) in stem_of(other)}
    return exact or [name for name in named if name not in longer]


def _bare_word() -> Read:
    """The official compare, as the task has it."""
    return lambda answer: {"Yes": True, "No": False}.get(answer)
