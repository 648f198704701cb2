"""CHAIR: the share of objects a caption names that are not in the picture.

Rohrbach et al. 2018, arXiv 1809.02156, section 3; official script: `utils/chair.py` of LisaAnne/Hallucination.
What differs between published numbers is how a token becomes a dictionary word (`Base`):
`singular` is the original's rule, `tagged_lemma` the one of OPERA (shikiw/OPERA `chair.py`), less-is-more and
lmms-eval, `untagged_lemma` stands in for that one where no part-of-speech tagger is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mmeval.samples import Sample
from mmeval.scorers.base import Metric, Scored, Scorer, counts
from mmeval.scorers.words import Pos, lemmatize, singularize, tag, tokenize
from mmeval.statistics.sums import Totals

Base = Callable[[str], Sequence[str]]

_ANIMALS = ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "animal", "cub")
# Joined, though neither half may name an object: "home plate" and "train track" only swallow plate and train.
_JOINED = (
    "motor bike, motor cycle, air plane, traffic light, street light, traffic signal, stop light, fire hydrant, "
    "stop sign, parking meter, suit case, sports ball, baseball bat, baseball glove, tennis racket, wine glass, "
    "hot dog, cell phone, mobile phone, teddy bear, hair drier, potted plant, laptop computer, home plate, train track"
)
_REPLACED: Mapping[str, str] = {
    **{f"{age} {animal}": animal for animal in _ANIMALS for age in ("baby", "adult")},
    **{f"passenger {vehicle}": vehicle for vehicle in ("jet", "train")},
    "bow tie": "tie",
    "toilet seat": "toilet",
    "wine glas": "wine glass",  # what `singularize` leaves of wine glass
}


@dataclass(frozen=True, eq=False, slots=True)
class Vocabulary:
    """nodes: word -> COCO object. pairs: two words that count as one -> the word they count as.
    firsts: the first words of the pairs."""

    nodes: Mapping[str, str]
    pairs: Mapping[str, str]
    firsts: frozenset[str]

    def joined(self, words: Sequence[str]) -> list[str]:
        """The words with pairs replaced, from left to right, greedily; nothing is looked at again."""
        out: list[str] = []
        rest = zip(words, (*words[1:], ""), strict=False)
        for word, following in rest:
            pair = self.pairs.get(f"{word} {following}") if word in self.firsts else None
            out.append(pair or word)
            if pair:
                next(rest)
        return out

    def named(self, words: Iterable[str]) -> tuple[str, ...]:
        """The words that name an object. Where there is a toilet, a seat is no chair."""
        found = [word for word in words if word in self.nodes]
        return tuple(word for word in found if word != "seat") if "toilet" in found else tuple(found)


@lru_cache(2)
def vocabulary(refined: bool = False) -> Vocabulary:
    """The official synonym list, or the refined one of Object HalBench, whose own double words are the pairs."""
    nodes: dict[str, str] = {}
    for line in Path(__file__).with_name("coco_synonyms.txt").read_text(encoding="utf-8").splitlines():
        node, _, words = line.partition(":")
        for word in () if line.startswith("#") else (node, *words.split(",")):
            plain = word.strip().lstrip("~+")
            if plain and (refined or word.strip() == plain):
                nodes[plain] = node
    pairs = [word for word in nodes if " " in word] + ["home plate", "train track"] if refined else _JOINED.split(", ")
    joined = {**{pair: pair for pair in pairs}, **_REPLACED}
    return Vocabulary(nodes, joined, frozenset(pair.split(" ")[0] for pair in joined))


def singular(text: str) -> list[str]:
    """Pattern's singular of every token: the official rule."""
    return [singularize(token) for token in tokenize(text.lower())]


def untagged_lemma(text: str) -> list[str]:
    """WordNet's lemma of every token as a noun, or as a verb where that makes a COCO word of an -ing or -ed form
    (seated -> seat, skiing -> ski), which is what a tagger mostly does. Needs WordNet."""
    return [_untagged(token) for token in tokenize(text.lower())]


