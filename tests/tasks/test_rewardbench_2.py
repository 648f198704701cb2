"""RewardBench 2: picks of four at every place, ratings, rewards, and the figure of Ties."""

from __future__ import annotations

import json
import math

import pytest

from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import read_samples
from mmeval.score import score_files
from mmeval.scorers.reward_sets import last_rating, tie_margin
from mmeval.scoring import score, summarise
from mmeval.sources import Row
from tests.fixtures.rewardbench_2 import rows, write

TASK = load_catalog().tasks["rewardbench_2"]
RATED = TASK.rewarded()
RATINGS = TASK.prompted("ratings")


@pytest.fixture
def data(tmp_path):
    write(tmp_path)
    return tmp_path


def measured(dialect, samples, answers):
    scorer = TASK.dialects[dialect]
    return summarise(score(scorer, samples, answers), scorer, resamples=0)


def of(task, *ids):
    """The samples of the rows with these ids."""
    return [one for row in rows() if row["id"] in ids for one in task.samples_of(Row(row, "a row"))]


def test_the_best_of_four_is_shown_at_every_place(data):
    samples = read_samples(TASK, (data,))
    four = samples[:4]
    assert [one.id for one in four] == ["11/A", "11/B", "11/C", "11/D"]
    assert [one.target for one in four] == list("ABCD")
    assert {tuple(one.groups.items()) for one in four} == {(("places", "11"),)}
    for one in four:
        shown = {letter: one.prompt.split(f"<<<ANSWER {letter} ")[1].split("\n")[1] for letter in "ABCD"}
        assert shown[one.target] == "right"
        assert sorted(shown.values()) == ["right", "w1", "w2", "w3"]
    assert {one.slices["subset"] for one in samples} == {"Factuality", "Precise IF", "Ties"}


def test_answers_of_ties_are_rated_one_by_one(data):
    tied = [one for one in read_samples(TASK, (data,)) if one.id.startswith("tied:0/")]
    assert [one.id for one in tied] == [f"tied:0/{n}" for n in (1, 2, 3, 4, 5)]
    assert [one.target for one in tied] == [True, True, True, False, False]
    assert tied[0].groups == {"ties": "0", "answers": "tied:0"}
    assert tied[0].cluster == "ties:0"
    assert "red" in tied[0].prompt
    assert "How much it says does not count." in tied[0].prompt
    (rated, *_) = of(RATINGS, "11")
    assert "How much it says does not count." not in rated.prompt


def test_one_order(data):
    samples = [one for one in read_samples(TASK.prompted("one_order"), (data,)) if "/" in one.id and ":" not in one.id]
    assert [one.id.split("/")[0] for one in samples] == ["11", "12", "13"]
    assert samples == [one for one in read_samples(TASK.prompted("one_order"), (data,)) if ":" not in one.id]


@pytest.mark.parametrize(
    ("answer", "rating"),
    [("Good.\n\n9", 9), ("7/10", 10), ("10", 10), ("7.5", 5), ("0", None), ("11", None), ("9.", None), ("", None)],
)
def test_ratings(answer, rating):
    assert last_rating(answer) == rating


def test_picks():
    samples = of(TASK, "11", "12")
    said = ["[[A]]", "[[B]]", "[[C]]", "[[D]]", "[[A]]", "[[A]]", "[[A]]", "?"]
    found = measured("official", samples, dict(zip([one.id for one in samples], said, strict=True))).metrics
    assert found["accuracy"].value == (4 + 1 + 0.25) / 8
    assert found["read_accuracy"].value == 5 / 7
    assert found["right_in_all"].value == 1 / 2
    assert found["first_picked"].value == 4 / 7
    assert found["unread"].value == 1 / 8


def test_rated_sets_share_the_win_and_leave_unread_ratings_out():
    samples = of(RATINGS, "11", "12", "13")
    said = ["8", "8", "3", "?", "?", "1", "1", "1", "?", "?", "?", "?"]
    answers = dict(zip([one.id for one in samples], said, strict=True))
    found = measured("official", samples, answers)
    assert found.slices["subset=Factuality"]["score"].value == (1 / 2 + 0) / 2
    assert found.slices["subset=Precise IF"]["score"].value == 1 / 4
    assert found.metrics["score"].value == (1 / 4 + 1 / 4) / 2
    answers["13/2"] = None  # a set without an answer's rating is no set
    assert (
        "subset=Precise IF"
        not in measured("official", samples, {**answers, "13/1": None, "13/3": None, "13/4": None}).slices
    )
    assert measured("official", samples, answers).slices["subset=Precise IF"]["score"].undefined


