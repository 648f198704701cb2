"""Adjusted p-values against ones made by hand."""

import numpy as np
import pytest

from mmeval.statistics.multiplicity import benjamini_hochberg, holm

# Benjamini & Hochberg 1995, section 3.2: 15 comparisons of a trial of treatments after a heart attack.
PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_the_published_example() -> None:
    # The paper finds four by its own rule, and three by Bonferroni's.
    assert sum(p <= 0.05 for p in benjamini_hochberg(PUBLISHED)) == 4
    assert sum(p <= 0.05 for p in holm(PUBLISHED)) == 3


def test_by_hand_in_the_given_order() -> None:
    given = [0.01, 0.04, 0.03, 0.005]
    assert holm(given) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg(given) == pytest.approx([0.02, 0.04, 0.04, 0.02])


def test_what_has_no_p_value_is_not_counted() -> None:
    assert holm([None, 0.03, None, 0.02]) == [None, pytest.approx(0.04), None, pytest.approx(0.04)]
    assert benjamini_hochberg([0.03, None, 0.02]) == [pytest.approx(0.03), None, pytest.approx(0.03)]
    assert holm([]) == benjamini_hochberg([]) == []
    assert holm([None]) == benjamini_hochberg([None]) == [None]


def test_never_above_one_never_below_the_p_value_and_in_its_order() -> None:
    p = np.random.default_rng(0).random(40)
    for adjust in (holm, benjamini_hochberg):
        adjusted = np.array(adjust(p.tolist()), float)
        assert ((adjusted >= p) & (adjusted <= 1)).all()
        assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
    assert (np.array(holm(p.tolist())) >= np.array(benjamini_hochberg(p.tolist()))).all()


def test_holm_errs_once_in_twenty_and_more_often_without_it() -> None:
    p = np.random.default_rng(1).random((2000, 20))
    alarms = np.mean([min(holm(row.tolist())) < 0.05 for row in p])
    assert 0.035 < alarms < 0.065  # 5 % with a standard error of 0.5 %
    assert (p.min(axis=1) < 0.05).mean() > 0.6
