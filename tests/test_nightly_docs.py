"""docs/nightly.md does what it says: its configuration, its cron line and the steps of its workflow are run."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.test_nightly import checkpoint

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "nightly.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's home with `training` as the page has it: nightly.yaml, the base and a checkpoint that has settled; `bin`
    holds the commands that a machine with mmeval has. pip keeps what it was told: nothing is installed here."""
    home = tmp_path_factory.mktemp("home")
    (home / "bin").mkdir()
    for name, does in (
        ("mmeval", f'exec {shlex.quote(sys.executable)} -m mmeval "$@"'),
        ("pip", 'echo "$@" > pip.txt'),
    ):
        (home / "bin" / name).write_text(f"#!/bin/sh\n{does}\n")
        (home / "bin" / name).chmod(0o755)
    (home / "training").mkdir()
    (home / "training" / "nightly.yaml").write_text(blocks("yaml")[0])
    checkpoint("demo", home / "training" / "sft", 9000)
    checkpoint("demo-dpo", home / "training" / "checkpoints" / "step-500", 8000)
    config = yaml.safe_load(blocks("yaml")[0])
    assert "settled" not in config["checkpoints"]
    config["checkpoints"]["settled"] = 0  # the copy was made just now; all else is the page's
    (home / "training" / "nightly.yaml").write_text(yaml.safe_dump(config))
    return home


def bash(home: Path, command: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"},
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        **more,
    }
    return subprocess.run(
        ["bash", "-e", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=500
    )


def test_the_workflow_s_steps_run(training: Path) -> None:
    (workflow,) = [yaml.safe_load(block) for block in blocks("yaml") if "jobs:" in block]
    assert workflow[True]["schedule"], "`on` is what YAML reads as true"
    steps = workflow["jobs"]["nightly"]["steps"]
    summary, codes = training / "summary.md", {}
    for step in steps:
        if "run" in step:
            done = bash(training, step["run"], training / "training", GITHUB_STEP_SUMMARY=str(summary))
            codes[step["name"]] = (done.returncode, done.stderr)
    names = [step["name"] for step in steps if "run" in step]
    assert [codes[name][0] for name in names] in ([0, 0, 0], [0, 1, 0], [0, 2, 0]), codes
    assert (training / "training" / "pip.txt").read_text() == "install -r requirements.txt\n"
    said = json.loads((training / "training" / "nightly.json").read_text())
    (made,) = said["nights"].values()
    assert made["checkpoint"] == "step-500"
    assert made["status"] in ("passed", "regressed", "cannot tell")
    assert codes["Evaluate what is new"][0] == {"passed": 0, "regressed": 1, "cannot tell": 2}[made["status"]]
    assert said["notes"] == []
    assert "step-500" in summary.read_text()
    assert "artifact **site**" in summary.read_text()
    for step in steps:
        if step.get("uses", "").startswith("actions/upload-artifact"):
            assert (training / "training" / step["with"]["path"] / "index.html").is_file()
            assert step["if"] == "always()", "a regression fails the step before it"


def test_the_cron_line_runs_and_finds_nothing_new(training: Path) -> None:
    (line,) = [line for block in blocks("cron") for line in block.splitlines()]
    fields = line.split(maxsplit=5)
    assert all(re.fullmatch(r"[\d*/,-]+", field) for field in fields[:5])
    done = bash(training, fields[5], Path("/"))
    log = (training / "training" / "nightly.log").read_text()
    assert done.returncode == 0, log
    assert "nothing new (known: 1)" in log


def test_every_key_of_the_file_is_on_the_page() -> None:
    from mmeval.nightly.config import Checkpoints, Config

    text = PAGE.read_text()
    for name in (*Config.model_fields, *Checkpoints.model_fields):
        assert f"`{name}`" in text, name
