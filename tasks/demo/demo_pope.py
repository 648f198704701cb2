"""POPE on rendered scenes: is a named object in the picture? Probes by POPE's rules, read and scored by its adapter."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mmeval.catalog import builtin
from mmeval.demo import annotated, picture, scenes
from mmeval.probes import SPLITS, draw_probes
from mmeval.sources import generated

SCENES = 40


def rows() -> Iterator[dict[str, Any]]:
    pictures = {one.id: one for one in map(annotated, scenes(SCENES))}
    images = {pictures[scene.seed].file: picture(scene) for scene in scenes(SCENES)}
    for split in SPLITS:
        for row in draw_probes(split, list(pictures.values()), 3, random.Random(split)):
            name = str(row["image"]).removeprefix("images/")
            yield {**row, "image": images[name], "image_path": name, "category": split}


demo_pope = replace(
    builtin("hallucination/pope").pope,
    rows=generated(rows, "rendered scenes"),
    published={},
    dimension="hallucination",
)
