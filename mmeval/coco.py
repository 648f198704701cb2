"""Pictures with their objects and reference captions, from any annotations in COCO's format (Lin et al. 2014)."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmeval.errors import DataError

# Lists of an instances file and the fields that their entries must have.
INSTANCES = {"images": ("id",), "categories": ("id", "name"), "annotations": ("image_id", "category_id")}
CAPTIONS = {"annotations": ("image_id", "caption")}


@dataclass(frozen=True, slots=True)
class Annotated:
    """file: the picture's file name as annotated. objects: category names, each once, in the annotations' order."""

    id: int
    file: str
    objects: tuple[str, ...]
    captions: tuple[str, ...] = ()


def read_coco(instances: Path, captions: Iterable[Path] = ()) -> list[Annotated]:
    """The annotated pictures in the file's order.

    captions: COCO caption files; what they say of other pictures is ignored. Raises `DataError` naming file, entry
    and field, or the file that can't be read.
    """
    data = load(instances, INSTANCES)
    coco = _indexed(instances, data)
    names = {category["id"]: category["name"] for category in data["categories"]}
    texts = _captions(captions)
    return [
        Annotated(
            image["id"],
            image.get("file_name") or coco_name(image["id"]),
            tuple(dict.fromkeys(names[one["category_id"]] for one in coco.imgToAnns.get(image["id"], ()))),
            tuple(texts.get(image["id"], ())),
        )
        for image in data["images"]
    ]


def captions_for(instances: Path) -> list[Path]:
    """The caption files beside an instances file: the one of the same split, else all."""
    same = instances.with_name(instances.name.replace("instances", "captions", 1))
    return [same] if same.is_file() and same != instances else sorted(instances.parent.glob("captions*.json"))


def coco_rows(instances: Path) -> Iterator[dict[str, Any]]:
    """The annotated pictures, with the captions beside the file, as the rows that CHAIR's tasks read."""
    for one in read_coco(instances, captions_for(instances)):
        yield {"image": one.file, "image_id": one.id, "objects": list(one.objects), "captions": list(one.captions)}


def coco_name(image: int) -> str:
    """The file name that COCO 2014's validation set gives a picture."""
    return f"COCO_val2014_{image:012d}.jpg"


def _indexed(path: Path, data: dict[str, Any]) -> Any:
    from pycocotools.coco import COCO

    known = {category["id"] for category in data["categories"]}
    for number, annotation in enumerate(data["annotations"], start=1):
        if annotation["category_id"] not in known:
            raise DataError(
                f"{path.name}: annotation {number} has category_id {annotation['category_id']}, no category"
            )
    coco = COCO()
    coco.dataset = data
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress where --json prints its object
        coco.createIndex()
    return coco


def _captions(paths: Iterable[Path]) -> dict[int, list[str]]:
    texts: dict[int, list[str]] = {}
    for path in paths:
        for annotation in load(path, CAPTIONS)["annotations"]:
            texts.setdefault(annotation["image_id"], []).append(annotation["caption"])
    return texts


def load(path: Path, fields: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """A JSON object with lists of entries that have the given fields. Raises `DataError` naming what is missing."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise DataError(f"{path.name}: malformed JSON at line {error.lineno}: {error.msg}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: can't be read: {error}") from error
    if not isinstance(data, dict):
        raise DataError(f"{path.name}: no COCO annotations (a {type(data).__name__}, not an object)")
    for part, wanted in fields.items():
        if not isinstance(data.get(part), list):
            raise DataError(f"{path.name}: no COCO annotations: has no list {part!r} (found: {', '.join(data)})")
        for number, entry in enumerate(data[part], start=1):
            for field in wanted:
                if not isinstance(entry, dict) or field not in entry:
                    raise DataError(f"{path.name}: entry {number} of {part!r} has no field {field!r}")
    return data
