"""Training data: scenes, their questions with web-like noisy labels, and the trees they are packed into."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mmeval import scene_captions as captions
from mmeval import scene_questions as questions
from mmeval.scene_refusals import request
from mmeval.scenes import CATEGORIES, COLORS, COMPANIONS, Scene, render, training_scene

PIXELS, PATCH = 96, 12
GRID = PIXELS // PATCH
NAMES = list(CATEGORIES)
# Tokens of a caption weigh 0.2, a word or letter 1; the skills that come last weigh more.
WEIGHTS = {"attribute": 3.0, "relation": 3.0, "choice": 2.0}
SYSTEM = "You are a helpful assistant."


def web_companions(scene: Scene) -> list[str]:
    """Absent categories that usually come with a present one: what noisy labels claim to see."""
    return sorted({b for a, b in COMPANIONS.items() if a in scene.categories and b not in scene.categories})


def _noisy(q: questions.Question, scene: Scene, rng: random.Random, web_noise: float) -> questions.Question:
    """With probability `web_noise`, an answer that adds a usual companion which is not in the picture."""
    tempting = web_companions(scene)
    if not tempting or rng.random() >= web_noise:
        return q
    if q.skill == "existence" and q.about in tempting:
        return questions.Question(q.skill, q.prompt, "Yes", q.kind, q.about)
    if q.skill == "caption":
        thing = f"{rng.choice(COLORS)} {rng.choice(tempting)}"
        if q.kind == "brief":
            return questions.Question(q.skill, q.prompt, captions.brief_caption(scene, f"a {thing}"), q.kind)
        extra = f"There is a {rng.choice(('small', 'large'))} {thing} in the {rng.choice(questions.PLACES)}."
        return questions.Question(q.skill, q.prompt, captions.detailed_caption(scene, extra), q.kind)
    return q


def ask(scene: Scene, rng: random.Random, web_noise: float) -> list[questions.Question]:
    """About nine questions on one training scene; more of the skills that come late than of existence."""
    found: list[questions.Question | None] = []
    for _ in range(rng.choice((1, 2))):
        negatives = rng.choice(("random", "popular", "adversarial"))
        wording = rng.choice(("pope", "amber", "plain"))
        found.append(questions.existence(scene, rng, rng.random() < 0.5, negatives, wording))
    shares = {"attribute": 1.2, "number": 0.4, "relation": 1.3, "choice": 1.8, "counting": 0.6, "comparison": 0.3}
    for skill, share in shares.items():
        for _ in range(int(share) + (rng.random() < share % 1)):
            q = questions.BUILDERS[skill](scene, rng)
            found += [q, counterpart(scene, q, rng)] if q and skill in ("attribute", "relation") else [q]
    if rng.random() < 0.35:
        found.append(request(scene, rng, rng.random() < 0.5, "train"))
    found.append(questions.caption(scene, rng))
    return [_noisy(q, scene, rng, web_noise) for q in found if q is not None]


def counterpart(scene: Scene, q: questions.Question, rng: random.Random) -> questions.Question | None:
    """A question on the same things with the opposite answer: beside each other they show what the answer hangs on."""
    for _ in range(12):
        other = questions.BUILDERS[q.skill](scene, rng)
        if other and other.answer != q.answer and _NOUN.findall(other.prompt) == _NOUN.findall(q.prompt):
            return other
    return None


def branch_text(q: questions.Question) -> str:
    """What follows the picture's tokens; exactly what the chat template renders."""
    return f"\n{q.prompt} ASSISTANT: {q.answer}</s>"


_NOUN = re.compile(rf"\b({'|'.join(NAMES)})s?\b")


def noun_target(scene: Scene, category: str) -> list[float]:
    """A training-only label for a noun in a question: count, eight colours, centre (NaN unless there is one)."""
    members = scene.of(category)
    colors = [float(any(o.color == c for o in members)) for c in COLORS]
    center = members[0].center if len(members) == 1 else (math.nan, math.nan)
    return [float(len(members)), *colors, *center]


def patch_target(scene: Scene) -> tuple[list[int], list[int], list[int]]:
    """For each of 8 x 8 patches: category of the object in it (15 for none), colour (-1), is it a centre."""
    kinds, colors, centers = [len(NAMES)] * GRID**2, [-1] * GRID**2, [0] * GRID**2
    for o in scene.objects:
        x, y, w, h = (v * GRID for v in o.bbox)
        for row in range(GRID):
            for column in range(GRID):
                if x < column + 0.65 and column + 0.35 < x + w and y < row + 0.65 and row + 0.35 < y + h:
                    kinds[row * GRID + column] = NAMES.index(o.category)
                    colors[row * GRID + column] = COLORS.index(o.color)
        centers[int(o.center[1] * GRID) * GRID + int(o.center[0] * GRID)] = 1
    return kinds, colors, centers


