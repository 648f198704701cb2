"""A run's tables of scores with clusters named by their picture: resamples of all tasks and runs then go together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mmeval.errors import UsageError
from mmeval.runs import RunFolder
from mmeval.scorers.base import COUNT, SLICE
from mmeval.statistics.sums import Array, Metric, Table, Totals

BLOCK = 64 << 20  # bytes of samples.jsonl read at once; a line must fit in
Rows = Mapping[str, slice]
Labels = Mapping[str, Mapping[str, str]]  # task -> cluster -> what it is called in every table


def shared_tables(run: RunFolder, wanted: Mapping[str, Collection[str]], labels: Labels) -> dict[str, Table]:
    """The answered rows of each wanted task that the run has scores of. wanted: task -> names of the slices needed.
    labels: from `cluster_labels`; what is not among them is called task/cluster.

    Column by column: 50 tasks side by side are hundreds of columns, each of them empty for most tasks. Raises
    `UsageError` where the run has no scores.
    """
    import pyarrow.parquet as parquet

    path = run.path / "scores.parquet"
    if not path.is_file():
        raise UsageError(f"{run.path}: has no scores.parquet; run it again")
    file = parquet.ParquetFile(path)
    names = [name for name in file.schema_arrow.names if name.startswith(COUNT)]
    order, rows = _rows_by_task(_column(file, "task"))
    rows = {task: where for task, where in rows.items() if task in wanted}
    kept = ~np.asarray(_column(file, "missing").to_numpy(zero_copy_only=False), bool)[order]
    counts: dict[str, dict[str, Array]] = {task: {} for task in rows}
    for name in names:
        column = _column(file, name)
        if column.null_count == len(column):
            continue
        values = np.asarray(column.to_numpy(zero_copy_only=False), np.float64)[order]
        for task, where in rows.items():
            if not np.isnan(values[where]).all():
                counts[task][name.removeprefix(COUNT)] = np.nan_to_num(values[where][kept[where]])
    clusters, codes = _encoded(_column(file, "cluster"))
    slices = _slices(file, rows, wanted, order)
    made: dict[str, Table] = {}
    for task, where in rows.items():
        there, local = np.unique(codes[order][where][kept[where]], return_inverse=True)
        called = labels.get(task, {})
        named = tuple(called.get(clusters[code]) or f"{task}/{clusters[code]}" for code in there.tolist())
        own = {name: column[kept[where]] for name, column in slices[task].items()}
        n = len(local)
        made[task] = Table({"n": np.ones(n), **counts[task]}, local.astype(np.int64), own, named)
    return made


def narrowed(data: Table, metric: Any) -> Table:
    """The table with only what a metric needs: its slice, and, where it is a formula, the counts that this reads."""
    slices = {name: column for name, column in data.slices.items() if name == metric.over}
    if not isinstance(metric, Metric):
        return Table(data.counts, data.clusters, slices, data.labels)
    read: set[str] = set()
    totals = _Watched({name: column.sum(keepdims=True) for name, column in data.counts.items()}, read)
    with np.errstate(divide="ignore", invalid="ignore"):
        metric.formula(Totals(totals))
    counts = {name: data.counts[name] for name in data.counts if name in read or name == "n"}
    return Table(counts, data.clusters, slices, data.labels)


class _Watched(dict[str, Array]):
    """Totals that note which of them a formula asks for."""

    def __init__(self, totals: Mapping[str, Array], read: set[str]):
        super().__init__(totals)
        self.read = read

    def __getitem__(self, name: str) -> Array:
        self.read.add(name)
        return super().__getitem__(name)


def cluster_labels(run: RunFolder) -> dict[str, dict[str, str]]:
    """Task -> cluster -> the first picture's digest, where it is this cluster's alone within the task.

    A picture that several clusters show (a blank one beside every text) says nothing about what depends on what;
    those, and clusters without a picture, are left out.
    """
    import pyarrow as pa
    import pyarrow.compute as compute
    from pyarrow import json

    text = pa.string()
    schema = pa.schema([("task", text), ("sample", text), ("cluster", text), ("images", pa.list_(text))])
    read = json.read_json(
        run.path / "samples.jsonl",
        read_options=json.ReadOptions(block_size=BLOCK),
        parse_options=json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )
    images = read["images"].combine_chunks()
    shown = np.asarray(compute.fill_null(compute.list_value_length(images), 0).to_numpy(zero_copy_only=False))
    at = np.flatnonzero(shown > 0)
    first = images.values.take(pa.array(images.offsets.to_numpy()[:-1][at]))
    cluster = compute.coalesce(read["cluster"], read["sample"]).combine_chunks().take(pa.array(at))
    task = read["task"].combine_chunks().take(pa.array(at))
    return _alone(_encoded(task), _encoded(cluster), _encoded(first))


Encoded = tuple[list[str], npt.NDArray[np.int64]]


def _alone(task: Encoded, cluster: Encoded, picture: Encoded) -> dict[str, dict[str, str]]:
    pair = task[1] * len(cluster[0]) + cluster[1]
    _, firsts = np.unique(pair, return_index=True)
    shown = task[1][firsts] * len(picture[0]) + picture[1][firsts]
    _, inverse, times = np.unique(shown, return_inverse=True, return_counts=True)
    found: dict[str, dict[str, str]] = {name: {} for name in task[0]}
    for i in firsts[times[inverse] == 1].tolist():
        found[task[0][task[1][i]]][cluster[0][cluster[1][i]]] = picture[0][picture[1][i]]
    return found


def _encoded(column: Any) -> Encoded:
    """A column of strings as its distinct ones and codes."""
    encoded = column.dictionary_encode()
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.unify_dictionaries().combine_chunks()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _column(file: Any, name: str) -> Any:
    return file.read(columns=[name])[name]


def _rows_by_task(column: Any) -> tuple[Any, dict[str, slice]]:
    """What puts the rows of each task together, and where each task's then are."""
    names, codes = _encoded(column)
    order = slice(None) if (np.diff(codes) >= 0).all() else np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names))).tolist()
    return order, {
        name: slice(*ends_of) for name, ends_of in zip(names, zip([0, *ends], ends, strict=False), strict=True)
    }


def _slices(
    file: Any, rows: Rows, wanted: Mapping[str, Collection[str]], order: Any
) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """task -> slice name -> its values, None where a row has none."""
    found: dict[str, dict[str, npt.NDArray[Any]]] = {task: {} for task in rows}
    there = set(file.schema_arrow.names)
    for name in dict.fromkeys(name for task in rows for name in wanted[task]):
        if SLICE + name in there:
            values = _column(file, SLICE + name).to_numpy(zero_copy_only=False)[order]
            for task, where in rows.items():
                if name in wanted[task] and any(value is not None for value in values[where]):
                    found[task][name] = values[where]
    return found
