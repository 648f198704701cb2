"""Two or more runs on the same samples: what differs, how surely, and which answers changed.

Each candidate is compared with the base on the samples that both have a score of. Runs that were not asked the same
(prompt, data, scoring, judge, decoding) are refused unless told to go on, and then what differs is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

from mmeval.aligning import Aligned, align, known_scorer, recorded
from mmeval.catalog import Catalog
from mmeval.errors import UsageError
from mmeval.runs import RunFolder
from mmeval.sameness import Differs, by_task, content, noted, refusal, set_differently
from mmeval.scorers.base import Scorer
from mmeval.scoring import estimate_json, plain
from mmeval.statistics.multiplicity import benjamini_hochberg, holm
from mmeval.statistics.paired import Paired, needed, p_not_worse, paired_parts
from mmeval.statistics.sums import RESAMPLES, AnyMetric, span

Json = Mapping[str, Any]
Verdict = Literal["better", "worse", "no difference shown", "too few samples to tell"]
BETTER: Final = "better"
WORSE: Final = "worse"
NONE_SHOWN: Final = "no difference shown"
TOO_FEW: Final = "too few samples to tell"


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """alpha: two-sided, over all metrics together by `correction`. margin: the smallest difference that matters, in
    points of a metric's 0 to 100 scale. tasks: only these. force: compare what was not asked the same, too. slices:
    whether to compare them as well."""

    alpha: float = 0.05
    correction: Literal["bh", "holm"] = "bh"
    margin: float = 1.0
    tasks: tuple[str, ...] = ()
    force: bool = False
    slices: bool = True
    resamples: int = RESAMPLES
    permutations: int = 2000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class MetricCompared:
    """One metric of one task on the common samples. holm, bh: p corrected over all metrics of all tasks that have a
    good way. margin: the smallest difference that matters, in the metric's unit, None where its scale is not known.
    needed: samples that would show a difference of the margin with 80 % power."""

    test: Paired
    metric: AnyMetric
    margin: float | None
    needed: int | None
    holm: float | None = None
    bh: float | None = None
    verdict: Verdict | None = None

    def to_json(self) -> dict[str, Any]:
        one, scale = self.test, span(self.metric)
        return {
            "base": plain(one.base),
            "candidate": plain(one.candidate),
            "unit": self.metric.unit,
            "better": self.metric.better,
            "scale": None if scale is None else list(scale),
            "difference": estimate_json(one.difference),
            "p": plain(one.p),
            "how": one.how,
            "permutation": plain(one.permutation),
            "mcnemar": None if one.mcnemar is None else asdict(one.mcnemar),
            "effect": plain(one.effect),
            "holm": plain(self.holm),
            "bh": plain(self.bh),
            "detectable": plain(one.detectable),
            "margin": self.margin,
            "needed": self.needed,
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class TaskCompared:
    """One task. n, missing, not_asked (because a run stopped early): of base and candidate. slices: "name=value" ->
    metric -> `MetricCompared` without verdict. flips: right to wrong, wrong to right; None where answers are not right
    or wrong."""

    dimension: str
    dialect: str
    headline: str
    n: tuple[int, int]
    missing: tuple[int, int]
    not_asked: tuple[int, int]
    common: int
    only_base: int
    only_candidate: int
    metrics: Mapping[str, MetricCompared]
    slices: Mapping[str, Mapping[str, MetricCompared]]
    flips: tuple[int, int] | None

    def to_json(self) -> dict[str, Any]:
        pairs = {name: getattr(self, name) for name in ("n", "missing", "not_asked")}
        sides = {name: dict(zip(("base", "candidate"), pair, strict=True)) for name, pair in pairs.items()}
        flips = None if self.flips is None else dict(zip(("right_to_wrong", "wrong_to_right"), self.flips, strict=True))
        told = ("dimension", "dialect", "headline", "common", "only_base", "only_candidate")
        return {
            **{name: getattr(self, name) for name in told},
            **sides,
            "metrics": {name: one.to_json() for name, one in self.metrics.items()},
            "slices": {
                part: {name: one.to_json() for name, one in found.items()} for part, found in self.slices.items()
            },
            "flips": flips,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate against the base. differs: task -> what was not asked alike (only with force). absent: task -> why it
    is not compared. noted: what else differs between the runs and may explain a difference (versions, device)."""

    base: RunFolder
    candidate: RunFolder
    settings: CompareSettings
    tasks: Mapping[str, TaskCompared]
    absent: Mapping[str, str]
    differs: Mapping[str, Sequence[Differs]]
    noted: Sequence[Differs]

    @property
    def counts(self) -> dict[str, int]:
        """Verdict -> of how many metrics; headline metrics alone are counted by `headlines`."""
        found = dict.fromkeys((BETTER, WORSE, NONE_SHOWN, TOO_FEW), 0)
        for _, _, one in self.judged():
            found[str(one.verdict)] += 1
        return found

    @property
    def headlines(self) -> dict[str, int]:
        found = dict.fromkeys((BETTER, WORSE, NONE_SHOWN, TOO_FEW), 0)
        for task, name, one in self.judged():
            found[str(one.verdict)] += name == self.tasks[task].headline
        return found

    def judged(self) -> Iterator[tuple[str, str, MetricCompared]]:
        """(task, metric's name, metric) of all that have a good way, and so a verdict."""
        for task, compared in self.tasks.items():
            for name, one in compared.metrics.items():
                if one.verdict is not None:
                    yield task, name, one

    def to_json(self) -> dict[str, Any]:
        how = self.settings
        return {
            "candidate": _side(self.candidate),
            "alpha": how.alpha,
            "correction": how.correction,
            "margin": how.margin,
            "forced": bool(self.differs),
            "differs": {task: [asdict(one) for one in found] for task, found in self.differs.items()},
            "noted": [asdict(one) for one in self.noted],
            "tasks": {task: one.to_json() for task, one in self.tasks.items()},
            "absent": dict(self.absent),
            "counts": self.counts,
            "headlines": self.headlines,
        }


