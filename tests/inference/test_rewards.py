"""Rewards of given answers are what plain transformers computes, however the model is run."""

from __future__ import annotations

import dataclasses
import json
import shutil
import weakref

import pytest

from mmeval.catalog import bundled
from mmeval.errors import UsageError
from mmeval.inference import open_engine
from mmeval.inference.base import Decoding, Request
from mmeval.samples import Image, Message

from .conftest import answers, png, request

torch = pytest.importorskip("torch", reason="the transformers engine needs torch")

from tests import miniatures  # noqa: E402

GIVEN = ("Yes.", "A cat, two birds and a red car stand on the street.", "")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """A miniature by builder's name, seed and settings; nobody writes into it."""
    built = {}

    def folder(name, seed=0, **settings):
        key = (name, seed, repr(settings))
        if key not in built:
            place = tmp_path_factory.mktemp("rewards") / name
            built[key] = getattr(miniatures, name)(place, seed, **settings)
        return built[key]

    return folder


@pytest.fixture
def rates():
    """Opens an engine that rates; closed at the test's end."""
    opened = []

    def made(model, **options):
        opened.append(open_engine(str(model), **{"device": "cpu", "threads": 1, **options}))
        return opened[-1]

    yield made
    for engine in opened:
        engine.close()


def pairs(pictures=True, count=5):
    """Prompts with two or three given answers, of a word or of a sentence; two about each picture, the last of two
    turns."""
    asked = []
    for i in range(count):
        shown = [png(i // 2, 24 + 7 * (i // 2), 60 - 5 * (i // 2))] if pictures else []
        one = request(f"t/{i}", *shown, "Describe this image in detail, please. " * (1 + i % 2) + str(i))
        asked.append(dataclasses.replace(one, continuations=GIVEN[: 2 + i % 2]))
    turns = (*asked[-1].messages, Message("assistant", ("A dog.",)), Message("user", ("And a house?",)))
    return [*asked[:-1], dataclasses.replace(asked[-1], messages=turns)]


def inputs_of(folder, asked: Request, text: str | None, pictures: bool):
    """transformers' own way from a conversation to tensors; without an answer, of the prompt."""
    from transformers import AutoProcessor, AutoTokenizer

    reader = (AutoProcessor if pictures else AutoTokenizer).from_pretrained(folder)
    said = [*asked.messages, *([] if text is None else [Message("assistant", (text,))])]
    turns = [{"role": m.role, "content": [_part(p) for p in m.content] if pictures else m.text} for m in said]
    how = {"tokenize": True, "return_dict": True, "return_tensors": "pt"}
    return reader.apply_chat_template(turns, add_generation_prompt=text is None, **how)


def _part(part):
    return {"type": "image", "image": part.open()} if isinstance(part, Image) else {"type": "text", "text": part}


def plain_logs(folder, requests, pictures=True, behind=0):
    """Log-probabilities of the answers' tokens, summed, and their number: by request, one pass each.

    behind: tokens that the template writes behind the end of a turn.
    """
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    model = (AutoModelForImageTextToText if pictures else AutoModelForCausalLM).from_pretrained(folder).eval()
    found = {}
    for asked in requests:
        start = inputs_of(folder, asked, None, pictures)["input_ids"].shape[1]
        for text in asked.continuations:
            inputs = inputs_of(folder, asked, text, pictures)
            ids = inputs["input_ids"][0]
            end = len(ids) - behind
            with torch.no_grad():
                logs = torch.log_softmax(model(**inputs).logits[0].double(), -1)
            total = float(logs[range(start - 1, end - 1), ids[start:end]].sum())
            found.setdefault(asked.id, []).append((total, end - start))
    return found


MODELS = {
    "llama": (lambda seeded, seed: seeded("llama", seed), False, 1),  # a line break behind <|im_end|>
    "llava": (lambda seeded, seed: seeded("llava", seed), True, 0),
    "qwen2_vl": (lambda seeded, seed: seeded("qwen2_vl", seed), True, 1),
    "demo": (lambda seeded, seed: bundled("models") / ("demo" if seed else "demo-dpo"), True, 0),
}


@pytest.mark.parametrize("name", MODELS)
def test_implicit_rewards_are_those_of_a_plain_computation(seeded, rates, name):
    folder, pictures, behind = MODELS[name]
    policy, reference = folder(seeded, 0), folder(seeded, 1)
    requests = pairs(pictures)
    mine, theirs = (plain_logs(place, requests, pictures, behind) for place in (policy, reference))
    expected = {key: [a - b for (a, _), (b, _) in zip(mine[key], theirs[key], strict=True)] for key in mine}
    by_token = {key: [(a - b) / n for (a, n), (b, _) in zip(mine[key], theirs[key], strict=True)] for key in mine}
    assert len({round(value, 3) for values in expected.values() for value in values}) > 8
    found = {}
    for way, options in {"tree": {}, "batch": {"tree": False}}.items():
        engine = rates(policy, ask_as="implicit", reference=reference, **options)
        given = list(engine.run(requests))
        assert {response.path for response in given} == {way}
        found[way] = {response.id: response.rewards for response in given}
        assert {response.loglikelihoods for response in given} == {None}
    engine = rates(policy, ask_as="implicit", reference=reference, per_token=True)
    found["per token"] = {response.id: response.rewards for response in engine.run(requests)}
    for way, rewards in found.items():
        assert rewards.keys() == expected.keys()
        for key, values in rewards.items():
            assert values == pytest.approx((by_token if way == "per token" else expected)[key], abs=1e-4), (way, key)


def test_without_a_reference_rewards_are_the_models_own_likelihoods_and_that_is_said(seeded, rates):
    notes = []
    engine = rates(seeded("llava"), ask_as="implicit", per_token=True, on_note=notes.append)
    expected = plain_logs(seeded("llava"), pairs())
    for key, response in answers(engine, pairs()).items():
        assert response.rewards == pytest.approx([total / number for total, number in expected[key]], abs=1e-4)
    assert notes == ["no --reference: rewards are the model's own log-likelihoods of the answers"]
    assert engine.describe()["reference"] is None


def plain_scores(folder, requests, pictures, head=None):
    """By request, its answers' rewards, one pass each."""
    from transformers import AutoModelForImageTextToText, AutoModelForSequenceClassification

    maker = AutoModelForSequenceClassification if head is None else AutoModelForImageTextToText
    model = maker.from_pretrained(folder).eval()
    found = {}
    for asked in requests:
        for text in asked.continuations:
            inputs = inputs_of(folder, asked, text, pictures)
            with torch.no_grad():
                out = model(**inputs, output_hidden_states=True)
            if head is None:
                assert out.logits.shape == (1, 1)
                value = float(out.logits)
            else:
                value = float(head["v_head.summary.weight"] @ out.hidden_states[-1][0, -1] + 1.0)
            found.setdefault(asked.id, []).append(value)
    return found


@pytest.mark.parametrize("pad", ["<pad>", "</s>", None])
@pytest.mark.parametrize(
    "template", [miniatures.TEXT_TEMPLATE, miniatures.TEXT_TEMPLATE.replace("<|im_end|>\n", "</s>")]
)
def test_a_classifiers_rewards_are_those_of_a_plain_computation(seeded, rates, pad, template):
    """Also where it pads with the token that ends a conversation, and where it has no token to pad with."""
    ids = miniatures.tokenizer().get_vocab()
    number = ids[pad] if pad else None
    folder = seeded("llama_that_rates", template=template, pad_token_id=number)
    requests = pairs(pictures=False, count=9)
    expected = plain_scores(folder, requests, False)
    assert len({round(value, 3) for values in expected.values() for value in values}) > 12
    for batch_size in ("auto", 1, 4):
        engine = rates(folder, ask_as="scalar", batch_size=batch_size)
        found = answers(engine, requests)
        assert found.keys() == expected.keys()
        for key, response in found.items():
            assert response.rewards == pytest.approx(expected[key], abs=1e-4)
        stats = engine.stats()
        assert stats["rows"] == sum(len(asked.continuations) for asked in requests)
        assert stats["batches"] == {"auto": 1, 1: 22, 4: 6}[batch_size]


@pytest.mark.parametrize("name", ["gemma3", "llava", "qwen2_vl"])
def test_a_classifier_and_value_heads_that_see_pictures(seeded, rates, tmp_path, name):
    head = None
    if name == "gemma3":
        folder = seeded("gemma3", rates=True)
    else:
        from safetensors.torch import load_file

        folder = miniatures.with_value_head(shutil.copytree(seeded(name), tmp_path / name))
        head = load_file(folder / "value_head.safetensors")
    requests = pairs()
    if name == "gemma3":  # its template has no other turns than the user's and the model's
        requests = requests[:-1]
    expected, notes = plain_scores(folder, requests, True, head), []
    engine = rates(folder, ask_as="scalar", on_note=notes.append)
    found = answers(engine, requests)
    for key, values in expected.items():
        assert found[key].rewards == pytest.approx(values, abs=1e-4)
    assert notes == []
    shown = [dataclasses.replace(asked, messages=request("", png(9), "A").messages) for asked in requests[:1]]
    other = [dataclasses.replace(asked, messages=request("", png(8), "A").messages) for asked in requests[:1]]
    first, second = (answers(engine, asked)["t/0"].rewards for asked in (shown, other))
    assert first != pytest.approx(second, abs=1e-3), "the picture must matter"


def test_a_value_head_among_the_weights_is_found(seeded, rates, tmp_path):
    from safetensors.torch import load_file, save_file

    beside = miniatures.with_value_head(shutil.copytree(seeded("llama"), tmp_path / "beside"))
    inside = shutil.copytree(beside, tmp_path / "inside")
    weights = load_file(inside / "model.safetensors") | load_file(inside / "value_head.safetensors")
    save_file(weights, inside / "model.safetensors", metadata={"format": "pt"})
    (inside / "value_head.safetensors").unlink()
    notes = []
    one, other = (rates(place, ask_as="scalar", on_note=notes.append) for place in (beside, inside))
    requests = pairs(pictures=False)
    assert answers(one, requests) == answers(other, requests)
    assert notes == []


def prompts_of(template):
    from mmeval.inference.prompts import Prompts

    return Prompts(None, miniatures.tokenizer(), template, None)


TURN = "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
ANSWERED = {
    "as it stands": (TURN, "", " Yes ", " Yes <|im_end|>"),
    "a space before": (TURN.replace("{{ m.content }}", " {{ m.content }}"), "", "Yes", " Yes<|im_end|>"),
    "cut at its ends": (TURN.replace("m.content", "m.content | trim"), "", " Yes ", "Yes<|im_end|>"),
    "an empty thought in front": (
        TURN.replace("{{ m.content }}", "{{ '<think>\n\n</think>\n\n' if m.role == 'assistant' }}{{ m.content }}"),
        "",
        "Yes",
        "<think>\n\n</think>\n\nYes<|im_end|>",
    ),
    "more behind the end": (TURN, "{{ '</s>' if not add_generation_prompt }}", "Yes", "Yes<|im_end|>"),
    "nothing behind": ("{{ m.role }}: {{ m.content }}\n", "", "Yes", "Yes</s>"),
    "a thought that the prompt opens": (TURN, "{{ '<think>' if add_generation_prompt }}", "Yes", "Yes<|im_end|>"),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_is_the_assistants_turn_up_to_the_token_that_ends_it(name):
    turn, behind, text, expected = ANSWERED[name]
    opened = "<|im_start|>assistant\n" if "im_start" in turn else "assistant: "
    generation = f"{{% if add_generation_prompt %}}{opened}{{% endif %}}"
    prompts = prompts_of(f"{{% for m in messages %}}{turn}{{% endfor %}}{generation}{behind}")
    asked = request("t", "Is there a dog?").messages
    assert prompts.tokenizer.decode(prompts.answered(asked, text)) == expected


def test_an_answer_that_has_begun_goes_on():
    prompts = prompts_of(miniatures.TEXT_TEMPLATE)
    asked = (*request("t", "Is there a dog?").messages, Message("assistant", ("A dog",)))
    assert prompts.tokenizer.decode(prompts.answered(asked, " and a car")) == " and a car<|im_end|>"


def test_log_likelihoods_of_plain_continuations_stay_what_they_were(engine):
    """A choice's letter is no whole answer: no end of turn belongs to it."""
    ours = engine("llama")
    asked = pairs(pictures=False)[0]
    assert [len(branch) for branch in ours.work(asked).branches] == [
        len(ours.tokenizer.encode(text, add_special_tokens=False)) for text in asked.continuations
    ]


def test_policy_and_reference_are_never_in_memory_together(seeded, rates, monkeypatch):
    from mmeval.inference import loading

    loaded, alive, whole = [], [], loading.open_model

    def opened(*args, **more):
        alive.append(sum(one() is not None for one in loaded))
        found = whole(*args, **more)
        loaded.append(weakref.ref(found.model))
        return found

    monkeypatch.setattr(loading, "open_model", opened)
    engine = rates(seeded("llava"), ask_as="implicit", reference=seeded("llava", 1))
    first, second = answers(engine, pairs()), answers(engine, pairs())
    assert first == second
    assert alive == [0, 0, 0, 0]  # policy, reference, and both again
    engine.close()
    assert [one() for one in loaded] == [None] * 4


def test_a_long_run_gives_the_reference_its_turn_and_loses_a_block_at_most(seeded, rates, monkeypatch):
    from mmeval.inference import rewards

    requests = pairs(count=4)
    engine = rates(seeded("llava"), ask_as="implicit", reference=seeded("llava", 1), batch_size=2)
    expected = answers(engine, requests)
    assert engine.stats()["blocks"] == 1
    monkeypatch.setattr(rewards, "BLOCK_S", 0.0)
    monkeypatch.setattr(rewards, "LOADING", 0.0)
    engine = rates(seeded("llava"), ask_as="implicit", reference=seeded("llava", 1), batch_size=2)
    stopped = engine.run(requests)
    kept = [next(stopped)]  # what a run folder holds when the run is stopped
    stopped.close()
    assert engine.stats()["blocks"] == 1
    left = [asked for asked in requests if asked.id not in {response.id for response in kept}]
    again = answers(engine, left)
    assert again.keys() == {asked.id for asked in left}
    found = again | {response.id: dataclasses.replace(response, path="") for response in kept}
    assert found.keys() == expected.keys()
    for key, response in found.items():
        assert response.rewards == pytest.approx(expected[key].rewards, abs=1e-4)
    assert engine.stats()["blocks"] == 4


def test_several_processes_rate_as_one(seeded, rates):
    requests = pairs()
    given = {"ask_as": "implicit", "reference": seeded("llava", 1)}
    one, two = rates(seeded("llava"), **given), rates(seeded("llava"), **{**given, "device": "cpu,cpu"})
    found, expected = answers(two, requests), answers(one, requests)
    for key, response in expected.items():
        assert found[key].rewards == pytest.approx(response.rewards, abs=1e-4)
    assert [two.digest(asked) for asked in requests] == [one.digest(asked) for asked in requests]


def test_digests_are_of_all_that_decides_a_reward(seeded, rates, tmp_path):
    asked = pairs(pictures=False)[0]
    trained, template = tmp_path / "trained", tmp_path / "template.jinja"
    shutil.copytree(seeded("llama", 1), trained)
    template.write_text(miniatures.TEXT_TEMPLATE.replace("<|im_end|>\n", "</s>"))
    options = [
        {},
        {"per_token": True},
        {"reference": seeded("llama", 1)},
        {"reference": seeded("llama", 2)},
        {"reference": seeded("llama", 1), "per_token": True},
        {"reference": seeded("llama", 1), "chat_template": template},
    ]
    engines = [rates(seeded("llama"), ask_as="implicit", **more) for more in options]
    engines.append(rates(seeded("llama", 2), ask_as="implicit", reference=seeded("llama", 1)))
    engines.append(rates(seeded("llama")))
    digests = [engine.digest(asked) for engine in engines]
    assert len(set(digests)) == len(digests)
    other = dataclasses.replace(asked, continuations=("Yes.", "No."))
    assert all(engine.digest(other) != digest for engine, digest in zip(engines, digests, strict=True))
    moved = rates(seeded("llama"), ask_as="implicit", reference=trained, batch_size=1, tree=False)
    assert moved.digest(asked) == digests[2]
    assert moved.describe()["digest"] == engines[2].describe()["digest"] != engines[0].describe()["digest"]

    first, second = (miniatures.llama_that_rates(tmp_path / str(seed), seed) for seed in (0, 1))
    ratings = [
        rates(first, ask_as="scalar"),
        rates(second, ask_as="scalar"),
        rates(first, ask_as="scalar", system="Be."),
    ]
    assert len({engine.digest(asked) for engine in ratings}) == 3
    assert ratings[0].digest(other) != ratings[0].digest(asked)
    assert rates(first, ask_as="scalar", batch_size=1).digest(asked) == ratings[0].digest(asked)
    headed = miniatures.with_value_head(tmp_path / "trained")
    before = rates(headed, ask_as="scalar").digest(asked)
    assert rates(miniatures.with_value_head(headed, seed=1), ask_as="scalar").digest(asked) != before


@pytest.mark.parametrize("ask_as", ["implicit", "scalar"])
def test_what_cannot_be_rated_is_that_requests_error(seeded, rates, ask_as):
    if ask_as == "implicit":
        engine = rates(seeded("llava"), ask_as=ask_as, reference=seeded("llava", 1))
    else:
        engine = rates(seeded("gemma3", rates=True), ask_as=ask_as)
    good = pairs()[:3]
    expected = answers(engine, good)
    bad = [
        request("bad/none", png(1), "What?"),
        dataclasses.replace(request("bad/picture", Image(data=b"no picture"), "What?"), continuations=GIVEN),
        dataclasses.replace(request("bad/long", png(1), "a cat " * 900), continuations=GIVEN),
    ]
    found = answers(engine, [bad[0], *good, *bad[1:]])
    said = {key: found.pop(key).error for key in ("bad/none", "bad/picture", "bad/long")}
    assert "has none" in said["bad/none"]
    assert "can't be read" in said["bad/picture"] or "no picture" in said["bad/picture"]
    assert "the model takes 1024" in said["bad/long"]
    assert found.keys() == expected.keys()
    for key, response in found.items():
        assert response.rewards == pytest.approx(expected[key].rewards, abs=1e-4)
    assert list(engine.run([])) == []


def test_memory_that_runs_out_makes_smaller_batches(seeded, rates, monkeypatch):
    notes = []
    requests = pairs(pictures=False)
    engine = rates(seeded("llama_that_rates"), ask_as="scalar", on_note=notes.append)
    expected = answers(engine, requests)
    forward = engine.model.forward

    def limited(input_ids=None, **more):
        if len(input_ids) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(input_ids=input_ids, **more)

    monkeypatch.setattr(engine.model, "forward", limited)
    found = answers(engine, requests)
    for key, response in expected.items():
        assert found[key].rewards == pytest.approx(response.rewards, abs=1e-4)
    assert notes[0] == "out of memory with 12 rows; going on with at most 6"


def test_a_reward_that_is_no_number_is_missing(seeded, rates, monkeypatch):
    engine = rates(seeded("llama_that_rates"), ask_as="scalar")
    monkeypatch.setattr(engine, "_rewards", lambda rows: [float("nan")] * len(rows))
    (response,) = engine.run(pairs(pictures=False)[:1])
    assert response.finish == "error"
    assert "nan; try --dtype float32" in response.error


def test_a_reference_must_read_as_the_policy_does(seeded, rates, tmp_path):
    policy = seeded("llama")
    other = miniatures.llama(tmp_path / "other", special=("<a>",))  # another token before all the words
    with pytest.raises(
        UsageError, match=r"--reference .*other: has another vocabulary than .* \(\d+ is '.*' and '.*'\)"
    ):
        rates(policy, ask_as="implicit", reference=other)
    with pytest.raises(UsageError, match=r"reads pictures and .*llama.* reads text only"):
        rates(policy, ask_as="implicit", reference=seeded("llava"))
    with pytest.raises(UsageError, match=r"--reference .*nowhere: no such folder"):
        rates(policy, ask_as="implicit", reference=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"--reference .*empty: no model folder"):
        rates(policy, ask_as="implicit", reference=tmp_path / "empty")


def test_a_reference_that_cuts_words_otherwise_is_refused_before_anything_runs(seeded, rates, tmp_path):
    """The same vocabulary, with fewer merges."""
    folder = shutil.copytree(seeded("llama", 1), tmp_path / "cut")
    settings = json.loads((folder / "tokenizer.json").read_text())
    settings["model"]["merges"] = settings["model"]["merges"][:3]
    (folder / "tokenizer.json").write_text(json.dumps(settings))
    engine = rates(seeded("llama"), ask_as="implicit", reference=folder)
    with pytest.raises(UsageError, match="its tokenizer cuts t/0 into other tokens"):
        list(engine.run(pairs(pictures=False)))
    assert engine.stats()["batches"] == 0


def test_the_reference_reads_with_the_policys_template_and_needs_none(seeded, rates, tmp_path):
    bare = shutil.copytree(seeded("llama", 1), tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    requests = pairs(pictures=False)
    found = answers(rates(seeded("llama"), ask_as="implicit", reference=bare), requests)
    whole = answers(rates(seeded("llama"), ask_as="implicit", reference=seeded("llama", 1)), requests)
    assert {key: response.rewards for key, response in found.items()} == {
        key: response.rewards for key, response in whole.items()
    }


def test_the_same_weights_as_reference_are_told(seeded, rates):
    notes = []
    engine = rates(seeded("llama"), ask_as="implicit", reference=seeded("llama"), on_note=notes.append)
    assert notes == ["--reference holds the model's own weights: all rewards are 0"]
    assert {response.rewards for response in engine.run(pairs(pictures=False)[:1])} == {(0.0, 0.0)}


def test_a_checkpoint_of_the_other_kind_says_how_it_runs(seeded, rates):
    classifier = seeded("llama_that_rates")
    for ask_as in ("implicit", "generative"):
        with pytest.raises(UsageError, match=r"is a LlamaForSequenceClassification, .* runs with --as scalar"):
            rates(classifier, ask_as=ask_as)
    with pytest.raises(UsageError, match=r"is a LlamaForCausalLM without a scalar head .* --as implicit"):
        rates(seeded("llama"), ask_as="scalar")
    with pytest.raises(UsageError, match="its head has 3 labels and a reward is one number"):
        rates(seeded("llama_that_rates", num_labels=3), ask_as="scalar")


def test_options_that_do_not_go_together(seeded, rates, tmp_path):
    with pytest.raises(UsageError, match="--as scalar: a chat server rates no given answers"):
        rates("openai:m@http://localhost:1/v1", ask_as="scalar")
    with pytest.raises(UsageError, match="--reference and --per-token: only with --as implicit, not with --as scalar"):
        rates(seeded("llama_that_rates"), ask_as="scalar", reference="demo", per_token=True)
    with pytest.raises(UsageError, match="--as judge: must be generative, scalar or implicit"):
        rates("demo", ask_as="judge")
    with pytest.raises(UsageError, match="--reference replay:x: must be a checkpoint"):
        rates("demo", ask_as="implicit", reference="replay:x")
    with pytest.raises(UsageError, match="--as scalar runs on one device"):
        rates(seeded("llama_that_rates"), ask_as="scalar", device="cpu,cpu")
    (tmp_path / "answers.jsonl").write_text('{"id": "t/0", "rewards": [0.5, -2]}\n')
    engine = rates(f"replay:{tmp_path}/answers.jsonl", ask_as="scalar")
    asked = Request("t/0", request("", "A").messages, Decoding(1), GIVEN[:2])
    assert next(iter(engine.run([asked]))).rewards == (0.5, -2.0)
    with pytest.raises(UsageError, match="stored answers can't change with --reference"):
        rates(f"replay:{tmp_path}/answers.jsonl", ask_as="implicit", reference="demo")
