"""A rule's result, and the words it is told in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mmeval.scoring import estimate_json, plain
from mmeval.statistics.sums import AnyMetric, Estimate

RuleVerdict = Literal["holds", "violated", "cannot tell"]
HOLDS: RuleVerdict = "holds"
VIOLATED: RuleVerdict = "violated"
CANNOT_TELL: RuleVerdict = "cannot tell"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """A rule on one metric (task and metric None: on the runs as a whole). absent: there is nothing to judge.

    base, candidate, difference, bound: in the metric's unit; points: the difference (value, low, high; above 0 is
    better) on its 0 to 100 scale, None where that is not known. low, high: of the candidate's own figure, for a bound.
    p: against the rule, two-sided; holm: the same over all rules; p_holds: one-sided, for a rule that must be shown.
    needed: samples that would do.
    """

    name: str
    asks: str
    verdict: RuleVerdict
    reason: str
    absent: bool = False
    task: str | None = None
    metric: AnyMetric | None = None
    base: float | None = None
    candidate: float | None = None
    low: float | None = None
    high: float | None = None
    difference: Estimate | None = None
    points: tuple[float, float | None, float | None] | None = None
    limit: float | None = None
    p: float | None = None
    holm: float | None = None
    p_holds: float | None = None
    needed: int | None = None

    @property
    def rule(self) -> str:
        """The whole rule in words."""
        return f"{self.name} {said(self.asks, self.limit, self.metric)}".strip()

    def to_json(self) -> dict[str, Any]:
        points = None if self.points is None else dict(zip(("value", "low", "high"), self.points, strict=True))
        plainly = ("base", "candidate", "low", "high", "limit", "p", "holm", "p_holds")
        return {
            "rule": self.rule,
            "name": self.name,
            "asks": self.asks,
            "task": self.task,
            "verdict": self.verdict,
            "absent": self.absent,
            "reason": self.reason,
            "unit": None if self.metric is None else self.metric.unit,
            "better": None if self.metric is None else self.metric.better,
            "difference": None if self.difference is None else estimate_json(self.difference),
            "points": points,
            "needed": self.needed,
            **{name: plain(getattr(self, name)) for name in plainly},
        }


def said(asks: str, limit: float | None, metric: AnyMetric | None) -> str:
    unit = "number" if metric is None else metric.unit
    match asks:
        case "not_worse_by":
            return f"not worse by {points(limit)}"
        case "at_most" | "at_least":
            return f"{asks.replace('_', ' ')} {bound(limit, unit)}"
        case "required_dimension":
            return "has figures in both runs"
        case "no_regression" | "better":
            return asks.replace("_", " ")
    return ""


def alone(made: RuleResult, tests: int, alpha: float) -> str:
    """What is to be said of a difference that the interval seems to show."""
    if made.p is None or made.p > alpha or tests < 2:
        return ""
    return f"; p {made.p:.4f} would do for one test alone, not for {tests} together (Holm {made.holm:.2g})"


def change(made: RuleResult) -> str:
    if made.points is None:
        assert made.difference is not None
        return f"{made.difference.value:+.3g}"
    value, low, high = made.points
    ends = f" ({_sign(low)} to {_sign(high)})" if low is not None and high is not None else ""
    return f"{_sign(value)} points{ends}"


def _sign(value: float) -> str:
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def size(made: RuleResult) -> str:
    """How much better or worse, without the sign."""
    if made.points is None:
        assert made.difference is not None
        return f"{abs(made.difference.value):.3g}"
    value, low, high = made.points
    told = points(float(f"{abs(value):.3g}"))
    if low is None or high is None or low * high < 0:
        return told
    ends = sorted((abs(low), abs(high)))
    return f"{told} ({ends[0]:.1f} to {ends[1]:.1f})"


def by_chance(made: RuleResult, tests: int) -> str:
    p = float(made.holm if made.holm is not None else 1.0)
    shown = "below 0.0001" if p < 0.0001 else f"{p:.4f}"
    return f", p {shown}" + (f" after Holm over {tests} tests" if tests > 1 else "")


def would_do(number_of: int | None, n: int) -> str:
    return "" if number_of is None else f"; about {number_of:,} samples like these would do, there are {n:,}"


def points(value: float | None) -> str:
    return f"{value:g} {'point' if value == 1 else 'points'}"


def bound(value: float | None, unit: Literal["fraction", "number"]) -> str:
    """A bound as exactly as it was written."""
    if value is None or unit == "number":
        return f"{value:g}"
    return f"{round(100 * value, 6):g}%"
