"""Captions of rendered scenes that are wrong in one thing, by the kind of mistake."""

from __future__ import annotations

import random

from mmeval.scene_captions import NUMBER_WORDS, brief_caption, with_article
from mmeval.scenes import COLORS, MAX_OBJECTS, Scene, adversarial_absent


def spoiled(scene: Scene) -> dict[str, str]:
    """Kind of mistake -> the scene's caption with it, where the scene can carry it."""
    rng, true = random.Random(scene.seed), brief_caption(scene)
    found: dict[str, str] = {}
    for o in [o for o in scene.objects if scene.count(o.category) == 1][:1]:
        phrase, color = with_article(f"{o.color} {o.category}"), rng.choice([c for c in COLORS if c != o.color])
        tempting = rng.choice(adversarial_absent(scene)[:3])
        found["color"] = true.replace(phrase, with_article(f"{color} {o.category}"), 1)
        found["object"] = true.replace(phrase, with_article(f"{o.color} {tempting}"), 1)
    for n in [n for n in map(scene.count, scene.categories) if n > 1][:1]:
        other = rng.choice([m for m in (n - 1, n + 1) if 1 < m <= MAX_OBJECTS])
        found["number"] = true.replace(f"{NUMBER_WORDS[n]} ", f"{NUMBER_WORDS[other]} ", 1)
    return found
