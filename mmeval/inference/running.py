"""What running a model needs in either way: the model with what belongs to it, the budget, what was spent, and what
becomes of a request on which the model fails."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from mmeval.errors import EngineError
from mmeval.inference import memory, preprocess
from mmeval.inference.answering import Answering
from mmeval.inference.base import Response
from mmeval.inference.planning import Budget
from mmeval.inference.preprocess import Preprocessor, Work

STATS = (
    "device_s", "waiting_s", "batches", "rows", "as_trees", "in_batches", "prompt_tokens", "run_tokens", "new_tokens",
)  # fmt: skip


@dataclass(slots=True)
class Running:
    """A loaded model at work. ends: ids with which an answer ends. pictures: ids that stand for a picture's patches.
    note: told what a user should know.

    budget shrinks when memory runs out. stats: seconds the device worked and waited for preprocessing; batches, rows,
    answers given as trees and in batches, prompt tokens asked, prompt tokens run (padding counted, what is shared
    once), new tokens.
    """

    name: str
    model: Any
    preprocessor: Preprocessor
    answering: Answering
    ends: frozenset[int]
    pad: int
    pictures: frozenset[int]
    budget: Budget
    note: Callable[[str], None]
    answered: bool = False
    stats: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STATS, 0))

    @property
    def device(self) -> torch.device:
        device: torch.device = self.model.device
        return device

    @contextmanager
    def timed(self, what: str = "device_s") -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stats[what] += time.perf_counter() - start

    def count(self, **more: float) -> None:
        for name, number in more.items():
            self.stats[name] += number

    def on_device(self, features: preprocess.Features) -> preprocess.Features:
        """Moved there, pictures in the model's own numbers."""
        return {
            name: tensor.to(self.device, self.model.dtype if tensor.is_floating_point() else None)
            for name, tensor in features.items()
        }

    def batch(self, works: Sequence[Work]) -> preprocess.Features:
        return self.on_device(self.preprocessor.batch(works, self.pad))

    def shrink(self, size: int, what: str, *, forest: bool = False) -> None:
        """From now on at most so many rows of a batch, or answers of a forest, at once."""
        if size < (self.budget.branches if forest else self.budget.rows):
            self.budget = replace(self.budget, **({"answers": size} if forest else {"rows": size}))
            self.note(f"out of memory with {what}; going on with at most {size}")

    def given_up(self, work: Work, error: BaseException) -> Response:
        """One request's error; the whole run's where the model has not managed a single answer."""
        if memory.ran_out(error):
            text = f"one prompt of {work.length} tokens does not fit into memory on {self.device}"
        else:
            text = f"the model fails on this prompt: {type(error).__name__}: {error}"
            if not self.answered:
                raise EngineError(f"{self.name}: {text}") from error
        return Response(work.request.id, finish="error", error=text)


def free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