@dataclass(frozen=True, slots=True)
class Comparisons:
    base: RunFolder
    comparisons: tuple[Comparison, ...] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        return {"base": _side(self.base), "comparisons": [one.to_json() for one in self.comparisons]}


def _side(run: RunFolder) -> dict[str, Any]:
    record = run.read_json("run.json")
    return {"run": str(run.path), "model": record.get("model") or {}, "status": record.get("status")}


def compare_runs(
    base: RunFolder, candidates: Sequence[RunFolder], catalog: Catalog, settings: CompareSettings | None = None
) -> Comparisons:
    """Each candidate against the base.

    Raises `UsageError` when they share no task, or were not asked the same and `settings.force` is not set.
    """
    how = settings or CompareSettings()
    for one in candidates:
        if one.path.resolve() == base.path.resolve():
            raise UsageError(f"{one.path}: is the base itself; pass another run")
    return Comparisons(base, tuple(compare_two(base, one, catalog, how) for one in candidates))


def compare_two(base: RunFolder, candidate: RunFolder, catalog: Catalog, how: CompareSettings) -> Comparison:
    """One candidate against the base; errors as in `compare_runs`."""
    runs = (base, candidate)
    records, results = zip(*(recorded(run) for run in runs), strict=True)
    shared, absent = _shared(runs, records, results, how.tasks)
    asked = [by_task(run) for run in runs]
    differs = {
        task: found
        for task in shared
        if (found := [*set_differently(task, records, results), *content(asked[0][task], asked[1][task])])
    }
    if differs and not how.force:
        raise UsageError(refusal(runs, differs))
    scores = [run.scores() for run in runs]
    tasks: dict[str, TaskCompared] = {}
    for task in shared:
        scorer = known_scorer(task, results[0][task]["dialect"], base, catalog)
        headline = (_tasks_of(records[1]).get(task) or {}).get("headline") or catalog.tasks[task].headline
        try:
            aligned = align(task, scorer, runs, scores)
        except UsageError:
            absent[task] = "no scored sample in common"
            continue
        dimension, dialect = catalog.tasks[task].dimension, results[0][task]["dialect"]
        left = tuple(int(result[task].get("not_asked") or 0) for result in results)
        tasks[task] = _task(aligned, scorer, headline, dimension, dialect, (left[0], left[1]), how)
    if not tasks:
        raise UsageError(f"{candidate.path}: no task to compare with {base.path}: {_listed(absent)}")
    return Comparison(base, candidate, how, _with_verdicts(tasks, how), absent, differs, noted(records))


def _listed(absent: Mapping[str, str]) -> str:
    return "; ".join(f"{task} is {why}" for task, why in list(absent.items())[:5]) or "they share none"


def _tasks_of(record: Json) -> Json:
    return record.get("tasks") or {}


