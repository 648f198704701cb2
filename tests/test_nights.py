"""Which folders are nights, in what order, what is said of those without figures, and which of them is good."""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mmeval.catalog import Catalog, load_catalog
from mmeval.dashboard import dashboard
from mmeval.errors import UsageError
from mmeval.reporting.dashboard import page
from tests.night_runs import night, noisy, of, results, run_record, write_night, write_nights


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def test_failed_nights_are_shown_with_their_reason(tmp_path: Path, catalog: Catalog) -> None:
    write_nights(tmp_path, 3)
    figures = results(noisy(random.Random(0)))
    write_night(tmp_path / "n3", run_record(3), None)
    write_night(tmp_path / "n4", run_record(4, status="interrupted"), None)
    write_night(tmp_path / "n5", run_record(5, status="running"), None)
    (write_night(tmp_path / "n6", run_record(6), figures) / "metrics.json").write_text('{"demo_pope": {"met')
    (write_night(tmp_path / "2026-01-08", None, figures) / "run.json").write_text("{")
    write_night(tmp_path / "2026-01-09", None, figures)
    write_night(tmp_path / "n9", run_record(9), {"demo_pope": {"n": 3, "metrics": {"f1": {"value": "high"}}}})
    broken = {"demo_pope": {"n": "many", "metrics": {"f1": {"value": 0.5, "low": "x"}}}}
    write_night(tmp_path / "n9b", run_record(9, started="2026-01-10T05:00:00+00:00"), broken)
    write_night(tmp_path / "n10", run_record(10), figures)
    board = dashboard(tmp_path, catalog)
    assert [(one.date, one.status) for one in board.nights] == [
        *((f"2026-01-0{day}", "done") for day in (1, 2, 3)),
        ("2026-01-04", "failed"),
        ("2026-01-05", "interrupted"),
        ("2026-01-06", "unfinished"),
        ("2026-01-07", "failed"),
        ("2026-01-08", "failed"),
        ("2026-01-09", "failed"),
        ("2026-01-10", "failed"),
        ("2026-01-10", "failed"),
        ("2026-01-11", "done"),
    ]
    reasons = [one.reason or "" for one in board.nights[3:11]]
    for reason, words in zip(
        reasons,
        (
            *(
                "no metrics.json",
                "interrupted",
                "still running",
                "metrics.json can't be read",
                "run.json can't be read",
            ),
            *("no run.json", "demo_pope.f1 has no value", "demo_pope.f1 has an interval that is no number"),
        ),
        strict=True,
    ):
        assert words in reason
    assert board.last_good == 2
    written = page(board, tmp_path)
    assert all(reason.split(":")[0].replace("'", "&#39;") in written for reason in reasons)
    pope = of(board, "demo_pope", "f1")
    assert [math.isnan(value) for value in pope.values] == [False] * 3 + [True] * 8 + [False]
    assert pope.breaks == {}


def test_tonight_failed(tmp_path: Path, catalog: Catalog) -> None:
    write_nights(tmp_path, 3)
    write_night(tmp_path / "last", run_record(3, status="interrupted"), None)
    board = dashboard(tmp_path, catalog)
    assert board.counts == {"no figure tonight": 5}
    assert "Tonight interrupted: interrupted before it was scored" in page(board, tmp_path)


def test_a_failed_task_is_no_good_night(tmp_path: Path, catalog: Catalog) -> None:
    write_nights(tmp_path, 3)
    folder = tmp_path / "night-001"
    told, figures = (json.loads((folder / name).read_text()) for name in ("run.json", "metrics.json"))
    told["tasks"]["demo_safety"] = {"error": "data folder lacks scenes"}
    del figures["demo_safety"]
    write_night(folder, told, figures)
    board = dashboard(tmp_path, catalog)
    assert board.last_good == 0
    assert board.nights[1].failed_tasks == {"demo_safety": "data folder lacks scenes"}
    assert "data folder lacks scenes" in page(board, tmp_path)


