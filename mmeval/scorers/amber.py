"""AMBER: hallucination without a judge, in descriptions and in yes/no questions about the same pictures.

Wang et al. 2023, arXiv 2311.07397; official script: `inference.py` of junyangwang0410/AMBER. Its constants are kept:
denominators start at 0.001, F1 is taken of precision and recall rounded to 0.1 per cent, with 0.0001 (existence:
0.001) in the denominator. The figures themselves are not rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from mmeval.samples import Sample
from mmeval.scorers.base import Metric, Scored, Scorer, counts
from mmeval.scorers.captions import listed
from mmeval.scorers.words import lemmatize, singularize, spacy_pipeline, tag, tokenize
from mmeval.scorers.yes_no import Read
from mmeval.statistics.sums import Array, Totals

Nouns = Callable[[str], Iterable[str]]
Similarity = Callable[[str, str], float]

SIMILAR = 0.8  # the script's --similarity_score; a pair must lie above it


@dataclass(frozen=True, slots=True)
class Words:
    """near: object -> the words that stand for it. safe: words that are never hallucinated. all: the vocabulary."""

    near: Mapping[str, Sequence[str]]
    safe: frozenset[str]

    @property
    def all(self) -> set[str]:
        return {*self.near, *(word for words in self.near.values() for word in words)}


@lru_cache(1)
def amber_words() -> Words:
    """The benchmark's relation.json and safe_words.txt, from the copy in this package."""
    lines = Path(__file__).with_name("amber_words.txt").read_text(encoding="utf-8").splitlines()
    listed = {name: _listed(words) for name, _, words in (line.partition(":") for line in lines if line[0] not in "#!")}
    return Words(listed, frozenset(word for line in lines if line[0] == "!" for word in _listed(line[1:])))


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def tagged_nouns(text: str) -> list[str]:
    """What the official script takes: tokens tagged NN*, WordNet's noun lemma of each, case kept.

    Needs NLTK's tagger and WordNet.
    """
    return [lemmatize(token) for token, penn in tag(tokenize(text)) if penn.startswith("NN")]


def vocabulary_nouns(text: str) -> list[str]:
    """Every token that is in AMBER's vocabulary itself or as a singular, whatever its part of speech; case kept.

    Stands in for `tagged_nouns` where its data are not installed; it takes a "net weight" for a net. "can" is left out
    as a verb, and so is "men", which WordNet's lemmatizer leaves as it is.
    """
    return [noun for token in tokenize(text) if (noun := _in_vocabulary(token))]


@lru_cache(1 << 16)
def _in_vocabulary(token: str) -> str | None:
    if token in {"can", "men"}:
        return None
    forms = (token, singularize(token)) if token.islower() else (token,)
    return next((form for form in forms if form in _vocabulary()), None)


@lru_cache(1)
def _vocabulary() -> frozenset[str]:
    return frozenset(amber_words().all)


def similarity_table(rows: Iterable[tuple[str, str, float]]) -> Similarity:
    """Cosines from a table of (noun, word, cosine); a pair that is not in it is unlike."""
    table = {(noun, word): cosine for noun, word, cosine in rows}
    return lambda noun, word: table.get((noun, word), 0.0)


def spacy_vectors(model: str = "en_core_web_lg") -> Similarity:
    """Cosines of a spaCy model's word vectors, as in the official script; loaded at the first look-up."""

    nlp = spacy_pipeline(model, "amber: synonyms need it; --scoring tagged does without")
    word_of = lru_cache(1 << 16)(lambda word: nlp()(word))
    return lru_cache(1 << 20)(lambda noun, word: float(word_of(noun).similarity(word_of(word))))


def amber(
    read: Read, nouns: Nouns = vocabulary_nouns, similar: Similarity | None = None, words: Words | None = None
) -> Scorer:
    """Scores both kinds of sample: descriptions (`metadata["truth"]`, `metadata["hallu"]`) and yes/no questions
    (`target`, `metadata["type"]`).

    read: an answer -> yes, no or neither. nouns: a description -> its nouns. similar: finds synonyms (None: only
    exact words count; on 166 real descriptions that equals the official figures). words: AMBER's own by default.
    """

    said = lru_cache(1 << 12)(read)

    @lru_cache(1)
    def vocabulary() -> tuple[Words, set[str]]:
        known = words or amber_words()
        return known, known.all

    def score(sample: Sample, answer: str) -> Scored:
        if "truth" not in sample.metadata:
            existence = sample.slices.get("type") == "Existence"
            return _question(sample.target == "no", said(answer), existence)
        known, all_words = vocabulary()
        named = [noun for noun in nouns(answer) if noun in all_words]
        return _description(sample, named, known, similar)

    return Scorer(score, METRICS)


