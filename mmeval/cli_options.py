"""What several commands share: options, and the one JSON object on stdout."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Data = Annotated[
    list[Path] | None,
    typer.Option("--data", help="Folder with data sets or official files; may be given several times."),
]
CatalogOption = Annotated[
    list[Path] | None,
    typer.Option("--catalog", "--include_path", help="Folder with task files of your own; may be given several times."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else there.")]

stdout = sys.stdout  # as it was before `--json` sent everything else to stderr


def print_json(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    print(text.encode("utf-8", "replace").decode(), file=stdout, flush=True)