def test_many_missing_answers_are_no_good_night(tmp_path: Path, catalog: Catalog) -> None:
    write_nights(tmp_path, 1)
    write_night(tmp_path / "b", run_record(1), results(noisy(random.Random(1)), missing=60))
    write_night(tmp_path / "c", run_record(2), results(noisy(random.Random(2)), missing=4))
    board = dashboard(tmp_path, catalog)
    assert board.last_good == 0
    assert board.nights[1].share_missing == pytest.approx(0.12)
    assert "20 of 2,500 answers missing" in page(board, tmp_path)


def note(folder: Path, **said: Any) -> None:
    told = {"date": "2026-01-09", "status": "passed", "checkpoint": "step-9", "run": None, "gate": None, "error": None}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "night.json").write_text(json.dumps({**told, **said}))


def test_night_json_says_what_the_gate_said(tmp_path: Path, catalog: Catalog) -> None:
    write_nights(tmp_path / "runs", 4)
    note(tmp_path / "runs" / "night-001", run=".", status="passed", checkpoint="step-1")
    note(tmp_path / "runs" / "night-002", status="regressed", checkpoint="step-2")
    note(tmp_path / "notes" / "3", run="../../runs/night-003", status="cannot tell", checkpoint="step-3")
    note(tmp_path / "notes" / "4", status="failed", error="the model could not be loaded")
    board = dashboard(tmp_path, catalog)
    assert [(one.status, one.verdict, one.run) for one in board.nights] == [
        ("done", None, True),
        ("done", "passed", True),
        ("done", "regressed", True),
        ("done", "cannot tell", True),
        ("failed", None, False),
    ]
    assert [one.checkpoint for one in board.nights[1:]] == ["step-1", "step-2", "step-3", "step-9"]
    assert [one.good for one in board.nights] == [True, True, False, True, False]
    assert board.nights[4].reason == "the model could not be loaded"
    written = page(board, tmp_path)
    assert "the model could not be loaded" in written
    assert "regressed" in written


def test_a_figure_without_denominator_is_no_figure(tmp_path: Path, catalog: Catalog) -> None:
    """Undefined tonight: a gap. Undefined on every night: a row that says so."""
    for number in range(4):
        folder = night(tmp_path, number, f1=(0.8, 0.01), recall=(0.0, 0.01))
        told = json.loads((folder / "metrics.json").read_text())
        told["demo_pope"]["metrics"]["recall"]["undefined"] = True
        told["demo_pope"]["metrics"]["f1"]["undefined"] = number == 3
        (folder / "metrics.json").write_text(json.dumps(told))
    board = dashboard(tmp_path, catalog)
    assert of(board, "demo_pope", "f1").against.word == "no figure tonight"
    assert of(board, "demo_pope", "f1").pieces.tolist() == [0, 0, 0, -1]
    assert of(board, "demo_pope", "recall").pieces.tolist() == [-1] * 4
    assert "no figure tonight" in page(board, tmp_path)


def test_order_is_by_time_not_by_name(tmp_path: Path, catalog: Catalog) -> None:
    for number, name in enumerate("cab"):
        night(tmp_path / "deep" / name, number, f1=(0.8, 0.01))
    started = [one.at for one in dashboard(tmp_path, catalog).nights]
    assert started == [datetime(2026, 1, day, 2, tzinfo=UTC) for day in (1, 2, 3)]


def test_folders_without_nights_are_refused(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="no run folder in it"):
        dashboard(tmp_path, catalog)
    with pytest.raises(UsageError, match="no such folder"):
        dashboard(tmp_path / "absent", catalog)


def test_one_night_is_enough(tmp_path: Path, catalog: Catalog) -> None:
    write_nights(tmp_path, 1)
    written = page(dashboard(tmp_path, catalog), tmp_path)
    assert "with no good night before to hold them against" in written
