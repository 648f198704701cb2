"""Any server with OpenAI's chat API: vLLM, SGLang, llama.cpp, commercial ones. Needs httpx (`mmeval[openai]`).

Calls run side by side; how many adapts to what the server takes: one more for each round of successes, half as many
when it says 429 or 5xx (additive increase, multiplicative decrease; Chiu & Jain 1989). What may pass is tried again
after a pause that grows and is drawn at random, or that the server names (Retry-After); what can't pass is not.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from mmeval.errors import EngineError, MmevalError, UsageError
from mmeval.inference.base import Request, Response, digest_of
from mmeval.inference.chat import count_of, message_of, retry_after, words_of
from mmeval.inference.thinking import split

if TYPE_CHECKING:
    import httpx

PREFIX = "openai:"
KEYS = ("MMEVAL_API_KEY", "OPENAI_API_KEY")
PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
HOPELESS = {401, 403, 404}  # for every request alike, as long as none has passed
FEW = 5  # requests lost before the server is taken to be down, or its 403 to be meant for all
MANY = 25  # the same in a row, for a server that has answered before
SILENCE = 1200.0  # seconds without an answer that are as bad as `MANY`
SECRET = 16  # characters; shorter keys are place holders (EMPTY), which an answer may say
LONGEST_PAUSE = 120.0

Note = Callable[[str], None]
Done = queue.Queue[Response | BaseException | None]


def parse(model: str) -> tuple[str, str]:
    """`openai:NAME@URL` -> (name, URL of the API, e.g. http://localhost:8000/v1). Raises `UsageError`."""
    found = re.fullmatch(r"(.+?)@(https?://.+)", model.removeprefix(PREFIX))
    if found is None:
        raise UsageError(f"--model {model}: write openai:NAME@URL, e.g. openai:my-model@http://localhost:8000/v1")
    name, url = found.groups()
    try:
        parts = urlsplit(url)
        reached = parts.hostname and parts.port != 0  # reading the port checks it
    except ValueError as error:
        raise UsageError(f"--model openai:…: the URL can't be read ({error})") from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError("--model openai:…: no keys in the URL, and nothing after a ?; set MMEVAL_API_KEY instead")
    if not reached:
        raise UsageError("--model openai:…: the URL needs a host, as in http://localhost:8000/v1")
    return name, url.rstrip("/")


@dataclass(slots=True)
class _Limit:
    """How many calls may run at once."""

    most: int
    now: float = 4.0
    running: int = 0
    free: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def enter(self) -> None:
        async with self.free:
            await self.free.wait_for(lambda: self.running < max(1, int(self.now)))
            self.running += 1

    async def leave(self) -> None:
        async with self.free:
            self.running -= 1
            self.free.notify_all()

    def went_well(self) -> None:
        self.now = min(float(self.most), self.now + 1 / max(1.0, self.now))

    def was_too_much(self) -> None:
        self.now = max(1.0, self.now / 2)


@dataclass(slots=True)
class _Pace:
    """Lets a call start every so many seconds, and no more."""

    every: float
    next: float = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        start = max(now, self.next)
        self.next = start + self.every
        await asyncio.sleep(start - now)


class _Passing(Exception):
    """A failure that may pass; pause: seconds that the server asked to wait."""

    def __init__(self, why: str, pause: float | None = None, overload: bool = False):
        super().__init__(why)
        self.pause, self.overload = pause, overload


class OpenAIEngine:
    """Asks a server. concurrency: calls at once, at most. rate: calls a minute, at most, tries that failed among them.
    timeout: seconds a call. attempts: tries a request.
    pause: seconds, the bound of the first pause between tries; it doubles with each. system: put before every
    conversation.

    Raises `UsageError` when httpx is not installed, and for a URL or key that can't be used.
    """

    def __init__(
        self,
        model: str,
        *,
        concurrency: int = 32,
        timeout: float = 180.0,
        attempts: int = 8,
        pause: float = 0.5,
        system: str | None = None,
        rate: float | None = None,
        on_note: Note = lambda text: None,
    ):
        self._pace = _Pace(60 / rate if rate else 0.0)
        self._constrains = True
        self.model, self.url = parse(model)
        self.concurrency, self.timeout, self.attempts, self.pause = concurrency, timeout, attempts, pause
        self.system, self.note = system, on_note
        self._limit_field = "max_tokens"
        self._used = dict.fromkeys(("calls", "tried_again", "refused_for_load", "prompt_tokens", "new_tokens"), 0)
        self._dice = random.Random()  # pauses only: no answer hangs on it
        self._good = self._refused = self._lost = 0  # answers; 403 before any; requests given up in a row
        self._heard, self._noted = time.monotonic(), False
        self._key = next(filter(None, (os.environ.get(name, "").strip() for name in KEYS)), "")
        if not (self._key.isascii() and self._key.isprintable()):
            raise UsageError(f"{' or '.join(KEYS)} has characters that no key has; set it again")
        try:
            import httpx

            httpx.URL(self.url)
        except ImportError as error:
            raise UsageError("openai:… needs httpx: pip install 'mmeval[openai]'") from error
        except httpx.InvalidURL as error:
            raise UsageError(f"--model openai:…: the URL can't be read ({error})") from None

    def describe(self) -> dict[str, Any]:
        """The name and address; a server's weights can't be seen, so its digest is of these alone."""
        parts = urlsplit(self.url)
        address = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        digest = digest_of("openai", self.model, address)
        return {"engine": "openai", "name": self.model, "server": address, "digest": digest, "system": self.system}

    @property
    def _base(self) -> str:
        return digest_of("openai", self.model, self.url, self.system)

    def stats(self) -> dict[str, Any]:
        return dict(self._used)

    def digest(self, request: Request) -> str:
        messages = [
            [one.role, [part if isinstance(part, str) else part.digest() for part in one.content]]
            for one in request.messages
        ]
        decoding = request.decoding
        sampled = [decoding.temperature, decoding.top_p, decoding.seed, decoding.repeat] if decoding.temperature else []
        form = [decoding.schema] if decoding.schema else []
        return digest_of(self._base, messages, decoding.max_new_tokens, list(decoding.stop), sampled, *form)

    def run(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Responses as they come. Raises `EngineError` when no request can pass (wrong key, no such model, down)."""
        self._lost, self._heard = 0, time.monotonic()
        done: Done = queue.Queue()
        stop = threading.Event()

        def work() -> None:
            try:
                asyncio.run(self._all(iter(requests), done, stop))
            except BaseExceptionGroup as group:
                done.put(group.exceptions[0])
            except BaseException as error:
                done.put(error)
            done.put(None)

        worker = threading.Thread(target=work, daemon=True, name="openai")
        worker.start()
        try:
            while (got := done.get()) is not None:
                if isinstance(got, BaseException):
                    raise got
                yield got
        finally:
            stop.set()
            worker.join(5)

    def close(self) -> None:
        pass

    async def _all(self, requests: Iterator[Request], done: Done, stop: threading.Event) -> None:
        cutting = asyncio.create_task(_cut(stop, asyncio.current_task()))
        try:
            await self._side_by_side(requests, done)
        finally:
            cutting.cancel()

    async def _side_by_side(self, requests: Iterator[Request], done: Done) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        limit = _Limit(self.concurrency)
        wait = httpx.Timeout(self.timeout, connect=min(15.0, self.timeout))
        pool = httpx.Limits(max_connections=self.concurrency, max_keepalive_connections=self.concurrency)
        async with (
            httpx.AsyncClient(headers=headers, timeout=wait, limits=pool, follow_redirects=False) as client,
            asyncio.TaskGroup() as group,
        ):

            async def one(request: Request) -> None:
                try:
                    done.put(await self._patiently(client, request, limit))
                finally:
                    await limit.leave()

            for request in requests:
                await limit.enter()
                group.create_task(one(request))

    async def _patiently(self, client: httpx.AsyncClient, request: Request, limit: _Limit) -> Response:
        """One request, tried again while what failed may pass."""
        try:
            body = await asyncio.to_thread(self._body, request)  # reads and encodes pictures
        except Exception as error:  # one picture may be broken in any way; the others go on
            why = str(error) if isinstance(error, MmevalError) else f"{type(error).__name__}: {error}"
            return Response(request.id, finish="error", error=why)
        why = ""
        for attempt in range(self.attempts):
            self._used["tried_again"] += attempt > 0
            try:
                response = await self._once(client, request, body)
                limit.went_well()
                self._lost, self._heard = 0, time.monotonic()
                return response
            except _Passing as failure:
                why = self._hidden(str(failure))
                if not self._noted:
                    self._noted = True
                    self.note(f"{self.url}: {why}; such requests are tried again, up to {self.attempts} times")
                if failure.overload:
                    limit.was_too_much()
                    self._used["refused_for_load"] += 1
                if attempt + 1 < self.attempts:
                    await asyncio.sleep(self._pause(attempt, failure.pause))
        self._give_up_if_down(why)
        return Response(request.id, finish="error", error=f"{self.attempts} tries: {why}")

    def _give_up_if_down(self, why: str) -> None:
        """Counts a lost request. Raises `EngineError` when so many were lost that waiting on is of no use."""
        self._lost += 1
        silence = time.monotonic() - self._heard
        many = max(MANY, 2 * self.concurrency)  # those in flight when it goes down are lost together
        if self._lost >= (many if self._good and silence < SILENCE else FEW):
            raise EngineError(
                f"{self.url} answers nothing: {self._lost} requests in a row, each tried {self.attempts} times: {why}; "
                "is it up? Answers so far are kept, and the same command goes on from there"
            )

    def _hidden(self, text: str, shortest: int = 1) -> str:
        """A server's text as it can be shown: without the key (if it has so many characters) and half characters."""
        text = text.replace(self._key, "***") if len(self._key) >= shortest else text
        return text.encode("utf-8", "replace").decode()

    def _pause(self, attempt: int, named: float | None) -> float:
        """Seconds: what the server names, else drawn from 0 to a bound that doubles (full jitter)."""
        drawn = self._dice.uniform(0, min(30.0, self.pause * 2**attempt))
        return drawn if named is None else min(LONGEST_PAUSE, named) + 0.1 * drawn

    async def _once(self, client: httpx.AsyncClient, request: Request, body: dict[str, Any]) -> Response:
        import httpx

        await self._pace.wait()
        self._used["calls"] += 1
        if not self._constrains:
            body.pop("response_format", None)
        try:
            reply = await client.post(f"{self.url}/chat/completions", json=body)
        except httpx.RequestError as error:
            raise _Passing(f"{type(error).__name__}: {error or 'no reply'}", overload=True) from error
        status = reply.status_code
        if status == 200:
            try:
                return self._read(request, reply.json())
            except Exception as error:  # whatever a server may send: it is this request's trouble alone
                raise _Passing(f"half a reply ({type(error).__name__}: {error})") from error
        if status in PASSING:
            raise _Passing(f"HTTP {status}", retry_after(reply.headers), overload=True)
        words = self._hidden(words_of(reply))[:300]
        if status in HOPELESS and not self._good:
            self._refused += 1
            if status != 403 or self._refused >= FEW:  # some servers say 403 to one picture that they don't like
                raise EngineError(f"{self.url} says HTTP {status} to model {self.model!r}: {words}")
        if "max_completion_tokens" in reply.text and "max_tokens" in body:
            self._limit_field = "max_completion_tokens"  # OpenAI's newer models take no other
            body["max_completion_tokens"] = body.pop("max_tokens")
            return await self._once(client, request, body)
        if "response_format" in body and status in (400, 422, 501):
            if self._constrains and "response_format" not in reply.text and "schema" not in reply.text:
                return Response(request.id, finish="error", error=f"HTTP {status}: {words}")
            self._without_form(words)
            return await self._once(client, request, body)
        return Response(request.id, finish="error", error=f"HTTP {status}: {words}")

    def _without_form(self, words: str) -> None:
        """From now on replies are asked for in words alone, and parsed."""
        if self._constrains:
            self._constrains = False
            self.note(f"{self.url} can't hold replies to a form ({words}); they are parsed as they come")

    def _read(self, request: Request, reply: Mapping[str, Any]) -> Response:
        choice = reply["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        if finish == "content_filter":
            return Response(request.id, finish="error", error="the server's content filter took the answer")
        text, apart = message.get("content"), message.get("reasoning_content") or message.get("reasoning")
        if text is not None and not isinstance(text, str):
            raise TypeError(f"content is a {type(text).__name__}")
        thought = split(self._hidden(text or "", SECRET))
        thinking = self._hidden(apart, SECRET) if apart and isinstance(apart, str) else thought.thinking
        cut = finish == "length"
        # nothing at all within the limit: a server that shows no thinking spent it on that
        unsaid = cut and not thought.answer and thought.thinking is None
        kind: Any = "thinking" if thought.cut or unsaid else "length" if cut else "stop"
        used = reply.get("usage")
        tokens = count_of(used, "prompt_tokens"), count_of(used, "completion_tokens")
        self._used["prompt_tokens"] += tokens[0]
        self._used["new_tokens"] += tokens[1]
        self._good += 1
        return Response(request.id, thought.answer, kind, thinking, None, *tokens)

    def _body(self, request: Request) -> dict[str, Any]:
        if request.continuations:
            raise EngineError("log-likelihoods of given answers can't be had through the chat API; use a checkpoint")
        decoding = request.decoding
        system = [{"role": "system", "content": self.system}] if self.system else []
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [*system, *(message_of(one) for one in request.messages)],
            "temperature": decoding.temperature,
            self._limit_field: decoding.max_new_tokens,
        }
        if decoding.temperature:
            body |= {"top_p": decoding.top_p, "seed": decoding.seed + decoding.repeat}
        if decoding.stop:
            body["stop"] = list(decoding.stop)
        if decoding.schema and self._constrains:
            form = {"name": "reply", "schema": json.loads(decoding.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body


async def _cut(stop: threading.Event, calls: asyncio.Task[Any] | None) -> None:
    """Ends all calls when nobody waits for them any more: a server should not go on working."""
    while not stop.is_set():
        await asyncio.sleep(0.1)
    if calls:
        calls.cancel()
