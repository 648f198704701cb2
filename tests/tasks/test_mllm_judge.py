"""MLLM-as-a-Judge: three settings from the released files, verdicts read, figures, judges' result files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import read_samples
from mmeval.score import score_files
from mmeval.scorers.judge_agreement import choice_of, ranking_of, score_of
from mmeval.scoring import score, summarise
from tests.fixtures.mllm_judge_score import batches, pairs, scores, write

TASKS = load_catalog().tasks
SETTINGS = ("score", "pair", "batch")


def samples_of(folder, setting):
    return read_samples(TASKS[f"mllm_judge_{setting}"], (folder,))


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def figures(setting, samples, answers, resamples=0):
    scorer = TASKS[f"mllm_judge_{setting}"].scorer_for()[1]
    return summarise(score(scorer, samples, answers), scorer, resamples).metrics


def test_scores(tmp_path):
    write(tmp_path)
    samples = samples_of(tmp_path, "score")
    assert [one.id for one in samples] == list("012345")  # by score_id: `id` is the picture's
    assert [one.target for one in samples] == [3, 4, 5, 1, 2, 3]
    assert samples[4].slices == {"dataset": "chartqa"}
    assert samples[0].cluster == samples[1].cluster == "image/0.jpg"
    assert samples[0].images[0].open().size == (8, 6)
    assert samples[0].prompt.endswith(
        "[User request]\nPlease analyse this figure in detail: what is in picture 0?\n[End of user request]\n"
        "[Answer of assistant]\nA boat.\n[End of answer of assistant]\n"
    )
    assert '"[[1]]", "[[2]]", "[[3]]", "[[4]]" or "[[5]]"' in samples[0].prompt


def test_pairs_and_rankings(tmp_path):
    write(tmp_path)
    samples = samples_of(tmp_path, "pair")
    assert [one.id for one in samples] == ["20", "21", "22", "23", "24", "25"]
    assert [one.target for one in samples] == list("ABCABB")
    assert "[Answer of assistant A]\nTwo boats.\n" in samples[2].prompt
    assert "[Answer of assistant B]\nI can't see it.\n" in samples[2].prompt
    ranked = samples_of(tmp_path, "batch")
    assert [(one.id, one.target) for one in ranked] == [("0", "BACD"), ("1", "CBAD"), ("2", "DCBA")]
    assert "[End of answer of assistant D]" in ranked[0].prompt
    assert "[[A]], [[B]], [[C]], [[D]]" in ranked[0].prompt


def test_plain_files_of_any_edition(tmp_path):
    """Lite files name pictures without a folder, HQ files call people's verdict Human_answer."""
    (tmp_path / "mllm_judge" / "image").mkdir(parents=True)
    row = {**scores()[0], "image_path": "0.jpg", "Human_answer": 2}
    del row["human"]
    lines(tmp_path / "mllm_judge" / "score.jsonl", [row])
    (sample,) = samples_of(tmp_path, "score")
    assert sample.target == 2
    (tmp_path / "mllm_judge" / "image" / "0.jpg").write_bytes(b"")
    (sample,) = samples_of(tmp_path, "score")
    assert sample.images[0].path == tmp_path / "mllm_judge" / "image" / "0.jpg"


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ('{"Analysis": "It is [[2]] boats.", "Judgement": "[[4]]"}', 4),
        ("Analysis: fine. Judgement: 5", 5),
        ("Analysis: [[2]] is too low.\n### Judgement\n[[3]]\nThis judgement is final.", 3),
        ("My judgement is [[4]].", 4),
        ('{"Analysis": "...", "judgment": "3"}', 3),
        ("4", 4),
        ("4.0", 4),
        ("[[ 1 ]]", 1),
        ("[[6]]", None),
        ("0", None),
        ("I would say 4 of 5.", None),
        ("", None),
    ],
)
def test_scores_read(answer, score):
    assert score_of(answer) == score


@pytest.mark.parametrize(
    ("answer", "choice"),
    [
        ('{"Analysis": "[[A]] is short.", "Judgement": "[[B]]"}', "B"),
        ("Judgement: C", "C"),
        ("[[A]] rather than [[B]]", "A"),
        ("[[D]]", None),
        ("A is better", None),
    ],
)
def test_choices_read(answer, choice):
    assert choice_of(answer) == choice


@pytest.mark.parametrize(
    ("answer", "ranking"),
    [
        ('{"Analysis": "...", "Judgement": "Rank: [[C]], [[D]], [[A]], [[B]]"}', "CDAB"),
        ("Judgement: [[CDAB]]", "CDAB"),
        ("Judgement: C, D, A, B", "CDAB"),
        ("CDAB", "CDAB"),
        ("[[C]] > [[A]] > [[B]]", "CAB"),  # incomplete, but a ranking
        ("[[A]] wins. [[A]], [[B]], [[C]], [[D]]", None),  # five letters
        ("[[E]], [[A]]", None),
        ("All are fine.", None),
    ],
)
def test_rankings_read(answer, ranking):
    assert ranking_of(answer, 4) == ranking


def test_figures_of_scores(tmp_path):
    write(tmp_path)
    samples = samples_of(tmp_path, "score")
    said = dict(zip([one.id for one in samples], "345151", strict=True))
    found = figures("score", samples, said)
    assert found["pearson"].value == pytest.approx(np.corrcoef([3, 4, 5, 1, 5, 1], [3, 4, 5, 1, 2, 3])[0, 1])
    assert found["pearson_mean"].value == pytest.approx((1 - 1) / 2)  # all right of coco, all wrong of chartqa
    assert found["unread"].value == 0
    without = figures("score", samples, said | {"4": "?", "5": "?"})
    assert without["pearson"].value == pytest.approx(1)
    assert without["spearman"].value == pytest.approx(1)
    assert without["kendall_tau"].value == pytest.approx(1)
    assert without["unread"].value == 2 / 6
    assert without["judge_mean"].value == 13 / 4


