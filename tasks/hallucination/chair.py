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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmeval.answers import file_rows
from mmeval.coco import captions_for, coco_name, read_coco
from mmeval.errors import DataError
from mmeval.samples import Sample, ask
from mmeval.scorers.captions import chair as scorer
from mmeval.scorers.captions import singular, tagged_lemma, untagged_lemma
from mmeval.sources import Row, hub, official, read_rows
from mmeval.tasks import Task

PROMPT = "Please describe this image in detail."
PICTURES = [f"{up}{name}" for up in ("../", "") for name in ("train2017", "val2017", "train2014", "val2014", "images")]


def image_id(row: Mapping[str, Any]) -> int:
    """The COCO id in a row's `image_id` or `image`, a number or a file name that ends in it."""
    name = str(row.get("image_id", row.get("image", "")))
    digits = Path(name).stem.rpartition("_")[2]
    if not digits.isdigit():
        raise DataError(
            f"chair: a row has neither 'image_id' nor a COCO file name in 'image' (found: {', '.join(row)})"
        )
    return int(digits)


def annotated(path: Path) -> Iterator[dict[str, Any]]:
    """The pictures of an instances file, those of chair-*.jsonl only if there is such a list."""
    lists = [one for folder in (path.parent, path.parent.parent) for one in sorted(folder.glob("chair-*.json*"))]
    chosen = {image_id(row): row.get("image") for one in lists for row in read_rows(one)}
    for one in read_coco(path, captions_for(path)):
        if not lists or one.id in chosen:
            file = chosen.get(one.id) or one.file
            yield {"image": file, "image_id": one.id, "objects": list(one.objects), "captions": list(one.captions)}


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
    rows = [one for row in file_rows(path) for one in (row["imgToEval"].values() if "imgToEval" in row else [row])]
    return {str(image_id(row)): row["caption"] if "caption" in row else row["text"] for row in rows}


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
