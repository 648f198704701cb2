"""Asking until the decision is reached, with the demo checkpoint: what is asked, what the folder says, what goes on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mmeval
from mmeval.catalog import load_catalog
from mmeval.errors import UsageError
from mmeval.evaluation import Run
from mmeval.logs import verify
from mmeval.runs import RunFolder
from mmeval.tables import print_results
from mmeval.until_decided import UntilDecided
from tests.test_cli import call

N, CLUSTERS = 558, 40


def evaluate(model: str, tasks: str, output: Path, **more: Any) -> Run:
    return mmeval.evaluate(model, tasks, output=output, resamples=100, **more)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluate("demo", "demo_pope,demo_reward", tmp_path_factory.mktemp("base") / "run").path


COMMAND = ("run", "--model", "demo", "--tasks", "demo_pope", "--ablate", "shuffled-image", "--json")


@pytest.fixture(scope="module")
def stopped(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo checkpoint shown the wrong pictures: much worse, and soon seen to be."""
    path = tmp_path_factory.mktemp("stopped") / "run"
    until = UntilDecided(base)
    return mmeval.evaluate("demo", "demo_pope", output=path, ablate="shuffled-image", until_decided=until).path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_decided_run_stops_and_its_folder_says_so(
    base: Path, stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, metrics = (json.loads((stopped / name).read_text()) for name in ("run.json", "metrics.json"))
    told = record["until_decided"]["tasks"]["demo_pope"]
    assert told["decision"] == "worse"
    assert (told["samples"], told["asked"] + told["not_asked"]) == (N, N)
    assert told["not_asked"] > N / 4
    assert told["looks"][-1]["clusters"] == 20 < told["clusters"] == CLUSTERS
    assert record["until_decided"]["against"] == str(base)
    assert record["tasks"]["demo_pope"]["samples"] == N
    assert record["tasks"]["demo_pope"]["not_asked"] == metrics["demo_pope"]["not_asked"] == told["not_asked"]
    assert (metrics["demo_pope"]["n"], metrics["demo_pope"]["missing"]) == (told["asked"], 0)
    assert metrics["demo_pope"]["metrics"]["f1"]["clusters"] == 20
    assert metrics["demo_pope"]["metrics"]["f1"]["value"] == pytest.approx(told["looks"][-1]["first"])
    samples, answers = lines(stopped / "samples.jsonl"), lines(stopped / "responses.jsonl")
    assert len(samples) == told["asked"]
    assert {one["request"] for one in samples} == {one["digest"] for one in answers}  # nothing else was asked
    assert record["asked"] == len(answers)
    (note,) = (note for note in record["notes"] if "stopped early" in note)
    assert f"{told['asked']} of {N} asked" in note
    assert note.partition(";")[0].partition(": f1")[0] in (stopped / "report.html").read_text()
    print_results(metrics, {}, load_catalog())
    assert f"{told['asked']} samples, 0 missing, {told['not_asked']} not asked" in capsys.readouterr().out
    assert verify(RunFolder.existing(stopped), load_catalog()).differences == {}


def test_the_base_figure_is_that_of_the_same_samples(base: Path, stopped: Path) -> None:
    from mmeval.scoring import table_of
    from mmeval.statistics.sums import spread_of

    task = load_catalog().tasks["demo_pope"]
    asked = {one["sample"] for one in lines(stopped / "samples.jsonl")}
    frame = RunFolder.existing(base).scores()
    rows = frame[(frame["task"] == "demo_pope") & frame["sample"].isin(asked)].dropna(axis=1, how="all")
    value, _, _ = spread_of(table_of(rows), task.scorer_for()[1].metrics["f1"], resamples=2)
    look = json.loads((stopped / "run.json").read_text())["until_decided"]["tasks"]["demo_pope"]["looks"][-1]
    assert value == pytest.approx(look["second"])


def test_the_same_command_stops_where_it_did(
    base: Path, stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = shutil.copytree(stopped, tmp_path / "again")
    rows = lines(again / "responses.jsonl")[:50]  # stopped by somebody after 50 answers
    (again / "responses.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, err = call(capsys, *COMMAND, "--output", again, "--against", base, "--until-decided")
    assert code == 0
    assert "stopped early" in err
    assert json.loads(out)["tasks"] == json.loads((stopped / "metrics.json").read_text())
    assert (again / "samples.jsonl").read_bytes() == (stopped / "samples.jsonl").read_bytes()
    record = json.loads((again / "run.json").read_text())
    assert record["reused"] == 50
    assert record["asked"] + 50 == len(lines(stopped / "responses.jsonl"))
    assert record["until_decided"] == json.loads((stopped / "run.json").read_text())["until_decided"]


def test_without_the_option_the_rest_is_asked_and_only_the_rest(
    base: Path, stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(stopped, tmp_path / "run")
    before = (folder / "responses.jsonl").read_bytes()
    code, out, _ = call(capsys, *COMMAND, "--output", folder)
    assert code == 0
    after = (folder / "responses.jsonl").read_bytes()
    assert after.startswith(before)
    record, result = json.loads((folder / "run.json").read_text()), json.loads(out)["tasks"]["demo_pope"]
    digests = [one["digest"] for one in lines(folder / "responses.jsonl")]
    assert len(digests) == len(set(digests)) == record["asked"] + len(before.splitlines())
    assert (result["n"], result["missing"]) == (N, 0)
    assert "not_asked" not in result
    assert "until_decided" not in record
    assert not any("stopped" in note for note in record["notes"])
    assert verify(RunFolder.existing(folder), load_catalog()).differences == {}
    # What is answered is used, though the decision would have been there earlier.
    code, out, err = call(capsys, *COMMAND, "--output", folder, "--against", base, "--until-decided")
    assert json.loads(out)["tasks"]["demo_pope"] == result
    assert "asked in full (558): f1 is worse" in err
    assert verify(RunFolder.existing(folder), load_catalog()).differences == {}


def test_equal_answers_of_40_pictures_are_no_decision(base: Path, tmp_path: Path) -> None:
    finished = evaluate(f"replay:{base}", "demo_pope", tmp_path / "run", until_decided=UntilDecided(base))
    assert finished.tasks["demo_pope"]["n"] == N
    assert any("asked in full (558) and not decided" in note for note in finished.notes)
    looks = json.loads((tmp_path / "run" / "run.json").read_text())["until_decided"]["tasks"]["demo_pope"]["looks"]
    assert [look["clusters"] for look in looks] == [*range(20, 41, 2)]
    assert all(look["difference"] == 0 and look["low"] < -0.01 for look in looks)
    wide = UntilDecided(base, margin=40)
    decided = evaluate(f"replay:{base}", "demo_pope", tmp_path / "wide", until_decided=wide)
    assert decided.tasks["demo_pope"]["not_asked"] > 0
    assert any("not worse by more than the margin" in note for note in decided.notes)


def answered(base: Path, path: Path, change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> str:
    """A model that answers as the base run did, but for what `change` makes of it."""
    base_texts = {one["digest"]: one["text"] for one in lines(base / "responses.jsonl")}
    asked = lines(base / "samples.jsonl")
    rows = [{"id": f"{one['task']}/{one['sample']}", "text": base_texts[one["request"]]} for one in asked]
    path.write_text("".join(json.dumps(change(i, row)) + "\n" for i, row in enumerate(rows)))
    return f"replay:{path}"


def test_each_task_stops_by_itself_and_the_5_percent_are_split(base: Path, tmp_path: Path) -> None:
    """demo_reward also counts by group: a pair of captions in both orders."""
    silent = answered(
        base, tmp_path / "a.jsonl", lambda i, row: row | ({"text": "?"} if row["id"].startswith("demo_reward/") else {})
    )
    finished = evaluate(silent, "demo_pope,demo_reward", tmp_path / "run", until_decided=UntilDecided(base))
    told = json.loads((tmp_path / "run" / "run.json").read_text())["until_decided"]
    assert told["alpha_each"] == 0.025
    assert {name: one["decision"] for name, one in told["tasks"].items()} == {"demo_pope": None, "demo_reward": "worse"}
    assert "not_asked" not in finished.tasks["demo_pope"]
    reward = finished.tasks["demo_reward"]
    assert reward["n"] == 198 - reward["not_asked"] < 198
    assert reward["metrics"]["accuracy"]["value"] == pytest.approx(told["tasks"]["demo_reward"]["looks"][-1]["first"])
    assert verify(RunFolder.existing(tmp_path / "run"), load_catalog()).differences == {}


def test_missing_answers_are_left_out_of_both_runs(base: Path, tmp_path: Path) -> None:
    def fails(i: int, row: dict[str, Any]) -> dict[str, Any]:
        return row | ({"finish": "error", "error": "server down"} if i % 3 == 0 else {})

    finished = evaluate(
        answered(base, tmp_path / "a.jsonl", fails), "demo_pope", tmp_path / "run", until_decided=UntilDecided(base)
    )
    looks = json.loads((tmp_path / "run" / "run.json").read_text())["until_decided"]["tasks"]["demo_pope"]["looks"]
    assert finished.tasks["demo_pope"]["missing"] == N / 3
    assert looks[-1]["n"] == N - N / 3
    assert looks[-1]["difference"] == 0  # the base's answers to those questions don't count either


def test_judged_tasks_are_asked_in_full(base: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "none", "text": "A dog."}\n')
    model = f"replay:{tmp_path / 'a.jsonl'}"  # it answers nothing, which must not hinder the looks either
    judged = evaluate(model, "demo_dialogue,demo_pope", tmp_path / "first")
    finished = evaluate(model, "demo_dialogue,demo_pope", tmp_path / "run", until_decided=UntilDecided(judged.path))
    assert any(note.startswith("demo_dialogue: asked in full, for a judge reads") for note in finished.notes)
    assert "not_asked" not in finished.tasks["demo_dialogue"]
    other = evaluate(model, "demo_dialogue,demo_pope", tmp_path / "other", until_decided=UntilDecided(base))
    assert any("demo_dialogue: asked in full, for" in note and "no figures" in note for note in other.notes)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--against", "BASE"], "mmeval compare"),
        (["--until-decided"], "--against RUN"),
        (["--margin", "2"], "--until-decided"),
        (["--against", "BASE", "--until-decided", "--margin", "-1"], "--margin -1"),
        (["--against", "nowhere", "--until-decided"], "nowhere: no run folder"),
        (["--against", "BASE", "--until-decided", "--limit", "100"], "100 samples here and 558"),
        (["--against", "BASE", "--until-decided", "--max-new-tokens", "3"], "--max-new-tokens 16"),
        (["--against", "BASE", "--until-decided", "--scoring", "lmms-eval"], "--scoring official"),
        (["--against", "STOPPED", "--until-decided"], "stopped early in demo_pope"),
        (["--against", "BASE", "--until-decided", "--output", "BASE"], "this run itself"),
    ],
)
def test_mistakes_are_named_before_the_model_is_loaded(
    more: list[str], said: str, base: Path, stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = {"BASE": str(base), "STOPPED": str(stopped)}
    words = [folders.get(word, word) for word in more]
    output = [] if "--output" in words else ["--output", str(tmp_path / "run")]
    before = (base / "run.json").read_bytes()
    code, _, err = call(capsys, "run", "--model", "demo", "--tasks", "demo_pope", *output, *words)
    assert code == 64
    assert said in err.splitlines()[-1]
    assert "loading" not in err
    assert (base / "run.json").read_bytes() == before


def test_a_base_that_was_asked_otherwise_or_did_not_finish_is_refused(base: Path, tmp_path: Path) -> None:
    other = shutil.copytree(base, tmp_path / "base")
    record = json.loads((other / "run.json").read_text())
    record["tasks"]["demo_pope"]["prompt"] = "lmms-eval"
    (other / "run.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match=r"official here and lmms-eval in .*; pass --prompt lmms-eval"):
        evaluate("demo", "demo_pope", tmp_path / "run", until_decided=UntilDecided(other))
    (other / "run.json").write_text(json.dumps(record | {"status": "interrupted"}))
    with pytest.raises(UsageError, match="is interrupted; run its command again"):
        evaluate("demo", "demo_pope", tmp_path / "run", until_decided=UntilDecided(other))
    with pytest.raises(UsageError, match="has none of these tasks"):
        evaluate("demo", "demo_chair", tmp_path / "run", until_decided=UntilDecided(base))
