"""A folder of nightly runs: what is read, what is compared, what breaks a line, what is never dropped."""

from __future__ import annotations

import json
import math
import random
import shutil
from pathlib import Path

import pytest

from mmeval.catalog import Catalog, load_catalog
from mmeval.dashboard import dashboard
from mmeval.reporting.dashboard import page, signed
from mmeval.statistics.multiplicity import benjamini_hochberg
from tests.night_runs import TASKS, digest, night, noisy, of, results, run_record, write_night, write_nights
from tests.test_cli import call


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


# -- differences and words


def test_differences_are_those_of_a_plain_computation(tmp_path: Path, catalog: Catalog) -> None:
    last = {"f1": (0.80, 0.010), "accuracy": (0.82, 0.011), "yes_ratio": (0.50, 0.02), "unread": (0.0, 0.0)}
    tonight = {"f1": (0.74, 0.012), "accuracy": (0.83, 0.010), "yes_ratio": (0.60, 0.02), "unread": (0.0, 0.0)}
    night(tmp_path, 0, **last)
    night(tmp_path, 1, **tonight)
    board = dashboard(tmp_path, catalog)
    p = {}
    for name in last:
        found = of(board, "demo_pope", name).against
        difference = tonight[name][0] - last[name][0]
        spread = math.sqrt(last[name][1] ** 2 + tonight[name][1] ** 2)
        assert found.how == "unpaired"
        assert (found.last, found.tonight) == (last[name][0], tonight[name][0])
        assert found.difference == pytest.approx(difference)
        assert (found.low, found.high) == pytest.approx(
            (difference - 1.96 * spread, difference + 1.96 * spread), abs=1e-5
        )
        p[name] = 1.0 if spread == 0 else 2 * (1 - 0.5 * (1 + math.erf(abs(difference) / spread / math.sqrt(2))))
        assert found.p == pytest.approx(p[name], rel=1e-6)
    corrected = benjamini_hochberg([p["f1"], p["accuracy"], p["unread"]])
    assert corrected[0] is not None
    assert corrected[0] < 0.05
    words = {name: of(board, "demo_pope", name).against.word for name in last}
    assert words == {
        "f1": "worse",
        "accuracy": "no difference shown",
        "yes_ratio": "higher",
        "unread": "no difference shown",
    }
    assert board.counts == {"worse": 1}


def test_words_are_corrected_for_all_figures_together(tmp_path: Path, catalog: Catalog) -> None:
    """p = 0.03 on one of five figures is a difference for itself, and none among five."""
    names = ("f1", "accuracy", "precision", "recall", "unread")
    night(tmp_path, 0, **dict.fromkeys(names, (0.5, 0.01)))
    night(tmp_path, 1, **{**dict.fromkeys(names, (0.5, 0.01)), "f1": (0.5 - 2.17 * math.hypot(0.01, 0.01), 0.01)})
    found = of(dashboard(tmp_path, catalog), "demo_pope", "f1").against
    assert found.p == pytest.approx(0.03, abs=1e-4)
    assert found.word == "no difference shown"


def test_lower_is_better_where_the_metric_says_so(tmp_path: Path, catalog: Catalog) -> None:
    tasks = {"demo_chair": ("hallucination", ("chair_s",))}
    for number, value in enumerate((0.3, 0.2)):
        write_night(tmp_path / str(number), run_record(number, tasks), results(lambda t, m, v=value: (v, 0.01), tasks))
    assert of(dashboard(tmp_path, catalog), "demo_chair", "chair_s").against.word == "better"


def test_without_standard_error_nothing_is_said(tmp_path: Path, catalog: Catalog) -> None:
    folders = [night(tmp_path, number, f1=(0.8, 0.01)) for number in range(2)]
    told = json.loads((folders[1] / "metrics.json").read_text())
    told["demo_pope"]["metrics"]["f1"] |= {"stderr": None, "low": None, "high": None}
    (folders[1] / "metrics.json").write_text(json.dumps(told))
    found = of(dashboard(tmp_path, catalog), "demo_pope", "f1").against
    assert (found.word, found.low, found.p) == ("no standard error", None, None)


