"""Many devices on one machine: a process each, with the checkpoint on its device, that work off one queue.

The parent holds no weights: it renders prompts, knows requests by their digest, and gives a device the next parcel
when one of its two is done. Children are plain new interpreters, neither forked (CUDA forbids it) nor spawned by
`multiprocessing`, which would run the user's script again in each of them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from mmeval.errors import DataError, EngineError
from mmeval.inference import loading, memory, parcels
from mmeval.inference.answering import Answering
from mmeval.inference.base import Request, Response
from mmeval.inference.preprocess import Failed, Work
from mmeval.inference.prompts import Prompts
from mmeval.inference.running import STATS
from mmeval.inference.transformers import base_digest, pictures_of, request_digest, tokens_of
from mmeval.inference.worker import START, Answer, Broken, Done, Note, Order, Parcel, Ready, Said

IN_FLIGHT = 2  # parcels a child has: one that it works on and one that it goes on with
SMALLEST = {"cpu": memory.CPU_ROWS}  # requests of a parcel: each is run to its end, so fewer leave a device half idle
OUT_OF_MEMORY = "out of memory"  # how notes begin that are about one device, not about the model


def open_devices(
    model: str,
    devices: Sequence[str],
    *,
    adapter: Path | None = None,
    system: str | None = None,
    chat_template: Path | str | None = None,
    trust_remote_code: bool = False,
    revision: str | None = None,
    on_note: Callable[[str], None] = lambda text: None,
    **how: Any,
) -> DevicesEngine:
    """An engine over the same checkpoint on several devices, once all have loaded it.

    devices: of one kind; one may come twice. how: what else `transformers.load` takes (dtype, batch_size …).
    on_note: told once of what children say alike, and on which device memory ran out.

    Raises `UsageError` as `transformers.load`, `EngineError` when every child dies while it loads.
    """
    children = _start(devices)  # they import torch meanwhile
    try:
        source = loading.find(model, adapter, revision, trust_remote_code)
        processor, tokenizer, template = loading.open_processor(source, chat_template)
        prompts = Prompts(processor, tokenizer, template, system)
        options = {
            **how,
            "model": str(source.folder),
            "adapter": source.adapter,
            "system": system,
            "chat_template": chat_template,
            "trust_remote_code": trust_remote_code,
            "processes": len(devices),
            "model_digest": "",  # the parent's: hashing once is enough
        }
        for child in children:
            child.load(options)
        engine = DevicesEngine(model, prompts, children, on_note)
        engine.know(source.digest())
    except BaseException:
        for child in children:
            child.end()
        raise
    return engine


def _start(devices: Sequence[str]) -> list[Child]:
    often, seen = Counter(devices), Counter[str]()
    children = []
    for device in devices:
        seen[device] += 1
        children.append(Child(device, device if often[device] == 1 else f"{device} #{seen[device]}"))
    return children


class Child:
    """A device's process as the parent sees it. label: the device, numbered where it comes twice."""

    def __init__(self, device: str, label: str) -> None:
        self.device, self.label = device, label
        self.ready: Ready | None = None
        self.alive = True
        self.parcels: dict[int, dict[str, Request]] = {}  # number -> what of it is not answered yet, by id
        self.answered = 0
        self.stats: dict[str, float] = dict.fromkeys((*STATS, "busy"), 0)
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 (`end` closes it)
        self.connection, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", START, str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=self._words,
                stderr=self._words,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(place or os.getcwd() for place in sys.path)},
                start_new_session=True,  # else the terminal's Ctrl-C would reach it before it can ignore it
            )

    @property
    def open(self) -> int:
        return sum(map(len, self.parcels.values()))

    def load(self, options: dict[str, Any]) -> None:
        self._send(Order(self.device, options))

    def send(self, number: int, requests: Sequence[Request]) -> None:
        self.parcels[number] = {request.id: request for request in requests}
        self._send(Parcel(number, parcels.packed(requests)))

    def _send(self, what: Order | Parcel) -> None:
        """A child that has died meanwhile is found out by the end of its connection."""
        with suppress(OSError):
            self.connection.send(what)

    def last_words(self) -> str:
        """How it ended, and the last line that it wrote."""
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            return "it hung up"
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        end = os.fstat(self._words.fileno()).st_size
        text = os.pread(self._words.fileno(), 4096, max(0, end - 4096)).decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return f"{how}; last words: {lines[-1][:400]}" if lines else how

    def end(self) -> list[Request]:
        """Ends the process at once. Returns what it has not answered."""
        left = [request for parcel in self.parcels.values() for request in parcel.values()]
        if self.alive:
            self.alive = False
            self.parcels = {}
            self.process.kill()
            self.process.wait()
            self.connection.close()
            self._words.close()
        return left


