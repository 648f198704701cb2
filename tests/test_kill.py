"""Nothing is lost: a run killed at random moments ends with the figures of an undisturbed one.

Each killed process is a real `mmeval run` of a real (small) model. They are forked from a server that has torch and
transformers loaded already, so that a kill costs a second rather than ten. MMEVAL_KILLS sets the number of kills.
"""

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from tests import miniatures
from tests.probes_data import write_pope

KILLS = int(os.environ.get("MMEVAL_KILLS", "20"))


def command(model: Path, data: Path, output: Path) -> list[str]:
    return [
        *("run", "--model", str(model), "--tasks", "pope", "--data", str(data), "--output", str(output)),
        *("--batch-size", "2", "--max-new-tokens", "4", "--dtype", "float32"),
    ]


def mmeval(arguments: list[str], quiet: Path) -> None:
    import torch

    from mmeval.cli import main

    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is born deaf to Ctrl-C
    sys.argv = ["mmeval", *arguments]
    with quiet.open("a") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        main()


@pytest.fixture(scope="module")
def forkserver() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            *("torch", "transformers.models.auto", "mmeval.inference.transformers", "pandas", "mmeval.reporting"),
            *("mmeval.evaluation", "mmeval.length", "mmeval.judging.quality"),
        ]
    )
    return context


def test_random_kills_change_no_figure(tmp_path: Path, forkserver: multiprocessing.context.ForkServerContext) -> None:
    model, data = miniatures.llava(tmp_path / "model"), write_pope(tmp_path / "data", pictures=12)
    quiet = tmp_path / "output.txt"

    def start(output: Path) -> multiprocessing.process.BaseProcess:
        process = forkserver.Process(target=mmeval, args=(command(model, data, output), quiet))
        process.start()
        return process

    start(tmp_path / "first").join(300)  # waits for the server to load torch, which would count as this run's time
    began = time.monotonic()
    undisturbed = start(tmp_path / "undisturbed")
    undisturbed.join(300)
    assert undisturbed.exitcode == 0, quiet.read_text()
    usual = time.monotonic() - began

    rng, kills, folders = random.Random(0), 0, 0
    while kills < KILLS:
        output = tmp_path / f"killed-{folders}"
        folders += 1
        while True:
            process = start(output)
            process.join(rng.uniform(0.0, usual) if kills < KILLS else 300)
            if process.exitcode is None:
                os.kill(process.pid, signal.SIGKILL)
                process.join(60)
                kills += 1
                continue
            assert process.exitcode == 0, quiet.read_text()
            break
        same_results(tmp_path / "undisturbed", output)


def same_results(whole: Path, killed: Path) -> None:
    assert (killed / "metrics.json").read_bytes() == (whole / "metrics.json").read_bytes()
    assert (killed / "scores.parquet").read_bytes() == (whole / "scores.parquet").read_bytes()
    digests = [json.loads(line)["digest"] for line in (killed / "responses.jsonl").read_text().splitlines()]
    assert len(digests) == len(set(digests)), "a finished request was asked again"
    assert set(digests) == {json.loads(line)["digest"] for line in (whole / "responses.jsonl").read_text().splitlines()}


def test_ctrl_c_is_130_and_the_same_command_goes_on(
    tmp_path: Path, forkserver: multiprocessing.context.ForkServerContext
) -> None:
    model, data = miniatures.llava(tmp_path / "model"), write_pope(tmp_path / "data", pictures=12)
    output, quiet = tmp_path / "run", tmp_path / "output.txt"
    process = forkserver.Process(target=mmeval, args=(command(model, data, output), quiet))
    process.start()
    log = output / "responses.jsonl"
    deadline = time.monotonic() + 120
    while process.exitcode is None and time.monotonic() < deadline:
        if log.exists() and log.stat().st_size > 2000:
            os.kill(process.pid, signal.SIGINT)
            break
        time.sleep(0.005)
    process.join(60)
    assert process.exitcode == 130, quiet.read_text()
    assert "run the same command again" in quiet.read_text()
    kept = len(log.read_text().splitlines())
    assert json.loads((output / "run.json").read_text())["status"] == "interrupted"
    again = forkserver.Process(target=mmeval, args=(command(model, data, output), quiet))
    again.start()
    again.join(300)
    assert again.exitcode == 0, quiet.read_text()
    record = json.loads((output / "run.json").read_text())
    assert record["status"] == "done"
    assert record["reused"] >= kept - 1
    assert kept > 0