def test_real_runs_are_compared_on_their_samples(catalog: Catalog, tmp_path: Path) -> None:
    """Two runs of the demo's own answers: the paired figures of `mmeval compare`, narrower than unpaired ones."""
    from mmeval.compare import CompareSettings, compare_two
    from mmeval.evaluation import evaluate
    from mmeval.runs import RunFolder

    for name, model in (("a", "demo"), ("b", "demo-dpo")):
        evaluate(model, ["demo_pope"], output=tmp_path / name, limit=120)
    for number, name in enumerate("ab"):
        told = json.loads((tmp_path / name / "run.json").read_text())
        told["started"] = f"2026-02-0{number + 1}T02:00:00+00:00"
        (tmp_path / name / "run.json").write_text(json.dumps(told))
    paired, apart = dashboard(tmp_path, catalog), dashboard(tmp_path, catalog, pair=False)
    compared = compare_two(
        RunFolder(tmp_path / "a"), RunFolder(tmp_path / "b"), catalog, CompareSettings(tasks=("demo_pope",))
    ).tasks["demo_pope"]
    for one in paired.series:
        expected = compared.metrics[one.metric].test.difference
        assert one.against.how == "paired"
        assert (one.against.difference, one.against.low, one.against.high) == (
            expected.value,
            expected.low,
            expected.high,
        )
    assert {one.against.how for one in apart.series} == {"unpaired"}
    assert "on the same samples (paired)" in page(paired, tmp_path)
    assert "(unpaired z)" in page(apart, tmp_path)


# -- change points and breaks


def test_a_planted_jump_is_found_on_its_night_and_flat_series_raise_none(tmp_path: Path, catalog: Catalog) -> None:
    dice = random.Random(5)
    for number in range(60):

        def figure(task: str, metric: str, number: int = number) -> tuple[float, float]:
            jump = -0.06 if (task, metric) == ("demo_pope", "f1") and number >= 37 else 0
            return dice.gauss(0.8, 0.01) + jump, 0.01

        write_night(tmp_path / f"{number:03d}", run_record(number), results(figure))
    board = dashboard(tmp_path, catalog)
    (shift,) = of(board, "demo_pope", "f1").shifts
    assert shift.night == 37
    assert shift.nights == 23
    assert (shift.before, shift.after) == pytest.approx((0.8, 0.74), abs=0.008)
    others = [one for one in board.series if (one.task, one.metric) != ("demo_pope", "f1")]
    assert len(others) == sum(len(names) for _, names in TASKS.values()) - 1
    assert [one for one in others if one.shifts] == []
    assert [one for one in board.series if one.outside] == []


def test_a_jump_tonight_is_said(tmp_path: Path, catalog: Catalog) -> None:
    dice = random.Random(6)
    for number in range(30):
        night(tmp_path, number, f1=(dice.gauss(0.8, 0.01) - 0.08 * (number == 29), 0.01))
    board = dashboard(tmp_path, catalog)
    found = of(board, "demo_pope", "f1")
    assert found.outside is not None
    assert found.outside < -5
    assert found.shifts[-1].night == 29
    assert found.against.word == "worse"
    assert "standard errors below its level" in page(board, tmp_path)


@pytest.mark.parametrize("what", ["data", "prompt", "dialect", "judge", "decoding"])
def test_what_was_asked_otherwise_breaks_the_line(tmp_path: Path, catalog: Catalog, what: str) -> None:
    tasks = {"demo_pope": ("hallucination", ("f1",)), "demo_chair": ("hallucination", ("chair_s",))}
    for number in range(12):
        record, new = run_record(number, tasks), number >= 8
        figures = results(lambda t, m, new=new: (0.9 if new else 0.7, 0.01), tasks)
        told = record["tasks"]["demo_pope"]
        if new and what == "data":
            told["fingerprint"] = digest("other data")
        if new and what == "prompt":
            told["prompt"] = "short"
        if new and what == "dialect":
            told["dialect"] = figures["demo_pope"]["dialect"] = "lmms_eval"
        if new and what == "decoding":
            told["max_new_tokens"] = 32
        judge = {"name": "qwen", "digest": digest("judge", new and what == "judge")}
        record["judge"] = {
            "rule": "mean",
            "judges": [{"model": judge, "calls": number}],
            "prompts": {"demo_pope": {"words": "ours", "digest": digest("words")}},
        }
        write_night(tmp_path / f"{number:03d}", record, figures)
    board = dashboard(tmp_path, catalog)
    broken, whole = of(board, "demo_pope", "f1"), of(board, "demo_chair", "chair_s")
    assert list(broken.breaks) == [8]
    assert [one.what for one in broken.breaks[8]] == [what]
    assert broken.shifts == ()  # 20 standard errors, and no change of the model
    assert len(set(broken.pieces.tolist())) == 2
    assert whole.breaks == {}
    assert [shift.night for shift in whole.shifts] == [8]
    assert broken.against.how == "unpaired"  # with the night before, which was asked the same
    logged = [one for one in board.changes if one.kind not in ("model", "judge" if what != "judge" else "")]
    assert {one.night for one in logged} == {8}
    assert f"{what} changed: not comparable" in page(board, tmp_path)


