"""How far a judge can be trusted, from its own verdicts: what stands beside every judged figure.

Everything is about one metric's value on each single answer (`statistics.influence.alone`): the headline's, or the
first that has such values. Sources of the measures are in `statistics.agreement` and `statistics.prediction_powered`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from mmeval.judging.addressed import addressed
from mmeval.length import LONG
from mmeval.samples import Sample
from mmeval.scorers.base import Metric, Scored, Scorer
from mmeval.scorers.panel import Member, Said, each_scored, together
from mmeval.scoring import estimate_json, plain
from mmeval.statistics.agreement import agreement, consistency, flips, length_preference, panel
from mmeval.statistics.influence import alone
from mmeval.statistics.prediction_powered import corrected_mean
from mmeval.statistics.sums import Array, Estimate, spread_of, table

NAMED = 20  # samples named in the JSON object


def quality(
    scorer: Scorer,
    headline: str,
    samples: Sequence[Sample],
    answers: Mapping[str, str | None],
    said: Mapping[str, Said],
    rule: str = "mean",
    labels: Mapping[str, float] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """The judge's part of a task's figures, as JSON.

    said: sample id -> each member's replies. labels: sample id -> people's value on the metric's scale.
    metric, judged: what the rest is about, and how many answers a judge has read; those that rules could read say
    nothing about it. per_answer: the metric of all is no mean over answers; what is said here is about that mean.
    position: of answers shown in both orders.
    consistency: of several votes. panel: of several judges. length: what longer answers gain, per 100 characters.
    people: agreement with labels, and the figure that they correct. addressed: answers that speak to the judge.
    """
    scored = [one for one in samples if said.get(one.id)]
    read = np.array([any(said[one.id].values()) for one in scored], bool)
    judged = [one for one, there in zip(scored, read, strict=True) if there]
    every = [each_scored(scorer, one, answers.get(one.id), said[one.id]) for one in scored]
    all_together = [together(one, rule) for one in every]
    name = _measured(scorer, headline, all_together)
    found: dict[str, Any] = {"metric": name, "judged": len(judged)}
    if not judged or name is None:
        return found
    metric, each = scorer.metrics[name], [one for one, there in zip(every, read, strict=True) if there]
    groups = [one.id if one.cluster is None else one.cluster for one in scored]
    clusters = [one for one, there in zip(groups, read, strict=True) if there]
    values = {
        member: _values(metric, [one.get(member) for one in each]) for member in sorted({m for e in each for m in e})
    }
    of_all = _values(metric, all_together)
    whole = of_all[read]
    if not _is_mean(metric, of_all, all_together, scored):
        found["per_answer"] = True

    if position := _position(scorer, values):
        found["position"] = as_json(
            flips(*position, [*clusters] * (len(position[0]) // len(clusters)), resamples, seed)
        )
    judges = sorted({member.judge for member in values})
    votes = np.concatenate([_votes(values, judge) for judge in judges])
    if votes.shape[1] > 1:
        found["consistency"] = as_json(consistency(votes, clusters * len(judges), resamples, seed))
    if len(judges) > 1:
        said_by = [[{m: one for m, one in some.items() if m.judge == judge} for some in each] for judge in judges]
        decided = np.stack([_values(metric, [together(one, "majority") for one in some]) for some in said_by], axis=1)
        found["panel"] = _among(decided, clusters, resamples, seed)
    lengths = np.array([len(answers.get(one.id) or "") for one in judged], float)
    people = np.array([(labels or {}).get(one.id, np.nan) for one in scored], float)
    people = np.where(np.isnan(of_all), np.nan, people)
    labelled = people[read] if (~np.isnan(people[read])).any() else None
    if lengths.mean() >= LONG and np.ptp(lengths) > 0:
        found["length"] = as_json(length_preference(whole, lengths, clusters, labelled, 100.0, resamples, seed))
    if labelled is not None:
        corrected = corrected_mean(of_all, people, groups)
        decided = _values(metric, [together(one, "majority") for one in each])
        found["people"] = as_json(agreement(decided, labelled, clusters, resamples, seed)) | as_json(corrected)
    if spoken := _addressed(judged, answers, whole):
        found["addressed"] = spoken
    return found


def _among(decided: Array, clusters: Sequence[str], resamples: int, seed: int) -> dict[str, Any]:
    """How far judges agree: all together, and two by two. decided: (n, judges)."""
    pairs = [
        agreement(decided[:, one], decided[:, other], clusters, resamples, seed).share
        for one, other in combinations(range(decided.shape[1]), 2)
    ]
    shown = [estimate_json(one) for one in pairs]
    return as_json(panel(decided, clusters, resamples, seed)) | {"pairs": shown}


def _measured(scorer: Scorer, headline: str, scored: Sequence[Scored | None]) -> str | None:
    """The headline's metric, or the first that has a value on some answer alone: groups of answers, fits and rates
    over two kinds of answers have none."""
    for name in (headline, headline.split(" ")[0], *scorer.metrics):
        metric = scorer.metrics.get(name)
        if isinstance(metric, Metric):
            with suppress(AttributeError):  # a count that only `Scorer.derive` adds
                if (~np.isnan(_values(metric, scored))).any():
                    return name
    return None


def _is_mean(metric: Any, values: Array, scored: Sequence[Scored | None], samples: Sequence[Sample]) -> bool:
    """Whether the metric of all answers is the mean of its values on each alone, as it isn't for ratios of counts."""
    known = [(one, sample) for one, sample in zip(scored, samples, strict=True) if one and not one.missing]
    slices = {metric.over: [sample.slices.get(metric.over) for _, sample in known]} if metric.over else {}
    data = table(_counts([one for one, _ in known]), range(len(known)), slices)
    value, _, undefined = spread_of(data, metric, resamples=0)
    return not undefined and bool(np.isclose(value, np.nanmean(values)))