def test_figures_of_pairs(tmp_path):
    write(tmp_path)
    samples = samples_of(tmp_path, "pair")
    said = dict(zip([one.id for one in samples], "AACCB?", strict=True))
    found = figures("pair", samples, said)  # people: A B C A B B
    assert found["accuracy_with_tie"].value == 3 / 5
    assert found["accuracy_without_tie"].value == 2 / 3  # of 20, 21 and 24
    assert found["accuracy_with_tie_mean"].value == pytest.approx((2 / 4 + 1) / 2)
    assert found["accuracy_without_tie_mean"].value == pytest.approx((1 / 2 + 1) / 2)
    assert (found["ties"].value, found["unread"].value) == (2 / 5, 1 / 6)


def test_figures_of_rankings(tmp_path):
    write(tmp_path)
    samples = samples_of(tmp_path, "batch")
    found = figures("batch", samples, {"0": "ABCD", "1": "CBA", "2": "[[E]]"})  # people: BACD, CBAD, DCBA
    assert found["levenshtein"].value == (2 + 1) / 2
    assert found["levenshtein_normalised"].value == 3 / 8
    assert (found["incomplete"].value, found["unread"].value) == (1 / 2, 1 / 3)


@pytest.mark.parametrize("setting", SETTINGS)
def test_all_unread_and_all_missing(tmp_path, setting):
    write(tmp_path)
    samples = samples_of(tmp_path, setting)
    found = figures(setting, samples, {one.id: "No idea." for one in samples}, resamples=50)
    assert found["unread"].value == 1
    assert all(one.undefined for name, one in found.items() if name != "unread")
    assert figures(setting, samples, {}) == {}


def results(setting):
    rows = {"score": scores, "pair": pairs, "batch": batches}[setting]()
    verdict = {"score": "[[3]]", "pair": "[[B]]", "batch": "[[A]], [[B]], [[C]], [[D]]"}[setting]
    return [{**row, "mllm_judge": verdict} for row in rows]


@pytest.mark.parametrize("setting", SETTINGS)
def test_results_of_the_official_script(tmp_path, setting):
    """Its rows hold the question, too; the notebook's hold an id and the cleaned verdict."""
    write(tmp_path)
    path = lines(tmp_path / "judge.jsonl", results(setting)[:-1])
    task = TASKS[f"mllm_judge_{setting}"]
    done = score_files(task, [path], (tmp_path,)).tasks[task.name]
    assert (done["missing"], done["metrics"]["unread"]["value"]) == (1, 0)
    keys = [sample.id for sample in samples_of(tmp_path, setting)]
    cleaned = {"score": "3", "pair": "B", "batch": "ABCD"}[setting]
    short = lines(tmp_path / "short.jsonl", [{"id": key, "human": cleaned} for key in keys[:-1]])
    assert score_files(task, [short], (tmp_path,)).tasks[task.name] == done


def test_pairs_are_told_apart_by_pair_id(tmp_path):
    write(tmp_path)
    rows = [{"id": row["id"], "pair_id": row["pair_id"], "human": row["human_answer"]} for row in pairs()]
    task = TASKS["mllm_judge_pair"]
    done = score_files(task, [lines(tmp_path / "a.jsonl", rows)], (tmp_path,)).tasks[task.name]
    assert done["metrics"]["accuracy_with_tie"]["value"] == 1
    bare = [{"id": row["id"], "human": row["human"]} for row in rows]
    with pytest.raises(DataError, match=r"row 2 of b\.jsonl: id '0' was already in row 1"):
        score_files(task, [lines(tmp_path / "b.jsonl", bare)], (tmp_path,))


def test_the_benchmark_itself_is_no_result(tmp_path):
    write(tmp_path)
    path = tmp_path / "mllm_judge" / "Dataset" / "Benchmark" / "score.jsonl"
    with pytest.raises(DataError, match=r"row 1 of score\.jsonl has no judge's verdict in mllm_judge or human"):
        score_files(TASKS["mllm_judge_score"], [path], (tmp_path,))


@pytest.mark.parametrize(
    ("setting", "change", "says"),
    [
        ("score", {"human": "6"}, r"row 1 of score\.jsonl: people's score is '6', not a number from 1 to 5"),
        ("score", {"human": "nan"}, "people's score is 'nan'"),
        ("pair", {"human_answer": "D"}, r"row 1 of pair\.jsonl: people's verdict is 'D', not A, B or C"),
        ("batch", {"human_answer": "ABCE"}, r"row 1 of batch\.jsonl: people's ranking is 'ABCE'; the answers are A, B"),
        ("batch", {"human_answer": ""}, "people's ranking is ''"),
        ("pair", {"answer2": None}, r"row 1 of pair\.jsonl is not as the benchmark defines it"),
    ],
)
def test_broken_rows_are_named(tmp_path, setting, change, says):
    write(tmp_path)
    rows = {"score": scores, "pair": pairs, "batch": batches}[setting]()
    lines(tmp_path / "mllm_judge" / "Dataset" / "Benchmark" / f"{setting}.jsonl", [rows[0] | change])
    with pytest.raises(DataError, match=says):
        samples_of(tmp_path, setting)
