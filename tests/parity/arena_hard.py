"""Arena-Hard-Auto: judgments of several models, per judge and category, and v0.1's of the old layout.

Exact figures come from the tasks' own scorers; leaderboards from `mmeval.statistics.arena_leaderboards`, in the order
in which the folder lists its files, as upstream reads them. What is drawn hangs on that order: where a copy of the set
lists them otherwise, it agrees within the tolerances that the set states, and is not counted as equal.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmeval.answers import FileRow, file_rows
from mmeval.catalog import load_catalog
from mmeval.layouts import arena_hard as layout
from mmeval.scorers.battles import last_label, one_label
from mmeval.scoring import score, summarise
from mmeval.statistics import arena_leaderboards as boards
from mmeval.statistics.bradley_terry import battles, strengths, win_rate
from mmeval.statistics.style_control import count_contrast, density_contrast, stopped_early
from tests.parity.figures import Figure, Leaf, leaves

TASKS = ("arena_hard_v01", "arena_hard_v2", "arena_hard_v2_creative")
TASK_OF = {
    "arena-hard-v0.1": "arena_hard_v01",
    "hard_prompt": "arena_hard_v2",
    "creative_writing": "arena_hard_v2_creative",
}
BASELINES = {"hard_prompt": "o3-mini-2025-01-31", "creative_writing": "gemini-2.0-flash-001"}
OLD_BASELINE = "gpt-4-0314"
EARLY = "single precision, stopped after 50 steps: torch 2.2 summed in another order"


def figures(folder: Path) -> Iterator[Figure]:
    for leaf in leaves(folder):
        yield _new(leaf, folder) if "/" in leaf.path[0] else _old(leaf, folder)
    yield from _published(folder)


def _listed(folder: Path) -> list[Path]:
    """The files of a folder in the order in which it lists them."""
    return [folder / name for name in os.listdir(folder) if name.endswith(".jsonl")]


@lru_cache(8)
def _rows(folder: Path, judge: str) -> dict[str, list[FileRow]]:
    """Model -> rows of its judgments by a judge."""
    found = next(path for path in sorted(folder.rglob(f"model_judgment/{judge}")) if path.is_dir())
    return {str((rows := list(file_rows(path)))[0]["model"]): rows for path in _listed(found)}


@lru_cache(8)
def _styles(folder: Path, metadata: str) -> dict[str, dict[str, tuple[int, ...]]]:
    """Model -> question -> style, of the answers that state it under that name."""
    made: dict[str, dict[str, tuple[int, ...]]] = {}
    for path in sorted(folder.rglob("model_answer/*.jsonl")):
        rows = list(file_rows(path))
        if metadata in rows[0]:
            model = rows[0]["model" if "model" in rows[0] else "model_id"]
            made[str(model)] = {layout.uid(row): layout.style(row) for row in rows}
    return made


@lru_cache(8)
def _entries(folder: Path, judge: str, category: str) -> pd.DataFrame:
    rows = [row for rows in _rows(folder, judge).values() for row in rows if row["category"] == category]
    return boards.entries(layout.games(rows, last_label), whole_rows=True)


def _measured(rows: list[FileRow], category: str) -> tuple[dict[str, float], pd.DataFrame]:
    """(metrics, table of scores) of one model's judgments by the task's scorer."""
    task = load_catalog().tasks[TASK_OF[category]]
    read = one_label if category == "arena-hard-v0.1" else last_label
    fields = {"category": category, "subcategory": "", "prompt": "", "baseline": ""}
    questions = [FileRow({**fields, layout_id(row): layout.uid(row)}, row.where) for row in rows]
    samples = [sample for row in questions for sample in task.samples_of(row)]
    scorer = task.dialects["official"]
    frame = score(scorer, samples, {}, {layout.uid(row): layout.verdicts(row, read) for row in rows})
    values = summarise(frame, scorer, resamples=0).metrics
    return {name: one.value for name, one in values.items()}, frame


def layout_id(row: FileRow) -> str:
    return "question_id" if "question_id" in row else "uid"


@lru_cache(32)
def _model(folder: Path, judge: str, category: str, model: str) -> tuple[dict[str, float], pd.DataFrame]:
    return _measured([row for row in _rows(folder, judge)[model] if row["category"] == category], category)


def _new(leaf: Leaf, folder: Path) -> Figure:
    judge, category, *style = leaf.path[0].split("/")
    what, last = leaf.path[1], leaf.path[-1]
    if what in ("command", "numpy_seed") or last == "feature_coefs" or leaf.path[0] == "feature_order":
        return leaf.skipped("a note, not a figure")
    if what == "exact_mean_of_expanded_scores_percent":
        return leaf.compared(last, 100 * _model(folder, judge, category, last)[0]["score"], digits=6)
    if what == "n_expanded_battles":
        frame = _model(folder, judge, category, last)[1]
        clear = frame["count.much_better"].sum() + frame["count.much_worse"].sum()
        return leaf.compared(
            last, int(3 * clear + sum(frame[f"count.{one}"].sum() for one in ("better", "tie", "worse")))
        )
    if last == "null_judgments":
        models = _rows(folder, judge)
        missing = [_model(folder, judge, one, model)[1]["missing"].sum() for one in BASELINES for model in models]
        return leaf.compared(judge, int(sum(missing)))
    if style:
        return _styled(leaf, folder, judge, category)
    if "leaderboard" in leaf.path:
        row = _board(folder, judge, category).loc[leaf.path[-2]]
        return leaf.compared(leaf.path[-2], _printed(row, last))
    return leaf.skipped("no figure of ours")


@lru_cache(8)
def _board(folder: Path, judge: str, category: str) -> pd.DataFrame:
    return boards.mean_scores(_entries(folder, judge, category), BASELINES[category])


def _drawn(leaf: Leaf, answers: str, ours: float | str, tolerance: float, share: float = 0.0) -> Figure:
    """A figure that hangs on the files' order: equal, or within the tolerance and not compared, or different.

    share: of the figure, where that is more: an end of an interval from 100 draws is known to a fifth or so of its
    distance, and no two sets of draws are much more than half apart.
    """
    made = leaf.compared(answers, ours)
    pairs = zip(str(ours).split(", "), str(leaf.value).split(", "), strict=True)
    far = any(abs(float(a) - float(b)) > max(tolerance, share * abs(float(b))) for a, b in pairs)
    if made.status == "equal" or far:
        return made
    return leaf.skipped(f"drawn in another order of the files; ours {ours}, as near as that can be", answers)


def _printed(row: Any, what: str) -> float:
    """As upstream prints a row: per cent, one decimal."""
    ends = {"score": row["score"], "ci_minus": row["score"] - row["low"], "ci_plus": row["high"] - row["score"]}
    return round(float(ends[what]) * 100, 1)


@lru_cache(2)
def _features(folder: Path, judge: str, category: str) -> Any:
    styles, of = _styles(folder, "metadata"), _entries(folder, judge, category)
    model = [styles[model][question] for model, question in zip(of["model"], of["question"], strict=True)]
    return density_contrast(model, [styles[BASELINES[category]][question] for question in of["question"]])


@lru_cache(2)
def _style_board(folder: Path, judge: str, category: str) -> tuple[pd.DataFrame, Any]:
    return boards.style_scores(
        _entries(folder, judge, category), _features(folder, judge, category), BASELINES[category]
    )


@lru_cache(2)
def _fits(folder: Path, judge: str, category: str) -> dict[str, Any]:
    """Upstream's fit without bootstrap and the converged one: model -> per cent, and the effects."""
    of, base = _entries(folder, judge, category), BASELINES[category]
    models, design = boards.style_design(of, _features(folder, judge, category), base)
    early = stopped_early(design, of["outcome"])[0]
    held = battles(of["model"].tolist(), [base] * len(of), of["outcome"], features=design[:, len(models) :])
    full = strengths(held, base)[0]
    at, p = models.index(base), len(models)

    def rates(found: Any) -> dict[str, float]:
        return dict(zip(models, 100 / (1 + np.exp(found[at] - found[:p])), strict=True))

    return {
        "official_fitter_on_all_rows_no_bootstrap": rates(early),
        "official_fitter_feature_coefs": early[p:],
        "fully_converged_mle": rates(full),
        "fully_converged_feature_coefs": full[p:],
    }


