"""Nights with real checkpoints: what is new is asked once, what fails shows, what was stopped goes on.

Each night is a real `mmeval run` in a process of its own; one site is made once and copied for each test.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from mmeval.nights import read_nights
from tests.test_cli import call

ROOT = Path(__file__).parent.parent
NOTED = 'printf "%s|%s|%s|%s" "$MMEVAL_OUTCOME" "$MMEVAL_EXIT_CODE" "$MMEVAL_CANNOT_TELL" "$MMEVAL_FAILED" >> noted.txt'


def checkpoint(of: str, place: Path, age: float) -> Path:
    """A bundled checkpoint as a training run leaves it, written so many seconds ago."""
    shutil.copytree(ROOT / "models" / of, place)
    for path in place.iterdir():
        os.utime(path, (time.time() - age,) * 2)
    return place


def truncate(place: Path, size: int = 3_000_000) -> None:
    with (place / "model.safetensors").open("r+b") as file:
        file.truncate(size)


def train(place: Path) -> None:
    """New weights into the same folder."""
    from safetensors.numpy import load_file, save_file

    tensors = load_file(place / "model.safetensors")
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 2)
    save_file(tensors | {name: tensors[name] * 1.001}, place / "model.safetensors", {"format": "pt"})


def write_config(home: Path, **changed: object) -> Path:
    config = {
        "checkpoints": {"folder": "checkpoints", "settled": 0},
        "base": "base",
        "tasks": "demo_pope",
        "limit": 20,
        "run": {"device": "cpu"},
        "site": "site",
        "tries": 2,
    }
    (home / "nightly.yaml").write_text(yaml.safe_dump(config | changed))
    return home / "nightly.yaml"


def nightly(capsys: pytest.CaptureFixture[str], home: Path, *more: str) -> tuple[int, dict[str, dict], str]:
    """(exit code, --json, stderr)"""
    code, out, err = call(capsys, "nightly", home / "nightly.yaml", "--json", *more)
    return code, json.loads(out) if out else {}, err


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def night(site: Path, checkpoint: str) -> Path:
    (found,) = (site / "runs").glob(f"{checkpoint}-*")
    return found


def answers(run: Path) -> list[str]:
    return [json.loads(line)["digest"] for line in (run / "responses.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three checkpoints, the last with half its weights, after a first call."""
    home = tmp_path_factory.mktemp("training")
    checkpoint("demo", home / "base", 9000)
    checkpoint("demo", home / "checkpoints" / "step-1", 3000)
    checkpoint("demo-dpo", home / "checkpoints" / "step-2", 2000)
    truncate(checkpoint("demo-dpo", home / "checkpoints" / "step-3", 1000))  # written last
    write_config(home, notify=NOTED)
    command = [sys.executable, "-m", "mmeval", "nightly", str(home / "nightly.yaml"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    (home / "out.json").write_text(done.stdout)
    (home / "err.txt").write_text(done.stderr)
    (home / "code.txt").write_text(str(done.returncode))
    return home


@pytest.fixture
def home(first: Path, tmp_path: Path) -> Path:
    shutil.copytree(first, tmp_path / "training", symlinks=True)
    return tmp_path / "training"


def test_a_first_call_handles_all_and_a_broken_one_fails_alone(first: Path) -> None:
    said = json.loads((first / "out.json").read_text())
    assert (first / "code.txt").read_text() == "3", (first / "err.txt").read_text()
    assert said["outcome"] == "failed"
    nights = {one["checkpoint"]: one for one in said["nights"].values()}
    assert list(nights) == ["step-1", "step-2", "step-3"]
    assert [one["status"] for one in nights.values()] == ["cannot tell", "cannot tell", "failed"]
    assert "weights are broken or not all there" in nights["step-3"]["error"]
    assert nights["step-2"]["against"]["base"]["page"]
    assert nights["step-2"]["against"]["previous"]["night"] == night(first / "site", "step-1").name
    assert "previous" not in nights["step-1"]["against"]
    assert sum(nights["step-2"]["against"]["base"]["headlines"].values()) == 1
    assert (first / "noted.txt").read_text() == "failed|3|step-1,step-2|step-3"
    for one in ("step-1", "step-2"):
        metrics = json.loads((night(first / "site", one) / "metrics.json").read_text())
        assert metrics["demo_pope"]["n"] == 20


def test_every_page_is_there_and_links_lead_somewhere(first: Path) -> None:
    import re

    said = json.loads((first / "out.json").read_text())
    assert said["notes"] == []
    site = first / "site"
    index = (site / "index.html").read_text()
    links = re.findall(r'<a [^>]*href="([^"#]+)"', index)
    assert {"dashboard.html", "leaderboard.html"} <= set(links)
    assert all((site / link).is_file() for link in links), links
    assert sum(link.endswith("compare.html") for link in links) == 2
    assert sum(link.endswith("previous.html") for link in links) == 1
    assert "its weights are broken or not all there" in index
    assert "failed" in (site / "dashboard.html").read_text()


def test_the_dashboard_reads_the_nights_as_they_were(first: Path) -> None:
    nights = read_nights(first / "site" / "runs")
    assert [(one.checkpoint, one.status, one.verdict) for one in nights] == [
        ("step-1", "done", "cannot tell"),
        ("step-2", "done", "cannot tell"),
        ("step-3", "failed", None),
    ]
    assert nights[0].results["demo_pope"]["n"] == 20
    assert "weights are broken" in str(nights[2].reason)


def test_a_second_call_asks_nothing_and_changes_nothing(
    first: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(home / "checkpoints" / "step-3")
    before = contents(home / "site")
    code, said, _ = nightly(capsys, home)
    assert code == 0
    assert said["outcome"] == "nothing new"
    assert said["nights"] == {}
    assert said["known"] == 3
    assert contents(home / "site") == before
    assert (home / "noted.txt").read_text() == (first / "noted.txt").read_text()


def test_a_failed_one_is_tried_again_then_given_up_until_its_files_change(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, _ = nightly(capsys, home)
    assert code == 3
    assert [one["tries"] for one in said["nights"].values()] == [2]
    asked = contents(home / "site" / "runs")
    code, said, err = nightly(capsys, home)
    assert code == 0
    assert said["nights"] == {}
    assert said["given_up"]["step-3"].startswith("failed 2 times, last: ")
    assert "step-3: not tried again until its files change" in err
    assert contents(home / "site" / "runs") == asked
    assert "Given up" in (home / "site" / "index.html").read_text()
    truncate(home / "checkpoints" / "step-3", 2_000_000)
    assert nightly(capsys, home, "--dry-run")[1]["planned"] != []


def test_added_and_replaced_weights_are_new_and_copies_are_not(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = home / "checkpoints"
    shutil.rmtree(place / "step-3")
    shutil.copytree(place / "step-2", place / "best")
    (place / "latest").symlink_to("step-2")
    assert nightly(capsys, home, "--dry-run")[1]["planned"] == []
    old = night(home / "site", "step-1")
    before = contents(old)
    train(place / "step-1")
    (home / "release.yaml").write_text("rules:\n  - metric: demo_pope.f1\n    at_most: 0\n")
    write_config(home, policy="release.yaml")
    code, said, _ = nightly(capsys, home)
    assert code == 1
    ((name, made),) = said["nights"].items()
    assert made["status"] == "regressed"
    assert made["gate"]["outcome"] == "regression"
    assert "<failure" in (home / "site" / name / "junit.xml").read_text()
    assert name.startswith("step-1-")
    assert name != old.name
    assert made["against"]["previous"]["night"] == night(home / "site", "step-2").name
    assert contents(old) == before


def test_a_half_written_checkpoint_is_left_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = home / "checkpoints"
    shutil.rmtree(place / "step-3")
    (place / "step-4").mkdir()
    checkpoint("demo", place / "step-5", 0)
    (place / "step-5" / "model.safetensors").unlink()
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    checkpoint("demo", place / "step-6", 0)
    (place / "step-6" / "model.safetensors").rename(place / "step-6" / "model-00001-of-00002.safetensors")
    (place / "step-6" / "model.safetensors.index.json").write_text(json.dumps(index))
    code, said, _ = nightly(capsys, home)
    assert code == 0
    assert said["nights"] == {}
    assert said["waiting"] == {
        "step-4": "no config.json yet",
        "step-5": "no weights yet",
        "step-6": "1 of 2 files with weights are not there yet, first model-00002-of-00002.safetensors",
    }
    assert "Not whole yet" in (home / "site" / "index.html").read_text()


def test_one_that_is_being_written_is_taken_once_it_is_settled(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(checkpoint("demo", home / "checkpoints" / "step-4", 0))
    os.utime(home / "checkpoints" / "step-4" / "model.safetensors", (0, 0))  # copies keep times, but came here just now
    write_config(home, checkpoints={"folder": "checkpoints", "glob": "step-4", "settled": 3})
    begun = time.time()
    _, said, _ = nightly(capsys, home, "--dry-run")
    assert said["planned"] == []
    assert "written less than 3 s ago" in said["waiting"]["step-4"]
    time.sleep(max(0.0, 3.5 - (time.time() - begun)))
    assert nightly(capsys, home, "--dry-run")[1]["planned"] != []


def test_dry_run_writes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(home / "site")
    code, said, _ = nightly(capsys, home, "--dry-run")
    assert code == 0
    assert [name.rpartition("-")[0] for name in said["planned"]] == ["step-1", "step-2", "step-3"]
    assert not (home / "site").exists()


def test_two_calls_do_not_collide(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(home / "site")
    with (home / "site" / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, said, err = nightly(capsys, home)
    assert code == 64
    assert said == {}
    assert "another mmeval nightly is at work on this site" in err
    assert contents(home / "site") == before


def test_killed_in_the_middle_it_goes_on(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(home / "checkpoints" / "step-3")
    undisturbed = night(home / "site", "step-2").rename(home / "undisturbed")
    command = [sys.executable, "-m", "mmeval", "nightly", str(home / "nightly.yaml")]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and not list((home / "site" / "runs").glob("step-2-*/responses.jsonl")):
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    there = night(home / "site", "step-2")
    kept = answers(there) if (there / "responses.jsonl").read_text().endswith("\n") else []
    assert not (there / "night.json").exists()
    code, said, _ = nightly(capsys, home)
    assert code == 2
    assert [one["checkpoint"] for one in said["nights"].values()] == ["step-2"]
    assert (there / "metrics.json").read_bytes() == (undisturbed / "metrics.json").read_bytes()
    assert len(answers(there)) == len(set(answers(there))) == len(answers(undisturbed))
    assert answers(there)[: len(kept)] == kept
    assert json.loads((there / "run.json").read_text())["reused"] >= len(kept)


def test_a_run_left_behind_by_a_killed_call_keeps_others_away(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(home / "checkpoints" / "step-3")
    shutil.rmtree(night(home / "site", "step-2"))
    command = [sys.executable, "-m", "mmeval", "nightly", str(home / "nightly.yaml")]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list((home / "site" / "runs").glob("step-2-*/.lock")):  # the run has begun
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert nightly(capsys, home)[0] == 64, "the run itself is still at work"
    with (home / "site" / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until it has ended
    code, said, _ = nightly(capsys, home)
    assert code == 2
    assert [one["status"] for one in said["nights"].values()] == ["cannot tell"]
    assert json.loads((night(home / "site", "step-2") / "run.json").read_text())["asked"] == 0


def test_stopped_as_schedulers_do_it_ends_with_its_run(home: Path) -> None:
    shutil.rmtree(night(home / "site", "step-2"))
    command = [sys.executable, "-m", "mmeval", "nightly", str(home / "nightly.yaml")]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    while process.poll() is None and not list((home / "site" / "runs").glob("step-2-*/.lock")):  # the run has begun
        time.sleep(0.005)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again" in err
    with (home / "site" / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # no run was left behind
    assert not (night(home / "site", "step-2") / "night.json").exists()


def test_a_base_that_can_t_be_run_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truncate(checkpoint("demo", tmp_path / "base", 0))
    checkpoint("demo", tmp_path / "checkpoints" / "step-1", 0)
    write_config(tmp_path)
    code, _, err = nightly(capsys, tmp_path)
    assert code == 70
    assert "base" in err
    assert "weights are broken or not all there" in err
    assert not (tmp_path / "site" / "runs").exists()


def test_the_index_in_a_browser(first: Path) -> None:
    """A file:// page without a script error, a request, a sideways scroll on a phone or a serious finding of axe."""
    from tests.browser import chromium  # which skips where there is none

    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    troubles: list[str] = []
    with chromium() as browser:
        for width, scheme in ((1280, "light"), (390, "dark")):
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            page.on("console", lambda message: troubles.append(message.text))
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("request", lambda request: troubles.extend([request.url] * (not request.url.startswith("file:"))))
            page.goto((first / "site" / "index.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            found = axe.Axe().run(page).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
            assert page.locator("tbody .status").all_inner_texts() == ["! failed", "? cannot tell", "? cannot tell"]
    assert [one for one in troubles if not one.startswith("data:")] == []


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    from mmeval.catalog import load_catalog
    from mmeval.nightly import site
    from mmeval.nightly.records import Record

    evil = "</title><script>document.title = 'owned'</script>{{ 7 * 7 }}"
    (tmp_path / "runs" / "evil").mkdir(parents=True)
    record = Record("2026-01-02T03:04:05+00:00", "failed", evil, None, None, evil, "d", "a", "t")
    notes = site.build(tmp_path, None, {"evil": record}, {evil: evil}, {evil: evil}, load_catalog())
    page = (tmp_path / "index.html").read_text()
    assert "<script>document" not in page
    assert page.count("&lt;script&gt;document") >= 6
    assert "{{ 7 * 7 }}" in page
    assert all("dashboard" in note for note in notes)