def _counts(scored: Sequence[Scored | None]) -> dict[str, list[float]]:
    names = dict.fromkeys(name for one in scored if one for name in one.counts)
    return {name: [one.counts.get(name, 0.0) if one else 0.0 for one in scored] for name in names}


def _values(metric: Any, scored: Sequence[Scored | None]) -> Array:
    """(n,) the metric's value on each answer alone; NaN for those without a score."""
    known = [one if one is not None and not one.missing else None for one in scored]
    if not (counts := _counts(known)):
        return np.full(len(known), np.nan)
    values = alone(metric, table(counts, range(len(known))))
    return np.where([one is None for one in known], np.nan, values)


def _position(scorer: Scorer, values: Mapping[Member, Array]) -> tuple[Array, Array] | None:
    """The model's values where it stands first and where it stands second, of all judges and votes, one after the
    other; None where each answer was shown in one order."""
    swapped = [member for member in values if member.swapped]
    if not swapped or scorer.judging is None or scorer.judging.model_first is None:
        return None
    given = [Member(one.judge, one.vote) for one in swapped]
    pairs = [
        np.concatenate([values.get(one, np.full(len(values[swapped[0]]), np.nan)) for one in some])
        for some in (given, swapped)
    ]
    first, second = pairs if scorer.judging.model_first else pairs[::-1]
    return first, second


def _votes(values: Mapping[Member, Array], judge: int) -> npt.NDArray[np.float64]:
    """(n, votes) one judge's values, the mean of both orders."""
    votes = sorted({member.vote for member in values})
    columns = [
        [one for member, one in values.items() if (member.judge, member.vote) == (judge, vote)] for vote in votes
    ]
    n = len(next(iter(values.values())))
    return np.stack([_mean(np.stack(some, axis=1)) if some else np.full(n, np.nan) for some in columns], axis=1)


def _mean(columns: Array) -> Array:
    """Means of rows over what is there; NaN where nothing is."""
    there = ~np.isnan(columns)
    number = there.sum(axis=1)
    total = np.where(there, columns, 0.0).sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _addressed(judged: Sequence[Sample], answers: Mapping[str, str | None], values: Array) -> dict[str, Any] | None:
    """The answers that speak to the judge, and the mean value with and without them; None if there are none."""
    found = {one.id: addressed(answers.get(one.id) or "") for one in judged}
    spoken = {id: what for id, what in found.items() if what}
    if not spoken:
        return None
    others = values[[one.id not in spoken for one in judged]]
    without = float(np.nanmean(others)) if (~np.isnan(others)).any() else None
    figures = {"n": len(spoken), "mean": plain(np.nanmean(values)), "mean_without": without}
    return figures | {"samples": dict(list(spoken.items())[:NAMED])}


def as_json(found: Any) -> dict[str, Any]:
    """A dataclass of estimates as JSON: what is undefined is left out."""
    shown: dict[str, Any] = {}
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, Estimate):
            value = estimate_json(value)
        elif is_dataclass(value):
            value = as_json(value)
        value = plain(value)
        if value is not None:
            shown[field.name] = value
    return shown
