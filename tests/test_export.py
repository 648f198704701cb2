"""Runs in other tools' formats, written from real runs and read back by the tools themselves."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import typer
import yaml
from typer.testing import CliRunner

import mmeval
from mmeval import cli_export, evaluate
from mmeval.catalog import load_catalog
from mmeval.errors import DataError, UsageError
from mmeval.exporting.lmms_eval import to_lmms_eval
from mmeval.exporting.mlflow import to_mlflow
from mmeval.exporting.model_index import model_index, write_card
from mmeval.exporting.reading import identity, package, read_runs
from mmeval.exporting.table import sample_scores, write_tables
from mmeval.exporting.wandb import to_wandb
from mmeval.reporting import write_report
from mmeval.runs import RunFolder
from mmeval.score import score_files

CATALOG = load_catalog()
SECRETS = ("sk-SECRET", "hunter2")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """demo on tasks with and without a judge, and demo-dpo on one of them."""
    folder = tmp_path_factory.mktemp("runs")
    evaluate("demo", "demo_chair,demo_reward,demo_safety,demo_dialogue", output=folder / "demo")
    evaluate("demo-dpo", "demo_safety", output=folder / "dpo")
    return folder / "demo", folder / "dpo"


@pytest.fixture
def leaky(runs, tmp_path):
    """A run whose record holds secrets in every place where one may stand."""
    shutil.copytree(runs[1], tmp_path / "leaky")
    run = RunFolder(tmp_path / "leaky")
    record = run.read_json("run.json")
    record["model"] |= {"name": "openai:m@https://me:hunter2@host/v1", "api_key": "sk-SECRET"}
    record["model"]["options"] = {"headers": {"auth-token": "sk-SECRET"}}
    record["config"] |= {"token": "sk-SECRET", "data": ["https://me:hunter2@host/data"]}
    record["command"] = ["run", "--api-key", "sk-SECRET", "--hf-token=sk-SECRET", "--model", record["model"]["name"]]
    record["judge"] = {"judges": [{"model": {"name": "openai:j@https://me:hunter2@host/v1", "password": "sk-SECRET"}}]}
    run.write_json("run.json", record)
    write_report(run, CATALOG)
    assert any(word.encode() in (run.path / "run.json").read_bytes() for word in SECRETS)
    return run.path


def leaks(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [f"{path.name}: {word}" for path in files for word in SECRETS if word.encode() in path.read_bytes()]


def stored(path: Path) -> dict:
    return json.loads((path / "metrics.json").read_text())


# -- tables


def test_figures_are_those_of_metrics_json(runs):
    table = mmeval.figures(runs)
    for path in runs:
        for task, result in stored(path).items():
            rows = table[(table.run == str(path)) & (table.task == task)].set_index(["part", "metric"])
            parts = {"": result["metrics"], **result["slices"]}
            assert len(rows) == sum(map(len, parts.values()))
            for part, metrics in parts.items():
                for metric, one in metrics.items():
                    row = rows.loc[(part, metric)]
                    assert bool(row.undefined) == bool(one.get("undefined"))
                    wanted = {**one, "value": None if one.get("undefined") else one["value"]}
                    for name in ("value", "low", "high", "stderr", "n", "clusters"):
                        assert (None if pd.isna(row[name]) else row[name]) == wanted[name], (task, part, metric, name)
    whole = table[table.part == ""]
    assert set(whole[whole.headline].metric) == {"chair_s", "accuracy", "balanced_accuracy", "rating"}
    assert set(whole[whole.metric == "chair_s"].better) == {"lower"}
    assert set(table.unit) == {"fraction", "number"}
    assert whole.missing.notna().all()
    assert table[table.part != ""].missing.isna().all()


def test_one_run_by_path_text_or_what_evaluate_returned(runs):
    returned = evaluate("demo-dpo", "demo_safety", output=runs[1])
    for given in (runs[1], str(runs[1]), returned, [returned]):
        pd.testing.assert_frame_equal(mmeval.figures(given), mmeval.figures([runs[1]]))


def test_importing_mmeval_stays_light():
    code = "import sys, mmeval; 'figures' in mmeval.__all__; print('pandas' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(("kind", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_files_hold_all_runs_and_samples(runs, tmp_path, kind, read):
    files, text = write_tables(read_runs(runs), kind, tmp_path / f"f.{kind}", True, CATALOG)
    assert (text, [path.name for path in files]) == ("", [f"f.{kind}", f"f.samples.{kind}"])
    assert len(read(files[0])) == len(mmeval.figures(runs))
    samples = read(files[1])
    assert len(samples) == sum(len(RunFolder(path).scores()) for path in runs)
    answers = RunFolder(runs[1]).scores().set_index("sample").answer
    again = samples[samples.run == str(runs[1])].set_index("sample").answer
    assert again.to_dict() == answers.to_dict()


def test_predictions_of_two_kinds_fit_into_one_file(runs, tmp_path):
    shutil.copytree(runs[1], tmp_path / "numbers")
    run = RunFolder(tmp_path / "numbers")
    run.write_scores(run.scores().assign(prediction=1.5))
    table = sample_scores([runs[1], run.path])
    assert set(table[table.run == str(run.path)].prediction) == {"1.5"}
    table.to_parquet(tmp_path / "both.parquet")


# -- lmms-eval


@pytest.mark.parametrize("task", ["demo_chair", "demo_reward", "demo_safety"])
def test_what_lmms_eval_would_have_logged_scores_the_same(runs, tmp_path, task):
    files = to_lmms_eval(read_runs(runs[:1]), tmp_path, True, CATALOG)
    log = next(path for path in files if path.name.endswith(f"_samples_{task}.jsonl"))
    result, known = stored(runs[0])[task], CATALOG.tasks[task]
    again = score_files(known, [log], (), result["dialect"]).tasks[task]
    for part in ("n", "missing", "metrics", "slices"):
        assert again[part] == result[part]


def test_a_missing_answer_stays_missing_on_the_way(runs, tmp_path):
    shutil.copytree(runs[1], tmp_path / "run")
    log = tmp_path / "run" / "responses.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    lines[0] |= {"finish": "error", "error": "lost"}
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    files = to_lmms_eval(read_runs([tmp_path / "run"]), tmp_path / "out", True, CATALOG)
    assert [row["filtered_resps"] for row in map(json.loads, files[1].open())].count(None) == 1
    assert score_files(CATALOG.tasks["demo_safety"], [files[1]], (), "vlguard").tasks["demo_safety"]["missing"] == 1


def test_an_unknown_sample_is_named(runs, tmp_path):
    files = to_lmms_eval(read_runs(runs[1:]), tmp_path, True, CATALOG)
    files[1].write_text(files[1].read_text().replace('"sample": "0/plain"', '"sample": "0/plane"'))
    with pytest.raises(DataError, match=r"1 of \d+ ids .*'0/plane'.*nearest: '0/plain'"):
        score_files(CATALOG.tasks["demo_safety"], [files[1]], (), "vlguard")


def test_lmms_evals_results_file(runs, tmp_path):
    path = to_lmms_eval(read_runs(runs[:1]), tmp_path, False, CATALOG)[0]
    found, chair = json.loads(path.read_text()), stored(runs[0])["demo_chair"]["metrics"]["chair_s"]
    assert path.parent.name == "demo"
    assert found["results"]["demo_chair"]["chair_s,none"] == chair["value"]
    assert found["results"]["demo_chair"]["chair_s_stderr,none"] == chair["stderr"]
    assert found["n-samples"]["demo_chair"] == {"original": 80, "effective": 80}
    assert found["higher_is_better"]["demo_chair"]["chair_s"] is False
    assert found["higher_is_better"]["demo_safety"]["balanced_accuracy"] is True
    assert found["configs"]["demo_chair"]["generation_kwargs"]["max_new_tokens"] == 160
    assert path.name == f"{found['date']}_results.json"
    assert found["git_hash"] is None


def test_two_runs_of_one_second_and_name_both_stay(runs, tmp_path):
    shutil.copytree(runs[1], tmp_path / "twin")
    files = to_lmms_eval(read_runs([runs[1], tmp_path / "twin"]), tmp_path / "out", False, CATALOG)
    assert len(set(files)) == 2
    assert all(path.is_file() for path in files)


# -- model cards

CARD = """---
# about us
license: mit
model-index:
- name: demo
  results:
  - task: {type: x}
    dataset: {type: other, name: Other}
    metrics: [{type: acc, value: 1}]
  - task: {type: x}
    dataset: {type: demo_chair, name: demo_chair}
    metrics: [{type: chair_s, value: 0.99, name: chair_s (official scoring)}]
