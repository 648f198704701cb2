"""Packing: every path can be read back, sees itself alone, and shares all that it can."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmeval.inference.tree import pack

TOKENS = st.lists(st.integers(0, 2), min_size=1, max_size=6)


@st.composite
def forks(draw):
    """Paths that leave others anywhere, end in the middle of others, or stand there twice; and how much is wanted."""
    stem = draw(st.lists(st.integers(0, 2), max_size=6))
    paths = [stem + draw(TOKENS)]
    for _ in range(draw(st.integers(0, 6))):
        before = draw(st.sampled_from(paths))
        kept = before[: draw(st.integers(0, len(before)))]
        paths.append(kept + draw(TOKENS if not kept else TOKENS | st.just([])))
    return paths, [draw(st.integers(1, len(path))) for path in paths]


@given(forks())
def test_a_packed_tree_is_its_paths(asked):
    is_its_paths(*asked)


def test_a_packed_tree_of_real_size_is_its_paths():
    dice = random.Random(0)
    shown = [dice.randrange(400) for _ in range(40)]
    asked = [[dice.randrange(3) for _ in range(dice.randrange(1, 20))] for _ in range(24)]
    is_its_paths([shown + words for words in asked], [dice.randint(1, min(9, len(words))) for words in asked])


def is_its_paths(paths, wanted):
    packed = pack(paths, wanted)
    root = packed.root
    common = next((i for i, of in enumerate(zip(*paths, strict=False)) if len(set(of)) > 1), min(map(len, paths)))
    assert root == min(common, *(len(path) - n for path, n in zip(paths, wanted, strict=True)))

    # A column stands for a beginning of paths: each leaf's columns are its path's beginnings, one after the other.
    stands_for = {}
    for path, leaf, n in zip(paths, packed.leaves, wanted, strict=True):
        assert [*path[:root], *(packed.tokens[column] for column in leaf.columns)] == path
        assert leaf.wanted == leaf.columns[-n:]
        for place, column in enumerate(leaf.columns, root):
            assert stands_for.setdefault(column, tuple(path[: place + 1])) == tuple(path[: place + 1])
            assert packed.depths[column] == place
    beginnings = {tuple(path[:end]) for path in paths for end in range(root + 1, len(path) + 1)}
    assert len(packed.tokens) == len(packed.depths) == len(beginnings), "what is common stands once"
    assert stands_for.keys() == set(range(len(beginnings)))
    assert set(stands_for.values()) == beginnings

    for column, own in stands_for.items():
        expected = [own[: len(stands_for[other])] == stands_for[other] for other in range(len(beginnings))]
        assert packed.sees[column].tolist() == expected

    ends = {column for leaf in packed.leaves for column in leaf.wanted}
    assert ends == set(range(len(beginnings) - packed.last, len(beginnings)))


@pytest.mark.parametrize(
    ("paths", "wanted", "root", "tokens", "last"),
    [
        ([[5, 6, 7]], [1], 2, (7,), 1),
        ([[5, 6, 7], [5, 6, 7]], [1, 1], 2, (7,), 1),
        ([[5, 6, 7], [5, 6, 7]], [1, 3], 0, (5, 6, 7), 3),
        ([[5, 6], [5, 6, 7, 8]], [1, 1], 1, (7, 6, 8), 2),
        ([[5, 6, 7, 8], [5, 6]], [2, 1], 1, (6, 7, 8), 3),
        ([[5, 6], [9, 6]], [1, 1], 0, (5, 9, 6, 6), 2),
    ],
    ids=["one path", "the same twice", "of which one all wanted", "one begins another", "shorter behind", "no root"],
)
def test_small_trees(paths, wanted, root, tokens, last):
    packed = pack(paths, wanted)
    assert (packed.root, packed.tokens, packed.last) == (root, tokens, last)
    is_its_paths(paths, wanted)