def _styled(leaf: Leaf, folder: Path, judge: str, category: str) -> Figure:
    what, last = leaf.path[1], leaf.path[-1]
    if what == "official" and "leaderboard" in leaf.path:
        row = _style_board(folder, judge, category)[0].loc[leaf.path[-2]]
        return _drawn(leaf, leaf.path[-2], _printed(row, last), 0.6, 0.6 if last != "score" else 0.0)
    if what == "official" and "feature_coefs" in leaf.path:
        return _drawn(leaf, judge, round(float(_style_board(folder, judge, category)[1][int(last)]), 4), 0.02)
    if what in ("feature_mean", "feature_std_ddof1"):
        import torch

        held = torch.tensor(_features(folder, judge, category))
        made = held.mean(0) if what == "feature_mean" else held.std(0)
        return leaf.compared(judge, float(made[int(last)]), note="summed by torch, as upstream")
    if what in _fits(folder, judge, category):
        fit = _fits(folder, judge, category)[what]
        ours = float(fit[last] if isinstance(fit, dict) else fit[int(last)])
        if what.startswith("official"):
            return leaf.compared(last, ours, digits=2 if isinstance(fit, dict) else 4, note=EARLY)
        return leaf.compared(last, ours, digits=4)
    return leaf.skipped("a note, not a figure")


