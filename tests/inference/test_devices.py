"""Many devices: real processes over miniatures must answer as one device does, whatever becomes of them."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mmeval.errors import EngineError, UsageError
from mmeval.inference import open_engine
from mmeval.inference.base import Decoding, Request, Response
from mmeval.samples import Image, ask

from .conftest import answers, png, questions, request, two_pictures

torch = pytest.importorskip("torch", reason="the transformers engine needs torch")

from mmeval.inference import devices, memory, parcels  # noqa: E402 (they need torch)

ROOT = Path(__file__).parents[2]


def opened(model: Path | str, device: str = "cpu,cpu", **options: Any) -> Any:
    return open_engine(str(model), device=device, **options)


@pytest.fixture(scope="module")
def pair(checkpoint: Callable[[str], Path]) -> Iterator[Any]:
    """Two processes on the CPU; tests leave them alive."""
    notes: list[str] = []
    engine = opened(checkpoint("llava"), on_note=notes.append)
    yield engine
    engine.close()
    assert notes == []


def drawn(seed: int, **more: Any) -> Image:
    """Drawn by a function that no other process could know."""
    from tests import miniatures

    return Image(draw=lambda: miniatures.picture(seed, 40, 30), name=f"{seed}", **more)


def mixed() -> list[Request]:
    """Pictures as bytes and drawn, several and none, sampled and scored."""
    sampled = Decoding(6, temperature=1.0, seed=3)
    shown = [drawn(i) for i in range(5)]
    return [
        *questions(count=12),
        two_pictures(),
        *(Request(f"t/drawn/{i}", ask(shown[i % 5], f"What is this? {i}"), sampled) for i in range(15)),
        *(Request(f"t/scored/{i}", ask(png(i), "A dog?"), Decoding(1), ("Yes", " No")) for i in range(6)),
    ]


def many(count: int, tokens: int = 6) -> list[Request]:
    """Four questions a picture."""
    return [request(f"t/{i}", png(i // 4 % 16), f"Is there a dog? {i}", tokens=tokens) for i in range(count)]


def same(one: dict[str, Response], other: dict[str, Response]) -> bool:
    """Equal but for log-likelihoods' rounding, which hangs on what stood beside a request in the batch."""
    sums = {key: response.loglikelihoods for key, response in other.items()}
    plain = [{key: dataclasses.replace(r, loglikelihoods=None) for key, r in of.items()} for of in (one, other)]
    return plain[0] == plain[1] and all(
        r.loglikelihoods == (sums[key] and pytest.approx(sums[key], abs=1e-4)) for key, r in one.items()
    )


def test_two_processes_answer_as_one_device(engine, pair):
    alone = engine("llava")
    assert same(answers(pair, mixed()), answers(alone, mixed()))
    assert [pair.digest(one) for one in mixed()] == [alone.digest(one) for one in mixed()]
    assert pair.rendered(mixed()[0]) == alone.rendered(mixed()[0])


def test_both_processes_work_and_stats_are_their_sums(pair):
    before = pair.stats()
    answers(pair, many(60))
    after = pair.stats()
    more = {label: after["answers"][label] - number for label, number in before["answers"].items()}
    assert sum(more.values()) == 60
    assert min(more.values()) >= 10, more
    assert after["rows"] - before["rows"] == 60
    assert 0 < after["busy"] <= 1
    assert after["new_tokens"] > before["new_tokens"]


