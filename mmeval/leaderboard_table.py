"""The leaderboard in the terminal."""

from __future__ import annotations

from mmeval.leaderboard import NONE, Leaderboard, rank_words
from mmeval.standings import Cell


def print_leaderboard(board: Leaderboard) -> None:
    """On stdout: a row a run, a column a dimension, points with intervals and places; what has none, and why, below."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console, table = Console(highlight=False), Table(box=None, pad_edge=False, header_style="dim")
    columns = [column for column in board.standings.columns if column.kind != "task"]
    table.add_column("run", overflow="fold")
    for column in columns:
        table.add_column(column.title, justify="right")
    notes = []
    for i, name in enumerate(board.standings.names):
        cells = [board.standings.cells[column.key][i] for column in columns]
        table.add_row(Text(name), *(Text(_words(cell)) for cell in cells))
        notes += [
            f"{name}, {column.title}: {cell.why}" for column, cell in zip(columns, cells, strict=True) if cell.why
        ]
    console.print(table)
    console.print(
        Text("points from 0 to 100, higher is better, with 95 % intervals; # place, with its own", style="dim")
    )
    for column in columns:
        for task, why in column.left_out.items():
            console.print(Text(f"{column.title}: {task} does not count: {why}", style="dim"))
    for note in notes:
        console.print(Text(note, style="yellow"))


def _words(cell: Cell) -> str:
    if cell.points is None:
        return NONE
    lines = [f"{cell.points:.1f}" + (f"  #{rank_words(cell.rank)}" if cell.rank else " *" if cell.why else "")]
    if cell.low is not None and cell.high is not None:
        lines.append(f"{cell.low:.1f} {NONE} {cell.high:.1f}")
    return "\n".join(lines)
