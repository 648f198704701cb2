"""Direct preference optimisation of a demo checkpoint on its own answers, ranked by what the scenes hold."""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass
from typing import Any

import measure
import torch
from llava import decode, image_features, save, schedule, update
from torch import Tensor
from torch.nn import functional as F
from transformers import LlavaForConditionalGeneration, LlavaProcessor
from trees import Trees, pack, picture_pool, to_pixels, web_companions

from mmeval import scene_questions as questions
from mmeval.scenes import Scene, render, training_scene


@dataclass(frozen=True)
class Pair:
    """A preferred and a rejected answer to one prompt."""

    prompt: str
    chosen: str
    rejected: str


def caption_pair(scene: Scene, prompt: str, sampled: list[str]) -> Pair | None:
    """Two sampled captions of which one names fewer absent categories and no fewer present ones; None without such."""
    present = set(scene.categories)
    found = [measure.mentioned(text) for text in sampled]
    false, true = [len(named - present) for named in found], [len(named & present) for named in found]
    # Without the second condition the model would learn above all to say less.
    pairs = [
        (false[b] - false[a], true[a] - true[b], a, b)
        for a in range(len(sampled))
        for b in range(len(sampled))
        if false[a] < false[b] and true[a] >= true[b]
    ]
    if not pairs:
        return None
    *_, best, worst = max(pairs)
    return Pair(prompt, sampled[best], sampled[worst])


def probe_pairs(scene: Scene, rng: random.Random, says_yes: dict[str, bool]) -> list[Pair]:
    """No over Yes where the reference said yes to an absent category, and beside it Yes over No for a present one."""
    pairs = []
    for category in (c for c, said in says_yes.items() if said and c not in scene.categories):
        here = rng.choice(scene.categories)
        for wording in ("pope", "amber"):
            pairs.append(Pair(questions.existence_prompt(category, wording), "No", "Yes"))
        pairs.append(Pair(questions.existence_prompt(here, rng.choice(("pope", "amber"))), "Yes", "No"))
    return pairs[:6]


def make_pairs(
    model: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    indices: list[int],
    samples: int,
    rng: random.Random,
) -> dict[int, list[Pair]]:
    """Training scene's index -> preference pairs, from the model's own captions and yes/no answers."""
    scenes = [training_scene(i) for i in indices]
    images = [render(s) for s in scenes]
    prompts = [rng.choice((questions.DETAILED, questions.AMBER_DESCRIBE, questions.BRIEF)) for _ in scenes]
    repeated = [image for image in images for _ in range(samples)]
    asked = [prompt for prompt in prompts for _ in range(samples)]
    texts = list(measure.answers(model, processor, repeated, asked, 150, batch=128, temperature=1.0))
    probed = [[*web_companions(s), questions.absent_category(s, rng, "adversarial")] for s in scenes]
    flat = [(image, questions.existence_prompt(c)) for image, cs in zip(images, probed, strict=True) for c in cs]
    yes = measure.answers(model, processor, [f[0] for f in flat], [f[1] for f in flat], 2, batch=64, temperature=1.0)
    pairs: dict[int, list[Pair]] = {}
    for n, (index, scene) in enumerate(zip(indices, scenes, strict=True)):
        captioned = caption_pair(scene, prompts[n], texts[n * samples : (n + 1) * samples])
        says_yes = {c: next(yes) == "Yes" for c in probed[n]}
        found = ([captioned] if captioned else []) + probe_pairs(scene, rng, says_yes)
        if found:
            pairs[index] = found
    return pairs


def branch_log_probabilities(
    model: LlavaForConditionalGeneration, trees: Trees, states: Tensor
) -> tuple[Tensor, Tensor]:
    """Summed log-probability and number of the answer's tokens of every branch, each (pictures, branches)."""
    picture, position = trees.weights.nonzero(as_tuple=True)
    logits = model.lm_head(states[picture, position - 1])
    token = -F.cross_entropy(logits, trees.ids[picture, position], reduction="none")
    shape = (trees.ids.shape[0], int(trees.branch.max()))
    where = (picture, trees.branch[picture, position] - 1)
    sums = torch.zeros(shape).index_put(where, token, accumulate=True)
    return sums, torch.zeros(shape).index_put(where, torch.ones_like(token), accumulate=True)


def dpo_loss(policy: Tensor, reference: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """Direct preference optimisation (Rafailov et al. 2023, equation 7) and the share of pairs ranked rightly.

    Both arguments: (pictures, branches), branches alternating chosen, rejected; 0 where a picture has fewer.
    """
    gain = (policy - reference).unflatten(1, (-1, 2))
    real = policy.unflatten(1, (-1, 2))[..., 0] != 0
    margin = beta * (gain[..., 0] - gain[..., 1])[real]
    return -F.logsigmoid(margin).mean(), (margin > 0).float().mean()


def pack_pairs(indices: list[int], pairs: dict[int, list[Pair]], tokenizer: Any, rng: random.Random) -> Trees:
    asked = [
        [
            questions.Question("caption" if len(answer) > 5 else "existence", pair.prompt, answer)
            for pair in pairs[i]
            for answer in (pair.chosen, pair.rejected)
        ]
        for i in indices
    ]
    return pack([training_scene(i) for i in indices], asked, tokenizer, rng, budget=900)


def dpo(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    processor = LlavaProcessor.from_pretrained(args.reference)
    reference = LlavaForConditionalGeneration.from_pretrained(args.reference, dtype=torch.float32).eval()
    policy = LlavaForConditionalGeneration.from_pretrained(args.reference, dtype=torch.float32)
    began = time.time()
    pairs = make_pairs(reference, processor, list(range(args.scenes)), args.samples, rng)
    total = sum(map(len, pairs.values()))
    print(f"{total} pairs on {len(pairs)} of {args.scenes} scenes, {time.time() - began:.0f}s", flush=True)
    pool = picture_pool(args.scenes, args.cache)
    # The tower sees well enough: what is to change is what the decoder says about it.
    parameters = [*policy.model.language_model.parameters(), *policy.model.multi_modal_projector.parameters()]
    optimizer = torch.optim.AdamW(parameters, betas=(0.9, 0.98), weight_decay=0.0)
    known = sorted(pairs)
    for step in range(args.steps):
        indices = rng.sample(known, args.batch)
        trees = pack_pairs(indices, pairs, processor.tokenizer, rng)
        with torch.no_grad():
            features = image_features(reference, to_pixels(pool[indices], processor))
            old, _ = branch_log_probabilities(reference, trees, decode(reference, trees, features)[1])
        new, lengths = branch_log_probabilities(policy, trees, decode(policy, trees, features)[1])
        preference, ranked = dpo_loss(new, old, args.beta)
        # A little likelihood of the chosen answers keeps the sentences whole.
        likelihood = -(new[:, ::2].sum() / lengths[:, ::2].sum())
        loss = preference + args.likelihood * likelihood
        update(optimizer, loss, schedule(step / args.steps, args.rate, min(1.0, (step + 1) / 10)))
        if step % 10 == 0:
            parts = f"dpo {preference.item():.3f} ranked {ranked.item():.3f} nll {likelihood.item():.3f}"
            print(f"step {step} {parts} {time.time() - began:.0f}s", flush=True)
        if step % 50 == 49:
            save(policy, processor, args.out)
    # Part of the way only (Wortsman et al. 2022, arXiv 2109.01903): the whole step costs yes answers.
    with torch.no_grad():
        for weight, before in zip(policy.parameters(), reference.parameters(), strict=True):
            weight.lerp_(before, 1 - args.share)
    save(policy, processor, args.out)
