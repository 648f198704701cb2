"""The demo checkpoints on the demo suite: what `make run` shows is a real, trained model's doing."""

from pathlib import Path
from typing import Any

import pytest

import mmeval


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        model: dict(mmeval.evaluate(model, suite="demo", output=folder / model, resamples=100).tasks)
        for model in ("demo", "demo-dpo")
    }


def value(tasks: dict[str, Any], task: str, metric: str) -> float:
    return float(tasks[task]["metrics"][metric]["value"])


@pytest.mark.parametrize("model", ["demo", "demo-dpo"])
def test_both_answer_clearly_above_chance(runs: dict[str, dict[str, Any]], model: str) -> None:
    tasks = runs[model]
    assert all(result["missing"] == 0 for result in tasks.values())
    assert value(tasks, "demo_pope", "accuracy") > 0.75
    for part in ("attribute=State", "attribute=Number"):
        assert tasks["demo_amber"]["slices"][part]["accuracy"]["value"] > 0.6, part
    assert value(tasks, "demo_chair", "recall") > 0.4


def test_alignment_took_hallucination_away(runs: dict[str, dict[str, Any]]) -> None:
    assert value(runs["demo-dpo"], "demo_pope", "accuracy") >= 0.9
    assert value(runs["demo-dpo"], "demo_chair", "chair_s") < value(runs["demo"], "demo_chair", "chair_s") - 0.05


def test_blind_it_knows_little(tmp_path: Path) -> None:
    blind = mmeval.evaluate("demo-dpo", "demo_pope", output=tmp_path / "run", ablate="shuffled-image", resamples=0)
    assert value(dict(blind.tasks), "demo_pope", "accuracy") < 0.75
