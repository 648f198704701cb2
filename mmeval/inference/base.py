"""What an engine is asked, what it gives back, and the protocol that every engine fills."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mmeval.samples import Message


@dataclass(frozen=True, slots=True)
class Decoding:
    """How an answer is decoded. temperature 0 is greedy; `seed` and `repeat` only matter above it.

    repeat: which of several answers to the same prompt this is, from 0. schema: JSON schema (as text) that the answer
    has to fit, for engines that can hold it to one; others answer freely.
    """

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    repeat: int = 0
    stop: tuple[str, ...] = ()
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked of an engine: generate an answer or, with `continuations`, score given ones.

    id: unique in the run, `task/sample` or `task/sample#repeat`.
    """

    id: str
    messages: tuple[Message, ...]
    decoding: Decoding
    continuations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """What came back for a request.

    text: the answer, without special tokens and without thinking. thinking: what stood in think tags, if anything.
    finish: "stop" (ended by itself), "length" (cut off), "thinking" (cut off before thinking ended: text is empty),
    "error" (no answer: `error` says why, and the sample is missing).
    loglikelihoods: one sum of log-probabilities (nats) per continuation, for requests that gave some.
    rewards: in their place from a reward model, one a continuation.
    path: how the engine ran it, e.g. "tree" or "batch"; empty where there is but one way.
    """

    id: str
    text: str = ""
    finish: Literal["stop", "length", "thinking", "error"] = "stop"
    thinking: str | None = None
    error: str | None = None
    prompt_tokens: int = 0
    new_tokens: int = 0
    loglikelihoods: tuple[float, ...] | None = None
    path: str = ""
    rewards: tuple[float, ...] | None = None


class Engine(Protocol):
    """Runs requests. It alone knows about batches, devices, servers and machines."""

    def describe(self) -> Mapping[str, Any]:
        """Plain JSON data for run.json: name, model digest (`"digest"`), numerics class, versions."""
        ...

    def digest(self, request: Request) -> str:
        """Hex digest over all that decides the answer: the weights' content, the rendered prompt's token ids, the
        pictures' content, decoding, numerics class; nothing that must not (batch size, device count, paths).

        Raises `DataError` when a picture can't be read.
        """
        ...

    def run(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Responses as they finish, in any order, one for each request. What goes wrong with one request is that
        request's `Response(finish="error")`; only what stops all of them raises (`EngineError`)."""
        ...

    def close(self) -> None: ...


def digest_of(*parts: Any) -> str:
    """SHA-256 over the canonical JSON of plain data."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
