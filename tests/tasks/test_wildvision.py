"""WildVision-Bench: hub rows and VLMEvalKit's, the baseline's answers, one game, verdicts by each dialect."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import read_samples
from mmeval.samples import Image
from mmeval.scorers.battles import anywhere
from tests.fixtures.wildvision import CONFIG, rows, write
from tests.hub import save_hub
from tests.judged import asked, figures

TASK = load_catalog().tasks["wildvision"]
SONNET = "claude-3-sonnet-20240229"


@pytest.fixture
def data(tmp_path):
    write(tmp_path)
    return tmp_path


def lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_samples(data):
    samples = read_samples(TASK, (data,))
    assert [one.id for one in samples] == ["w0", "w1", "w2", "w3"]
    text, image = samples[0].messages[0].content
    assert (text, isinstance(image, Image)) == ("What is on shelf 0? ", True)
    assert (samples[0].target, samples[0].slices) == ("Sonnet's answer 0.", {"language": "German"})
    first = read_samples(TASK.prompted("lmms-eval"), (data,))[0].messages[0].content
    assert (isinstance(first[0], Image), first[1]) == (True, "What is on shelf 0?")


def test_vlmevalkit_rows(tmp_path):
    from tests.fixtures.mm_alignbench import write as write_table

    write_table(tmp_path)
    (tmp_path / "wildvision").mkdir()
    (tmp_path / "mm_alignbench" / "MMAlignBench.tsv").rename(tmp_path / "wildvision" / "WildVision.tsv")
    samples = read_samples(TASK, (tmp_path,))
    assert [(one.id, one.target) for one in samples[:2]] == [("0", "Sonnet's line 0."), ("1", "Sonnet's line 1.")]


def test_questions_alone_need_the_baselines_answers(tmp_path):
    bare = [{name: row[name] for name in ("question_id", "instruction", "image", "language")} for row in rows()]
    home = tmp_path / "WildVision" / "wildvision-bench"
    save_hub(bare, home / "vision_bench_0617", "test", "parquet")
    with pytest.raises(DataError, match=f"no answer of {SONNET}; take WildVision/wildvision-arena-data"):
        read_samples(TASK, (tmp_path,))
    answers = [{"question_id": f"w{i}", "model": SONNET, "output": f"Mine {i}."} for i in range(3)]
    file = lines(home / "model_answers" / f"{SONNET}.jsonl", answers)
    with pytest.raises(DataError, match="has no answer to question 'w3'; it is not complete"):
        read_samples(TASK, (tmp_path,))
    file.unlink()
    lines(home / "model_answers" / f"{SONNET}.jsonl", [*answers, {**answers[0], "question_id": "w3"}])
    assert read_samples(TASK, (tmp_path,))[2].target == "Mine 2."


def test_an_empty_baseline_is_an_error(tmp_path):
    broken = rows()
    broken[2][SONNET] = ""
    save_hub(broken, tmp_path / "WildVision" / "wildvision-arena-data" / CONFIG, "test500", "parquet")
    with pytest.raises(DataError, match=f"row 3 of .*: field '{SONNET}' is empty"):
        read_samples(TASK, (tmp_path,))


def test_one_game_and_one_more_chance(data):
    sample = read_samples(TASK, (data,))[1]
    (only,) = asked(TASK, sample, "Cups.")
    assert "<<<ASSISTANT A\nSonnet's answer 1.\nASSISTANT A>>>\n<<<ASSISTANT B\nCups.\nASSISTANT B>>>" in only
    (more,) = asked(TASK, sample, "Cups.", ["B is fine."])
    assert "<<<SO FAR\nB is fine.\nSO FAR>>>" in more
    assert asked(TASK, sample, "Cups.", ["[[A>B]] [[B>A]]"]) == []
    assert asked(TASK, sample, "Cups.", ["B is fine."], dialect="lmms-eval") == []
    assert len(asked(TASK, sample, "Cups.", ["[[A>B]] [[B>A]]"], dialect="vlmevalkit")) == 1


def test_swapped(data):
    sample, swapped = read_samples(TASK, (data,))[1], replace(TASK, scorer=TASK.dialects["official"].swapped())
    (only,) = asked(swapped, sample, "Cups.")
    assert "<<<ASSISTANT A\nCups.\nASSISTANT A>>>\n<<<ASSISTANT B\nSonnet's answer 1.\nASSISTANT B>>>" in only
    assert figures(swapped, [sample], {"w1": ["[[A>>B]]"]})[1]["prediction"].tolist() == ["much better"]


REPLIES = {"w0": ["[[B>>A]]"], "w1": ["[[A>B]]"], "w2": ["hm", "I say A>B"], "w3": ["[[A=B]]"]}


def test_official_figures(data):
    metrics, frame = figures(TASK, read_samples(TASK, (data,)), REPLIES)
    assert metrics["score"] == (3 + 0.5) / 5
    assert (metrics["win_rate"], metrics["win_or_tie_rate"], metrics["reward"]) == (1 / 4, 3 / 4, 50 / 4)
    assert (metrics["win_rate_of_read"], metrics["reward_of_read"], metrics["unread"]) == (1 / 3, 50 / 3, 1 / 4)
    assert frame["prediction"].tolist() == ["much better", "worse", "no verdict", "tie"]
    assert not frame["missing"].any()


def test_the_other_dialects(data):
    samples = read_samples(TASK, (data,))
    one = {id: replies[:1] for id, replies in REPLIES.items()}
    metrics, _ = figures(TASK, samples, one, "lmms-eval")
    assert (metrics["elo_score"], metrics["raw_score"]) == ((1 + 1) / 4, (2 - 1) / 4)
    metrics, _ = figures(TASK, samples, REPLIES, "vlmevalkit")
    assert "score" not in metrics
    assert metrics["reward"] == 50 / 4


@pytest.mark.parametrize(
    ("reply", "grade"),
    [("[[B>A]]", 1), ("B>>A it is", 2), ("[[A>B]] … [[B>>A]]", -1), ("[[B<A]]", None), ("none", None)],
)
def test_a_label_anywhere(reply, grade):
    assert anywhere(reply) == grade


def test_judgments(data):
    samples = read_samples(TASK, (data,))
    scores = ["B>A", None, "A", "A=B"]
    texts = ["so [[B>A]]", "[[A>B]]", "[[A]]", "[[A>B]]"]  # the stored verdict stands, whatever the text says
    stored = [
        {"question_id": f"w{i}", "model": "m", "judge": "gpt-4o", "games": [{"judgement": text, "score": score}]}
        for i, (score, text) in enumerate(zip(scores, texts, strict=True))
    ]
    found = read_answers(TASK, [lines(data / "m.jsonl", stored)], samples).verdicts
    assert found == {"w0": ("so [[B>A]]",), "w1": ("",), "w2": ("[[A]]",), "w3": ("[[A=B]]",)}
    metrics, _ = figures(TASK, samples, found)
    assert (metrics["score"], metrics["unread"]) == (1.5 / 2, 0.5)
    stored[1]["games"] *= 2
    with pytest.raises(DataError, match=r"row 2 of m\.jsonl: field 'games' has 2 games"):
        read_answers(TASK, [lines(data / "m.jsonl", stored)], samples)
    table = [{"question_id": "w0", "output": "My answer.", "token_len": 3}]
    assert read_answers(TASK, [lines(data / "a.jsonl", table)], samples).answers == {"w0": "My answer."}
