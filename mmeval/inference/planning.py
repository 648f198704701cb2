"""Which requests run together: as trees over the same pictures, or as batches of padded rows.

Planning knows lengths, pictures and budgets, nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from mmeval.inference.base import Request

WINDOW = 1 << 16  # requests; a run's tasks come one after the other, and are to meet over their pictures
SHARED = 32  # tokens; texts that share less are not worth a tree


class Sized(Protocol):
    """Anything that will run: its request, its prompt's tokens, and how many rows of a batch it takes."""

    @property
    def request(self) -> Request: ...
    @property
    def length(self) -> int: ...
    @property
    def rows(self) -> int: ...


S = TypeVar("S", bound=Sized)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much runs at once, padding counted.

    rows: of a padded batch. answers: of a forest, whose rows hold several; None for as many as rows.
    prompt_tokens: rows times the longest prompt, what the first pass computes.
    tokens: rows times the longest prompt and answer, what the key-value cache must hold.
    """

    rows: int
    prompt_tokens: int | None = None
    tokens: int | None = None
    answers: int | None = None

    @property
    def branches(self) -> int:
        return self.answers or self.rows

    def holds(self, rows: int, prompt: int, answer: int) -> bool:
        return (
            rows <= self.rows
            and (self.prompt_tokens is None or rows * prompt <= self.prompt_tokens)
            and (self.tokens is None or rows * (prompt + answer) <= self.tokens)
        )


def in_order(items: Iterable[S], pictures: Callable[[S], object], window: int | None = None) -> Iterator[S]:
    """Items in the order in which they should run, looking at `window` (`WINDOW`) of them at a time.

    Like goes with like (scoring or generating, with pictures or without, the same answer length); questions about the
    same pictures stay together, so that these are prepared once; the longest go first, so that what does not fit into
    memory shows at once. The order given decides the rest, so a run's plan is reproducible.
    """
    source = iter(items)
    while chunk := list(islice(source, window or WINDOW)):
        groups = [pictures(item) for item in chunk]
        longest: dict[object, int] = {}
        first: dict[object, int] = {}
        for place, (item, group) in enumerate(zip(chunk, groups, strict=True)):
            longest[group] = max(longest.get(group, 0), item.length)
            first.setdefault(group, place)

        def rank(place: int) -> tuple[bool, int, int, int, int, int]:
            item, group = chunk[place], groups[place]  # noqa: B023 (used within this turn of the loop only)
            return (*_kind(item.request), -longest[group], first[group], -item.length)  # noqa: B023

        yield from (chunk[place] for place in sorted(range(len(chunk)), key=rank))


def in_groups(
    items: Iterable[S],
    pictures: Callable[[S], object],
    tokens: Callable[[S], Sequence[int]],
    most: Callable[[], int],
    window: int | None = None,
) -> Iterator[list[S]]:
    """Items that share pictures, or, without any, a long common beginning; at most `most` a group.

    Those with the most words go first, so that neighbours are alike in size. tokens: of an item's prompt, for finding
    what texts without pictures share.
    """
    source = iter(items)
    while chunk := list(islice(source, window or WINDOW)):
        groups: dict[object, list[S]] = {}
        texts: list[S] = []
        for item in chunk:
            if shown := pictures(item):
                groups.setdefault(shown, []).append(item)
            else:
                texts.append(item)
        found = [*groups.values(), *_alike(texts, tokens)]
        found.sort(key=lambda group: (not pictures(group[0]), -sum(len(tokens(item)) for item in group)))
        for group in found:
            # Answers of one length beside each other: they are done together.
            group.sort(key=lambda item: -item.request.decoding.max_new_tokens)
            start = 0
            while start < len(group):
                size = max(1, most())
                yield group[start : start + size]
                start += size


def _alike(items: list[S], tokens: Callable[[S], Sequence[int]]) -> list[list[S]]:
    """Texts by common beginning: one joins the group before it if at least half of it, and 32 tokens, stand there."""
    groups: list[list[S]] = []
    start: Sequence[int] = ()
    for item in sorted(items, key=lambda item: tuple(tokens(item))):
        own = tokens(item)
        both = zip(start, own, strict=False)
        shared = next((i for i, (a, b) in enumerate(both) if a != b), min(len(start), len(own)))
        if groups and shared >= max(SHARED, len(own) // 2):
            groups[-1].append(item)
            start = start[:shared]
        else:
            groups.append([item])
            start = own
    return groups


def in_batches(items: Iterable[S], budget: Callable[[], Budget]) -> Iterator[list[S]]:
    """Neighbours that fit into the budget together; at least one each. The budget is asked anew for every batch,
    because running out of memory shrinks it. `length` must be exact here."""
    batch: list[S] = []
    for item in items:
        if batch and (_kind(batch[0].request) != _kind(item.request) or not _fits([*batch, item], budget())):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _fits(batch: list[S], budget: Budget) -> bool:
    return budget.holds(
        sum(item.rows for item in batch),
        max(item.length for item in batch),
        max(item.request.decoding.max_new_tokens for item in batch),
    )


def _kind(request: Request) -> tuple[bool, int, int]:
    """What may run together as padded rows. As many pictures each: Mllama's text attends to padded ones, too."""
    pictures = sum(len(message.images) for message in request.messages)
    return bool(request.continuations), -pictures, -request.decoding.max_new_tokens
