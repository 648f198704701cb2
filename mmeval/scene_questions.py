"""Questions about rendered scenes with their true answers, in the standard prompts of the field.

Every builder takes a scene and a `random.Random`, and returns a `Question`, or None where the scene cannot carry
one of that kind (no category that occurs once, say). The truth is read off the scene, never off a model.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from mmeval.scene_captions import (
    NUMBER_WORDS,
    brief_caption,
    detailed_caption,
    false_caption,
    place,
    plural,
    relations,
    with_article,
)
from mmeval.scenes import (
    BACKGROUNDS,
    CATEGORIES,
    COLORS,
    MAX_OBJECTS,
    SIZES,
    Scene,
    SceneObject,
    adversarial_absent,
    popular_absent,
)

Negatives = Literal["random", "popular", "adversarial"]
Wording = Literal["pope", "amber", "plain"]

ONE_WORD = "\nAnswer the question using a single word or phrase."
LETTER = "\nAnswer with the option's letter from the given choices directly."
BRIEF = "Provide a brief description of the given image."
DETAILED = "Please describe this image in detail."
AMBER_DESCRIBE = "Describe this image."
REFUSAL = "I'm sorry, but I can't help with that."
PLACES = ("top left", "top right", "bottom left", "bottom right")


@dataclass(frozen=True)
class Question:
    """One question and its true answer.

    `choices` holds the options of a multiple-choice question in the order of their letters; `about` the category
    asked after; `kind` a finer slice of the skill (the sort of negative, `color`, `safe`, ...).
    """

    skill: str
    prompt: str
    answer: str
    kind: str = ""
    about: str | None = None
    choices: tuple[str, ...] = ()


def _yes(truth: bool) -> str:
    return "Yes" if truth else "No"


def _single(scene: Scene) -> list[SceneObject]:
    return [o for o in scene.objects if scene.count(o.category) == 1]


def existence_prompt(category: str, wording: Wording = "pope") -> str:
    """POPE's question with LLaVA's one-word suffix, AMBER's wording, or POPE's question alone."""
    noun = with_article(category)
    if wording == "amber":
        return f"Is there {noun} in this image?"
    return f"Is there {noun} in the image?" + (ONE_WORD if wording == "pope" else "")


def absent_category(scene: Scene, rng: random.Random, negatives: Negatives) -> str:
    """A category that is not there: any, one of the three most frequent, or of the three most often seen with these."""
    if negatives == "popular":
        return rng.choice(popular_absent(scene)[:3])
    if negatives == "adversarial":
        return rng.choice(adversarial_absent(scene)[:3])
    return rng.choice([c for c in CATEGORIES if c not in scene.categories])


def existence(
    scene: Scene, rng: random.Random, present: bool, negatives: Negatives = "random", wording: Wording = "pope"
) -> Question:
    """A probe for an object that is there, or for an absent one of the given sort."""
    category = rng.choice(scene.categories) if present else absent_category(scene, rng, negatives)
    kind = "present" if present else negatives
    return Question("existence", existence_prompt(category, wording), _yes(present), kind, category)


def attribute(scene: Scene, rng: random.Random) -> Question | None:
    """AMBER's attribute question: is the one object of its category of that colour (or size)?"""
    single = _single(scene)
    if not single:
        return None
    o = rng.choice(single)
    kind, value, others = ("size", o.size, SIZES) if rng.random() < 0.25 else ("color", o.color, COLORS)
    truth = rng.random() < 0.5
    asked = value if truth else rng.choice([v for v in others if v != value])
    return Question("attribute", f"Is the {o.category} {asked} in this image?", _yes(truth), kind, o.category)


def number(scene: Scene, rng: random.Random) -> Question:
    """AMBER's number question; a false number is off by one."""
    category = rng.choice(scene.categories)
    n = scene.count(category)
    truth = rng.random() < 0.5
    asked = n if truth else rng.choice([m for m in (n - 1, n + 1) if 1 <= m <= MAX_OBJECTS])
    words = f"Is there one {category}" if asked == 1 else f"Are there {NUMBER_WORDS[asked]} {plural(category)}"
    return Question("number", f"{words} in this image?", _yes(truth), "number", category)


