"""Multimodal RewardBench: pairs as given and swapped, [[A]] and [[B]], the script's coin, its answer files."""

from __future__ import annotations

import json
import random

import pytest

from mmeval.answers import read_answers, samples_from
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import read_samples
from mmeval.scorers.pair_votes import FIRST, SECOND, bracketed
from mmeval.scoring import score, summarise
from mmeval.sources import Row
from tests.fixtures.multimodal_rewardbench import QUESTIONS, rows, write
from tests.hub import picture, save_hub

TASK = load_catalog().tasks["multimodal_rewardbench"]


@pytest.fixture
def data(tmp_path):
    write(tmp_path)
    return tmp_path


def figures(samples, answers, dialect="official"):
    scorer = TASK.dialects[dialect]
    frame = score(scorer, samples, answers)
    return {name: one.value for name, one in summarise(frame, scorer, resamples=0).metrics.items()}


@pytest.mark.parametrize("layout", ["official", "hub"])
def test_samples(tmp_path, layout):
    if layout == "official":
        write(tmp_path)
    else:
        hub_rows = [{**row, "Image": picture()} for row in rows()]
        save_hub(hub_rows, tmp_path / "syhuggingface" / "multimodal_rewardbench", "test", "disk")
    samples = read_samples(TASK, (tmp_path,))
    assert len(samples) == 2 * len(QUESTIONS)
    first, second = samples[:2]
    assert first.id.startswith("nocaps_1-")
    assert (first.target, second.target) == (0, 1)
    assert "Answer]\nA cup {0}.\n[The End of Assistant A's Answer]" in first.prompt
    assert "Answer]\nA cup {0}.\n[The End of Assistant B's Answer]" in second.prompt
    assert '"[[A]]" if assistant A is better' in first.prompt
    assert [type(part).__name__ for part in first.messages[0].content] == ["str", "Image"]
    assert first.images[0].open().size == (8, 6)
    assert [one.slices["category"] for one in samples[::2]] == [
        "general preference",
        "general preference",
        "reasoning/math",
        "reasoning/coding",
        "safety/bias",
        "safety/toxicity",
    ]
    assert samples[-1].slices["area"] == "safety"
    assert samples[0].cluster == samples[2].cluster == "nocaps_1"
    rated = read_samples(TASK.rewarded(), (tmp_path,))
    assert [one.target for one in rated] == [0, 1] * 3
    assert rated[0].continuations == (rows()[0]["Output1"], rows()[0]["Output2"])
    assert rated[0].prompt == "What is in picture nocaps_1?"


@pytest.mark.parametrize(
    ("text", "said"),
    [("So [[B]].", SECOND), ("[[B]] or rather [[A]]", FIRST), ("[A]", None), ("[[a]]", None), ("[[C]]", None)],
)
def test_verdicts(text, said):
    assert bracketed(text) == said


def test_verdicts_as_given_and_swapped(data):
    samples = read_samples(TASK, (data,))
    metrics = figures(samples, {one.id: "[[A]]" for one in samples})
    assert metrics["accuracy"] == metrics["accuracy_read"] == 3 / 6
    assert (metrics["first_preferred"], metrics["consistent"], metrics["by_chance"]) == (1, 0, 0)
    swapped_wrong = {one.id: f"[[{'AB'[one.target ^ one.metadata['swapped']]}]]" for one in samples}
    metrics = figures(samples, swapped_wrong)  # right as given, wrong in the other order, which is no vote
    assert (metrics["accuracy"], metrics["consistent"]) == (1, 0)
    assert metrics["first_preferred"] == 0


