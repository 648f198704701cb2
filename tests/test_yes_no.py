"""Reading yes and no out of answers, and the figures over it."""

from __future__ import annotations

import pytest

from mmeval.samples import Sample, ask
from mmeval.scorers.yes_no import (
    contains_yes,
    exact,
    first_sentence,
    lacks_no,
    lone_word,
    negative_words,
    yes_no,
)
from mmeval.scoring import score, summarise

YES, NO, UNREAD = True, False, None

# answer, truth, and what the rules make of it: official, OPERA, lmms-eval, VLMEvalKit
REALISTIC = [
    ("Yes", "yes", YES, YES, YES, YES),
    ("No", "no", NO, NO, NO, NO),
    ("Yes.", "yes", YES, YES, UNREAD, YES),
    ("No.", "no", NO, NO, UNREAD, NO),
    ("yes, there is a dog", "yes", YES, YES, UNREAD, YES),
    ("No, there is no dog.", "no", NO, NO, UNREAD, NO),
    ("There is a dog. It is not large.", "yes", YES, NO, UNREAD, UNREAD),
    ("There isn't a dog", "no", YES, NO, UNREAD, UNREAD),
    ("There is not a dog in the picture.", "no", NO, NO, UNREAD, UNREAD),
    ("NO", "no", YES, NO, NO, NO),
    ("**No**", "no", YES, YES, UNREAD, UNREAD),
    ("", "no", YES, YES, UNREAD, UNREAD),
    ("I do not kNOw", "yes", NO, NO, UNREAD, UNREAD),
    ("None", "no", YES, YES, UNREAD, UNREAD),
    ("Yes, no doubt", "yes", NO, NO, UNREAD, UNREAD),
    (" no\n", "no", YES, YES, NO, NO),
]


@pytest.mark.parametrize(("answer", "truth", "official", "opera", "lmms", "vlmevalkit"), REALISTIC)
def test_readers(answer, truth, official, opera, lmms, vlmevalkit):
    assert first_sentence(answer) is official
    assert negative_words(answer) is opera
    assert exact(answer) is lmms
    assert lone_word(answer) is vlmevalkit


def test_vcd_looks_for_letters():
    assert contains_yes("It was yesterday")
    assert not lacks_no("I know")
    assert lacks_no("Absent")


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ("yes/no", UNREAD),  # a mark without a blank parts words …
        ("yes,1,000 of them", UNREAD),  # … but where a number has a comma, marks are dropped: "yes1000"
        ("it is:yes", UNREAD),  # a colon is no punctuation here
        ("no." + "." * 40, UNREAD),  # only 32 full stops are dropped
        ("yes" + "." * 32, YES),
    ],
)
def test_the_vqa_punctuation_rule(answer, reading):
    assert lone_word(answer) is reading


def measured(scorer, rows, splits=None):
    samples = [
        Sample(str(i), ask("?"), truth, slices={"split": (splits or ["a"] * len(rows))[i]})
        for i, (truth, _) in enumerate(rows)
    ]
    frame = score(scorer, samples, {str(i): answer for i, (_, answer) in enumerate(rows)})
    return summarise(frame, scorer, resamples=0)


def values(scorer, rows, splits=None):
    return {name: one.value for name, one in measured(scorer, rows, splits).metrics.items()}


ROWS = [("yes", "Yes"), ("yes", "No"), ("yes", "unsure"), ("no", "Yes"), ("no", "No"), ("no", ""), ("no", "no")]


def test_official_figures_count_what_is_unreadable_as_yes():
    found = values(yes_no(first_sentence), ROWS)
    p, r = 2 / 4, 2 / 3
    assert found == {
        "f1": 2 * p * r / (p + r),
        "accuracy": 4 / 7,
        "precision": p,
        "recall": r,
        "yes_ratio": 4 / 7,
        "unread": 1 / 7,
    }


def test_an_unread_answer_is_outside_recall_or_a_miss_and_wrong_either_way():
    outside, miss = values(yes_no(exact), ROWS), values(yes_no(lone_word, unread_is_no=True), ROWS)
    assert (outside["recall"], miss["recall"]) == (1 / 2, 1 / 3)
    assert outside["accuracy"] == miss["accuracy"] == 3 / 7
    assert outside["unread"] == miss["unread"] == 2 / 7


def test_yes_ratio_is_the_models_not_the_labels():
    found = values(yes_no(exact, label_ratio=True), [("yes", "no"), ("no", "no")])
    assert (found["yes_ratio"], found["label_yes_ratio"]) == (0, 0.5)


def test_a_rule_that_looks_at_the_truth():
    scorer = yes_no(contains_yes, read_negatives=lacks_no)
    found = values(scorer, [("yes", "maybe"), ("no", "maybe"), ("no", "I don't know")])
    assert found["accuracy"] == 1 / 3


def test_the_whole_is_the_mean_over_splits_not_pooled():
    rows, splits = [("yes", "Yes"), ("yes", "No"), ("no", "Yes"), ("yes", "Yes")], ["a", "a", "a", "b"]
    assert values(yes_no(first_sentence, average_over="split"), rows, splits)["f1"] == (0.5 + 1) / 2
    assert values(yes_no(first_sentence), rows, splits)["f1"] == pytest.approx(2 / 3)


def test_a_zero_denominator_is_zero_and_marked():
    found = measured(yes_no(first_sentence), [("yes", "No"), ("no", "No")]).metrics
    assert (found["f1"].value, found["f1"].undefined, found["precision"].undefined) == (0, True, True)
    assert not found["accuracy"].undefined
