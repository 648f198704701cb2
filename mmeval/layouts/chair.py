"""CHAIR's files: COCO's annotations, lists that choose pictures, cached objects, and files of captions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmeval.answers import ANSWERS, Answers, answer_text, collect_about, file_rows
from mmeval.coco import coco_name, coco_rows
from mmeval.errors import DataError
from mmeval.samples import Sample
from mmeval.sources import Row, read_rows

PICTURES = [f"{up}{name}" for up in ("../", "") for name in ("train2017", "val2017", "train2014", "val2014", "images")]


def annotated(path: Path) -> Iterator[dict[str, Any]]:
    """The pictures of an instances file, those of chair-*.jsonl only if there is such a list."""
    lists = [one for folder in (path.parent, path.parent.parent) for one in sorted(folder.glob("chair-*.json*"))]
    rows = (Row(row, (number, one.name)) for one in lists for number, row in enumerate(read_rows(one), start=1))
    chosen = {coco_id(row): row.get("image") for row in rows}
    for row in coco_rows(path):
        if not lists or row["image_id"] in chosen:
            yield {**row, "image": chosen.get(row["image_id"]) or row["image"]}


def cached(path: Path) -> Iterator[dict[str, Any]]:
    """The pictures of gt_objects.json: image id -> objects."""
    for image, objects in json.loads(path.read_text(encoding="utf-8")).items():
        yield {"image": coco_name(int(image)), "image_id": int(image), "objects": objects}


def image_id(row: Row) -> str:
    """Of a row of the data; the hub calls it otherwise."""
    return str(row["question_id"] if "gt_object" in row else row["image_id"])


def known_objects(row: Row) -> dict[str, Any]:
    """`objects` and, where a row has them, reference `captions`."""
    if "gt_object" in row:
        return {"objects": row["gt_object"]}
    return {key: row[key] for key in ("objects", "captions") if key in row}


def answers(path: Path, samples: list[Sample]) -> Answers:
    """Answer files of the official script (`imgToEval`) and of others that name the picture by its file."""
    rows = [one for row in file_rows(path) for one in (_evaluated(row) if "imgToEval" in row else [row])]
    columns = (next((name for name in ANSWERS if name in row), "caption") for row in rows)
    said = ((str(coco_id(row)), answer_text(row, name), row) for row, name in zip(rows, columns, strict=True))
    return collect_about("chair", said, samples, path)


def coco_id(row: Row) -> int:
    """The COCO id in a row's `image_id` or `image`, a number or a file name that ends in it."""
    name = str(row.get("image_id", row.get("image", "")))
    digits = Path(name).stem.rpartition("_")[2]
    if not digits.isdigit():
        found = ", ".join(map(str, row))
        raise DataError(f"{row.where} has neither 'image_id' nor a COCO file name in 'image' (found: {found})")
    return int(digits)


def _evaluated(row: Row) -> Iterator[Row]:
    """The captions in the official script's results: picture -> its caption and figures."""
    found = row["imgToEval"]
    if not isinstance(found, dict) or not all(isinstance(fields, dict) for fields in found.values()):
        raise DataError(f"{row.where}: field 'imgToEval' is not an object of pictures, each with image_id and caption")
    for picture, fields in found.items():
        yield Row(fields, f"picture {picture} of {row.where}")
