"""One rule of a policy on one metric: the evidence for and against it, and the verdict in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scipy.special import ndtri, stdtr, stdtrit

from mmeval.compare import Comparison, MetricCompared
from mmeval.gating.results import (
    CANNOT_TELL,
    HOLDS,
    VIOLATED,
    RuleResult,
    RuleVerdict,
    alone,
    bound,
    by_chance,
    change,
    points,
    size,
    would_do,
)
from mmeval.gating.wanted import BASE, CANDIDATE, NOTHING, Sides, Wanted
from mmeval.reporting.figures import interval, number
from mmeval.scoring import table_of
from mmeval.statistics import bounds
from mmeval.statistics.bounds import Own
from mmeval.statistics.multiplicity import holm
from mmeval.statistics.paired import POWER, Paired, about, needed, p_not_worse
from mmeval.statistics.sums import AnyMetric, span

if TYPE_CHECKING:
    from mmeval.catalog import Catalog
    from mmeval.gating.policy import Policy


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks to one wanted thing. p: two-sided, of what would violate it; None where nothing can be said."""

    wanted: Wanted
    metric: AnyMetric | None = None
    test: Paired | None = None
    own: Own | None = None
    p: float | None = None
    lacking: tuple[RuleVerdict, str] | None = None


def judged(
    wanted: Sequence[Wanted], comparison: Comparison, sides: Sides, catalog: Catalog, policy: Policy
) -> list[RuleResult]:
    """Every wanted thing with its verdict; what speaks against one is held against all of them together (Holm)."""
    found = [_evidence(one, comparison, sides, catalog, policy.alpha) for one in wanted]
    strict = holm([one.p for one in found])
    tests = sum(one.p is not None for one in found)
    return [_verdict(one, p, tests, policy) for one, p in zip(found, strict, strict=True)]


# -- evidence


def _evidence(one: Wanted, comparison: Comparison, sides: Sides, catalog: Catalog, alpha: float) -> Evidence:
    if one.task is None or one.metric is None:
        return Evidence(one, lacking=(CANNOT_TELL if one.absent == NOTHING else VIOLATED, str(one.absent)))
    metric = sides.metrics(one.task, catalog).get(one.metric)
    if why := sides.lacks(CANDIDATE, one.task):
        return Evidence(one, metric, lacking=(VIOLATED, why))
    if one.absent or metric is None:
        return Evidence(one, metric, lacking=(CANNOT_TELL, str(one.absent)))
    compared = comparison.tasks[one.task].metrics.get(one.metric) if one.task in comparison.tasks else None
    if one.asks in ("at_most", "at_least"):
        own = _own(one.task, one.metric, metric, sides)
        if own is None:
            return Evidence(one, metric, lacking=(CANNOT_TELL, "has no interval: undefined, or of one cluster alone"))
        beyond = bounds.p_above if one.asks == "at_most" else bounds.p_below
        p = min(1.0, 2 * beyond(own, one.limit, alpha))
        return Evidence(one, metric, None if compared is None else compared.test, own, p)
    if compared is None:
        why = sides.lacks(BASE, one.task) or comparison.absent.get(one.task) or "not in both runs"
        return Evidence(one, metric, lacking=(CANNOT_TELL, why))
    return Evidence(one, metric, compared.test, p=_p_against(one, compared))


def _own(task: str, name: str, metric: AnyMetric, sides: Sides) -> Own | None:
    """The candidate's own figure over all that it has a score of; None where it has no interval."""
    told = sides.figures(CANDIDATE, task).get(name) or {}
    if told.get("undefined") or told.get("stderr") is None:
        return None
    frame = sides.runs[CANDIDATE].scores()
    reach = about(metric, table_of(frame[frame["task"] == task]))
    if reach.effective <= 1:
        return None
    return Own(told["value"], told["stderr"], reach.samples, reach.effective, span(metric))


def _p_against(one: Wanted, compared: MetricCompared) -> float | None:
    """Of "not worse", two-sided; of "worse by the margin at most", where the rule has one. Worse by more than a margin
    is worse, so that the second is never below the first."""
    test, metric = compared.test, compared.metric
    if one.asks != "not_worse_by" or test.p is None:
        return test.p
    stderr, margin = _stderr(test), _margin(one, metric)
    short = _good(test, metric) + margin  # how much better than the worst that the rule lets pass
    if short >= 0 or stderr is None:
        return 1.0
    beyond = 0.0 if stderr == 0 else 2 * float(stdtr(test.clusters - 1, short / stderr))
    return max(test.p, beyond)


def _stderr(test: Paired) -> float | None:
    if test.difference.stderr is None or test.clusters <= 1:
        return None
    return bounds.Own(0.0, test.difference.stderr, test.difference.n, test.clusters, None).spread


