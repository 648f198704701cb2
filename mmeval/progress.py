"""Progress on stderr: bars on a terminal, a line now and then in a log file, nothing in a library call."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Bar(Protocol):
    def advance(self) -> None: ...


class Progress:
    """Says nothing itself; keeps the notes, which also go into run.json and onto the page."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def stage(self, what: str) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def bar(self, what: str, total: int) -> Iterator[Bar]:
        yield _NoBar()


class _NoBar:
    def advance(self) -> None: ...


class Lines(Progress):
    """For logs and pipes: a line a stage, and every half minute how far a bar is."""

    every = 30.0

    def stage(self, what: str) -> None:
        print(f"mmeval: {what}", file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        super().note(text)
        print(f"mmeval: {text}", file=sys.stderr, flush=True)

    @contextmanager
    def bar(self, what: str, total: int) -> Iterator[Bar]:
        counter = _LineBar(what, total, self.every)
        yield counter
        counter.say()


class _LineBar:
    def __init__(self, what: str, total: int, every: float):
        self.what, self.total, self.every = what, total, every
        self.done = 0
        self.started = self.said = time.monotonic()

    def advance(self) -> None:
        self.done += 1
        if time.monotonic() - self.said > self.every:
            self.say()

    def say(self) -> None:
        self.said = time.monotonic()
        seconds = self.said - self.started
        rate = f", {self.done / seconds:.1f}/s" if seconds > 1 else ""
        print(f"mmeval: {self.what}: {self.done} of {self.total}{rate}", file=sys.stderr, flush=True)


class Terminal(Progress):
    """Rich bars with rate and time left."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)

    def stage(self, what: str) -> None:
        self._console.print(what, style="dim", markup=False)

    def note(self, text: str) -> None:
        super().note(text)
        self._console.print("note:", style="yellow", end=" ")
        self._console.print(text, markup=False)

    @contextmanager
    def bar(self, what: str, total: int) -> Iterator[Bar]:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with RichProgress(*columns, console=self._console) as shown:
            yield _RichBar(shown, what, total)


class _RichBar:
    def __init__(self, shown: object, what: str, total: int):
        from rich.progress import Progress as RichProgress

        assert isinstance(shown, RichProgress)
        self._shown = shown
        self._task = shown.add_task(what, total=total, rate="")
        self._started, self._done = time.monotonic(), 0

    def advance(self) -> None:
        self._done += 1
        seconds = time.monotonic() - self._started
        rate = f"{self._done / seconds:.0f}/s" if seconds > 0.5 else ""
        self._shown.update(self._task, advance=1, rate=rate)


def for_people() -> Progress:
    """Bars where stderr is a terminal, lines elsewhere."""
    return Terminal() if sys.stderr.isatty() else Lines()
