"""What there is, benchmark by benchmark: data at hand, dialects, wordings, judge, and whether figures were compared
with the official script's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mmeval.catalog import Catalog, bundled
from mmeval.tasks import Task

PARITY = "parity.json"  # in tasks/, written by `python -m tests.parity --record`


@dataclass(frozen=True, slots=True)
class Line:
    """One benchmark. judge: "no", "official" (the official figure asks one) or the dialects that do.
    parity: "108 equal", "107 of 108 equal", or "" where no official figures were at hand to compare with."""

    task: str
    suite: str
    dimension: str
    data: str | None
    wanted: str
    dialects: tuple[str, ...]
    prompts: tuple[str, ...]
    judge: str
    parity: str


def matrix(catalog: Catalog, data: tuple[Path, ...]) -> list[Line]:
    """One line a task, in the catalogue's order."""
    compared = parity()
    return [
        Line(
            task=name,
            suite=task.suite,
            dimension=task.dimension,
            data=task.rows.at_hand(data),
            wanted=task.rows.wanted,
            dialects=tuple(task.dialects),
            prompts=("official", *task.prompts),
            judge=_judge(task),
            parity=compared.get(name, ""),
        )
        for name, task in catalog.tasks.items()
    ]


def parity() -> dict[str, str]:
    """Task -> what the last recorded comparison with the official figures found."""
    path = bundled("tasks") / PARITY
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for record in json.loads(path.read_text(encoding="utf-8")).values():
        equal, differ = record["equal"], record["differ"]
        for task in record["tasks"]:
            found[task] = f"{equal} equal" if not differ else f"{equal} of {equal + differ} equal"
    return found


def _judge(task: Task) -> str:
    judged = [name for name, scorer in task.dialects.items() if scorer.judging]
    if not judged:
        return "no"
    return "always" if len(judged) == len(task.dialects) else f"for {', '.join(judged)}"


def print_matrix(catalog: Catalog, data: tuple[Path, ...], markdown: bool = False) -> None:
    """On stdout, as a table for the terminal or as Markdown (without what is at hand on this machine)."""
    lines = matrix(catalog, data)
    if markdown:
        print(as_markdown(lines))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim")
    for name in ("task", "data", "dialects", "prompts", "judge", "parity"):
        table.add_column(name, overflow="fold")
    suite = None
    for line in lines:
        if line.suite != suite:
            suite = line.suite
            table.add_row(Text(suite, style="bold"))
        here = Text("found", style="green") if line.data else Text("-", style="yellow")
        table.add_row(
            f"  {line.task}", here, ", ".join(line.dialects), ", ".join(line.prompts), line.judge, line.parity or "-"
        )
    Console(highlight=False).print(table)


def as_markdown(lines: list[Line]) -> str:
    """Tables by suite, as docs/benchmarks.md has them."""
    parts: list[str] = []
    for suite in dict.fromkeys(line.suite for line in lines):
        parts += [
            f"## {suite}",
            "",
            "| task | dialects | prompts | judge | figures compared |",
            "|---|---|---|---|---|",
        ]
        for line in lines:
            if line.suite == suite:
                names = [" ".join(f"`{one}`" for one in group) for group in (line.dialects, line.prompts)]
                parts.append(f"| `{line.task}` | {names[0]} | {names[1]} | {line.judge} | {line.parity or '-'} |")
        parts.append("")
    return "\n".join(parts)
