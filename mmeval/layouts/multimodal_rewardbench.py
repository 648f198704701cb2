"""Multimodal RewardBench's rows and the answer files of facebookresearch/multimodal_rewardbench."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmeval.answers import Answers, FileRow, answer_text, collect, file_rows
from mmeval.errors import DataError
from mmeval.samples import Sample
from mmeval.sources import Row

COLUMNS = ("ID", "Label", "output")
PLACES = {"Output1": 0, "Output2": 1}


def question(row: Row) -> Row:
    """The benchmark's own row; of an answer file's row out of its `Label` and `Meta`, which may lack the texts."""
    if "Meta" not in row:
        return row
    label = row["Label"]
    if label not in ("A", "B") or not isinstance(row["Meta"], dict):
        raise DataError(f"{row.where}: field 'Label' must be A or B, and 'Meta' the question's fields")
    made: dict[str, Any] = {"Text": "", "Output1": "", "Output2": ""} | row["Meta"]
    return FileRow(made | {"ID": row["ID"], "Better": "Output2" if label == "B" else "Output1"}, row.where)


def better_of(row: Row) -> int:
    """Index of the better answer. The scripts take whatever is not Output2 for Output1; here that is an error."""
    if row["Better"] not in PLACES:
        raise DataError(f"{row.where}: field 'Better' must be Output1 or Output2 (found: {row['Better']!r})")
    return PLACES[row["Better"]]


def texts_of(row: Row) -> tuple[str, str, str]:
    """The question and the two answers. Raises `DataError` where one of them is no text."""
    for field in ("Text", *PLACES):
        if not isinstance(row[field], str):
            raise DataError(f"{row.where}: field {field!r} holds no text; a pair needs the question and both answers")
    return row["Text"], row["Output1"], row["Output2"]


def key_of(row: Row) -> str:
    """The pair's own id: the row's ID and a digest of the answers, as several pairs may be about one picture."""
    texts = "\n".join(texts_of(row)[1:])
    return f"{row['ID']}-{hashlib.sha256(texts.encode()).hexdigest()[:8]}"


def category_of(row: Row) -> str:
    """The category, safety and reasoning in two parts by how the ID begins, in any case (2_get_accuracy.py)."""
    category, id = str(row["Category"]), str(row["ID"]).lower()
    if category == "safety":
        return "safety/bias" if id.startswith("pairs") else "safety/toxicity"
    if category == "reasoning":
        return "reasoning/math" if id.startswith("math") else "reasoning/coding"
    return category


def orders(row: Row) -> tuple[bool, ...]:
    """Both orders, as given and swapped; in an answer file the given one, which alone the scripts ask."""
    return (False,) if isinstance(row, FileRow) else (False, True)


def results(path: Path, samples: list[Sample]) -> Answers:
    """Reads an official answer file: a row is about the first pair of its ID and `Label` that no row was about.

    Answers are to the order as given. The samples are those that the file is about, in its order, in which the coins
    are tossed. Raises `DataError` for an ID that occurs more often than there are pairs, and for another label.
    """
    left: defaultdict[str, list[Sample]] = defaultdict(list)
    for one in samples:
        if not one.metadata.get("swapped"):
            left[one.metadata["ID"]].append(one)
    about: list[Sample] = []

    def said() -> Iterator[tuple[str, str | None, Row]]:
        for row in file_rows(path):
            here = left[str(row["ID"])]
            found = next((one for one in here if "AB"[one.target] == row["Label"]), None)
            if here and found is None:
                raise DataError(f"{row.where}: field 'Label' is {row['Label']!r}; the data has no such pair of that ID")
            if found is not None:
                here.remove(found)
                about.append(found)
            yield found.id if found else str(row["ID"]), answer_text(row, "output"), row

    return Answers(collect("multimodal_rewardbench", said(), samples, path), samples=tuple(about))
