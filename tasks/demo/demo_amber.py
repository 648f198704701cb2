"""AMBER on rendered scenes: a description, and questions on existence, attributes and numbers.

Read by AMBER's adapter and scored by its rules, with the scenes' categories as the vocabulary. Relations are left
out: the demo checkpoints have not learned left from right (see models/README.md).
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mmeval.catalog import builtin
from mmeval.demo import picture, scenes
from mmeval.scene_captions import plural
from mmeval.scene_questions import attribute, existence, number
from mmeval.scenes import CATEGORIES, Scene, adversarial_absent
from mmeval.scorers.amber import Words, amber
from mmeval.scorers.yes_no import lone_word
from mmeval.sources import generated

SCENES = 40
WORDS = Words(near={category: (plural(category),) for category in CATEGORIES}, safe=frozenset())
ASKED = {
    "discriminative-attribute-state": attribute,
    "discriminative-attribute-number": number,
}


def rows() -> Iterator[dict[str, Any]]:
    drawn = ({"image": picture(scene), **row} for scene in scenes(SCENES) for row in about(scene))
    yield from ({"id": i, **row} for i, row in enumerate(drawn, start=1))


def about(scene: Scene) -> Iterator[dict[str, Any]]:
    rng = random.Random(scene.seed)
    tempting = adversarial_absent(scene)[:3]
    yield {"type": "generative", "query": "Describe this image.", "truth": list(scene.categories), "hallu": tempting}
    for negatives in ("random", "adversarial"):  # as in AMBER, every question on existence has the answer no
        asked = existence(scene, rng, False, negatives, wording="amber")
        if asked:
            yield {"type": "discriminative-hallucination", "query": asked.prompt, "truth": "no"}
    for kind, build in ASKED.items():
        asked = build(scene, rng)
        if asked:
            yield {"type": kind, "query": asked.prompt, "truth": asked.answer.lower()}


demo_amber = replace(
    builtin("hallucination/amber").amber,
    rows=generated(rows, "rendered scenes"),
    scorer={"offline": amber(lone_word, words=WORDS)},
    max_new_tokens=160,
    published={},
    dimension="hallucination",
)
