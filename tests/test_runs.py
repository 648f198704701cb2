"""Run folders: the log survives what can happen to it."""

import json
import multiprocessing
from pathlib import Path

import pytest

from mmeval.errors import DataError, Interrupted, UsageError
from mmeval.inference.base import Response
from mmeval.runs import Asked, RunFolder, storage
from mmeval.samples import Sample, ask


def test_answers_come_back_and_the_last_one_counts(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path / "run") as run:
        run.append("d1", Response("t/1", "yes"))
        run.append("d2", Response("t/2", finish="error", error="no picture"))
        run.append("d2", Response("t/2", "né ☃", thinking="hm", loglikelihoods=(-1.5, -2.0)))
    known = RunFolder(tmp_path / "run").responses()
    assert known["d1"] == Response("t/1", "yes")
    assert known["d2"] == Response("t/2", "né ☃", thinking="hm", loglikelihoods=(-1.5, -2.0))


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_torn_last_line_is_no_answer_and_the_next_one_starts_clean(tmp_path: Path, cut: int) -> None:
    with RunFolder.open(tmp_path / "run") as run:
        run.append("d1", Response("t/1", "yes"))
        run.append("d2", Response("t/2", "no"))
    log = tmp_path / "run" / "responses.jsonl"
    log.write_bytes(log.read_bytes()[:-cut])
    assert set(RunFolder(tmp_path / "run").responses()) == {"d1"}
    with RunFolder.open(tmp_path / "run") as run:
        run.append("d3", Response("t/3", "maybe"))
    assert set(RunFolder(tmp_path / "run").responses()) == {"d1", "d3"}


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path / "run") as run:
        run.append("d1", Response("t/1", "yes"))
    log = tmp_path / "run" / "responses.jsonl"
    log.write_bytes(b"{oops\n" + log.read_bytes())
    with pytest.raises(DataError, match="line 1 can't be read"):
        RunFolder(tmp_path / "run").responses()


def _second(path: Path, said: "multiprocessing.Queue[str]") -> None:
    try:
        RunFolder.open(path)
        said.put("opened")
    except UsageError as error:
        said.put(str(error))


def test_the_second_process_is_refused(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    with RunFolder.open(tmp_path / "run"):
        other = context.Process(target=_second, args=(tmp_path / "run", said))
        other.start()
        assert "another mmeval run is writing" in said.get(timeout=60)
        other.join()
    with RunFolder.open(tmp_path / "run"):
        pass  # the lock went with its holder


def test_old_logs_are_set_aside_one_by_one(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        with RunFolder.open(tmp_path / "run") as run:
            run.set_log_aside()
            assert run.responses() == {}
            run.append("d", Response("t/1", text))
    assert (tmp_path / "run" / "responses.jsonl.1").is_file()
    assert (tmp_path / "run" / "responses.jsonl.2").is_file()
    assert RunFolder(tmp_path / "run").responses()["d"].text == "three"


def test_samples_come_back_as_they_were(tmp_path: Path) -> None:
    sample = Sample(
        "7", ask("Is it?"), ["a", 1], {"split": "x"}, "pic", {"figure": "f"}, {"objects": ["dog"], "deep": {"k": None}}
    )
    with RunFolder.open(tmp_path / "run") as run:
        run.write_samples([Asked("t", sample, "digest", ("p1", "p2")), Asked("t", sample, None, (), "no picture")])
    first, second = RunFolder(tmp_path / "run").samples()
    assert (first.sample, first.request, first.images) == (sample, "digest", ("p1", "p2"))
    assert (second.request, second.error) == (None, "no picture")


def test_a_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path / "run") as run:
        run.write_json("metrics.json", {"a": 1})
        with pytest.raises(ValueError, match="not JSON compliant"):
            run.write_json("metrics.json", {"a": float("nan")})
        assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == {"a": 1}
        assert not list((tmp_path / "run").glob(".metrics*"))


def test_a_full_disk_is_an_interruption_that_says_so(tmp_path: Path) -> None:
    full = Path("/dev/full")  # every write to it fails with ENOSPC
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(Interrupted, match="disk is full"), storage(tmp_path), full.open("wb", buffering=0) as sink:
        sink.write(b"x")


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run folder"):
        RunFolder.existing(tmp_path)
