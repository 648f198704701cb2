"""Runs works as batches of padded rows: every prompt is a row of its own. Any model can be run so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch

from mmeval.inference import decoding, memory, planning
from mmeval.inference.base import Response
from mmeval.inference.preprocess import Work
from mmeval.inference.running import Running, free_memory

PATH = "batch"


def run(running: Running, works: Iterable[Work]) -> Iterator[Response]:
    """Responses as their batches finish."""
    for batch in planning.in_batches(works, lambda: running.budget):
        yield from answer(running, batch)


def answer(running: Running, works: Sequence[Work]) -> Iterator[Response]:
    """Runs a batch; its halves where it does not fit into memory, each by itself where it fails otherwise."""
    with running.timed():
        answers = _try(running, works)
    if not isinstance(answers, BaseException):
        running.answered = True
        running.count(in_batches=len(answers))
        yield from answers
        return
    if len(works) == 1:
        yield running.given_up(works[0], answers)
        return
    full = memory.ran_out(answers)
    size = (len(works) + 1) // 2 if full else 1
    if full:
        running.shrink(size, f"{len(works)} rows")
    for first in range(0, len(works), size):
        yield from answer(running, works[first : first + size])


def _try(running: Running, works: Sequence[Work]) -> list[Response] | Exception:
    """The batch's responses, or what went wrong (its tensors given back)."""
    try:
        with torch.inference_mode():
            inputs = running.batch(works)
            asked = sum(work.prompt_tokens for work in works)
            tokens = inputs["attention_mask"].numel()
            running.count(batches=1, rows=len(works), prompt_tokens=asked, run_tokens=tokens)
            if works[0].request.continuations:
                sums = decoding.loglikelihoods(running.model, inputs, [work.branches for work in works], running.pad)
                return [running.answering.scored(work, of, PATH) for work, of in zip(works, sums, strict=True)]
            rows = [running.answering.row(work) for work in works]
            decoding.generate(running.model, inputs, rows, running.ends, running.pad)
            running.count(new_tokens=sum(len(row.tokens) for row in rows))
            return [running.answering.response(work, row, PATH) for work, row in zip(works, rows, strict=True)]
    except Exception as error:  # models raise whatever they like; `answer` finds out whose fault it is
        failure = error
        failure.__traceback__ = None  # it holds the tensors
    free_memory()
    return failure
