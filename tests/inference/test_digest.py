"""What changes a request's digest, and what must not."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import time

import pytest

from mmeval.errors import DataError
from mmeval.inference import cores
from mmeval.inference.base import Decoding
from mmeval.samples import Image

from .conftest import png, request

pytest.importorskip("torch", reason="the transformers engine needs torch")
ASKED = request("t/0", png(1), "Is there a dog?")


def test_what_decides_the_answer_changes_the_digest(engine):
    ours = engine("llava")
    base = ours.digest(ASKED)
    other = [
        request("t/0", png(1), "Is there a cat?"),
        request("t/0", png(2), "Is there a dog?"),
        request("t/0", "Is there a dog?", png(1)),
        request("t/0", "Is there a dog?"),
        request("t/0", png(1), "Is there a dog?", tokens=7),
        request("t/0", png(1), "Is there a dog?", stop=("\n",)),
        request("t/0", png(1), "Is there a dog?", temperature=0.5),
        request("t/0", png(1), "Is there a dog?", temperature=0.5, repeat=1),
        request("t/0", png(1), "Is there a dog?", temperature=0.5, seed=1),
        request("t/0", png(1), "Is there a dog?", temperature=0.5, top_p=0.9),
        dataclasses.replace(ASKED, continuations=("Yes", "No")),
        dataclasses.replace(ASKED, continuations=("No", "Yes")),
    ]
    digests = [base, *(ours.digest(asked) for asked in other)]
    assert len(set(digests)) == len(digests)
    assert engine("llava", system="Be brief.").digest(ASKED) != base
    assert engine("llava", dtype="bfloat16").digest(ASKED) != base


def test_what_does_not_decide_it_changes_nothing(engine, copy_of):
    base = engine("llava").digest(ASKED)
    assert engine("llava", batch_size=3).digest(ASKED) == base
    assert engine(copy_of("llava", "another name")).digest(ASKED) == base
    assert engine("llava").digest(dataclasses.replace(ASKED, id="u/1")) == base
    idle = Decoding(6, seed=5, repeat=2, top_p=0.5)
    assert engine("llava").digest(dataclasses.replace(ASKED, decoding=idle)) == base


def test_the_same_picture_elsewhere_is_the_same(engine, tmp_path):
    ours = engine("llava")
    path = tmp_path / "a.png"
    path.write_bytes(png(1).encoded())
    assert ours.digest(request("t/0", Image(path=path), "Is there a dog?")) == ours.digest(ASKED)
    path.write_bytes(png(2).encoded())
    assert ours.digest(request("t/0", Image(path=path), "Is there a dog?")) != ours.digest(ASKED)


def test_a_picture_that_is_gone(engine, tmp_path):
    with pytest.raises(DataError, match=r"gone\.png"):
        engine("llava").digest(request("t/0", Image(path=tmp_path / "gone.png"), "What?"))


def test_one_byte_of_the_weights_at_the_old_path(engine, copy_of):
    folder = copy_of("llava")
    before = engine(folder).digest(ASKED)
    weights = folder / "model.safetensors"
    stat = weights.stat()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # a date that tells nothing
    assert engine(folder).digest(ASKED) != before


def test_how_pictures_are_prepared(engine, copy_of):
    folder = copy_of("llava")
    before = engine(folder).digest(ASKED)
    file = folder / "processor_config.json"
    settings = json.loads(file.read_text())
    settings["image_processor"]["image_mean"] = [0.1, 0.2, 0.3]
    file.write_text(json.dumps(settings))
    assert engine(folder).digest(ASKED) != before


@pytest.mark.parametrize(
    ("field", "value"),
    [("patch_size", 16), ("num_additional_image_tokens", 2), ("vision_feature_select_strategy", "full")],
)
def test_a_processor_s_own_fields(engine, copy_of, field, value):
    folder = copy_of("llava")
    before = engine(folder).digest(ASKED)
    file = folder / "processor_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), field: value}))
    changed = engine(folder)
    assert changed.digest(ASKED) != before
    assert changed.describe()["processor"][field] == value


def test_which_library_resizes(engine):
    """PIL and torchvision give pixels that differ; transformers' own `to_dict` calls both by the same name."""
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    from mmeval.inference import preprocess

    ours = engine("llava")
    assert preprocess.settings(ours.processor) == ours.settings  # the same before and after pictures are remembered
    ours.processor.image_processor = CLIPImageProcessorPil(**ours.processor.image_processor.to_dict())
    assert preprocess.settings(ours.processor) != ours.settings


@pytest.mark.parametrize("name", ["qwen2_vl", "idefics3", "gemma3", "llava_next", "mistral3", "llama"])
def test_no_folder_s_name_is_in_it(engine, copy_of, name):
    asked = request("t/0", "Is there a dog?")
    assert engine(copy_of(name)).digest(asked) == engine(name).digest(asked)


def test_threads_are_told_and_do_not_count(engine, monkeypatch):
    import torch

    for name in cores.SET_BY_USER:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cores, "count", lambda: 8)
    monkeypatch.setattr(cores, "load", lambda: 6.2)
    before, notes = torch.get_num_threads(), []
    torch.set_num_threads(4)
    try:
        busy = engine("llama", threads=None, on_note=notes.append)
        assert busy.describe()["threads"] == torch.get_num_threads() == 2
        assert notes == ["6 of 8 cores are busy: using 2 threads"]
        asked = request("t/0", "Is there a dog?")
        assert busy.digest(asked) == engine("llama", threads=1).digest(asked)
        torch.set_num_threads(2)
        busy.close()
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_nine_thousand_digests_are_quick(engine):
    from tests import miniatures

    ours = engine("llava")
    pictures = []
    for seed in range(500):
        file = io.BytesIO()
        miniatures.picture(seed, 120, 90).save(file, "PNG")
        pictures.append(Image(data=file.getvalue()))
    requests = [request(f"t/{i}", pictures[i // 18], f"Is there a thing of kind {i % 80} in it?") for i in range(9000)]
    start = time.perf_counter()
    assert len({ours.digest(asked) for asked in requests}) == 9000
    assert time.perf_counter() - start < 5
