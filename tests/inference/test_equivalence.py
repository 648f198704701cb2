"""Whether a model's answers hang on how it is run: found out, told, and refused."""

from __future__ import annotations

import json

import pytest

from mmeval.errors import EngineError
from mmeval.evaluation import evaluate
from mmeval.inference.equivalence import DOZENS, differences, refuse, rendered_requests
from tests.test_cli import call

from .conftest import png, request

torch = pytest.importorskip("torch", reason="the transformers engine needs torch")

from mmeval.inference import forest  # noqa: E402


def asked():
    """Twelve questions on each of four pictures."""
    words = ["Is there a dog", "Is there a red car", "Describe the house", "Yes or no: two birds"]
    return [request(f"t/{p}/{i}", png(p), f"{words[i % 4]} {i}?") for p in range(4) for i in range(12)]


def test_a_sound_model_differs_by_rounding_only(engine):
    ours = engine("qwen2_vl")
    batches, trees = differences(ours, asked())
    assert (batches.took, trees.took) == ("batch", "tree")
    assert (batches.answers, batches.flips, trees.answers, trees.flips) == (DOZENS, 0, DOZENS, 0)
    assert 0 < trees.largest < 1e-4
    refuse([batches, trees], "qwen2_vl")


def test_what_the_first_check_lets_through_is_found_here(engine, monkeypatch):
    """A model that goes wrong only where a tree is larger than those of the first check."""
    real = forest.masks

    def leaky(model, sees, places, text):
        return real(model, torch.ones_like(sees) if sees.shape[1] > 100 else sees, places, text)

    monkeypatch.setattr(forest, "masks", leaky)
    found = differences(engine("llava"), asked())
    assert [one.fine for one in found] == [True, False]
    with pytest.raises(EngineError, match=r"trees differ by .* nats a token .*--no-tree"):
        refuse(found, "llava")


def test_doctor_runs_a_checkpoint_in_every_way(capsys):
    code, out, err = call(capsys, "doctor", "--model", "demo", "--json")
    assert code == 0, err
    checks = {one["what"]: one for one in json.loads(out)["checks"]}
    assert checks["trees"]["fine"]
    assert checks["batches"]["fine"]
    assert f"of {len(rendered_requests())} answers" in checks["trees"]["detail"]


def test_doctor_has_nothing_to_run_for_stored_answers(capsys, tmp_path):
    stored = tmp_path / "answers.jsonl"
    stored.write_text('{"id": "demo_pope/1", "text": "Yes"}\n')
    code, _, err = call(capsys, "doctor", "--model", f"replay:{stored}")
    assert code == 64
    assert "can't be run again" in err


def test_a_run_that_checks_first(tmp_path, monkeypatch):
    run = evaluate("demo", "demo_pope,demo_chair", output=tmp_path / "run", limit=12, check=True)
    kept = json.loads((run.path / "run.json").read_text())["check"]
    said = [(one["way"], one["took"], one["fine"]) for one in kept]
    assert said == [("batches", "batch", True), ("trees", "tree", True)]
    assert kept[0]["answers"] == 24
    monkeypatch.setattr(forest, "masks", lambda model, sees, places, text: torch.zeros(sees.shape)[:, None])
    monkeypatch.setattr("mmeval.inference.checking.why_no_tree", lambda running, groups: None)
    with pytest.raises(EngineError, match="answers hang on how the model is run"):
        evaluate("demo", "demo_pope", output=tmp_path / "other", limit=12, check=True)
    assert not (tmp_path / "other" / "responses.jsonl").exists()
