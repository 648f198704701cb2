"""What a sentence about a rendered scene claims, by rules, and whether the scene bears it out.

Knows the words of the scenes (categories, colours, sizes, backgrounds, places, numbers) and no others: it is no reader
of free text. Truth comes as plain JSON (`facts_of`), so that it can stand in a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmeval.scene_captions import NUMBER_WORDS, place, plural
from mmeval.scenes import BACKGROUNDS, CATEGORIES, COLORS, Scene

Facts = Mapping[str, Any]
Objects = Sequence[Mapping[str, Any]]

_NOUNS = {form: category for category in CATEGORIES for form in (category, plural(category))}
_NUMBERS = {word: n for n, word in enumerate(NUMBER_WORDS) if n}
_SIZES = {"small": "small", "little": "small", "tiny": "small", "large": "large", "big": "large"}
_IS = frozenset({"is", "are", "looks", "look"})
_NOT = frozenset({"no", "not", "without", "isn't", "aren't"})
_FRESH = frozenset({"a", "an", "the"})
_ENDS = frozenset(".,;:!?")
_TOKEN = re.compile(r"[a-z]+(?:'t)?|[0-9]{1,3}|[.,;:!?]|[@>][a-z ]+(?=[|])")
_PLACE = re.compile(r"\b(top|upper|bottom|lower)[ -](left|right)\b|\b(center|centre|middle)\b")
_MARKS = str.maketrans("@>|", "   ")  # stand for places and relations below
_RELATION = re.compile(r"\bto the (left|right) of\b|\b(above|below)\b")
_RELATIONS = {"left": "left of", "right": "right of", "above": "above", "below": "below"}


@dataclass(frozen=True, slots=True)
class Claim:
    """kind: there, absent, color, size, number, where, relation or setting. about: a category; "" where the words name
    none ("Red."). value: what is claimed of it. color: narrows a number or a place down ("two red cups").
    """

    kind: str
    about: str
    value: str = ""
    color: str = ""

    def __str__(self) -> str:
        if self.kind in ("there", "absent"):
            return f"{'no ' if self.kind == 'absent' else ''}{self.about}"
        if self.kind == "relation":
            return f"{self.about} {self.value}"
        if self.kind == "setting":
            return self.value
        return " ".join(part for part in (self.value, self.color, self.about) if part)


def facts_of(scene: Scene) -> dict[str, Any]:
    """A scene as plain data. x, y: an object's centre in hundredths of the picture's side, from the top left."""
    return {
        "setting": scene.background,
        "objects": [
            {
                "category": o.category,
                "color": o.color,
                "size": o.size,
                "where": place(o),
                "x": round(100 * o.center[0]),
                "y": round(100 * o.center[1]),
            }
            for o in scene.objects
        ],
    }


def claims(text: str) -> list[Claim]:
    """What a text claims about a scene, each claim once, in its order."""
    lowered = text.lower().replace("\u2019", "'").translate(_MARKS)
    found = dict.fromkeys(
        claim for sentence in re.split(r"(?<=[.!?;])\s", lowered) for claim in _Reader().read(sentence)
    )
    return list(found)


class _Reader:
    """Reads one sentence from left to right."""

    def __init__(self) -> None:
        self.found: list[Claim] = []
        self.noun = self.color = self.size = self.seen = ""
        self.number: int | None = None
        self.negated = self.predicate = False
        self.relation: tuple[str, str] | None = None
        self.bare: list[Claim] = []

    def read(self, sentence: str) -> list[Claim]:
        words = _RELATION.sub(lambda m: f" >{m[1] or m[2]}| ", sentence)
        words = _PLACE.sub(lambda m: f" @{_where(m)}| ", words)
        before = ""
        for token in _TOKEN.findall(words):
            self._take(token, before)
            before = token
        return self.found if self.noun else [*self.found, *self.bare]

    def _take(self, token: str, before: str) -> None:
        if token in _ENDS:
            self._fresh()
            self.negated = self.predicate = False
        elif token in _NOT:
            self.negated = True
        elif token in _FRESH:
            self._fresh()
            self.predicate = False
        elif token in _IS:
            self.predicate = bool(self.noun) and before != "there"
        elif token in ("one", "ones") and self.color and self.noun:
            self.seen = self.color
            self._say("color", self.color)
            self._fresh()
        elif token in _NUMBERS or token.isdigit():
            self.number = _NUMBERS[token] if token in _NUMBERS else int(token)
            self.bare.append(Claim("number", "", str(self.number)))
        elif token in COLORS:
            self._color(token)
        elif token in _SIZES:
            self.size = _SIZES[token]
            if self.predicate:
                self._say("size", self.size)
        elif token in _NOUNS:
            self._object(_NOUNS[token])
        elif token in BACKGROUNDS and not self.negated:
            self.found.append(Claim("setting", "", token))
        elif token.startswith(">"):
            self.relation = (self.noun, _RELATIONS[token[1:]]) if self.noun else None
        elif token.startswith("@") and self.noun:
            self._say("where", token[1:])

    def _color(self, color: str) -> None:
        self.color = color
        self.bare.append(Claim("color", "", color))
        if self.predicate:
            self._say("color", color)

    def _object(self, category: str) -> None:
        if self.negated:
            self.found.append(Claim("absent", category, color=self.color))
        else:
            self.noun, self.seen = category, self.color
            self._say("there")
            if self.number is not None:
                self._say("number", str(self.number))
            if self.color:
                self._say("color", self.color)
            if self.size:
                self._say("size", self.size)
            if self.relation:
                self.found.append(Claim("relation", self.relation[0], f"{self.relation[1]} {category}"))
        self._fresh()
        self.predicate, self.relation = False, None

    def _say(self, kind: str, value: str = "") -> None:
        if not self.negated:
            self.found.append(Claim(kind, self.noun, value, self.seen if kind in ("number", "where") else ""))

    def _fresh(self) -> None:
        self.color = self.size = ""
        self.number = None


def _where(found: re.Match[str]) -> str:
    if found[3]:
        return "center"
    return f"{'top' if found[1] in ('top', 'upper') else 'bottom'} {found[2]}"


def holds(claim: Claim, facts: Facts) -> bool | None:
    """Whether the scene bears a claim out; None where there is nothing to check, as of an object that is not there
    (the claim that it is there is false already) or of words without a subject.

    A relation holds if the centres of some pair lie so. Raises `KeyError` for facts without objects.
    """
    objects: Objects = facts["objects"]
    if claim.kind == "setting":
        return bool(claim.value == facts["setting"])
    if not claim.about:
        return None
    alike = [o for o in objects if o["category"] == claim.about]
    if claim.kind == "there":
        return bool(alike)
    if claim.kind == "absent":
        return not any(claim.color in ("", o["color"]) for o in alike)
    if not alike:
        return None
    narrowed = [o for o in alike if claim.color in ("", o["color"])]
    if claim.kind == "number":
        return len(narrowed) == int(claim.value)
    if claim.kind == "relation":
        words, _, other = claim.value.rpartition(" ")
        others = [o for o in objects if o["category"] == other]
        return any(_lies(a, words, b) for a in alike for b in others) if others else None
    return any(o[claim.kind] == claim.value for o in narrowed)


def _lies(a: Mapping[str, Any], words: str, b: Mapping[str, Any]) -> bool:
    axis = "x" if words in ("left of", "right of") else "y"
    return bool(a[axis] < b[axis] if words in ("left of", "above") else a[axis] > b[axis])


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer against the truth: claims that hold, claims that don't, and what was to be said but was not."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]
    missing: tuple[str, ...]
    wanted: int

    @property
    def quality(self) -> float:
        """0 to 1: the share of what was to be said, times the share of claims that hold."""
        said = len(self.right) + len(self.wrong)
        covered = 1 - len(self.missing) / self.wanted if self.wanted else 1.0
        return covered * (len(self.right) / said if said else float(covered == 1 and self.wanted > 0))


def reading(text: str, facts: Facts, expected: Iterable[Sequence[str]]) -> Reading:
    """Reads an answer. expected: (kind, category, value) of each claim that a good answer makes; a value without a
    subject ("Red.") will do for it, and is wrong where it is none of those."""
    found = claims(text)
    wanted = [Claim(*one) for one in expected]
    plain = {Claim(one.kind, one.about, one.value) for one in found}
    bare = {(one.kind, one.value) for one in wanted if one.kind in ("color", "number")}
    right: list[str] = []
    wrong: list[str] = []
    for claim in found:
        asked = claim.kind in {kind for kind, _ in bare}
        truth = ((claim.kind, claim.value) in bare if asked else None) if not _subject(claim) else holds(claim, facts)
        if truth is not None:
            (right if truth else wrong).append(str(claim))
    missing = [one for one in wanted if one not in plain and Claim(one.kind, "", one.value) not in plain]
    return Reading(tuple(right), tuple(wrong), tuple(map(str, missing)), len(wanted))


def _subject(claim: Claim) -> bool:
    return bool(claim.about) or claim.kind == "setting"
