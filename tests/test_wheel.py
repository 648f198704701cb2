"""A wheel built from the repository works elsewhere, with its tasks, pages and checkpoints inside."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, unpacked where pip would put it, away from the repository."""
    pytest.importorskip("hatchling", reason="building needs hatchling (in the dev extra)")
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(out / "site")
    return out / "site"


def run(elsewhere: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -P and another folder: nothing of the repository may be found by accident
    return subprocess.run(
        [sys.executable, "-P", "-m", "mmeval", *arguments],
        cwd=elsewhere.parent,
        env={**os.environ, "PYTHONPATH": str(elsewhere)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_tasks_are_inside(elsewhere: Path) -> None:
    listed = run(elsewhere, "tasks", "--json")
    assert listed.returncode == 0, listed.stderr
    tasks = json.loads(listed.stdout)["tasks"]
    assert {"pope", "chair", "amber", "demo_pope"} <= set(tasks)


def test_the_demo_runs_from_it(elsewhere: Path) -> None:
    done = run(elsewhere, "run", "--model", "demo", "--tasks", "demo_pope", "--limit", "12", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["tasks"]["demo_pope"]["n"] == 12
    assert (elsewhere.parent / result["run"] / "report.html").stat().st_size > 10_000
