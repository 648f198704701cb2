"""All figures of some runs in one tidy table, and all per-sample scores in another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval.catalog import Catalog, load_catalog
from mmeval.errors import UsageError
from mmeval.exporting.reading import Exported, read_runs, told
from mmeval.journal import write_whole
from mmeval.runs import parquet_bytes

if TYPE_CHECKING:
    import pandas as pd

    from mmeval.evaluation import Run

COLUMNS = {
    "run": "string",
    "model": "string",
    "digest": "string",
    "task": "string",
    "dimension": "string",
    "dialect": "string",
    "part": "string",
    "metric": "string",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "stderr": "float64",
    "n": "Int64",
    "clusters": "Int64",
    "missing": "Int64",
    "headline": "bool",
    "undefined": "bool",
    "better": "string",
    "unit": "string",
}
SIDES = ("run", "model", "digest")


def figures(runs: Run | str | Path | Sequence[Run | str | Path], catalog: Catalog | None = None) -> pd.DataFrame:
    """Every figure of some runs, a row each.

    runs: run folders, or what `mmeval.evaluate` returned. catalog: for tasks of your own; it says which way is better.
    Columns: run, model, digest (of the weights), task, dimension, dialect, part ("" is the whole, else "slice=value"),
    metric, value, low, high, stderr, n, clusters, missing (of the task; empty for parts), headline (stands for the
    task), undefined (0/0: `value` is then empty), better ("higher", "lower" or empty), unit ("fraction" is in [0, 1]).
    Raises `UsageError` for a folder without a run or without figures.
    """
    return figures_table(read_runs(_paths(runs)), catalog or load_catalog())


def sample_scores(runs: Run | str | Path | Sequence[Run | str | Path]) -> pd.DataFrame:
    """Every sample's scores, a row a run and sample: run, model, digest, and the columns of `scores.parquet`
    (`mmeval.scoring.columns`); a column that a run has not is empty there."""
    return samples_table(read_runs(_paths(runs)))


def _paths(runs: Run | str | Path | Sequence[Run | str | Path]) -> list[Path]:
    several = list(runs) if isinstance(runs, Sequence) and not isinstance(runs, str) else [runs]
    return [Path(one) if isinstance(one, (str, Path)) else one.path for one in several]


def figures_table(runs: Sequence[Exported], catalog: Catalog) -> pd.DataFrame:
    import pandas as pd

    rows = [row for run in runs for row in _rows(run, catalog)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _rows(run: Exported, catalog: Catalog) -> Iterator[dict[str, Any]]:
    for task, result in run.tasks.items():
        asked, known = run.asked(task), catalog.tasks.get(task)
        scorer = known.dialects.get(result["dialect"]) if known else None
        about = {
            "run": str(run.folder.path),
            "model": run.model,
            "digest": run.digest,
            "task": task,
            "dimension": asked.get("dimension") or (known.dimension if known else None),
            "dialect": result["dialect"],
        }
        for part, metrics in {"": result["metrics"], **result["slices"]}.items():
            for name, estimate in metrics.items():
                metric = scorer.metrics.get(name) if scorer else None
                yield {
                    **about,
                    "part": part,
                    "metric": name,
                    **_estimate(estimate),
                    "missing": None if part else result["missing"],
                    "headline": name == asked.get("headline"),
                    "better": metric.better if metric else None,
                    "unit": metric.unit if metric else None,
                }


def _estimate(estimate: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: estimate[name] for name in ("low", "high", "stderr", "n", "clusters")}
    # 0/0 is stored as 0, as official scripts have it; in a table it would pass for a figure
    return {"value": estimate["value"] if told(estimate) else None, **shown, "undefined": not told(estimate)}


def samples_table(runs: Sequence[Exported]) -> pd.DataFrame:
    import pandas as pd

    frames = []
    for run in runs:
        frame = run.folder.scores()
        for place, (name, value) in enumerate(zip(SIDES, (str(run.folder.path), run.model, run.digest), strict=True)):
            frame.insert(place, name, value)
        frames.append(frame)
    columns = list(dict.fromkeys(str(column) for frame in frames for column in frame))
    return pd.concat([_alike(frame, frames) for frame in frames], ignore_index=True)[columns]


def _alike(frame: pd.DataFrame, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Columns that are text in some runs and numbers in others (a prediction), as text: parquet wants one type."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    for column in frame:
        kinds = {is_numeric_dtype(one[column]) and not is_bool_dtype(one[column]) for one in frames if column in one}
        if len(kinds) > 1:
            frame[column] = [one if one is None or one != one else str(one) for one in frame[column].astype(object)]
    return frame


def write_tables(
    runs: Sequence[Exported], kind: str, output: Path | None, samples: bool, catalog: Catalog
) -> tuple[list[Path], str]:
    """(files written, text for stdout). kind: "csv" or "parquet". With `samples` a second file NAME.samples.KIND stands
    beside the first. CSV without an output is text; raises `UsageError` where that can't be."""
    if output is None:
        if kind != "csv" or samples:
            raise UsageError(f"--to {kind}{' --samples' if samples else ''}: needs -o FILE.{kind}")
        return [], str(figures_table(runs, catalog).to_csv(index=False))
    if output.is_dir():
        raise UsageError(f"-o {output}: is a folder; name the file, e.g. {output / f'figures.{kind}'}")
    tables = {output: figures_table(runs, catalog)}
    if samples:
        tables[output.with_name(f"{output.stem}.samples{output.suffix or f'.{kind}'}")] = samples_table(runs)
    return [write_whole(path, _bytes(frame, kind)) for path, frame in tables.items()], ""


def _bytes(frame: pd.DataFrame, kind: str) -> bytes:
    return parquet_bytes(frame) if kind == "parquet" else str(frame.to_csv(index=False)).encode("utf-8", "replace")