def test_the_coin_is_tossed_in_the_order_of_the_file(data):
    samples = read_samples(TASK, (data,))
    given = [one for one in samples if not one.metadata["swapped"]]
    coin = random.Random(123)
    tossed = [0 if coin.random() < 0.5 else 1 for _ in range(5)]
    assert set(tossed) == {0, 1}
    answers = {one.id: "Who knows." for one in samples} | {given[1].id: "[[A]]"}
    unread = [one for one in given if one is not given[1]]
    lucky = sum(one.target == side for one, side in zip(unread, tossed, strict=True))
    metrics = figures(samples, answers)
    assert metrics["accuracy"] == lucky / 6
    assert metrics["accuracy_read"] == metrics["accuracy_strict"] == 0
    assert metrics["by_chance"] == 5 / 6
    first_right = sum(one.target == 0 for one in unread)
    assert figures(samples, answers, "lmms-eval")["accuracy"] == first_right / 6
    del answers[given[0].id]  # an answer that is missing tosses no coin
    lucky = sum(one.target == side for one, side in zip(unread[1:], tossed, strict=False))
    assert figures(samples, answers)["accuracy"] == lucky / 5


def test_rewards(data):
    rated = read_samples(TASK.rewarded(), (data,))
    metrics = figures(rated, {one.id: "[0.5, 2]" for one in rated}, "rewards")
    assert (metrics["accuracy"], metrics["tied"]) == (3 / 6, 0)
    assert metrics["length_preference"] == 1 - 3 / 6


def results(path, outputs, meta=lambda row: row):
    lines = [
        {"ID": row["ID"], "Label": "AB"[row["Better"] == "Output2"], "output": said, "Meta": meta(row)}
        for row, said in zip(rows(), outputs, strict=True)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_answer_files(data, tmp_path):
    path = tmp_path / "gpt4o.jsonl"
    outputs = [f"{n} [[A]]" for n in range(6)]
    results(path, outputs)
    samples = read_samples(TASK, (data,))
    given = [one.id for one in samples if not one.metadata["swapped"]]
    assert read_answers(TASK, [path], samples).answers == dict(zip(given, outputs, strict=True))
    assert [one.id for one in samples_from(TASK, [path])] == given
    results(path, outputs, lambda row: {"Category": row["Category"]})
    assert read_answers(TASK, [path], samples).answers == dict(zip(given, outputs, strict=True))
    with pytest.raises(DataError, match=r"sample 'nocaps_1-\w+/1' occurs twice"):
        samples_from(TASK, [path])  # nothing tells the two pairs apart
    path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n")
    with pytest.raises(DataError, match=r"1 of 7 ids are no samples of multimodal_rewardbench: 'nocaps_1' in row 7"):
        read_answers(TASK, [path], samples)


def test_an_answer_file_in_another_order(data, tmp_path):
    """The coin is tossed in the order of the file, with the data at hand and without."""
    path, known = tmp_path / "gpt4o.jsonl", read_samples(TASK, (data,))
    results(path, ["[[A]]", "?", "?", "[[B]]", "?", "?"])
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True)[1:])))
    found = read_answers(TASK, [path], known)
    ids = [one.id for one in known if not one.metadata["swapped"]]
    assert [one.id for one in found.samples] == ids[:0:-1]
    carried = samples_from(TASK, [path])
    alone = read_answers(TASK, [path], carried)
    assert figures(found.samples, found.answers) == figures(carried, alone.answers)
    path.write_text(path.read_text().replace('"Label": "A"', '"Label": "B"', 1))
    with pytest.raises(DataError, match=r"row 2 .*: field 'Label' is 'B'; the data has no such pair of that ID"):
        read_answers(TASK, [path], known)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("Output2", None, "row 3: field 'Output2' holds no text; a pair needs the question and both answers"),
        ("Text", None, "row 3: field 'Text' holds no text"),
        ("Better", "both", r"row 3: field 'Better' must be Output1 or Output2 \(found: 'both'\)"),
    ],
)
def test_broken_rows(field, value, message):
    with pytest.raises(DataError, match=message):
        TASK.samples_of(Row({**rows()[0], field: value, "Image": picture()}, "row 3"))


def test_a_label_that_is_none(tmp_path):
    row = {"ID": "x", "Label": "C", "output": "[[A]]", "Meta": {"Category": "vqa"}}
    with pytest.raises(DataError, match="row 3: field 'Label' must be A or B"):
        TASK.samples_of(Row(row, "row 3"))
