"""A figure against a fixed bound: the exact test where there is one, and honest levels near the ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, binom, binomtest, t

from mmeval.statistics.bounds import Own, effective, interval, needed, p_above, p_below


def proportion(right, n):
    """Of samples that are each a cluster; the bootstrap's standard error is that of n, not of n - 1."""
    share = right / n
    return Own(share, math.sqrt(share * (1 - share) / n), n, n, (0.0, 1.0))


@pytest.mark.parametrize(("right", "n"), [(1, 50), (30, 60), (79, 80)])
def test_of_single_samples_it_is_clopper_and_pearsons_interval(right, n):
    one = proportion(right, n)
    assert effective(one, 0.05) == pytest.approx(n - 1)  # n - 1: the standard error's small-sample bias is taken off
    count, many = right / n * (n - 1), n - 1
    low, high = interval(one, 0.05)
    assert low == pytest.approx(beta.ppf(0.025, count, many - count + 1))
    assert high == pytest.approx(beta.ppf(0.975, count + 1, many - count))
    exact = binomtest(right, n).proportion_ci(method="exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), abs=0.012)


@pytest.mark.parametrize(("right", "n", "bound"), [(0, 50, 0.04), (50, 50, 0.96), (5, 40, 0.3), (35, 40, 0.7)])
def test_the_interval_ends_where_the_test_turns(right, n, bound):
    one = proportion(right, n)
    low, high = interval(one, 0.05)
    if low > 0:
        assert p_above(one, low, 0.05) == pytest.approx(0.025, abs=1e-6)
    if high < 1:
        assert p_below(one, high, 0.05) == pytest.approx(0.025, abs=1e-6)
    assert (p_below(one, bound, 0.05) <= 0.025) == (high <= bound)
    assert (p_above(one, bound, 0.05) <= 0.025) == (low >= bound)


def test_none_of_fifty_does_not_show_that_it_is_rare():
    none = proportion(0, 50)
    assert p_below(none, 0.02, 0.05) == pytest.approx(0.98**50)
    assert p_below(none, 0.02, 0.05) > 0.3
    assert p_below(proportion(0, 500), 0.02, 0.05) < 0.001


def test_clusters_of_equal_samples_count_once():
    alike = Own(0.5, math.sqrt(0.25 / 20), 200, 20, (0.0, 1.0))
    few = t.ppf(0.975, 199) / t.ppf(0.975, 19)
    assert effective(alike, 0.05) == pytest.approx(19 * few**2)


def test_a_scale_is_only_another_ruler():
    share, rating = Own(0.4, 0.05, 90, 90, (0.0, 1.0)), Own(4.6, 0.45, 90, 90, (1.0, 10.0))
    low, high = interval(share, 0.1)
    assert interval(rating, 0.1) == pytest.approx((1 + 9 * low, 1 + 9 * high))
    assert p_below(rating, 1 + 9 * 0.5, 0.1) == pytest.approx(p_below(share, 0.5, 0.1))


def test_without_a_scale_it_is_students_t():
    one = Own(50.0, 2.0, 30, 30, None)
    spread = 2.0 * math.sqrt(30 / 29)
    assert p_below(one, 55.0, 0.05) == pytest.approx(t.cdf(-5.0 / spread, 29))
    assert interval(one, 0.05) == pytest.approx((50 - t.ppf(0.975, 29) * spread, 50 + t.ppf(0.975, 29) * spread))


@pytest.mark.parametrize(("truth", "n"), [(0.02, 60), (0.1, 40), (0.5, 30)])
def test_a_bound_that_does_not_hold_is_seldom_shown(truth, n):
    """At the bound itself, over every possible outcome with its chance."""
    rights = np.arange(n + 1)
    wrong = [p_below(proportion(int(one), n), truth, 0.05) <= 0.025 for one in rights]
    assert binom.pmf(rights, n, truth)[wrong].sum() <= 0.025


def test_so_many_samples_as_are_said_to_do_mostly_do():
    n = needed(proportion(15, 100), 0.2, 0.05)
    assert n is not None
    draws = np.random.default_rng(0).binomial(n, 0.15, 400)
    shown = np.mean([p_below(proportion(int(one), n), 0.2, 0.05) <= 0.025 for one in draws])
    assert 0.74 <= shown <= 0.86
    assert needed(proportion(20, 100), 0.2, 0.05) is None
