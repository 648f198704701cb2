"""One device's process: loads the checkpoint there, answers the parcels that come, and says so.

The parent starts it (devices.py) and talks with it over a socket. It imports nothing heavy before it listens, and it
ends when the parent does, however that ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from mmeval.errors import EngineError, MmevalError
from mmeval.inference.base import Request, Response

if TYPE_CHECKING:
    from mmeval.inference.transformers import TransformersEngine

START = "from mmeval.inference.worker import main; main()"


@dataclass(frozen=True, slots=True)
class Order:
    """First word to a child. options: what `transformers.load` takes."""

    device: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parcel:
    number: int
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded. about: as the engine describes itself. ends: ids with which an answer ends."""

    about: Mapping[str, Any]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Note:
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    parcel: int
    response: Response


@dataclass(frozen=True, slots=True)
class Done:
    """A parcel is answered. stats: the engine's, since it was made."""

    parcel: int
    stats: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Broken:
    """The child's last word: it can't load or run the model."""

    error: MmevalError


Said = Ready | Note | Answer | Done | Broken


def main() -> None:
    """Arguments: the socket's file descriptor and the parent's process id."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    parent = Connection(int(sys.argv[1]))
    heard: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(parent, int(sys.argv[2]), heard), daemon=True).start()
    try:
        _work(parent, heard)
    except MmevalError as error:
        parent.send(Broken(error))


def _listen(parent: Connection, process: int, heard: SimpleQueue[Any]) -> None:
    """Takes parcels while the device works, and ends the process with the parent.

    The socket's end says so; the parent's id is asked for as well, in case another child of its holds the socket open.
    """
    try:
        while True:
            while not parent.poll(1.0):
                if os.getppid() != process:
                    os._exit(1)
            heard.put(parent.recv())
    except (EOFError, OSError):
        os._exit(1)


def _work(parent: Connection, heard: SimpleQueue[Any]) -> None:
    import torch

    from mmeval.inference.transformers import load

    order: Order = heard.get()
    if order.device.startswith("cuda"):
        torch.cuda.set_device(order.device)  # else whatever names no device would take memory on the first one
    engine = load(device=order.device, on_note=lambda text: parent.send(Note(text)), **order.options)
    parent.send(Ready(engine.describe(), tuple(sorted(engine.running.ends))))
    while True:
        parcel: Parcel = heard.get()
        for response in engine.run(parcel.requests):
            if response.finish == "error":
                _check_device(engine)
            parent.send(Answer(parcel.number, response))
        parent.send(Done(parcel.number, engine.stats()))


def _check_device(engine: TransformersEngine) -> None:
    """Raises `EngineError` when the device itself has failed: after some CUDA errors a process can't use it any more,
    and every further request would come back as an error of its own."""
    import torch

    device = engine.running.device
    if device.type != "cuda":
        return
    try:
        torch.zeros(1, device=device).item()
    except RuntimeError as error:
        raise EngineError(f"{device}: {str(error).splitlines()[0]}") from error
