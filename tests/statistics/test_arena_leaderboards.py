"""Arena-Hard-Auto's leaderboards: games as entries, the two versions' rules, style as covariates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmeval.errors import DataError
from mmeval.statistics import arena_leaderboards
from mmeval.statistics.arena_leaderboards import entries, mean_scores, ratings, style_design, style_scores
from mmeval.statistics.style_control import count_contrast, density_contrast, markdown, standardised

NAN = float("nan")


def games(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """(model, question, grade of the first game, of the second)"""
    long = [(model, question, i, grade) for model, question, *grades in rows for i, grade in enumerate(grades, 1)]
    return pd.DataFrame(long, columns=["model", "question", "game", "grade"])


PLAYED = games(("x", "q1", 2, -1), ("x", "q2", NAN, 1), ("y", "q1", 0, 0))


def test_entries():
    made = entries(PLAYED)
    assert made["outcome"].tolist() == [1, 1, 1, 0, 1, 0.5, 0.5]
    assert entries(PLAYED, weight=1)["outcome"].tolist() == [1, 0, 1, 0.5, 0.5]
    whole = entries(PLAYED, whole_rows=True)  # the second game first, and q2 of x is left out
    assert whole["outcome"].tolist() == [0, 1, 1, 1, 0.5, 0.5]
    assert whole["model"].tolist() == ["x"] * 4 + ["y"] * 2


def test_bad_games():
    with pytest.raises(DataError, match="x: question q1 has game 1 twice"):
        entries(pd.concat([PLAYED, PLAYED.iloc[:1]]))
    with pytest.raises(DataError, match="y: question q1 was judged in one order only"):
        entries(PLAYED.iloc[:-1], whole_rows=True)


def tournament(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(m, f"q{i}", *rng.choice(5, 2, p=p) - 2.0) for m, p in SKILLS.items() for i in range(n)]
    return entries(games(*rows), whole_rows=True)


SKILLS = {"strong": [0.05, 0.1, 0.15, 0.3, 0.4], "weak": [0.4, 0.3, 0.1, 0.15, 0.05]}


def test_mean_scores():
    of = tournament()
    board = mean_scores(of, "base")
    assert board.index.tolist() == ["strong", "base", "weak"]
    assert board.loc["base", ["score", "low", "high"]].tolist() == [0.5, 0.5, 0.5]
    assert board.loc["weak", "mean"] == of[of["model"] == "weak"]["outcome"].mean()
    assert (board["low"] <= board["score"]).all()
    assert (board["score"] <= board["high"]).all()


def test_ratings_are_the_means():
    of = tournament()
    board, effects = ratings(of, "base")
    assert board.loc["base", ["rating", "score", "score_low", "score_high"]].tolist() == [1000, 0.5, 0.5, 0.5]
    for model, group in of.groupby("model"):
        assert board.loc[model, "score"] == pytest.approx(group["outcome"].mean(), abs=1e-9)
        assert board.loc[model, "score_low"] < board.loc[model, "score"] < board.loc[model, "score_high"]
    assert len(effects) == 0
    own = of[of["model"] == "weak"].assign(model="base")
    assert ratings(pd.concat([of, own]), "base")[0]["rating"].to_dict() == pytest.approx(board["rating"].to_dict())


def test_style_is_told_from_skill(monkeypatch):
    """Two models of one skill; one writes at length, and the judge likes that: style control puts them level."""
    monkeypatch.setattr(arena_leaderboards, "ROUNDS", 5)
    rng = np.random.default_rng(1)
    model = np.repeat(["terse", "wordy"], 3000)
    length = rng.integers(100, 200, (6000, 1)) * np.where(model == "wordy", 1.5, 1)[:, None]
    style = np.hstack([length, rng.integers(0, 9, (6000, 3))])
    baseline = np.hstack([rng.integers(100, 250, (6000, 1)), rng.integers(0, 9, (6000, 3))])
    liked = 3 * (style[:, 0] - baseline[:, 0]) / (style[:, 0] + baseline[:, 0])
    of = pd.DataFrame({"model": model, "outcome": (rng.random(6000) < 1 / (1 + np.exp(-liked))).astype(float)})
    plain = of.groupby("model")["outcome"].mean()
    assert plain["wordy"] - plain["terse"] > 0.1
    board, effects = style_scores(of, density_contrast(style, baseline), "base")
    assert board.loc["wordy", "score"] == pytest.approx(board.loc["terse", "score"], abs=0.04)
    assert effects[0] > 5 * abs(effects[1:]).max()
    older, effects = ratings(of, "base", count_contrast(style, baseline))
    assert older.loc["wordy", "score"] == pytest.approx(older.loc["terse", "score"], abs=0.04)
    assert effects[0] > 5 * abs(effects[1:]).max()


def test_contrasts():
    made = density_contrast([[30, 2, 0, 1]], [[10, 0, 4, 1]])
    assert made.dtype == np.float32
    dense = [(2 / 31) / (2 / 31 + 1), (-4 / 11) / (4 / 11 + 1), (1 / 31 - 1 / 11) / (1 / 31 + 1 / 11 + 1)]
    assert made[0] == pytest.approx([0.5, *dense], rel=1e-6)
    assert count_contrast([[30, 2, 0, 1]], [[10, 0, 4, 1]])[0] == pytest.approx([20 / 41, 2 / 3, -4 / 5, 0])
    models, design = style_design(pd.DataFrame({"model": ["x", "a"]}), np.eye(2, 4) + np.eye(2, 4)[::-1, ::-1], "b")
    assert models == ["a", "b", "x"]
    assert design[:, :3].tolist() == [[0, -1, 1], [1, -1, 0]]


def test_bad_styles():
    with pytest.raises(DataError, match="both need token_len, header, list, bold"):
        density_contrast([[1, 2]], [[1, 2]])
    with pytest.raises(DataError, match="no tokens"):
        density_contrast([[0, 0, 0, 0]], [[0, 0, 0, 0]])
    with pytest.raises(DataError, match="feature 1 is the same in every battle"):
        standardised(np.array([[1.0, 2.0], [3.0, 2.0]]), 1)


def test_markdown():
    text = "# One\n## Two\n- a\n* b\n 3. c\n**bold** and __more__\n```\n# not a header\n- nor an item\n```\n#none"
    assert markdown(text) == (2, 3, 2)
