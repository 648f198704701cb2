"""Both answers of a pair as branches of one prompt, against each side scored alone: pairs a second, side by side.

    python bench/rewards.py                                    # the demo checkpoint and a 30 M-parameter LLaVA
    python bench/rewards.py --model DIR --pairs 16 --words 40

Four ways over the same policy, in turns that alternate: a plain transformers pass for each prompt with its answer
(batches of conversations, as trl's DPOTrainer scores them: both answers of a pair beside each other), mmeval's padded
batches and trees with one answer a request, and trees with both. All must give the same rewards. A pair is a picture, a
question and two answers of about `--words` words; weights of the LLaVA are random: speed doesn't depend on them.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from engine import ONE_WORD, THINGS, picture, random_llava

from mmeval.catalog import bundled
from mmeval.inference.base import Decoding, Request
from mmeval.inference.transformers import load
from mmeval.samples import Image, ask

Rewards = dict[str, tuple[float, ...]]


def pairs(number: int, words: int) -> list[Request]:
    """A picture, a question and two answers each."""
    dice, made = random.Random(0), []
    for i in range(number):
        given = tuple(" and a ".join(dice.choices(THINGS, k=max(1, words // 3))) + "." for _ in range(2))
        made.append(Request(f"pair/{i}", ask(picture(i), f"What is in the image?\n{ONE_WORD}"), Decoding(1), given))
    return made


def plainly(engine: Any, requests: Sequence[Request], batch: int) -> Rewards:
    """transformers' own processor and one pass over whole conversations, both answers of a pair in one batch."""
    processor, found = engine.processor, Rewards()
    for start in range(0, len(requests), batch // 2):
        rows = requests[start : start + batch // 2]
        texts, images, starts = [], [], []
        for row in rows:
            parts = row.messages[0].content
            content = [{"type": "text", "text": p} if isinstance(p, str) else {"type": "image"} for p in parts]
            turns = [{"role": "user", "content": content}]
            prompt = processor.apply_chat_template(turns, add_generation_prompt=True)
            for text in row.continuations:
                said = {"role": "assistant", "content": [{"type": "text", "text": text}]}
                texts.append(processor.apply_chat_template([*turns, said]).rstrip())
                images.append([part.open() for part in parts if isinstance(part, Image)])
                whole, own = (len(processor.tokenizer.encode(one)) for one in (texts[-1], prompt))
                starts.append(whole - own)
        inputs = processor(images=images, text=texts, return_tensors="pt", padding=True, padding_side="left")
        inputs = inputs.to(engine.model.device, engine.model.dtype)
        with torch.inference_mode():
            keep = max(starts) + 1
            logs = torch.log_softmax(engine.model(**inputs, logits_to_keep=keep).logits[:, :-1].float(), -1)
        wanted = inputs["input_ids"][:, -keep + 1 :]
        chosen = logs.gather(-1, wanted[..., None])[..., 0]
        sums = [float(row[-length:].sum()) for row, length in zip(chosen, starts, strict=True)]
        found |= {row.id: (sums[2 * i], sums[2 * i + 1]) for i, row in enumerate(rows)}
    return found


def alone(engine: Any, requests: Sequence[Request]) -> Rewards:
    """One answer a request, each side in a run of its own, as scripts that score one file after the other do."""
    found = [
        {one.id: one.loglikelihoods[0] for one in engine.run([replace(r, continuations=r.continuations[side:][:1])
                                                              for r in requests])}
        for side in (0, 1)
    ]  # fmt: skip
    return {key: (found[0][key], found[1][key]) for key in found[0]}


def together(engine: Any, requests: Sequence[Request]) -> Rewards:
    return {one.id: one.loglikelihoods for one in engine.run(requests)}


def measure(name: str, folder: str, given: argparse.Namespace) -> None:
    requests = pairs(given.pairs, given.words)
    options = {"device": given.device, "dtype": given.dtype, "threads": given.threads, "whole_answers": True}
    trees, padded = load(folder, **options), load(folder, tree=False, **options)
    ways: dict[str, Callable[[], Rewards]] = {
        **{f"transformers, batches of {n}": partial(plainly, trees, requests, n) for n in given.batches},
        "each side alone, padded batches": partial(alone, padded, requests),
        "each side alone, trees": partial(alone, trees, requests),
        "both as branches, padded batches": partial(together, padded, requests),
        "both as branches, trees": partial(together, trees, requests),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    rewards: dict[str, Rewards] = {}
    for turn in range(given.repeats + 1):  # the first turn warms up
        for way, work in ways.items():
            start = time.perf_counter()
            rewards[way] = work()
            if turn:
                seconds[way].append(time.perf_counter() - start)
    took = {way: statistics.median(of) for way, of in seconds.items()}
    ours, best = took["both as branches, trees"], min(took[w] for w in took if w.startswith("transformers"))
    work = trees.running.preprocessor.prepare(trees.work(requests[0]))
    print(f"\n{name}: {given.pairs} pairs, prompts of {work.prompt_tokens} tokens, answers of about "
          f"{len(work.branches[0])}; {trees.numerics}, {torch.get_num_threads()} threads")  # fmt: skip
    for way, of in took.items():
        apart = max(abs(a - b) for key, both in rewards["both as branches, trees"].items()
                    for a, b in zip(both, rewards[way][key], strict=True))  # fmt: skip
        print(f"  {way:34} {given.pairs / of:8.2f} pairs/s   {of / ours:6.2f} times the time of both as branches of a "
              f"tree   differs by {apart:.1e}")  # fmt: skip
    sides = min(took["each side alone, trees"], took["each side alone, padded batches"])
    print(f"  both as branches against each side alone: {sides / ours:.2f} times; against transformers' best: "
          f"{best / ours:.2f} times")  # fmt: skip
    for engine in (trees, padded):
        engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", help="a checkpoint's folder; by default the demo checkpoint and a random LLaVA")
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--words", type=int, default=20)
    parser.add_argument("--batches", type=int, nargs="+", default=[2, 8])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = {given.model: given.model} if given.model else {
            "demo": str(bundled("models") / "demo"), "random LLaVA, 576 image tokens": str(random_llava(Path(folder))),
        }  # fmt: skip
        for name, path in models.items():
            measure(name, path, given)


if __name__ == "__main__":
    main()
