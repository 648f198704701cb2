"""Trains and measures the demo checkpoints: a 1.7 M-parameter LLaVA on rendered scenes, on one CPU core.

    python models/train.py sft --out models/demo                            # supervised, on web-like noisy labels
    python models/train.py dpo --reference models/demo --out models/demo-dpo
    python models/train.py evaluate --model models/demo                     # JSON on stdout

Read it top to bottom: the model, the data as trees of questions, the supervised loop, DPO. How a checkpoint is
measured stands in `measure.py`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import measure
from trees import (
    GRID,
    NAMES,
    PATCH,
    PIXELS,
    SYSTEM,
    Trees,
    ask,
    batches,
    branch_text,
    pack,
    patch_target,
    picture_pool,
    to_pixels,
    web_companions,
)

from mmeval import scene_questions as questions
from mmeval.scenes import COLORS, MAX_OBJECTS, Scene, render, training_scene

TEMPORARY = Path(tempfile.gettempdir())
# LLaVA-1.5's wording; takes content as text or as a list of parts, and puts a picture before the text.
CHAT_TEMPLATE = """{% for message in messages %}\
{% if message['role'] == 'system' %}\
{% if message['content'] is string %}{{ message['content'] }}{% else %}\
{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}{% endif %}{{ ' ' }}\
{% else %}{{ message['role'].upper() + ':' }}\
{% if message['content'] is string %}{{ ' ' + message['content'] }}{% else %}\
{% for part in message['content'] if part['type'] == 'image' %}{{ ' <image>\n' }}{% endfor %}\
{% for part in message['content'] if part['type'] == 'text' %}\
{{ part['text'] if message['content'][0]['type'] == 'image' else ' ' + part['text'] }}{% endfor %}{% endif %}\
{{ '</s>' if message['role'] == 'assistant' else ' ' }}{% endif %}{% endfor %}\
{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"""


# ---------------------------------------------------------------- the model and its processor


def make_processor() -> LlavaProcessor:
    """A byte-level BPE trained on the questions themselves, and CLIP's image processor at 96 pixels."""
    special = ["<unk>", "<s>", "</s>", "<pad>", "<image>"]
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    rng = random.Random(0)
    texts = [SYSTEM + branch_text(q) for i in range(4000) for q in ask(training_scene(i), rng, web_noise=0.0)]
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    core.train_from_iterator(texts, trainer)
    core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", special.index("<s>"))])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"},
        padding_side="left",
        model_max_length=1024,
        chat_template=CHAT_TEMPLATE,
    )
    pictures = CLIPImageProcessor(
        size={"shortest_edge": PIXELS}, crop_size={"height": PIXELS, "width": PIXELS}, resample=Image.Resampling.BICUBIC
    )
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=CHAT_TEMPLATE,
        num_additional_image_tokens=1,
    )


def make_model(processor: LlavaProcessor) -> LlavaForConditionalGeneration:
    """CLIP tower 4 x 128, Llama decoder 4 x 128, 1.7 M parameters in all."""
    tokenizer = processor.tokenizer
    vision = CLIPVisionConfig(
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=PIXELS,
        patch_size=PATCH,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        tie_word_embeddings=True,
        max_position_embeddings=1024,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    for module in model.modules():
        # The usual standard deviation of 0.02 is too small at this width: the model stays at chance for long.
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
        elif isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=(3 * PATCH * PATCH) ** -0.5)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.bos_token_id = tokenizer.bos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def image_features(model: LlavaForConditionalGeneration, pixels: Tensor) -> Tensor:
    """Patch states of the tower, (pictures, 64, 128), before the projector."""
    states = model.model.vision_tower(pixels, output_hidden_states=True).hidden_states[-1]
    return states[:, 1:]


# ---------------------------------------------------------------- supervised training


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


