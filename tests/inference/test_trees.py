"""Trees give what single prompts give, whatever the model, the budget and the failures on the way."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections import Counter

import pytest

from mmeval.errors import EngineError
from mmeval.inference.base import Decoding, Request
from mmeval.samples import Image

from .conftest import png, request

torch = pytest.importorskip("torch", reason="the transformers engine needs torch")

from mmeval.inference import forest, trees  # noqa: E402

PATHS = {
    "llava": "tree",
    "qwen2_vl": "tree",
    "idefics3": "tree",
    "gemma3": "tree",
    "llava_next": "tree",
    "mistral3": "tree",
    "llava_onevision": "tree",
    "qwen2_5_vl": "tree",
    "qwen3_vl": "tree",
    "smolvlm": "tree",
    "internvl": "tree",
    "paligemma": "batch",
    "mllama": "batch",
    "llama": "tree",
}
WHY_NOT = {
    "paligemma": "log-probabilities differ by",  # what is asked changes how the picture itself is read
    "mllama": "keeps more for a prompt than keys and values",  # pictures lie beside the tokens
}
WORDS = ["Is there a dog?", "Describe this image in detail, please.", "Yes or no: a red car stands in the street."]
CONTINUATIONS = ("Yes", " No", "A cat, two birds", " and a red car stand", "")


def ask(engine, requests):
    """Responses by id, each with the path that it took."""
    given = list(engine.run(requests))
    found = {response.id: response for response in given}
    assert len(found) == len(given), "a request was answered twice"
    assert found.keys() == {request.id for request in requests}
    return found


def said(found):
    return {
        key: (r.text, r.finish, r.new_tokens, r.prompt_tokens, r.error, r.loglikelihoods is None)
        for key, r in found.items()
    }


def same(found, alone):
    """Equal but for the path, and for the last digits of log-likelihoods."""
    assert said(found) == said(alone)
    for key, response in alone.items():
        if response.loglikelihoods is not None:
            assert found[key].loglikelihoods == pytest.approx(response.loglikelihoods, abs=1e-4)
    return True


def one_by_one(engine, name, requests):
    found = ask(engine(name, batch_size=1, tree=False), requests)
    assert {r.path for r in found.values()} == {"batch"}
    return found


def paths(found):
    return Counter(response.path for response in found.values())


def asked_of(name):
    """Three, two and one questions a picture, of mixed length, answered at length, briefly and by choice; two
    questions about the same two pictures, two about none."""
    shown = [[png(0, 24, 60)], [png(1, 52, 33)], [png(2, 40, 40)], [png(3, 30, 44), " beside ", png(4, 61, 33), " "]]
    plan = [(0, 30), (0, 1), (0, None), (0, 3), (1, 30), (1, 3), (2, None), (3, 3), (3, 30), (3, None)]
    plan += [(None, 3), (None, 30), (None, None)]
    requests = []
    for i, (pictures, tokens) in enumerate(plan):
        if (name == "llama" and pictures is not None) or (name == "paligemma" and pictures is None):
            continue
        words = "A cat, two birds. " * (pictures is None) + WORDS[i % 3] + " Please." * (i % 4) + str(i)
        more = () if pictures is None else shown[pictures]
        asked = request(f"t/{i}", *more, words, tokens=tokens or 1)
        requests.append(dataclasses.replace(asked, continuations=() if tokens else CONTINUATIONS))
    if name == "llama":
        requests += [request(f"l/{i}", f"{WORDS[i % 3]} {i}", tokens=3 + i) for i in range(6)]
    random.Random(0).shuffle(requests)
    return requests


@pytest.mark.parametrize("name", PATHS)
def test_trees_and_batches_answer_as_one_by_one(engine, name):
    requests, notes = asked_of(name), []
    alone = one_by_one(engine, name, requests)
    assert {r.error for r in alone.values()} == {None}
    assert len({r.text for r in alone.values()}) > 4, "a miniature that always says the same shows nothing"
    assert {r.finish for r in alone.values()} >= {"length"}
    batches = ask(engine(name, tree=False), requests)
    assert same(batches, alone)
    found = ask(engine(name, on_note=notes.append), requests)
    assert same(found, alone)
    assert paths(found) == {PATHS[name]: len(requests)}
    assert len(notes) == (name in WHY_NOT)
    assert WHY_NOT.get(name, "") in "".join(notes)


def test_every_miniature_has_a_path():
    from tests import miniatures

    assert PATHS.keys() == miniatures.ALL.keys()


@pytest.mark.parametrize("name", ["demo", "demo-dpo"])
def test_the_bundled_checkpoints_answer_as_one_by_one(engine, name):
    from mmeval import scene_questions as questions
    from mmeval import scenes
    from mmeval.catalog import bundled

    requests = []
    for index in range(12):
        scene, dice = scenes.evaluation_scene(index), random.Random(index)
        shown = Image(data=None, draw=lambda scene=scene: scenes.render(scene), name=scenes.file_name(scene))
        asked = [questions.existence(scene, dice, i % 2 == 0).prompt for i in range(2)]
        asked += [builder(scene, dice).prompt for builder in (questions.number, questions.counting)]
        asked += [builder(scene, dice).prompt for builder in (questions.choice, questions.comparison)]
        requests += [request(f"{i}/{index}", shown, prompt, tokens=8) for i, prompt in enumerate(asked)]
        requests.append(request(f"caption/{index}", shown, questions.DETAILED, tokens=90))
    folder = bundled("models") / name
    alone = one_by_one(engine, folder, requests)
    found = ask(engine(folder), requests)
    assert same(found, alone)
    assert paths(found) == {"tree": len(requests)}
    assert len({r.text for r in alone.values()}) > 12


def test_samples_depend_on_neither_trees_nor_batches_nor_order(engine):
    requests = [
        Request(
            f"t/{i}#{repeat}",
            request("", png(i // 2, 40, 30), f"{WORDS[i % 3]} {i}").messages,
            Decoding(2 + 5 * (i % 3), temperature=1.0, top_p=0.95, seed=3, repeat=repeat),
        )
        for i in range(6)
        for repeat in range(4)
    ]
    alone = one_by_one(engine, "llava", requests)
    assert all(len({alone[f"t/{i}#{repeat}"].text for repeat in range(4)}) > 1 for i in range(6))
    for options in ({}, {"batch_size": 2}, {"batch_size": 7}):
        found = ask(engine("llava", **options), random.Random(1).sample(requests, len(requests)))
        assert same(found, alone)
        assert paths(found) == {"tree": len(requests)}
    other = [dataclasses.replace(r, decoding=dataclasses.replace(r.decoding, seed=4)) for r in requests]
    assert said(ask(engine("llava"), other)) != said(alone)


def test_stop_strings_end_an_answer_and_not_its_neighbours(engine):
    free = [request(f"t/{i}", png(i // 3), f"{WORDS[i % 3]} {i}", tokens=25) for i in range(9)]
    texts = one_by_one(engine, "llava", free)
    marks = {r.id: (texts[r.id].text[4:6],) if i % 2 else () for i, r in enumerate(free)}
    asked = [dataclasses.replace(r, decoding=dataclasses.replace(r.decoding, stop=marks[r.id])) for r in free]
    found = ask(engine("llava"), asked)
    assert same(found, one_by_one(engine, "llava", asked))
    assert paths(found) == {"tree": 9}
    for key, response in found.items():
        assert response.text == (texts[key].text.partition(*marks[key])[0].strip() if marks[key] else texts[key].text)
        assert response.finish == ("stop" if marks[key] else texts[key].finish)


@pytest.mark.parametrize("name", ["llava", "qwen2_vl", "gemma3"])
def test_forests_join_and_prune_without_a_trace(engine, name, monkeypatch):
    happened = Counter()
    for what in ("join", "_select", "_keep_columns"):
        original = getattr(forest.Forest, what)

        def counted(self, *args, what=what, original=original):
            happened[what] += 1
            return original(self, *args)

        monkeypatch.setattr(forest.Forest, what, counted)
    lengths = [1, 70, 3, 20, 40, 17, 2, 55, 30]
    requests = [
        request(f"t/{i}.{j}", png(i, 24 + 5 * i, 60 - 3 * i), f"{WORDS[(i + j) % 3]} {j}", tokens=lengths[(i + j) % 9])
        for i in range(9)
        for j in range(1 + i % 3)
    ]
    found = ask(engine(name, batch_size=3), requests)
    assert min(happened[what] for what in ("join", "_select", "_keep_columns")) >= 2, happened
    assert same(found, one_by_one(engine, name, requests))
    assert paths(found) == {"tree": len(requests)}


def _all_see_all(monkeypatch):
    masks = forest.masks
    monkeypatch.setattr(forest, "masks", lambda model, sees, *rest: masks(model, torch.ones_like(sees), *rest))


def _behind_the_root_is_one_on(monkeypatch):
    run = forest.run
    monkeypatch.setattr(forest, "run", lambda model, ids, sees, at, *rest: run(model, ids, sees, at + 1, *rest))


def _steps_stand_still(monkeypatch):
    feed = forest.Forest.feed

    def late(self):
        self.position = self.position - 1
        return feed(self)

    monkeypatch.setattr(forest.Forest, "feed", late)


def _no_such_thing(monkeypatch):
    def refuses(*args):
        raise IndexError("masks have two axes")

    monkeypatch.setattr(forest, "masks", refuses)


@pytest.mark.parametrize(
    ("goes_wrong", "why"),
    [
        (_all_see_all, "log-probabilities differ by"),
        (_behind_the_root_is_one_on, "log-probabilities differ by"),
        (_steps_stand_still, "log-probabilities differ by"),
        (_no_such_thing, "it fails there (IndexError: masks have two axes)"),
    ],
)
def test_a_model_whose_trees_are_wrong_runs_in_batches(engine, monkeypatch, goes_wrong, why):
    requests, notes = asked_of("llava"), []
    alone = one_by_one(engine, "llava", requests)
    goes_wrong(monkeypatch)
    found = ask(engine("llava", on_note=notes.append), requests)
    assert same(found, alone)
    assert paths(found) == {"batch": len(requests)}
    assert len(notes) == 1
    assert why in notes[0]
    assert notes[0].startswith("LlavaForConditionalGeneration runs in padded batches, not as trees: ")


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize("count", [5, 6, 12])
def test_pictures_are_checked_beside_texts_that_share_as_much(engine, monkeypatch, count, wrong):
    plant = forest.plant

    def wrong_behind_pictures(model, roots, *rest):
        with monkeypatch.context() as patch:
            if wrong and "pixel_values" in roots:
                _behind_the_root_is_one_on(patch)
            return plant(model, roots, *rest)

    monkeypatch.setattr(forest, "plant", wrong_behind_pictures)
    texts = [request(f"t/{i}", f"{'A cat, two birds. ' * 4}{WORDS[i % 3]} {i}") for i in range(count)]
    requests = [*texts, *(request(f"p/{i}", png(1), f"{WORDS[i % 3]} {i}") for i in range(5))]
    found = ask(engine("llava"), requests)
    assert same(found, one_by_one(engine, "llava", requests))
    if not wrong:  # texts may go on as trees where pictures can't
        assert paths(found) == {"tree": len(requests)}
    assert {found[f"p/{i}"].path for i in range(5)} == {"batch" if wrong else "tree"}


def test_a_run_that_shows_nothing_decides_nothing(engine, monkeypatch):
    """Neither without requests nor with one prompt by itself, which has no neighbour to see by mistake."""
    requests = asked_of("llava")
    alone = one_by_one(engine, "llava", requests)
    _all_see_all(monkeypatch)
    ours = engine("llava")
    ask(ours, [])
    ask(ours, [request("t/alone", png(0), "What?")])
    assert same(ask(ours, requests), alone)


def test_pictures_that_stand_behind_the_words_run_in_batches(engine):
    ours = _checked(engine)
    requests = [request(f"t/{i}", f"{WORDS[i % 3]} {i}", png(i // 3), tokens=4 + 9 * (i % 2)) for i in range(6)]
    requests += asked_of("llava")[:4]
    requests = [dataclasses.replace(asked, id=f"s/{i}") for i, asked in enumerate(requests)]
    found = ask(ours, requests)
    assert same(found, one_by_one(engine, "llava", requests))
    assert paths(found) == {"batch": 6, "tree": 4}


def test_eager_attention_runs_as_trees(engine):
    requests = asked_of("gemma3")
    ours = engine("gemma3")
    ours.model.set_attn_implementation("eager")
    found = ask(ours, requests)
    assert ours.model.config.get_text_config()._attn_implementation == "eager"
    assert same(found, one_by_one(engine, "gemma3", requests))
    assert paths(found) == {"tree": len(requests)}


def test_attention_that_may_take_no_mask_runs_in_batches(engine):
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register("of_ones_own", sdpa_attention_forward)
    AttentionMaskInterface.register("of_ones_own", sdpa_mask)
    requests, notes = asked_of("llava"), []
    ours = engine("llava", on_note=notes.append)
    ours.model.set_attn_implementation("of_ones_own")
    found = ask(ours, requests)
    assert same(found, one_by_one(engine, "llava", requests))
    assert paths(found) == {"batch": len(requests)}
    assert "attention 'of_ones_own' takes no mask" in notes[0]


def _forward_fails(monkeypatch, model, when, error):
    """Makes the model raise when asked so: by rows, new tokens, and columns in its cache before."""
    forward, calls = model.forward, itertools.count()

    def limited(input_ids=None, logits_to_keep=0, position_ids=None, past_key_values=None, **inputs):
        if next(calls) > 1500:
            pytest.fail("the engine tries for ever")
        if when(*input_ids.shape, past_key_values.get_seq_length()):
            raise error
        return forward(
            input_ids=input_ids, logits_to_keep=logits_to_keep, position_ids=position_ids,
            past_key_values=past_key_values, **inputs,
        )  # fmt: skip

    monkeypatch.setattr(model, "forward", limited)


def _checked(engine, **options):
    """An engine that knows already that its model can be run as trees."""
    ours = engine("llava", **options)
    assert paths(ask(ours, asked_of("llava"))).keys() == {"tree"}
    return ours


@pytest.mark.parametrize(
    "when",
    [
        lambda rows, new, before: rows > 2 and not before,
        lambda rows, new, before: rows * (new + before) > 300,
        lambda rows, new, before: before > 90 and rows * (new + before) > 190,
    ],
    ids=["planting many rows", "planting much", "stepping"],
)
def test_out_of_memory_makes_smaller_forests(engine, monkeypatch, when):
    lengths = [1, 24, 3, 40]
    requests = [
        request(f"t/{i}.{j}", png(i, 40, 30), f"{WORDS[(i + j) % 3]} {j}", tokens=lengths[(i + j) % 4],
                temperature=float(j == 1))
        for i in range(6)
        for j in range(5)
    ]  # fmt: skip
    alone = one_by_one(engine, "llava", requests)
    notes = []
    ours = _checked(engine, on_note=notes.append)
    assert not notes
    before = ours.running.budget
    _forward_fails(monkeypatch, ours.model, when, torch.OutOfMemoryError("CUDA out of memory"))
    assert same(ask(ours, requests), alone)
    assert ours.running.budget.branches < before.branches
    assert "out of memory" in notes[0]
    assert f"at most {ours.running.budget.branches}" in notes[-1]


def test_out_of_memory_while_joining_loses_no_answer(engine, monkeypatch):
    requests = [request(f"t/{i}", png(i), f"{WORDS[i % 3]} {i}", tokens=20 + 3 * i) for i in range(8)]
    join, failures = forest.Forest.join, []

    def fails_at_first(self, other):
        if len(failures) < 2:
            failures.append(1)
            raise torch.OutOfMemoryError("CUDA out of memory")
        join(self, other)

    monkeypatch.setattr(forest.Forest, "join", fails_at_first)
    found = ask(engine("llava", batch_size=6), requests)
    assert failures
    assert same(found, one_by_one(engine, "llava", requests))
    assert paths(found) == {"tree": 8}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "does not fit into memory"),
        (ValueError("no such position"), "the model fails on this prompt: ValueError: no such position"),
    ],
)
def test_what_fails_on_one_prompt_is_that_requests_error(engine, monkeypatch, error, says):
    """Whether it stands in a tree with others, by itself, or is scored."""
    good = asked_of("llava")
    words = "a cat " * 80
    bad = [request("bad/0", png(0, 24, 60), words), request("bad/1", png(9), words), request("bad/2", words)]
    bad.append(dataclasses.replace(request("bad/3", png(1, 52, 33), words), continuations=CONTINUATIONS))
    alone = one_by_one(engine, "llava", good)
    ours = _checked(engine)
    _forward_fails(monkeypatch, ours.model, lambda rows, new, before: new + before > 250, error)
    found = ask(ours, [*bad[:2], *good, *bad[2:]])
    for asked in bad:
        assert says in (found[asked.id].error or "")
        assert found.pop(asked.id).finish == "error"
    assert same(found, alone)


@pytest.mark.parametrize("knows", [False, True])
def test_a_model_that_never_answers_stops_the_run(engine, monkeypatch, knows):
    ours = engine("llava")
    if knows:
        ask(ours, [])
    _forward_fails(monkeypatch, ours.model, lambda *of: True, ValueError("broken kernel"))
    with pytest.raises(EngineError, match="broken kernel"):
        ask(ours, asked_of("llava"))


def test_what_is_shared_runs_once(engine, monkeypatch):
    """Each picture goes through the tower once, and each beginning of its prompts through the decoder."""
    ours = _checked(engine)
    asked = ["Is there a dog?", "Is there a cat?", "Is there a red car?", "Describe it.", "A", "Is there a dog?"]
    requests = [
        dataclasses.replace(
            request(f"t/{i}.{j}", png(i, 40, 30), words, tokens=1), continuations=("Yes", " No") if j > 4 else ()
        )
        for j, words in enumerate(asked)
        for i in range(4)
    ]
    paths_of_one = []
    for one in requests[::4]:
        work = ours.running.preprocessor.prepare(ours.work(one))
        ids = work.features["input_ids"][0].tolist()
        paths_of_one += [ids, *([*ids, *branch[:-1]] for branch in work.branches)]
    distinct = {tuple(path[:end]) for path in paths_of_one for end in range(1, len(path) + 1)}

    fed, shown = [], []
    forward, tower = ours.model.forward, ours.model.model.vision_tower.forward
    monkeypatch.setattr(
        ours.model,
        "forward",
        lambda input_ids=None, logits_to_keep=0, position_ids=None, **inputs: (
            fed.append(input_ids.numel()),
            forward(input_ids=input_ids, logits_to_keep=logits_to_keep, position_ids=position_ids, **inputs),
        )[1],
    )
    monkeypatch.setattr(
        ours.model.model.vision_tower,
        "forward",
        lambda pixel_values, *args, **kwargs: (
            shown.append(len(pixel_values)),
            tower(pixel_values, *args, **kwargs),
        )[1],
    )
    assert paths(ask(ours, requests)) == {"tree": len(requests)}
    assert sum(shown) == 4
    assert sum(fed) == 4 * len(distinct)


def test_tasks_meet_over_their_pictures(engine, monkeypatch):
    ours = _checked(engine)
    rows, plant = [], trees.plant
    monkeypatch.setattr(trees, "plant", lambda running, of: (rows.extend(of), plant(running, of))[1])
    tasks = {"pope": ("Is there a dog?", 1), "filler": ("What?", 1), "chair": ("Describe this image.", 4)}
    requests = [
        request(f"{task}/{i}", png(i + 100 * (task == "filler")), words, tokens=tokens)
        for task, (words, tokens) in tasks.items()
        for i in range(15)
    ]
    assert paths(ask(ours, requests)) == {"tree": len(requests)}
    together = {frozenset(work.request.id for work in row.works) for row in rows}
    expected = [{frozenset((f"pope/{i}", f"chair/{i}")), frozenset((f"filler/{i}",))} for i in range(15)]
    assert together == set().union(*expected)