@lru_cache(8)
def _old_board(folder: Path, setting: str) -> tuple[pd.DataFrame, Any]:
    rows = [row for judge in _old_judges(folder) for rows in _rows(folder, judge).values() for row in rows]
    games = layout.games(rows, one_label)
    if setting == "first_game_only":
        games = games[games["game"] == 1]
    of = boards.entries(games, weight=1 if setting == "weight_1" else boards.WEIGHT)
    columns = {"style_control": [0, 1, 2, 3], "length_control_only": [0], "markdown_control_only": [1, 2, 3]}
    if setting not in columns:
        return boards.ratings(of, OLD_BASELINE)
    styles = _styles(folder, "conv_metadata")
    model = [styles[model][question] for model, question in zip(of["model"], of["question"], strict=True)]
    contrast = count_contrast(model, [styles[OLD_BASELINE][question] for question in of["question"]])
    return boards.ratings(of, OLD_BASELINE, contrast[:, columns[setting]])


@lru_cache(2)
def _old_judges(folder: Path) -> tuple[str, ...]:
    """Judges whose judgments are of the old layout."""
    paths = {path.parent.name: path for path in folder.rglob("model_judgment/*/*.jsonl")}
    return tuple(judge for judge, path in paths.items() if "question_id" in file_rows(path)[0])


def _old(leaf: Leaf, folder: Path) -> Figure:
    setting, last = leaf.path[0], leaf.path[-1]
    if "leaderboard" not in leaf.path and last != "style_coefs":
        return leaf.skipped("a note, not a figure")
    board, effects = _old_board(folder, setting)
    if last == "style_coefs":
        if leaf.value is None:
            return leaf.skipped("no style control here")
        named = [part.split(":")[0].strip("{' ") for part in leaf.value.split(", ")]
        return leaf.compared(
            setting, str({name: round(float(one), 3) for name, one in zip(named, effects, strict=True)})
        )
    row = {
        name: round(float(value) * 100, 2) for name, value in board.loc[leaf.path[-2]].items() if "score" in str(name)
    }
    if last == "score":
        return leaf.compared(leaf.path[-2], round(row["score"], 1))
    low, high = round(row["score_low"] - row["score"], 1), round(row["score_high"] - row["score"], 1)
    return _drawn(leaf, leaf.path[-2], f"{low}, {high}", 0.6, 0.6)


def _published(folder: Path) -> Iterator[Figure]:
    """Stored ratings of the published leaderboard, as win rates against it."""
    for stored in folder.glob("published*bootstrap*.jsonl"):
        held = pd.read_json(stored, lines=True).set_index("model")
        for table in folder.glob("published*leaderboard*.csv"):
            printed = pd.read_csv(table).set_index("model")["score"]
            both = [model for model in held.index if model in printed.index]
            base = float(held.loc[OLD_BASELINE, "score"])
            for model in both:
                rate = round(float(win_rate(held.loc[model, "score"], base)) * 100, 2)
                note = "the table is of another run: it prints as many decimals on the page"
                yield Figure(folder.name, stored.name, f"{table.name} / {model}", float(printed[model]), rate, note, 1)
