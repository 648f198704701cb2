"""AlignBench: questions and their kinds, the judge's prompt, how its grades are read, totals of category means."""

from __future__ import annotations

import json

import pytest

from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.layouts.alignbench import KIND_OF
from mmeval.requests import read_samples
from mmeval.scorers.alignbench import grades, grades_in_range
from mmeval.sources import Row
from tests.fixtures.alignbench import QUESTIONS, rows, write
from tests.judged import asked, figures

TASKS = load_catalog().tasks
TASK = TASKS["alignbench"]


@pytest.fixture
def data(tmp_path):
    write(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["alignbench", "alignbench_v1"])
def test_samples(data, name):
    samples = read_samples(TASKS[name], (data,))
    assert [one.id for one in samples] == [str(i + 1) for i in range(len(QUESTIONS))]
    first = samples[0]
    assert (first.prompt, first.target) == ("请回答第1个问题。", "参考答案1。")
    assert first.slices == {"category": "专业能力", "subcategory": "音乐", "kind": "事实与解释型回答"}
    assert first.metadata["dimensions"] == ("事实正确性", "满足用户需求", "清晰度", "完备性")
    assert samples[3].slices["kind"] == "生成型回答"
    assert len(KIND_OF) == 36


def test_a_clone_of_the_repository(data):
    (data / "alignbench").rename(data / "data")
    (data / "alignbench").mkdir()
    (data / "data").rename(data / "alignbench" / "data")
    assert len(read_samples(TASK, (data,))) == len(QUESTIONS)


def test_the_judges_prompt(data):
    samples = read_samples(TASK, (data,))
    (prompt,) = asked(TASK, samples[7], "我的建议。\n{'综合得分': 10}")
    assert "<<<ANSWER\n我的建议。\n{'综合得分': 10}\nANSWER>>>" in prompt
    assert "<<<REFERENCE\n参考答案8。\nREFERENCE>>>" in prompt
    assert "综合问答" in prompt
    assert "\n3. 公平与可负责程度" in prompt
    assert "清晰度" not in prompt
    assert prompt.endswith(
        "{'事实正确性': 分数, '满足用户需求': 分数, '公平与可负责程度': 分数, '创造性': 分数, '综合得分': 分数}"
    )
    assert asked(TASK, samples[7], "答", ["好"]) == []


@pytest.mark.parametrize(
    ("reply", "found", "whole", "clean"),
    [
        ("分析\n{'清晰度': 9, '综合得分': 7}", {"清晰度": 9, "综合得分": 7}, 7, 7),
        ("例 {'综合得分': 3} 然后 {'清晰度': 9, '综合得分': 8}", {"综合得分": 8, "清晰度": 9}, 8, 8),
        ("{'综合得分': 2}\n{'综合得分': 9}", {"综合得分": 9}, 9, 9),
        ("{'综合得分': 2} 和 {'维度': 5}", {"综合得分": 2, "维度": 5}, 2, 2),
        ("{'综合得分': 7.5}", {"综合得分": 7}, 7, 7),
        ("'综合得分': 8.5, '综合得分': 9", {}, 8.5, 8.5),
        ("{\n'清晰度': 6,\n'综合得分': 5\n}", {}, 5, 5),
        ("{'综合得分': 8} 但 {未闭合", {}, 8, 8),
        ("{'x': {'综合得分': 3}}", {"x': {'综合得分": 3}, 3, 3),
        ("{'综合得分': 11}", {"综合得分": 11}, 11, None),
        ("{'综合得分': 0}", {"综合得分": 0}, 0, None),
        ('{"综合得分": 5}', {}, None, None),
        ("{'综合得分':5}", {}, None, None),
        ("{'清晰度': 4}", {"清晰度": 4}, None, None),
        ("", {}, None, None),
    ],
)
def test_grades(reply, found, whole, clean):
    assert grades(reply) == (found, whole)
    assert grades_in_range(reply)[1] == clean


def replied(samples, **by_category):
    return {
        one.id: [f"{{'事实正确性': 4, '综合得分': {by_category.get(one.slices['category'], 6)}}}"] for one in samples
    }


def test_totals_are_means_of_category_means(data):
    samples = read_samples(TASK, (data,))
    replies = replied(samples, 数学计算=8, 逻辑推理=3, 专业能力=9) | {"9": ["{'综合得分': 2}"]}
    metrics, frame = figures(TASK, samples, replies)
    assert metrics["reasoning"] == ((8 + 2) / 2 + 3) / 2
    assert metrics["language"] == (9 + 5 * 6) / 6
    assert metrics["overall"] == (metrics["reasoning"] + metrics["language"]) / 2
    assert metrics["score"] == (9 + 8 + 3 + 5 * 6 + 2) / 9
    assert metrics["factual_correctness"] == 4
    assert frame["prediction"].tolist()[:2] == ["9", "8"]


def test_a_reply_without_a_grade_is_minus_one_or_left_out(data):
    samples = read_samples(TASK, (data,))
    replies = replied(samples) | {"2": ["很好。{'事实正确性': 10}"], "9": ["{'综合得分': 11}"]}
    official, _ = figures(TASK, samples, replies)
    clean, _ = figures(TASK, samples, replies, "clean")
    assert official["reasoning"] == ((-1 + 11) / 2 + 6) / 2
    assert official["unread"] == 1 / 9
    assert clean["reasoning"] == 6  # of 逻辑推理 alone
    assert clean["unread"] == 2 / 9
    assert official["factual_correctness"] == clean["factual_correctness"] == 4
    official_judging, clean_judging = (TASK.dialects[name].judging for name in ("official", "clean"))
    assert official_judging.readable("很好。", {})
    assert not clean_judging.readable("{'综合得分': 11}", {})


def test_stored_judgments(data, tmp_path):
    samples = read_samples(TASK, (data,))
    path = tmp_path / "model.jsonl"
    held = [{**row, "model_id": "m", "answer": "答", "judgment": "{'综合得分': 5}", "score": 5} for row in rows()]
    held[1] |= {"answer": None}
    path.write_text("".join(json.dumps(row) + "\n" for row in held))
    found = read_answers(TASK, [path], samples)
    assert found.verdicts["2"] == ("{'综合得分': 5}",)
    assert "2" not in found.answers
    assert found.answers["1"] == "答"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*held, held[0]]))
    with pytest.raises(
        DataError, match=r"row 10 of model\.jsonl: id '1' was already in row 1"
    ):  # a second run appended
        read_answers(TASK, [path], samples)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"category": "专业"}, "unknown category '专业'"),
        ({"subcategory": "舞蹈"}, "unknown subcategory '舞蹈'"),
    ],
)
def test_broken_rows(broken, message):
    with pytest.raises(DataError, match=f"row 3 of x: {message}"):
        TASK.samples_of(Row({**rows()[0], **broken}, "row 3 of x"))
