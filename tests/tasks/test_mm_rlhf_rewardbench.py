"""MM-RLHF-RewardBench: pairs in sets, pictures and frames, Acc and Acc+ of rewards and of a judge's verdicts."""

from __future__ import annotations

import json

import pytest

from mmeval.answers import FileRow, read_answers
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import Settings, plan_task, read_samples, repeated
from mmeval.score import score_files
from mmeval.scoring import score, summarise
from mmeval.sources import Row
from tests.fixtures.mm_rlhf_rewardbench import PAIRS, rows, write

TASK = load_catalog().tasks["mm_rlhf_rewardbench"]
RATED = TASK.rewarded()
CATEGORIES = ["mcq", "mcq", "long", "short", "safety", "video", "video"]


@pytest.fixture
def data(tmp_path):
    write(tmp_path)
    return tmp_path


def figures(samples, answers, dialect):
    scorer = TASK.dialects[dialect]
    frame = score(scorer, samples, answers)
    measured = summarise(frame, scorer, resamples=0)
    slices = {part: {name: one.value for name, one in some.items()} for part, some in measured.slices.items()}
    return {name: one.value for name, one in measured.metrics.items()}, slices


@pytest.mark.parametrize("below", ["mm_rlhf_rewardbench", "yifanzhang114/MM-RLHF-RewardBench"])
def test_samples(data, below):
    if "/" in below:
        (data / below).parent.mkdir()
        (data / "mm_rlhf_rewardbench").rename(data / below)
    rated, judged = read_samples(RATED, (data,)), read_samples(TASK, (data,))
    assert (len(rated), len(judged)) == (len(PAIRS), 2 * len(PAIRS))
    first = rated[0]
    assert first.prompt == "What is shown in mcq 0?"
    assert first.continuations == ("It is a cup, number 0.", "A plate.")
    assert (first.target, first.cluster, first.groups["set"]) == (0, "mcq_0", "mcq_0")
    assert first.id == first.groups["pair"] != rated[1].groups["pair"]
    assert [one.slices["category"] for one in rated] == CATEGORIES
    assert [len(one.images) for one in rated] == [1] * 5 + [2] * 2
    assert {image.open().size for one in rated for image in one.images} == {(8, 6)}
    one, other = judged[:2]
    assert (one.target, other.target) == (0, 1)
    assert one.groups == other.groups == first.groups
    assert "Answer 1: A plate.\n\nAnswer 2: It is a cup, number 0." in other.prompt
    assert other.prompt.endswith("in this form: Overall Judgment: Answer X is better.")
    assert "<image>" not in one.prompt


def test_of_a_long_video_32_frames(data):
    folder = data / "mm_rlhf_rewardbench" / "images" / "video" / "4"
    for i in range(3, 71):
        (folder / f"{i}.png").write_bytes((folder / "1.png").read_bytes())
    shown = read_samples(RATED, (data,))[-1].images
    assert len(shown) == 32
    assert shown[-1].open().size == (8, 6)


def test_a_picture_that_is_not_there_is_missing_later(data):
    (data / "mm_rlhf_rewardbench" / "images" / "long" / "1.jpg").unlink()
    with pytest.raises(DataError, match=r"picture data/images/long/1\.jpg can't be read"):
        read_samples(RATED, (data,))[2].images[0].open()


def test_rewards(data):
    samples = read_samples(RATED, (data,))
    given = [[1, 0], [1, 1], [2, -1], [0, 1], [1, 0], [1, 0], [3, 0]]  # the second is a tie: wrong
    metrics, slices = figures(
        samples, {one.id: json.dumps(g) for one, g in zip(samples, given, strict=True)}, "rewards"
    )
    assert metrics["accuracy"] == 5 / 7
    assert metrics["acc_plus"] == metrics["category_acc_plus"] == 3 / 5
    assert metrics["tied"] == 1 / 7
    assert metrics["length_preference"] == pytest.approx(5 / 6 - 1)
    assert {part: (some["accuracy"], some["acc_plus"]) for part, some in slices.items()} == {
        "category=mcq": (1 / 2, 0),
        "category=long": (1, 1),
        "category=short": (0, 0),
        "category=safety": (1, 1),
        "category=video": (1, 1),
    }


def made(id, number, path, field="image"):
    return FileRow({**rows()[0], "id": id, "prompt": str(number), "image": "", field: path}, f"row {number}")


def test_a_set_of_several_categories_is_credited_to_the_first():
    made_of = [made("q", 1, "x/video/1", "video"), made("q", 2, "x/long/2.jpg"), made("r", 3, "x/video/3", "video")]
    samples = [one for row in made_of for one in RATED.samples_of(row)]
    metrics, slices = figures(samples, {one.id: "[1, 0]" for one in samples}, "rewards")
    assert (metrics["accuracy"], metrics["acc_plus"]) == (1, 1)
    assert slices["category=long"]["category_acc_plus"] == 1
    assert slices["category=video"]["category_acc_plus"] == 1 / 2


