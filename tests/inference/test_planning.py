"""Order and batches, without any model."""

from __future__ import annotations

from dataclasses import dataclass

from mmeval.inference.base import Decoding, Request
from mmeval.inference.planning import Budget, in_batches, in_order
from mmeval.samples import Image, ask


@dataclass(frozen=True)
class Item:
    request: Request
    length: int
    rows: int = 1


def item(length: int, picture: str | None = None, tokens: int = 4, key: str = "") -> Item:
    shown = Image(data=picture.encode()) if picture else None
    return Item(Request(key or f"{length}{picture}", ask(shown, "?"), Decoding(tokens)), length)


def shown(item: Item) -> object:
    return tuple(image.data for message in item.request.messages for image in message.images)


def lengths(items):
    return [item.length for item in items]


def test_longest_first_and_pictures_together():
    items = [item(5, "a"), item(9, "b"), item(6, "a"), item(12, "a"), item(8, "b"), item(30)]
    assert lengths(in_order(items, shown)) == [12, 6, 5, 9, 8, 30]


def test_long_answers_are_apart_and_first():
    items = [item(5, "a", 16), item(5, "b", 512), item(9, "a", 16), item(4, "b", 512)]
    assert [i.request.decoding.max_new_tokens for i in in_order(items, shown)] == [512, 512, 16, 16]


def test_only_a_window_is_looked_at():
    taken = []

    def source():
        for length in range(100):
            taken.append(length)
            yield item(length)

    ordered = in_order(source(), shown, window=10)
    assert next(ordered).length == 9
    assert len(taken) == 10


def test_batches_keep_to_the_budget():
    items = [item(length) for length in (10, 10, 9, 5, 5, 5, 5)]
    assert [lengths(b) for b in in_batches(items, lambda: Budget(3))] == [[10, 10, 9], [5, 5, 5], [5]]
    assert [lengths(b) for b in in_batches(items, lambda: Budget(9, 20))] == [[10, 10], [9, 5], [5, 5, 5]]
    assert [lengths(b) for b in in_batches(items, lambda: Budget(9, None, 28))] == [[10, 10], [9, 5], [5, 5, 5]]
    assert [lengths(b) for b in in_batches([item(50)], lambda: Budget(9, 20))] == [[50]]


def test_a_budget_that_shrinks_holds_for_the_next_batch():
    budgets = [Budget(4)]
    sizes = []
    for batch in in_batches([item(5) for _ in range(10)], lambda: budgets[-1]):
        sizes.append(len(batch))
        budgets.append(Budget(2))
    assert sizes == [4, 2, 2, 2]


def test_kinds_do_not_mix():
    items = [item(5, "a"), item(5), item(5, "a", 8)]
    assert [len(b) for b in in_batches(items, lambda: Budget(9))] == [1, 1, 1]