tags: [a, b]  # kept
---
# My model\r

---
model-index: not this one
"""


def test_a_card_keeps_what_is_there(runs, tmp_path):
    from huggingface_hub import ModelCard

    card = tmp_path / "README.md"
    card.write_bytes(CARD.encode())
    index = model_index(read_runs(runs[:1]))
    write_card(card, index)
    text = card.read_bytes().decode()
    assert text.startswith("---\n# about us\nlicense: mit\ntags: [a, b]  # kept\nmodel-index:\n")
    assert text.endswith("---\n# My model\r\n\n---\nmodel-index: not this one\n")
    results = ModelCard.load(card).data.eval_results
    values = {(one.dataset_type, one.metric_type): one.metric_value for one in results}
    chair = stored(runs[0])["demo_chair"]["metrics"]["chair_s"]["value"]
    assert len(values) == len(results) == 5
    assert values["other", "acc"] == 1
    assert values["demo_chair", "chair_s"] == round(chair, 4) != 0.99
    write_card(card, index)
    assert card.read_bytes().decode() == text


def test_a_card_without_front_matter_gets_one(runs, tmp_path):
    from huggingface_hub import ModelCard

    card = tmp_path / "README.md"
    card.write_text("only text\n")
    write_card(card, model_index(read_runs(runs[:1]), name="us/our-model"))
    assert card.read_text().endswith("---\nonly text\n")
    assert ModelCard.load(card).data.model_name == "us/our-model"


@pytest.mark.parametrize("head", ["a: [", "- a\n- b", "model-index: 3", "model-index:\n- name: x\n# here\n- name: y"])
def test_front_matter_that_cannot_be_kept_is_left_alone(runs, tmp_path, head):
    card = tmp_path / "README.md"
    card.write_text(f"---\n{head}\n---\ntext\n")
    with pytest.raises(DataError, match=r"README\.md"):
        write_card(card, model_index(read_runs(runs[:1])))
    assert card.read_text() == f"---\n{head}\n---\ntext\n"


def test_two_runs_of_one_model_and_task_are_no_card(runs, tmp_path):
    shutil.copytree(runs[1], tmp_path / "again")
    with pytest.raises(DataError, match="both hold demo_safety of demo-dpo"):
        model_index(read_runs([runs[1], tmp_path / "again"]))
    assert [entry["name"] for entry in model_index(read_runs(runs))] == ["demo", "demo-dpo"]


# -- MLflow


@pytest.fixture
def store(tmp_path, monkeypatch):
    pytest.importorskip("mlflow", reason="mlflow is not installed")
    pytest.importorskip("sqlalchemy", reason="MLflow's sqlite store needs sqlalchemy")
    pytest.importorskip("alembic", reason="MLflow's sqlite store needs alembic")
    (tmp_path / "store").mkdir()
    monkeypatch.chdir(tmp_path / "store")  # where MLflow puts artifacts of a sqlite store
    return f"sqlite:///{tmp_path}/store/mlflow.db"


def test_mlflow_holds_a_run_once(runs, store):
    import mlflow

    found = read_runs(runs)
    first = to_mlflow(found, store, "nightly", CATALOG)
    again = to_mlflow(found, store, "nightly", CATALOG)
    assert [one["state"] for one in first + again] == ["new", "new", "updated", "updated"]
    assert [one["id"] for one in first] == [one["id"] for one in again]
    client = mlflow.MlflowClient(store)
    known = client.search_runs([client.get_experiment_by_name("nightly").experiment_id])
    assert len(known) == 2
    one = client.get_run(first[0]["id"])
    chair = stored(runs[0])["demo_chair"]["metrics"]["chair_s"]
    for end, part in (("", "value"), ("_low", "low"), ("_high", "high"), ("_stderr", "stderr")):
        assert one.data.metrics[f"demo_chair/chair_s{end}"] == chair[part]
    assert len(client.get_metric_history(one.info.run_id, "demo_chair/chair_s")) == 1
    assert one.data.tags["model.digest"] == found[0].digest
    assert one.data.tags["data.demo_chair"] == found[0].asked("demo_chair")["fingerprint"]
    assert one.data.tags["mmeval.version"] == mmeval.__version__
    assert one.data.params["config.temperature"] == "0.0"
    assert one.info.status == "FINISHED"
    kept = {item.path for item in client.list_artifacts(one.info.run_id)}
    assert kept == {"metrics.json", "run.json", "report.html"}
    path = client.download_artifacts(one.info.run_id, "metrics.json")
    assert Path(path).read_bytes() == (runs[0] / "metrics.json").read_bytes()


def test_mlflow_takes_figures_that_changed(runs, store, tmp_path):
    import mlflow

    shutil.copytree(runs[1], tmp_path / "run")
    (id,) = (one["id"] for one in to_mlflow(read_runs([tmp_path / "run"]), store, "x", CATALOG))
    figures = stored(tmp_path / "run")
    figures["demo_safety"]["metrics"]["over_refusal"]["value"] = 0.125
    RunFolder(tmp_path / "run").write_json("metrics.json", figures)
    (again,) = to_mlflow(read_runs([tmp_path / "run"]), store, "x", CATALOG)
    assert again == {"run": str(tmp_path / "run"), "id": id, "state": "updated"}
    client = mlflow.MlflowClient(store)
    assert client.get_run(id).data.metrics["demo_safety/over_refusal"] == 0.125
    assert len(client.get_metric_history(id, "demo_safety/over_refusal")) == 2
    assert len(client.get_metric_history(id, "demo_safety/balanced_accuracy")) == 1


def test_mlflow_needs_a_place_and_says_what_fails_without_its_password(runs, store, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_URI"):
        to_mlflow(read_runs(runs[1:]), None, "x", CATALOG)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UsageError, match="MLflow refuses") as error:
        to_mlflow(read_runs(runs[1:]), "http://me:hunter2@127.0.0.1:9", "x", CATALOG)
    assert "hunter2" not in str(error.value)


def test_a_run_is_the_same_until_something_that_decides_it_changes(runs, tmp_path):
    shutil.copytree(runs[1], tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    before = identity(read_runs([run.path])[0])
    record = run.read_json("run.json")
    run.write_json("run.json", record | {"started": "2030-01-01T00:00:00+00:00", "seconds": 1.0})
    assert identity(read_runs([run.path])[0]) == before
    for part, change in (("model", {"digest": "new weights"}), ("config", {"seed": 7}), ("versions", {"torch": "9"})):
        run.write_json("run.json", record | {part: record[part] | change})
        assert identity(read_runs([run.path])[0]) != before


# -- Weights & Biases


@pytest.fixture
def offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / "wandb" / name.lower()))
    return tmp_path / "wandb"


def logged(folder: Path) -> list:
    """The records of a .wandb file, which has the layout of a LevelDB log behind a header of 7 bytes."""
    from wandb.proto import wandb_internal_pb2 as messages

    raw = next(folder.glob("*.wandb")).read_bytes()
    at, part, records = 7, b"", []
    while at + 7 <= len(raw):
        if (left := 32768 - at % 32768) < 7:
            at += left
            continue
        _, size, kind = struct.unpack("<IHB", raw[at : at + 7])
        part += raw[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # whole, or the last of several parts
            records.append(messages.Record.FromString(part))
            part = b""
    return records


def test_wandb_offline(runs, offline):
    found = read_runs(runs)
    made = to_wandb(found, "p", offline, CATALOG)
    assert [one["id"] for one in made] == [identity(run) for run in found]
    records = logged(Path(made[0]["files"]))
    summary = {one.key: one.value_json for record in records for one in record.summary.update if one.key}
    chair = stored(runs[0])["demo_chair"]["metrics"]["chair_s"]
    assert json.loads(summary["demo_chair/chair_s"]) == chair["value"]
    kept = {
        item.path
        for record in records
        if record.artifact.type == "evaluation"
        for item in record.artifact.manifest.contents
    }
    assert kept == {"metrics.json", "run.json", "report.html"}
    (run,) = {record.run.project for record in records if record.run.run_id}
    assert run == "p"
    (table,) = Path(made[0]["files"]).rglob("*.table.json")
    rows = [
        dict(zip(one["columns"], row, strict=True)) for one in [json.loads(table.read_text())] for row in one["data"]
    ]
    assert {row["task"]: row["metric"] for row in rows}["demo_chair"] == "chair_s"
    assert len(rows) == 4
    assert next(row for row in rows if row["task"] == "demo_chair")["low"] == chair["low"]


def test_wandb_without_a_login_says_what_to_do(runs, tmp_path):
    pytest.importorskip("wandb", reason="wandb is not installed")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environment |= {"NETRC": str(tmp_path / "none"), "HOME": str(tmp_path)}
    code = (
        "import sys; from pathlib import Path; from mmeval.exporting.reading import read_runs;"
        "from mmeval.exporting.wandb import to_wandb; from mmeval.catalog import Catalog;"
        "to_wandb(read_runs([Path(sys.argv[1])]), 'p', Path(sys.argv[2]), Catalog({}))"
    )
    words = [sys.executable, "-c", code, str(runs[1]), str(tmp_path)]  # wandb reads its environment once a process
    done = subprocess.run(words, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    assert done.stderr.splitlines()[-1].startswith("mmeval.errors.UsageError: --to wandb: No API key")
    assert "WANDB_MODE=offline" in done.stderr.splitlines()[-1]


# -- all of them


def test_no_secret_leaves_in_files(leaky, tmp_path):
    out, found = tmp_path / "out", read_runs([leaky])
    to_lmms_eval(found, out, True, CATALOG)
    write_tables(found, "csv", out / "f.csv", True, CATALOG)
    card = out / "README.md"
    card.write_text("")
    write_card(card, model_index(found, True))
    assert not leaks(out)


def test_no_secret_leaves_to_mlflow(leaky, store, tmp_path):
    to_mlflow(read_runs([leaky]), store, "x", CATALOG)
    assert not leaks(tmp_path / "store")


def test_no_secret_leaves_to_wandb(leaky, offline):
    to_wandb(read_runs([leaky]), "p", offline, CATALOG)
    assert not leaks(offline)


def test_a_missing_package_is_named_with_its_mend():
    with pytest.raises(
        UsageError, match=r"needs no_such_package .*pip install this, or pip install 'mmeval\[export\]'"
    ):
        package("no_such_package", "this")


def test_a_run_without_figures_is_no_export(runs, tmp_path):
    shutil.copytree(runs[1], tmp_path / "run")
    (tmp_path / "run" / "metrics.json").unlink()
    with pytest.raises(UsageError, match=r"has no metrics\.json"):
        read_runs([tmp_path / "run"])
    with pytest.raises(UsageError, match="given twice"):
        read_runs([runs[1], runs[1]])


# -- the command


def command(*words: str):
    app = typer.Typer()
    app.callback()(lambda: None)
    app.add_typer(cli_export.app)
    return CliRunner().invoke(app, ["export", *map(str, words)])


def test_the_command_prints_csv_and_the_block(runs):
    done = command(*runs, "--to", "csv")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].startswith("run,model,digest,task,")
    assert len(done.stdout.splitlines()) == 1 + len(mmeval.figures(runs))
    block = yaml.safe_load(command(runs[0], "--to", "model-index").stdout)
    assert block == {"model-index": model_index(read_runs(runs[:1]))}
    several = yaml.safe_load(command(runs[0], "--to", "model-index", "--all-metrics").stdout)["model-index"][0]
    metrics = [metric["type"] for one in several["results"] for metric in one["metrics"]]
    assert {"chair_s", "chair_i", "over_refusal"} <= set(metrics)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--to", "parquet"), "needs -o FILE.parquet"),
        (("--to", "lmms-eval"), "needs -o FOLDER"),
        (("--to", "csv", "--card", "x"), "--card: means nothing to --to csv"),
        (("--to", "mlflow", "-o", "x"), "--output: means nothing to --to mlflow"),
        (("--to", "model-index", "--card", "no-such.md"), "no such file"),
        (("--to", "model-index", "--card", "x", "-o", "y"), "the one or the other"),
    ],
)
def test_what_an_option_cannot_mean_is_said(runs, words, why):
    done = command(runs[1], *words)
    assert isinstance(done.exception, UsageError)
    assert why in str(done.exception)
