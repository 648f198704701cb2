"""Reward models without a head: a policy's log-probabilities of given answers, less those of its reference.

Rafailov et al. 2023 (DPO), arXiv 2305.18290, section 4: the reward that a policy was trained to is
beta * (log p_policy(answer | prompt) - log p_reference(answer | prompt)) and a term of the prompt alone. beta changes
no comparison and is left out. An answer is scored as preference trainers score it (`Prompts.answered`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, cast

from mmeval.errors import DataError, UsageError
from mmeval.inference import loading, preprocess
from mmeval.inference.base import Request, Response, digest_of
from mmeval.inference.devices import DevicesEngine, open_devices
from mmeval.inference.prompts import Prompts
from mmeval.inference.transformers import TransformersEngine, load

Local = TransformersEngine | DevicesEngine

BLOCK_S = 600.0  # the policy's work that is at stake while the reference has not answered yet
LOADING = 20.0  # at least so many times what opening the two models takes, so that little of a run goes into that
NO_CONTINUATIONS = "a reward model rates given answers, and this request has none"


@dataclass(frozen=True, slots=True)
class Model:
    """One of the two models. open: loads it. digest: of its weights' content. prompts: how it reads."""

    name: str
    digest: str
    prompts: Prompts
    open: Callable[[], Local]


def open_implicit(
    model: str, reference: str | None, devices: Sequence[str], options: Mapping[str, Any], per_token: bool
) -> ImplicitEngine:
    """An engine that rates answers by a policy and, if given, its reference, which reads prompts with the policy's
    system prompt and chat template.

    options: what `transformers.load` takes, for the policy; the reference gets neither adapter nor revision. per_token:
    rewards a token (nats), else their sum over the answer.

    Raises `UsageError` as `transformers.load`, and when the two don't have the same tokens.
    """
    told: set[str] = set()

    def note(text: str) -> None:  # the models are opened several times, and say the same then
        if text not in told:
            told.add(text)
            options["on_note"](text)

    common = {**options, "on_note": note, "whole_answers": True}
    engine = _opened(model, devices, common)
    try:
        known = {**common, "model_digest": engine.model_digest}
        policy = Model(model, engine.model_digest, engine.prompts, lambda: _opened(model, devices, known))
        other = _reference(reference, policy, devices, common) if reference else None
        if other is None:
            note("no --reference: rewards are the model's own log-likelihoods of the answers")
        elif other.digest == policy.digest:
            note("--reference holds the model's own weights: all rewards are 0")
        return ImplicitEngine(policy, other, per_token=per_token, opened=engine)
    except BaseException:
        engine.close()
        raise


def _opened(model: str, devices: Sequence[str], options: Mapping[str, Any]) -> Local:
    if len(devices) == 1:
        return load(model, device=devices[0], **options)
    return open_devices(model, devices, **options)


def _reference(name: str, policy: Model, devices: Sequence[str], options: Mapping[str, Any]) -> Model:
    """The reference, not loaded yet: its files, what it is by content, and whether it reads as the policy does."""
    mine = policy.prompts
    try:
        source = loading.find(name, None, None, options["trust_remote_code"])
        processor, tokenizer, template = loading.open_processor(source, mine.template)
        digest = source.digest()
    except UsageError as error:
        raise UsageError(f"--reference {name}: {str(error).removeprefix(f'--model {name}: ')}") from error
    prompts = Prompts(processor, tokenizer, template, mine.system)
    if prompts.reads_pictures != mine.reads_pictures:
        which = ("reads text only", "reads pictures")
        raise UsageError(
            f"--reference {name}: {which[prompts.reads_pictures]} and {policy.name} {which[mine.reads_pictures]}; pass "
            "the checkpoint that it was trained from"
        )
    if differing := _other_token(mine.tokenizer.get_vocab(), tokenizer.get_vocab()):
        raise UsageError(
            f"--reference {name}: has another vocabulary than {policy.name} ({differing}), so their log-probabilities "
            "can't be compared; pass the checkpoint that it was trained from"
        )
    if preprocess.settings(processor) != preprocess.settings(mine.processor):
        options["on_note"](f"--reference {name}: its processor makes pictures into other tensors than the model's does")
    given = {**options, "adapter": None, "revision": None, "chat_template": template, "model_digest": digest}
    return Model(name, digest, prompts, lambda: _opened(name, devices, given))


