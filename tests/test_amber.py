"""AMBER's scorer: coverage, synonyms, constants and rounding."""

from __future__ import annotations

import pytest

from mmeval.errors import DataError
from mmeval.samples import Sample
from mmeval.scorers.amber import Words, amber, amber_words, similarity_table, spacy_vectors, vocabulary_nouns
from mmeval.scorers.yes_no import lone_word
from mmeval.scoring import score, summarise

WORDS = Words(
    {"dog": ("puppy",), "ship": ("boat",), "sky": (), "cat": ("kitten", "pet"), "car": ()}, frozenset({"pet"})
)


def described(truth, hallu, id="1"):
    return Sample(id, (), slices={"task": "generative"}, metadata={"truth": truth, "hallu": hallu})


def asked(id, truth, type="Relation", **slices):
    return Sample(str(id), (), target=truth, slices={"task": "discriminative", "type": type, **slices})


def counts_of(sample, text, similar=None):
    scored = amber(lone_word, nouns=str.split, similar=similar, words=WORDS).score(sample, text)
    return {name: scored.counts[name] for name in ("nouns", "hallucinated", "covered", "tempted")}, scored


def test_words_cover_what_they_stand_for_and_the_rest_is_hallucinated():
    sample = described(["dog", "sky"], ["cat", "car"])
    found, scored = counts_of(sample, "puppy dog kitten house ship pet")
    # house is not in the vocabulary; pet is a safe word: counted, never hallucinated
    assert found == {"nouns": 5, "hallucinated": 2, "covered": 1, "tempted": 1}
    assert dict(scored.notes) == {"hallucinated": "kitten, ship", "missed": "sky"}
    assert scored.correct is False


def test_only_the_first_of_two_equal_objects_can_be_covered():
    assert counts_of(described(["ship", "ship"], ["cat"]), "ship boat ship")[0]["covered"] == 1


def test_synonyms_are_strictly_above_the_threshold():
    sample = described(["dog", "sky"], ["cat", "ship"])
    near = similarity_table([("car", "dog", 0.81), ("car", "cat", 0.9), ("ship", "sky", 0.8)])
    found, _ = counts_of(sample, "car ship", near)
    # car: like the hallucination target cat, and like the dog, which clears it; ship: 0.8 is not above 0.8
    assert found == {"nouns": 2, "hallucinated": 1, "covered": 1, "tempted": 2}
    assert counts_of(sample, "car ship")[0] == {"nouns": 2, "hallucinated": 2, "covered": 0, "tempted": 1}


def test_the_shipped_words_are_the_benchmarks():
    words = amber_words()
    assert len(words.near) == 340
    assert len(words.all) == 418
    assert words.safe == {"orange", "snack", "line", "camera", "light", "shoe", "sign", "range", "individual"}


def test_nouns_by_vocabulary_keep_case_and_take_singulars():
    assert vocabulary_nouns("Dogs and dogs; two beaches can shine. Men walk.") == ["dog", "beach"]


def measured(samples, answers):
    scorer = amber(lone_word, nouns=str.split, words=WORDS)
    return summarise(score(scorer, samples, answers), scorer, resamples=200)


def test_no_is_the_positive_class_and_constants_are_the_scripts():
    truths = ["no", "no", "no", "yes", "yes"]
    said = ["No", "no, there is not", "Yes", "No.", "unclear"]
    samples = [asked(i, truth) for i, truth in enumerate(truths)]
    metrics = measured(samples, {str(i): text for i, text in enumerate(said)}).metrics
    assert metrics["accuracy"].value == pytest.approx(2 / 5.001)
    assert metrics["precision"].value == pytest.approx(2 / 3.001)
    assert metrics["recall"].value == pytest.approx(2 / 3.001)
    p = r = 0.666  # rounded to 0.1 per cent before F1
    assert metrics["f1"].value == pytest.approx(2 * p * r / (p + r + 0.0001))
    assert metrics["chair"].undefined
    assert metrics["chair"].value == 0.0
    assert metrics["hal"].value == 0.0


def test_existence_alone_has_its_own_constant():
    samples = [asked(0, "no", "Existence"), asked(1, "no", "Existence"), asked(2, "yes"), asked(3, "no")]
    found = measured(samples, {"0": "No", "1": "Yes", "2": "Yes", "3": "No"})
    assert found.slices["type=Existence"]["f1"].value == pytest.approx(
        2 * 0.999 * 0.5 / (0.999 + 0.5 + 0.001), abs=1e-3
    )
    precision, recall = round(2 / 2.001 * 100, 1) / 100, round(2 / 3.001 * 100, 1) / 100
    assert found.metrics["f1"].value == pytest.approx(2 * precision * recall / (precision + recall + 0.0001))


def test_the_score_joins_both_kinds_and_slices_keep_them_apart():
    samples = [described(["dog"], ["cat"], "a"), described(["sky"], ["cat"], "b"), asked(1, "no"), asked(2, "no")]
    found = measured(samples, {"a": "dog cat", "b": "sky", "1": "No", "2": "Yes"})
    metrics = found.metrics
    assert metrics["chair"].value == pytest.approx(1 / 3.001)
    assert metrics["cover"].value == pytest.approx(2 / 2.001)
    assert metrics["hal"].value == pytest.approx(1 - 1 / 2.001)
    assert metrics["cog"].value == pytest.approx(1 / 2.001)
    assert metrics["amber_score"].value == pytest.approx((1 - metrics["chair"].value + metrics["f1"].value) / 2)
    assert found.slices["task=generative"]["chair"].value == metrics["chair"].value
    assert found.slices["task=discriminative"]["f1"].value == metrics["f1"].value
    assert "type=None" not in found.slices


def test_missing_vectors_say_how_to_get_them():
    with pytest.raises(DataError, match="download no_such_model"):
        spacy_vectors("no_such_model")("dog", "cat")
