"""Prompts that begin alike, packed into one row: what they share stands in it once, and every token sees its own
path only. Plain data and masks; nothing of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where one path stands in its row. columns: of its tokens behind the root, in order. wanted: those of them
    (the last ones) whose logits are wanted."""

    columns: tuple[int, ...]
    wanted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """A tree of paths in one row.

    root: number of tokens that all paths begin with. tokens: (columns,) behind the root. depths: (columns,) each
    one's place in its path, from `root`. sees: (columns, columns) bool, which columns a column attends to; the root is
    seen by all. last: how many columns at the end have wanted logits. leaves: one a path, in the order given.
    """

    root: int
    tokens: tuple[int, ...]
    depths: tuple[int, ...]
    sees: npt.NDArray[np.bool_]
    last: int
    leaves: tuple[Leaf, ...]


def pack(paths: Sequence[Sequence[int]], wanted: Sequence[int]) -> Packed:
    """Packs token sequences as a tree in which common beginnings stand once.

    wanted: of how many last tokens of each path the logits are wanted, at least 1. They are never in the root, and
    their columns come last, so that a model need not compute other logits.
    """
    order = sorted(range(len(paths)), key=lambda i: tuple(paths[i]))
    first, last = paths[order[0]], paths[order[-1]]
    # Of sorted sequences the first and the last share what all share.
    root = min(_common(first, last), *(len(path) - n for path, n in zip(paths, wanted, strict=True)))
    tokens: list[int] = []
    depths: list[int] = []
    parents: list[int] = []
    columns: dict[int, list[int]] = {}
    before: list[int] = []
    for place, number in enumerate(order):
        path = paths[number]
        shared = min(_common(path, paths[order[place - 1]]) - root, len(path) - root) if place else 0
        own = list(range(len(tokens), len(tokens) + len(path) - root - shared))
        parents.extend((before[shared - 1] if shared else -1) if column == own[0] else column - 1 for column in own)
        tokens.extend(path[root + shared :])
        depths.extend(range(root + shared, len(path)))
        before = columns[number] = before[:shared] + own
    sees = np.eye(len(tokens), dtype=np.bool_)
    for column, parent in enumerate(parents):
        if parent >= 0:  # what comes before it in its path sees, and it itself; the parent's row is done by now
            sees[column] |= sees[parent]
    ends = {column for number, of in columns.items() for column in of[len(of) - wanted[number] :]}
    moved = [c for c in range(len(tokens)) if c not in ends] + sorted(ends)
    at = {column: place for place, column in enumerate(moved)}
    leaves = []
    for number, n in enumerate(wanted):
        of = [at[column] for column in columns[number]]
        leaves.append(Leaf(tuple(of), tuple(of[len(of) - n :])))
    return Packed(
        root,
        tuple(tokens[c] for c in moved),
        tuple(depths[c] for c in moved),
        sees[np.ix_(moved, moved)],
        len(ends),
        tuple(leaves),
    )


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the common beginning."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))
