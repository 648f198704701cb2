"""VL-RewardBench: pairs in both orders, verdicts as cal.py reads them, votes, and harnesses that take one verdict."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import replace

import pytest

from mmeval.answers import FileRow, read_answers, samples_from
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.layouts.vl_rewardbench import first_votes, group_of, votes
from mmeval.requests import Settings, plan_task, read_samples, repeated
from mmeval.score import score_files
from mmeval.scorers.pair_votes import FIRST, NEITHER, SECOND, by_coin, overall_judgment
from mmeval.scoring import score, summarise
from mmeval.sources import Row
from tests.fixtures.vl_rewardbench import IDS, rows, write
from tests.judged import asked
from tests.judged import figures as judged_figures

TASK = load_catalog().tasks["vl_rewardbench"]
VERDICT = "Overall Judgment: Answer {} is better."


@pytest.fixture
def data(tmp_path):
    write(tmp_path)
    return tmp_path


def figures(samples, answers, dialect="official", task=TASK):
    scorer = task.dialects[dialect]
    frame = score(scorer, samples, answers)
    measured = summarise(frame, scorer, resamples=0)
    return {name: one.value for name, one in measured.metrics.items()}, frame


def test_samples(data):
    samples = read_samples(TASK, (data,))
    assert len(samples) == 2 * len(IDS)
    assert len({one.groups["pair"] for one in samples}) == len(IDS)  # two pairs share an id
    first, second = samples[:2]
    assert first.id.startswith("RLAIF-V-1-")
    assert (first.id[-2:], second.id[-2:]) == ("/1", "/2")
    assert "Answer 1: A cup {0}.\n\nAnswer 2: A cup and" in first.prompt
    assert "Answer 2: A cup {0}." in second.prompt
    assert first.prompt.endswith("in this form: Overall Judgment: Answer X is better.")
    assert "Question: What is in picture RLAIF-V-1?" in first.prompt
    assert [type(part).__name__ for part in first.messages[0].content] == ["str", "Image"]
    assert first.images[0].open().size == (8, 6)
    assert (first.target, second.target) == (0, 1)
    assert (first.metadata["longer"], second.metadata["longer"]) == (1, 0)
    groups = [one.slices["group"] for one in samples[::2]]
    assert groups == ["hallucination"] * 3 + ["reasoning"] * 2 + ["general"] * 2
    assert samples[6].cluster == samples[8].cluster == "mathverse_4"


def test_a_reward_model_gets_the_answers(data):
    rated = read_samples(TASK.rewarded(), (data,))
    assert [one.target for one in rated] == [0, 1, 0, 1, 0, 1, 0]
    assert rated[1].continuations == tuple(rows()[1]["response"])
    assert rated[0].prompt == "What is in picture RLAIF-V-1?"
    answers = {one.id: json.dumps([1.0, 0.0] if n else [0.5, 0.5]) for n, one in enumerate(rated)}
    metrics, _ = figures(rated, answers, "rewards")
    assert metrics["overall"] == 3 / 7  # the tie is wrong
    assert metrics["macro"] == pytest.approx((1 / 3 + 1 / 2 + 1 / 2) / 3)
    assert metrics["tied"] == 1 / 7
    assert metrics["length_preference"] == -3 / 6  # never the longer one, which is the better one of three


def test_vlmevalkit_table(tmp_path):
    row = rows()[1]
    picture = base64.b64encode(row["image"]["bytes"]).decode()
    line = [7, picture, "What?", str(row["response"]), "[1, 0]", "reasoning"]
    (tmp_path / "vl_rewardbench").mkdir()
    text = "index\timage\tquestion\tresponse\tanswer\tcategory\n" + "\t".join(map(str, line)) + "\n"
    (tmp_path / "vl_rewardbench" / "VL-RewardBench.tsv").write_text(text)
    first, _ = read_samples(TASK, (tmp_path,))
    assert first.id.startswith("7-")
    assert (first.target, first.slices["group"], first.cluster) == (1, "reasoning", "7")
    assert first.images[0].open().size == (8, 6)


@pytest.mark.parametrize(
    ("id", "group"),
    [("RLHF-V-2", "hallucination"), ("rlhf-V-2", "general"), ("mmmu_1", "reasoning"), ("mmmu", "reasoning")],
)
def test_groups_by_prefix(id, group):
    assert group_of(Row({"id": id}, "row 1")) == group


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**Overall Judgment**: Answer 2 is better.", SECOND),
        ("Overall Judgment:\n- Answer 1 is the slightly better one", FIRST),
        ("... Therefore, Answer 1 is slightly better.", FIRST),
        ("Therefore Answer 1 is better. On reflection, answer 2 is better", SECOND),  # the last one
        ("Overall judgment: Answer 3 is better.", NEITHER),
        ("I prefer Answer 1.", None),
        ("Answer 1 is better.", None),
        ("Overall Judgment: Answer 1 is much better.", None),
        ("", None),
    ],
)
def test_verdicts(text, said):
    assert overall_judgment(text) == said


def official(pair, *said, ranking=(0, 1)):
    """Votes of one pair: (what the judge said, order drawn)."""
    row = {"id": f"mmmu_{pair}", "query": "?", "response": ["a", "bb"], "ranking": list(ranking)}
    return [
        FileRow({**row, "meta": {"filter_choice": text, "random_number": order}}, f"vote {n} of pair {pair}")
        for n, (text, order) in enumerate(said)
    ]


ONE, TWO = VERDICT.format(1), VERDICT.format(2)


@pytest.mark.parametrize(
    ("said", "booked"),
    [
        ([(ONE, 0)], "agree"),
        ([(ONE, 1)], "reject"),
        ([(ONE, 0), (ONE, 1)], None),  # one each is no majority
        ([(ONE, 0), (ONE, 0), (ONE, 1), ("?", 0)], None),  # 2 of 4 is not more than half
        ([(ONE, 0), (TWO, 1), (ONE, 1)], "agree"),
        ([("?", 0), ("?", 1), (ONE, 0)], "unread"),
        ([(VERDICT.format(3), 0)], "agree"),  # whatever is not the worse answer's number
    ],
)
def test_votes_of_a_pair(said, booked):
    samples, answers = votes(official(1, *said), TASK.sample)
    metrics, frame = figures(samples, answers)
    assert frame["count.pairs"].sum() == 1
    assert {name: frame[f"count.pair_{name}"].sum() for name in ("agree", "reject", "unread")} == {
        name: float(name == booked) for name in ("agree", "reject", "unread")
    }
    assert metrics["decided"] == float(booked in ("agree", "reject"))
    assert metrics["strict"] == float(booked == "agree")


def test_undecided_pairs_leave_the_denominator():
    rows = [*official(1, (ONE, 0)), *official(2, (TWO, 0)), *official(3, ("?", 0)), *official(4, (ONE, 1), (ONE, 0))]
    metrics, _ = figures(*votes(rows, TASK.sample))
    assert metrics["overall"] == 1 / 2
    assert metrics["strict"] == 1 / 4
    assert metrics["decided"] == 1 / 2
    assert metrics["vote_accuracy"] == 2 / 4
    assert metrics["unread"] == 1 / 5


def test_the_first_votes_come_out_of_a_shuffle():
    rows = [row for pair in range(4) for row in official(pair, (ONE, 0), (TWO, 0), ("?", 1))]
    for k in (1, 2, 3, 10):
        chosen = first_votes(rows, k, random.Random(1234))
        assert len(chosen) == 4 * min(k, 3)
    assert {id(row) for row in first_votes(rows, 10, random.Random(5))} == {id(row) for row in rows}
    assert [row.where for row in first_votes(rows, 10, random.Random(5))] != [row.where for row in rows]


def test_of_both_orders_a_coin_picks_the_vote(data):
    samples = read_samples(TASK, (data,))
    metrics, frame = figures(samples, {one.id: ONE for one in samples})
    right = [int(by_coin(one.groups["pair"])) == one.target for one in samples[::2]]  # as given: target is the index
    assert metrics["overall"] == sum(right) / 7
    assert 0 < sum(right) < 7
    assert frame["count.vote"].sum() == 7
    assert (metrics["first_preferred"], metrics["consistent"], metrics["vote_accuracy"]) == (1, 0, 1 / 2)
    assert metrics["length_preference"] == pytest.approx(1 / 2 - 3 / 7)
    best = {one.id: VERDICT.format(one.target + 1) for one in samples}
    metrics, _ = figures(samples, best)
    assert (metrics["overall"], metrics["macro"], metrics["consistent"], metrics["first_preferred"]) == (1, 1, 1, 0)
    longer = {one.id: VERDICT.format(one.metadata["longer"] + 1) for one in samples}
    metrics, _ = figures(samples, longer)
    assert metrics["length_preference"] == pytest.approx(1 - 3 / 7)
    assert metrics["overall"] == 3 / 7


def test_repeats_are_votes(data):
    first, second = read_samples(TASK, (data,))[:2]
    samples = [repeated(one, k) for one in (first, second) for k in range(4)]
    coins = [by_coin(f"{first.groups['pair']}#{k}") for k in range(4)]
    assert set(coins) == {0, 1}
    always_first = {one.id: ONE for one in samples}
    metrics, frame = figures(samples, always_first)
    assert frame["count.pairs"].sum() == 1
    assert frame["count.vote"].sum() == 4
    agree = coins.count(0)  # as given the first is better
    assert metrics["decided"] == float(agree != 2)
    assert frame["count.both"].sum() == 4


def test_a_missing_verdict_is_no_vote(data):
    samples = read_samples(TASK, (data,))[:2]
    voting = next(one for one in samples if one.metadata["swapped"] == by_coin(one.groups["pair"]))
    other = next(one for one in samples if one is not voting)
    metrics, frame = figures(samples, {other.id: ONE})
    assert frame["count.pairs"].sum() == 0
    metrics, frame = figures(samples, {voting.id: VERDICT.format(voting.target + 1)})
    assert metrics["overall"] == 1


def test_half_a_pair_is_none(data):
    plan = plan_task(TASK, (data,), Settings().decoding(10), Settings(limit=1))
    metrics, frame = figures(plan.samples, {one.id: ONE for one in plan.samples})
    assert frame["count.pairs"].sum() == 0
    assert metrics["vote_accuracy"] == 1


@pytest.mark.parametrize(
    ("dialect", "answer", "replies", "right"),
    [
        ("lmms-eval", "{right}", [], 1),
        ("lmms-eval", "{wrong}", [], 0),
        ("lmms-eval", "Overall Judgment: Answer 3 is better", [], 0),
        ("lmms-eval", "?", ["I'd say answer {n}."], 1),
        ("lmms-eval", "?", ["None."], 0.5),  # a coin
        ("vlmevalkit", "{wrong}", ["Answer {n}"], 1),
        ("vlmevalkit", "{right}", ["None."], 0),
    ],
)
def test_harnesses_take_one_verdict(data, dialect, answer, replies, right):
    pair = read_samples(TASK, (data,))[:2]
    one = next(one for one in pair if one.metadata["swapped"] == one.metadata["harness_swapped"])
    words = {"right": VERDICT.format(one.target + 1), "wrong": VERDICT.format(2 - one.target), "n": one.target + 1}
    scorer = TASK.dialects[dialect]
    calls = [len(scorer.judging.calls(each, answer.format(**words), ())) for each in pair]
    assert calls == [int(each is one and bool(replies)) for each in pair]
    scored = scorer.scored(one, answer.format(**words), [reply.format(**words) for reply in replies])
    assert (scored.counts["asked"], scored.counts["right"]) == (1, right)
    assert scored.counts["by_chance"] == float(right == 0.5)


def test_the_judge_reads_a_comparison(data):
    samples = read_samples(TASK, (data,))
    one = next(one for one in samples if one.metadata["swapped"] == one.metadata["harness_swapped"])
    (prompt,) = asked(TASK, one, "Both are fine.", dialect="vlmevalkit")
    assert "<<<COMPARISON\nBoth are fine.\nCOMPARISON>>>" in prompt
    metrics, _ = judged_figures(
        TASK, samples, {each.id: [f"Answer {each.target + 1}"] for each in samples}, "vlmevalkit"
    )
    assert (metrics["overall"], metrics["macro"], metrics["unread"]) == (1, 1, 0)


def result(row, order, text=ONE):
    kept = {name: value for name, value in row.items() if name not in ("image", "human_ranking")}
    return {**kept, "ranking": row["human_ranking"], "meta": {"filter_choice": text, "random_number": order}}


def test_official_votes_as_answers(data, tmp_path):
    samples = read_samples(TASK, (data,))
    path = tmp_path / "votes.jsonl"
    path.write_text("".join(json.dumps(result(row, n % 2)) + "\n" for n, row in enumerate(rows())))
    found = read_answers(TASK, [path], samples)
    assert list(found.answers) == [samples[2 * n + n % 2].id for n in range(7)]
    path.write_text("".join(json.dumps(result(rows()[0], 1)) + "\n" for _ in range(2)))
    twice = read_answers(TASK, [path], samples)
    assert [one.id for one in twice.samples] == list(twice.answers) == [f"{samples[1].id}#{k}" for k in range(2)]
    scored = score_files(TASK, [path], [])  # a file of votes needs no data beside it
    assert scored.tasks["vl_rewardbench"]["metrics"]["decided"]["value"] == 1
    path.write_text(json.dumps(result(rows()[0], 2)) + "\n")
    with pytest.raises(DataError, match=r"row 1 of votes\.jsonl: field 'meta' must hold filter_choice and random_num"):
        read_answers(TASK, [path], samples)


@pytest.mark.parametrize("with_data", [True, False])
def test_a_vote_without_a_judgment_is_missing(data, tmp_path, with_data):
    path = tmp_path / "votes.jsonl"
    votes_ = [result(rows()[n if with_data else 0], 1, None if n == 0 else ONE) for n in range(3)]
    path.write_text("".join(json.dumps(row) + "\n" for row in votes_))
    done = score_files(TASK, [path], [data] if with_data else [])
    assert (done.tasks["vl_rewardbench"]["n"], done.tasks["vl_rewardbench"]["missing"], done.exit_code) == (3, 1, 3)
    assert any("1 of 3 samples of vl_rewardbench have no answer: missing" in note for note in done.notes)


def test_a_harness_log_is_about_its_own_order(data, tmp_path):
    docs = [{name: value for name, value in row.items() if name != "image"} for row in rows()]
    path = tmp_path / "log.jsonl"
    path.write_text(
        "".join(json.dumps({"doc_id": n, "doc": doc, "resps": [[ONE]]}) + "\n" for n, doc in enumerate(docs))
    )
    samples = read_samples(TASK, (data,))
    wanted = [one.id for one in samples if one.metadata["swapped"] == one.metadata["harness_swapped"]]
    assert list(read_answers(TASK, [path], samples).answers) == wanted
    assert [one.id for one in samples_from(TASK, [path])] == wanted


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("query", None, "field 'query' holds no text"),
        ("response", ["one"], "field 'response' must hold two answers"),
        ("response", ["one", None], "field 'response' must hold two answers"),
        ("response", "one", "field 'response' is no list"),
        ("human_ranking", [0, 0], r"must be \[0, 1\] or \[1, 0\] \(found: \[0, 0\]\)"),
        ("human_ranking", [0], r"must be \[0, 1\] or \[1, 0\]"),
        ("human_ranking", 0, "is a int, not a list"),
    ],
)
def test_broken_rows(field, value, message):
    row = Row({**rows()[0], field: value}, "row 3 of test")
    with pytest.raises(DataError, match=f"row 3 of test: field '{field}'") as raised:
        TASK.samples_of(row)
    assert raised.match(message)


def test_a_pair_that_stands_twice(data):
    twice = replace(TASK, rows=replace(TASK.rows, find=lambda folders: _doubled(TASK.rows.find(folders))))
    with pytest.raises(DataError, match=r"vl_rewardbench: id 'RLAIF-V-1-\w+/1' stands twice"):
        read_samples(twice, (data,))


def _doubled(found):
    return replace(found, read=lambda: [row for row in found.read() for _ in range(2)])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": "RLAIF-V-9"}, "row 2 of .* no pair of the data"),
        ({"ranking": [1, 0]}, "row 2 of .* field 'ranking' names"),
    ],
)
def test_several_votes_agree_with_the_data(data, tmp_path, change, says):
    path = tmp_path / "votes.jsonl"
    votes_ = [result(rows()[0], 1), {**result(rows()[0], 1), **change}, result(rows()[0], 1)]
    path.write_text("".join(json.dumps(row) + "\n" for row in votes_))
    with pytest.raises(DataError, match=says):
        score_files(TASK, [path], [data])


def test_a_broken_vote_is_named_without_the_data(tmp_path):
    path = tmp_path / "votes.jsonl"
    path.write_text(json.dumps(result(rows()[0], 2)) + "\n")
    with pytest.raises(DataError, match=r"^row 1 of votes\.jsonl: field 'meta' must hold filter_choice and random_n"):
        score_files(TASK, [path], [])


def test_no_other_number_is_read_as_one():
    assert overall_judgment("Overall judgment: Answer 1000000001 is better.") == NEITHER
    assert overall_judgment(f"Overall judgment: Answer {'0' * 9999}2 is better.") == SECOND