@lru_cache(1 << 16)
def _untagged(token: str) -> str:
    verb = lemmatize(token, "v") if token.endswith(("ing", "ed")) else token
    return verb if verb != token and verb in vocabulary().nodes else lemmatize(token)


_POS: dict[str, Pos] = {"J": "a", "V": "v", "N": "n", "R": "r"}


def tagged_lemma(text: str) -> list[str]:
    """WordNet's lemma of every token as the part of speech that it is tagged, else as a noun. Needs both."""
    return [lemma_as(token, penn) for token, penn in tag(tokenize(text.lower()))]


def lemma_as(token: str, penn: str) -> str:
    """WordNet's lemma of a token as the part of speech of its Penn tag; as a noun where WordNet has no such part."""
    return lemmatize(token, _POS.get(penn[:1], "n"))


@dataclass(frozen=True, slots=True)
class Mentions:
    """words: what the caption calls an object. nodes: the COCO object of each. tokens: all, pairs joined."""

    words: tuple[str, ...]
    nodes: tuple[str, ...]
    tokens: tuple[str, ...]


@lru_cache(1 << 16)
def mentions(text: str, base: Base, refined: bool = False) -> Mentions:
    """Every mention of a COCO object, repeats too, from left to right."""
    known = vocabulary(refined)
    tokens = tuple(known.joined(base(text)))
    words = known.named(tokens)
    return Mentions(words, tuple(known.nodes[word] for word in words), tokens)


def truth(sample: Sample, base: Base, refined: bool = False) -> set[str]:
    """COCO objects of a sample's picture: those annotated in it and those that its reference captions name.

    Reads `metadata["objects"]` (category names or synonyms of them) and `metadata["captions"]`, if any.
    """
    nodes = vocabulary(refined).nodes
    found = {nodes.get(name, name) for name in sample.metadata["objects"]}
    for caption in sample.metadata.get("captions", ()):
        found.update(mentions(caption, base, refined).nodes)
    return found


def chair(base: Base) -> Scorer:
    """CHAIR over captions; a sample's metadata hold its objects (see `truth`)."""

    def score(sample: Sample, answer: str) -> Scored:
        said = mentions(answer, base)
        return object_counts(said.words, said.nodes, truth(sample, base), len(said.tokens))

    return Scorer(score, CHAIR)


def object_counts(words: Iterable[str], nodes: Sequence[str], there: set[str], tokens: int) -> Scored:
    """The counts of one caption: its mentions (words and their COCO objects) against the objects that are there."""
    wrong = [
        word if word == node else f"{word} ({node})"
        for word, node in zip(words, nodes, strict=True)
        if node not in there
    ]
    correct = {node for node in nodes if node in there}
    missed = sorted(there - correct)
    return counts(
        prediction=", ".join(dict.fromkeys(nodes)),
        correct=not wrong,
        notes=listed(hallucinated=wrong, missed=missed),
        mentions=len(nodes),
        hallucinated=len(wrong),
        captions_hallucinated=bool(wrong),
        captions_with_objects=bool(nodes),
        objects_found=len(correct),
        objects=len(there),
        tokens=tokens,
    )


def listed(**words: Sequence[str]) -> dict[str, str]:
    """A scored caption's notes: under each name its words, each once; a name without words is left out."""
    return {name: ", ".join(dict.fromkeys(found)) for name, found in words.items() if found}


def _chair_s(s: Totals) -> object:
    return s.ratio(s.captions_hallucinated, s.n)


CHAIR: Mapping[str, Metric] = {
    "chair_s": Metric(_chair_s, better="lower"),
    "chair_i": Metric(lambda s: s.ratio(s.hallucinated, s.mentions), better="lower"),
    "recall": Metric(lambda s: s.ratio(s.objects_found, s.objects)),
    "length": Metric(lambda s: s.ratio(s.tokens, s.n), better=None, unit="number"),
}
