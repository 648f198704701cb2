"""nightly.yaml: what is refused and in which words, what it means for `mmeval run`, what a checkpoint is known by."""

from pathlib import Path

import pytest
import yaml

from mmeval.cli_nightly import run_options
from mmeval.errors import MmevalError
from mmeval.nightly.checkpoints import digest, look
from mmeval.nightly.config import Checkpoints, Plan, load_plan
from mmeval.nightly.records import exit_code

GOOD = {"checkpoints": {"folder": "checkpoints"}, "base": "demo", "tasks": "demo_pope", "site": "site"}


def plan(place: Path, **changed: object) -> Plan:
    (place / "nightly.yaml").write_text(yaml.safe_dump(GOOD | changed, sort_keys=False))
    return load_plan(place / "nightly.yaml", run_options())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"checkpoint": "x"}, "no key 'checkpoint'; did you mean 'checkpoints'?"),
        ({"checkpoints": {"folder": "x", "globb": "*"}}, "no key 'globb'; did you mean 'glob'?"),
        ({"checkpoints": {"glob": "*"}}, "checkpoints: name a folder, or names"),
        ({"limit": "few"}, "limit: input should be a valid integer"),
        ({"limit": 0}, "limit: input should be greater than 0"),
        ({"tasks": "demo_pop"}, "no task 'demo_pop'; did you mean demo_pope"),
        ({"tasks": ""}, "nothing to run; give suites or tasks"),
        ({"data": "nowhere"}, "nowhere: no such folder"),
        ({"policy": "nowhere.yaml"}, "nowhere.yaml"),
        ({"run": {"max-new-token": 3}}, "no option of `mmeval run` 'max-new-token'; did you mean 'max-new-tokens'?"),
        ({"run": {"max-new-tokens": "many"}}, "run: max-new-tokens: 'many': input should be a valid integer"),
        ({"run": {"limit": 3}}, "run: limit: stands at the top of the file, as 'limit'"),
        ({"run": {"output_path": "x"}}, "run: output_path: stands at the top of the file, as 'site'"),
        ({"run": {"fresh": True}}, "run: fresh: has no meaning from night to night"),
        ({"run": {"until-decided": True}}, "run: until-decided: has no meaning from night to night"),
    ],
)
def test_what_is_wrong_is_named_with_its_mend(tmp_path: Path, changed: dict, words: str) -> None:
    with pytest.raises(MmevalError) as refused:
        plan(tmp_path, **changed)
    assert words in str(refused.value)
    assert refused.value.exit_code in (64, 65)


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "", "checkpoints: {folder: x}\n"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "nightly.yaml").write_text(text)
    with pytest.raises(MmevalError, match=r"nightly\.yaml: (must hold|no YAML|base is missing)"):
        load_plan(tmp_path / "nightly.yaml", run_options())


def test_options_are_those_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "lora").mkdir()
    (tmp_path / "judges" / "mine").mkdir(parents=True)
    made = plan(
        tmp_path,
        suites="demo",
        tasks=["pope", "amber"],
        limit=5,
        data=["judges"],
        run={
            "batch_size": 8,
            "peft": "lora",
            "tree": False,
            "check": True,
            "per-token": False,
            "judge": ["judges/mine", "scenes"],
            "judge-votes": 3,
            "system": "--be brief",
        },
    )
    assert made.arguments == (
        "--suite=demo",
        "--tasks=pope,amber",
        "--limit=5",
        f"--data={tmp_path}/judges",
        "--batch-size=8",
        f"--adapter={tmp_path}/lora",
        "--no-tree",
        "--check",
        f"--judge={tmp_path}/judges/mine",
        "--judge=scenes",
        "--judge-votes=3",
        "--system=--be brief",
    )


def test_what_decides_the_answers_is_told_from_what_does_not(tmp_path: Path) -> None:
    plain = plan(tmp_path)
    assert plan(tmp_path, run={"device": "cpu", "batch-size": "4", "tree": False}).asked == plain.asked
    for changed in ({"limit": 5}, {"run": {"seed": 1}}, {"tasks": "demo_pope,demo_amber"}, {"suites": "demo"}):
        assert plan(tmp_path, **changed).asked != plain.asked
    (tmp_path / "release.yaml").write_text("rules:\n  - metric: demo_pope\n    not_worse_by: 1\n")
    gated = plan(tmp_path, policy="release.yaml")
    assert gated.asked == plain.asked
    assert gated.tried != plain.tried


def test_paths_are_relative_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "sft").mkdir()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    made = plan(tmp_path, base="sft").config
    assert made.base == str(tmp_path / "sft")
    assert made.site == tmp_path / "site"
    assert made.checkpoints.folder == tmp_path / "checkpoints"
    assert plan(tmp_path, base="owner/name").config.base == "owner/name"


def write(place: Path, **files: str) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (place / name.replace("__", ".")).write_text(text)
    return place


def whole(place: Path, weights: str = "weights") -> Path:
    return write(place, config__json="{}", model__safetensors=weights)


def test_content_is_what_a_checkpoint_is_known_by(tmp_path: Path) -> None:
    one, two = whole(tmp_path / "a"), whole(tmp_path / "b")
    assert digest(one) == digest(two)
    known = digest(two)
    write(two, trainer_state__json="{}", optimizer__pt="state")
    assert digest(two) == known, "what training keeps beside it does not count"
    write(two, chat_template__jinja="{{ messages }}")
    assert digest(two) != known
    whole(one, "other weights")
    assert digest(one) != known


def test_adapters_and_what_can_t_be_run_are_checkpoints_too(tmp_path: Path) -> None:
    base = '{{"base_model_name_or_path": "{}"}}'.format
    write(tmp_path / "lora", adapter_config__json=base("one"), adapter_model__safetensors="weights")
    write(tmp_path / "pickled", config__json="{}", pytorch_model__bin="weights")
    (tmp_path / "a-file").write_text("")
    found, waiting = look(Checkpoints(folder=tmp_path, settled=0))
    assert {one.name for one in found} == {"lora", "pickled"}
    assert waiting == {}
    before = digest(tmp_path / "lora")
    write(tmp_path / "lora", adapter_config__json=base("another"))
    assert digest(tmp_path / "lora") != before


def test_names_are_folders_bundled_checkpoints_or_servers(tmp_path: Path) -> None:
    whole(tmp_path / "mine")
    names = ("mine", "demo", "not-there", "openai:gpt@http://localhost:1")
    found, waiting = look(Checkpoints(folder=tmp_path, glob="", names=names, settled=0))
    assert {one.name for one in found} == {"mine", "demo", "openai:gpt@http://localhost:1"}
    assert waiting == {"not-there": "no such folder yet"}


def test_a_link_is_not_taken_beside_what_it_points_to(tmp_path: Path) -> None:
    whole(tmp_path / "step-9")
    (tmp_path / "best").symlink_to("step-9")
    assert [one.name for one in look(Checkpoints(folder=tmp_path, settled=0))[0]] == ["step-9"]


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([], 0),
        (["passed", "passed"], 0),
        (["passed", "cannot tell"], 2),
        (["regressed", "cannot tell"], 1),
        (["regressed", "failed", "cannot tell"], 3),
    ],
)
def test_the_worst_night_is_the_exit_code(statuses: list, code: int) -> None:
    assert exit_code(statuses) == code
