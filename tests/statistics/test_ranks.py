"""Ranks and their intervals, against what can be counted by hand."""

import numpy as np
import pytest

from mmeval.statistics.ranks import Rank, ranks


def test_ranks_by_hand() -> None:
    draws = np.array([[3.0, 2.0, 1.0]] * 60 + [[2.0, 3.0, 1.0]] * 39 + [[1.0, 2.0, 3.0]])
    first, second, third = ranks(np.array([3.0, 2.0, 1.0]), draws)
    assert first == Rank(1, 1, 2, 0.6)
    assert second == Rank(2, 1, 2, 0.39)
    assert third == Rank(3, 3, 3, 0.01)  # one draw in a hundred is not in a 95 % interval


def test_ties_share_the_best_place() -> None:
    draws = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    found = ranks(np.array([5.0, 5.0, 4.0]), draws)
    assert [one.rank for one in found] == [1, 1, 3]
    assert [one.p_best for one in found] == [1.0, 1.0, 0.5]
    assert (found[2].low, found[2].high) == (1, 3)


def test_draws_without_a_value_are_left_out() -> None:
    draws = np.array([[np.nan, 2.0], [2.0, 1.0], [3.0, 1.0]])
    assert ranks(np.array([1.0, 0.0]), draws)[0] == Rank(1, 1, 1, 1.0)
    assert ranks(np.array([1.0, 0.0]), np.full((4, 2), np.nan))[1] == Rank(2, None, None, None)
    with pytest.raises(ValueError, match="no rank"):
        ranks(np.array([1.0, np.nan]), draws)


def test_the_interval_holds_the_true_rank() -> None:
    # Five runs a standard error apart: the interval must hold the true place in 95 % of 400 trials or more.
    rng = np.random.default_rng(0)
    truth = np.arange(5)[::-1].astype(float)
    hits = widths = 0.0
    for _ in range(400):
        seen = truth + rng.normal(size=5)
        found = ranks(seen, seen + rng.normal(size=(400, 5)))
        hits += sum(one.low <= place <= one.high for place, one in enumerate(found, 1)) / 5
        widths += sum(one.high - one.low for one in found) / 5
    assert hits / 400 > 0.95
    assert widths / 400 < 3  # and it says something: a place among five may be off by four
