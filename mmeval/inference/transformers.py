"""Runs a checkpoint of one's own with transformers: plan, prepare ahead, batch, decode, answer."""

from __future__ import annotations

import gc
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch

from mmeval.errors import DataError, EngineError, UsageError
from mmeval.inference import cores, decoding, loading, memory, planning, preprocess, thinking
from mmeval.inference.base import Decoding, Request, Response, digest_of
from mmeval.inference.preprocess import Failed, Preprocessor, Work
from mmeval.inference.prompts import Prompts
from mmeval.samples import Image

Note = Callable[[str], None]


def load(
    model: str,
    *,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int | Literal["auto"] = "auto",
    adapter: Path | None = None,
    system: str | None = None,
    chat_template: Path | str | None = None,
    trust_remote_code: bool = False,
    revision: str | None = None,
    threads: int | None = None,
    on_note: Note = lambda text: None,
) -> TransformersEngine:
    """An engine for a folder that `save_pretrained` wrote, a LoRA's folder, or a hub id.

    dtype: a torch name; "auto" is the checkpoint's own on an accelerator and float32 on CPU. batch_size: rows, or
    "auto" for as many as memory holds. system: put before every conversation. threads: torch's; None is its default
    on an accelerator, and on a CPU as many as there are cores that nobody else keeps busy.
    on_note: told once each of what a user should know (a smaller batch, unused tensors).

    Raises `UsageError` when the folder lacks something, naming it and what to pass instead.
    """
    where = memory.pick_device(device)
    source = loading.find(model, adapter, revision, trust_remote_code)
    before = torch.get_num_threads()
    if threads is None and where == "cpu":
        free = cores.threads_for_torch(on_note)
        threads = min(free, before) if free is not None else None
    if threads is not None:
        torch.set_num_threads(threads)
    loaded = loading.open_model(source, where, _dtype(dtype, where), chat_template, on_note)
    rows = batch_size if batch_size == "auto" else int(batch_size)
    if rows != "auto" and rows < 1:
        raise UsageError(f"--batch-size {rows}: at least 1, or auto")
    return TransformersEngine(
        loaded,
        name=model,
        model_digest=source.digest(),
        batch_size=rows,
        system=system,
        threads_after=before,
        note=on_note,
    )


