"""Runs into MLflow: one MLflow run for each of ours, found again by the run's identity."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mmeval.catalog import Catalog
from mmeval.errors import UsageError
from mmeval.exporting.reading import Exported, figures_of, files_for, identity, package, settings_of, tags_of
from mmeval.reporting.rendering import without_secrets

TAG = "mmeval.identity"
LONGEST = 500  # of a parameter's value; stores before MLflow 2.8 refuse longer ones
AT_ONCE = 100  # parameters or tags in one call, MLflow's limit


def to_mlflow(
    runs: Sequence[Exported], uri: str | None, experiment: str, catalog: Catalog, name: str | None = None
) -> list[dict[str, str]]:
    """Writes params, metrics `task/metric` (with `_low`, `_high`, `_stderr`), tags and files; gives each run's MLflow
    id and state ("new" or "updated"). A run that was exported before is updated: only what changed is written.

    Raises `UsageError` without mlflow, without a tracking URI, or when the store refuses.
    """
    mlflow = package("mlflow", "mlflow")
    place = uri or os.environ.get("MLFLOW_TRACKING_URI")
    if not place:
        raise UsageError("--to mlflow: where to? pass --uri (sqlite:///mlflow.db, http://…) or MLFLOW_TRACKING_URI")
    try:
        client = mlflow.MlflowClient(tracking_uri=place)
        found = client.get_experiment_by_name(experiment)
        at = found.experiment_id if found else client.create_experiment(experiment)
        return [_export(client, at, run, catalog, name) for run in runs]
    except ImportError as error:  # mlflow-skinny brings no database driver
        raise UsageError(f"--uri {_shown(place)}: needs {error.name}; pip install mlflow") from None
    except mlflow.exceptions.MlflowException as error:
        why = _shown(str(error).splitlines()[0])  # it may repeat an address with its password
        raise UsageError(f"--uri {_shown(place)}: MLflow refuses: {why}") from None


def _shown(text: str) -> str:
    return " ".join(without_secrets(text.split()))


def _export(client: Any, experiment: str, run: Exported, catalog: Catalog, name: str | None) -> dict[str, str]:
    key = identity(run)
    known = client.search_runs([experiment], f"tags.`{TAG}` = '{key}'", max_results=1)
    if known:
        one = known[0]
    else:
        started = _milliseconds(run.record.get("started"))
        suites = (run.record.get("config") or {}).get("suite") or []
        title = name or " · ".join([run.model, *suites])
        one = client.create_run(experiment, start_time=started, tags={TAG: key}, run_name=title)
    _log(client, one, run)
    with tempfile.TemporaryDirectory() as folder:
        for path in files_for(run, Path(folder), catalog):
            client.log_artifact(one.info.run_id, str(path))
    status = "FINISHED" if run.record.get("status") == "done" else "FAILED"
    client.set_terminated(one.info.run_id, status, _milliseconds(run.record.get("finished")))
    return {"run": str(run.folder.path), "id": one.info.run_id, "state": "updated" if known else "new"}


def _log(client: Any, one: Any, run: Exported) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, 0) for name, value in _metrics(run) if one.data.metrics.get(name) != value]
    settings = {key: value[:LONGEST] for key, value in settings_of(run).items()}
    params = [Param(_key(key), value) for key, value in settings.items() if _key(key) not in one.data.params]
    tags = [RunTag(_key(key), value) for key, value in tags_of(run).items()]
    id = one.info.run_id
    for start in range(0, max(len(metrics), len(params), len(tags)), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        client.log_batch(id, metrics=metrics[part], params=params[part], tags=tags[part])


def _metrics(run: Exported) -> Iterator[tuple[str, float]]:
    for task, metric, estimate in figures_of(run):
        # not task/metric/low: the file store would need a file and a folder of one name
        for end, part in (("", "value"), ("_low", "low"), ("_high", "high"), ("_stderr", "stderr")):
            if estimate[part] is not None:
                yield _key(f"{task}/{metric}{end}"), float(estimate[part])
    for task, result in run.tasks.items():
        yield _key(f"{task}/missing"), float(result["missing"])


def _key(name: str) -> str:
    """MLflow's names: letters, digits, and _ - . / or a blank."""
    return re.sub(r"[^\w\-./ ]", "_", name, flags=re.ASCII)[:250]


def _milliseconds(moment: Any) -> int | None:
    return int(datetime.fromisoformat(moment).timestamp() * 1000) if isinstance(moment, str) else None
