"""The headline figure of every task in each of its slices, as rows of coloured cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mmeval.reporting.figures import Figure

FAINTEST, STRONGEST = 5, 46  # per cent of the accent colour; more would leave text on it hard to read


@dataclass(frozen=True, slots=True)
class Cell:
    """label: the slice's value. shade: per cent of the accent colour, None where the figure is undefined."""

    label: str
    value: str
    n: int
    shade: int | None


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One slice of one task. cells: worst first. whole: the figure of all samples."""

    task: str
    metric: str
    slice: str
    whole: str
    cells: Sequence[Cell]


def heat_row(
    task: str,
    metric: str,
    slice: str,
    whole: Figure,
    parts: Sequence[tuple[str, Figure]],
    better: Literal["higher", "lower"],
) -> HeatRow:
    """The shade goes from the row's worst figure to its best; figures of two rows are not to be compared by it."""
    way = 1 if better == "higher" else -1
    places = {value: way * figure.at for value, figure in parts if figure.at is not None}
    low, high = min(places.values(), default=0.0), max(places.values(), default=0.0)
    width = (high - low) or 1.0
    ordered = sorted(parts, key=lambda part: places.get(part[0], float("inf")))
    cells = [
        Cell(value, figure.value, figure.n, _shade((places[value] - low) / width) if value in places else None)
        for value, figure in ordered
    ]
    return HeatRow(task, metric, slice, whole.value, cells)


def _shade(part: float) -> int:
    return round(FAINTEST + (STRONGEST - FAINTEST) * part)


def heat_rows(
    forests: Mapping[str, tuple[str, str, Figure, Mapping[str, Sequence[tuple[str, Figure]]]]],
) -> list[HeatRow]:
    """forests: task -> (metric, which way is good, its figure, slice name -> (value, figure)). Slices with one
    figure say nothing and are left out."""
    return [
        heat_row(task, metric, name, whole, parts, "lower" if better == "lower" else "higher")
        for task, (metric, better, whole, groups) in forests.items()
        for name, parts in groups.items()
        if sum(figure.at is not None for _, figure in parts) > 1
    ]
