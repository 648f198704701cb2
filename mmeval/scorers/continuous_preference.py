"""How far a judge prefers the model's answer to the baseline's: a number from 1 (baseline) to 2 (model).

AlpacaEval 2 (tatsu-lab/alpaca_eval, annotator weighted_alpaca_eval_gpt4_turbo): the judge names one of two answers, `m`
or `M`, and the preference is the weight of the model's one by the log-probabilities of the two tokens. Replies of our
judge pass are text, so that a live verdict is 1 or 2 and nothing between: `win_rate` is then the discrete one. Stored
annotations have the weighted preference and give the official figures. Judging by log-probabilities isn't supported.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from mmeval.samples import Sample
from mmeval.scorers.base import AnyMetric, Fitted, Judging, Metric, Scored, Scorer, counts
from mmeval.statistics.length_controlled import Array, Compared, Controlled, length_controlled

EQUAL = 1.5
REFITS = 200  # resamples of a figure that is fitted; a fit takes some milliseconds
PINNED_C = 10 ** (4 / 9)  # what cross-validation chose for most models of the leaderboard, 2.78

_LETTER = re.compile(r"\W*([mM])\W*")


def is_switched(instruction: str) -> bool:
    """Whether the judge sees the model's answer first: by lot, the same for every model (annotator's seed 0)."""
    return random.Random(f"is_switched_outputs{instruction}0").choices([False, True], k=1)[0]


def verdict(reply: str) -> str | None:
    """ "m" (the first answer) or "M" (the second); None where the reply is more than that letter and marks."""
    found = _LETTER.fullmatch(reply)
    return found[1] if found else None


def stored(preference: float | None, difficulty: float | None = None, absent: bool = False) -> str:
    """A stored preference as a judge's reply. difficulty: that of the position in the file, which is what the official
    script takes. absent: the file has no row of this instruction."""
    return json.dumps({"preference": preference, "difficulty": difficulty, "absent": absent})


def continuous_preference(prompt: str, by_row: bool = False, c: float | None = None) -> Scorer:
    """Win rate, length-controlled win rate and what the leaderboard shows beside them.

    Reads `prompt` (the instruction), `target` (the baseline's answer) and in `metadata`: `difficulty` of the
    instruction, and `gamed`, a list of (standardised difference in length, preference) of the regularising answers to
    it; None and empty where the tables are not at hand. by_row: stored annotations have the difficulty of their
    position in the file, as in the official script, rather than that of their instruction. c: the penalty of the fit
    instead of one chosen by cross-validation.
    An instruction without a verdict is in no figure but `unread` and `avg_length` (characters; 0 without an answer),
    and in the predictions of the length-controlled figures if it has an answer.
    """

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        if replies or answer == sample.target:
            return []
        pair = (answer, sample.target) if is_switched(sample.prompt) else (sample.target, answer)
        return [{"instruction": sample.prompt, "answer_1": pair[0], "answer_2": pair[1]}]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        held = _stored(replies[0]) if replies else None
        if held is not None:
            preference = held["preference"]
        elif replies:
            said = verdict(replies[0])
            preference = None if said is None else 2.0 if (said == "M") != is_switched(sample.prompt) else 1.0
        else:
            preference = EQUAL
        difficulty = held["difficulty"] if held and by_row else sample.metadata["difficulty"]
        return _scored(sample, answer, preference, difficulty, absent=bool(held and held["absent"]))

    def readable(reply: str, asked: Mapping[str, Any]) -> bool:
        return verdict(reply) is not None

    return Scorer(None, metrics(c), judging=Judging(prompt, calls, score, readable))


def _stored(reply: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(reply)
    except ValueError:
        return None
    return found if isinstance(found, dict) and {"preference", "difficulty", "absent"} <= found.keys() else None


def _scored(
    sample: Sample, answer: str | None, preference: float | None, difficulty: float | None, absent: bool
) -> Scored:
    """The counts of one instruction. What the fits need stands in them, so that it is resampled with the rest."""
    judged = preference is not None and not absent
    y = preference - 1 if preference is not None and judged else 0.5
    word = "won" if y > 0.5 else "lost" if y < 0.5 else "tied"
    gamed: dict[str, float] = {}
    for number, (apart, preferred) in enumerate(sample.metadata["gamed"]):
        gamed |= {f"gamed_{number}_apart": apart, f"gamed_{number}_preference": preferred}
    own = sample.metadata["difficulty"]
    made = counts(
        prediction=word if judged else None,
        correct=y > 0.5 if judged and y != 0.5 else None,
        notes={"preference": f"{preference:.4g}"} if judged else None,
        present=not absent,
        judged=judged,
        preference=y if judged else 0.0,
        won=judged and word == "won",
        tied=judged and word == "tied",
        lost=judged and word == "lost",
        chars=0 if absent else len(answer or ""),
        baseline_chars=0 if absent else len(sample.target),
        rated=own is not None,
        difficulty=0.0 if difficulty is None else difficulty,
        own_difficulty=0.0 if own is None else own,
    )
    return replace(made, counts={**made.counts, **gamed})


def compared(counted: Mapping[str, Array], difficulty: bool = True, gamed: bool = True) -> Compared | None:
    """The data of a fit, from the counts of a table of scores, for the instructions with an answer. None where the
    tables that it needs were not at hand.

    difficulty, gamed: both are in the official figure (`length_controlled_v1`); `length_controlled_noreg` has no
    gamed rows, `length_controlled_minimal` has neither.
    """
    here = counted["present"] > 0
    number = sum(f"gamed_{i}_apart" in counted for i in range(len(counted)))
    if not here.any() or (difficulty and not counted["rated"].all()) or (gamed and not number):
        return None
    hard = counted["own_difficulty"]
    rows = [
        np.stack([counted[f"gamed_{i}_apart"], hard, counted[f"gamed_{i}_preference"]], axis=1) for i in range(number)
    ]
    return Compared(
        preference=_preferences(counted)[here],
        shorter=(counted["baseline_chars"] - counted["chars"])[here],
        difficulty=counted["difficulty"][here] if difficulty else None,
        gamed=np.concatenate(rows) if gamed else None,
    )


def controlled(data: Compared, c: float | None = None) -> Controlled:
    """`length_controlled` of the data as they are; several figures are made of one fit."""
    held = (data.preference, data.shorter, data.difficulty, data.gamed)
    return _controlled(tuple(None if one is None else one.tobytes() for one in held), c)


@lru_cache(32)
def _controlled(held: tuple[bytes | None, ...], c: float | None) -> Controlled:
    preference, shorter, difficulty, gamed = (None if one is None else np.frombuffer(one) for one in held)
    assert preference is not None
    assert shorter is not None
    return length_controlled(
        Compared(preference, shorter, difficulty, None if gamed is None else gamed.reshape(-1, 3)), c=c
    )


def _lc_win_rate(c: float | None, difficulty: bool = True, gamed: bool = True) -> Fitted:
    """Fitted again on every resample of instructions, gamed rows as they are, C as it was for the figure itself."""

    def fit(counted: Mapping[str, Array], weights: Array) -> Array:
        data = compared(counted, difficulty, gamed)
        if data is None:
            return np.full(len(weights), np.nan)
        value = controlled(data, c)
        if (weights == 1).all():
            return np.repeat(value.win_rate, len(weights))
        return length_controlled(data, weights[:, counted["present"] > 0], value.c).win_rate

    return Fitted(fit, unit="fraction", draws=REFITS)


def _of_the_fit(c: float | None, name: str) -> Fitted:
    """A number of the official fit, without an interval."""

    def fit(counted: Mapping[str, Array], weights: Array) -> Array:
        data = compared(counted)
        value: Any = np.nan if data is None else getattr(controlled(data, c), name)
        return np.broadcast_to(np.asarray(value, float), (len(weights),))

    return Fitted(fit, better=None, unit="number" if name == "c" else "fraction", draws=1)


def metrics(c: float | None) -> dict[str, AnyMetric]:
    """The leaderboard's figures as fractions.

    standard_error: the official one, of the mean preference. lc_standard_error: the official one, which is the spread
    of the fit's predictions over instructions, not an error of sampling; that is `stderr` of lc_win_rate, from refits
    on resamples. lc_c: the chosen C. Within a slice all is fitted to the slice.
    length_controlled_noreg, length_controlled_minimal: the official variants that need fewer tables.
    """
    return {
        "lc_win_rate": _lc_win_rate(c),
        "win_rate": Metric(lambda s: s.ratio(s.preference, s.judged)),
        "discrete_win_rate": Metric(lambda s: s.ratio(s.won + s.tied / 2, s.judged)),
        "standard_error": Fitted(_standard_error, better=None, unit="fraction"),
        "lc_standard_error": _of_the_fit(c, "standard_error"),
        "lc_c": _of_the_fit(c, "c"),
        "length_controlled_noreg": _lc_win_rate(c, gamed=False),
        "length_controlled_minimal": _lc_win_rate(c, difficulty=False, gamed=False),
        "won": Metric(lambda s: s.ratio(s.won, s.judged)),
        "tied": Metric(lambda s: s.ratio(s.tied, s.judged), better=None),
        "lost": Metric(lambda s: s.ratio(s.lost, s.judged), better="lower"),
        "avg_length": Metric(lambda s: s.ratio(s.chars, s.n), better=None, unit="number"),
        "unread": Metric(lambda s: s.ratio(s.n - s.judged, s.n), better="lower"),
    }


def _standard_error(counted: Mapping[str, Array], weights: Array) -> Array:
    """Of the mean preference, with n - 1."""
    y = _preferences(counted)
    judged = ~np.isnan(y)
    if not judged.any():
        return np.full(len(weights), np.nan)
    number, apart = weights[:, judged].sum(axis=1), y[judged] - y[judged].mean()
    variance = (weights[:, judged] @ apart**2 - (weights[:, judged] @ apart) ** 2 / number) / (number - 1)
    return np.asarray(np.sqrt(np.maximum(variance, 0) / number))


def _preferences(counted: Mapping[str, Array]) -> Array:
    """(n,) in [0, 1]; NaN without a verdict. Where several judges spoke, both counts are means over them."""
    judged = counted["judged"]
    preferences: Array = np.full(len(judged), np.nan)
    np.divide(counted["preference"], judged, out=preferences, where=judged > 0)
    return preferences


def checked(preference: Any) -> float | None:
    """A stored preference in [1, 2]; None where there is none. Old files have 0 for a draw. Raises `ValueError`."""
    if preference is None or (isinstance(preference, float) and math.isnan(preference)):
        return None
    if isinstance(preference, bool) or not isinstance(preference, int | float):
        raise ValueError(f"{preference!r} is no number")
    if preference == 0:
        return EQUAL
    if not 1 <= preference <= 2:
        raise ValueError(f"{preference!r} is not between 1 (the baseline's answer) and 2 (the model's)")
    return float(preference)
