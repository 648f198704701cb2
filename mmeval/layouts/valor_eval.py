"""VALOR-Eval's files: human_annotation/ of haoyiq114/VALOR, a file a feature, and its files of captions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmeval.answers import Answers, answer_text, collect_about, file_rows
from mmeval.errors import DataError
from mmeval.layouts.implied import picture_named
from mmeval.samples import Image, Sample
from mmeval.sources import Row, Source, official, read_rows

FEATURES = ("object_existence", "attribute_object", "attribute_people", "relation_positional", "relation_comparative")


def release() -> Source:
    """human_annotation/ of the repository, as it is, in a folder named after the benchmark, or as that folder."""
    return (
        official("object_existence.jsonl", annotated, below="valor_eval")
        | official("object_existence.jsonl", annotated, below="valor_eval/human_annotation")
        | official("object_existence.jsonl", annotated, below="human_annotation")
    )


def annotated(path: Path) -> Iterator[dict[str, Any]]:
    """The pictures of all features whose files are there: image_id, feature, annotation."""
    for row in read_rows(path):
        yield {"feature": "object_existence", "annotation": row.get("gt_objects"), **row}
    for feature in FEATURES:
        beside = path.with_name(f"{feature}.json")
        for image, annotation in (next(iter(read_rows(beside))) if beside.is_file() else {}).items():
            yield {"feature": feature, "image_id": image, "annotation": annotation}


def annotation(row: Row) -> Any:
    if not row["annotation"]:
        raise DataError(f"{row.where}: picture {row['image_id']} has no annotation of {row['feature']}")
    return row["annotation"]


def picture(row: Row) -> Image:
    return picture_named(row, "image_id", f"{row['image_id']}.jpg", "images", "../images", f"images/{row['feature']}")


def answers(path: Path, samples: list[Sample]) -> Answers:
    """Official files of captions: image id -> {"generated_caption"}, the feature's name in the path."""
    names = [path.name, *reversed(path.parent.parts)]  # the nearest name counts
    feature = next((one for name in names for one in FEATURES if one in name), None)
    if feature is None:
        raise DataError(
            f"{path.name}: of which feature? put one of {', '.join(FEATURES)} in the file's or folder's name"
        )
    rows = [
        (image, Row(given, f"picture {image} of {path.name}"))
        for row in file_rows(path)
        for image, given in row.items()
        if isinstance(given, dict)
    ]
    said = ((f"{feature}/{image}", answer_text(row, "generated_caption"), row) for image, row in rows)
    return collect_about("valor_eval", said, samples, path)
