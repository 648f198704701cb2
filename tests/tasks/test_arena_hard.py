"""Arena-Hard-Auto: both versions' files, both games, labels by each version's rule, stored judgments."""

from __future__ import annotations

import json

import pytest

from mmeval.answers import file_rows, read_answers
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.layouts.arena_hard import games, style
from mmeval.requests import read_samples
from mmeval.scorers.battles import last_label, one_label
from mmeval.sources import Row
from tests.fixtures.arena_hard_v01 import (
    judgment,
    new_answer,
    new_questions,
    old_answer,
    old_questions,
    save,
    write,
)
from tests.judged import asked, figures, readable

TASKS = load_catalog().tasks
V01, V2, CREATIVE = (TASKS[f"arena_hard_{name}"] for name in ("v01", "v2", "v2_creative"))


@pytest.fixture
def data(tmp_path):
    write(tmp_path)
    return tmp_path


def test_samples(data):
    old, hard, creative = (read_samples(task, (data,)) for task in (V01, V2, CREATIVE))
    assert [one.id for one in old] == ["q0", "q1", "q2", "q3"]
    assert (old[1].prompt, old[1].target) == ("Prove lemma 1.", "Old answer 1.")
    assert [one.id for one in hard] == ["h0", "h1", "h2", "h3"]
    assert (hard[1].prompt, hard[1].target, hard[1].slices) == ("Solve 1.", "Baseline's h1.", {"subcategory": "math"})
    assert [(one.id, one.target) for one in creative] == [("c0", "Baseline's c0."), ("c1", "Baseline's c1.")]


def test_either_layout_of_questions_and_answers(data):
    root = data / "arena_hard" / "arena-hard-v0.1"
    save(
        [{"uid": f"q{i}", "category": "arena-hard-v0.1", "cluster": "T", "prompt": f"Prove {i}."} for i in range(2)],
        root / "question.jsonl",
    )
    save([new_answer(f"q{i}", "gpt-4-0314", f"New {i}.") for i in range(2)], root / "model_answer" / "gpt-4-0314.jsonl")
    assert [(one.prompt, one.target) for one in read_samples(V01, (data,))] == [
        ("Prove 0.", "New 0."),
        ("Prove 1.", "New 1."),
    ]


def test_bad_files(data):
    root = data / "arena_hard" / "arena-hard-v0.1"
    save([old_answer(f"q{i}", "gpt-4-0314", "A.") for i in range(3)], root / "model_answer" / "gpt-4-0314.jsonl")
    with pytest.raises(DataError, match=r"row 4 of question\.jsonl: gpt-4-0314 has no answer to question 'q3'"):
        read_samples(V01, (data,))
    save([old_answer(f"q{i}", "gpt-4-0314", "A.") for i in range(4)], root / "model_answer" / "gpt-4-0314.jsonl")
    save([*old_questions(), old_questions()[1]], root / "question.jsonl")
    with pytest.raises(DataError, match=r"row 5 of question\.jsonl: question 'q1' stands there twice"):
        read_samples(V01, (data,))
    (root / "model_answer" / "gpt-4-0314.jsonl").unlink()
    with pytest.raises(DataError, match=r"gpt-4-0314\.jsonl is not there"):
        read_samples(V01, (data,))
    save([{**new_questions()[0], "category": "haiku"}], data / "arena_hard" / "arena-hard-v2.0" / "question.jsonl")
    with pytest.raises(DataError, match="category 'haiku' is none of"):
        read_samples(V2, (data,))


@pytest.mark.parametrize(
    ("reply", "old", "new"),
    [
        ("My final verdict is: [[B>>A]]", 2, 2),
        ("**Final verdict:** [[A>B]]\n\nThat is all. [[A>B]]", -1, -1),
        ("First [[A>B]], but no: [[B>A]]", None, 1),
        ("my final verdict is [[b>a]]", None, 1),
        ("verdict: [A=B]", None, 0),
        ("[[A<<B]]", None, 2),
        ("[[B<A]]", None, -1),
        ("[[A]]", None, None),
        ("[[C]]", None, None),
        ("A>>B", None, None),
        ("", None, None),
    ],
)
def test_labels(reply, old, new):
    assert one_label(reply) == old
    assert last_label(reply) == new


def test_both_games_are_asked(data):
    sample = read_samples(V2, (data,))[0]
    first, second = asked(V2, sample, "Mine.")
    assert "<<<ASSISTANT A\nBaseline's h0.\nASSISTANT A>>>\n<<<ASSISTANT B\nMine.\nASSISTANT B>>>" in first
    assert "<<<ASSISTANT A\nMine.\nASSISTANT A>>>\n<<<ASSISTANT B\nBaseline's h0.\nASSISTANT B>>>" in second
    assert "First answer the prompt yourself" in first
    assert asked(V2, sample, "Mine.", ["[[A>B]]", "?"]) == []
    assert not readable(V2, sample, "no label")
    assert readable(V2, sample, "[b>a]")
    creative = read_samples(CREATIVE, (data,))[0]
    assert "First answer the prompt yourself" not in asked(CREATIVE, creative, "Mine.")[0]


