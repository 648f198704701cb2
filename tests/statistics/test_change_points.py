"""Change points of figures with known standard errors, on drawn series."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import ruptures

from mmeval.statistics.change_points import LIMIT, levels, newest, penalty


def starts(series: np.ndarray, stderr: np.ndarray | None = None) -> list[int]:
    return [one.start for one in levels(series, np.ones(len(series)) if stderr is None else stderr)[1:]]


@pytest.mark.parametrize(("nights", "series", "most"), [(7, 400, 0.01), (30, 400, 0.01), (365, 200, 0.01)])
def test_flat_series_raise_few_alarms(nights: int, series: int, most: float) -> None:
    dice = np.random.default_rng(nights)
    alarms = sum(bool(starts(dice.normal(size=nights))) for _ in range(series))
    assert alarms / series <= most  # bench/change_points.py: about 1 in 1000


def test_a_jump_is_found_on_its_night() -> None:
    dice = np.random.default_rng(1)
    exact = near = 0
    for _ in range(100):
        series = dice.normal(size=120)
        series[70:] += 3
        found = starts(series)
        exact += found == [70]
        near += any(abs(one - 70) <= 3 for one in found)
    assert exact >= 70
    assert near >= 99


def test_levels_are_weighted_means_of_their_nights() -> None:
    dice = np.random.default_rng(2)
    stderr = dice.uniform(0.5, 2, 60)
    series = dice.normal(size=60) * stderr + np.repeat([0, 12, 4], 20)
    found = levels(series, stderr)
    assert [(one.start, one.end) for one in found] == [(0, 20), (20, 40), (40, 60)]
    for one in found:
        weights = 1 / stderr[one.start : one.end] ** 2
        assert one.mean == pytest.approx((weights * series[one.start : one.end]).sum() / weights.sum())
        assert one.stderr == pytest.approx(weights.sum() ** -0.5)


def test_segments_are_the_best_of_all() -> None:
    """Of a short series all segmentations can be tried: none has a lower penalised sum of squares."""
    dice = np.random.default_rng(3)
    for size in (0, 3, 6):
        series = dice.normal(size=9)
        series[5:] += size

        def cost(ends: tuple[int, ...], series: np.ndarray = series) -> float:
            parts = itertools.pairwise([0, *ends, len(series)])
            return sum(((series[a:b] - series[a:b].mean()) ** 2).sum() for a, b in parts) + penalty(9) * len(ends)

        every = (ends for k in range(4) for ends in itertools.combinations(range(1, 9), k))
        assert cost(tuple(starts(series))) == pytest.approx(min(map(cost, every)))


def test_the_compiled_search_is_pelt() -> None:
    dice = np.random.default_rng(4)
    series = dice.normal(size=80) + np.repeat([0, 4], 40)
    ends = ruptures.Pelt(model="l2", min_size=1, jump=1).fit(series[:, None]).predict(pen=penalty(80))
    assert [*starts(series), 80] == ends


def test_a_night_of_few_samples_is_no_change() -> None:
    """A night with a tenth of the answers lies far off by chance; unweighted it would be two change points."""
    dice = np.random.default_rng(5)
    series, stderr = dice.normal(size=60), np.ones(60)
    series[30], stderr[30] = 7.0, 4.0
    assert starts(series, stderr) == []
    assert starts(series) == [30, 31]


def test_scale_of_the_figure_does_not_matter() -> None:
    dice = np.random.default_rng(6)
    series = dice.normal(size=50) + np.repeat([0, 5], 25)
    assert starts(0.8 + 0.01 * series, np.full(50, 0.01)) == starts(series) == [25]


def test_checkpoints_that_wander_raise_the_bar() -> None:
    dice = np.random.default_rng(7)
    wandering = 5 * dice.normal(size=100)
    assert starts(wandering) == []
    wandering[60:] += 25
    assert starts(wandering) == [60]


def test_tonight_is_held_against_its_level() -> None:
    series = np.array([0.0, 0.1, -0.1, 0.0, 0.1, -0.1, 0.0, 0.0, 4.0])
    found = newest(series, np.ones(9))
    assert found is not None
    assert found.z == pytest.approx(4 / np.sqrt(1 + 1 / 8))
    assert found.outside
    assert not newest(series[:-1], np.ones(8)).outside  # type: ignore[union-attr]
    assert not newest(series[-3:], np.ones(3)).outside  # type: ignore[union-attr]
    after_a_jump = np.concatenate([np.zeros(20), np.full(20, 9.0), [9.5]])
    assert newest(after_a_jump, np.ones(41)).level.mean == 9.0  # type: ignore[union-attr]


def test_flat_nights_rarely_lie_outside() -> None:
    dice = np.random.default_rng(8)
    outside = [newest(dice.normal(size=40), np.ones(40)).outside for _ in range(1500)]  # type: ignore[union-attr]
    assert sum(outside) <= 8  # about 1.5 are expected at LIMIT
    assert LIMIT == 3.3


def test_standard_errors_of_zero_or_none() -> None:
    zero = np.array([0.0] * 10 + [0.02] * 10)
    assert starts(zero, np.array([0.0] * 10 + [0.001] * 10)) == [10]
    assert starts(zero, np.zeros(20)) == []  # nothing says how sure they are
    assert starts(zero, np.full(20, np.nan)) == []
    assert newest(zero, np.zeros(20)) is None
    assert levels([], []) == []
    assert newest([1.0], [1.0]) is None
    assert [(one.start, one.end) for one in levels([1.0], [1.0])] == [(0, 1)]
