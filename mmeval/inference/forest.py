"""Trees on the device: what the pictures' rows share runs once, and all their answers grow beside each other.

A forest is a batch of rows, one a picture. Its key-value cache holds each row's root (system prompt, picture, common
words), then the tree's other tokens, then a column for each answer's new token. Which columns an answer sees is a mask
of its own, so rows of different shape, answers that are done, and forests that join cost nothing but padding.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional as F

from mmeval.inference import decoding
from mmeval.inference.preprocess import Features, Work
from mmeval.inference.tree import Packed

LAYERS = frozenset(("full_attention", "sliding_attention", "attention"))
LEAVE_AT = 0.75  # slots without an answer go once no more than this share is in use: moving the cache costs a copy
COLUMNS_AT = 0.7  # the same for columns that no answer sees any more


class NoTree(Exception):
    """A model keeps or does something that a tree can't be run with; says what."""


@dataclass(slots=True)
class Branch:
    """One answer in the making."""

    work: Work
    row: decoding.Row


@dataclass(frozen=True, slots=True)
class Planted:
    """A forest just after its prompts ran. logits: (rows, last, vocabulary) of the columns that were wanted, those of
    a row with fewer at the end."""

    forest: Forest
    logits: torch.Tensor
    rows: tuple[Packed, ...]

    def leaf(self, row: int, number: int, place: int = -1) -> torch.Tensor:
        """Logits (vocabulary,) behind one of a leaf's wanted columns."""
        packed = self.rows[row]
        column = packed.leaves[number].wanted[place]
        return self.logits[row, self.logits.shape[1] - len(packed.tokens) + column]