class DevicesEngine:
    """The engine over children that are loading the model. `know` comes before all else; one run at a time."""

    def __init__(self, name: str, prompts: Prompts, children: list[Child], note: Callable[[str], None]) -> None:
        self.name, self.prompts, self.children, self.note = name, prompts, children, note
        self.model_digest = self._base = ""
        self._answering = Answering(prompts.tokenizer, None)
        self._queue = self._queue_of(())
        self._told: set[str] = set()
        self._sent = 0  # parcels

    def know(self, model_digest: str) -> None:
        """Waits until the children have loaded the model. model_digest: of the weights' content, which with what they
        say of themselves makes the same request digests as on a single device."""
        while waited := [child for child in self._living() if child.ready is None]:
            for child in self._speaking(waited):
                self._hear(child)
        said = [child.ready for child in self._living() if child.ready]
        bases = {
            base_digest(model_digest, one.about["numerics"], one.about["processor"], one.ends): one for one in said
        }
        if len(bases) > 1:
            numerics = " and ".join(sorted({one.about["numerics"] for one in said}))
            raise EngineError(f"{self.name}: the devices don't compute alike ({numerics}); pass --dtype, or fewer")
        self.model_digest, (self._base,) = model_digest, bases

    def describe(self) -> dict[str, Any]:
        """As a single device's engine; `device` says how many, `devices` which."""
        about = [child.ready.about for child in self.children if child.ready]
        names = Counter(str(one["device"]) for one in about)
        return {
            **about[0],
            "name": self.name,
            "digest": self.model_digest,
            "device": ", ".join(f"{often} x {device}" for device, often in names.items()),
            "devices": [child.label for child in self.children],
        }

    def digest(self, request: Request) -> str:
        """See `Engine.digest`: the same as on one such device."""
        return request_digest(self._base, request, self.prompts, self._answering)

    def rendered(self, request: Request) -> str:
        """The prompt as the model gets it, with one placeholder a picture; for people."""
        return self.prompts.render(request.messages).text

    def run(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Responses as they finish, from all devices; a window of requests is looked at ahead.

        Raises `EngineError` once no device is left.
        """
        self._queue = self._queue_of(requests)
        for child in self._living():  # an earlier run that was left early: its answers are nobody's
            child.parcels = {number: {} for number in child.parcels}
        try:
            while True:
                self._hand_out()
                busy = [child for child in self._living() if child.parcels]
                if not busy and not self._queue.waiting():
                    return
                for child in self._speaking(busy):
                    response = self._hear(child)
                    if response is not None:
                        yield response
        except KeyboardInterrupt:
            self.close()
            raise

    def stats(self) -> dict[str, Any]:
        """As one device's, summed; busy: the mean share; answers: by device."""
        summed: dict[str, Any] = {name: sum(child.stats[name] for child in self.children) for name in STATS}
        summed["busy"] = sum(child.stats["busy"] for child in self.children) / max(1, len(self.children))
        return {**summed, "answers": {child.label: child.answered for child in self.children}}

    def close(self) -> None:
        """Ends the children at once, whatever they do."""
        for child in self.children:
            child.end()

    def _living(self) -> list[Child]:
        living = [child for child in self.children if child.alive]
        if not living:
            raise EngineError(f"{self.name}: no device is left: the engine is closed")
        return living

    def _speaking(self, children: Sequence[Child]) -> list[Child]:
        """Those of the children that have said something; waits for one."""
        heard = wait([child.connection for child in children])
        return [child for child in children if child.connection in heard]

    def _hand_out(self) -> None:
        """Gives parcels to those that lack some: one to each before anyone gets the next."""
        living = self._living()
        smallest = SMALLEST.get(living[0].device, memory.GPU_ROWS)
        for held in range(IN_FLIGHT):
            for child in living:
                if len(child.parcels) > held or not self._queue.waiting():
                    continue
                under_way = sum(one.open for one in living)
                most = parcels.size(self._queue.waiting(), under_way, child.open, len(living), smallest)
                if most > 0:
                    self._sent += 1
                    child.send(self._sent, self._queue.take(most))

    def _hear(self, child: Child) -> Response | None:
        """Takes one message from a child; the response, if it is one that is waited for."""
        try:
            said: Said = child.connection.recv()
        except (EOFError, OSError):
            self._lost(child, child.last_words())
            return None
        match said:
            case Ready():
                child.ready = said
            case Note(text):
                self._tell(f"{child.label}: {text}" if text.startswith(OUT_OF_MEMORY) else text)
            case Answer(number, response):
                if child.parcels.get(number, {}).pop(response.id, None) is not None:
                    child.answered += 1
                    return response
            case Done(number, stats):
                child.parcels.pop(number, None)
                child.stats = dict(stats)
            case Broken(error) if isinstance(error, EngineError):
                self._lost(child, str(error))
            case Broken(error):
                raise error
        return None

    def _lost(self, child: Child, words: str) -> None:
        """Gives what a child has not answered to the others. Raises `EngineError` when there are none."""
        left = child.end()
        if not any(one.alive for one in self.children):
            raise EngineError(f"{self.name}: the processes on all devices have died; on {child.label}: {words}")
        self._queue.put_back(left)
        more = f" with its {len(left)} requests" if left else ""
        self._tell(f"{child.label}: its process died ({words}); the other devices go on{more}")

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.note(text)

    def _queue_of(self, requests: Iterable[Request]) -> parcels.Queue:
        return parcels.Queue(requests, self._work, pictures_of, tokens_of)

    def _work(self, request: Request) -> Work | Failed:
        """For grouping only: a prompt that can't be rendered is found out again, and told, where it runs."""
        try:
            return Work(request, self.prompts.render(request.messages))
        except DataError as error:
            return Failed(request, str(error))