def test_without_a_path_in_the_overall_figures_only():
    samples = [one for row in (made("q", 1, ""), made("r", 2, "a/mcq/1.jpg")) for one in RATED.samples_of(row)]
    assert (dict(samples[0].slices), samples[0].images) == ({}, ())
    metrics, slices = figures(samples, {samples[0].id: "[0, 1]", samples[1].id: "[1, 0]"}, "rewards")
    assert (metrics["accuracy"], metrics["acc_plus"]) == (1 / 2, 1 / 2)
    assert slices["category=mcq"]["accuracy"] == 1


def test_a_set_that_lacks_a_pair_is_not_counted(data):
    samples = read_samples(RATED, (data,))
    metrics, _ = figures(samples, {one.id: "[1, 0]" for one in samples[1:]}, "rewards")
    assert (metrics["accuracy"], metrics["acc_plus"]) == (1, 1)
    frame = score(TASK.dialects["rewards"], samples, {one.id: "[1, 0]" for one in samples[1:]})
    assert frame["count.sets"].sum() == 4
    plan = plan_task(RATED, (data,), Settings().decoding(10), Settings(limit=1, ask_as="scalar"))
    assert score(plan.scorer, plan.samples, {plan.samples[0].id: "[1, 0]"})["count.sets"].sum() == 0


@pytest.mark.parametrize("repeats", [1, 3])
def test_verdicts(data, repeats):
    samples = [repeated(one, k) if repeats > 1 else one for one in read_samples(TASK, (data,)) for k in range(repeats)]
    wrong = samples[0].groups["pair"].split("#")[0]
    said = {
        one.id: f"Overall Judgment: Answer {2 - one.target if wrong in one.id else 1 + one.target} is better."
        for one in samples
    }
    metrics, _ = figures(samples, said, "official")
    assert metrics["accuracy"] == 6 / 7
    assert metrics["acc_plus"] == 4 / 5
    assert (metrics["consistent"], metrics["undecided"]) == (1, 0)
    metrics, _ = figures(samples, dict.fromkeys(said, "I can't say."), "official")
    assert (metrics["accuracy"], metrics["acc_plus"], metrics["undecided"], metrics["unread"]) == (0, 0, 1, 1)


def test_official_rewards_as_answers(data, tmp_path):
    path = tmp_path / "result.jsonl"
    path.write_text("".join(json.dumps({**row, "rewards": [0.5, -1], "critic": []}) + "\n" for row in rows()))
    samples = read_samples(RATED, (data,))
    assert read_answers(RATED, [path], samples).answers == {one.id: "[0.5, -1]" for one in samples}
    with pytest.raises(DataError, match=r"result\.jsonl: holds rewards, but verdicts are asked for"):
        read_answers(TASK, [path], read_samples(TASK, (data,)))
    path.write_text(json.dumps({**rows()[0], "rewards": [0.5]}) + "\n")
    with pytest.raises(DataError, match=r"row 1 of result\.jsonl: field 'rewards' must be \[chosen, rejected\]"):
        read_answers(RATED, [path], samples)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("rejected", None, "row 3: field 'rejected' holds no text; a pair needs both answers"),
        ("chosen", ["a"], "row 3: field 'chosen' holds no text"),
        ("id", "", "row 3: field 'id' is empty"),
        ("prompt", None, "row 3 is not as the benchmark defines it"),
    ],
)
def test_broken_rows(field, value, message):
    for task in (TASK, RATED):
        with pytest.raises(DataError, match=message):
            task.samples_of(Row({**rows()[0], field: value, "image": ""}, "row 3"))
    with pytest.raises(DataError, match=rf"row 3 has no field '{field}'"):
        TASK.samples_of(Row({name: one for name, one in rows()[0].items() if name not in (field, "image")}, "row 3"))


def test_a_row_that_stands_twice(data):
    path = data / "mm_rlhf_rewardbench" / "mm_reward_bench.jsonl"
    path.write_text(path.read_text() + json.dumps(rows()[2]) + "\n")
    with pytest.raises(DataError, match=r"id 'long_1-\w+' stands twice"):
        read_samples(RATED, (data,))


def test_official_rewards_without_the_data(tmp_path):
    path = tmp_path / "result.jsonl"
    same = [{**rows()[0], "image": "mcq/1.jpg", "rewards": given} for given in ([1, 0], [0, 1])]
    path.write_text("".join(json.dumps(row) + "\n" for row in same))
    found = score_files(TASK, [path], [], "rewards").tasks["mm_rlhf_rewardbench"]["metrics"]
    assert (found["accuracy"]["value"], found["acc_plus"]["value"]) == (1 / 2, 0)
    with pytest.raises(DataError, match="hold rewards, but verdicts are asked for; use --scoring rewards"):
        score_files(TASK, [path], [])
