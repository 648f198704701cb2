"""The command that shows a folder of nightly runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmeval.cli_options import CatalogOption, Json, print_json

app = typer.Typer()


@app.command()
def dashboard(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder with nightly runs, however deep.")],
    out: Annotated[Path | None, typer.Option("--out", help="The page [FOLDER/dashboard.html].")] = None,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="Compare tonight by standard errors alone: quicker, less sharp.")
    ] = False,
    catalog: CatalogOption = None,
    json: Json = False,
) -> int:
    """The page of a folder of nightly runs: every figure's trend, tonight against the last good night, what changed.

    A night is good when it ended, all its tasks have figures, little is missing, and the gate, where there was one,
    saw no regression. Nights that failed are shown as failed.
    """
    from mmeval.catalog import load_catalog
    from mmeval.dashboard import dashboard as read
    from mmeval.reporting.dashboard import write_dashboard

    board = read(folder, load_catalog(catalog or ()), pair=not unpaired)
    page = write_dashboard(board, out or folder / "dashboard.html")
    if json:
        print_json({"page": str(page), **board.to_json()})
    else:
        print(page)
    return 0