def _shared(
    runs: Sequence[RunFolder], records: Sequence[Json], results: Sequence[Json], wanted: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """Tasks with figures in both, in the base's order, and the others with the reason."""
    names = list(
        dict.fromkeys(
            name for record, result in zip(records, results, strict=True) for name in (*_tasks_of(record), *result)
        )
    )
    for name in wanted:
        if name not in names:
            raise UsageError(f"neither run has the task {name!r} (they have: {', '.join(names)})")
    shared, absent = [], {}
    for name in names:
        if wanted and name not in wanted:
            continue
        there = [bool((result.get(name) or {}).get("metrics")) for result in results]
        if all(there):
            shared.append(name)
        elif not any(there):
            errors = [bool((_tasks_of(record).get(name) or {}).get("error")) for record in records]
            sides = [side for side, error in zip(("the base", "the candidate"), errors, strict=True) if error]
            absent[name] = f"failed in {' and '.join(sides)}" if sides else "without figures in both"
        else:
            lacking = there.index(False)
            side = ("the base", "the candidate")[lacking]
            error = (_tasks_of(records[lacking]).get(name) or {}).get("error")
            known = name in _tasks_of(records[lacking])
            absent[name] = f"failed in {side}" if error else f"without figures in {side}" if known else f"not in {side}"
    return shared, absent


def _task(
    aligned: Aligned,
    scorer: Scorer,
    headline: str,
    dimension: str,
    dialect: str,
    not_asked: tuple[int, int],
    how: CompareSettings,
) -> TaskCompared:
    base, candidate = aligned.tables
    first, second = aligned.frames
    if not how.slices:  # but for those over which a metric is combined
        over = {metric.over for metric in scorer.metrics.values()}
        base = replace(base, slices={name: column for name, column in base.slices.items() if name in over})
    found = paired_parts(base, candidate, scorer.metrics, how.resamples, how.permutations, how.seed, how.alpha)
    parts = {
        part: {name: _metric(one, scorer.metrics[name], how) for name, one in compared.items()}
        for part, compared in found.items()
    }
    ids = set(aligned.ids)
    return TaskCompared(
        dimension=dimension,
        dialect=dialect,
        headline=headline,
        n=(len(first), len(second)),
        missing=(int(first["missing"].sum()), int(second["missing"].sum())),
        not_asked=not_asked,
        common=len(ids),
        only_base=len(set(first.index) - set(second.index)),
        only_candidate=len(set(second.index) - set(first.index)),
        metrics=parts[""],
        slices={part: compared for part, compared in parts.items() if part and how.slices},
        flips=_flips(aligned),
    )


def _metric(one: Paired, metric: AnyMetric, how: CompareSettings) -> MetricCompared:
    reach = span(metric)
    margin = None if reach is None else how.margin / 100 * (reach[1] - reach[0])
    return MetricCompared(one, metric, margin, None if not margin else needed(one, margin, how.alpha))


def _flips(aligned: Aligned) -> tuple[int, int] | None:
    before, after = (frame["correct"].loc[list(aligned.ids)] for frame in aligned.frames)
    marked = before.notna() & after.notna()
    if not marked.any():
        return None
    was, now = before[marked].astype(bool), after[marked].astype(bool)
    return int((was & ~now).sum()), int((~was & now).sum())


def _with_verdicts(tasks: Mapping[str, TaskCompared], how: CompareSettings) -> dict[str, TaskCompared]:
    """The tasks with p-values corrected over all of their metrics that have a good way."""
    family = [
        (task, name, one)
        for task, compared in tasks.items()
        for name, one in compared.metrics.items()
        if one.metric.better is not None
    ]
    by_holm, by_bh = (correct([one.test.p for _, _, one in family]) for correct in (holm, benjamini_hochberg))
    found = {task: dict(compared.metrics) for task, compared in tasks.items()}
    for (task, name, one), strict, loose in zip(family, by_holm, by_bh, strict=True):
        corrected = replace(one, holm=strict, bh=loose)
        p = strict if how.correction == "holm" else loose
        found[task][name] = replace(corrected, verdict=verdict(corrected, p, how.alpha))
    return {task: replace(compared, metrics=found[task]) for task, compared in tasks.items()}


def verdict(one: MetricCompared, p: float | None, alpha: float) -> Verdict:
    """What is said of a metric that has a good way, by its corrected p.

    Without a shown difference: "no difference shown" where one of the margin would have been found in four such
    comparisons of five, or a loss and a gain of the margin are both ruled out; else "too few samples to tell", also
    where no margin is known.
    """
    difference = one.test.difference
    if p is not None and p <= alpha and difference.value:
        up = difference.value > 0
        return BETTER if up == (one.metric.better == "higher") else WORSE
    if p is None or one.test.detectable is None:
        return TOO_FEW
    if not one.margin:
        return TOO_FEW
    ruled_out = [p_not_worse(one.test, way, one.margin) for way in ("higher", "lower")]
    small = all(p is not None and p <= alpha for p in ruled_out)
    return NONE_SHOWN if small or one.test.detectable <= one.margin else TOO_FEW