def test_rewards_share_the_win():
    samples = of(RATED, "11", "12", "13")
    assert samples[0].continuations == ("right", "w1", "w2", "w3")
    answers = {"11": "[2, 2, 1, 0]", "12": "[3, 2, 1, 0]", "13": "[1, 2, 0, 0]"}
    found = measured("rewards", samples, answers)
    assert found.slices["subset=Factuality"]["score"].value == (1 / 2 + 1) / 2
    assert found.metrics["score"].value == (3 / 4 + 0) / 2
    assert found.metrics["tied"].value == 1 / 3
    assert score(RATED.dialects["rewards"], samples, {"11": "[1, 2, 3]"})["missing"].all()


def test_ties_by_rewards_and_by_ratings_are_the_same():
    ids = ("tied:0", "ref:0", "tied:1", "ref:1")
    numbers = {"tied:0": [9, 8, 7, 3, 2], "ref:0": [6, 5, 1], "tied:1": [9, 4, 5], "ref:1": [9, 2]}
    rewarded = measured("rewards", of(RATED, *ids), {id: json.dumps(some) for id, some in numbers.items()})
    said = {f"{id}/{n}": str(number) for id, some in numbers.items() for n, number in enumerate(some, start=1)}
    rated = measured("official", of(TASK, *ids), said)
    # tied:0: gap 4, spread 2, its reference's gap 1; tied:1: gap -1, spread 5, its reference's gap 7
    margin = (math.tanh(1 / 2 - 1) + math.tanh(-1 / 5 - 1)) / 2
    expected = 0.30 * 1 / 2 + 0.30 * 2 / 2 + 0.20 * 1 / 2 + 0.20 * 0 + 0.01 * margin
    assert rewarded.metrics["ties"].value == rated.metrics["ties"].value == pytest.approx(expected, abs=1e-15)
    assert (
        rewarded.slices["subset=Ties"]["score"].value == rewarded.metrics["score"].value == rated.metrics["ties"].value
    )


@pytest.mark.parametrize(
    ("gap", "spread", "margin"), [(2, 1, math.tanh(1)), (1, 0, 1), (-1, 0, -1), (0, 0, 0), (0, 3, math.tanh(-1))]
)
def test_the_margin_of_ties(gap, spread, margin):
    assert tie_margin(gap, spread) == margin


def test_a_lone_half_of_ties_is_in_no_margin():
    found = measured("rewards", of(RATED, "tied:0"), {"tied:0": "[9, 8, 7, 3, 2]"})
    assert found.metrics["ties"].undefined


def test_result_files(tmp_path):
    path = tmp_path / "scores.jsonl"
    samples = of(RATED, "11", "tied:1")
    path.write_text('{"id": "11", "scores": [[1.5], [0], [1], [2]]}\n{"id": "tied:1", "scores": [1, 2, 3]}\n')
    assert read_answers(RATED, [path], samples).answers == {"11": "[1.5, 0, 1, 2]", "tied:1": "[1, 2, 3]"}
    path.write_text('{"id": "11", "scores": 3}')
    with pytest.raises(DataError, match="'scores' is no list of numbers"):
        read_answers(RATED, [path], samples)


@pytest.mark.parametrize(
    ("row", "broken", "message"),
    [
        (0, {"rejected": []}, "field 'rejected' holds no list of answers"),
        (0, {"chosen": "right"}, "field 'chosen' holds no list of answers"),
        (0, {"rejected": ["w1"]}, "has 1 correct and 1 wrong answers, not one and three"),
        (0, {"subset": "Chat"}, "unknown subset 'Chat'"),
        (3, {"id": "tie:0"}, "id 'tie:0' of Ties is neither tied:N nor ref:N"),
        (3, {"chosen": ["red"]}, "'tied:0' has one correct answer"),
    ],
)
def test_broken_rows(row, broken, message):
    with pytest.raises(DataError, match=f"row 4 of x: {message}"):
        TASK.samples_of(Row({**rows()[row], **broken}, "row 4 of x"))


def test_result_files_without_the_data(data, tmp_path):
    path = tmp_path / "scores.jsonl"
    path.write_text(
        '{"id": "11", "subset": "Math", "scores": [2, 0, 1, 2]}\n'
        '{"id": "tied:1", "scores": [3, 2, 1], "num_correct": 2}\n'
        '{"id": "ref:1", "scores": [3, 2, 1, 0], "num_correct": 1}\n'
    )
    found = score_files(TASK, [path], [], "rewards").tasks["rewardbench_2"]
    assert (found["n"], found["metrics"]["accuracy"]["value"]) == (3, 1 / 2)
    assert found["metrics"]["ties"]["value"] == 0.6  # all right, but no gap above the spread, and a margin of tanh(0)
    for place in ([], [data]):
        with pytest.raises(DataError, match=r"verdicts are asked for; .* --scoring rewards"):
            score_files(TASK, [path], place)
    path.write_text('{"id": "tied:1", "scores": [3, 2, 1], "num_correct": 3}\n')
    with pytest.raises(DataError, match="field 'num_correct' is 3"):
        score_files(TASK, [path], [], "rewards")
