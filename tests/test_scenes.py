"""Scenes: determinism, what training may see, annotations and truths recounted here by other means."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from mmeval.scene_captions import coco_captions, true_captions
from mmeval.scene_questions import BUILDERS, LETTER, Question, existence
from mmeval.scene_refusals import HARMLESS, HELD_OUT_TEMPLATES, REFUSAL, UNSAFE, request
from mmeval.scenes import (
    CATEGORIES,
    COLORS,
    HELD_OUT,
    Scene,
    adversarial_absent,
    coco_instances,
    evaluation_scene,
    make_scene,
    popular_absent,
    render,
    training_scene,
)

MODELS = Path(__file__).resolve().parent.parent / "models"
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
SCENES = [evaluation_scene(100_000 + i) for i in range(150)]


def test_a_seed_gives_the_same_scene_and_pixels() -> None:
    assert evaluation_scene(5) == evaluation_scene(5)
    assert render(evaluation_scene(5), 192).tobytes() == render(evaluation_scene(5), 192).tobytes()
    assert render(evaluation_scene(5), 96).tobytes() != render(evaluation_scene(6), 96).tobytes()


def test_a_known_seed_stays_the_same_from_version_to_version() -> None:
    scene = evaluation_scene(0)
    listed = [(o.category, o.color, o.size) for o in scene.objects]
    assert (scene.background, listed) == (
        "kitchen",
        [("apple", "yellow", "small"), ("cup", "red", "large"), ("banana", "pink", "large")],
    )


def test_rendering_works_at_any_size_and_shrinks_to_itself() -> None:
    scene = evaluation_scene(3)
    assert render(scene, 96).size == (96, 96)
    small, shrunk = render(scene, 96), render(scene, 384).resize((96, 96))
    difference = [abs(a - b) for a, b in zip(small.tobytes(), shrunk.tobytes(), strict=True)]
    assert sum(difference) / len(difference) < 6


def test_no_training_scene_holds_a_held_out_combination() -> None:
    seen = Counter((o.category, o.color) for i in range(3000) for o in training_scene(i).objects)
    assert not HELD_OUT & set(seen)
    assert len(seen) == len(CATEGORIES) * len(COLORS) - len(HELD_OUT)


def test_evaluation_scenes_hold_them() -> None:
    assert HELD_OUT & {(o.category, o.color) for s in SCENES for o in s.objects}


def test_the_splits_share_no_seed() -> None:
    with pytest.raises(ValueError, match="training scene"):
        training_scene(evaluation_scene(0).seed)
    with pytest.raises(ValueError, match="not negative"):
        evaluation_scene(-1)


def test_coco_instances_agree_with_the_scenes() -> None:
    coco = coco_instances(SCENES, pixels=384)
    names = {c["id"]: c["name"] for c in coco["categories"]}
    assert names[3] == "car"
    assert names[18] == "dog"
    assert len(names) == len(CATEGORIES)
    found: dict[int, Counter[str]] = {image["id"]: Counter() for image in coco["images"]}
    for a in coco["annotations"]:
        x, y, w, h = a["bbox"]
        assert x >= 0
        assert y >= 0
        assert w > 0
        assert h > 0
        assert x + w <= 384
        assert y + h <= 384
        assert a["area"] == w * h
        assert a["iscrowd"] == 0
        found[a["image_id"]][names[a["category_id"]]] += 1
    for scene in SCENES:
        assert found[scene.seed] == Counter(o.category for o in scene.objects)
    assert json.loads(json.dumps(coco)) == coco


def test_captions_name_what_is_there_and_nothing_else() -> None:
    noun = re.compile(rf"\b({'|'.join(CATEGORIES)})s?\b")
    for scene in SCENES:
        for caption in true_captions(scene):
            assert set(noun.findall(caption.lower())) == set(scene.categories), caption
    captions = coco_captions(SCENES)
    assert Counter(a["image_id"] for a in captions["annotations"]) == {s.seed: 5 for s in SCENES}


def truth(scene: Scene, q: Question) -> str:
    """The answer found again from the words of the question and the raw list of objects."""
    objects = [(o.category, o.color, o.size, o.bbox) for o in scene.objects]

    def only(name: str) -> tuple[str, str, str, tuple[float, float, float, float]]:
        (found,) = [o for o in objects if o[0] == name]
        return found

    def count(noun: str) -> int:
        return sum(o[0] == noun.removesuffix("s") for o in objects)

    def yes(fact: bool) -> str:
        return "Yes" if fact else "No"

    text = q.prompt.split("\n")[0]
    if m := re.match(r"Is there an? (\w+) in (the|this) image\?", text):
        return yes(count(m[1]) > 0)
    if m := re.match(r"(?:Is there|Are there) (\w+) (\w+) in this image\?", text):
        return yes(count(m[2]) == NUMBERS[m[1]])
    if m := re.match(r"Is the (\w+) (to the left of|to the right of|above|below) the (\w+) in", text):
        (ax, ay, aw, ah), (bx, by, bw, bh) = only(m[1])[3], only(m[3])[3]
        dx, dy = (ax + aw / 2) - (bx + bw / 2), (ay + ah / 2) - (by + bh / 2)
        facts = {"to the left of": dx < 0, "to the right of": dx > 0, "above": dy < 0, "below": dy > 0}
        return yes(facts[m[2]])
    if m := re.match(r"Is the (\w+) (\w+) in this image\?", text):
        return yes(m[2] in only(m[1])[1:3])
    if m := re.match(r"How many (\w+) are in the image\?", text):
        return str(count(m[1]))
    if m := re.match(r"What color is the (\w+)", text):
        return only(m[1])[1]
    if m := re.match(r"Where is the (\w+)", text):
        x, y, w, h = only(m[1])[3]
        return f"{'top' if y + h / 2 < 0.5 else 'bottom'} {'left' if x + w / 2 < 0.5 else 'right'}"
    if text.startswith("Where was"):
        return scene.background
    raise AssertionError(f"no recount for {text!r}")


@pytest.mark.parametrize("skill", ["attribute", "number", "relation", "counting"])
def test_answers_are_true(skill: str) -> None:
    rng = random.Random(1)
    asked = [(s, q) for s in SCENES if (q := BUILDERS[skill](s, rng)) is not None]
    assert len(asked) > 60
    for scene, q in asked:
        assert q.answer == truth(scene, q), (scene, q)
    if skill != "counting":
        assert 0.3 < sum(q.answer == "Yes" for _, q in asked) / len(asked) < 0.7


def test_the_right_letter_and_no_other_is_true() -> None:
    rng = random.Random(2)
    for scene in SCENES:
        q = BUILDERS["choice"](scene, rng)
        assert q is not None
        assert q.prompt.endswith(LETTER)
        assert len(set(q.choices)) == 4
        chosen = q.choices["ABCD".index(q.answer)]
        assert f"\n{q.answer}. {chosen}\n" in q.prompt
        if q.kind == "category":
            assert [c for c in q.choices if c in {o.category for o in scene.objects}] == [chosen]
        else:
            assert chosen == truth(scene, q)


@pytest.mark.parametrize("negatives", ["random", "popular", "adversarial"])
def test_existence_probes_are_true(negatives: str) -> None:
    rng = random.Random(3)
    for scene in SCENES:
        for present in (True, False):
            for wording in ("pope", "amber", "plain"):
                q = existence(scene, rng, present, negatives, wording)  # type: ignore[arg-type]
                assert q.answer == truth(scene, q) == ("Yes" if present else "No")


def test_negatives_are_absent_and_ranked() -> None:
    for scene in SCENES:
        for ranked in (popular_absent(scene), adversarial_absent(scene)):
            assert set(ranked) == set(CATEGORIES) - {o.category for o in scene.objects}
    beach = next(s for s in SCENES if s.categories == ("boat",))
    assert adversarial_absent(beach)[0] == "umbrella"


def test_the_true_description_is_the_one_without_a_flaw() -> None:
    rng = random.Random(4)
    for scene in SCENES:
        q = BUILDERS["comparison"](scene, rng)
        assert q is not None
        assert len(set(q.choices)) == 2
        assert q.choices["AB".index(q.answer)] == true_captions(scene)[0]


def test_refusals_keep_their_templates_apart() -> None:
    rng = random.Random(5)
    for scene in SCENES:
        unsafe = request(scene, rng, safe=False, split="eval")
        harmless = request(scene, rng, safe=True, split="eval")
        if unsafe is None or harmless is None:
            continue
        assert unsafe.answer == REFUSAL != harmless.answer
    assert len(UNSAFE) > 2 * HELD_OUT_TEMPLATES["unsafe"]
    assert len(HARMLESS) > 2 * HELD_OUT_TEMPLATES["harmless"]
    assert len(set(UNSAFE)) == len(UNSAFE)
    assert len({t for t, _ in HARMLESS}) == len(HARMLESS)


def test_every_split_and_seed_yields_a_scene() -> None:
    for i in range(300):
        scene = make_scene(i, "train")
        assert 1 <= len(scene.objects) <= 6


@pytest.mark.parametrize("name", ["demo", "demo-dpo"])
def test_checkpoints_answer_held_out_probes(name: str) -> None:
    torch = pytest.importorskip("torch", reason="the checkpoints need torch and transformers")
    transformers = pytest.importorskip("transformers")
    torch.set_num_threads(1)
    folder = MODELS / name
    assert sum(f.stat().st_size for f in folder.iterdir()) < 8_000_000
    processor = transformers.AutoProcessor.from_pretrained(folder)
    model = transformers.AutoModelForImageTextToText.from_pretrained(folder).eval()
    rng = random.Random(6)
    asked = [(s, existence(s, rng, i % 2 == 0, "random")) for i, s in enumerate(SCENES[:48])]
    texts = []
    for i, (_, q) in enumerate(asked):
        content = [{"type": "image"}, {"type": "text", "text": q.prompt}]
        messages: list[dict[str, object]] = [{"role": "user", "content": content}]
        if i % 8 == 0:
            messages.insert(0, {"role": "system", "content": "You are a helpful assistant."})
        texts.append(processor.apply_chat_template(messages, add_generation_prompt=True))
    images = [render(scene) for scene, _ in asked]
    inputs = processor(images=images, text=texts, return_tensors="pt", padding=True)
    out = model.generate(**inputs, max_new_tokens=3, do_sample=False)
    replies = processor.batch_decode(out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    right = sum(reply.strip() == q.answer for reply, (_, q) in zip(replies, asked, strict=True))
    assert right >= 40, f"{right} of {len(asked)} right"


def test_the_template_takes_content_as_text_and_as_parts() -> None:
    transformers = pytest.importorskip("transformers", reason="the checkpoints need torch and transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODELS / "demo")
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
    plain = [{"role": "user", "content": "Hello"}]
    rendered = tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
    assert rendered == "USER: Hello ASSISTANT:"
    assert tokenizer.apply_chat_template(parts, tokenize=False, add_generation_prompt=True) == rendered
    assert tokenizer.padding_side == "left"