@dataclass(slots=True)
class Forest:
    """Rows of trees whose answers grow. All tensors are on the device.

    cache: keys and values, (rows, heads, columns, width) a layer. sees: (rows, slots, columns) bool. position: of each
    slot's last token, (rows, slots) or (axes, rows, slots). places: each column's position in its text,
    (rows, columns). slots: rows of as many branches, None where there is none or it is done.
    """

    model: Any
    pad: int
    cache: Any
    sees: torch.Tensor
    position: torch.Tensor
    places: torch.Tensor
    slots: list[list[Branch | None]]
    trims: bool = field(default=True)

    @property
    def branches(self) -> list[Branch]:
        return [branch for row in self.slots for branch in row if branch is not None]

    @property
    def columns(self) -> int:
        return int(self.sees.shape[2])

    def step(self, ends: frozenset[int]) -> list[Branch]:
        """Every answer gets a token. Returns those that are done, which leave."""
        logits = self.feed()
        live = [(r, s) for r, row in enumerate(self.slots) for s, branch in enumerate(row) if branch is not None]
        rows, columns = zip(*live, strict=True)
        done = self.grow(logits[list(rows), list(columns)], live, ends)
        if done:
            self.prune()
        return done

    def feed(self) -> torch.Tensor:
        """Runs each answer's last token; logits of the next one, (rows, slots, vocabulary)."""
        width = len(self.slots[0])
        fed = [[self.pad if b is None else b.row.tokens[-1] for b in row] for row in self.slots]
        own = torch.eye(width, dtype=torch.bool, device=self.sees.device).expand(len(fed), -1, -1)
        self.sees = torch.cat([self.sees, own], 2)
        self.position = self.position + 1
        text = self.position[0] if self.position.ndim == 3 else self.position
        self.places = torch.cat([self.places, text], 1)
        return run(
            self.model, torch.tensor(fed, device=self.sees.device), self.sees, self.position, self.places, text,
            self.cache, width, self.trims,
        )  # fmt: skip

    def grow(self, logits: torch.Tensor, live: Sequence[tuple[int, int]], ends: frozenset[int]) -> list[Branch]:
        """Adds each live slot's next token. logits: (live, vocabulary). Returns the answers that are done."""
        branches = [branch for r, s in live if (branch := self.slots[r][s])]
        done = []
        tokens = decoding.choose(logits, [branch.row for branch in branches])
        for (r, s), branch, token in zip(live, branches, tokens, strict=True):
            if not branch.row.take(token, ends):
                self.slots[r][s] = None
                done.append(branch)
        return done

    def prune(self) -> None:
        """Drops rows, slots and columns that no answer needs, once they are many."""
        kept = [[s for s, branch in enumerate(row) if branch is not None] for row in self.slots]
        rows = [r for r, of in enumerate(kept) if of]
        if not rows:
            return
        width = max(len(kept[r]) for r in rows)
        if len(rows) * width <= LEAVE_AT * len(kept) * len(self.slots[0]):
            self._select(rows, [kept[r] for r in rows], width)
        seen = (
            self.sees
            & torch.tensor([[b is not None for b in row] for row in self.slots], device=self.sees.device)[:, :, None]
        )
        seen = seen.any(1)
        most = int(seen.sum(1).max())
        longest = max(branch.row.limit - len(branch.row.tokens) for branch in self.branches)
        if most <= COLUMNS_AT * self.columns and longest > 8:
            self._keep_columns(seen, most)

    def _select(self, rows: list[int], kept: list[list[int]], width: int) -> None:
        device = self.sees.device
        index = torch.tensor(rows, device=device)
        if rows != list(range(len(self.slots))):
            self.cache.batch_select_indices(index)
        # A row with fewer answers repeats one of its slots as padding.
        slot = torch.tensor([of + [of[0]] * (width - len(of)) for of in kept], device=device)
        self.sees = self.sees[index].gather(1, slot[:, :, None].expand(-1, -1, self.columns))
        self.position = self.position.index_select(-2, index).gather(-1, slot.expand(*self.position.shape[:-2], -1, -1))
        self.places = self.places[index]
        old = self.slots
        self.slots = [[old[r][s] for s in of] + [None] * (width - len(of)) for r, of in zip(rows, kept, strict=True)]

    def _keep_columns(self, seen: torch.Tensor, most: int) -> None:
        # Columns that are seen come last, in order; those before them are padding that nobody sees.
        order = torch.argsort(seen.to(torch.int8), dim=1, stable=True)[:, -most:]
        for layer in self.cache.layers:
            layer.replace(_columns(layer.keys, order), _columns(layer.values, order))
        there = seen.gather(1, order)
        self.sees = self.sees.gather(2, order[:, None].expand(-1, self.sees.shape[1], -1)) & there[:, None]
        self.places = self.places.gather(1, order)

    def join(self, other: Forest) -> None:
        """Takes in another forest's rows, padded in front; the other is of no use afterwards."""
        columns = max(self.columns, other.columns)
        width = max(len(self.slots[0]), len(other.slots[0]))
        for mine, theirs in zip(self.cache.layers, other.cache.layers, strict=True):
            keys = torch.cat([_in_front(layer.keys, columns) for layer in (mine, theirs)])
            mine.replace(keys, torch.cat([_in_front(layer.values, columns) for layer in (mine, theirs)]))
            theirs.replace(None, None)
        both = (self, other)
        self.sees = torch.cat([
            F.pad(one.sees, (columns - one.columns, 0, 0, width - len(one.slots[0]))) for one in both
        ])  # fmt: skip
        self.position = torch.cat([F.pad(one.position, (0, width - one.position.shape[-1])) for one in both], -2)
        self.places = torch.cat([F.pad(one.places, (columns - one.places.shape[1], 0)) for one in both])
        self.slots = [[*row, *[None] * (width - len(row))] for one in both for row in one.slots]


def plant(
    model: Any, roots: Features, rows: Sequence[Packed], branches: Sequence[Sequence[Branch | None]], pad: int
) -> Planted:
    """Runs the roots as the model always runs prompts, and then everything behind them under one mask.

    roots: left-padded features of the rows' roots with their pictures. branches: for each row what grows at each leaf;
    None for a leaf whose logits are all that is wanted. Raises `NoTree` where this can't be done with the model.
    """
    batch = decoding.Batch(model, roots, plain_cache=True)
    real = roots["attention_mask"].bool()
    batch.forward(roots["input_ids"], first=True)
    cache, ends = batch.state.get("past_key_values"), batch.state.get("position_ids")
    _check(model, batch)
    assert ends is not None
    device = real.device
    width = max(len(row.tokens) for row in rows)
    ids = torch.tensor([[pad] * (width - len(row.tokens)) + list(row.tokens) for row in rows], device=device)
    sees = torch.zeros(len(rows), width, real.shape[1] + width, dtype=torch.bool, device=device)
    sees[:, :, real.shape[1] :] = torch.eye(width, dtype=torch.bool, device=device)
    behind = torch.zeros(len(rows), width, dtype=torch.long)
    for r, row in enumerate(rows):
        start = width - len(row.tokens)
        sees[r, start:, : real.shape[1]] = real[r]
        sees[r, start:, real.shape[1] + start :] = torch.from_numpy(row.sees).to(device)
        behind[r, start:] = torch.tensor(row.depths) - row.root
    # Behind its root a tree holds text only, whose positions go up by one on every axis.
    position = ends[..., -1:] + 1 + behind.to(device)
    text = position[0] if position.ndim == 3 else position
    root_places = ends[0] if ends.ndim == 3 else ends
    places = torch.cat([root_places.expand(len(rows), -1), text], 1)
    last = max(row.last for row in rows)
    logits = run(model, ids, sees, position, places, text, cache, last, batch.trims)

    slots = max(len(of) for of in branches)
    forest_sees = torch.zeros(len(rows), slots, sees.shape[2], dtype=torch.bool, device=device)
    ending = torch.zeros(len(rows), slots, dtype=torch.long)
    for r, row in enumerate(rows):
        for s, leaf in enumerate(row.leaves):
            ending[r, s] = column = width - len(row.tokens) + leaf.columns[-1]
            forest_sees[r, s] = sees[r, column]
    at = position.gather(-1, ending.to(device).expand(*position.shape[:-2], -1, -1))
    filled = [[*of, *[None] * (slots - len(of))] for of in branches]
    forest = Forest(model, pad, cache, forest_sees, at, places, filled, batch.trims)
    return Planted(forest, logits, tuple(rows))


