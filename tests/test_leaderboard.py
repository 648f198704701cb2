"""Several runs side by side: places, what is left out of them and why, trade-offs, the command."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest

from mmeval.dimensions import profiles
from mmeval.errors import DataError, UsageError
from mmeval.leaderboard import csv_of, find_runs, leaderboard, markdown_of, names_of
from mmeval.statistics.ranks import ranks
from mmeval.tradeoffs import alignment_cost, axes_wanted, tradeoffs
from mmeval.weighing import Weighing, read_weights, weighing
from tests.board_runs import CATALOG, build
from tests.test_cli import call

ALL = {"seen": 0.9, "made_up": 0.8, "harm": 0.7, "stars": 0.8, "liked": 0.6, "known": 0.7}


def cell(board, column, i):
    return board.standings.cells[column][i]


def column(board, key):
    return next(one for one in board.standings.columns if one.key == key)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    folder = tmp_path_factory.mktemp("three")
    return [
        build(folder / "best", ALL, name="best", seed=1),
        build(folder / "middle", {**ALL, "seen": 0.8, "made_up": 0.7}, name="middle", seed=2),
        build(folder / "worst", {**ALL, "seen": 0.3, "made_up": 0.2}, name="worst", seed=3),
    ]


def test_places_are_those_of_the_shared_draws(three):
    board = leaderboard(three, CATALOG, resamples=300)
    cells = board.standings.cells["dimension:hallucination"]
    expected = ranks(np.array([one.points for one in cells]), np.stack([one.draws for one in cells], axis=1))
    assert [one.rank for one in cells] == expected
    assert [one.rank.rank for one in cells] == [1, 2, 3]
    assert (cells[2].rank.low, cells[2].rank.high) == (3, 3)


def test_equal_runs_share_the_first_place(tmp_path):
    first = build(tmp_path / "a", ALL)
    shutil.copytree(first.path, tmp_path / "b")
    board = leaderboard(find_runs([tmp_path]), CATALOG, resamples=100)
    for one in board.standings.cells["dimension:safety"]:
        assert (one.rank.rank, one.rank.low, one.rank.high, one.rank.p_best) == (1, 1, 1, 1.0)


def test_a_run_that_lacks_a_task_is_marked_and_has_no_place(three, tmp_path):
    lacking = build(tmp_path / "lacking", {"seen": 0.95}, told={"made_up": {"error": "no rows"}}, name="lacking")
    board = leaderboard([*three, lacking], CATALOG, resamples=100)
    found = cell(board, "dimension:hallucination", 3)
    assert found.points == cell(board, "task:seen", 3).points
    assert found.rank is None
    assert found.why == "lacks made_up (failed)"
    assert found.have == ("seen",)
    assert [cell(board, "dimension:hallucination", i).rank.rank for i in range(3)] == [1, 2, 3]
    absent = cell(board, "dimension:dialogue", 3)
    assert (absent.points, absent.rank, absent.why) == (None, None, "no task of it was run")


def test_a_task_that_few_runs_have_does_not_count(three, tmp_path):
    more = build(tmp_path / "more", {"seen": 0.95, "made_up": 0.9, "endless": 0.5}, name="more")
    only = build(tmp_path / "only", {"seen": 0.9}, name="only")
    runs = [more, only, build(tmp_path / "last", {"seen": 0.2}, name="last")]
    board = leaderboard(runs, CATALOG, resamples=100)
    assert dict(column(board, "dimension:hallucination").tasks) == {"seen": 1.0}
    assert column(board, "dimension:hallucination").left_out == {"made_up": "only 1 of 3 runs have it"}
    assert cell(board, "dimension:hallucination", 0).points == cell(board, "task:seen", 0).points
    assert column(board, "dimension:dialogue").left_out == {"endless": "not on a 0-100 scale"}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"fingerprint": "other"}, "other data"),
        ({"prompt": "short"}, "other prompt"),
        ({"max_new_tokens": 3}, "other decoding"),
    ],
)
def test_what_was_not_asked_alike_is_not_ranked(three, tmp_path, told, said):
    other = build(tmp_path / "other", ALL, told={"seen": told}, name="other")
    board = leaderboard([*three, other], CATALOG, resamples=100)
    found = cell(board, "task:seen", 3)
    assert (found.rank, found.why) == (None, f"not comparable: {said}")
    assert found.points is not None
    assert cell(board, "dimension:hallucination", 3).why == f"lacks seen ({said})"
    assert cell(board, "dimension:hallucination", 3).points == cell(board, "task:made_up", 3).points
    assert cell(board, "task:seen", 0).rank is not None


def test_another_judge_is_not_comparable(three, tmp_path):
    judge = {"prompts": {"stars": {"words": "ours", "digest": "1"}}, "judges": [{"model": {"name": "other"}}]}
    other = build(tmp_path / "other", ALL, name="other", judge=judge)
    board = leaderboard([*three, other], CATALOG, resamples=100)
    assert cell(board, "task:stars", 3).why == "not comparable: other judge"


def test_weights(three):
    board = leaderboard(three, CATALOG, Weighing({"seen": 3.0, "made_up": 1.0}), resamples=100)
    one = cell(board, "dimension:hallucination", 0)
    parts = [cell(board, f"task:{name}", 0) for name in ("seen", "made_up")]
    assert one.points == pytest.approx((3 * parts[0].points + parts[1].points) / 4)
    np.testing.assert_allclose(one.draws, (3 * parts[0].draws + parts[1].draws) / 4)
    nothing = leaderboard(three, CATALOG, Weighing({"seen": 0.0}), resamples=100)
    assert column(nothing, "dimension:hallucination").left_out == {"seen": "weight 0"}


def test_overall_only_when_asked_and_never_over_a_gap(three):
    assert "overall" not in leaderboard(three, CATALOG, resamples=100).standings.cells
    all_six = leaderboard(three, CATALOG, weighing({"overall": True}, CATALOG, "here"), resamples=100)
    assert cell(all_six, "overall", 0).points is None
    assert cell(all_six, "overall", 0).why == "lacks a full reward model"
    some = leaderboard(
        three, CATALOG, weighing({"overall": {"safety": 1, "dialogue": 3}}, CATALOG, "here"), resamples=100
    )
    parts = [cell(some, f"dimension:{name}", 1).points for name in ("safety", "dialogue")]
    assert cell(some, "overall", 1).points == pytest.approx((parts[0] + 3 * parts[1]) / 4)
    assert some.standings.columns[0].key == "overall"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeen: 2", "did you mean seen"),
        ("seen: -1", "is not a number from 0 up"),
        ("seen: much", "is not a number from 0 up"),
        ("hallucination: 2", "weights of dimensions stand below `overall`"),
        ("hallucination: {harm: 2}", "no task or dimension 'harm'"),
        ("overall: {safety: 0}", "all weights are 0"),
        ("- seen", "must be a mapping"),
        ("a: [", "not YAML"),
    ],
)
def test_weights_that_cant_be_are_refused(tmp_path, text, said):
    (tmp_path / "weights.yaml").write_text(text)
    with pytest.raises(DataError, match=r"weights\.yaml") as error:
        read_weights(tmp_path / "weights.yaml", CATALOG)
    assert said in str(error.value)


def test_the_front_and_how_surely(tmp_path):
    """One run is as good on both axes as another and better on one; a third is safer but refuses more."""
    runs = [build(tmp_path / name, {"harm": share}, name=name) for name, share in (("a", 0.5), ("b", 0.9))]
    read = profiles(runs, CATALOG, 200, beside=axes_wanted(CATALOG))
    found = next(one for one in tradeoffs(read) if one.kind == "harmfulness against over-refusal")
    assert (found.x.metric, found.y.metric) == ("unsafe_compliance", "over_refusal")
    assert [point.front for point in found.points] == [True, True]
    stored = [run.read_json("metrics.json")["harm"]["metrics"] for run in runs]
    assert [point.x[0] for point in found.points] == [one["unsafe_compliance"]["value"] for one in stored]
    alignment = build(tmp_path / "c", {"liked": 0.2, "known": 0.3}, name="c", seed=3)
    better = build(tmp_path / "d", {"liked": 0.9, "known": 0.95}, name="d", seed=4)
    pair = tradeoffs(profiles([alignment, better], CATALOG, 200, beside=axes_wanted(CATALOG)))
    knowledge = next(one for one in pair if one.kind == "preference against general knowledge")
    assert [(point.front, point.dominated) for point in knowledge.points] == [(False, 1.0), (True, 0.0)]


def test_what_it_cost(tmp_path):
    base = build(tmp_path / "base", {"seen": 0.3, "liked": 0.9, "stars": 0.5}, seed=1)
    aligned = build(tmp_path / "aligned", {"seen": 0.9, "liked": 0.4, "stars": 0.5}, seed=2)
    cost = alignment_cost(*profiles([base, aligned], CATALOG, 200))
    assert cost.better == ("hallucination",)
    assert cost.worse == ("alignment",)
    assert cost.unclear == ("dialogue",)
    assert cost.tasks["seen"]["value"] == pytest.approx(cost.tasks["seen"]["candidate"] - cost.tasks["seen"]["base"])
    itself = alignment_cost(*profiles([base, base], CATALOG, 200))
    assert all((one["value"], one["low"], one["high"]) == (0.0, 0.0, 0.0) for one in itself.tasks.values())
    assert (itself.better, itself.worse) == ((), ())


def test_runs_are_found_in_folders_each_once_and_named_apart(tmp_path):
    build(tmp_path / "x" / "suite", {"seen": 0.5}, name="/models/same")
    build(tmp_path / "y" / "suite", {"seen": 0.5}, name="/models/same")
    build(tmp_path / "z", {"seen": 0.5}, name="other")
    runs = find_runs([tmp_path / "z", tmp_path])
    assert [one.path.name for one in runs] == ["z", "suite", "suite"]
    names = names_of(profiles(runs, CATALOG, 10))
    assert names == ("other", "same (x/suite)", "same (y/suite)")
    for name in ("step-1000", "step-200", "step"):
        build(tmp_path / "steps" / name / "suite", {"seen": 0.5})
    assert [one.path.parent.name for one in find_runs([tmp_path / "steps"])] == ["step", "step-200", "step-1000"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no run folder in it"):
        find_runs([tmp_path / "empty"])
    with pytest.raises(UsageError, match="no such folder"):
        find_runs([tmp_path / "nowhere"])


def test_csv_and_markdown_say_what_the_table_says(three, tmp_path):
    evil = build(tmp_path / "evil", {"seen": 0.5}, name='=HYPERLINK("http://x")|<b>\nsecond line')
    board = leaderboard([*three, evil], CATALOG, resamples=100)
    rows = list(csv.DictReader(csv_of(board.standings).splitlines(keepends=True)))
    assert len(rows) == 4
    assert float(rows[0]["hallucination"]) == cell(board, "dimension:hallucination", 0).points
    assert rows[0]["hallucination place"] == "1"
    assert rows[3]["name"].startswith("'=HYPERLINK")
    assert rows[3]["hallucination note"] == "lacks made_up (not run)"
    text = markdown_of(board.standings)
    lines = text.splitlines()
    assert lines[2].startswith("| best |")
    assert "\\|\\<b\\> second line" in lines[5]
    assert {line.count(" | ") for line in lines[2:6]} == {lines[0].count(" | ")}
    assert "made\\_up (not run)" in text


def test_the_command(three, tmp_path, monkeypatch, capsys):
    """Tasks that no catalogue has are shown without figures; the command still writes its page."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(capsys, "leaderboard", str(three[0].path), str(three[1].path), "--json", "--csv", "table.csv")
    told = json.loads(out)
    assert code == 0
    assert [one["name"] for one in told["runs"]] == ["best", "middle"]
    assert told["base"] == "best"
    assert told["page"] == "leaderboard.html"
    assert (tmp_path / "leaderboard.html").is_file()
    assert (tmp_path / "table.csv").read_text().startswith("name,run")
    code, out, _ = call(capsys, "leaderboard", str(three[0].path.parent), "--markdown", "--out", "x/board.html")
    assert code == 0
    assert out.startswith("|  |")
    assert (tmp_path / "x" / "board.html").is_file()
    assert call(capsys, "leaderboard", str(three[0].path), "--base", str(three[1].path))[0] == 64
