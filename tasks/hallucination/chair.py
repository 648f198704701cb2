"""CHAIR: how many of the objects that a detailed caption names are not in the picture.

Rohrbach et al. 2018, arXiv 1809.02156. Data: any annotations in COCO's format, `instances*.json` (and the reference
captions `captions*.json`) in the data folder or its `annotations/`, the pictures beside or below them; papers take
500 of val2014. `chair-*.jsonl` in that folder, rows with `image_id` or `image`, chooses pictures. Or `gt_objects.json`
(image id -> objects), or hub tsunghanwu/mscoco_chair.

Dialects. `official`: singulars, as in LisaAnne/Hallucination. `opera`: part-of-speech lemmas, as in OPERA, VCD and
lmms-eval (needs NLTK's tagger and WordNet); most published figures since 2023, those below too. `opera_untagged`:
the same without the tagger, within half a point (needs WordNet). Prompt and length are OPERA's.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmeval.answers import ANSWERS, answer_text, collect, file_rows
from mmeval.coco import coco_name, coco_rows
from mmeval.errors import DataError
from mmeval.samples import Sample, ask
from mmeval.scorers.captions import chair as scorer
from mmeval.scorers.captions import singular, tagged_lemma, untagged_lemma
from mmeval.sources import Row, hub, official, read_rows
from mmeval.tasks import Task

PROMPT = "Please describe this image in detail."
PICTURES = [f"{up}{name}" for up in ("../", "") for name in ("train2017", "val2017", "train2014", "val2014", "images")]


def image_id(row: Row) -> int:
    """The COCO id in a row's `image_id` or `image`, a number or a file name that ends in it."""
    name = str(row.get("image_id", row.get("image", "")))
    digits = Path(name).stem.rpartition("_")[2]
    if not digits.isdigit():
        found = ", ".join(map(str, row))
        raise DataError(f"{row.where} has neither 'image_id' nor a COCO file name in 'image' (found: {found})")
    return int(digits)


def annotated(path: Path) -> Iterator[dict[str, Any]]:
    """The pictures of an instances file, those of chair-*.jsonl only if there is such a list."""
    lists = [one for folder in (path.parent, path.parent.parent) for one in sorted(folder.glob("chair-*.json*"))]
    rows = (Row(row, (number, one.name)) for one in lists for number, row in enumerate(read_rows(one), start=1))
    chosen = {image_id(row): row.get("image") for row in rows}
    for row in coco_rows(path):
        if not lists or row["image_id"] in chosen:
            yield {**row, "image": chosen.get(row["image_id"]) or row["image"]}


def cached(path: Path) -> Iterator[dict[str, Any]]:
    for image, objects in json.loads(path.read_text(encoding="utf-8")).items():
        yield {"image": coco_name(int(image)), "image_id": int(image), "objects": objects}


def sample(row: Row) -> Sample:
    from_hub = "gt_object" in row
    image = str(row["question_id"] if from_hub else row["image_id"])
    known = (
        {"objects": row["gt_object"]} if from_hub else {key: row[key] for key in ("objects", "captions") if key in row}
    )
    return Sample(id=image, messages=ask(row.picture("image", *PICTURES), PROMPT), cluster=image, metadata=known)


def answers(path: Path, samples: list[Sample]) -> dict[str, str]:
    """Answer files of the official script (`imgToEval`) and of others that name the picture by its file."""
    rows = [one for row in file_rows(path) for one in (_evaluated(row) if "imgToEval" in row else [row])]
    columns = (next((name for name in ANSWERS if name in row), "caption") for row in rows)
    said = ((str(image_id(row)), answer_text(row, name), row) for row, name in zip(rows, columns, strict=True))
    return collect("chair", said, samples, path)


def _evaluated(row: Row) -> Iterator[Row]:
    """The captions in the official script's results: picture -> its caption and figures."""
    found = row["imgToEval"]
    if not isinstance(found, dict) or not all(isinstance(fields, dict) for fields in found.values()):
        raise DataError(f"{row.where}: field 'imgToEval' is not an object of pictures, each with image_id and caption")
    for picture, fields in found.items():
        yield Row(fields, f"picture {picture} of {row.where}")


chair = Task(
    rows=official("instances*.json", annotated, below="annotations")
    | official("*gt_objects*.json", cached, below="annotations")
    | hub("tsunghanwu/mscoco_chair", split="test"),
    sample=sample,
    scorer={"official": scorer(singular), "opera": scorer(tagged_lemma), "opera_untagged": scorer(untagged_lemma)},
    max_new_tokens=512,
    headline="chair_s",
    published={"LLaVA-1.5-7B (beam 5)": 48.8, "LLaVA-1.5-7B (OPERA)": 44.6, "InstructBLIP-7B": 58.8, "MiniGPT-4": 31.8},
    paper="arXiv 1809.02156",
    answers_choose=True,
    answers=answers,
)
