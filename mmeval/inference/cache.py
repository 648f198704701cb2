"""A key-value cache with room to grow: transformers' own copies everything for every new token."""

from __future__ import annotations

from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

ROOM = 64  # tokens for which there is room after each move


class RoomyLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values, (rows, heads, tokens, width), as the beginning of buffers that have room for more tokens.

    `replace` puts others in their place (rows and columns taken out, others put in).
    """

    def __init__(self) -> None:
        super().__init__()
        self._buffers: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        """Adds new tokens' keys and values; all of both so far."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = key_states[:, :, :0], value_states[:, :, :0]
        before, new = self.keys.shape[2], key_states.shape[2]
        if self._buffers is None or self._buffers[0].shape[2] < before + new:
            self._buffers = tuple(_with_room(old, before + new) for old in (self.keys, self.values))  # type: ignore[assignment]
        assert self._buffers is not None
        for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, before : before + new] = states
        self.keys, self.values = (buffer[:, :, : before + new] for buffer in self._buffers)
        return self.keys, self.values

    def replace(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Goes on with these instead; the buffers are given back at once, not when the next token comes."""
        self.keys, self.values, self._buffers = keys, values, None

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        self.replace(self.keys[indices], self.values[indices])


def _with_room(old: torch.Tensor, tokens: int) -> torch.Tensor:
    rows, heads, before, width = old.shape
    buffer = old.new_zeros(rows, heads, tokens + ROOM, width)
    buffer[:, :, :before] = old
    return buffer


def roomy_cache() -> DynamicCache:
    """Keeps every token in every layer, also where a layer looks back through a window only."""
    cache = DynamicCache()
    cache.layer_class_to_replicate = RoomyLayer
    return cache
