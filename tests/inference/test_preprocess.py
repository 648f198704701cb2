"""Pictures are prepared once, ahead, and joined without loss."""

from __future__ import annotations

import threading
import time

import pytest

from mmeval.samples import Image

from .conftest import answers, png, request

torch = pytest.importorskip("torch", reason="preprocessing makes tensors")

from mmeval.inference.preprocess import Remembered, ahead, joined  # noqa: E402


def test_each_picture_is_opened_and_prepared_once(engine, monkeypatch):
    ours = engine("llava")
    opened, prepared = [], []
    original = Image.open
    monkeypatch.setattr(Image, "open", lambda image: (opened.append(image.name), original(image))[1])
    kind = type(ours.processor.image_processor._inner)
    preprocess = kind.preprocess
    monkeypatch.setattr(
        kind, "preprocess", lambda *args, **kwargs: (prepared.append(1), preprocess(*args, **kwargs))[1]
    )
    requests = [request(f"t/{i}", png(i % 4), f"Is there a dog? {i}") for i in range(24)]
    found = answers(ours, requests)
    assert sorted(opened) == [f"{seed}.png" for seed in range(4)]
    assert len(prepared) == 4
    assert len({response.text for response in found.values()}) > 4


def test_tensors_that_cannot_be_joined_go_through_the_processor_together(engine, monkeypatch):
    from mmeval.inference import preprocess

    requests = [request(f"t/{i}", png(i), "Is there a dog?" + " a cat" * i) for i in range(4)]
    expected = answers(engine("llava"), requests)
    monkeypatch.setattr(preprocess, "PICTURE_TENSORS", frozenset())
    assert answers(engine("llava"), requests) == expected


def test_ahead_keeps_order_and_distance():
    running, most, lock = 0, 0, threading.Lock()

    def slow(number):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with lock:
            running -= 1
        return number

    taken = []

    def source():
        for number in range(50):
            taken.append(number)
            yield number

    results = ahead(source(), slow, threads=3, depth=5)
    assert next(results) == 0
    assert len(taken) <= 6
    assert list(results) == list(range(1, 50))
    assert most <= 3


def test_remembered_computes_once_and_forgets_the_oldest():
    memory, computed = Remembered(2), []

    def ask(key):
        return memory.get(key, lambda: (computed.append(key), key * 2)[1])

    assert [ask(1), ask(1), ask(2), ask(3), ask(1)] == [2, 2, 4, 6, 2]
    assert computed == [1, 2, 3, 1]


def test_joined_pads_tokens_left_and_pictures_behind():
    rows = [
        {"input_ids": torch.tensor([[5, 6]]), "attention_mask": torch.ones(1, 2), "pixel_values": torch.ones(1, 2, 3)},
        {"input_ids": torch.tensor([[7]]), "attention_mask": torch.ones(1, 1), "pixel_values": torch.ones(1, 1, 3)},
    ]
    batch = joined(rows, pad=0)
    assert batch is not None
    assert batch["input_ids"].tolist() == [[5, 6], [0, 7]]
    assert batch["attention_mask"].tolist() == [[1, 1], [0, 1]]
    assert batch["pixel_values"].sum(-1).tolist() == [[3, 3], [3, 0]]
    assert joined([rows[0], {**rows[1], "aspect_ratio_ids": torch.ones(1)}], 0) is None