def _good(test: Paired, metric: AnyMetric) -> float:
    """The difference, turned so that above 0 is better."""
    return test.difference.value if metric.better == "higher" else -test.difference.value


def _width(metric: AnyMetric) -> float | None:
    """The metric's range; 1 point is a hundredth of it."""
    reach = span(metric)
    return None if reach is None else reach[1] - reach[0]


def _margin(one: Wanted, metric: AnyMetric) -> float:
    return one.limit / 100 * (_width(metric) or 0.0)


# -- verdicts


def _verdict(found: Evidence, strict: float | None, tests: int, policy: Policy) -> RuleResult:
    one, test, metric = found.wanted, found.test, found.metric
    made = RuleResult(
        name=one.name,
        asks=one.asks,
        verdict=CANNOT_TELL,
        reason="",
        absent=found.lacking is not None,
        task=one.task,
        metric=metric,
        limit=one.limit if one.asks not in ("no_regression", "better") else None,
        p=found.p,
        holm=strict,
    )
    if found.lacking is not None or metric is None:
        verdict, why = found.lacking or (CANNOT_TELL, "")
        return replace(made, verdict=verdict, reason=why)
    if test is not None:
        made = replace(made, base=test.base, candidate=test.candidate)
    if found.own is not None:
        return _bounded(made, found.own, tests, policy)
    if test is None:
        return made
    made = replace(made, difference=test.difference, points=_in_points(test, metric))
    if test.p is None:
        return replace(made, reason="nothing to tell by: the metric is undefined, or all samples are one cluster")
    judge = {"no_regression": _no_regression, "not_worse_by": _not_worse_by, "better": _better}[one.asks]
    return judge(made, found, test, tests, policy)


def _no_regression(made: RuleResult, found: Evidence, test: Paired, tests: int, policy: Policy) -> RuleResult:
    assert made.metric is not None
    good = _good(test, made.metric)
    if _shown(made.holm, policy) and good < 0:
        if made.points is not None and -made.points[0] <= policy.tolerance:
            why = f"worse by {size(made)}, shown, but within the tolerance of {points(policy.tolerance)}"
            return replace(made, verdict=HOLDS, reason=why)
        return replace(made, verdict=VIOLATED, reason=f"worse by {size(made)}{by_chance(made, tests)}")
    if 2.0 ** (1 - test.about) * tests > policy.alpha:
        many = test.about
        why = f"too few samples: of {many} clusters no regression could be shown, even if each one got worse"
        return replace(made, reason=why)
    more = (alone(made, tests, policy.alpha) if good < 0 else "") or _would_see(test, made, tests, policy)
    return replace(made, verdict=HOLDS, reason=f"no regression shown: {change(made)}{more}")


def _not_worse_by(made: RuleResult, found: Evidence, test: Paired, tests: int, policy: Policy) -> RuleResult:
    metric, limit = made.metric, float(made.limit or 0)
    assert metric is not None
    margin, good = _margin(found.wanted, metric), _good(test, metric)
    p = _p_not_worse(test, metric, margin)
    made = replace(made, p_holds=p)
    if _shown(made.holm, policy) and good < -margin:
        why = f"worse by more than {points(limit)}: by {size(made)}{by_chance(made, tests)}"
        return replace(made, verdict=VIOLATED, reason=why)
    told = _at_worst(test, metric, policy)
    if p is not None and p <= policy.alpha:
        return replace(made, verdict=HOLDS, reason=f"shown: {told}")
    short = good + margin
    more = None
    if short > 1e-12:
        more = enough(test, metric, margin, policy.alpha)
    elif short < -1e-12:
        more = needed(test, -short, policy.alpha / tests)
    return replace(made, reason=f"not shown: {told}{would_do(more, test.difference.n)}", needed=more)


def _better(made: RuleResult, found: Evidence, test: Paired, tests: int, policy: Policy) -> RuleResult:
    assert made.metric is not None
    good = _good(test, made.metric)
    if _shown(made.holm, policy) and good:
        if good > 0:
            return replace(made, verdict=HOLDS, reason=f"better by {size(made)}{by_chance(made, tests)}")
        return replace(made, verdict=VIOLATED, reason=f"worse by {size(made)}{by_chance(made, tests)}")
    if good <= 1e-12:
        return replace(made, reason=f"not better in these samples: {change(made)}")
    more = needed(test, good, policy.alpha / tests)
    why = f"not shown: {change(made)}{alone(made, tests, policy.alpha)}"
    return replace(made, reason=why + would_do(more, test.difference.n), needed=more)


