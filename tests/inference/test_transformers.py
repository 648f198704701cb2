"""The engine over miniatures: what a batch must not change, and what one bad request must not spoil."""

from __future__ import annotations

import dataclasses
import random

import pytest

from mmeval.errors import EngineError
from mmeval.inference.base import Decoding, Request
from mmeval.inference.planning import Budget
from mmeval.samples import Image, Message, ask

from .conftest import answers, png, questions, request, two_pictures

torch = pytest.importorskip("torch", reason="the transformers engine needs torch")
PICTURES = [
    *("llava", "qwen2_vl", "idefics3", "gemma3", "llava_next", "mistral3", "llava_onevision", "qwen2_5_vl", "qwen3_vl"),
    *("smolvlm", "internvl", "paligemma", "mllama"),
]
ALL = [*PICTURES, "llama"]


def asked_of(name: str, **options):
    """PaliGemma's processor takes no prompt without a picture."""
    requests = questions(pictures=name != "llama", **options)
    if name == "paligemma":
        requests = [asked for asked in requests if any(message.images for message in asked.messages)]
    return requests if name == "llama" else [*requests, two_pictures()]


@pytest.mark.parametrize("name", ALL)
def test_answers_are_those_of_transformers_generate(engine, name):
    """The loop is ours; what it must compute is defined by `generate` on the processor's own output."""
    ours = engine(name)
    requests = asked_of(name, count=4)
    given = answers(ours, requests)
    for asked in requests:
        turns = [{"role": "user", "content": [_part(part) for part in asked.messages[0].content]}]
        if name == "llama":
            turns[0]["content"] = asked.messages[0].text
        inputs = (ours.processor or ours.tokenizer).apply_chat_template(
            turns, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        )
        ends = sorted(ours.running.ends)
        new = ours.model.generate(**inputs, max_new_tokens=6, do_sample=False, eos_token_id=ends, pad_token_id=2)
        new = new[0, inputs["input_ids"].shape[1] :]
        assert given[asked.id].text == ours.tokenizer.decode(new, skip_special_tokens=True).strip()
        assert given[asked.id].prompt_tokens == inputs["input_ids"].shape[1]


def _part(part):
    return {"type": "text", "text": part} if isinstance(part, str) else {"type": "image", "image": part.open()}


@pytest.mark.parametrize("name", ALL)
def test_loglikelihoods_equal_a_plain_computation(engine, name):
    ours = engine(name)
    given = ("Yes", " No", "A cat, two birds", " and a red car stand")
    requests = [dataclasses.replace(asked, continuations=given) for asked in asked_of(name, count=4)]
    found = answers(ours, requests)
    for asked in requests:
        work = ours.running.preprocessor.prepare(ours.work(asked))
        expected = [_plain_loglikelihood(ours, work, list(tokens)) for tokens in work.branches]
        assert found[asked.id].loglikelihoods == pytest.approx(expected, abs=1e-4)


def _plain_loglikelihood(ours, work, tokens):
    """One pass over prompt and continuation, the way the model is trained: PaliGemma's answers are tokens of type 1,
    Mllama's see the pictures that the prompt's end sees."""
    inputs = {name: tensor.clone() for name, tensor in work.features.items()}
    start = inputs["input_ids"].shape[1]
    for name, tensor in inputs.items():
        if tensor.shape == (1, start):
            one = name == "attention_mask" or (name == "token_type_ids" and ours.model.config.model_type == "paligemma")
            more = torch.tensor([tokens]) if name == "input_ids" else torch.full((1, len(tokens)), one)
            inputs[name] = torch.cat([tensor, more.to(tensor.dtype)], 1)
        elif name == "cross_attention_mask":
            inputs[name] = torch.cat([tensor, *[tensor[:, -1:]] * len(tokens)], 1)
    with torch.no_grad():
        logs = torch.log_softmax(ours.model(**inputs).logits[0, start - 1 : -1].double(), -1)
    return float(logs[range(len(tokens)), tokens].sum())


def test_order_changes_nothing(engine):
    requests = asked_of("llava", count=16)
    mixed = requests.copy()
    random.Random(0).shuffle(mixed)
    assert answers(engine("llava", batch_size=3), mixed) == answers(engine("llava", batch_size=3), requests)


