"""The engine's paths against transformers' `generate` as other harnesses call it, on the same rows in one process.

    python bench/engine.py                       # the demo checkpoint and a 30 M-parameter LLaVA with 576 image tokens
    python bench/engine.py --model DIR --pictures 16 --questions 18 --tokens 3

Compared, in turns that alternate: one request at a time (VLMEvalKit's way), padded batches of several sizes
(lmms-eval's way: processor and `generate` on a batch of rows), mmeval's padded batches, mmeval's trees.
Weights of the LLaVA are random: speed doesn't depend on them. "limit" is the share of what this machine's matrix
products reach, counted from the floating-point operations that a tree needs at least.
"""

from __future__ import annotations

import argparse
import io
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import PIL.Image
import torch

from mmeval.catalog import bundled
from mmeval.inference.base import Decoding, Request
from mmeval.inference.transformers import load
from mmeval.inference.trees import row_of
from mmeval.samples import Image, ask

THINGS = ["dog", "cat", "car", "bench", "bird", "chair", "boat", "horse", "clock", "cup", "fork", "kite", "sheep"]
ONE_WORD = "Answer the question using a single word or phrase."
THINGS += ["train", "truck", "bottle", "sofa", "bed"]


def random_llava(folder: Path) -> Path:
    """LLaVA-1.5's shape in small: 24 x 24 image tokens of 336 pixels, a decoder of about 30 M parameters."""
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        PreTrainedTokenizerFast,
    )

    demo = bundled("models") / "demo"
    tokenizer = PreTrainedTokenizerFast.from_pretrained(demo)
    vision = CLIPVisionConfig(
        hidden_size=192, intermediate_size=768, num_hidden_layers=6, num_attention_heads=6, image_size=336,
        patch_size=14,
    )  # fmt: skip
    text = LlamaConfig(
        vocab_size=8192, hidden_size=512, intermediate_size=1376, num_hidden_layers=8, num_attention_heads=8,
        max_position_embeddings=2048, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    torch.manual_seed(0)
    config = LlavaConfig(
        vision_config=vision, text_config=text, image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )  # fmt: skip
    model = LlavaForConditionalGeneration(config)
    with torch.no_grad():  # so that answers differ; <image> must never be said
        for weight in model.parameters():
            weight.mul_(2.5) if weight.ndim > 1 else None
        model.lm_head.weight[tokenizer.convert_tokens_to_ids("<image>")] = 0
    images = CLIPImageProcessor(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336})
    template = (demo / "chat_template.jinja").read_text()
    LlavaProcessor(
        images, tokenizer, patch_size=14, vision_feature_select_strategy="default", chat_template=template,
        num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip
    model.save_pretrained(folder)
    return folder


def picture(seed: int) -> Image:
    dice = random.Random(seed)
    small = PIL.Image.new("RGB", (24, 18))
    small.putdata([tuple(dice.randrange(256) for _ in range(3)) for _ in range(24 * 18)])
    file = io.BytesIO()
    small.resize((480, 360), PIL.Image.Resampling.BICUBIC).save(file, "JPEG")
    return Image(data=file.getvalue(), name=f"{seed}.jpg")


def questions(pictures: int, each: int, tokens: int) -> list[Request]:
    """POPE-shaped work, short questions on every picture, or, for more than 16 tokens, descriptions."""
    shown = [picture(seed) for seed in range(pictures)]
    words = [f"Is there a {THINGS[i % len(THINGS)]} in the image?\n{ONE_WORD}" for i in range(each)]
    if tokens > 16:
        words = [f"Please describe this image in detail.{' Be exact.' * i}" for i in range(each)]
    return [
        Request(f"bench/{p}/{i}", ask(image, word), Decoding(tokens))
        for p, image in enumerate(shown)
        for i, word in enumerate(words)
    ]


def with_generate(engine: Any, requests: Sequence[Request], batch: int) -> dict[str, str]:
    """As lmms-eval and VLMEvalKit do it: pictures opened, template, processor and `generate` for every batch."""
    processor, answers = engine.processor, {}
    for start in range(0, len(requests), batch):
        rows = requests[start : start + batch]
        texts, images = [], []
        for row in rows:
            parts = row.messages[0].content
            images.append([part.open() for part in parts if isinstance(part, Image)])
            content = [{"type": "text", "text": p} if isinstance(p, str) else {"type": "image"} for p in parts]
            texts.append(
                processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
            )
        inputs = processor(images=images, text=texts, return_tensors="pt", padding=True, padding_side="left")
        with torch.inference_mode():
            out = engine.model.generate(
                **inputs.to(engine.model.device, engine.model.dtype), do_sample=False,
                max_new_tokens=rows[0].decoding.max_new_tokens,
            )  # fmt: skip
        said = processor.batch_decode(out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        answers.update({row.id: text.strip() for row, text in zip(rows, said, strict=True)})
    return answers


def operations(engine: Any, requests: Sequence[Request]) -> float:
    """Floating-point operations that a tree needs at least: two a weight and token, the tower's once a picture."""
    running, config = engine.running, engine.model.config.get_text_config()
    head = config.vocab_size * config.hidden_size
    decoder = sum(weight.numel() for weight in engine.model.get_decoder().parameters()) - head
    groups: dict[object, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.messages[0].images, []).append(request)
    tokens = sum(request.decoding.max_new_tokens - 1 for request in requests)
    for group in groups.values():
        row = row_of(running.preprocessor.prepare_all([engine.work(one) for one in group]), running.pictures)
        assert row is not None
        tokens += row.tokens
    tower = sum(weight.numel() for name, weight in engine.model.named_parameters() if "vision" in name)
    patches = (engine.model.config.vision_config.image_size // engine.model.config.vision_config.patch_size) ** 2
    answers = sum(request.decoding.max_new_tokens for request in requests)
    return 2.0 * (decoder * tokens + tower * patches * len(groups) + head * answers)


def peak(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of a large matrix product."""
    size = 8192 if device.type == "cuda" else 1024
    a = torch.randn(size, size, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        b = a @ a
        float(b[0, 0])
        best = min(best, time.perf_counter() - start)
    return 2.0 * size**3 / best


def measure(name: str, folder: str, each: int, given: argparse.Namespace) -> None:
    requests = questions(given.pictures, each, given.tokens)
    options = {"device": given.device, "dtype": given.dtype, "threads": given.threads}
    engines = {"trees": load(folder, **options), "padded": load(folder, tree=False, **options)}
    reference = engines["trees"]

    def ours(path: str) -> Callable[[], dict[str, str]]:
        return lambda: {response.id: response.text for response in engines[path].run(requests)}

    ways: dict[str, Callable[[], dict[str, str]]] = {
        "generate, one at a time": partial(with_generate, reference, requests, 1),
        **{f"generate, batches of {size}": partial(with_generate, reference, requests, size) for size in given.batches},
        "mmeval, padded batches": ours("padded"),
        "mmeval, trees": ours("trees"),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    answers: dict[str, dict[str, str]] = {}
    for turn in range(given.repeats + 1):  # the first turn warms up
        for way, work in ways.items():
            if way == "generate, one at a time" and turn > 1:
                continue
            start = time.perf_counter()
            answers[way] = work()
            if turn or way == "generate, one at a time":
                seconds[way].append(time.perf_counter() - start)
    took = {way: statistics.median(of) for way, of in seconds.items()}
    trees = took["mmeval, trees"]
    best = min(took[way] for way in took if way.startswith("generate, batches"))
    limit = operations(reference, requests) / peak(reference.running.device, reference.model.dtype)
    print(f"\n{name}: {given.pictures} pictures, {each} questions each, {given.tokens} new tokens; "
          f"{reference.numerics}, {torch.get_num_threads()} threads")  # fmt: skip
    for way, of in took.items():
        agree = sum(answers[way][id] == text for id, text in answers["mmeval, trees"].items()) / len(requests)
        print(f"  {way:28} {len(requests) / of:8.1f} questions/s   {of / trees:6.2f} times the trees' time   "
              f"same answers {agree:6.1%}")  # fmt: skip
    stats = reference.stats()
    print(f"  trees against the best batches of generate: {best / trees:.2f} times; "
          f"share of the compute limit {limit / trees:.0%}; device busy {stats['busy']:.0%}")  # fmt: skip
    for engine in engines.values():
        engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", help="a checkpoint's folder; by default the demo checkpoint and a random LLaVA")
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--questions", type=int, nargs="+", default=[6, 18])
    parser.add_argument("--tokens", type=int, default=3)
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 32])
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
            for each in given.questions:
                measure(name, path, each, given)


if __name__ == "__main__":
    main()
