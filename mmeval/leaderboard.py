"""A leaderboard over any runs: which folders are runs, what each is called, and the table as CSV and Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmeval import __version__
from mmeval.catalog import Catalog
from mmeval.dimensions import RESAMPLES, Profile, profiles
from mmeval.errors import UsageError
from mmeval.runs import RunFolder
from mmeval.standings import Cell, Standings, standings
from mmeval.statistics.ranks import Rank
from mmeval.tradeoffs import Cost, Tradeoff, alignment_cost, axes_wanted, tradeoffs
from mmeval.weighing import Weighing

NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """standings: figures and places. base: the run that the others are set against, by its place; costs: of the others,
    candidate's place -> what changed. weighing: as the user gave it."""

    standings: Standings
    tradeoffs: tuple[Tradeoff, ...]
    base: int | None
    costs: Mapping[int, Cost]
    weighing: Weighing
    resamples: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        names = self.standings.names
        overall = self.weighing.overall
        return {
            "mmeval": __version__,
            "resamples": self.resamples,
            "seed": self.seed,
            "weights": {"tasks": dict(self.weighing.tasks), "overall": None if overall is None else dict(overall)},
            **self.standings.to_json(),
            "tradeoffs": [one.to_json(names) for one in self.tradeoffs],
            "base": None if self.base is None else names[self.base],
            "costs": {names[i]: cost.to_json() for i, cost in self.costs.items()},
        }


def leaderboard(
    folders: Sequence[RunFolder],
    catalog: Catalog,
    weighing: Weighing | None = None,
    base: RunFolder | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Leaderboard:
    """base: one of the runs; of two runs the first if none is given. Raises `UsageError` where it isn't one of them."""
    weigh = weighing or Weighing()
    read = profiles(folders, catalog, resamples, seed, axes_wanted(catalog))
    first = 0 if len(read) == 2 else None
    if base is not None:
        first = next((i for i, one in enumerate(folders) if one.path.resolve() == base.path.resolve()), None)
        if first is None:
            raise UsageError(f"--base {base.path}: is not among the runs; name it among them, too")
    costs = {
        i: alignment_cost(read[first], one, weigh.tasks)
        for i, one in enumerate(read)
        if first is not None and i != first
    }
    table = standings(read, names_of(read), weigh)
    return Leaderboard(table, tuple(tradeoffs(read)), first, costs, weigh, resamples, seed)


def find_runs(paths: Iterable[Path]) -> list[RunFolder]:
    """The runs at the paths: a run folder itself, or every one below a folder, in the order of their names; each once.

    Raises `UsageError` where a path holds none.
    """
    found: dict[Path, RunFolder] = {}
    for path in paths:
        if (path / "run.json").is_file():
            runs = [path]
        elif path.is_dir():
            runs = sorted((one.parent for one in path.rglob("run.json")), key=_by_number)
        else:
            raise UsageError(f"{path}: no such folder; `mmeval run` prints the folder it writes")
        if not runs:
            raise UsageError(f"{path}: no run folder in it (none has a run.json)")
        found |= {one.resolve(): RunFolder(one) for one in runs if one.resolve() not in found}
    return list(found.values())


def _by_number(path: Path) -> list[list[tuple[int, str]]]:
    """A path's place in an order that has step-200 before step-1000."""
    return [
        [(int(one), "") if one.isdigit() else (0, one) for one in re.split(r"([0-9]+)", part)] for part in path.parts
    ]


def names_of(read: Sequence[Profile]) -> tuple[str, ...]:
    """What each run is called: its model's name, its folders beside it where two runs have the same."""
    plain = [_model(one) for one in read]
    taken = [one for one in plain if plain.count(one) > 1]
    said = [
        f"{name} ({'/'.join(Path(one.run).parts[-2:])})" if name in taken else name
        for name, one in zip(plain, read, strict=True)
    ]
    return tuple(f"{name} ({one.run})" if said.count(name) > 1 else name for name, one in zip(said, read, strict=True))


def _model(one: Profile) -> str:
    from mmeval.reporting.rendering import short

    return short(str((one.record.get("model") or {}).get("name") or Path(one.run).name)) or "unnamed"


# -- as text


def rank_words(rank: Rank | None) -> str:
    """A place with its uncertainty: "1", "1-3"; "2 (1-3)" where the place itself is not the interval's end."""
    if rank is None:
        return ""
    if rank.low is None or rank.high is None or rank.low == rank.high == rank.rank:
        return str(rank.rank)
    return f"{rank.low}{NONE}{rank.high}"


def csv_of(table: Standings) -> str:
    """One line a run: name, folder, then of each column its points, the interval's ends, place and what is missing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    parts = ("", " low", " high", " place", " place low", " place high", " note")
    titles = [f"{column.title}{part}" for column in table.columns for part in parts]
    writer.writerow(["name", "run", *titles])
    for i, name in enumerate(table.names):
        cells = [text for column in table.columns for text in _csv_cells(table.cells[column.key][i])]
        writer.writerow([_plain_text(name), _plain_text(table.profiles[i].run), *cells])
    return out.getvalue()


def _csv_cells(cell: Cell) -> list[Any]:
    rank = cell.rank
    places = [rank.rank, rank.low, rank.high] if rank else [None] * 3
    return [cell.points, cell.low, cell.high, *places, _plain_text(cell.why or "")]


def _plain_text(text: str) -> str:
    """A name that a spreadsheet would take for a formula is marked as text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def markdown_of(table: Standings, tasks: bool = False) -> str:
    """A table of dimensions, with tasks too if asked; * marks what has no place, and why stands below."""
    columns = [column for column in table.columns if tasks or column.kind != "task"]
    lines = ["|  | " + " | ".join(_escaped(column.title) for column in columns) + " |"]
    lines.append("|---|" + "---:|" * len(columns))
    notes: list[str] = []
    for i, name in enumerate(table.names):
        cells = [table.cells[column.key][i] for column in columns]
        lines.append(f"| {_escaped(name)} | " + " | ".join(map(markdown_cell, cells)) + " |")
        for column, cell in zip(columns, cells, strict=True):
            if cell.why and cell.points is not None:
                notes.append(f"\\* {_escaped(name)}, {_escaped(column.title)}: {_escaped(cell.why)}")
    said = "Points from 0 to 100, higher is better, with 95% intervals; # is the place with its 95% interval."
    return "\n".join([*lines, "", said, *(f"\n{note}" for note in notes)]) + "\n"


def markdown_cell(cell: Cell) -> str:
    """Points, interval and place; * where there is no place though there are points."""
    if cell.points is None:
        return NONE
    interval = "" if cell.low is None or cell.high is None else f" ({cell.low:.1f}{NONE}{cell.high:.1f})"
    place = f" #{rank_words(cell.rank)}" if cell.rank else " \\*" if cell.why else ""
    return f"{cell.points:.1f}{interval}{place}"


def _escaped(text: str) -> str:
    """Text as a cell of a Markdown table can hold it: on one line, no mark-up in it."""
    plain = " ".join(text.split())
    for mark in "\\`*_{}[]<>|#":
        plain = plain.replace(mark, f"\\{mark}")
    return plain
