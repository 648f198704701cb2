"""Runs into Weights & Biases: one W&B run for each of ours, with a summary, a table of figures and the run's files."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmeval.catalog import Catalog
from mmeval.errors import UsageError
from mmeval.exporting.reading import Exported, figures_of, files_for, identity, package, settings_of, tags_of

COLUMNS = ("task", "dimension", "scoring", "metric", "value", "low", "high", "stderr", "n", "clusters", "missing")


def to_wandb(
    runs: Sequence[Exported], project: str, folder: Path | None, catalog: Catalog, name: str | None = None
) -> list[dict[str, str]]:
    """Gives each run's W&B id and the folder of its files. With WANDB_MODE=offline it needs no account and no network;
    `wandb sync` sends the folder later. The id comes from the run's identity, so a second export adds no second run.

    folder: where W&B keeps its files, by default ./wandb. Raises `UsageError` without wandb or without a login.
    """
    wandb = package("wandb", "wandb")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    return [_export(wandb, run, project, folder, catalog, name) for run in runs]


def _export(
    wandb: Any, run: Exported, project: str, folder: Path | None, catalog: Catalog, name: str | None
) -> dict[str, str]:
    # Neither this machine, its processes, its packages nor the command are part of a run that ran elsewhere.
    settings = wandb.Settings(
        console="off",
        silent=True,
        disable_git=True,
        save_code=False,
        x_disable_meta=True,
        x_disable_stats=True,
        x_save_requirements=False,
    )
    key = identity(run)
    suites = (run.record.get("config") or {}).get("suite") or []
    try:
        one = wandb.init(
            project=project,
            id=key,
            name=name or " ".join([run.model, *suites]),
            resume="allow",
            dir=str(folder) if folder else None,
            config={**settings_of(run), **tags_of(run)},
            job_type="evaluation",
            settings=settings,
        )
    except wandb.errors.Error as error:
        why = str(error).splitlines()[0]
        raise UsageError(
            f"--to wandb: {why} (`wandb login` first, or WANDB_MODE=offline and `wandb sync` later)"
        ) from None
    for task, metric, estimate in figures_of(run):
        one.summary[f"{task}/{metric}"] = estimate["value"]
    for task, result in run.tasks.items():
        one.summary[f"{task}/missing"] = result["missing"]
    one.log({"figures": wandb.Table(columns=list(COLUMNS), data=_rows(run))})
    artifact = wandb.Artifact(re.sub(r"[^\w.-]", "-", f"{run.model}-{key}"), type="evaluation")
    with tempfile.TemporaryDirectory() as files:
        for path in files_for(run, Path(files), catalog):
            artifact.add_file(str(path))
        one.log_artifact(artifact)
        place = one.dir
        one.finish()
    return {"run": str(run.folder.path), "id": key, "files": str(Path(place).parent)}


def _rows(run: Exported) -> list[list[Any]]:
    """The headline figures."""
    return [
        [
            task,
            run.asked(task).get("dimension"),
            run.tasks[task]["dialect"],
            metric,
            *(estimate[part] for part in ("value", "low", "high", "stderr", "n", "clusters")),
            run.tasks[task]["missing"],
        ]
        for task, metric, estimate in figures_of(run, everything=False)
    ]
