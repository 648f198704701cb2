"""Real photographs end to end: probes from their annotations, through a checkpoint, to figures."""

import json
from pathlib import Path

import pytest

from tests.test_cli import call

PHOTOS = Path(__file__).parent.parent.parent / "shared" / "real" / "coco128"
pytestmark = pytest.mark.skipif(not PHOTOS.is_dir(), reason="the photographs (../shared/real/coco128) are not here")


def test_probes_and_captions_of_photographs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    build = ["data", "build", "pope", "--annotations", PHOTOS / "instances.json", "--images", PHOTOS / "images"]
    code, out, err = call(capsys, *build, "--out", "probes", "--json")
    assert code == 0, err
    built = json.loads(out)
    assert built["pictures"] >= 60
    assert len(set(built["questions"].values())) == 1
    code, out, err = call(
        capsys,
        *("run", "--model", "demo", "--tasks", "pope,chair", "--data", "probes"),
        *("--limit", "24", "--max-new-tokens", "24", "--json"),
    )
    assert code == 0, err
    tasks = json.loads(out)["tasks"]
    assert (tasks["pope"]["n"], tasks["pope"]["missing"]) == (24, 0)
    assert (tasks["chair"]["n"], tasks["chair"]["missing"]) == (24, 0)