def test_rows_that_finish_early_leave_without_disturbing_the_others(engine):
    """Two of three rows end at once, on a stop string of their own."""
    free = [request(f"t/{i}", png(i), "Is there a dog?", tokens=12) for i in range(12)]
    texts = answers(engine("llava", batch_size=1), free)
    mixed = [request(r.id, png(i), "Is there a dog?", tokens=12, stop=(texts[r.id].text[:1],) if i % 3 else ())
             for i, r in enumerate(free)]  # fmt: skip
    found = answers(engine("llava", batch_size=16), mixed)
    assert {key: r.text for key, r in found.items() if int(key[2:]) % 3 == 0} == {
        key: r.text for key, r in texts.items() if int(key[2:]) % 3 == 0
    }
    # a character of several bytes takes several tokens, but never all twelve
    assert all((r.new_tokens == 12) == (int(key[2:]) % 3 == 0) for key, r in found.items())
    assert all(r.text == "" for key, r in found.items() if int(key[2:]) % 3)


@pytest.mark.parametrize("name", ["llava", "mllama"])
def test_an_unreadable_picture_is_that_requests_error(engine, name, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(png(3).encoded()[:60])
    bad = [request("t/gone", Image(path=tmp_path / "gone.png"), "What?"), request("t/cut", Image(path=broken), "What?")]
    good = questions(count=4)
    found = answers(engine(name), [bad[0], *good, bad[1]])
    assert "gone.png" in (found["t/gone"].error or "")
    assert "broken.png" in (found["t/cut"].error or "")
    assert {key: found[key] for key in found if key not in ("t/gone", "t/cut")} == answers(engine(name), good)


def test_a_picture_for_a_model_that_reads_text_only(engine):
    found = answers(engine("llama"), [request("t/0", png(1), "What?"), request("t/1", "What?")])
    assert "text only" in (found["t/0"].error or "")
    assert found["t/1"].finish != "error"


def test_out_of_memory_halves_the_batch_and_stays_there(engine, monkeypatch):
    requests = questions(count=20)
    expected = answers(engine("llava"), requests)
    notes: list[str] = []
    ours = engine("llava", batch_size=16, tree=False, on_note=notes.append)
    sizes = _forward_takes_at_most(monkeypatch, ours.model, 4, torch.OutOfMemoryError("CUDA out of memory"))
    assert answers(ours, requests) == expected
    assert ours.running.budget == Budget(4)
    assert max(sizes[sizes.index(4) :]) <= 8, "the second half of the first batch is tried at its size, no more"
    assert len(notes) == 2
    assert "at most 4" in notes[-1]


def test_one_row_that_does_not_fit_is_that_requests_error(engine, monkeypatch):
    error = RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 99 bytes")
    ours = engine("llava")
    _forward_takes_at_most(monkeypatch, ours.model, 8, error, longest=60)
    found = answers(ours, [*questions(count=3), request("t/long", png(1), "a cat " * 80)])
    assert "does not fit into memory" in (found["t/long"].error or "")
    assert [response.finish for key, response in found.items() if key != "t/long"] != ["error"] * 3


def test_a_prompt_on_which_the_model_fails_is_that_requests_error(engine, monkeypatch):
    ours = engine("llava", batch_size=2)
    short = questions(count=4)
    answers(ours, short)
    _forward_takes_at_most(monkeypatch, ours.model, 8, ValueError("no such position"), longest=100)
    found = answers(ours, [*short, request("t/long", png(1), "a cat " * 80)])
    assert "no such position" in (found["t/long"].error or "")
    assert sum(response.finish == "error" for response in found.values()) == 1


def test_a_model_that_never_answers_stops_the_run(engine, monkeypatch):
    ours = engine("llava")
    _forward_takes_at_most(monkeypatch, ours.model, 0, ValueError("broken kernel"))
    with pytest.raises(EngineError, match="broken kernel"):
        answers(ours, questions(count=4))


def _forward_takes_at_most(monkeypatch, model, rows, error, longest=10_000):
    """Makes the model raise above so many rows or tokens; the sizes that it was asked for."""
    forward, sizes = model.forward, []

    def limited(input_ids=None, logits_to_keep=0, position_ids=None, **inputs):
        sizes.append(input_ids.shape[0])
        if input_ids.shape[0] > rows or input_ids.shape[1] > longest:
            raise error
        return forward(input_ids=input_ids, logits_to_keep=logits_to_keep, position_ids=position_ids, **inputs)

    monkeypatch.setattr(model, "forward", limited)
    return sizes


def test_a_prompt_longer_than_the_context_is_that_requests_error(engine):
    found = answers(engine("llava"), [request("t/long", png(1), "xyz " * 600), request("t/0", png(1), "What?")])
    assert "1024" in (found["t/long"].error or "")
    assert found["t/0"].finish != "error"


def test_an_answer_ends_where_the_context_does(engine):
    found = answers(engine("llama"), [request("t/0", "xy " * 335, tokens=5000)])
    assert found["t/0"].prompt_tokens + found["t/0"].new_tokens == 1024
    assert found["t/0"].finish == "length"


def test_repeats_are_reproducible_and_independent_of_the_batch(engine):
    requests = [
        Request(f"t/{i}#{repeat}", asked.messages, Decoding(6, temperature=1.0, top_p=0.9, seed=3, repeat=repeat))
        for i, asked in enumerate(questions(count=5))
        for repeat in range(3)
    ]
    alone = answers(engine("llava", batch_size=1), requests)
    assert answers(engine("llava", batch_size=7), list(reversed(requests))) == alone
    assert all(len({alone[f"t/{i}#{repeat}"].text for repeat in range(3)}) > 1 for i in range(5))
    other = [dataclasses.replace(r, decoding=dataclasses.replace(r.decoding, seed=4)) for r in requests]
    assert answers(engine("llava"), other) != alone


def test_sampling_with_a_narrow_nucleus_is_greedy(engine):
    greedy, narrow = questions(count=4), questions(count=4, temperature=1.0, top_p=1e-9)
    assert answers(engine("llava"), narrow) == answers(engine("llava"), greedy)


def test_sampling_draws_from_the_model_s_distribution():
    from mmeval.inference.decoding import Row, choose

    chance = torch.tensor([0.5, 0.3, 0.15, 0.05])
    rows = [Row(Decoding(1, temperature=1.0, top_p=0.9), 1, seed) for seed in range(4000)]
    drawn = torch.bincount(torch.tensor(choose(chance.log().expand(4000, -1), rows)), minlength=4) / 4000
    assert drawn.tolist() == pytest.approx([0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0], abs=0.03)


def test_a_checkpoint_s_generation_config_brings_in_nothing(engine, copy_of):
    from transformers import GenerationConfig

    folder = copy_of("llava")
    GenerationConfig(do_sample=True, temperature=2.0, repetition_penalty=3.0, num_beams=2).save_pretrained(folder)
    assert answers(engine(folder), questions(count=4)) == answers(engine("llava"), questions(count=4))


def test_stop_strings_end_the_answer_and_are_left_out(engine):
    free = answers(engine("llava"), [request("t/0", png(2), "Describe.", tokens=20)])["t/0"]
    mark = free.text[5:8]
    cut = answers(engine("llava"), [request("t/0", png(2), "Describe.", tokens=20, stop=(mark,))])["t/0"]
    assert cut.text == free.text.partition(mark)[0].strip()
    assert (free.finish, cut.finish) == ("length", "stop")


def test_an_answer_that_the_user_began_goes_on(engine):
    begun = (*ask(png(1), "Is there a dog?"), Message("assistant", ("A cat, two",)))
    found = answers(engine("qwen2_vl"), [Request("t/0", begun, Decoding(4))])
    assert found["t/0"].finish in ("stop", "length")


def test_requests_are_taken_as_they_are_needed(engine, monkeypatch):
    from mmeval.inference import planning

    monkeypatch.setattr(planning, "WINDOW", 8)
    taken = 0

    def endless():
        nonlocal taken
        while True:
            yield request(f"t/{taken}", "Is there a dog?", tokens=1)
            taken += 1

    running = engine("llama", batch_size=2).run(endless())
    first = [next(running) for _ in range(4)]
    running.close()
    assert len(first) == 4
    assert taken < 64


def test_stats_tell_what_the_device_did(engine):
    ours = engine("llava", batch_size=4)
    answers(ours, questions(count=8))
    stats = ours.stats()
    assert stats["rows"] == 8
    assert stats["batches"] >= 2
    assert 0 < stats["busy"] <= 1
    assert ours.describe()["numerics"] == "float32/sdpa/cpu"
    ours.close()
