"""Benchmarks asked of reward models, from a task file to figures: `evaluate(..., ask_as="implicit" or "scalar")`."""

from __future__ import annotations

import json
import shutil

import pytest

from mmeval import evaluate
from mmeval.catalog import load_catalog
from mmeval.errors import DataError, UsageError
from mmeval.logs import verify
from mmeval.runs import RunFolder

torch = pytest.importorskip("torch", reason="the transformers engine needs torch")

TASK = '''"""Better: which of two given answers about a picture is better? Asked of a judge or of a reward model."""

from mmeval.demo import picture
from mmeval.samples import Sample, ask
from mmeval.scenes import evaluation_scene
from mmeval.scorers import Metric, Scorer, counts
from mmeval.scorers.rewards import rewarded
from mmeval.sources import generated
from mmeval.tasks import REWARDS, Task


def rows():
    return [{"id": str(i), "good": f"There are {i} dogs.", "bad": "A cat, I think."} for i in range(4)]


def sample(row):
    text = f"Which is better, A: {row['good']} or B: {row['bad']}?"
    return Sample(row["id"], ask(picture(evaluation_scene(int(row["id"]) // 2)), text))


def rated(row):
    shown = picture(evaluation_scene(int(row["id"]) // 2))
    return Sample(row["id"], ask(shown, "What is there?"), continuations=(row["good"], row["bad"]), target=0)


ACCURACY = {"accuracy": Metric(lambda s: s.ratio(s.right, s.n))}
better = Task(
    rows=generated(rows, "rows"),
    sample=sample,
    rated=rated,
    scorer={
        "official": Scorer(lambda sample, answer: counts(right=answer == "A"), ACCURACY),
        REWARDS: rewarded(ACCURACY),
    },
    max_new_tokens=4,
    headline="accuracy",
)
'''
OTHER = TASK.replace("better = Task", "other = Task").replace("    rated=rated,\n", "")


@pytest.fixture
def catalog(tmp_path):
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "better.py").write_text(TASK)
    (folder / "other.py").write_text(OTHER)
    return load_catalog([folder])


@pytest.fixture(scope="session")
def rating_model(tmp_path_factory):
    """A reward model with a value head over the demo checkpoint."""
    from mmeval.catalog import bundled
    from tests import miniatures

    folder = shutil.copytree(bundled("models") / "demo", tmp_path_factory.mktemp("model") / "rating")
    return miniatures.with_value_head(folder, width=128)


def rewards_of(run):
    lines = (run.path / "responses.jsonl").read_text().splitlines()
    return {row["id"]: row["rewards"] for row in map(json.loads, lines)}


def test_a_policy_rates_against_its_reference_and_is_not_asked_twice(tmp_path, catalog):
    def run(**more):
        options = {"ask_as": "implicit", "reference": "demo", "device": "cpu", "threads": 1, **more}
        return evaluate(
            "demo-dpo", "better", catalog=catalog, output=tmp_path / "run", ask_as="implicit", engine_options=options
        )

    done = run()
    found = rewards_of(done)
    assert done.tasks["better"]["dialect"] == "rewards"
    assert done.tasks["better"]["n"] == 4
    right = sum(good > bad for good, bad in found.values())
    assert done.tasks["better"]["metrics"]["accuracy"]["value"] == right / 4
    assert len({value for values in found.values() for value in values}) == 6  # two answers are the same
    assert verify(RunFolder.existing(done.path), catalog).differences == {}
    record = json.loads((done.path / "run.json").read_text())
    assert record["model"]["reference"]["name"].endswith("demo")
    assert record["engine"]["as_trees"] == 8  # four pairs, by policy and by reference

    assert run().tasks == done.tasks
    assert json.loads((done.path / "run.json").read_text())["asked"] == 0
    run(per_token=True)  # other rewards: nothing can be reused
    assert json.loads((done.path / "run.json").read_text())["asked"] == 4
    assert rewards_of(done) != found


def test_a_model_with_a_value_head_rates_and_its_rewards_can_be_replayed(tmp_path, catalog, rating_model):
    options = {"ask_as": "scalar", "device": "cpu", "threads": 1}
    done = evaluate(
        str(rating_model), "better", catalog=catalog, output=tmp_path / "run", ask_as="scalar", engine_options=options
    )
    assert done.tasks["better"]["missing"] == 0
    again = evaluate(
        f"replay:{done.path}",
        "better",
        catalog=catalog,
        output=tmp_path / "again",
        ask_as="scalar",
        engine_options={"ask_as": "scalar"},
    )
    assert again.tasks == done.tasks


def test_a_task_without_given_answers_says_so(tmp_path, catalog):
    options = {"ask_as": "implicit"}
    with pytest.raises(DataError, match="other: has no answers that a reward model could compare"):
        evaluate("demo", "other", catalog=catalog, output=tmp_path / "run", ask_as="implicit", engine_options=options)


def test_a_chat_server_rates_nothing(tmp_path, catalog):
    server, options = "openai:m@http://localhost:1/v1", {"ask_as": "scalar"}
    with pytest.raises(UsageError, match="a chat server rates no given answers"):
        evaluate(server, "better", catalog=catalog, output=tmp_path / "run", ask_as="scalar", engine_options=options)