def run(
    model: Any,
    ids: torch.Tensor,
    sees: torch.Tensor,
    position: torch.Tensor,
    places: torch.Tensor,
    text: torch.Tensor,
    cache: Any,
    keep: int,
    trims: bool,
) -> torch.Tensor:
    """Logits of the last `keep` new tokens, (rows, keep, vocabulary), each token seeing the columns it is to see.

    ids: (rows, new). sees: (rows, new, columns). position: (rows, new) or (axes, rows, new). places: (rows, columns)
    and text: (rows, new), positions in the text, for layers that look back through a window.
    """
    trimmed = {"logits_to_keep": keep} if trims else {}
    out = model(
        input_ids=ids,
        attention_mask=masks(model, sees, places, text),
        position_ids=position,
        past_key_values=cache,
        use_cache=True,
        return_dict=True,
        **trimmed,
    )
    logits: torch.Tensor = out.logits[:, -keep:]
    return logits


def masks(model: Any, sees: torch.Tensor, places: torch.Tensor, text: torch.Tensor) -> Any:
    """The mask as the model takes it: one, or one by kind of layer where it has layers with a window."""
    config = model.config.get_text_config(decoder=True)
    kinds = set(getattr(config, "layer_types", None) or ())
    if "sliding_attention" not in kinds:
        return _as_taken(model, sees)
    near = sees & (text[:, :, None] - places[:, None, :] < config.sliding_window)
    found = {"full_attention": sees, "sliding_attention": near}
    return {kind: _as_taken(model, found[kind]) for kind in kinds}


def _as_taken(model: Any, sees: torch.Tensor) -> torch.Tensor:
    """Added to attention's scores; attention turns a mask of booleans into this anew in every layer."""
    lowest = torch.finfo(model.dtype).min
    return torch.zeros(sees.shape, dtype=model.dtype, device=sees.device).masked_fill_(~sees, lowest)[:, None]


def _check(model: Any, batch: decoding.Batch) -> None:
    cache = batch.state.get("past_key_values")
    if model.config._attn_implementation not in ("sdpa", "eager"):
        raise NoTree(f"attention {model.config._attn_implementation!r} takes no mask of one's own")
    if (
        cache is None
        or batch.state.get("position_ids") is None
        or "position_ids" not in inspect.signature(model.forward).parameters
    ):
        raise NoTree("the model takes no positions or keeps no keys and values")
    if not batch.can_leave or any(name in batch.state for name in decoding.CROSS_STATE):
        raise NoTree("the model keeps more for a prompt than keys and values")
    others = {type(layer).__name__ for layer in cache.layers} - {"RoomyLayer"}
    config = model.config.get_text_config(decoder=True)
    others |= set(getattr(config, "layer_types", None) or ()) - LAYERS
    if others:
        raise NoTree(f"the model has layers of a kind that a tree can't be run through ({', '.join(sorted(others))})")


def _columns(tensor: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """(rows, heads, columns, width) with each row's columns in the given order, (rows, kept)."""
    return tensor.gather(2, order[:, None, :, None].expand(-1, tensor.shape[1], -1, tensor.shape[3]))


def _in_front(tensor: torch.Tensor, columns: int) -> torch.Tensor:
    return F.pad(tensor, (0, 0, columns - tensor.shape[2], 0))