def test_described_as_a_single_device_but_for_the_devices(engine, pair):
    ours, one = pair.describe(), engine("llava").describe()
    assert ours.pop("devices") == ["cpu #1", "cpu #2"]
    assert ours.pop("device") == "2 x cpu"
    cores = len(os.sched_getaffinity(0))
    wanted = max(1, cores // 2)
    assert ours.pop("threads") == min(wanted, int(os.environ.get("OMP_NUM_THREADS") or wanted))
    assert ours == {name: value for name, value in one.items() if name not in ("device", "threads")}
    json.dumps(ours)


def test_one_bad_request_spoils_no_other(engine, pair, tmp_path):
    def broken() -> Any:
        raise ValueError("no such colour")

    bad = [
        request("t/gone", Image(path=tmp_path / "gone.png"), "What?"),
        request("t/undrawn", Image(draw=broken), "What?"),
        request("t/long", png(1), "xyz " * 600),
    ]
    found = answers(pair, [*bad, *questions(count=6)])
    assert "gone.png" in found["t/gone"].error
    assert "no such colour" in found["t/undrawn"].error
    assert "1024" in found["t/long"].error
    assert {key: found[key] for key in found if key.startswith("t/") and key[2:].isdigit()} == answers(
        engine("llava"), questions(count=6)
    )


def test_a_run_that_is_left_early_disturbs_no_later_one(engine, pair):
    """Its requests have the same ids, and answers to them are still on their way."""
    left = pair.run(many(40, 30))
    next(left)
    left.close()
    assert answers(pair, questions(count=10)) == answers(engine("llava"), questions(count=10))
    assert answers(pair, []) == {}


def test_an_endless_source_is_no_trouble(pair, monkeypatch):
    from mmeval.inference import planning

    monkeypatch.setattr(planning, "WINDOW", 32)
    taken = 0

    def endless() -> Iterator[Request]:
        nonlocal taken
        while True:
            yield request(f"t/{taken}", png(taken // 4), "Is there a dog?", tokens=1)
            taken += 1

    running = pair.run(endless())
    first = {next(running).id for _ in range(70)}
    running.close()
    assert len(first) == 70
    assert taken < 70 + 5 * 32


def test_killed_processes(checkpoint, engine):
    """What one has not answered goes to the other; when that dies as well, its last words are told."""
    notes: list[str] = []
    ours = opened(checkpoint("llava"), on_note=notes.append)
    killed, other = ours.children
    os.kill(other.process.pid, signal.SIGINT)  # children leave Ctrl-C to the parent
    os.kill(killed.process.pid, signal.SIGSTOP)  # it takes parcels and answers nothing
    running = ours.run(mixed())
    found = [next(running)]
    os.kill(killed.process.pid, signal.SIGKILL)
    found += running
    assert same({one.id: dataclasses.replace(one, path="") for one in found}, answers(engine("llava"), mixed()))
    assert len(found) == len(mixed())
    assert len(notes) == 1
    assert "cpu #1: its process died (killed by SIGKILL" in notes[0]

    running = ours.run(many(100, 50))
    next(running)
    os.kill(other.process.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match="have died; on cpu #2: killed by SIGKILL"):
        list(running)
    with pytest.raises(EngineError, match="closed"):
        answers(ours, questions(count=1))
    ours.close()


def test_what_a_child_can_t_load_is_the_parent_s_error(engine, copy_of):
    from safetensors.torch import load_file, save_file

    folder = copy_of("llava")
    weights = load_file(folder / "model.safetensors")
    weights.pop(sorted(weights)[0])
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UsageError) as alone:
        engine(folder)
    with pytest.raises(UsageError) as ours:
        devices.open_devices(str(folder), ["cpu"])
    assert str(ours.value) == str(alone.value)


PARENT = """
import sys
from mmeval.inference.devices import open_devices
from tests.inference.test_devices import many
engine = open_devices(sys.argv[1], ["cpu"])
for response in engine.run(many(5000, 200)):
    print(engine.children[0].process.pid, flush=True)
"""


def test_a_killed_parent_leaves_no_orphans(checkpoint):
    """Killed at work, so that it can say nothing to anyone."""
    command = [sys.executable, "-c", PARENT, str(checkpoint("llava"))]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert running(child)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(child)
    parent.stdout.close()


def running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


# Children that play a part: what a real one says only when its machine fails.
PLAYED = """
import sys
from multiprocessing.connection import Connection
from mmeval.errors import EngineError, UsageError
from mmeval.inference.worker import *
parent = Connection(int(sys.argv[1]))
device = parent.recv().device
about = {{"numerics": "float32/sdpa/cpu", "processor": None, "device": device}}
{part}
parent.send(Ready(about, (2,)))
while True:
    parent.recv()
"""


def play(monkeypatch: pytest.MonkeyPatch, checkpoint: Callable[[str], Path], part: str) -> tuple[Any, list[str]]:
    notes: list[str] = []
    monkeypatch.setattr(devices, "START", PLAYED.format(part=part))
    return devices.open_devices(str(checkpoint("llama")), ["a", "b"], on_note=notes.append), notes


def test_notes_are_told_once_and_memory_s_with_the_device(monkeypatch, checkpoint):
    said = "; ".join(f"parent.send(Note({text!r}))" for text in ("3 tensors", "out of memory with 8 rows"))
    ours, notes = play(monkeypatch, checkpoint, said)
    assert sorted(notes) == ["3 tensors", "a: out of memory with 8 rows", "b: out of memory with 8 rows"]
    ours.close()


def test_a_device_that_fails_while_loading_is_left_out(monkeypatch, checkpoint):
    ours, notes = play(monkeypatch, checkpoint, "if device == 'a': sys.exit('CUDA out of memory.')")
    assert notes == ["a: its process died (exit code 1; last words: CUDA out of memory.); the other devices go on"]
    assert ours.describe()["device"] == "1 x b"
    ours.close()
    with pytest.raises(EngineError, match=r"all devices have died.*last words: CUDA out of memory\."):
        play(monkeypatch, checkpoint, "sys.exit('CUDA out of memory.')")


def test_a_model_that_runs_nowhere_is_an_engine_error(monkeypatch, checkpoint):
    with pytest.raises(EngineError, match="broken kernel"):
        play(monkeypatch, checkpoint, "parent.send(Broken(EngineError('broken kernel'))); sys.exit()")


def test_what_no_child_can_load_is_one_error(monkeypatch, checkpoint):
    with pytest.raises(UsageError, match=r"^no weights$"):
        play(monkeypatch, checkpoint, "parent.send(Broken(UsageError('no weights'))); sys.exit()")


def test_ctrl_c_ends_the_children_at_once(monkeypatch, checkpoint):
    ours, _ = play(monkeypatch, checkpoint, "")
    alive = [child.process for child in ours.children]
    # A shell's background job is born deaf to Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        list(ours.run(questions(count=4)))
    signal.signal(signal.SIGINT, before)
    assert [process.poll() for process in alive] == [-signal.SIGKILL] * 2


def test_devices_that_compute_differently_are_refused(monkeypatch, checkpoint):
    with pytest.raises(EngineError, match=r"bfloat16.* and float32"):
        play(monkeypatch, checkpoint, "if device == 'a': about['numerics'] = 'bfloat16/sdpa/cpu'")


def test_which_devices_a_name_means(monkeypatch):
    assert memory.pick_devices("cpu") == ["cpu"]
    assert memory.pick_devices("cpu, cpu,") == ["cpu", "cpu"]
    with pytest.raises(UsageError, match="cuda:7 is not on this machine"):
        memory.pick_devices("cuda:7,cpu")
    with pytest.raises(UsageError, match="--device gpu"):
        memory.pick_devices("gpu,gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert memory.pick_devices("all") == ["cuda:0", "cuda:1", "cuda:2"]
    assert memory.pick_devices("cuda,cuda:2") == ["cuda:0", "cuda:2"]
    with pytest.raises(UsageError, match="cpu and cuda"):
        memory.pick_devices("cpu,cuda:1")


def test_equal_pictures_are_pickled_once_and_drawn_ones_keep_their_content():
    noise = random.Random(0).randbytes(100_000)
    asked = [request(f"t/{i}", Image(data=bytes(bytearray(noise))), f"What? {i}") for i in range(20)]
    assert len(pickle.dumps(parcels.packed(asked))) < 110_000
    picture = drawn(1)
    (arrived,) = pickle.loads(pickle.dumps(parcels.packed([request("t/0", picture, "What?")])))
    (shown,) = arrived.messages[0].images
    assert shown.digest() == picture.digest()
    assert shown.open().tobytes() == picture.open().tobytes()
    assert dataclasses.replace(shown, draw=None) == dataclasses.replace(picture, draw=None)


def queue(requests: list[Request]) -> parcels.Queue:
    from mmeval.inference.preprocess import Failed
    from mmeval.inference.transformers import pictures_of

    return parcels.Queue(requests, partial(Failed, error=""), pictures_of, lambda item: ())


def test_a_parcel_holds_whole_groups_of_questions_on_a_picture():
    shown = [drawn(i) for i in range(6)]
    waiting = queue([request(f"{i}/{j}", shown[i], f"{j}") for j in range(5) for i in range(6)])
    assert waiting.waiting() == 30
    sizes = []
    while waiting.waiting():
        taken = waiting.take(12)
        sizes.append(len(taken))
        assert len({one.id[0] for one in taken}) == 2
    assert sizes == [10, 10, 10]
    one_picture = queue([request(f"{j}", shown[0], f"{j}") for j in range(30)])
    assert one_picture.waiting() == 30
    parts = [len(one_picture.take(12)) for _ in range(3)]
    assert parts == [12, 12, 6]


def test_what_comes_back_goes_first_and_heavy_pictures_bound_a_parcel(monkeypatch):
    waiting = queue([request(f"{i}", png(i), "What?") for i in range(8)])
    assert waiting.waiting() == 8
    taken = waiting.take(3)
    waiting.put_back(taken)
    assert waiting.waiting() == 8
    assert waiting.take(3) == taken
    monkeypatch.setattr(parcels, "BYTES", 1)
    assert len(waiting.take(5)) == 1


@pytest.mark.parametrize("number", [1, 7, 100, 5000])
@pytest.mark.parametrize("devices", [2, 4, 8])
def test_devices_finish_together(number, devices):
    """Played by a clock, with requests that take 0.5 to 1.5 s: at the end nobody waits for more than small parcels."""
    dice = random.Random(number)
    waiting, now, given = number, 0.0, []
    held: list[deque[tuple[int, float]]] = [deque() for _ in range(devices)]  # parcels: size, seconds
    ends = [0.0] * devices  # of the parcel that a device works on
    while waiting or any(held):
        for most in (1, 2):
            for place, mine in enumerate(held):
                own, under_way = sum(size for size, _ in mine), sum(size for parcel in held for size, _ in parcel)
                size = parcels.size(waiting, under_way, own, devices, 8)
                if len(mine) >= most or size <= 0:
                    continue
                mine.append((size, sum(dice.uniform(0.5, 1.5) for _ in range(size))))
                given.append(size)
                waiting -= size
                if len(mine) == 1:
                    ends[place] = now + mine[0][1]
        place = min((end, place) for place, end in enumerate(ends) if held[place])[1]
        now = ends[place]
        held[place].popleft()
        if held[place]:
            ends[place] = now + held[place][0][1]
    assert sum(given) == number
    assert max(ends) - min(end for end in ends if end or number >= devices) <= 2 * 8 * 1.5
    if number > 1000:
        assert given[0] >= 4 * given[-1]
        assert len(given) < 40 * devices


def test_the_demo_on_two_devices_is_the_demo_on_one(tmp_path):
    """The bundled checkpoint: the same figures, and a run goes on with another device count."""
    import mmeval

    options = {"suite": "demo", "limit": 4, "resamples": 50}
    one = mmeval.evaluate("demo", output=tmp_path / "one", engine_options={"device": "cpu"}, **options)
    engine = opened("demo")
    two = mmeval.evaluate(engine, output=tmp_path / "two", **options)
    for file in ("metrics.json", "scores.parquet"):
        assert (one.path / file).read_bytes() == (two.path / file).read_bytes()
    record = json.loads((two.path / "run.json").read_text())
    assert sum(record["engine"]["answers"].values()) == record["asked"] > 0
    log = (one.path / "responses.jsonl").read_bytes()
    again = mmeval.evaluate(engine, output=tmp_path / "one", **options)
    engine.close()
    record = json.loads((again.path / "run.json").read_text())
    assert (record["asked"], record["model"]["devices"]) == (0, ["cpu #1", "cpu #2"])
    assert (one.path / "responses.jsonl").read_bytes() == log
