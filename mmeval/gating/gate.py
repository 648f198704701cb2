"""Whether a checkpoint may be released: every rule of a policy on two runs, and what they make together.

Regression where a rule is violated with evidence; else "cannot tell" where one could not be shown; else pass. What the
evidence is, rule by rule, stands in docs/gate.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from mmeval.catalog import Catalog
from mmeval.compare import CompareSettings, Comparison, compare_two
from mmeval.compare_tables import loud
from mmeval.errors import UsageError
from mmeval.gating.policy import Policy
from mmeval.gating.results import CANNOT_TELL, HOLDS, VIOLATED, RuleResult
from mmeval.gating.rules import judged
from mmeval.gating.wanted import BASE, CANDIDATE, NAMES, Sides, Wanted, wanted_by
from mmeval.runs import RunFolder
from mmeval.scoring import unread

Outcome = Literal["pass", "regression", "cannot tell"]
EXIT_CODES: Mapping[Outcome, int] = {"pass": 0, "regression": 1, "cannot tell": 2}
MANY = 5


@dataclass(frozen=True, slots=True)
class Gated:
    """A decision. rules: in the policy's order, then required dimensions and missing answers; notes: what must be said
    before any figure. comparison: of the tasks that the rules are about, as `mmeval compare` has it."""

    outcome: Outcome
    policy: Policy
    rules: tuple[RuleResult, ...]
    comparison: Comparison
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]

    @property
    def forced(self) -> bool:
        """Whether runs were judged that had not been asked the same."""
        return bool(self.comparison.differs)

    def of(self, verdict: str) -> list[RuleResult]:
        return [one for one in self.rules if one.verdict == verdict]

    def to_json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "policy": self.policy.model_dump(mode="json"),
            "base": self.side(BASE),
            "candidate": self.side(CANDIDATE),
            "forced": self.forced,
            "differs": {task: [asdict(one) for one in found] for task, found in self.comparison.differs.items()},
            "notes": list(self.notes),
            "rules": [one.to_json() for one in self.rules],
        }

    def side(self, which: int) -> dict[str, Any]:
        run = (self.comparison.base, self.comparison.candidate)[which]
        record = run.read_json("run.json")
        return {"run": str(run.path), "model": record.get("model") or {}, "status": record.get("status")}


def gate(base: RunFolder, candidate: RunFolder, policy: Policy, catalog: Catalog, force: bool = False) -> Gated:
    """The candidate held against the base by a policy.

    Raises `UsageError` when the runs were not asked the same and `force` is not set, or one has no figures at all;
    `DataError` for a rule about what the catalogue lacks or what can't be asked of a metric.
    """
    if base.path.resolve() == candidate.path.resolve():
        raise UsageError(f"{candidate.path}: is the base itself; pass another run")
    sides = Sides.of(base, candidate)
    wanted, notes = wanted_by(policy, catalog, sides)
    comparison = _compared(sides, wanted, policy, catalog, force)
    rules = judged(wanted, comparison, sides, catalog, policy)
    rules += [_dimension(name, sides, catalog) for name in policy.required_dimensions]
    rules += [_missing(sides, comparison, policy)] if _limits(policy) else []
    verdicts = {one.verdict for one in rules}
    outcome: Outcome = "regression" if VIOLATED in verdicts else "cannot tell" if CANNOT_TELL in verdicts else "pass"
    return Gated(outcome, policy, tuple(rules), comparison, (*_first(sides, comparison), *notes))


def _compared(sides: Sides, wanted: Sequence[Wanted], policy: Policy, catalog: Catalog, force: bool) -> Comparison:
    """The tasks of the rules that both runs have figures of; none, where they share none."""
    settings = CompareSettings(alpha=policy.alpha, correction="holm", force=force, permutations=0, slices=False)
    asked = dict.fromkeys(one.task for one in wanted if one.task is not None)
    shared = tuple(task for task in asked if sides.figures(BASE, task) and sides.figures(CANDIDATE, task))
    if not shared:
        return Comparison(*sides.runs, settings, {}, {}, {}, ())
    return compare_two(*sides.runs, catalog, replace(settings, tasks=shared))


def _first(sides: Sides, comparison: Comparison) -> Iterator[str]:
    for side, record in enumerate(sides.records):
        if (status := record.get("status")) not in (None, "done"):
            yield f"the run of {NAMES[side]} is not done: {status}"
    yield from loud(comparison)


def _dimension(name: str, sides: Sides, catalog: Catalog) -> RuleResult:
    """Both runs must have figures of it, and the candidate of every task of it that the base has figures of."""
    tasks = [task for task in sides.tasks if task in catalog.tasks and catalog.tasks[task].dimension == name]
    made = RuleResult(name, "required_dimension", HOLDS, ", ".join(tasks))
    for side in (CANDIDATE, BASE):
        lacking = [f"{task} {why}" for task in tasks if (why := sides.lacks(side, task)) and sides.known(side, task)]
        there = any(sides.figures(side, task) for task in tasks)
        if not there:
            why = "; ".join(lacking) or f"{NAMES[side]} has no task of it"
            return replace(made, verdict=VIOLATED if side == CANDIDATE else CANNOT_TELL, reason=why, absent=True)
    gone = [task for task in tasks if sides.figures(BASE, task) and not sides.figures(CANDIDATE, task)]
    if gone:
        why = "; ".join(f"{task} {sides.lacks(CANDIDATE, task)}" for task in gone)
        return replace(made, verdict=VIOLATED, reason=why, absent=True)
    return made


# -- missing answers


def _limits(policy: Policy) -> str:
    most, more = policy.missing.at_most, policy.missing.more_than_base
    words = [] if most is None else [f"at most {100 * most:g}% of a task"]
    return ", ".join(words + ([] if more is None else [f"at most {100 * more:g}% more than in the base"]))


def _missing(sides: Sides, comparison: Comparison, policy: Policy) -> RuleResult:
    """Shares of answers that the candidate was asked for and that have no score; and whether it was asked enough."""
    most, more = policy.missing.at_most, policy.missing.more_than_base
    made = RuleResult(f"missing answers: {_limits(policy)}", "missing", HOLDS, "")
    shares = [{task: _share(one) for task, one in result.items()} for result in sides.results]
    over = {
        task: f"{task}: {_lost(sides.results[CANDIDATE][task])}"
        + (f", {100 * shares[BASE][task]:.1f}% in the base" if task in shares[BASE] else "")
        for task, share in sorted(shares[CANDIDATE].items(), key=lambda one: -one[1])
        if (most is not None and share > most)
        or (more is not None and task in shares[BASE] and share > shares[BASE][task] + more)
    }
    for task, one in sides.results[CANDIDATE].items():
        if most is not None and "judge" in one and unread(one) > most:
            over[task] = f"{task}: {unread(one):.1%} of its judge's replies could not be read"
    if over:
        return replace(made, verdict=VIOLATED, reason=_some(list(over.values())))
    unasked = [
        f"{task}: {one.only_base:,} of the {one.n[BASE]:,} samples of the base were not asked of the candidate"
        for task, one in comparison.tasks.items()
        if one.only_base > (policy.missing.at_most or 0) * one.n[BASE]
    ]
    if unasked:
        return replace(made, verdict=CANNOT_TELL, reason=_some(unasked))
    worst = max(shares[CANDIDATE], key=lambda task: shares[CANDIDATE][task], default=None)
    if worst is None or not shares[CANDIDATE][worst]:
        return replace(made, reason="none")
    return replace(made, reason=f"most in {worst}: {_lost(sides.results[CANDIDATE][worst])}")


def _lost_of(result: Mapping[str, Any]) -> int:
    return int(result.get("missing") or 0) + int(result.get("unjudged") or 0)


def _share(result: Mapping[str, Any]) -> float:
    return _lost_of(result) / result["n"] if result.get("n") else 0.0


def _lost(result: Mapping[str, Any]) -> str:
    return f"{_lost_of(result):,} of {result['n']:,} answers missing or not judged ({100 * _share(result):.1f}%)"


def _some(lines: Sequence[str]) -> str:
    more = f"; and {len(lines) - MANY} more tasks" if len(lines) > MANY else ""
    return "; ".join(lines[:MANY]) + more
