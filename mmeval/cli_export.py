"""`mmeval export`: runs in other tools' formats."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mmeval.cli_options import CatalogOption, Json, print_json
from mmeval.errors import UsageError

app = typer.Typer()


class Format(StrEnum):
    csv = "csv"
    parquet = "parquet"
    model_index = "model-index"
    lmms_eval = "lmms-eval"
    mlflow = "mlflow"
    wandb = "wandb"


# option -> the formats that it says something to
MEANT_FOR: Mapping[str, tuple[str, ...]] = {
    "--output": ("csv", "parquet", "model-index", "lmms-eval", "wandb"),
    "--samples": ("csv", "parquet", "lmms-eval"),
    "--card": ("model-index",),
    "--all-metrics": ("model-index",),
    "--name": ("model-index", "mlflow", "wandb"),
    "--uri": ("mlflow",),
    "--experiment": ("mlflow",),
    "--project": ("wandb",),
}


@app.command()
def export(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    to: Annotated[Format, typer.Option(help="The format.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File (csv, parquet, model-index) or folder (lmms-eval, wandb)."),
    ] = None,
    samples: Annotated[bool, typer.Option("--samples", help="csv, parquet, lmms-eval: the samples as well.")] = False,
    card: Annotated[Path | None, typer.Option(help="model-index: the README.md to write the block into.")] = None,
    all_metrics: Annotated[
        bool, typer.Option("--all-metrics", help="model-index: all metrics, not only each task's headline.")
    ] = False,
    name: Annotated[
        str | None, typer.Option(help="model-index: the model's name there; mlflow, wandb: the run's.")
    ] = None,
    uri: Annotated[str | None, typer.Option(help="mlflow: tracking URI [MLFLOW_TRACKING_URI].")] = None,
    experiment: Annotated[str | None, typer.Option(help="mlflow: experiment [mmeval].")] = None,
    project: Annotated[str | None, typer.Option(help="wandb: project [mmeval].")] = None,
    catalog: CatalogOption = None,
    json: Json = False,
) -> int:
    """Runs' figures in other tools' formats; see docs/export.md.

    mmeval export RUN... --to csv                        all figures, a row each
    mmeval export RUN --to model-index --card README.md  the block that the Hugging Face hub shows
    """
    from mmeval.exporting.reading import notes_of, read_runs

    given = {
        "--output": output,
        "--samples": samples,
        "--card": card,
        "--all-metrics": all_metrics,
        "--name": name,
        "--uri": uri,
        "--experiment": experiment,
        "--project": project,
    }
    _check(to.value, given)
    found = read_runs(runs)
    for note in notes_of(found):
        print(f"mmeval: {note}", file=sys.stderr)
    if to is Format.model_index:
        return _model_index(found, output, card, all_metrics, name, json)
    from mmeval.catalog import load_catalog

    known = load_catalog(catalog or ())
    if to is Format.mlflow:
        from mmeval.exporting.mlflow import to_mlflow

        return _tell({"exported": to_mlflow(found, uri, experiment or "mmeval", known, name)}, json)
    if to is Format.wandb:
        from mmeval.exporting.wandb import to_wandb

        return _tell({"exported": to_wandb(found, project or "mmeval", output, known, name)}, json)
    if to is Format.lmms_eval:
        from mmeval.exporting.lmms_eval import to_lmms_eval

        if output is None:
            raise UsageError("--to lmms-eval: needs -o FOLDER")
        return _tell({"files": [str(path) for path in to_lmms_eval(found, output, samples, known)]}, json)
    from mmeval.exporting.table import write_tables

    files, text = write_tables(found, to.value, output, samples, known)
    return _tell({"files": [str(path) for path in files], "text": text}, json)


def _check(to: str, given: Mapping[str, Any]) -> None:
    for option, value in given.items():
        if value and to not in MEANT_FOR[option]:
            raise UsageError(f"{option}: means nothing to --to {to} (only to {', '.join(MEANT_FOR[option])})")
    if given["--card"] and given["--output"]:
        raise UsageError("--card and --output: the block goes into the one or the other")


def _model_index(
    found: list[Any], output: Path | None, card: Path | None, all_metrics: bool, name: str | None, json: bool
) -> int:
    from mmeval.exporting.model_index import block, model_index, write_card
    from mmeval.journal import write_whole

    index = model_index(found, all_metrics, name)
    if card:
        return _tell({"files": [str(write_card(card, index))]}, json)
    if output:
        return _tell({"files": [str(write_whole(output, block(index).encode()))]}, json)
    return _tell({"files": [], "text": block(index)}, json)


def _tell(result: Mapping[str, Any], json: bool) -> int:
    """The text, or which files and runs there are now."""
    if json:
        print_json({key: value for key, value in result.items() if value != ""})
        return 0
    if result.get("text"):
        print(result["text"], end="")
    for path in result.get("files", ()):
        print(path)
    for one in result.get("exported", ()):
        print(", ".join(f"{key}: {value}" for key, value in one.items()))
    return 0
