"""What stands beside judged figures and beside figures of long answers, as rows for people: page and terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmeval.reporting.figures import NONE, Unit, interval, number

Json = Mapping[str, Any]

FEW = 20  # labelled clusters, below which corrected intervals cover less than they say


@dataclass(frozen=True, slots=True)
class Line:
    """One measure: its name, value and interval as printed, and what it says, in words."""

    name: str
    value: str
    interval: str
    says: str


def trust(judge: Json, unit: Unit) -> list[Line]:
    """Lines about the judge of a task, from its part of metrics.json. unit: of the metric that they are about."""
    return [*_verdicts(judge, unit), *_length(judge, unit), *_people(judge, unit)]


def _verdicts(judge: Json, unit: Unit) -> Iterator[Line]:
    if position := judge.get("position"):
        yield _line(
            "flips with the order", position.get("share"), "fraction", "of answers get another verdict when swapped"
        )
        chance = position.get("p_value")
        by_chance = "" if chance is None else f"; by chance p = {chance:.2g}"
        yield _line("first place gains", position.get("advantage"), unit, f"for standing first{by_chance}")
    if votes := judge.get("consistency"):
        yield _line("votes agree", votes.get("equal"), "fraction", "of pairs of votes on one answer are equal")
        if votes.get("icc"):
            yield _line("reliability of a vote", votes["icc"], "number", "ICC(1): 1 is no noise, 0 is nothing else")
    if panel := judge.get("panel"):
        for pair in panel["pairs"]:
            if pair:
                yield _line("judges agree", pair, "fraction", "of answers get the same value from two judges")
        if panel.get("interval"):
            yield _line(
                "agreement of the panel", panel["interval"], "number", "Krippendorff's alpha: 1 full, 0 by chance"
            )
    if spoken := judge.get("addressed"):
        says, mean, without = "answers speak to the judge", spoken.get("mean"), spoken.get("mean_without")
        if mean is not None and without is not None:
            mean_of = "the mean over judged answers is" if judge.get("per_answer") else f"{judge['metric']} is"
            says += f"; without them {mean_of} {number(without, unit)} in place of {number(mean, unit)}"
        yield Line("may have moved it", f"{spoken['n']:,}", NONE, says)


def _length(judge: Json, unit: Unit) -> Iterator[Line]:
    if not (length := judge.get("length")):
        return
    if length.get("slope"):
        yield _line("length gains", length["slope"], unit, "for 100 characters more; longer may be better, too")
    if length.get("excess"):
        yield _line("beyond people's liking", length["excess"], unit, "for 100 characters more than people give for it")


def _people(judge: Json, unit: Unit) -> Iterator[Line]:
    if not (people := judge.get("people")):
        return
    share = people.get("share")
    yield _line("agrees with people", share, "fraction", f"of {share['n'] if share else 0:,} labelled answers")
    for name, words in (("kappa", "Cohen's kappa"), ("quadratic", "kappa, weighted by the distance squared")):
        if people.get(name):
            yield _line(words, people[name], "number", "beyond chance: 1 full, 0 none")
    if people.get("bias"):
        yield _line("higher than people by", people["bias"], unit, f"{judge['metric']} of an answer, on average")
    if people.get("corrected"):
        few = people["corrected"]["clusters"] < FEW or people["labelled"] < FEW
        why = f"fewer than {FEW} labels: don't rely on this interval" if few else "if labels were drawn at random"
        mean_of = ", mean over answers," if judge.get("per_answer") else ""
        says = f"{judge['metric']}{mean_of} as people would have it, {why}"
        yield _line("corrected figure", people["corrected"], unit, says)


def _line(name: str, estimate: Json | None, unit: Unit, says: str) -> Line:
    if not estimate:
        return Line(name, NONE, NONE, says)
    value, low, high = (estimate.get(part) for part in ("value", "low", "high"))
    return Line(name, number(value, unit), interval(low, high, unit), says)


def lengths(length: Json, units: Mapping[str, Unit]) -> list[Line]:
    """Each metric against the length of the answers, from a task's part of metrics.json."""
    found: list[Line] = []
    for name, one in length["metrics"].items():
        rank = one.get("correlation")
        says = f"rank correlation {number(rank['value'], 'number')}" if rank else "no rank correlation"
        found.append(_line(name, one["slope"], units.get(name, "number"), says))
    return found