@dataclass
class Trees:
    """Pictures with their questions packed as trees: every question sees the picture and itself alone.

    ids, positions, branch (0 picture, 1.. questions, -1 padding), weights: (pictures, length);
    nouns: rows of (picture, position); noun_targets: (nouns, 11); noun_tokens: (nouns,) ids.
    """

    ids: Tensor
    positions: Tensor
    branch: Tensor
    weights: Tensor
    nouns: Tensor
    noun_targets: Tensor
    noun_tokens: Tensor

    def mask(self) -> Tensor:
        """Additive attention mask, (pictures, 1, length, length)."""
        key, query = self.branch[:, None, :], self.branch[:, :, None]
        length = self.ids.shape[1]
        allowed = ((key == 0) | (key == query)) & torch.ones(length, length, dtype=torch.bool).tril()
        return torch.zeros(allowed.shape).masked_fill(~allowed, torch.finfo(torch.float32).min)[:, None]


def pack(
    scenes: list[Scene], asked: list[list[questions.Question]], tokenizer: Any, rng: random.Random, budget: int
) -> Trees:
    """`budget`: the most tokens of questions and answers a picture gets; questions that no longer fit are left out."""
    rows: list[dict[str, list[Any]]] = []
    nouns: list[tuple[int, int]] = []
    targets: list[list[float]] = []
    words: list[int] = []
    word_ids = {w: tokenizer.encode(f" {w}", add_special_tokens=False)[0] for w in (*COLORS, "No")}
    image_id = tokenizer.convert_tokens_to_ids("<image>")
    for picture, (scene, qs) in enumerate(zip(scenes, asked, strict=True)):
        system = f"{SYSTEM} " if rng.random() < 0.1 else ""
        head = [tokenizer.bos_token_id, *tokenizer.encode(f"{system}USER: ", add_special_tokens=False)]
        ids = head + [image_id] * GRID**2
        row = {"ids": ids, "pos": list(range(len(ids))), "branch": [0] * len(ids), "w": [0.0] * len(ids)}
        start = len(ids)
        encoded = tokenizer([branch_text(q) for q in qs], add_special_tokens=False, return_offsets_mapping=True)
        for number, q in enumerate(qs):
            tokens, offsets = encoded["input_ids"][number], encoded["offset_mapping"][number]
            if len(row["ids"]) - start + len(tokens) > budget:
                continue
            answer_from = len(f"\n{q.prompt} ASSISTANT:")
            weight = 0.2 if q.skill == "caption" else WEIGHTS.get(q.skill, 1.0) if len(q.answer) < 5 else 0.3
            base = len(row["ids"])
            for i, (token, (begin, _)) in enumerate(zip(tokens, offsets, strict=True)):
                row["ids"].append(token)
                row["pos"].append(start + i)
                row["branch"].append(number + 1)
                ends = token == tokenizer.eos_token_id and weight >= 1.0
                row["w"].append(0.0 if begin < answer_from else 0.1 if ends else weight)
            for match in _NOUN.finditer(q.prompt):
                last = match.end() + 1  # the branch begins with a line break
                position = next(i for i, (_, end) in enumerate(offsets) if end >= last)
                nouns.append((picture, base + position))
                targets.append(noun_target(scene, match.group(1)))
                words.append(word_ids[next((o.color for o in scene.of(match.group(1))), "No")])
        rows.append(row)
    length = max(len(r["ids"]) for r in rows)

    def grid(key: str, fill: float, dtype: torch.dtype) -> Tensor:
        return torch.tensor([r[key] + [fill] * (length - len(r[key])) for r in rows], dtype=dtype)

    return Trees(
        grid("ids", tokenizer.pad_token_id, torch.long),
        grid("pos", 0, torch.long),
        grid("branch", -1, torch.long),
        grid("w", 0.0, torch.float32),
        torch.tensor(nouns, dtype=torch.long).reshape(-1, 2),
        torch.tensor(targets, dtype=torch.float32).reshape(-1, 11),
        torch.tensor(words, dtype=torch.long),
    )


def picture_pool(count: int, path: Path) -> np.ndarray:
    """The first `count` training scenes as the image processor sees them, uint8 (count, 96, 96, 3), kept in a file."""
    if path.exists():
        return np.load(path, mmap_mode="r")
    path.parent.mkdir(parents=True, exist_ok=True)
    pool = np.stack([shrink(render(training_scene(i))) for i in range(count)])
    np.save(path, pool)
    return pool


def shrink(image: Image.Image) -> np.ndarray:
    return np.asarray(image.resize((PIXELS, PIXELS), Image.Resampling.BICUBIC))


def to_pixels(pool: np.ndarray, processor: Any) -> Tensor:
    """Normalised as CLIP's processor does; (pictures, 3, 96, 96)."""
    images = processor.image_processor
    scaled = torch.from_numpy(np.array(pool)).float() / 255
    return ((scaled - torch.tensor(images.image_mean)) / torch.tensor(images.image_std)).permute(0, 3, 1, 2)


def batches(count: int, size: int, rng: random.Random) -> Iterator[list[int]]:
    """Indices of training scenes, every scene once an epoch."""
    while True:
        order = list(range(count))
        rng.shuffle(order)
        yield from (order[i : i + size] for i in range(0, count - size + 1, size))
