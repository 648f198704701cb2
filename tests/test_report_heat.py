"""The slices of all tasks as coloured cells."""

from __future__ import annotations

from mmeval.reporting.figures import Axis, figure
from mmeval.reporting.heat import FAINTEST, STRONGEST, heat_rows

AXIS = Axis(0.0, 1.0, 0.5, "fraction")


def shown(value: float, undefined: bool = False) -> object:
    return figure("f1", {"value": value, "low": None, "high": None, "n": 7, "undefined": undefined}, AXIS)


def test_the_weakest_comes_first_and_the_best_is_strongest() -> None:
    parts = [("a", shown(0.9)), ("b", shown(0.5)), ("c", shown(0.7)), ("d", shown(0.0, undefined=True))]
    for better, order in (("higher", "bca"), ("lower", "acb")):
        (row,) = heat_rows({"pope": ("f1", better, shown(0.7), {"split": parts})})
        assert "".join(cell.label for cell in row.cells) == order + "d"
        assert [cell.shade for cell in row.cells] == [FAINTEST, round((FAINTEST + STRONGEST) / 2), STRONGEST, None]


def test_a_slice_with_one_figure_is_left_out_and_equal_ones_are_alike() -> None:
    one = {
        "only": [("a", shown(0.9)), ("b", shown(0.1, undefined=True))],
        "same": [("a", shown(0.5)), ("b", shown(0.5))],
    }
    (row,) = heat_rows({"pope": ("f1", "higher", shown(0.5), one)})
    assert row.slice == "same"
    assert {cell.shade for cell in row.cells} == {FAINTEST}