class TransformersEngine:
    """The engine over a loaded model. One run at a time."""

    def __init__(
        self,
        loaded: loading.Loaded,
        *,
        name: str,
        model_digest: str,
        batch_size: int | Literal["auto"] = "auto",
        system: str | None = None,
        threads_after: int | None = None,
        note: Note = lambda text: None,
    ) -> None:
        """threads_after: what torch's threads are set to when the engine is closed."""
        self.name, self.model_digest, self.note = name, model_digest, note
        self.model, self.tokenizer, self.processor = loaded.model, loaded.tokenizer, loaded.processor
        self.prompts = Prompts(loaded.processor, loaded.tokenizer, loaded.template, system)
        self.threads, self._threads_after = torch.get_num_threads(), threads_after
        self.settings = preprocess.settings(loaded.processor)
        self.preprocessor = Preprocessor(loaded.processor)
        self.ends = frozenset(loading.end_ids(self.model, self.tokenizer) | self.prompts.answer_ends())
        self.pad = next(i for i in (self.tokenizer.pad_token_id, *sorted(self.ends), 0) if i is not None)
        self.context = getattr(self.model.config.get_text_config(decoder=True), "max_position_embeddings", None)
        self.budget = memory.budget(self.model) if batch_size == "auto" else planning.Budget(rows=batch_size)
        self.numerics = f"{_name(self.model.dtype)}/{self.model.config._attn_implementation}/{self.device.type}"
        self._answered = False
        self._hidden = _hidden_ids(self.tokenizer)
        self._base = digest_of(model_digest, self.numerics, self.settings, sorted(self.ends))
        self._pictures: OrderedDict[object, str] = OrderedDict()
        self._stats = {"device_s": 0.0, "waiting_s": 0.0, "batches": 0, "rows": 0, "prompt_tokens": 0,
                       "padded_tokens": 0, "new_tokens": 0}  # fmt: skip

    @property
    def device(self) -> torch.device:
        device: torch.device = self.model.device
        return device

    def describe(self) -> dict[str, Any]:
        """Plain data for run.json: what runs, on what, with which versions."""
        return {
            "engine": "transformers",
            "name": self.name,
            "digest": self.model_digest,
            "architecture": type(self.model).__name__,
            "parameters": sum(weight.numel() for weight in self.model.parameters()),
            "numerics": self.numerics,
            "device": torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type,
            "threads": self.threads,
            "processor": self.settings,
            "system": self.prompts.system,
            "chat_template": digest_of(self.prompts.template),
            "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers", "pillow")},
        }

    def digest(self, request: Request) -> str:
        """See `Engine.digest`. Raises `DataError` when a picture can't be read or the template refuses the prompt."""
        prompt = self.prompts.render(request.messages)
        pictures = [self._picture(image) for message in request.messages for image in message.images]
        return digest_of(self._base, prompt.digest, pictures, _settings(request.decoding), request.continuations)

    def rendered(self, request: Request) -> str:
        """The prompt as the model gets it, with one placeholder a picture; for people."""
        return self.prompts.render(request.messages).text

    def run(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Responses as their batches finish. A window of requests is looked at ahead, so a long or endless source is
        no trouble."""
        threads = preprocess.spare_threads(self.device.type != "cpu")
        planned = planning.in_order(map(self._work, requests), pictures=_pictures)
        prepared = preprocess.ahead(
            planned, self.preprocessor.prepare, threads=threads, depth=2 * threads + min(2 * self.budget.rows, 256)
        )
        failures: list[Response] = []
        for batch in planning.in_batches(self._runnable(prepared, failures), lambda: self.budget):
            yield from self._answer(batch)
            while failures:
                yield failures.pop()
        yield from failures

    def stats(self) -> dict[str, float]:
        """Since the engine was made: seconds the device worked and waited for preprocessing; batches, rows, tokens.
        busy: the device's share of both."""
        spent = self._stats["device_s"] + self._stats["waiting_s"]
        return {**self._stats, "busy": self._stats["device_s"] / spent if spent else 0.0}

    def close(self) -> None:
        self.model = None
        if self._threads_after is not None:
            torch.set_num_threads(self._threads_after)
        _free_memory()

    # from request to work, and what can't be run

    def _work(self, request: Request) -> Work | Failed:
        try:
            prompt = self.prompts.render(request.messages)
        except DataError as error:
            return Failed(request, str(error))
        branches = tuple(tuple(self.prompts.continuation(prompt, text)) for text in request.continuations)
        return Work(request, prompt, branches)

    def _runnable(self, prepared: Iterator[Work | Failed], failures: list[Response]) -> Iterator[Work]:
        """The works that can run; the others become responses in `failures`."""
        while True:
            start = time.perf_counter()
            item = next(prepared, None)
            self._stats["waiting_s"] += time.perf_counter() - start
            if item is None:
                return
            if isinstance(item, Work) and self.context is not None and item.length >= self.context:
                item = Failed(item.request, f"the prompt has {item.length} tokens, the model takes {self.context}")
            if isinstance(item, Failed):
                failures.append(Response(item.request.id, finish="error", error=item.error))
            else:
                yield item

    # from batch to responses

    def _answer(self, works: Sequence[Work]) -> Iterator[Response]:
        """Runs a batch; its halves where it does not fit into memory, each by itself where it fails otherwise."""
        start = time.perf_counter()
        answers = self._try(works)
        self._stats["device_s"] += time.perf_counter() - start
        if not isinstance(answers, BaseException):
            self._answered = True
            yield from answers
            return
        full = memory.ran_out(answers)
        if len(works) == 1:
            yield self._given_up(works[0], answers, full)
            return
        size = (len(works) + 1) // 2 if full else 1
        if full and size < self.budget.rows:
            self.budget = replace(self.budget, rows=size)
            self.note(f"out of memory with {len(works)} rows; going on with at most {size}")
        for first in range(0, len(works), size):
            yield from self._answer(works[first : first + size])

    def _given_up(self, work: Work, error: BaseException, full: bool) -> Response:
        """One request's error; the whole run's where the model has not managed a single answer."""
        if full:
            text = f"one prompt of {work.length} tokens does not fit into memory on {self.device}"
        else:
            text = f"the model fails on this prompt: {type(error).__name__}: {error}"
            if not self._answered:
                raise EngineError(f"{self.name}: {text}") from error
        return Response(work.request.id, finish="error", error=text)

    def _try(self, works: Sequence[Work]) -> list[Response] | Exception:
        """The batch's responses, or what went wrong (its tensors given back)."""
        try:
            with torch.inference_mode():
                return self._scored(works) if works[0].request.continuations else self._generated(works)
        except Exception as error:  # models raise whatever they like; _answer finds out whose fault it is
            failure = error
            failure.__traceback__ = None  # it holds the tensors
        _free_memory()
        return failure

    def _inputs(self, works: Sequence[Work]) -> preprocess.Features:
        batch = self.preprocessor.batch(works, self.pad)
        real, padded = int(batch["attention_mask"].sum()), batch["attention_mask"].numel()
        counts = {"batches": 1, "rows": len(works), "prompt_tokens": real, "padded_tokens": padded - real}
        for name, count in counts.items():
            self._stats[name] += count
        return {
            name: tensor.to(self.device, self.model.dtype if tensor.is_floating_point() else None)
            for name, tensor in batch.items()
        }

    def _generated(self, works: Sequence[Work]) -> list[Response]:
        rows = [self._row(work) for work in works]
        decoding.generate(self.model, self._inputs(works), rows, self.ends, self.pad)
        self._stats["new_tokens"] += sum(len(row.tokens) for row in rows)
        return [self._response(work, row) for work, row in zip(works, rows, strict=True)]

    def _scored(self, works: Sequence[Work]) -> list[Response]:
        branches = [work.branches for work in works]
        sums = decoding.loglikelihoods(self.model, self._inputs(works), branches, self.pad)
        return [
            Response(work.request.id, prompt_tokens=_prompt_tokens(work), loglikelihoods=tuple(of))
            for work, of in zip(works, sums, strict=True)
        ]

    def _row(self, work: Work) -> decoding.Row:
        asked = work.request.decoding
        limit = asked.max_new_tokens
        if self.context is not None:
            limit = max(1, min(limit, self.context - work.length))
        stopped = partial(self._stopped, asked.stop) if any(asked.stop) else None
        return decoding.Row(asked, limit, self._seed(work) if asked.temperature > 0 else 0, stopped)

    def _stopped(self, stop: tuple[str, ...], tokens: list[int]) -> bool:
        text = self._text(tokens)
        return any(mark in text for mark in stop if mark)

    def _seed(self, work: Work) -> int:
        """From what is asked, not from where it stands: neighbours and order change no answer."""
        pictures = [self._picture(image) for image in work.images]
        asked = work.request.decoding
        return int(digest_of(work.prompt.digest, pictures, asked.seed, asked.repeat)[:16], 16)

    def _response(self, work: Work, row: decoding.Row) -> Response:
        text = self._text(row.tokens)
        thought = thinking.split(text, work.prompt.thinking)
        answer = thought.answer
        for mark in filter(None, work.request.decoding.stop):
            answer = answer.partition(mark)[0]
        finish: Literal["stop", "length", "thinking"] = "stop" if row.ended else "length"
        if thought.cut:
            finish = "thinking"
        return Response(
            work.request.id,
            text=answer.strip(),
            finish=finish,
            thinking=thought.thinking,
            prompt_tokens=_prompt_tokens(work),
            new_tokens=len(row.tokens),
        )

    def _text(self, tokens: list[int]) -> str:
        shown = [token for token in tokens if token not in self._hidden]
        return str(self.tokenizer.decode(shown, skip_special_tokens=False))

    # digests

    def _picture(self, image: Image) -> str:
        """The picture's content digest, remembered for the last few pictures: questions about one come in a row."""
        key = preprocess.identity(image)
        known = self._pictures.get(key)
        if known is None:
            known = self._pictures[key] = image.digest()
            if len(self._pictures) > 64:
                self._pictures.popitem(last=False)
        return known


def _settings(asked: Decoding) -> list[Any]:
    """What of decoding decides an answer: a greedy one has no use for seed, repeat and nucleus."""
    drawn = [asked.temperature, asked.top_p, asked.seed, asked.repeat] if asked.temperature > 0 else [0]
    return [asked.max_new_tokens, list(asked.stop), drawn]


def _pictures(item: Work | Failed) -> object:
    images = [image for message in item.request.messages for image in message.images]
    return tuple(hash(image) for image in images)


def _prompt_tokens(work: Work) -> int:
    assert work.features is not None
    return int(work.features["input_ids"].shape[1])


def _hidden_ids(tokenizer: Any) -> frozenset[int]:
    """Special tokens that are no part of an answer; think tags are, until they are split off."""
    added = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    special = added | set(tokenizer.all_special_ids)
    tags = {i for i in special if tokenizer.convert_ids_to_tokens(i) in thinking.ALL_TAGS}
    return frozenset(special - tags)


def _dtype(name: str, device: str) -> torch.dtype | None:
    if name == "auto":
        return torch.float32 if device == "cpu" else None
    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype):
        raise UsageError(f"--dtype {name}: no torch dtype; try auto, float32, bfloat16 or float16")
    return found


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
