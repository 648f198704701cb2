"""Asking until the decision against a base run is reached: `mmeval run … --against BASE --until-decided`.

Clusters (pictures) are asked in an order drawn by their labels, in blocks. After each block every watched task is
scored on what both runs have answered, and looked at by `mmeval.statistics.sequential`. A decided task asks no more.
The samples left are *not asked*: they stand in run.json and metrics.json as a number, and nowhere as missing. The order
and the looks hang on labels and the seed alone, so that the same command, stopped at any moment, goes on to the same
decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmeval.errors import UsageError
from mmeval.inference.base import Response
from mmeval.logs import answer_of, responses_of
from mmeval.progress import Progress
from mmeval.requests import Plan, fingerprint
from mmeval.runs import Asked, RunFolder
from mmeval.samples import Sample
from mmeval.scorers.base import Metric, Scored, Scorer
from mmeval.scoring import columns, score, table_of
from mmeval.statistics.sequential import LEAST, Look, critical_values, decide, look_at
from mmeval.statistics.sums import Table, span

Answered = tuple[Asked, "Response | None"]

WORDS = {"better": "better than", "worse": "worse than", "not worse": "not worse by more than the margin than"}


@dataclass(frozen=True, slots=True)
class UntilDecided:
    """against: the base run's folder. margin: points of the 0-100 scale that may be lost. alpha: the chance that any
    task's decision is wrong, on both sides together."""

    against: Path
    margin: float = 1.0
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.margin < 100:
            raise UsageError(f"--margin {self.margin:g}: points of a scale from 0 to 100, e.g. --margin 1")
        if not 0 < self.alpha < 1:
            raise UsageError(f"alpha {self.alpha:g}: a chance between 0 and 1, e.g. 0.05")


def asked_for(against: Path | None, wanted: bool, margin: float | None) -> UntilDecided | None:
    """The command line's `--against`, `--until-decided` and `--margin`. Raises `UsageError` where one lacks another."""
    if wanted and against is None:
        raise UsageError("--until-decided needs --against RUN, the base run's folder")
    if not wanted and against is not None:
        raise UsageError("--against goes with --until-decided; to compare finished runs: mmeval compare BASE CAND")
    if not wanted and margin is not None:
        raise UsageError("--margin goes with --until-decided --against RUN")
    if against is None:
        return None
    return UntilDecided(against) if margin is None else UntilDecided(against, margin)


@dataclass(slots=True)
class _Watched:
    """One task: the order of its clusters, when to look, what was seen. names: of all counts that there can be; parts:
    values of the slice over which the headline is combined."""

    plan: Plan
    scorer: Scorer
    metric: Metric
    base: Mapping[str, str | None]
    names: tuple[str, ...]
    parts: frozenset[str]
    order: tuple[str, ...]
    at: tuple[int, ...]
    critical: Sequence[float] = ()
    looks: list[Look] = field(default_factory=list)
    broken: str | None = None

    @property
    def going_on(self) -> bool:
        return self.broken is None and len(self.looks) < len(self.at) and self.decision is None

    @property
    def decision(self) -> str | None:
        return self.looks[-1].decision if self.looks else None

    def clusters(self, looks: int) -> frozenset[str]:
        """Those asked after so many looks: all of them where the looks have ended without a decision."""
        return frozenset(self.order[: self.at[looks - 1]] if looks else ())