def _bounded(made: RuleResult, own: Own, tests: int, policy: Policy) -> RuleResult:
    assert made.metric is not None
    limit, unit = float(made.limit or 0), made.metric.unit
    low, high = bounds.interval(own, policy.alpha)
    made = replace(made, candidate=own.value, low=low, high=high)
    figures = f"{number(own.value, unit)} ({interval(low, high, unit)})"
    within = bounds.p_below if made.asks == "at_most" else bounds.p_above
    over, under = ("above", "below") if made.asks == "at_most" else ("below", "above")
    p = within(own, limit, policy.alpha)
    made = replace(made, p_holds=p)
    if _shown(made.holm, policy):
        return replace(made, verdict=VIOLATED, reason=f"{over} {bound(limit, unit)}: {figures}{by_chance(made, tests)}")
    if p <= policy.alpha / 2 or (own.value == limit == _end(made)):
        return replace(made, verdict=HOLDS, reason=f"{under} {bound(limit, unit)}: {figures}")
    level = policy.alpha if (own.value < limit) == (made.asks == "at_most") else policy.alpha / tests
    more = bounds.needed(own, limit, level)
    return replace(made, reason=f"not shown: {figures}{would_do(more, own.n)}", needed=more)


def _end(made: RuleResult) -> float | None:
    """The bound that nothing can pass: at most the highest value, at least the lowest."""
    reach = None if made.metric is None else span(made.metric)
    return None if reach is None else reach[1 if made.asks == "at_most" else 0]


def _shown(p: float | None, policy: Policy) -> bool:
    return p is not None and p <= policy.alpha


# -- words


def _in_points(test: Paired, metric: AnyMetric) -> tuple[float, float | None, float | None] | None:
    width = _width(metric)
    if width is None:
        return None
    sign = 100 / width if metric.better == "higher" else -100 / width
    one = test.difference
    ends = [None if end is None else sign * end for end in (one.low, one.high)]
    low, high = ends if sign > 0 else reversed(ends)
    return sign * one.value, low, high


def _p_not_worse(test: Paired, metric: AnyMetric, margin: float) -> float | None:
    return p_not_worse(test, "higher" if metric.better == "higher" else "lower", margin)


def _at_worst(test: Paired, metric: AnyMetric, policy: Policy) -> str:
    """By how much the candidate may be worse: the smallest margin that it would be shown not to be worse by."""
    width = _width(metric) or 1.0
    low, high = 0.0, width
    if (p := _p_not_worse(test, metric, 0.0)) is not None and p <= policy.alpha:
        return f"not worse at all, with {policy.confidence:g} % confidence"
    for _ in range(30):
        middle = (low + high) / 2
        p = _p_not_worse(test, metric, middle)
        low, high = (low, middle) if p is not None and p <= policy.alpha else (middle, high)
    return f"at worst {points(float(f'{100 * high / width:.2g}'))} worse, with {policy.confidence:g} % confidence"


def enough(test: Paired, metric: AnyMetric, margin: float, alpha: float) -> int | None:
    """How many samples would show with 80 % power that it is not worse by the margin, if it is as much worse as it was
    here, and no better than the base where it was better here. None beyond a million times as many."""
    worse = min(_good(test, metric), 0.0)
    sign = 1 if metric.better == "higher" else -1

    def shown(times: float) -> bool:
        seen = test.difference
        stderr = (seen.stderr or 0.0) / math.sqrt(times)
        value = sign * (worse - float(ndtri(POWER)) * stderr)  # as far below as one draw in five falls
        there = replace(seen, value=value, stderr=stderr, clusters=round(seen.clusters * times))
        larger = replace(
            test,
            difference=there,
            clusters=test.clusters * times,
            moved=round(test.moved * times),
            about=round(test.about * times),
            seen=round(test.seen * times),
        )
        p = _p_not_worse(larger, metric, margin)
        return p is not None and p <= alpha

    low, high = 1.0, 2.0
    while not shown(high):
        low, high = high, 2 * high
        if high > 1e6:
            return None
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return math.ceil(high * test.difference.n)


def _would_see(test: Paired, made: RuleResult, tests: int, policy: Policy) -> str:
    """From which size on a regression would be found in such samples with 80 % power, at the strictest of all levels;
    by the rule that `mmeval.statistics.paired` has for a single level."""
    assert made.metric is not None
    width, stderr, clusters = _width(made.metric), _stderr(test), test.clusters
    if width is None or stderr is None:
        return ""
    level = policy.alpha / tests
    away = float(stdtrit(clusters - 1, 1 - level / 2) + stdtrit(clusters - 1, POWER))
    size = 100 * max(away * stderr / width, away**2 / (clusters + away**2))
    return f"; one of {size:.1f} points would be seen 4 times in 5" if size < 100 else ""
