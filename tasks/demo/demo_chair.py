"""CHAIR on rendered scenes: which objects of a detailed caption are not there? Read and scored by its adapter."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mmeval.catalog import builtin
from mmeval.demo import annotated, picture, scenes
from mmeval.sources import generated

SCENES = 80


def rows() -> Iterator[dict[str, Any]]:
    for scene in scenes(SCENES):
        known = annotated(scene)
        yield {
            "image": picture(scene),
            "image_id": known.id,
            "objects": list(known.objects),
            "captions": list(known.captions),
        }


demo_chair = replace(
    builtin("hallucination/chair").chair,
    rows=generated(rows, "rendered scenes"),
    max_new_tokens=160,
    published={},
    dimension="hallucination",
)