class Watch:
    """The watched tasks of a run; without a base run none, and everything is asked at once."""

    def __init__(self, settings: UntilDecided | None, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.watched: dict[str, _Watched] = {}
        self.in_full: dict[str, str] = {}
        self.not_asked: dict[str, int] = {}
        self.base_model: Mapping[str, Any] = {}

    def blocks(self, rows: Mapping[str, Sequence[Asked]], known: Mapping[str, Response]) -> Iterator[Collection[str]]:
        """Digests of the requests to ask next, and again when they are in `known`, until nothing is left to decide."""
        block = [one.request for task, some in rows.items() if task not in self.watched for one in some if one.request]
        while going_on := [one for one in self.watched.values() if one.going_on]:
            for one in going_on:
                taken = one.clusters(len(one.looks) + 1) - one.clusters(len(one.looks))
                some = rows[one.plan.task.name]
                block += [row.request for row in some if row.request and _cluster(row.sample) in taken]
            yield block
            for one in going_on:
                answers = {
                    row.sample.id: answer_of(known.get(row.request)) if row.request else None
                    for row in rows[one.plan.task.name]
                }
                _look(one, answers, self.settings.margin if self.settings else 0.0)
            block = [row.request for one in going_on if one.broken for row in rows[one.plan.task.name] if row.request]
        yield block

    def kept(
        self, plans: Sequence[Plan], asked: Mapping[str, Sequence[Answered]], progress: Progress
    ) -> tuple[list[Plan], dict[str, list[Answered]]]:
        """Plans and answers without the samples that were not asked. Where all answers are in the log none is left
        out."""
        plans, answers = list(plans), {task: list(some) for task, some in asked.items()}
        for i, plan in enumerate(plans):
            name = plan.task.name
            if (one := self.watched.get(name)) is None:
                continue
            taken = one.clusters(len(one.looks))
            there = [_cluster(sample) in taken for sample in plan.samples]
            open_ = any(not kept and lacks for kept, lacks in zip(there, map(_lacks, asked[name]), strict=True))
            if one.broken is None and open_:
                self.not_asked[name] = there.count(False)
                answers[name] = [row for row, kept in zip(asked[name], there, strict=True) if kept]
                chosen = [k for k, kept in enumerate(there) if kept]
                samples, requests = [plan.samples[k] for k in chosen], [plan.requests[k] for k in chosen]
                plans[i] = replace(plan, samples=tuple(samples), requests=tuple(requests), whole=False)
            progress.note(self._told(one))
        for name, why in self.in_full.items():
            progress.note(f"{name}: asked in full, for {why}")
        return plans, answers

    def record(self, record: dict[str, Any]) -> None:
        """Writes what was decided into run.json's object, and how many samples of each task were not asked."""
        if self.settings is None:
            return
        told = asdict(self.settings)
        record["until_decided"] = {
            **told,
            "against": str(self.settings.against),
            "base": dict(self.base_model),
            "seed": self.seed,
            "alpha_each": self.settings.alpha / max(1, len(self.watched)),
            "tasks": {name: self._task_record(one) for name, one in self.watched.items()},
            "in_full": self.in_full,
        }
        for name, number in self.not_asked.items():
            record["tasks"][name] |= {"not_asked": number, "published": {}}

    def _task_record(self, one: _Watched) -> dict[str, Any]:
        n, left = len(one.plan.samples), self.not_asked.get(one.plan.task.name, 0)
        return {
            "metric": one.plan.task.headline,
            "decision": one.decision,
            "samples": n,
            "asked": n - left,
            "not_asked": left,
            "clusters": len(one.order),
            "looks": [
                {**asdict(look), "critical": value} for look, value in zip(one.looks, one.critical, strict=False)
            ],
            **({"broken": one.broken} if one.broken else {}),
        }

    def _told(self, one: _Watched) -> str:
        name, n = one.plan.task.name, len(one.plan.samples)
        if one.broken:
            return f"{name}: asked in full, for it could not be looked at: {one.broken}"
        left = self.not_asked.get(name, 0)
        how = f"stopped early: {n - left:,} of {n:,} asked" if left else f"asked in full ({n:,})"
        look, base = one.looks[-1], self.settings.against if self.settings else ""
        reach = span(one.metric) or (0.0, 1.0)
        seen = ""
        if look.difference is not None and look.low is not None and look.high is not None:
            points = [100 * x / (reach[1] - reach[0]) for x in (look.difference, look.low, look.high)]
            seen = "; {:+.1f} points, {:+.1f} to {:+.1f}, valid at every look".format(*points)
        if one.decision is None:
            return f"{name}: {how} and not decided: {one.plan.task.headline} against {base}{seen}"
        more = ". Its figures lean towards the decision; without --until-decided the rest is asked" if left else ""
        return f"{name}: {how}: {one.plan.task.headline} is {WORDS[one.decision]} in {base}{seen}{more}"


def watch(settings: UntilDecided | None, run: RunFolder, plans: Sequence[Plan], seed: int) -> Watch:
    """What to watch of a run that is about to ask. Raises `UsageError` where the base run can't be compared with."""
    found = Watch(settings, seed)
    if settings is None:
        return found
    base, record = _base(settings.against, run)
    found.base_model = {key: record["model"].get(key) for key in ("name", "digest")}
    metrics, answers = base.read_json("metrics.json"), responses_of(base)
    shared = [plan for plan in plans if plan.task.name in metrics]
    if not shared:
        raise UsageError(f"--against {base.path}: it has none of these tasks (it has: {', '.join(metrics)})")
    for plan in plans:
        name = plan.task.name
        why = _unwatchable(plan) if plan in shared else f"{base.path} has no figures of it"
        if why:
            found.in_full[name] = why
            continue
        _check_same(plan, base, record["tasks"][name])
        texts = {one.sample.id: answer_of(response) for one, response in answers[name]}
        try:
            found.watched[name] = _watched(plan, texts, seed)
        except Exception as error:  # a scorer may be anybody's code, and the base's answers are older than it
            found.in_full[name] = f"its scorer fails on the base's answers: {type(error).__name__}: {error}"
    for one in found.watched.values():
        shares = [place / len(one.order) for place in one.at]
        one.critical = critical_values(shares, settings.alpha / len(found.watched)).tolist()
    return found


def _base(path: Path, run: RunFolder) -> tuple[RunFolder, Mapping[str, Any]]:
    base = RunFolder.existing(path)
    if base.path.resolve() == run.path.resolve():
        raise UsageError(f"--against {path}: is the folder of this run itself; name the base run's, or pass --output")
    record = base.read_json("run.json")
    if record.get("status") != "done":
        raise UsageError(f"--against {path}: that run is {record.get('status')}; run its command again to finish it")
    early = [name for name, told in record["tasks"].items() if told.get("not_asked")]
    if early:
        raise UsageError(
            f"--against {path}: that run stopped early in {', '.join(early)}; "
            "run its command without --until-decided, which asks the rest"
        )
    return base, record


def _unwatchable(plan: Plan) -> str:
    """Why a task is asked in full; empty where it can be watched."""
    metric = plan.scorer.metrics.get(plan.task.headline)
    if plan.scorer.judging:
        return "a judge reads its answers, when all are there"
    if not isinstance(metric, Metric):
        return f"its headline {plan.task.headline} is fitted to all samples"
    if metric.better is None or span(metric) is None:
        return f"nobody has said between which values {plan.task.headline} lies, and which is better"
    within: dict[tuple[str, str], str] = {}
    for sample in plan.samples if plan.scorer.derive else ():
        for group in sample.groups.items():
            if within.setdefault(group, _cluster(sample)) != _cluster(sample):
                return f"its groups ({group[0]}) reach over several clusters"
    clusters = len({_cluster(sample) for sample in plan.samples})
    if not look_at(clusters):
        return f"it has {clusters} independent pictures or questions, and more than {LEAST} are needed"
    return ""


def _check_same(plan: Plan, base: RunFolder, told: Mapping[str, Any]) -> None:
    name = plan.task.name
    here, there = plan.prompt or "official", told.get("prompt", "official")
    if here != there:
        raise UsageError(f"{name}: asked in the wording {here} here and {there} in {base.path}; pass --prompt {there}")
    if plan.dialect != told["dialect"]:
        raise UsageError(
            f"{name}: scored by {plan.dialect} here and {told['dialect']} in {base.path}; "
            f"pass --scoring {told['dialect']}"
        )
    limit, most = plan.requests[0].decoding.max_new_tokens, told.get("max_new_tokens")
    if limit != most:
        raise UsageError(
            f"{name}: answers have {limit} tokens here and {most} in {base.path}; pass --max-new-tokens {most}"
        )
    if fingerprint(plan.samples) != told["fingerprint"]:
        n, other = len(plan.samples), told["samples"]
        what = f"{n} samples here and {other} in {base.path}" if n != other else f"other samples than in {base.path}"
        raise UsageError(
            f"{name}: {what}; pass the same --data, --limit and --repeats as there, or run the base again on this data"
        )


def _watched(plan: Plan, base: Mapping[str, str | None], seed: int) -> _Watched:
    metric = plan.scorer.metrics[plan.task.headline]
    assert isinstance(metric, Metric)
    scorer = replace(plan.scorer, score=_remembering(plan.scorer.score)) if plan.scorer.score else plan.scorer
    order = sorted({_cluster(sample) for sample in plan.samples}, key=lambda label: _drawn(label, seed))
    counts: set[str] = set()
    for sample in plan.samples:
        text = base.get(sample.id)
        one = scorer.scored(sample, text)
        counts |= set(one.counts) if one else set()
    parts = {sample.slices[metric.over] for sample in plan.samples if metric.over and metric.over in sample.slices}
    return _Watched(
        plan, scorer, metric, base, tuple(sorted(counts)), frozenset(parts), tuple(order), look_at(len(order))
    )


def _look(one: _Watched, answers: Mapping[str, str | None], margin: float) -> None:
    """Adds a look at what both runs have answered of the clusters asked so far."""
    taken = one.clusters(len(one.looks) + 1)
    samples = [sample for sample in one.plan.samples if _cluster(sample) in taken]
    try:
        first, second = _tables(one, samples, (answers, one.base))
        look = decide(first, second, one.metric, margin, one.critical[len(one.looks)])
    except Exception as error:  # a scorer may be anybody's code; the scoring at the end says more
        one.broken = f"{type(error).__name__}: {error}"
        return
    if one.metric.over and one.parts - set(
        first.slices.get(one.metric.over, ())
    ):  # the mean over some splits is another figure than that over all
        look = replace(look, low=None, high=None, decision=None)
    one.looks.append(look)


def _tables(
    one: _Watched, samples: list[Sample], answers: tuple[Mapping[str, str | None], Mapping[str, str | None]]
) -> tuple[Table, Table]:
    """Both runs' counts of the samples that both have a score of, as if there were no others: what is counted by group
    is counted over the same groups in both."""
    make: Callable[..., Any] = score if one.scorer.derive else columns
    while True:
        first, second = (make(one.scorer, samples, texts) for texts in answers)
        there = ~(np.asarray(first["missing"], bool) | np.asarray(second["missing"], bool))
        if there.all():
            return _filled(table_of(first), one.names), _filled(table_of(second), one.names)
        samples = [sample for sample, both in zip(samples, there, strict=True) if both]


def _filled(data: Table, names: Sequence[str]) -> Table:
    """The table with all counts that samples can have: those so far may all be questions, with captions to come."""
    none = np.zeros(data.n)
    return replace(data, counts={**dict.fromkeys(names, none), **data.counts})


def _remembering(score: Callable[[Sample, str], Scored]) -> Callable[[Sample, str], Scored]:
    """The same scorer, asked once for each answer to a sample, however often one looks."""
    known: dict[tuple[str, str], Scored] = {}

    def once(sample: Sample, answer: str) -> Scored:
        if (found := known.get((sample.id, answer))) is None:
            found = known[sample.id, answer] = score(sample, answer)
        return found

    return once


def _cluster(sample: Sample) -> str:
    return sample.id if sample.cluster is None else sample.cluster


def _drawn(label: str, seed: int) -> bytes:
    """Where a cluster stands in the order: the same place in every task, so that questions about a picture meet."""
    return hashlib.blake2b(f"{seed}\0{label}".encode("utf-8", "replace"), digest_size=16).digest()


def _lacks(row: Answered) -> bool:
    """Whether a sample would still have to be asked."""
    one, response = row
    return one.request is not None and (response is None or response.finish == "error")
