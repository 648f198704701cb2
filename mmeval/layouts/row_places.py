"""Where a row stands, for releases whose rows have no id and whose files are named after what they hold."""

from __future__ import annotations

from mmeval.sources import Row


def place(row: Row) -> tuple[int, str]:
    """(its number in its file or data set, from 0; the file's name without its extension)."""
    number, _, name = row.where.removeprefix("row ").partition(" of ")
    stem = name.rpartition("/")[2]
    return int(number) - 1, stem.rpartition(".")[0] or stem
