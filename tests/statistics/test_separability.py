"""Separability of a leaderboard and agreement of two: small cases counted by hand, and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmeval.errors import DataError
from mmeval.statistics.separability import (
    agreement_where_separated,
    agreement_with_confidence,
    kendall,
    pair_rank_brier,
    separability,
    spearman,
)

# a and b overlap, c touches b, d lies within c
LOW, HIGH = [0, 1, 3, 3.5], [2, 3, 5, 3.5]


def test_separability():
    assert separability(LOW, HIGH) == 4 / 6  # all pairs but a-b and c-d
    assert separability([1, 1], [1, 1]) == 0
    assert separability([1, 2], [1, 2]) == 1


def test_agreement():
    # the reference separates a < c, b < c, a < d, c < d, and b < d the other way round
    low, high = [0, 6, 8, 3], [1, 9, 10, 5]
    # a-b: ours overlaps, theirs separates; a-c, a-d: agree; b-c: theirs overlaps; b-d: opposite; c-d: ours overlaps
    assert agreement_with_confidence(LOW, HIGH, low, high) == (1 + 1 - 1) / 6
    assert agreement_where_separated(LOW, HIGH, low, high) == (0.5 + 1 + 1 + 0 + 0.5) / 5
    assert agreement_with_confidence(LOW, HIGH, LOW, HIGH) == 4 / 6
    assert agreement_where_separated(LOW, HIGH, LOW, HIGH) == 1
    assert math.isnan(agreement_where_separated(LOW, HIGH, [0] * 4, [9] * 4))


def test_pair_rank_brier():
    assert pair_rank_brier([1, 2, 3], [0, 0, 0], [10, 20, 30]) == 0
    assert pair_rank_brier([3, 2, 1], [0, 0, 0], [10, 20, 30]) == 1
    assert pair_rank_brier([1, 1], [4, 4], [1, 2]) == 0.25
    assert pair_rank_brier([0, 1], [0.5, 0.5], [1, 2]) == pytest.approx((1 - 0.841344746) ** 2)


def test_rank_correlations():
    assert spearman([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)
    assert kendall([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(4 / 6)
    assert spearman([1, 2, 3], [-1, -2, -3]) == pytest.approx(-1)


def test_order_of_models_makes_no_difference():
    rng = np.random.default_rng(0)
    low, other, mean = rng.random(9), rng.random(9), rng.random(9)
    at = rng.permutation(9)
    args = (low, low + 0.2, other, other + 0.1)
    assert agreement_with_confidence(*args) == agreement_with_confidence(*(one[at] for one in args))
    assert separability(low, low + 0.2) == separability(low[at], low[at] + 0.2)
    variance = low / 10
    assert pair_rank_brier(mean, variance, other) == pytest.approx(pair_rank_brier(mean[at], variance[at], other[at]))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: separability([1], [2]), "one model has no other"),
        (lambda: separability([1, 3], [2, 1]), "lower end is above"),
        (lambda: separability([1, np.nan], [2, 3]), "NaN"),
        (lambda: spearman([1, 2], [1, 2, 3]), "leaderboards of 2, 3"),
        (lambda: agreement_with_confidence(LOW, HIGH, LOW[:3], HIGH[:3]), "leaderboards of 6, 3"),
    ],
)
def test_bad_leaderboards(call, said):
    with pytest.raises(DataError, match=said):
        call()
