"""A disk that fills up while a run is going: what was answered is kept, and the same command goes on."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import mmeval
from mmeval.errors import Interrupted
from tests import miniatures
from tests.probes_data import write_pope


def mount(options: str, folder: Path) -> bool:
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("size=160k", folder):
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_interrupts_and_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    model, data = miniatures.llava(tmp_path / "model"), write_pope(tmp_path / "data", pictures=12)

    def run(output: Path) -> mmeval.Run:
        options = {"threads": 1, "batch_size": 8, "dtype": "float32"}
        return mmeval.evaluate(
            str(model), "pope", data=[data], output=output, max_new_tokens=8, resamples=50, engine_options=options
        )

    (small_disk / "ballast").write_bytes(b"x" * 20_000)  # room for the samples, not for all answers
    with pytest.raises(Interrupted, match="disk is full"):
        run(small_disk / "run")
    kept = (small_disk / "run" / "responses.jsonl").read_bytes().count(b"\n")
    assert 0 < kept < 100
    assert mount("remount,size=64m", small_disk)
    finished = run(small_disk / "run")
    assert json.loads((small_disk / "run" / "run.json").read_text())["reused"] == kept
    assert finished.tasks == run(tmp_path / "undisturbed").tasks
