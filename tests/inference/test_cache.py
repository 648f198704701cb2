"""The cache with room to grow holds what transformers' own holds."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the cache is a tensor's")

from mmeval.inference.cache import ROOM, RoomyLayer  # noqa: E402


def test_tokens_come_in_one_by_one_and_by_hundreds():
    from transformers.cache_utils import DynamicLayer

    torch.manual_seed(0)
    ours, theirs = RoomyLayer(), DynamicLayer()
    for new in (5, 1, 1, ROOM, 1, 200, *[1] * 2 * ROOM):
        states = torch.randn(3, 2, new, 4), torch.randn(3, 2, new, 4)
        for mine, other in zip(ours.update(*states), theirs.update(*states), strict=True):
            assert torch.equal(mine, other)
        assert ours.get_seq_length() == theirs.get_seq_length()


def test_a_token_copies_nothing_while_there_is_room():
    layer = RoomyLayer()
    layer.update(torch.randn(2, 1, 10, 4), torch.randn(2, 1, 10, 4))
    places = set()
    for _ in range(ROOM):
        keys, _ = layer.update(torch.randn(2, 1, 1, 4), torch.randn(2, 1, 1, 4))
        places.add(keys.data_ptr())
    assert len(places) == 1


def test_rows_taken_out_and_columns_put_in_are_gone_on_with():
    torch.manual_seed(0)
    layer = RoomyLayer()
    keys, values = torch.randn(3, 2, 6, 4), torch.randn(3, 2, 6, 4)
    layer.update(keys, values)
    layer.batch_select_indices(torch.tensor([2, 0]))
    more = torch.randn(2, 2, 1, 4)
    found, _ = layer.update(more, more)
    assert torch.equal(found, torch.cat([keys[[2, 0]], more], 2))
    layer.replace(found[:, :, 3:].contiguous(), layer.values[:, :, 3:].contiguous())
    found, kept = layer.update(more, more)
    assert torch.equal(found, torch.cat([keys[[2, 0]][:, :, 3:], more, more], 2))
    assert torch.equal(kept, torch.cat([values[[2, 0]][:, :, 3:], more, more], 2))
