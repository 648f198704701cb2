"""Reward models with a head: a number for a conversation, read where it ends.

Two kinds of checkpoint: a sequence classifier with one label (transformers' AutoModelForSequenceClassification), and a
model that writes answers with a value head beside it, as trl and LLaMA-Factory save it (`v_head.summary`, a layer over
the last token's hidden state). The conversation is the prompt with the given answer, as the chat template writes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal

import torch

from mmeval.errors import DataError, UsageError
from mmeval.inference import loading, memory, planning, preprocess
from mmeval.inference.answering import Answering
from mmeval.inference.base import Decoding, Request, Response, digest_of
from mmeval.inference.padded import PATH
from mmeval.inference.preprocess import Failed, Features, Preprocessor, Work
from mmeval.inference.prompts import Prompt, Prompts, with_answer
from mmeval.inference.rewards import NO_CONTINUATIONS
from mmeval.inference.running import Running, free_memory
from mmeval.inference.transformers import dtype_of, numerics, pictures_of, use_threads
from mmeval.inference.weights import file_digests, weight_files

HEAD = "v_head.summary"
HEAD_FILE = "value_head.safetensors"
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ValueHead:
    """reward = weight @ (last token's hidden state) + bias. weight: (1, hidden size). bias: (1,)."""

    weight: torch.Tensor
    bias: torch.Tensor


def open_scalar(
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
) -> ScalarEngine:
    """An engine for a reward model's folder or hub id. Options as `transformers.load`.

    Raises `UsageError` when the checkpoint has no scalar head, or one of several labels.
    """
    where = memory.pick_device(device)
    source = loading.find(model, adapter, revision, trust_remote_code)
    before = use_threads(threads, where, 1, on_note)
    file = _head_file(source)
    maker = None if file else _classifier(source)
    loaded = loading.open_model(source, where, dtype_of(dtype, where), chat_template, _but_head(on_note), maker)
    digest = source.digest()
    if file is not None and file.name == HEAD_FILE:
        digest = digest_of(digest, file_digests([file])[file])
    rows = batch_size if batch_size == "auto" else int(batch_size)
    if rows != "auto" and rows < 1:
        raise UsageError(f"--batch-size {rows}: at least 1, or auto")
    return ScalarEngine(
        loaded,
        name=model,
        model_digest=digest,
        head=_read_head(file, loaded.model) if file else None,
        batch_size=rows,
        system=system,
        threads_after=before,
        note=on_note,
    )


def _but_head(note: Note) -> Note:
    """The base model does not use the value head's tensors, and need not say so."""
    return lambda text: None if HEAD in text else note(text)


def _classifier(source: loading.Source) -> Any:
    """The class that loads a sequence classifier. Raises `UsageError` when the checkpoint is none with one label."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    named = loading.architectures(source.folder)
    if named and not any("SequenceClassification" in name or "Reward" in name for name in named):
        raise UsageError(
            f"{source.folder}: is a {named[0]} without a scalar head (no sequence classifier, no {HEAD_FILE}); use "
            "--as implicit --reference BASE for a policy, --as generative for a judge"
        )
    try:
        config = AutoConfig.from_pretrained(source.folder, trust_remote_code=source.trust_remote_code)
    except (OSError, ValueError, KeyError):
        return AutoModelForSequenceClassification  # `open_model` says what is wrong
    if config.num_labels != 1:
        raise UsageError(
            f"{source.folder}: its head has {config.num_labels} labels and a reward is one number; keep the row of the "
            "head that is the reward and save the model with num_labels=1"
        )
    return AutoModelForSequenceClassification


def _head_file(source: loading.Source) -> Path | None:
    """The file with a value head: beside the adapter, beside the weights, or among them."""
    from safetensors import safe_open

    for folder in (source.adapter, source.folder):
        if folder is not None and (folder / HEAD_FILE).is_file():
            return folder / HEAD_FILE
    for path in weight_files(source.folder):
        with safe_open(path, "pt") as file:
            if f"{HEAD}.weight" in file.keys():  # noqa: SIM118 (it is no dict)
                return path
    return None


def _read_head(path: Path, model: Any) -> ValueHead:
    from safetensors import safe_open

    with safe_open(path, "pt", device=str(model.device)) as file:
        names = [name for name in (f"{HEAD}.weight", f"{HEAD}.bias") if name in file.keys()]  # noqa: SIM118
        if len(names) < 2:
            found = ", ".join(sorted(file.keys())[:4])
            raise UsageError(f"{path}: needs {HEAD}.weight and {HEAD}.bias (found: {found})")
        weight, bias = (file.get_tensor(name) for name in names)
    width = model.config.get_text_config(decoder=True).hidden_size
    if tuple(weight.shape) != (1, width):
        raise UsageError(f"{path}: {HEAD}.weight has shape {tuple(weight.shape)}; the model needs (1, {width})")
    if model.dtype == torch.float32:  # else in the head's own numbers, as trl computes it
        weight, bias = weight.float(), bias.float()
    return ValueHead(weight, bias)


@dataclass(slots=True)
class Rated:
    """A request whose answers are being rated. rewards: by place. left: how many are to come."""

    request: Request
    rewards: list[float]
    left: int
    tokens: int = 0
    error: str | None = None

    def take(self, place: int, rating: float | str, tokens: int) -> None:
        """rating: a reward, or why there is none."""
        self.left -= 1
        self.tokens += tokens
        if isinstance(rating, str):
            self.error = self.error or rating
        elif not math.isfinite(rating):
            self.error = self.error or f"the reward is {rating}; try --dtype float32"
        else:
            self.rewards[place] = rating

    def response(self) -> Response:
        if self.error is not None:
            return Response(self.request.id, finish="error", error=self.error)
        return Response(self.request.id, prompt_tokens=self.tokens, path=PATH, rewards=tuple(self.rewards))


class ScalarEngine:
    """The engine over a loaded reward model. One run at a time."""

    def __init__(
        self,
        loaded: loading.Loaded,
        *,
        name: str,
        model_digest: str,
        head: ValueHead | None,
        batch_size: int | Literal["auto"] = "auto",
        system: str | None = None,
        threads_after: int | None = None,
        note: Note = lambda text: None,
    ) -> None:
        """head: None for a sequence classifier. threads_after: what torch's are set to when the engine is closed."""
        self.name, self.model_digest, self.head, self.model = name, model_digest, head, loaded.model
        self.prompts = Prompts(loaded.processor, loaded.tokenizer, loaded.template, system)
        self.settings, self.numerics = preprocess.settings(loaded.processor), numerics(self.model)
        self.threads, self._threads_after = torch.get_num_threads(), threads_after
        self._text = self.model.config.get_text_config(decoder=True)
        self.context: int | None = getattr(self._text, "max_position_embeddings", None)
        self.running = Running(
            name,
            self.model,
            Preprocessor(loaded.processor),
            Answering(loaded.tokenizer, self.context),
            ends=frozenset(),
            pad=-1,  # by batch, see `padding`
            pictures=frozenset(),
            budget=memory.budget(self.model) if batch_size == "auto" else planning.Budget(rows=batch_size),
            note=note,
        )
        self._base = digest_of("scalar", model_digest, self.numerics, self.settings)

    def describe(self) -> dict[str, Any]:
        """As `TransformersEngine.describe`; rewards: where they come from."""
        device = self.running.device
        return {
            "engine": "transformers",
            "name": self.name,
            "digest": self.model_digest,
            "architecture": type(self.model).__name__,
            "parameters": sum(weight.numel() for weight in self.model.parameters()),
            "rewards": "sequence classifier" if self.head is None else "value head",
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
        whole = [self._conversation(request, text).digest for text in request.continuations]
        pictures = [self.running.answering.picture(image) for message in request.messages for image in message.images]
        return digest_of(self._base, whole or self.prompts.render(request.messages).digest, pictures)

    def rendered(self, request: Request) -> str:
        """The first conversation as the model gets it, with one placeholder a picture; for people."""
        if not request.continuations:
            return self.prompts.render(request.messages).text
        return self._conversation(request, request.continuations[0]).text

    def run(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Responses once all of a request's answers are rated. A window of conversations is looked at ahead; the
        longest go first, so that a batch holds those of like length."""
        under_way: dict[str, Rated] = {}
        refused: list[Response] = []
        works = chain.from_iterable(self._works(request, under_way, refused) for request in requests)
        for work, rating in self._ratings(planning.in_order(works, pictures=pictures_of)):
            yield from refused
            refused.clear()
            place, _, key = work.request.id.partition(":")
            rated = under_way[key]
            rated.take(int(place), rating, work.prompt_tokens if isinstance(work, Work) else 0)
            if not rated.left:
                yield under_way.pop(key).response()
        yield from refused

    def stats(self) -> dict[str, float]:
        """As `TransformersEngine.stats`; a row is a conversation."""
        stats = self.running.stats
        spent = stats["device_s"] + stats["waiting_s"]
        return {**stats, "busy": stats["device_s"] / spent if spent else 0.0}

    def close(self) -> None:
        self.model = self.running.model = self.head = None
        if self._threads_after is not None:
            torch.set_num_threads(self._threads_after)
        free_memory()

    def _conversation(self, request: Request, text: str) -> Prompt:
        return self.prompts.conversation(with_answer(request.messages, text))

    def _works(self, request: Request, under_way: dict[str, Rated], refused: list[Response]) -> list[Work | Failed]:
        """A work for each given answer, whose id is the answer's place and the request's id."""
        try:
            if not request.continuations:
                raise DataError(NO_CONTINUATIONS)
            prompts = [self._conversation(request, text) for text in request.continuations]
        except DataError as error:
            refused.append(Response(request.id, finish="error", error=str(error)))
            return []
        under_way[request.id] = Rated(request, [0.0] * len(prompts), len(prompts))
        alone = replace(request, continuations=(), decoding=Decoding(max_new_tokens=0))
        return [Work(replace(alone, id=f"{place}:{request.id}"), prompt) for place, prompt in enumerate(prompts)]

    def _ratings(self, planned: Iterable[Work | Failed]) -> Iterator[tuple[Work | Failed, float | str]]:
        """Each work with its reward, or with why it has none."""
        failed: list[Failed] = []
        for batch in planning.in_batches(self._runnable(planned, failed), lambda: self.running.budget):
            yield from self._rate(batch)
            yield from ((one, one.error) for one in failed)
            failed.clear()
        yield from ((one, one.error) for one in failed)

    def _runnable(self, planned: Iterable[Work | Failed], failed: list[Failed]) -> Iterator[Work]:
        """Prepared ahead by background threads; what can't run goes into `failed`."""
        threads = max(1, preprocess.spare_threads(self.running.device.type != "cpu"))
        depth = 2 * threads + min(2 * self.running.budget.rows, 256)
        prepared = preprocess.ahead(planned, self.running.preprocessor.prepare, threads=threads, depth=depth)
        while True:
            with self.running.timed("waiting_s"):
                work = next(prepared, None)
            if work is None:
                return
            if isinstance(work, Work) and self.context is not None and work.length > self.context:
                work = Failed(
                    work.request, f"prompt and answer have {work.length} tokens, the model takes {self.context}"
                )
            if isinstance(work, Failed):
                failed.append(work)
            else:
                yield work

    def _rate(self, works: Sequence[Work]) -> Iterator[tuple[Work, float | str]]:
        """Runs a batch; its halves where it does not fit into memory, each by itself where it fails otherwise."""
        with self.running.timed():
            found = self._try(works)
        if not isinstance(found, Exception):
            self.running.answered = True
            yield from zip(works, found, strict=True)
            return
        if len(works) == 1:
            yield works[0], self.running.given_up(works[0], found).error or ""
            return
        size = 1
        if memory.ran_out(found):
            size = (len(works) + 1) // 2
            self.running.shrink(size, f"{len(works)} rows")
        for first in range(0, len(works), size):
            yield from self._rate(works[first : first + size])

    def _try(self, works: Sequence[Work]) -> list[float] | Exception:
        try:
            with torch.inference_mode():
                return self._rewards([work.features or {} for work in works])
        except Exception as error:  # models raise whatever they like; `_rate` finds out whose fault it is
            failure = error
            failure.__traceback__ = None  # it holds the tensors
        free_memory()
        return failure

    def _rewards(self, rows: Sequence[Features]) -> list[float]:
        with padding(self._text, rows) as pad:
            together = dict(rows[0]) if len(rows) == 1 else preprocess.joined(rows, pad, "right")
            if together is None:
                raise ValueError("the processor gives tensors of a kind that can't be put together")
            inputs = self.running.on_device(together)
            mask = inputs["attention_mask"]
            self.running.count(
                batches=1, rows=len(rows), in_batches=len(rows), prompt_tokens=int(mask.sum()), run_tokens=mask.numel()
            )
            if self.head is None:
                rewards = self.model(**inputs, use_cache=False).logits[:, 0]
            else:
                hidden = self.model.base_model(**inputs, use_cache=False).last_hidden_state
                last = hidden[torch.arange(len(rows), device=hidden.device), mask.sum(1) - 1]
                rewards = (last.to(self.head.weight.dtype) @ self.head.weight.T + self.head.bias)[:, 0]
        return [float(reward) for reward in rewards.float()]


@contextmanager
def padding(config: Any, rows: Sequence[Features]) -> Iterator[int]:
    """The token to pad with: a classifier reads its number at the last token that is not the config's `pad_token_id`.

    A config without one reads it at the last token, which then may be any: for the batch it gets one that is in none
    of the rows. config: the text model's.
    """
    own = getattr(config, "pad_token_id", None)
    if own is not None:
        yield own
        return
    used = {token for row in rows for token in row["input_ids"][0].tolist()}
    config.pad_token_id = next(token for token in count() if token not in used)
    try:
        yield config.pad_token_id
    finally:
        config.pad_token_id = None
