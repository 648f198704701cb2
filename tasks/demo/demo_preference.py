"""Preference on rendered scenes: does a judge who knows the scene prefer the model's description to demo's?

`demo` itself ties with itself; `demo-dpo` shows what its alignment is worth. The reference descriptions are stored
(models/descriptions.json, made by models/describe.py). Asked as demo_chair asks, so that one answer serves both.
"""

import json
from collections.abc import Iterator
from typing import Any

from mmeval.catalog import bundled
from mmeval.demo import picture, scenes
from mmeval.samples import Sample, ask
from mmeval.scene_claims import facts_of
from mmeval.scorers.equal_length import at_equal_length
from mmeval.scorers.pairwise import against_reference
from mmeval.sources import Row, generated
from mmeval.tasks import Task

SCENES = 80
PROMPT = "Please describe this image in detail."


def rows() -> Iterator[dict[str, Any]]:
    references = json.loads((bundled("models") / "descriptions.json").read_text(encoding="utf-8"))
    for scene in scenes(SCENES):
        yield {"id": scene.seed, "scene": scene, "reference": references[str(scene.seed)]}


def sample(row: Row) -> Sample:
    scene = row["scene"]
    expected = [["there", category, ""] for category in scene.categories] + [["setting", "", scene.background]]
    return Sample(
        id=row["id"],
        messages=ask(picture(scene), PROMPT),
        target=row["reference"],
        slices={"objects": "1 or 2" if len(scene.objects) < 3 else "3 or more"},
        cluster=scene.seed,
        metadata={"facts": {**facts_of(scene), "expected": expected}},
    )


def known(sample: Sample) -> dict[str, Any]:
    return {"facts": sample.metadata["facts"], "question": sample.prompt}


demo_preference = Task(
    rows=generated(rows, "rendered scenes"),
    sample=sample,
    scorer=at_equal_length(against_reference("demo_preference", known)),
    max_new_tokens=160,
    headline="win_rate",
    judge="scenes",
    dimension="alignment",
)
