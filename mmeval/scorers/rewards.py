"""A reward model's numbers for given answers: the higher one is what it prefers.

An answer is then a JSON list with a number for each of the sample's `continuations`: rewards, or log-likelihoods.
Lambert et al. 2024 (RewardBench), arXiv 2403.13787: a pair is right when the chosen answer gets strictly more.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from mmeval.samples import Sample
from mmeval.scorers.base import AnyMetric, Scored, Scorer, counts


def numbers_of(answer: str) -> list[float] | None:
    """The numbers of such an answer; None if it is no list of finite numbers."""
    try:
        found = json.loads(answer)
    except ValueError:
        return None
    if not isinstance(found, list) or not all(type(one) in (int, float) for one in found):
        return None
    numbers = [float(one) for one in found]
    return numbers if numbers and all(map(math.isfinite, numbers)) else None


def preferred(sample: Sample, answer: str) -> Scored:
    """Whether the best answer (its index is `sample.target`, 0 unless given) gets strictly more than each other one.

    Counts: right; tied (it shares the highest number); margin: its number less the highest of the others.
    """
    numbers = numbers_of(answer)
    wanted = len(sample.continuations)
    if numbers is None or len(numbers) < 2 or (wanted and len(numbers) != wanted):
        return Scored({}, missing=f"no list of {wanted or 'two'} numbers{'' if wanted else ' or more'}")
    best = int(sample.target or 0)
    others = [number for place, number in enumerate(numbers) if place != best]
    margin = numbers[best] - max(others)
    return counts(
        prediction=", ".join(f"{number:.4g}" for number in numbers),
        correct=margin > 0,
        right=margin > 0,
        tied=margin == 0,
        margin=margin,
    )


def rewarded(metrics: Mapping[str, AnyMetric]) -> Scorer:
    """`preferred`, with a benchmark's own figures over its counts `right` and `tied`."""
    return Scorer(preferred, metrics)