def test_tonight_asked_otherwise_is_not_compared(tmp_path: Path, catalog: Catalog) -> None:
    for number in range(3):
        record = run_record(number, {"demo_pope": ("hallucination", ("f1",))})
        if number == 2:
            record["tasks"]["demo_pope"]["fingerprint"] = digest("other")
        night(tmp_path, number, record, f1=(0.8 - 0.1 * (number == 2), 0.01))
    board = dashboard(tmp_path, catalog)
    found = of(board, "demo_pope", "f1").against
    assert (found.word, found.difference, found.how) == ("not comparable", None, None)
    assert board.counts == {"not comparable": 1}


def test_changes_stand_at_their_night(tmp_path: Path, catalog: Catalog) -> None:
    for number in range(6):
        record = run_record(number)
        record["model"]["digest"] = digest("weights", number >= 2)
        record["model"]["name"] = "checkpoint"
        if number >= 3:
            record["versions"] |= {"torch": "2.15.0"}
            record["model"]["versions"] |= {"torch": "2.15.0"}
        if number >= 4:
            record["machine"] |= {"cores": 8, "accelerators": ["NVIDIA H200"]}
        if number == 5:
            record["prompts"]["demo_pope"] += " !"
            record["config"] |= {"seed": 1, "api_key": "sk-very-secret"}
        write_night(tmp_path / str(number), record, results(noisy(random.Random(number))))
    found = [
        (one.night, one.kind, one.task, one.what, one.before, one.after) for one in dashboard(tmp_path, catalog).changes
    ]
    assert found == [
        (2, "model", None, "digest", digest("weights", False)[:12], digest("weights", True)[:12]),
        (3, "versions", None, "torch", "2.14.1", "2.15.0"),
        (4, "machine", None, "cores", "16", "8"),
        (4, "machine", None, "accelerators", "none", "NVIDIA H200"),
        (5, "settings", None, "seed", "0", "1"),
        (5, "settings", None, "api key", "none", "…"),
        (
            5,
            "prompt",
            "demo_pope",
            "as rendered",
            "USER: <image>\nThe words of demo_pope. ASSISTANT:",
            "USER: <image>\nThe words of demo_pope. ASSISTANT: !",
        ),
    ]


# -- the command and the page's text


def test_command_writes_the_page_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_nights(tmp_path / "nights", 4)
    out = tmp_path / "site" / "index.html"
    shutil.copy(__file__, tmp_path / "nights" / "night-002" / "report.html")
    code, told, _ = call(capsys, "dashboard", tmp_path / "nights", "--out", out, "--json")
    assert code == 0
    assert len(json.loads(told)["nights"]) == 4
    assert 'href="./../nights/night-002/report.html"' in out.read_text()


def test_json_holds_every_night_and_figure(tmp_path: Path, catalog: Catalog) -> None:
    write_nights(tmp_path, 4)
    told = json.loads(json.dumps(dashboard(tmp_path, catalog).to_json(), allow_nan=False))
    assert [one["place"] for one in told["nights"]] == [f"night-00{i}" for i in range(4)]
    assert (told["tonight"], told["last_good"]) == (3, 2)
    for one in told["series"]:
        stored = [
            json.loads((tmp_path / f"night-00{i}" / "metrics.json").read_text())[one["task"]]["metrics"][one["metric"]]
            for i in range(4)
        ]
        assert one["values"] == [cell["value"] for cell in stored]
        assert one["stderr"] == [cell["stderr"] for cell in stored]
    headlines = [(one["dimension"], one["task"]) for one in told["series"] if one["headline"]]
    assert [task for _, task in headlines] == ["demo_chair", "demo_pope", "demo_safety", "demo_dialogue", "demo_reward"]


def test_signs() -> None:
    assert [signed(value, "fraction") for value in (0.031, -0.031, 0.0, 0.0001, None)] == [
        "+3.1",
        "\N{MINUS SIGN}3.1",
        "0.0",
        "0.0",
        "\N{EN DASH}",
    ]
    assert [signed(value, "number") for value in (1234.5, -0.5)] == ["+1,234.50", "\N{MINUS SIGN}0.50"]
