"""WildVision-Bench: stored verdicts of many models against one baseline; the printed leaderboard and the README's row.

Intervals come from resampling the battles of all 22 models; where a set holds some of them only, they are not to be had
to the digit, and ours (of those that are there) is compared within a point instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pandas as pd

from mmeval.answers import FileRow, file_rows
from mmeval.catalog import load_catalog
from mmeval.layouts.wildvision import BASELINE, reply, sample_id
from mmeval.scorers.battles import one_label
from mmeval.scoring import score, summarise
from mmeval.statistics import arena_leaderboards as boards
from tests.parity.figures import Figure, Leaf, leaves

COUNTS = ("much_better", "better", "tie", "worse", "much_worse")
PUBLISHED = ("score", "", "win_rate", "reward", *COUNTS)


def figures(folder: Path) -> Iterator[Figure]:
    for leaf in leaves(folder):
        yield from _figure(leaf, folder)


@lru_cache(2)
def _judged(folder: Path) -> dict[str, list[FileRow]]:
    """Model -> its rows of verdicts."""
    paths = [path for path in sorted(folder.rglob("*.jsonl")) if {"question_id", "score"} <= file_rows(path)[0].keys()]
    return {str(file_rows(path)[0]["model"]): list(file_rows(path)) for path in paths}


@lru_cache(64)
def _model(folder: Path, model: str) -> tuple[dict[str, float], pd.DataFrame]:
    """(metrics, table of scores) of one model by the task's scorer."""
    task, rows = load_catalog().tasks["wildvision"], _judged(folder)[model]
    asked = {"instruction": "", "image": "none.png", BASELINE: "Yes."}
    samples = [sample for row in rows for sample in task.samples_of(FileRow({**row, **asked}, row.where))]
    scorer = task.dialects["official"]
    frame = score(scorer, samples, {}, {sample_id(row): [reply(row)] for row in rows})
    return {name: one.value for name, one in summarise(frame, scorer, resamples=0).metrics.items()}, frame


@lru_cache(2)
def _board(folder: Path) -> pd.DataFrame:
    held = [
        (model, sample_id(row), 1, one_label(reply(row))) for model, rows in _judged(folder).items() for row in rows
    ]
    games = pd.DataFrame(held, columns=["model", "question", "game", "grade"]).astype({"grade": float})
    return boards.ratings(boards.entries(games), BASELINE, with_first=True)[0]


def _ours(folder: Path, model: str, what: str) -> float:
    metrics, frame = _model(folder, model)
    if what == "score":
        return round(float(_board(folder).loc[model, "score"]) * 100, 2)
    if what in COUNTS:
        unread = frame["count.unread"].sum() if what == "tie" else 0
        return float(frame[f"count.{what}"].sum() + unread)
    return metrics[what]


def _figure(leaf: Leaf, folder: Path) -> Iterator[Figure]:
    model, what = leaf.path[0], leaf.path[1]
    if what in ("lower", "upper"):
        row = _board(folder).loc[model]
        end = round(float(row["score_low" if what == "lower" else "score_high"]) * 100, 2)
        yield leaf.skipped(f"drawn with models that are not in the set; ours {end}", model)
        yield Figure(leaf.set, model, f"{leaf.name} within a point", True, abs(end - leaf.value) < 1)
    elif what == "published_readme":
        place = int(leaf.path[2])
        if place == 1 or place >= len(PUBLISHED):
            yield leaf.skipped(
                "as printed: of the leaderboard's own run" if place == 1 else "length, no figure of ours"
            )
            return
        ours = _ours(folder, model, PUBLISHED[place])
        yield leaf.compared(model, f"{round(ours * 100, 2)}%" if PUBLISHED[place] == "win_rate" else str(float(ours)))
    elif what in (*COUNTS, "score", "win_rate", "win_or_tie_rate", "reward"):
        yield leaf.compared(model, _ours(folder, model, what))
    else:
        yield leaf.skipped("a note, or the stored length of the answers", model)