def test_v01_lets_the_judge_go_on_once(data):
    sample = read_samples(V01, (data,))[0]
    assert len(asked(V01, sample, "Mine.")) == 2
    (more,) = asked(V01, sample, "Mine.", ["Thinking about game one …", "[[A>B]] or [[B>A]]"])
    assert "<<<SO FAR\nThinking about game one …\nSO FAR>>>" in more
    assert "<<<ASSISTANT A\nOld answer 0." in more
    assert asked(V01, sample, "Mine.", ["Thinking", "[[A>B]]", "Still"]) == []
    metrics, _ = figures(V01, [sample], {"q0": ["Thinking", "[[A>B]]", "[[B>>A]]"]})
    assert (metrics["score"], metrics["much_better"], metrics["unread"]) == (1, 0.5, 0)


def test_v01_leaves_out_a_game(data):
    samples = read_samples(V01, (data,))
    replies = {
        "q0": ["[[B>>A]]", "[[B>A]]"],  # much better, then worse (A is the model)
        "q1": ["[[A=B]]", "[[A>B]] [[B>A]]"],  # the second game has no verdict
        "q2": ["[[A>>B]]", "[[B>>A]]"],  # much worse twice
        "q3": ["", ""],
    }
    metrics, frame = figures(V01, samples, replies)
    assert metrics["score"] == (3 + 0.5) / (3 + 1 + 1 + 6)
    assert metrics["score_weight_1"] == 1.5 / 5
    assert metrics["first_game_score"] == (3 + 0.5) / (3 + 1 + 3)
    assert metrics["unread"] == 1 / 6
    assert metrics["agreement"] == 1 / 2
    assert frame["missing"].tolist() == [False, False, False, True]
    assert frame["prediction"].tolist()[:2] == ["much better, worse", "tie, no verdict"]


def test_v2_leaves_out_the_question(data):
    samples = read_samples(V2, (data,))
    replies = {
        "h0": ["[[B>>A]]", "[A=B]"],
        "h1": ["[[B>>A]]", ""],
        "h2": ["[[A>B]]", "[[a>>b]]"],
        "h3": ["[[A]]", "[[A>B]]"],
    }
    metrics, frame = figures(V2, samples, replies)
    assert frame["missing"].tolist() == [False, True, False, True]
    assert json.loads(frame["notes"][1]) == {"not scored": "a game without a verdict"}
    assert metrics["score"] == (3 + 0.5 + 3) / (3 + 1 + 1 + 3)


def test_judgments_are_read(data):
    samples = read_samples(V2, (data,))
    rows = [
        judgment("h0", "B>>A", "A>B"),
        judgment("h1", None, "A>B"),
        judgment("c0", "A>B", "A>B", category="creative_writing"),
    ]
    rows[0]["games"][1]["score"] = "A=B"  # stored against the text "So: [[A>B]]"
    path = save(rows, data / "model_judgment" / "gpt-4.1" / "mine.jsonl")
    assert read_answers(V2, [path], samples).verdicts == {"h0": ("So: [[B>>A]]", "[[A=B]]"), "h1": ("", "So: [[A>B]]")}
    assert list(read_answers(CREATIVE, [path], read_samples(CREATIVE, (data,))).verdicts) == ["c0"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [judgment("h0", "A>B")],
            r"row 1 of mine\.jsonl: field 'games' has 1 games; every pair is judged in both orders",
        ),
        ([judgment("h0", "A>B", "A>B")] * 2, r"row 2 of mine\.jsonl: id 'h0' was already in row 1"),
        ([judgment("h9", "A>B", "A>B")], "1 of 1 ids are no samples of arena_hard: 'h9'"),
    ],
)
def test_bad_judgments(data, rows, said):
    path = save(rows, data / "mine.jsonl")
    with pytest.raises(DataError, match=said):
        read_answers(V2, [path], read_samples(V2, (data,)))


def test_answers_are_read(data):
    samples = read_samples(V2, (data,))
    path = save([new_answer(one.id, "mine", f"My {one.id}.") for one in samples], data / "mine.jsonl")
    assert read_answers(V2, [path], samples).answers == {one.id: f"My {one.id}." for one in samples}
    path = save([{"uid": one.id, "answer": "Yes."} for one in samples], data / "table.jsonl")
    assert read_answers(V2, [path], samples).answers == {one.id: "Yes." for one in samples}


def test_games_and_styles_for_leaderboards(tmp_path):
    rows = [judgment("h0", "B>>A", "A>B"), judgment("c0", None, "A=B", category="creative_writing", model="other")]
    frame = games(file_rows(save(rows, tmp_path / "judged.jsonl")), last_label)
    assert frame["grade"].tolist()[:2] == [2, 1]
    assert frame["grade"].isna().tolist() == [False, False, True, False]
    assert frame["model"].tolist() == ["mine", "mine", "other", "other"]
    assert frame["category"].tolist()[2:] == ["creative_writing"] * 2
    answers = [new_answer("h0", "mine", "# A"), old_answer("q0", "mine", "# A")]
    answers[1]["conv_metadata"] = {"token_len": 7}
    assert [style(Row(one, "row 1")) for one in answers] == [(20, 1, 5, 1), (7, 1, 0, 0)]
