"""The same samples of several runs side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmeval.errors import DataError, UsageError
from mmeval.logs import answer_of, responses_of, verdicts_of
from mmeval.runs import RunFolder
from mmeval.scorers.base import Scorer
from mmeval.scoring import score, table_of
from mmeval.statistics.sums import Table

if TYPE_CHECKING:
    import pandas as pd

    from mmeval.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Aligned:
    """One task in several runs. ids: the samples with a score in all of them; tables: one a run, rows as in `ids`.

    frames: per run, its whole table of scores of the task, indexed by sample.
    """

    ids: tuple[str, ...]
    tables: tuple[Table, ...]
    frames: tuple[pd.DataFrame, ...]


def align(name: str, scorer: Scorer, runs: Sequence[RunFolder], scores: Sequence[pd.DataFrame]) -> Aligned:
    """scores: each run's scores.parquet. Where runs lack different answers and something is counted by group, the
    common samples are scored again from the logs as if the others had no answer: groups are then the same in all.

    Raises `UsageError` when the runs have no scored sample in common.
    """
    frames = tuple(one[one["task"] == name].set_index("sample") for one in scores)
    scored = [frame.index[~frame["missing"].astype(bool)] for frame in frames]
    common = set(scored[0]).intersection(*scored[1:])
    if not common:
        raise UsageError(
            f"{name}: the runs have no scored sample in common ({', '.join(str(run.path) for run in runs)})"
        )
    ids = [id for id in frames[0].index if id in common]
    again = scorer.derive is not None and any(len(one) != len(common) for one in scored)
    counted = [_scored_again(name, scorer, run, common) for run in runs] if again else frames
    clusters = frames[0]["cluster"].loc[ids]
    tables = tuple(table_of(one.loc[ids].assign(cluster=clusters).reset_index()) for one in counted)
    return Aligned(tuple(ids), tables, frames)


def _scored_again(name: str, scorer: Scorer, run: RunFolder, ids: Collection[str]) -> pd.DataFrame:
    rows = responses_of(run)[name]
    rule = (run.read_json("run.json").get("judge") or {}).get("rule", "mean")
    answers = {one.sample.id: answer_of(response) for one, response in rows if one.sample.id in ids}
    frame = score(scorer, [one.sample for one, _ in rows], answers, verdicts_of(run).get(name), rule)
    return frame[frame["sample"].isin(list(ids))].set_index("sample")


def known_scorer(task: str, dialect: str, run: RunFolder, catalog: Catalog) -> Scorer:
    """The scorer that gave a run its figures. Raises `DataError` when the catalogue lacks the task."""
    if task not in catalog.tasks:
        raise DataError(f"{run.path}: task {task!r} is in no catalog; pass --catalog DIR with its file")
    return catalog.tasks[task].scorer_for(dialect)[1]


def recorded(run: RunFolder) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run's run.json and metrics.json. Raises `UsageError` when it has no figures."""
    return run.read_json("run.json"), run.read_json("metrics.json")
