"""Pictures are prepared once, ahead, and joined without loss."""

from __future__ import annotations

import threading
import time

import pytest

from mmeval.samples import Image

from .conftest import answers, png, request, two_pictures

torch = pytest.importorskip("torch", reason="preprocessing makes tensors")

from mmeval.inference.preprocess import Failed, Preprocessor, Remembered, ahead, joined  # noqa: E402

ASKED = dict.fromkeys(
    ("llava", "qwen2_vl", "idefics3", "gemma3", "llava_next", "mistral3", "llava_onevision", "qwen2_5_vl", "qwen3_vl"),
    2,
) | {"smolvlm": 2, "internvl": 2, "paligemma": 5, "mllama": 5}
WORDS = ["Is there a dog?", "Is there a dog? Yes", "Describe this image in detail, please. " * 3, "", "No. A dog."]


class Counted:
    """Stands before a processor and notes how often it is asked; may say something else than it was told."""

    def __init__(self, inner, says=lambda text: text):
        self._inner, self._says, self.asked = inner, says, 0

    def __call__(self, text, **how):
        self.asked += len(text)
        return self._inner(text=[self._says(one) for one in text], **how)

    def __getattr__(self, name):
        return getattr(self._inner, name)


def as_one_by_one(ours, requests, processor=None):
    """Asserts that works prepared together have just what each has by itself; how often the processor was asked."""
    works = [ours.work(asked) for asked in requests]
    processor = processor or Counted(ours.processor)
    preprocessor = Preprocessor(processor)
    together, asked = preprocessor.prepare_all(works), processor.asked
    assert [work.request for work in together] == list(requests)
    for work, made in zip(works, together, strict=True):
        alone = preprocessor.prepare(work)
        assert made.features.keys() == alone.features.keys()
        for name, tensor in alone.features.items():
            assert made.features[name].dtype == tensor.dtype
            assert torch.equal(made.features[name], tensor), name
    return asked


@pytest.mark.parametrize("name", ASKED)
def test_prepared_together_is_as_prepared_by_itself(engine, name):
    ours = engine(name)
    one = [request(f"t/{i}", png(3, 52, 33), words) for i, words in enumerate(WORDS)]
    assert as_one_by_one(ours, one) == ASKED[name]
    two = [two_pictures(), request("t/a", png(7, 30, 44), " ", png(8, 61, 33), "A cat."), two_pictures("t/b")]
    as_one_by_one(ours, two)
    begun = [request(f"b/{i}", words, png(3, 52, 33), "A dog?" * i) for i, words in enumerate(["No.", "Yes", "No."])]
    as_one_by_one(ours, begun)


def test_prompts_of_text_are_prepared_together(engine):
    ours = engine("llama")
    works = [ours.work(request(f"t/{i}", words)) for i, words in enumerate(WORDS)]
    for work, made in zip(works, Preprocessor(None).prepare_all(works), strict=True):
        assert made.features["input_ids"].tolist() == [list(work.prompt.ids)]


def test_what_cannot_be_prepared_fails_by_itself(engine, tmp_path):
    ours = engine("llava")
    broken = Image(path=tmp_path / "gone.png")
    asked = [request("t/0", png(1), "A"), request("t/1", broken, "B"), request("t/2", png(1), "C")]
    failed = Failed(asked[1], "refused before")
    found = Preprocessor(ours.processor).prepare_all([ours.work(asked[0]), ours.work(asked[1]), failed,
                                                      ours.work(asked[2])])  # fmt: skip
    assert [isinstance(work, Failed) for work in found] == [False, True, True, False]
    assert "gone.png" in found[1].error
    assert found[2] is failed


def test_a_processor_that_changes_words_is_asked_for_every_prompt(engine):
    """Also when some prompts come out as expected after one that did not."""
    ours = engine("llava")
    processor = Counted(ours.processor, lambda text: text.replace("dog", "<s>"))
    words = ["A cat.", "A dog.", "A bird.", "A dog, too."]
    requests = [request(f"t/{i}", png(1), asked) for i, asked in enumerate(words)]
    assert as_one_by_one(ours, requests, processor) == len(words)


def test_a_processor_that_numbers_tokens_is_asked_for_every_prompt(engine):
    """With numbers behind the picture that are not those of text, nothing is known of the next prompt."""
    ours = engine("gemma3")

    class Numbering(Counted):
        def __call__(self, text, **how):
            found = super().__call__(text, **how)
            found["token_type_ids"] = torch.arange(found["input_ids"].shape[1])[None]
            return found

    requests = [request(f"t/{i}", png(1), words) for i, words in enumerate(WORDS)]
    assert as_one_by_one(ours, requests, Numbering(ours.processor)) == len(WORDS)


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