def decode(model: LlavaForConditionalGeneration, trees: Trees, features: Tensor) -> tuple[Tensor, Tensor]:
    """Hidden states of the decoder over packed trees: after two layers and at the end, (pictures, length, 128)."""
    embeds = model.get_input_embeddings()(trees.ids)
    image = (trees.ids == model.config.image_token_id)[..., None].expand_as(embeds)
    embeds = embeds.masked_scatter(image, model.model.multi_modal_projector(features))
    out = model.model.language_model(
        inputs_embeds=embeds,
        attention_mask=trees.mask(),
        position_ids=trees.positions,
        use_cache=False,
        output_hidden_states=True,
    )
    return out.hidden_states[2], out.last_hidden_state


def answer_loss(model: LlavaForConditionalGeneration, trees: Trees, states: Tensor) -> Tensor:
    """Weighted cross entropy of the answers' tokens, each predicted from the token before it in its branch."""
    picture, position = trees.weights.nonzero(as_tuple=True)
    logits = model.lm_head(states[picture, position - 1])
    losses = F.cross_entropy(logits, trees.ids[picture, position], reduction="none")
    weights = trees.weights[picture, position]
    return (losses * weights).sum() / weights.sum()


def schedule(done: float, peak: float, warmup: float = 1.0) -> float:
    """A cosine from the peak down to a fiftieth of it as `done` goes from 0 to 1, scaled by the warm-up's share."""
    return warmup * peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def update(optimizer: torch.optim.Optimizer, loss: Tensor, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("share", 1.0)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)
    optimizer.step()


def save(model: LlavaForConditionalGeneration, processor: LlavaProcessor, out: Path) -> None:
    model.save_pretrained(out)
    processor.save_pretrained(out)


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
    processor = LlavaProcessor.from_pretrained(args.init) if args.init else make_processor()
    model, heads = make_model(processor), Heads()
    if args.init:
        model = LlavaForConditionalGeneration.from_pretrained(args.init, dtype=torch.float32).train()
        if args.heads.exists():
            heads.load_state_dict(torch.load(args.heads), strict=False)
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
        done = max(step / args.steps, (time.time() - began) / (60 * args.minutes))
        if done >= 1:
            break
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
            torch.save(heads.state_dict(), args.heads)
    print(f"{step + 1} steps in {time.time() - began:.0f}s", flush=True)
    save(model, processor, args.out)


def probe(model: LlavaForConditionalGeneration, trees: Trees, states: Tensor) -> float:
    """Share of short answers whose token is right, on the batch just trained on (its labels may be noisy)."""
    picture, position = (trees.weights >= 1.0).nonzero(as_tuple=True)
    guesses = model.lm_head(states[picture, position - 1]).argmax(-1)
    return (guesses == trees.ids[picture, position]).float().mean().item()


# ---------------------------------------------------------------- DPO


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("sft", help="supervised training from random weights")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--tower-steps", type=int, default=600)
    p.add_argument("--steps", type=int, default=2000)
    p.add_argument("--batch", type=int, default=20, help="pictures a step, each with about eight questions")
    p.add_argument("--rate", type=float, default=8e-4)
    p.add_argument("--tower-rate", type=float, default=1e-3)
    p.add_argument("--short", type=float, default=0.15, help="share of the training on short questions only")
    p.add_argument("--minutes", type=float, default=600, help="end earlier, the rate having gone down accordingly")
    p.add_argument("--init", type=Path, help="go on from a saved checkpoint")
    p.add_argument("--heads", type=Path, default=TEMPORARY / "mmeval-heads.pt", help="the training-only heads' weights")
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
    p.add_argument("--cache", type=Path, default=TEMPORARY / "mmeval-scenes.npy")
    p.set_defaults(run=dpo)
    p = commands.add_parser("evaluate", help="held-out accuracy of every skill, as JSON")
    p.add_argument("--model", type=Path, required=True)
    p.add_argument("--scenes", type=int, default=300)
    p.set_defaults(run=lambda a: print(json.dumps(measure.evaluate(a.model, a.scenes), indent=1)))
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.run(args)


if __name__ == "__main__":
    main()
