"""Trains and measures the demo checkpoints: a 1.7 M-parameter LLaVA on rendered scenes, on one CPU core.

    python models/train.py sft --out models/demo                            # supervised, on web-like noisy labels
    python models/train.py dpo --reference models/demo --out models/demo-dpo
    python models/train.py evaluate --model models/demo                     # JSON on stdout

The model stands in `llava.py`, its data as trees of questions in `trees.py`, DPO in `preference.py`, and how a
checkpoint is measured in `measure.py`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import LlavaForConditionalGeneration, LlavaProcessor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import measure
import preference
from llava import decode, image_features, make_model, make_processor, save, schedule, update
from trees import GRID, NAMES, Trees, ask, batches, pack, patch_target, picture_pool, to_pixels

from mmeval.scenes import COLORS, MAX_OBJECTS, Scene, training_scene

TEMPORARY = Path(tempfile.gettempdir())


class Heads(nn.Module):
    """Training-only heads, dropped afterwards: what is in each patch, and what a question's nouns stand for.

    They give the attention from noun to patch a direct signal; without them a CPU run stays at chance for long.
    """

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Sequential(nn.LayerNorm(128), nn.Linear(128, len(NAMES) + 1 + len(COLORS) + 1))
        self.where = nn.Sequential(nn.LayerNorm(128), nn.Linear(128, 2 * GRID))
        self.noun = nn.Sequential(nn.LayerNorm(128), nn.Linear(128, MAX_OBJECTS + 1 + len(COLORS) + 2))

    def patch_loss(self, states: Tensor, scenes: list[Scene]) -> Tensor:
        kinds, colors, centers = (
            torch.tensor(t).flatten() for t in zip(*(patch_target(s) for s in scenes), strict=True)
        )
        logits = self.patch(states).flatten(0, 1)
        kind, color, center = logits.split([len(NAMES) + 1, len(COLORS), 1], -1)
        # Three patches in four are empty: they are to count less.
        balance = torch.ones(len(NAMES) + 1)
        balance[-1] = 0.3
        found = F.binary_cross_entropy_with_logits(center[:, 0], centers.float())
        # Without a reason to, the tower drops where a patch lies, and the decoder never learns left from right.
        row, column = self.where(states).flatten(0, 1).split([GRID, GRID], -1)
        patch = torch.arange(GRID**2).repeat(len(scenes))
        place = F.cross_entropy(row, patch // GRID) + F.cross_entropy(column, patch % GRID)
        what = F.cross_entropy(kind, kinds, balance) + F.cross_entropy(color, colors, ignore_index=-1)
        return what + found + 2 * place

    def patch_accuracy(self, states: Tensor, scenes: list[Scene]) -> float:
        """Share of the occupied patches whose category is right."""
        kinds = torch.tensor([patch_target(s)[0] for s in scenes])
        guesses = self.patch(states)[..., : len(NAMES) + 1].argmax(-1)
        return (guesses == kinds)[kinds < len(NAMES)].float().mean().item()

    def noun_loss(self, states: Tensor, targets: Tensor) -> Tensor:
        count, colors, center = self.noun(states).split([MAX_OBJECTS + 1, len(COLORS), 2], -1)
        loss = F.cross_entropy(count, targets[:, 0].long())
        loss = loss + 3 * F.binary_cross_entropy_with_logits(colors, targets[:, 1:9])
        known = ~targets[:, 9].isnan()
        return loss + 20 * F.mse_loss(center[known], targets[known, 9:])


def answer_loss(model: LlavaForConditionalGeneration, trees: Trees, states: Tensor) -> Tensor:
    """Weighted cross entropy of the answers' tokens, each predicted from the token before it in its branch."""
    picture, position = trees.weights.nonzero(as_tuple=True)
    logits = model.lm_head(states[picture, position - 1])
    losses = F.cross_entropy(logits, trees.ids[picture, position], reduction="none")
    weights = trees.weights[picture, position]
    return (losses * weights).sum() / weights.sum()


def train_tower(
    model: LlavaForConditionalGeneration, heads: Heads, pool: np.ndarray, processor: LlavaProcessor, args: Any
) -> None:
    """The tower learns what is in each patch before the decoder asks it anything."""
    parameters = [*model.model.vision_tower.parameters(), *heads.patch.parameters(), *heads.where.parameters()]
    optimizer = torch.optim.AdamW(parameters, betas=(0.9, 0.98), weight_decay=0.02)
    order = batches(len(pool), 2 * args.batch, random.Random(args.seed))
    began = time.time()
    for step in range(args.tower_steps):
        chosen = sorted(next(order))
        scenes = [training_scene(i) for i in chosen]
        features = image_features(model, to_pixels(pool[chosen], processor))
        loss = heads.patch_loss(features, scenes)
        update(optimizer, loss, schedule(step / args.tower_steps, args.tower_rate, min(1.0, (step + 1) / 100)))
        if step % 50 == 0:
            right = heads.patch_accuracy(features, scenes)
            print(f"tower {step} loss {loss.item():.3f} category {right:.3f} {time.time() - began:.0f}s", flush=True)


