"""What users get wrong about a checkpoint's folder, and LoRA adapters."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from mmeval.errors import UsageError
from mmeval.inference import check_model, loading, open_engine

from .conftest import answers, questions, request

pytest.importorskip("torch", reason="the transformers engine needs torch")


def test_a_folder_that_is_no_model(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"no config.json.*notes\.txt"):
        open_engine(str(tmp_path))


def test_a_path_that_is_not_there_names_its_neighbours(tmp_path):
    (tmp_path / "checkpoint-500").mkdir()
    with pytest.raises(UsageError, match="has checkpoint-500"):
        open_engine(str(tmp_path / "chekpoint-500"))


def test_a_model_s_place_is_checked_without_reading_anything(tmp_path):
    (tmp_path / "file.safetensors").touch()
    for wrong, said in [
        (tmp_path / "nothing", "no such folder"),
        (tmp_path / "file.safetensors", "is a file"),
        (f"replay:{tmp_path}/nothing.jsonl", "no such file"),
        (f"replay:{tmp_path}", r"no responses\.jsonl"),
    ]:
        with pytest.raises(UsageError, match=said):
            check_model(str(wrong))
        with pytest.raises(UsageError, match=said):
            open_engine(str(wrong))
    for fine in (tmp_path, "demo", "somebody/some-model", f"replay:{tmp_path}/file.safetensors"):
        check_model(str(fine))


def test_a_hub_id_without_a_hub(monkeypatch):
    def offline(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", offline)
    with pytest.raises(UsageError, match=r"somebody/some-model.*no network"):
        open_engine("somebody/some-model")


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("processor_config.json", "no processor"),
        ("tokenizer.json", "no processor"),
        ("chat_template.jinja", "--chat-template FILE"),
        ("model.safetensors", "no weights"),
    ],
)
def test_a_folder_that_lacks_something(engine, copy_of, lost, said):
    folder = copy_of("llava")
    (folder / lost).unlink()
    with pytest.raises(UsageError, match=said):
        engine(folder)


def test_a_text_model_without_tokenizer(engine, copy_of):
    folder = copy_of("llama")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UsageError, match="no tokenizer"):
        engine(folder)


def test_saving_into_a_sharded_folder_leaves_an_index(engine, copy_of):
    folder = copy_of("llama")
    index = {"metadata": {}, "weight_map": {"lm_head.weight": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    asked = [request("t/0", "Is there a dog?")]
    assert answers(engine(folder), asked) == answers(engine("llama"), asked)


def test_the_code_of_a_checkpoint_is_part_of_it(copy_of):
    folder = copy_of("llama")

    def digests():
        return [loading.find(str(folder), None, None, code).digest() for code in (False, True)]

    (folder / "modeling_own.py").write_text("scale = 1")
    before = digests()
    (folder / "modeling_own.py").write_text("scale = 2")
    after = digests()
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_pickled_weights_are_refused(engine, copy_of):
    folder = copy_of("llama")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match="save_pretrained"):
        engine(folder)


def test_weights_that_would_be_random_are_refused(engine, copy_of):
    from safetensors.torch import load_file, save_file

    folder = copy_of("llama")
    kept = load_file(folder / "model.safetensors")
    kept.pop("model.layers.1.mlp.up_proj.weight")
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UsageError, match="up_proj"):
        engine(folder)


def test_weights_that_nobody_uses_are_noted(engine, copy_of):
    import torch
    from safetensors.torch import load_file, save_file

    folder = copy_of("llama")
    save_file({**load_file(folder / "model.safetensors"), "value_head.weight": torch.ones(2)},
              folder / "model.safetensors", metadata={"format": "pt"})  # fmt: skip
    notes: list[str] = []
    engine(folder, on_note=notes.append)
    assert "value_head.weight" in notes[0]


def test_options_that_mean_nothing(engine):
    with pytest.raises(UsageError, match="no torch dtype"):
        engine("llama", dtype="float99")
    with pytest.raises(UsageError, match="--device"):
        engine("llama", device="cuda:99")
    with pytest.raises(UsageError, match="--batch-size 0"):
        engine("llama", batch_size=0)


@pytest.fixture
def adapter(checkpoint, tmp_path):
    """A LoRA over the LLaVA miniature with weights that are not zero."""
    peft = pytest.importorskip("peft", reason="adapters need peft")
    import torch
    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_pretrained(checkpoint("llava"))
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))
    torch.manual_seed(0)
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            weight.data.normal_()
    tuned.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def test_an_adapter_changes_answers_and_digest(engine, adapter, checkpoint):
    plain, tuned, alone = engine("llava"), engine("llava", adapter=adapter), engine(adapter)
    requests = questions(count=4)
    assert answers(tuned, requests) != answers(plain, requests)
    assert answers(alone, requests) == answers(tuned, requests)
    assert tuned.digest(requests[0]) == alone.digest(requests[0]) != plain.digest(requests[0])


def test_an_adapter_with_a_copy_of_the_base_s_config(engine, adapter, checkpoint):
    shutil.copy(checkpoint("llava") / "config.json", adapter)
    requests = questions(count=4)
    assert answers(engine(adapter), requests) == answers(engine("llava", adapter=adapter), requests)


def test_an_adapter_beside_a_whole_model_waits_to_be_asked_for(engine, adapter, copy_of):
    """transformers would put it on top, or not, by whether peft is installed."""
    folder = copy_of("llava")
    for file in adapter.glob("adapter_*"):
        shutil.copy(file, folder)
    notes: list[str] = []
    requests = questions(count=4)
    alone, asked_for = engine(folder, on_note=notes.append), engine(folder, adapter=folder)
    assert "without the adapter" in notes[0]
    assert answers(alone, requests) == answers(engine("llava"), requests)
    assert answers(asked_for, requests) == answers(engine("llava", adapter=adapter), requests)
    assert alone.digest(requests[0]) != asked_for.digest(requests[0])


def test_adapters_that_cannot_be_used(engine, adapter, monkeypatch, tmp_path):
    with pytest.raises(UsageError, match=r"no adapter_config\.json"):
        engine("llava", adapter=tmp_path)
    (adapter / "adapter_model.safetensors").rename(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"no weights \(adapter_model\.safetensors\)"):
        engine("llava", adapter=adapter)
    (tmp_path / "elsewhere").rename(adapter / "adapter_model.safetensors")
    settings = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**settings, "base_model_name_or_path": None}))
    with pytest.raises(UsageError, match="--model BASE"):
        engine(adapter)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UsageError, match=r"mmeval\[adapter\]"):
        engine("llava", adapter=adapter)


def test_the_system_prompt_changes_the_answer(engine):
    asked = [request("t/0", "Is there a dog?")]
    plain, told = engine("qwen2_vl"), engine("qwen2_vl", system="Answer like a cat.")
    assert answers(told, asked)["t/0"].prompt_tokens > answers(plain, asked)["t/0"].prompt_tokens
    assert told.describe()["system"] == "Answer like a cat."


def test_templates_that_take_no_system_prompt_say_so(engine):
    with pytest.raises(UsageError, match="no system role"):
        engine("gemma3", system="Be brief.")
    silent = "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}"
    with pytest.raises(UsageError, match="drops the system prompt"):
        engine("llama", system="Be brief.", chat_template=silent)


def test_a_chat_template_of_one_s_own(engine, copy_of, tmp_path):
    template = "{% for m in messages %}Q: {{ m.content }}\nA:{% endfor %}"
    (tmp_path / "own.jinja").write_text(template)
    (tmp_path / "own.json").write_text(json.dumps({"chat_template": template}))
    asked = request("t/0", "Is there a dog?")
    digests = {engine("llama", chat_template=given).digest(asked)
               for given in (template, tmp_path / "own.jinja", str(tmp_path / "own.json"))}  # fmt: skip
    assert len(digests) == 1
    assert digests != {engine("llama").digest(asked)}
    bare = copy_of("llama")
    (bare / "chat_template.jinja").unlink()
    assert engine(bare, chat_template=template).digest(asked) in digests
    with pytest.raises(UsageError, match=r"nowhere\.jinja"):
        engine("llama", chat_template="nowhere.jinja")
