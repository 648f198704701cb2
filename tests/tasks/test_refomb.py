"""RefoMB: pairs with GPT-4V's answer first, verdicts in brackets, both orders."""

from __future__ import annotations

import json

import pytest

from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import read_samples
from mmeval.scorers.pairwise import first_verdict
from mmeval.scorers.panel import Member
from tests.fixtures.refomb import rows, write
from tests.judged import asked, figures, readable

TASK = load_catalog().tasks["refomb"]


@pytest.fixture
def data(tmp_path):
    write(tmp_path)
    return tmp_path


def test_samples(data):
    samples = read_samples(TASK, (data,))
    assert [one.id for one in samples] == ["0", "1", "2", "3"]
    assert samples[1].slices == {"type": "OCR"}
    assert samples[0].cluster == samples[1].cluster != samples[2].cluster
    assert samples[3].images[0].open().size == (8, 6)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("Overall [[A]] and then again [[C]]", "A"),
        ("Model B says [[X]] things. [[B]] is my verdict, not [[A]]", "B"),
        ("[[C]]", "C"),
        ("[A]", None),
        ("[[A", None),
    ],
)
def test_the_first_verdict_counts(reply, verdict):
    assert first_verdict(reply) == verdict


def test_the_pair_is_judged_then_the_review(data):
    sample = read_samples(TASK, (data,))[0]
    (first,) = asked(TASK, sample, "Stop.")
    assert "<<<MODEL A\nIt says 0.\nMODEL A>>>\n<<<MODEL B\nStop.\nMODEL B>>>" in first
    assert "A street with sign 0." in first
    (second,) = asked(TASK, sample, "Stop.", ["B is fine. [[B]]"])
    assert "<<<REVIEW\nB is fine. [[B]]\nREVIEW>>>" in second
    assert "Stop." not in second
    assert asked(TASK, sample, "Stop.", ["[[B]]", "[[C]]"]) == []
    assert not readable(TASK, sample, "Both are good.")


def test_figures(data):
    samples = read_samples(TASK, (data,))
    replies = {"0": ["[[A]]", "[[B]]"], "1": ["[[B]]", "[[C]]"], "2": ["[[C]]"], "3": ["?"]}
    metrics, frame = figures(TASK, samples, replies)
    assert metrics["win_rate"] == (0 + 1 + 0.5) / 3
    assert metrics["trustworthiness"] == (1 + 0.5) / 2
    assert metrics["tied"] == 1 / 3
    assert metrics["unread"] == 1 / 6
    assert frame["prediction"].tolist()[:3] == ["lost", "won", "tied"]


def test_both_orders(data):
    samples = read_samples(TASK, (data,))
    (pair,) = asked(TASK, samples[0], "Stop.", swapped=True)
    assert "<<<MODEL A\nStop.\nMODEL A>>>\n<<<MODEL B\nIt says 0.\nMODEL B>>>" in pair
    given, swapped = Member(), Member(swapped=True)
    replies = {
        "0": {
            given: ["[[B]]", "[[B]]"],
            swapped: ["[[A]]", "[[A]]"],
        },  # the model wins twice, and is trusted more twice
        "1": {given: ["[[A]]", "[[C]]"], swapped: ["[[A]]", "[[B]]"]},  # the first place wins
    }
    metrics, frame = figures(TASK, samples[:2], replies)
    assert metrics["win_rate"] == 3 / 4
    assert metrics["trustworthiness"] == (2 + 0.5 + 0) / 4
    assert frame["prediction"].tolist() == ["won", "lost x1; won x1"]
    assert frame["correct"].tolist() == [True, None]


def test_answers_are_joined_by_question_and_picture(data):
    samples = read_samples(TASK, (data,))
    given = [{"image_url": row["image_url"], "prompt": row["question"], "text": f"A{row['id']}"} for row in rows()]
    path = data / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in reversed(given)))
    assert read_answers(TASK, [path], samples).answers == {str(i): f"A{i}" for i in range(4)}
    given[0]["image_url"] = given[3]["image_url"]
    path.write_text("".join(json.dumps(row) + "\n" for row in given))
    with pytest.raises(DataError, match="1 of 4 ids are no samples of refomb: \"'What does sign 0 say\\?' of https"):
        read_answers(TASK, [path], samples)


def test_the_file_without_reference_answers_is_told_apart(data):
    path = data / "refomb" / "gpt4v_RefoMB_dev_0521.jsonl"
    path.write_text(json.dumps({**rows()[0], "answer": ""}))
    with pytest.raises(DataError, match=r"row 1 of gpt4v_RefoMB_dev_0521\.jsonl: field 'answer' is empty"):
        read_samples(TASK, (data,))
