"""Order and batches, without any model."""

from __future__ import annotations

from dataclasses import dataclass

from mmeval.inference.base import Decoding, Request
from mmeval.inference.planning import SHARED, Budget, in_batches, in_groups, in_order
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


@dataclass(frozen=True)
class Text:
    """An item of which in_groups sees the tokens."""

    request: Request
    ids: tuple[int, ...]
    rows: int = 1

    @property
    def length(self) -> int:
        return len(self.ids)


def text(key: str, words: int, picture: str | None = None, tokens: int = 4, begins: tuple[int, ...] = ()) -> Text:
    shown = Image(data=picture.encode()) if picture else None
    return Text(Request(key, ask(shown, "?"), Decoding(tokens)), begins + tuple(range(1000, 1000 + words)))


def grouped(items, most=100, window=None):
    groups = in_groups(items, shown, lambda item: item.ids, lambda: most, window)
    return [[item.request.id for item in group] for group in groups]


def test_questions_about_the_same_pictures_make_a_group_wherever_they_stand():
    items = [text("a1", 5, "a"), text("b1", 30, "b"), text("t", 40), text("a2", 6, "a"), text("b2", 5, "b")]
    assert grouped(items) == [["b1", "b2"], ["a1", "a2"], ["t"]]


def test_a_group_holds_no_more_than_is_allowed_and_the_longest_answers_go_first():
    items = [text(f"a{i}", 5, "a", tokens=4 + 60 * (i % 2)) for i in range(5)]
    assert grouped(items, most=2) == [["a1", "a3"], ["a0", "a2"], ["a4"]]
    assert grouped(items, most=0) == [["a1"], ["a3"], ["a0"], ["a2"], ["a4"]]
    allowed = iter([1, 3, 3])
    groups = in_groups(items, shown, lambda item: item.ids, lambda: next(allowed))
    assert [len(group) for group in groups] == [1, 3, 1]


def test_texts_meet_over_a_long_common_beginning():
    system, other = tuple(range(SHARED)), tuple(range(500, 500 + SHARED))
    items = [
        text("o1", 9, begins=other),
        text("s1", 9, begins=system),
        text("short", 2, begins=system[:-1]),
        text("s2", 20, begins=(*system, 7)),
        text("o2", 8, begins=other),
        text("mostly its own", SHARED + 2, begins=(*system, 2000)),
    ]
    found = {frozenset(group) for group in grouped(items)}
    assert found == {frozenset(of) for of in (["o1", "o2"], ["s1", "s2"], ["short"], ["mostly its own"])}


def test_groups_are_made_of_a_window_at_a_time():
    taken = []

    def source():
        for number in range(100):
            taken.append(number)
            yield text(f"{number}", 5, "ab"[number % 2])

    groups = in_groups(source(), shown, lambda item: item.ids, lambda: 100, window=6)
    assert [item.request.id for item in next(groups)] == ["0", "2", "4"]
    assert len(taken) == 6
    assert [item.request.id for group in groups for item in group][:6] == ["1", "3", "5", "6", "8", "10"]
