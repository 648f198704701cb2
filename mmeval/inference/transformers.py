"""Runs a checkpoint of one's own with transformers: plan, prepare ahead, run as trees or padded batches, answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

import torch

from mmeval.errors import DataError, UsageError
from mmeval.inference import checking, cores, loading, memory, padded, planning, preprocess, trees
from mmeval.inference.answering import Answering
from mmeval.inference.base import Decoding, Request, Response, digest_of
from mmeval.inference.preprocess import Failed, Preprocessor, Work
from mmeval.inference.prompts import Prompts
from mmeval.inference.running import Running, free_memory

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
    tree: bool = True,
    whole_answers: bool = False,
    processes: int = 1,
    model_digest: str | None = None,
    on_note: Note = lambda text: None,
) -> TransformersEngine:
    """An engine for a folder that `save_pretrained` wrote, a LoRA's folder, or a hub id.

    dtype: a torch name; "auto" is the checkpoint's own on an accelerator and float32 on CPU. batch_size: rows, or
    "auto" for as many as memory holds. system: put before every conversation. threads: torch's; None is its default on
    an accelerator, and on a CPU as many as there are cores that nobody else keeps busy. tree: run what questions share
    once, where the model allows it. whole_answers: continuations are an assistant's whole turns, as the chat template
    writes them, not texts that stand directly after the prompt. processes: how many such engines share the machine's
    cores; one process each. model_digest: of the weights' content, where that is known already; hashing takes a while.
    on_note: told once each of what a user should know (a smaller batch, unused tensors).

    Raises `UsageError` when the folder lacks something, naming it and what to pass instead.
    """
    where = memory.pick_device(device)
    source = loading.find(model, adapter, revision, trust_remote_code)
    before = use_threads(threads, where, processes, on_note)
    loaded = loading.open_model(source, where, dtype_of(dtype, where), chat_template, on_note)
    rows = batch_size if batch_size == "auto" else int(batch_size)
    if rows != "auto" and rows < 1:
        raise UsageError(f"--batch-size {rows}: at least 1, or auto")
    return TransformersEngine(
        loaded,
        name=model,
        model_digest=source.digest() if model_digest is None else model_digest,
        batch_size=rows,
        tree=tree,
        system=system,
        whole_answers=whole_answers,
        processes=processes,
        threads_after=before,
        note=on_note,
    )


def use_threads(threads: int | None, where: str, processes: int, note: Note) -> int:
    """Sets torch's threads as `load` says; how many they were before."""
    before = torch.get_num_threads()
    if threads is None and where == "cpu" and processes > 1:
        threads = min(before, max(1, cores.count() // processes))
    elif threads is None and where == "cpu":
        free = cores.threads_for_torch(note)
        threads = min(free, before) if free is not None else None
    if threads is not None:
        torch.set_num_threads(threads)
    return before


class TransformersEngine:
    """The engine over a loaded model. One run at a time."""

    def __init__(
        self,
        loaded: loading.Loaded,
        *,
        name: str,
        model_digest: str,
        batch_size: int | Literal["auto"] = "auto",
        tree: bool = True,
        system: str | None = None,
        whole_answers: bool = False,
        processes: int = 1,
        threads_after: int | None = None,
        note: Note = lambda text: None,
    ) -> None:
        """tree: run what questions share once where the model allows it. whole_answers: as for `load`. processes: how
        many such engines share the machine's cores. threads_after: what torch's threads are set to when the engine is
        closed."""
        self.name, self.model_digest, self.note = name, model_digest, note
        self._loaded, self._processes, self._whole_answers = loaded, processes, whole_answers
        self.model, self.tokenizer, self.processor = loaded.model, loaded.tokenizer, loaded.processor
        self.prompts = Prompts(loaded.processor, loaded.tokenizer, loaded.template, system)
        self.threads, self._threads_after = torch.get_num_threads(), threads_after
        self.settings = preprocess.settings(loaded.processor)
        self.numerics = numerics(self.model)
        self.context = getattr(self.model.config.get_text_config(decoder=True), "max_position_embeddings", None)
        ends = frozenset(loading.end_ids(self.model, self.tokenizer) | self.prompts.answer_ends())
        self.running = Running(
            name,
            self.model,
            Preprocessor(loaded.processor),
            Answering(self.tokenizer, self.context),
            ends=ends,
            pad=next(i for i in (self.tokenizer.pad_token_id, *sorted(ends), 0) if i is not None),
            pictures=loading.picture_ids(self.model.config),
            budget=memory.budget(self.model, processes) if batch_size == "auto" else planning.Budget(rows=batch_size),
            note=note,
        )
        self._tree: bool | None = None if tree else False  # None: nothing has shown yet whether the model can
        self._base = base_digest(model_digest, self.numerics, self.settings, ends)

    def describe(self) -> dict[str, Any]:
        """Plain data for run.json: what runs, on what, with which versions."""
        device = self.running.device
        return {
            "engine": "transformers",
            "name": self.name,
            "digest": self.model_digest,
            "architecture": type(self.model).__name__,
            "parameters": sum(weight.numel() for weight in self.model.parameters()),
            "numerics": self.numerics,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "threads": self.threads,
            "processor": self.settings,
            "system": self.prompts.system,
            "chat_template": digest_of(self.prompts.template),
            "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers", "pillow")},
        }

    def digest(self, request: Request) -> str:
        """See `Engine.digest`. Raises `DataError` when a picture can't be read or the template refuses the prompt."""
        return request_digest(self._base, request, self.prompts, self.running.answering)

    def rendered(self, request: Request) -> str:
        """The prompt as the model gets it, with one placeholder a picture; for people."""
        return self.prompts.render(request.messages).text

    def run(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Responses as they finish. A window of requests is looked at ahead, so a long or endless source is no
        trouble. On an engine's first run a few requests show whether this model can be run as trees."""
        works: Iterator[Work | Failed] = map(self.work, requests)
        tree = self._tree
        if tree is None:
            first = list(islice(works, planning.WINDOW))
            tree, shown = self._checked(first)
            self._tree = tree if shown else None
            works = chain(first, works)
        failures: list[Response] = []
        responses = self._as_trees(works, failures) if tree else self._padded(works, failures)
        for response in responses:
            yield response
            while failures:
                yield failures.pop()
        yield from failures

    def stats(self) -> dict[str, float]:
        """Since the engine was made, as `Running.stats`; busy: the share of its time in which the device worked."""
        stats = self.running.stats
        spent = stats["device_s"] + stats["waiting_s"]
        return {**stats, "busy": stats["device_s"] / spent if spent else 0.0}

    def close(self) -> None:
        self.model = self.running.model = None
        self._loaded = replace(self._loaded, model=None)
        if self._threads_after is not None:
            torch.set_num_threads(self._threads_after)
        free_memory()

    def work(self, request: Request) -> Work | Failed:
        """A request with its rendered prompt and its continuations' tokens."""
        try:
            prompt = self.prompts.render(request.messages)
            if self._whole_answers:
                given = [self.prompts.answered(request.messages, text) for text in request.continuations]
            else:
                given = [self.prompts.continuation(prompt, text) for text in request.continuations]
            branches = tuple(map(tuple, given))
        except DataError as error:
            return Failed(request, str(error))
        return Work(request, prompt, branches)

    def sibling(self, *, tree: bool, batch_size: int | Literal["auto"]) -> TransformersEngine:
        """Another engine over the same loaded model, that runs it in another way."""
        return TransformersEngine(
            self._loaded,
            name=self.name,
            model_digest=self.model_digest,
            batch_size=batch_size,
            tree=tree,
            system=self.prompts.system,
            whole_answers=self._whole_answers,
        )

    def _as_trees(self, works: Iterator[Work | Failed], failures: list[Response]) -> Iterator[Response]:
        return trees.Trees(self.running, self._groups(works, failures)).run()

    def _padded(self, works: Iterator[Work | Failed], failures: list[Response]) -> Iterator[Response]:
        planned = planning.in_order(works, pictures=pictures_of)
        depth = min(2 * self.running.budget.rows, 256)
        prepared = self._ahead(((work,) for work in planned), depth)
        return padded.run(self.running, (work for group in prepared for work in self._runnable(group, failures)))

    def _groups(self, works: Iterator[Work | Failed], failures: list[Response]) -> Iterator[list[Work]]:
        groups = planning.in_groups(works, pictures_of, tokens_of, lambda: self.running.budget.branches)
        for group in self._ahead(groups, 16):
            yield self._runnable(group, failures)

    def _ahead(self, groups: Iterable[Sequence[Work | Failed]], depth: int) -> Iterator[Sequence[Work | Failed]]:
        threads = max(1, preprocess.spare_threads(self.running.device.type != "cpu") // self._processes)
        prepare = self.running.preprocessor.prepare_all
        prepared = preprocess.ahead(groups, prepare, threads=threads, depth=2 * threads + depth)
        while True:
            with self.running.timed("waiting_s"):
                group = next(prepared, None)
            if group is None:
                return
            yield group

    def _runnable(self, prepared: Iterable[Work | Failed], failures: list[Response]) -> list[Work]:
        """The works that can run; the others become responses in `failures`."""
        works = []
        for item in prepared:
            if isinstance(item, Work) and self.context is not None and item.length >= self.context:
                item = Failed(item.request, f"the prompt has {item.length} tokens, the model takes {self.context}")
            if isinstance(item, Failed):
                failures.append(Response(item.request.id, finish="error", error=item.error))
            else:
                works.append(item)
        return works

    def _checked(self, works: Sequence[Work | Failed]) -> tuple[bool, bool]:
        """Whether this model's trees give what single prompts give; where not, that is said. And whether that is shown
        for good: where no two of these share anything, it holds for them only."""
        reason, shown = None, False
        for most in (checking.AT_MOST, 2):
            try:
                reason, shown = self._compared(works, most)
                break
            except Exception as error:
                if not memory.ran_out(error):
                    raise
        else:  # not even two requests fit beside each other: nothing is known, so the way that is always right
            return False, False
        self.running.stats |= dict.fromkeys(self.running.stats, 0)  # the check is no part of the work
        if reason is not None:
            self.note(f"{type(self.model).__name__} runs in padded batches, not as trees: {reason}")
        return reason is None, shown or reason is not None

    def _compared(self, works: Sequence[Work | Failed], most: int) -> tuple[str | None, bool]:
        """Why trees are not to be used, if so, and whether any of them had branches: up to two groups with pictures
        and two without, the largest, of `most` works."""
        groups = list(planning.in_groups(works, pictures_of, tokens_of, lambda: most))
        reason, branched = None, False
        for pictures in (True, False):
            alike = [group for group in groups if bool(pictures_of(group[0])) is pictures]
            alike.sort(key=len, reverse=True)
            ready = [self._runnable(self.running.preprocessor.prepare_all(group), []) for group in alike[:2]]
            branched = branched or any(sum(max(1, len(work.branches)) for work in group) > 1 for group in ready)
            reason = reason or checking.why_no_tree(self.running, [group for group in ready if group])
        return reason, branched


def base_digest(model_digest: str, numerics: str, settings: Mapping[str, Any] | None, ends: Collection[int]) -> str:
    """Of what decides every answer of an engine. settings: the processor's, as `preprocess.settings` gives them."""
    return digest_of(model_digest, numerics, settings, sorted(ends))


def request_digest(base: str, request: Request, prompts: Prompts, answering: Answering) -> str:
    """See `Engine.digest`. base: from `base_digest`."""
    prompt = prompts.render(request.messages)
    pictures = [answering.picture(image) for message in request.messages for image in message.images]
    return digest_of(base, prompt.digest, pictures, _settings(request.decoding), request.continuations)


def _settings(asked: Decoding) -> list[Any]:
    """What of decoding decides an answer: a greedy one has no use for seed, repeat and nucleus."""
    drawn = [asked.temperature, asked.top_p, asked.seed, asked.repeat] if asked.temperature > 0 else [0]
    return [asked.max_new_tokens, list(asked.stop), drawn]


def pictures_of(item: Work | Failed) -> object:
    """What an item is grouped by: equal for items that show the same pictures, empty without any."""
    images = [image for message in item.request.messages for image in message.images]
    return tuple(hash(image) for image in images)


def tokens_of(item: Work | Failed) -> Sequence[int]:
    """Of the prompt, one placeholder a picture."""
    return item.prompt.ids if isinstance(item, Work) else ()


def numerics(model: Any) -> str:
    """What of how a model computes decides its numbers' last digits: type, attention, kind of device."""
    dtype = str(model.dtype).removeprefix("torch.")
    return f"{dtype}/{model.config._attn_implementation}/{model.device.type}"


def dtype_of(name: str, device: str) -> torch.dtype | None:
    if name == "auto":
        return torch.float32 if device == "cpu" else None
    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype):
        raise UsageError(f"--dtype {name}: no torch dtype; try auto, float32, bfloat16 or float16")
    return found
