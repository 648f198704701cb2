"""True sentences about rendered scenes, and COCO's captions file made of them.

Nouns are spelled so that CHAIR's synonym list finds them; no other COCO noun slips in.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from mmeval.scenes import Scene, SceneObject, file_name

NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six")


def with_article(phrase: str) -> str:
    """`apple` -> `an apple`, `red apple` -> `a red apple`."""
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def plural(noun: str) -> str:
    """Every category's plural is regular; none ends in a letter that wants -es."""
    return noun + "s"


def listing(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def place(o: SceneObject) -> str:
    """`center`, or the quadrant that holds the object's centre: `top left`, `bottom right`, ..."""
    x, y = o.center
    if abs(x - 0.5) < 0.12 and abs(y - 0.5) < 0.12:
        return "center"
    return f"{'top' if y < 0.5 else 'bottom'} {'left' if x < 0.5 else 'right'}"


def setting(scene: Scene) -> str:
    """`a park`, `a kitchen`, ..."""
    return with_article(scene.background)


def reading_order(scene: Scene) -> list[tuple[str, list[SceneObject]]]:
    """The objects grouped by category, groups and members from top to bottom, then left to right."""
    ordered = sorted(scene.objects, key=lambda o: (int(o.center[1] * 3), o.center[0]))
    groups: dict[str, list[SceneObject]] = {}
    for o in ordered:
        groups.setdefault(o.category, []).append(o)
    return list(groups.items())


def _group_phrase(category: str, members: Sequence[SceneObject]) -> str:
    if len(members) == 1:
        return with_article(f"{members[0].color} {category}")
    colors = {o.color for o in members}
    shared = f"{members[0].color} " if len(colors) == 1 else ""
    return f"{NUMBER_WORDS[len(members)]} {shared}{plural(category)}"


def brief_caption(scene: Scene, extra: str | None = None) -> str:
    """One sentence that names the setting and every group of objects.

    `extra` is a phrase such as `a red bottle` put at the end, for captions that are to be false.
    """
    parts = [_group_phrase(c, members) for c, members in reading_order(scene)]
    return f"A {scene.background} with {listing([*parts, extra] if extra else parts)}."


def detailed_caption(scene: Scene, extra: str | None = None) -> str:
    """A few sentences: the setting, every object with size, colour and place, one relation where there is one.

    `extra` is a whole sentence put after the objects, for captions that are to be false.
    """
    sentences = [f"The image shows {setting(scene)}."]
    for category, members in reading_order(scene):
        if len(members) == 1:
            o = members[0]
            sentences.append(f"There is a {o.size} {o.color} {category} in the {place(o)}.")
        else:
            each = listing([f"a {o.color} one in the {place(o)}" for o in members])
            sentences.append(f"There are {NUMBER_WORDS[len(members)]} {plural(category)}, {each}.")
    if extra:
        sentences.append(extra)
    relation = relations(scene)
    if relation:
        a, words, b = relation[0]
        sentences.append(f"The {a} is {words} the {b}.")
    return " ".join(sentences)


def relations(scene: Scene) -> list[tuple[str, str, str]]:
    """Every clear relation (a, words, b) between categories that occur once each, clearest first.

    Words: `to the left of`, `to the right of`, `above`, `below`; clear means that the centres lie
    at least an eighth of the picture apart along the axis in question.
    """
    single = [o for o in scene.objects if scene.count(o.category) == 1]
    found = []
    for a in single:
        for b in single:
            dx, dy = b.center[0] - a.center[0], b.center[1] - a.center[1]
            if abs(dx) >= 0.125:
                found.append((-abs(dx), a.category, "to the left of" if dx > 0 else "to the right of", b.category))
            if abs(dy) >= 0.125:
                found.append((-abs(dy), a.category, "above" if dy > 0 else "below", b.category))
    return [(a, words, b) for _, a, words, b in sorted(found)]


def true_captions(scene: Scene) -> list[str]:
    """Five true captions in different words, every one naming all categories."""
    groups = reading_order(scene)
    plain = [with_article(c) if len(m) == 1 else f"{NUMBER_WORDS[len(m)]} {plural(c)}" for c, m in groups]
    colored = [_group_phrase(c, members) for c, members in groups]
    verb = "is" if len(groups[0][1]) == 1 else "are"
    return [
        brief_caption(scene),
        f"There {verb} {listing(plain)} in this {scene.background} scene.",
        f"A picture of {setting(scene)} that has {listing(plain)} in it.",
        f"{listing(colored).capitalize()} at {setting(scene)}.",
        detailed_caption(scene),
    ]


def coco_captions(scenes: Iterable[Scene], pixels: int = 384) -> dict[str, Any]:
    """The scenes' true captions in the format of COCO's `captions_*.json`, five an image."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for scene in scenes:
        images.append({"id": scene.seed, "file_name": file_name(scene), "width": pixels, "height": pixels})
        for caption in true_captions(scene):
            annotations.append({"id": len(annotations) + 1, "image_id": scene.seed, "caption": caption})
    return {"info": {"description": "mmeval rendered scenes"}, "images": images, "annotations": annotations}


def false_caption(scene: Scene, rng: random.Random, absent: Sequence[str], colors: Sequence[str]) -> str:
    """A brief caption wrong in one thing: an object's colour, its category, or an object added."""
    kind = rng.choice(("color", "category", "extra"))
    single = [o for o in scene.objects if scene.count(o.category) == 1]
    if kind == "extra" or not single:
        return brief_caption(scene, extra=with_article(f"{rng.choice(colors)} {rng.choice(absent)}"))
    victim = rng.choice(single)
    true = with_article(f"{victim.color} {victim.category}")
    if kind == "color":
        false = with_article(f"{rng.choice([c for c in colors if c != victim.color])} {victim.category}")
    else:
        false = with_article(f"{victim.color} {rng.choice(absent)}")
    return brief_caption(scene).replace(true, false, 1)
