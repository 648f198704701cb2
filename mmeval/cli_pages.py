"""Commands that show many runs on one page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mmeval.cli_options import CatalogOption, Json, print_json

app = typer.Typer()


@app.command()
def leaderboard(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs, or folders with runs in them.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page.")] = Path("leaderboard.html"),
    base: Annotated[
        Path | None, typer.Option("--base", help="The run that the others are set against [the first of two].")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="YAML: `TASK: 2`, `DIMENSION: {TASK: 0}`, `overall: true`.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="The whole table as CSV, too.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table as Markdown on stdout.")] = False,
    catalog: CatalogOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Of resampling.")] = 0,
    json: Json = False,
) -> int:
    """Any runs side by side: six dimensions and every task, with intervals, places and their uncertainty.

    A dimension is the mean of its tasks' headline metrics from 0 to 100, higher is better. What a run lacks is shown
    and never made up; what was not asked alike has no place. Below stand the trade-offs: hallucination against
    coverage, harm against over-refusal, preference against knowledge.
    """
    from mmeval.catalog import load_catalog
    from mmeval.errors import UsageError
    from mmeval.leaderboard import csv_of, find_runs, markdown_of
    from mmeval.leaderboard import leaderboard as rank
    from mmeval.reporting.leaderboard import write_leaderboard
    from mmeval.runs import RunFolder
    from mmeval.weighing import read_weights

    if json and markdown:
        raise UsageError("--json and --markdown both write to stdout; give one")
    known = load_catalog(catalog or ())
    given = read_weights(weights, known) if weights else None
    board = rank(find_runs(folders), known, given, RunFolder.existing(base) if base else None, seed=seed)
    page = write_leaderboard(board, out)
    if csv:
        from mmeval.journal import write_whole

        write_whole(csv, csv_of(board.standings).encode("utf-8", "replace"))
    if json:
        print_json({"page": str(page), **board.to_json()})
    elif markdown:
        print(markdown_of(board.standings), end="")
        print(f"page: {page}", file=sys.stderr)
    else:
        from mmeval.leaderboard_table import print_leaderboard

        print_leaderboard(board)
        print(f"\npage: {page}")
    return 0