def _other_token(mine: Mapping[str, int], theirs: Mapping[str, int]) -> str | None:
    """The first token that both know under different numbers, or number that means different tokens. What only one of
    them knows (tokens added in training) does no harm until it is used."""
    named = {number: token for token, number in theirs.items()}
    for token, number in sorted(mine.items(), key=lambda entry: entry[1]):
        if named.get(number, token) != token:
            return f"{number} is {token!r} and {named[number]!r}"
        if theirs.get(token, number) != number:
            return f"{token!r} is {number} and {theirs[token]}"
    return None


class ImplicitEngine:
    """Rates given answers. The two models are never in memory together: the policy runs, is closed, and then the
    reference runs the same requests. One run at a time.

    An interrupted run loses what the policy gave and the reference did not answer: at most `BLOCK_S` seconds of its
    work, or `LOADING` times what opening both models takes; after so long the reference has its turn.
    """

    def __init__(self, policy: Model, reference: Model | None, *, per_token: bool, opened: Local) -> None:
        """opened: the policy, loaded."""
        self.name, self.policy, self.reference, self.per_token = policy.name, policy, reference, per_token
        self.prompts = policy.prompts
        self._opened: tuple[Model, Local] | None = (policy, opened)
        self._identify, self._about = opened.digest, opened.describe()
        self._spent: dict[str, float] = {"opening_s": 0.0, "blocks": 0}

    def describe(self) -> dict[str, Any]:
        """The policy's description; `digest` is of both models, `reference` says which the other one is."""
        other = self.reference
        return {
            **self._about,
            "digest": self._digest,
            "rewards": "log-likelihood of the answer" + (" a token" if self.per_token else ""),
            "policy": self.policy.digest,
            "reference": {"name": other.name, "digest": other.digest} if other else None,
        }

    @property
    def _digest(self) -> str:
        return digest_of("implicit", self.policy.digest, self.reference and self.reference.digest, self.per_token)

    def digest(self, request: Request) -> str:
        """See `Engine.digest`: of both models, and of the answers' tokens."""
        answers = [self.prompts.answered(request.messages, text) for text in request.continuations]
        return digest_of(self._digest, self._identify(request), answers)

    def rendered(self, request: Request) -> str:
        """The prompt as the models get it, with one placeholder a picture; for people."""
        return self.prompts.render(request.messages).text

    def run(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Rewards once both models have answered; without a reference, as the policy answers.

        Raises `UsageError` when a request's tokens are others for the reference.
        """
        waiting, source = dict[str, Request](), iter(requests)

        def taken() -> Iterator[Request]:
            """Those left from the last block, then new ones; each stands in `waiting` until the policy answers it."""
            for request in chain(list(waiting.values()), source):
                waiting[request.id] = request
                yield request

        while True:
            block: dict[str, tuple[Request, Response]] = {}
            for response in self._by_policy(taken()):
                request = waiting.pop(response.id)
                if response.finish == "error" or self.reference is None:
                    yield self._rewarded(request, response, None)
                else:
                    block[request.id] = (request, response)
            if not block:
                return
            yield from self._referred(block)

    def stats(self) -> dict[str, float]:
        """Of both models, summed as `Running.stats`; opening_s: seconds spent on loading them again; blocks: how often
        the reference had its turn; busy: the share of the time in which the device worked."""
        spent = self._sum(self._opened[1]) if self._opened else dict(self._spent)
        whole = spent.get("device_s", 0.0) + spent.get("waiting_s", 0.0)
        return {**spent, "busy": spent["device_s"] / whole if whole else 0.0}

    def close(self) -> None:
        if self._opened is not None:
            self._spent = self._sum(self._opened[1])
            self._opened[1].close()
            self._opened = None

    def _by_policy(self, requests: Iterator[Request]) -> Iterator[Response]:
        """The policy's responses, until all are there or the reference should have its turn."""
        first = next(requests, None)
        if first is None:
            return
        refused: list[Response] = []
        engine = self._turn_of(self.policy)
        until = time.monotonic() + max(BLOCK_S, LOADING * self._spent["opening_s"] / max(1, self._spent["blocks"]))
        asked = self._sound(chain([first], requests), refused)
        with closing(cast("Generator[Response]", engine.run(asked))) as responses:
            for response in responses:
                yield response
                yield from refused
                refused.clear()
                if self.reference is not None and time.monotonic() > until:
                    break
        yield from refused

    def _sound(self, requests: Iterator[Request], refused: list[Response]) -> Iterator[Request]:
        """The requests that both models can be asked; responses for the others go into `refused`."""
        for request in requests:
            try:
                if not request.continuations:
                    raise DataError(NO_CONTINUATIONS)
                self._check_tokens(request)
            except DataError as error:
                refused.append(Response(request.id, finish="error", error=str(error)))
            else:
                yield request

    def _check_tokens(self, request: Request) -> None:
        if self.reference is None:
            return
        found = []
        for prompts in (self.prompts, self.reference.prompts):
            tokens = [prompts.answered(request.messages, text) for text in request.continuations]
            found.append([list(prompts.render(request.messages).ids), *tokens])
        if found[0] != found[1]:
            raise UsageError(
                f"--reference {self.reference.name}: its tokenizer cuts {request.id} into other tokens than that of "
                f"{self.name}, so their log-probabilities can't be compared; copy the model's tokenizer into a copy of "
                "the reference"
            )

    def _referred(self, block: Mapping[str, tuple[Request, Response]]) -> Iterator[Response]:
        """The reference's turn."""
        assert self.reference is not None
        engine = self._turn_of(self.reference)
        self._spent["blocks"] += 1
        for response in engine.run([request for request, _ in block.values()]):
            request, mine = block[response.id]
            yield self._rewarded(request, mine, response)

    def _rewarded(self, request: Request, mine: Response, theirs: Response | None) -> Response:
        if mine.finish == "error":
            return mine
        if theirs is not None and theirs.finish == "error":
            return replace(theirs, error=f"reference: {theirs.error}")
        sums = mine.loglikelihoods or ()
        base = (theirs.loglikelihoods if theirs is not None else None) or (0.0,) * len(sums)
        rewards = [a - b for a, b in zip(sums, base, strict=True)]
        if self.per_token:
            lengths = [len(self.prompts.answered(request.messages, text)) for text in request.continuations]
            rewards = [reward / max(1, length) for reward, length in zip(rewards, lengths, strict=True)]
        if not all(map(math.isfinite, rewards)):
            return Response(mine.id, finish="error", error=f"the rewards are {rewards}; try --dtype float32")
        return replace(mine, loglikelihoods=None, rewards=tuple(rewards))

    def _turn_of(self, model: Model) -> Local:
        """That model, loaded; the other one is closed first."""
        if self._opened is not None and self._opened[0] is model:
            return self._opened[1]
        self.close()
        start = time.monotonic()
        engine = model.open()
        self._spent["opening_s"] += time.monotonic() - start
        self._opened = (model, engine)
        return engine

    def _sum(self, engine: Local) -> dict[str, float]:
        more = {name: value for name, value in engine.stats().items() if isinstance(value, int | float)}
        more.pop("busy", None)
        return {name: self._spent.get(name, 0) + more.get(name, 0) for name in {**self._spent, **more}}
