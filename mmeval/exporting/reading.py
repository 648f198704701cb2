"""What every format is made from: run folders, read and rid of secrets; and files written whole."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any

from mmeval.catalog import Catalog
from mmeval.errors import DataError, UsageError
from mmeval.inference.base import digest_of
from mmeval.reporting import write_report
from mmeval.reporting.rendering import HIDDEN, SECRET, short, without_secrets
from mmeval.runs import RunFolder, json_bytes


@dataclass(frozen=True, slots=True)
class Exported:
    """A run as it may leave the house. record: its run.json without secrets; tasks: its metrics.json.

    hidden: something was taken out of run.json, which the run's page may show.
    """

    folder: RunFolder
    record: Mapping[str, Any]
    tasks: Mapping[str, Any]
    hidden: bool = False

    @property
    def model(self) -> str:
        return short(str((self.record.get("model") or {}).get("name") or "unnamed model"))

    @property
    def digest(self) -> str:
        return str((self.record.get("model") or {}).get("digest") or "")

    @property
    def version(self) -> str:
        return str(self.record.get("mmeval") or "")

    def asked(self, task: str) -> Mapping[str, Any]:
        """What run.json says about a task: dialect, dimension, headline, fingerprint …"""
        return (self.record.get("tasks") or {}).get(task) or {}


def read_runs(paths: Iterable[Path]) -> list[Exported]:
    """Raises `UsageError` for no folder, one given twice, a folder without a run or without figures."""
    found: dict[Path, Exported] = {}
    for path in paths:
        if path.resolve() in found:
            raise UsageError(f"{path}: given twice")
        folder = RunFolder.existing(path)
        stored = folder.read_json("run.json")
        record = clean(stored)
        found[path.resolve()] = Exported(folder, record, folder.read_json("metrics.json"), record != stored)
    if not found:
        raise UsageError("no run to export; give run folders")
    return list(found.values())


def notes_of(runs: Iterable[Exported]) -> list[str]:
    """What a user should know before the figures leave: unfinished runs, tasks without figures."""
    notes = []
    for run in runs:
        status = run.record.get("status")
        if status != "done":
            notes.append(f"{run.folder.path}: the run is {status or 'of unknown status'}, not done; exported as it is")
        lost = [name for name in run.record.get("tasks") or {} if name not in run.tasks]
        if lost:
            notes.append(f"{run.folder.path}: no figures for {', '.join(lost)}, so none are exported")
    return notes


def clean(value: Any, name: str = "") -> Any:
    """JSON data with values of keys such as api_key and token, and passwords in addresses, replaced by an ellipsis."""
    if isinstance(value, Mapping):
        return {key: clean(one, str(key)) for key, one in value.items()}
    if value is None or isinstance(value, (bool, float)):
        return value
    if value != "" and SECRET.search(name):
        return HIDDEN
    if isinstance(value, list):
        texts = bool(value) and all(isinstance(one, str) for one in value)
        return without_secrets(value) if texts else [clean(one) for one in value]
    return without_secrets([value])[0] if isinstance(value, str) else value


def told(estimate: Mapping[str, Any]) -> bool:
    """Whether there is a figure: not 0/0, not empty."""
    return estimate.get("value") is not None and not estimate.get("undefined")


def figures_of(run: Exported, everything: bool = True) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(task, metric, estimate) of whole tasks, undefined ones left out; only the headlines unless `everything`."""
    for task, result in run.tasks.items():
        headline = run.asked(task).get("headline")
        for metric, estimate in result["metrics"].items():
            if told(estimate) and (everything or metric == headline):
                yield task, metric, estimate


def settings_of(run: Exported) -> dict[str, str]:
    """What decides a run's answers, flat and as text: `model.digest`, `config.temperature`, `versions.torch` …"""
    record = run.record
    model = {key: one for key, one in (record.get("model") or {}).items() if not isinstance(one, (Mapping, list))}
    judge = record.get("judge") or {}
    judges = {str(place): one.get("model") or {} for place, one in enumerate(judge.get("judges") or [])}
    parts = {"model": model, "config": record.get("config") or {}, "versions": record.get("versions") or {}}
    settings = dict(_flat({**parts, "judge": judges}))
    for task in run.tasks:
        asked = run.asked(task)
        settings |= dict(_flat({task: {key: asked.get(key) for key in ("dialect", "prompt", "max_new_tokens")}}))
    return settings


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif value not in (None, "", []):
            yield f"{before}{name}", ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def tags_of(run: Exported) -> dict[str, str]:
    """Digests and versions that a run is found by again."""
    tags = {"mmeval.version": run.version, "model.digest": run.digest}
    tags |= {f"data.{task}": str(run.asked(task).get("fingerprint") or "") for task in run.tasks}
    return {name: value for name, value in tags.items() if value}


def identity(run: Exported) -> str:
    """Equal for one run exported twice, and for a run resumed or scored again; another as soon as model, data, prompt,
    settings or versions are others."""
    return digest_of(run.record.get("identity"), settings_of(run), tags_of(run))[:16]


def files_for(run: Exported, folder: Path, catalog: Catalog) -> list[Path]:
    """metrics.json, run.json and the page, without secrets, in `folder`, which must be empty.

    Where run.json holds a secret the page is made again from what is left.
    """
    for name, value in (("run.json", run.record), ("metrics.json", clean(run.tasks))):
        (folder / name).write_bytes(json_bytes(value))
    page, there = folder / "report.html", run.folder.path / "report.html"
    if run.hidden:
        with TemporaryDirectory() as beside:
            for one in run.folder.path.resolve().iterdir():
                (Path(beside) / one.name).symlink_to(folder / one.name if (folder / one.name).exists() else one)
            (Path(beside) / "report.html").unlink(missing_ok=True)
            copy(write_report(RunFolder(Path(beside)), catalog), page)
    elif there.is_file():
        copy(there, page)
    return sorted(folder.iterdir())


def package(name: str, install: str) -> Any:
    """A package that only one format needs. Raises `UsageError` with what to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(f"needs {name} ({error}); pip install {install}, or pip install 'mmeval[export]'") from None


def one_each(runs: Sequence[Exported]) -> dict[str, dict[str, Exported]]:
    """Model -> task -> the run that has it. Raises `DataError` where two runs of one model hold the same task."""
    found: dict[str, dict[str, Exported]] = {}
    for run in runs:
        known = found.setdefault(run.model, {})
        for task in run.tasks:
            if task in known:
                both = f"{known[task].folder.path} and {run.folder.path}"
                raise DataError(f"{both} both hold {task} of {run.model}; export one of them")
            known[task] = run
    return found
