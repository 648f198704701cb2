"""A win rate at equal length: what is left of it when neither answer is the longer one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit

from mmeval.samples import Sample
from mmeval.scorers.base import Fitted, Judging, Scored, Scorer
from mmeval.statistics.length import log_odds, squashed_length
from mmeval.statistics.sums import Array


def at_equal_length(scorer: Scorer) -> Scorer:
    """A scorer of `pairwise.against_reference` with two figures more: `length_controlled_win_rate`, and how many
    characters the model's answers are longer than the reference answers (`longer_by`).

    As `statistics.length.win_rate_at_equal_length` has it, after length-controlled AlpacaEval (Dubois et al. 2024,
    arXiv 2404.04475, section 3).
    """
    assert scorer.judging
    swap = _measured(scorer.judging.swap) if scorer.judging.swap else None
    metrics = {
        "length_controlled_win_rate": Fitted(_intercept, unit="fraction", draws=500),
        "longer_by": Fitted(_mean_difference, better=None),
    }
    first = dict(list(scorer.metrics.items())[:1])
    return replace(
        scorer,
        metrics=first | metrics | dict(scorer.metrics),
        judging=replace(_measured(scorer.judging), swap=swap),
    )


def _measured(judging: Judging) -> Judging:
    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        scored = judging.score(sample, answer, replies)
        longer_by = float("nan") if answer is None else float(len(answer) - len(sample.target))
        return replace(scored, counts={**scored.counts, "longer_by": longer_by})

    return replace(judging, score=score)


def _read(counted: Mapping[str, Array], weights: Array) -> tuple[Array, Array, Array]:
    """Wins, length differences and weights of the samples whose verdict and length are known."""
    verdicts, longer_by = counted["verdicts"], counted["longer_by"]
    known = (verdicts > 0) & ~np.isnan(longer_by)
    won = (counted["won"] + counted["tied"] / 2)[known] / verdicts[known]
    return won, longer_by[known], weights[:, known]


def _mean_difference(counted: Mapping[str, Array], weights: Array) -> Array:
    _, longer_by, often = _read(counted, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(often @ longer_by / often.sum(axis=1))


def _intercept(counted: Mapping[str, Array], weights: Array) -> Array:
    """(m,) win rates where neither answer is longer; NaN where there is nothing to tell it from."""
    won, longer_by, often = _read(counted, weights)
    if not len(won):
        return np.full(len(weights), np.nan)
    return np.asarray(expit(log_odds(squashed_length(longer_by), won, often)[:, 0]))
