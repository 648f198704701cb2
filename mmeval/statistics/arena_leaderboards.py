"""Leaderboards of Arena-Hard-Auto and WildVision-Bench over many models, as their scripts print them.

lmarena/arena-hard-auto show_result.py (v2.0; v0.1: the one until April 2025) and WildVision-AI/WildVision-Bench
show_results.py. Every model meets one baseline. Upstream draws with numpy's old generator, in the order in which a
folder lists its files: in that order of `games` the intervals are upstream's, to the digit.

games: a frame with a row a game, in the files' order: `model`, `question`, `game` (1, or 2 with places swapped) and
`grade`, from 2 (model much better) to -2, NaN where the judge gave no verdict.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mmeval.errors import DataError
from mmeval.statistics.bradley_terry import battles, drawn, elo, strengths, win_rate
from mmeval.statistics.style_control import ridged, standardised, stopped_early
from mmeval.statistics.sums import Array

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 100
SEED = 42
WEIGHT = 3  # how often a clear verdict (>>) counts


def entries(games: pd.DataFrame, weight: int = WEIGHT, whole_rows: bool = False) -> pd.DataFrame:
    """Games as outcomes (`outcome` 1 model won, 0.5, 0 lost), a clear verdict `weight` times.

    whole_rows: v2.0's rule, by which a question with a game without a verdict is left out, and its second game comes
    first; else such a game alone is left out. Raises `DataError` where a game stands there twice or none
    has a verdict, and with `whole_rows` for a question of one game only.
    """
    twice = games.duplicated(["model", "question", "game"])
    if twice.any():
        row = games[twice].iloc[0]
        raise DataError(f"{row['model']}: question {row['question']} has game {row['game']} twice; keep one judgment")
    if whole_rows:
        pair = games.groupby(["model", "question"], sort=False)["grade"]
        alone = games[pair.transform("size") != 2]
        if len(alone):
            row = alone.iloc[0]
            raise DataError(f"{row['model']}: question {row['question']} was judged in one order only; judge both")
        games = games[pair.transform("count") == 2]
        place = games.groupby(["model", "question"], sort=False).ngroup()
        games = games.iloc[np.lexsort([-games["game"].to_numpy(), place.to_numpy()])]
    games = games[games["grade"].notna()]
    if not len(games):
        raise DataError("no game has a verdict that counts; a leaderboard needs at least one")
    times = np.where(games["grade"].abs() == 2, weight, 1)
    made = games.iloc[np.repeat(np.arange(len(games)), times)].reset_index(drop=True)
    return made.assign(outcome=(np.sign(made["grade"]) + 1) / 2)


def mean_scores(of: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """v2.0 without style control: `score` (mean of 100 bootstrap means), `low`, `high` (5 and 95 %), `mean` (exact).

    of: `entries` with `whole_rows`. Entries are drawn within each model: those of one question by themselves, so the
    intervals are too narrow. The baseline stands at 0.5.
    """
    import pandas as pd

    rng = np.random.RandomState(SEED)
    held = {model: group["outcome"].to_numpy() for model, group in of.groupby("model", sort=True)}
    means = np.array(
        [
            [one[rng.choice(len(one), size=len(one), replace=True)].mean() for one in held.values()]
            for _ in range(ROUNDS)
        ]
    )
    low, high = np.quantile(means, [0.05, 0.95], axis=0)
    board = {"score": means.mean(axis=0), "low": low, "high": high, "mean": [one.mean() for one in held.values()]}
    made = pd.DataFrame(board, index=list(held))
    made.loc[baseline] = 0.5
    return made.sort_values("score", ascending=False)


def style_scores(of: pd.DataFrame, features: npt.NDArray[Any], baseline: str) -> tuple[pd.DataFrame, Array]:
    """v2.0 with style control: (`score`, `low`, `high`: median, 5 and 95 % of 100 refits; median effects (4,)).

    features: `density_contrast` of each entry, over all models that are to share one fit.
    """
    import pandas as pd

    models, design = style_design(of, features, baseline)
    rows = np.random.RandomState(SEED).randint(0, len(of), (ROUNDS, len(of)))
    found = stopped_early(design, of["outcome"], rows)
    p = len(models)
    rates = win_rate(elo(found[:, :p] - found[:, [models.index(baseline)]]))
    low, middle, high = np.quantile(rates, [0.05, 0.5, 0.95], axis=0)
    board = pd.DataFrame({"score": middle, "low": low, "high": high}, index=models)
    return board.sort_values("score", ascending=False), np.quantile(found[:, p:], 0.5, axis=0)


def style_design(of: pd.DataFrame, features: npt.NDArray[Any], baseline: str) -> tuple[list[str], npt.NDArray[Any]]:
    """Models, sorted, and v2.0's design: 1 for the model, -1 for the baseline, then the standardised features."""
    models = sorted({*of["model"], baseline})
    design = np.zeros((len(of), len(models)), np.float32)
    design[np.arange(len(of)), [models.index(model) for model in of["model"]]] = 1
    design[:, models.index(baseline)] = -1
    return models, np.hstack([design, standardised(np.asarray(features, np.float32), ddof=1)])


def ratings(
    of: pd.DataFrame, baseline: str, features: Array | None = None, with_first: bool = False
) -> tuple[pd.DataFrame, Array]:
    """v0.1 and WildVision-Bench: Bradley-Terry `rating`, `low`, `high` (2.5 and 97.5 % of 100 refits), and the same as
    win rates against the baseline (`score`, `score_low`, `score_high`); then the features' effects.

    of: `entries`. features: `count_contrast` of each entry; the fit then has scikit-learn's default ridge, as upstream.
    with_first: WildVision's first row is the fit to all battles. A model's battles with itself count for nothing.
    """
    import pandas as pd

    others = of[of["model"] != baseline]
    held = battles([baseline] * len(others), others["model"].tolist(), 1 - others["outcome"])
    rng, n = np.random.RandomState(SEED), len(of)
    draws = drawn(np.stack([rng.choice(n, size=n, replace=True) for _ in range(ROUNDS)]), n)
    draws = draws[:, (of["model"] != baseline).to_numpy()]
    p = len(held.models)
    if features is None:
        found, refits = strengths(held, baseline), strengths(held, baseline, draws)
    else:
        design = np.zeros((len(others), p))
        design[np.arange(len(others)), held.second] = -math.log(10)
        design[:, held.models.index(baseline)] = math.log(10)
        design = np.hstack([design, -standardised(features, ddof=0)[(of["model"] != baseline).to_numpy()]])
        both = ridged(design, held.outcome, np.concatenate([np.ones((1, len(others))), draws]))
        both[:, :p] = math.log(10) * (both[:, :p] - both[:, [held.models.index(baseline)]])
        found, refits = both[:1], both[1:]
    if with_first:
        refits = np.concatenate([found, refits])
    low, high = np.nanpercentile(elo(refits[:, :p]), [2.5, 97.5], axis=0)
    board = {"rating": elo(found[0, :p]), "low": low, "high": high}
    rates = {"score": "rating", "score_low": "low", "score_high": "high"}
    made = pd.DataFrame(board | {name: win_rate(board[of]) for name, of in rates.items()}, index=held.models)
    return made.sort_values("score", ascending=False), found[0, p:]
