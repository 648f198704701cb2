"""Picture quality from how likely a model finds two words, held against people's ratings by correlation.

Wu et al. 2023 (Q-Bench), arXiv 2309.14181, section 3.3; rules read from Q-Future/Q-Bench leaderboards/IQA_outputs/
eval.ipynb. Samples have the people's mean rating as target, a slice `database`, and `half` in metadata: a database
of two halves has the mean of their figures.
"""

from __future__ import annotations

import math

from mmeval.samples import Sample
from mmeval.scorers.base import Scored, Scorer, counts
from mmeval.scorers.rewards import numbers_of
from mmeval.statistics.correlation import Correlation, correlated, pearson, spearman
from mmeval.statistics.sums import Fitted

TEMPERATURE = 100.0
DRAWS = 200  # databases are large: a fit sorts ten thousand pictures


def softmax(good: float, poor: float) -> float:
    """The share of "good" of the two. At this temperature it is all but linear in their difference.

    By `math.exp`, number by number: which pictures tie is decided by its last digit, and vectorised exponentials have
    others. Raises `OverflowError` or `ZeroDivisionError` for numbers that are no logits.
    """
    upper, lower = math.exp(good / TEMPERATURE), math.exp(poor / TEMPERATURE)
    return upper / (upper + lower)


def score(sample: Sample, answer: str) -> Scored:
    numbers = numbers_of(answer)
    if numbers is None or len(numbers) != 2:
        return Scored({}, missing="no list of two numbers, for the good and the poor word")
    try:
        quality = softmax(*numbers)
    except (OverflowError, ZeroDivisionError):
        return Scored({}, missing=f"{answer} are no logits or log-likelihoods")
    return counts(
        prediction=f"{quality:.4f}",
        quality=quality,
        difference=numbers[0] - numbers[1],
        human=sample.target,
        half=sample.metadata["half"],
    )


def _metric(how: Correlation, count: str) -> Fitted:
    return correlated(how, count, "human", over="database", within="half", draws=DRAWS)


# srcc_of_difference: the same ranks without the rounding of the softmax, which makes or parts ties.
QUALITY = Scorer(
    score,
    {
        "srcc": _metric(spearman, "quality"),
        "plcc": _metric(pearson, "quality"),
        "srcc_of_difference": _metric(spearman, "difference"),
    },
)