def sft(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    processor = make_processor()
    model, heads = make_model(processor), Heads()
    pool = picture_pool(args.scenes, args.cache)[: args.scenes]
    train_tower(model, heads, pool, processor, args)
    tower = list(model.model.vision_tower.parameters())
    inside = {id(parameter) for parameter in tower}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in inside]
    # The tower goes slowly, lest the untrained decoder's gradients undo what it has learned.
    groups = [{"params": tower, "share": 0.3}, {"params": [*rest, *heads.parameters()]}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.02)
    order = batches(len(pool), args.batch, rng)
    began = time.time()
    for step in range(args.steps):
        done = step / args.steps
        chosen = sorted(next(order))
        scenes = [training_scene(i) for i in chosen]
        asked = [rng.sample(qs := ask(s, rng, args.web_noise), len(qs)) for s in scenes]
        # Short questions first: they teach the decoder to look at the picture at half the cost.
        trees = pack(scenes, asked, processor.tokenizer, rng, budget=110 if done < args.short else 210)
        features = image_features(model, to_pixels(pool[chosen], processor))
        middle, states = decode(model, trees, features)
        answers = answer_loss(model, trees, states)
        nouns = heads.noun_loss(middle[trees.nouns[:, 0], trees.nouns[:, 1]], trees.noun_targets)
        # The same in words: at the noun itself the decoder is to say the thing's colour, or "No".
        spoken = model.lm_head(states[trees.nouns[:, 0], trees.nouns[:, 1]])
        words = F.cross_entropy(spoken, trees.noun_tokens)
        patches = heads.patch_loss(features, scenes)
        rate = schedule(done, args.rate, min(1.0, (step + 1) / 60))
        update(optimizer, answers + 0.3 * nouns + 0.5 * words + 0.5 * patches, rate)
        if step % 10 == 0:
            right = probe(model, trees, states)
            terms = {"answers": answers, "nouns": nouns, "words": words, "patches": patches}
            parts = " ".join(f"{name} {term.item():.3f}" for name, term in terms.items())
            print(f"step {step} {parts} first-token {right:.3f} {time.time() - began:.0f}s", flush=True)
        if step % 100 == 99:
            save(model, processor, args.out)
    print(f"{step + 1} steps in {time.time() - began:.0f}s", flush=True)
    save(model, processor, args.out)


def probe(model: LlavaForConditionalGeneration, trees: Trees, states: Tensor) -> float:
    """Share of short answers whose token is right, on the batch just trained on (its labels may be noisy)."""
    picture, position = (trees.weights >= 1.0).nonzero(as_tuple=True)
    guesses = model.lm_head(states[picture, position - 1]).argmax(-1)
    return (guesses == trees.ids[picture, position]).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("sft", help="supervised training from random weights")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--tower-steps", type=int, default=1500)
    p.add_argument("--steps", type=int, default=4200)
    p.add_argument("--batch", type=int, default=20, help="pictures a step, each with about eight questions")
    p.add_argument("--rate", type=float, default=8e-4)
    p.add_argument("--tower-rate", type=float, default=1.2e-3)
    p.add_argument("--short", type=float, default=0.2, help="share of the training on short questions only")
    p.add_argument("--scenes", type=int, default=16000)
    p.add_argument("--web-noise", type=float, default=0.45, help="share of tempting labels that are false")
    p.add_argument("--cache", type=Path, default=TEMPORARY / "mmeval-scenes.npy", help="rendered training scenes")
    p.set_defaults(run=sft)
    p = commands.add_parser("dpo", help="align a checkpoint with its own answers, ranked by the scenes' truth")
    p.add_argument("--reference", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--scenes", type=int, default=400)
    p.add_argument("--samples", type=int, default=4, help="captions sampled a scene")
    p.add_argument("--steps", type=int, default=120)
    p.add_argument("--batch", type=int, default=12, help="pictures a step, each with all its pairs")
    p.add_argument("--rate", type=float, default=1e-4)
    p.add_argument("--beta", type=float, default=0.1)
    p.add_argument("--likelihood", type=float, default=0.2)
    p.add_argument("--share", type=float, default=0.5, help="how far to go from the reference to the trained weights")
    p.add_argument("--cache", type=Path, default=TEMPORARY / "mmeval-scenes.npy")
    p.set_defaults(run=preference.dpo)
    p = commands.add_parser("evaluate", help="held-out accuracy of every skill, as JSON")
    p.add_argument("--model", type=Path, required=True)
    p.add_argument("--scenes", type=int, default=300)
    p.set_defaults(run=lambda a: print(json.dumps(measure.evaluate(a.model, a.scenes), indent=1)))
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.run(args)


if __name__ == "__main__":
    main()