@lru_cache(64)
def _question(no: bool, said: bool | None, existence: bool) -> Scored:
    return _counts(
        prediction=None if said is None else "yes" if said else "no",
        correct=said is (not no),
        questions=1,
        right=said is (not no),
        said_no=said is False,
        truth_no=no,
        right_no=no and said is False,
        existence=existence,
    )


def _description(sample: Sample, named: Sequence[str], words: Words, similar: Similarity | None) -> Scored:
    truth, hallu = sample.metadata["truth"], sample.metadata["hallu"]
    safe, invented = _standing_for(truth, words), _standing_for(hallu, words)
    covered: set[int] = set()
    thought_of: set[int] = set()
    wrong: list[str] = []
    for noun in named:
        if noun in words.safe:
            continue
        if (at := _first(safe, noun)) is not None:
            covered.add(at)
            continue
        for at in (_first(invented, noun), _first_alike(invented, noun, similar)):
            if at is not None:
                thought_of.add(at)
        if (at := _first_alike(safe, noun, similar)) is not None:
            covered.add(at)
        else:
            wrong.append(noun)
    missed = [word for i, word in enumerate(truth) if i not in covered]
    return _counts(
        prediction=", ".join(dict.fromkeys(named)),
        correct=not wrong,
        notes=listed(hallucinated=wrong, missed=missed),
        descriptions=1,
        clean=not wrong,
        nouns=len(named),
        hallucinated=len(wrong),
        truths=len(truth),
        covered=len(covered),
        temptations=len(hallu),
        tempted=len(thought_of),
    )


def _standing_for(objects: Sequence[str], words: Words) -> list[tuple[str, int]]:
    """(word, position of the object it stands for): first the associated words of all objects, then the objects."""
    near = [(word, i) for i, name in enumerate(objects) for word in words.near.get(name, ())]
    return near + [(name, i) for i, name in enumerate(objects)]


def _first(standing: Sequence[tuple[str, int]], noun: str) -> int | None:
    return next((at for word, at in standing if word == noun), None)


def _first_alike(standing: Sequence[tuple[str, int]], noun: str, similar: Similarity | None) -> int | None:
    return None if similar is None else next((at for word, at in standing if similar(noun, word) > SIMILAR), None)


_OF_QUESTIONS = ("questions", "right", "said_no", "truth_no", "right_no", "existence")
_OF_DESCRIPTIONS = ("descriptions", "clean", "nouns", "hallucinated", "truths", "covered", "temptations", "tempted")
_NONE = dict.fromkeys((*_OF_QUESTIONS, *_OF_DESCRIPTIONS), 0.0)


def _counts(prediction: str | None, correct: bool, notes: Mapping[str, str] | None = None, **numbers: float) -> Scored:
    """A row of either kind holds the counts of both, so that a table of one kind has them all."""
    return counts(prediction, correct, notes, **{**_NONE, **numbers})


def _share(s: Totals, over: Array, under: Array) -> Array:
    return s.ratio(over, np.where(under > 0, under + 0.001, 0.0))


def _printed(share: Array) -> Array:
    """A fraction as the script prints it, per cent rounded to 0.1 by Python's `round`; as a fraction again."""
    return np.array([round(float(value) * 100, 1) / 100 for value in share.ravel()]).reshape(share.shape)


def _hal(s: Totals) -> Array:
    return np.where(s.descriptions > 0, 1 - _share(s, s.clean, s.descriptions), 0.0)


def _f1(s: Totals) -> Array:
    precision = _printed(_share(s, s.right_no, s.said_no))
    recall = _printed(_share(s, s.right_no, s.truth_no))
    constant = np.where((s.existence == s.questions) & (s.questions > 0), 0.001, 0.0001)
    return 2 * precision * recall / (precision + recall + constant)


def _chair(s: Totals) -> Array:
    return _share(s, s.hallucinated, s.nouns)


METRICS: Mapping[str, Metric] = {
    "amber_score": Metric(lambda s: (1 - _chair(s) + _f1(s)) / 2),
    "chair": Metric(_chair, better="lower"),
    "cover": Metric(lambda s: _share(s, s.covered, s.truths)),
    "hal": Metric(_hal, better="lower"),
    "cog": Metric(lambda s: _share(s, s.tempted, s.temptations), better="lower"),
    "accuracy": Metric(lambda s: _share(s, s.right, s.questions)),
    "precision": Metric(lambda s: _share(s, s.right_no, s.said_no)),
    "recall": Metric(lambda s: _share(s, s.right_no, s.truth_no)),
    "f1": Metric(_f1),
}