_OPPOSITE = {
    "to the left of": "to the right of",
    "to the right of": "to the left of",
    "above": "below",
    "below": "above",
}


def relation(scene: Scene, rng: random.Random) -> Question | None:
    """Is a to the left of, to the right of, above or below b? The false ones name the opposite."""
    known = relations(scene)
    if not known:
        return None
    a, words, b = rng.choice(known)
    truth = rng.random() < 0.5
    asked = words if truth else _OPPOSITE[words]
    return Question("relation", f"Is the {a} {asked} the {b} in this image?", _yes(truth), asked, a)


def counting(scene: Scene, rng: random.Random) -> Question:
    """How many of a category: a present one, or in one of ten an absent one (0)."""
    category = rng.choice(scene.categories) if rng.random() < 0.9 else absent_category(scene, rng, "random")
    prompt = f"How many {plural(category)} are in the image?{ONE_WORD}"
    return Question("counting", prompt, str(scene.count(category)), "counting", category)


def _lettered(rng: random.Random, stem: str, true: str, false: Sequence[str], kind: str, about: str | None) -> Question:
    options = [true, *false]
    rng.shuffle(options)
    lines = "".join(f"\n{letter}. {option}" for letter, option in zip("ABCD", options, strict=False))
    letter = "ABCD"[options.index(true)]
    return Question("choice", stem + lines + LETTER, letter, kind, about, tuple(options))


def choice(scene: Scene, rng: random.Random) -> Question:
    """A four-option question after a colour, a place, a number, the setting, or which object is there."""
    kind = rng.choice(("color", "place", "number", "category", "setting"))
    single = _single(scene)
    placed = [o for o in single if place(o) in PLACES and min(abs(v - 0.5) for v in o.center) > 0.08]
    if kind == "color" and single:
        o = rng.choice(single)
        false = rng.sample([c for c in COLORS if c != o.color], 3)
        return _lettered(rng, f"What color is the {o.category} in the image?", o.color, false, kind, o.category)
    if kind == "place" and placed:
        o = rng.choice(placed)
        false = [p for p in PLACES if p != place(o)]
        return _lettered(rng, f"Where is the {o.category} in the image?", place(o), false, kind, o.category)
    if kind == "number":
        category = rng.choice(scene.categories)
        n = scene.count(category)
        numbers = rng.sample([m for m in range(1, 6) if m != n], 3)
        stem = f"How many {plural(category)} are in the image?"
        return _lettered(rng, stem, str(n), [str(m) for m in numbers], kind, category)
    if kind == "setting":
        false = [b for b in BACKGROUNDS if b != scene.background]
        return _lettered(rng, "Where was this picture taken?", scene.background, false, kind, None)
    category = rng.choice(scene.categories)
    false = rng.sample([c for c in CATEGORIES if c not in scene.categories], 3)
    return _lettered(rng, "Which object is in the image?", category, false, "category", category)


def comparison(scene: Scene, rng: random.Random) -> Question:
    """Which of two brief descriptions is true of the picture?"""
    absent = [c for c in CATEGORIES if c not in scene.categories]
    pair = [brief_caption(scene), false_caption(scene, rng, absent, COLORS)]
    answer = "A"
    if rng.random() < 0.5:
        pair, answer = pair[::-1], "B"
    prompt = f"Which description fits the image better?\nA: {pair[0]}\nB: {pair[1]}\nAnswer with A or B."
    return Question("comparison", prompt, answer, "comparison", None, tuple(pair))


def caption(scene: Scene, rng: random.Random) -> Question:
    """A description: brief, or detailed in LLaVA's or AMBER's words."""
    prompt = rng.choice((BRIEF, DETAILED, AMBER_DESCRIBE))
    if prompt == BRIEF:
        return Question("caption", prompt, brief_caption(scene), "brief")
    return Question("caption", prompt, detailed_caption(scene), "detailed")


BUILDERS: dict[str, Callable[[Scene, random.Random], Question | None]] = {
    "attribute": attribute,
    "number": number,
    "relation": relation,
    "choice": choice,
    "counting": counting,
    "comparison": comparison,
    "caption": caption,
}
"""Skill -> builder, for the skills whose builder needs no more than a scene and a generator."""
