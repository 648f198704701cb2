"""Many nights in one view: each figure's trend, where its level changed, tonight against the last good night."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mmeval.catalog import Catalog
from mmeval.errors import MmevalError, UsageError
from mmeval.night_changes import Change, breaks, changes
from mmeval.nights import Night, read_nights
from mmeval.runs import RunFolder
from mmeval.sameness import Differs
from mmeval.statistics.change_points import levels, newest
from mmeval.statistics.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    from mmeval.statistics.sums import AnyMetric

Json = Mapping[str, Any]
Array = npt.NDArray[np.float64]
DIMENSIONS = ("general_knowledge", "hallucination", "safety", "dialogue", "reward_model", "alignment")
ALPHA, NORMAL_95 = 0.05, 1.959964
BETTER, WORSE, NONE_SHOWN = "better", "worse", "no difference shown"
NOT_COMPARABLE, ABSENT, NO_ERROR = "not comparable", "no figure tonight", "no standard error"
NEW = "not in the last good night"


@dataclass(frozen=True, slots=True)
class Shift:
    """A change point: the level before, the level from this night on. nights: how long that one lasted (so far)."""

    night: int
    before: float
    after: float
    nights: int


@dataclass(frozen=True, slots=True)
class Against:
    """Tonight against the last good night. how: "paired", on the same samples; "unpaired", from the two standard
    errors. word: better, worse, no difference shown, too few samples to tell; higher or lower where neither is good;
    or why there is no comparison."""

    last: float | None
    tonight: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    how: str | None
    word: str


@dataclass(frozen=True, slots=True)
class Series:
    """One metric over all nights: values, low, high, stderr (nights,), NaN where a night has none.

    pieces: (nights,) which nights can be compared with each other, -1 without a value. breaks: night -> what was asked
    otherwise from there on. outside: how far tonight lies from its level, in standard errors, where that is too far.
    """

    task: str
    metric: str
    dimension: str
    headline: bool
    unit: str
    better: str | None
    values: Array
    low: Array
    high: Array
    stderr: Array
    pieces: npt.NDArray[np.int64]
    breaks: Mapping[int, tuple[Differs, ...]]
    shifts: tuple[Shift, ...]
    outside: float | None
    against: Against


@dataclass(frozen=True, slots=True)
class Dashboard:
    """nights: oldest first; the last one is tonight. last_good: the night that tonight is held against."""

    folder: Path
    nights: Sequence[Night]
    last_good: int | None
    series: Sequence[Series]
    changes: Sequence[Change]
    notes: Sequence[str]

    @property
    def tonight(self) -> Night:
        return self.nights[-1]

    @property
    def counts(self) -> dict[str, int]:
        """Word -> how many headlines tonight."""
        found: dict[str, int] = {}
        for one in self.series:
            if one.headline:
                found[one.against.word] = found.get(one.against.word, 0) + 1
        return found

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "tonight": len(self.nights) - 1,
            "last_good": self.last_good,
            "headlines": self.counts,
            "nights": [_night_json(night) for night in self.nights],
            "series": [_series_json(one) for one in self.series],
            "changes": [asdict(one) for one in self.changes],
            "notes": list(self.notes),
        }


def _night_json(night: Night) -> dict[str, Any]:
    told = ("date", "place", "report", "status", "verdict", "good", "checkpoint", "reason", "n", "missing", "seconds")
    return {
        "at": night.at.isoformat(),
        **{name: getattr(night, name) for name in told},
        "failed_tasks": night.failed_tasks,
        "samples_per_second": night.speed,
    }


def _series_json(one: Series) -> dict[str, Any]:
    """Columns, one place a night, null where a night has no figure."""
    told = ("task", "metric", "dimension", "headline", "unit", "better", "outside")
    columns = {name: getattr(one, name).tolist() for name in ("values", "low", "high", "stderr")}
    return {
        **{name: getattr(one, name) for name in told},
        **{name: [None if math.isnan(cell) else cell for cell in cells] for name, cells in columns.items()},
        "breaks": [{"night": night, "what": [asdict(what) for what in found]} for night, found in one.breaks.items()],
        "change_points": [asdict(shift) for shift in one.shifts],
        "against_last_good": asdict(one.against),
    }


def dashboard(folder: Path, catalog: Catalog, pair: bool = True) -> Dashboard:
    """Reads the nights below a folder. pair: compare tonight with the last good night on their samples where both runs
    keep them, else by their standard errors alone. Raises `UsageError` when there is no night."""
    nights = read_nights(folder)
    good = [i for i, night in enumerate(nights[:-1]) if night.good]
    last_good = good[-1] if good else None
    series = [
        one for task, broken in _tasks(nights).items() for one in _of_task(task, broken, nights, last_good, catalog)
    ]
    notes: list[str] = []
    paired: Mapping[tuple[str, str], Against] = {}
    if pair and last_good is not None:
        paired = _paired(folder, nights, last_good, series, catalog, notes)
    series = [replace(one, against=paired.get((one.task, one.metric), one.against)) for one in _with_words(series)]
    ordered = sorted(series, key=lambda one: (_rank(one.dimension), one.dimension, one.task, not one.headline))
    return Dashboard(folder, nights, last_good, ordered, changes(nights), notes)


def _rank(dimension: str) -> int:
    return DIMENSIONS.index(dimension) if dimension in DIMENSIONS else len(DIMENSIONS)


# -- one figure over the nights


def _tasks(nights: Sequence[Night]) -> dict[str, Mapping[int, tuple[Differs, ...]]]:
    """Every task with figures on some night, and the nights where it was asked otherwise than before."""
    broken = breaks(nights)
    names = dict.fromkeys(task for night in nights for task in night.results)
    return {name: broken.get(name, {}) for name in names}


def _of_task(
    task: str,
    broken: Mapping[int, tuple[Differs, ...]],
    nights: Sequence[Night],
    last_good: int | None,
    catalog: Catalog,
) -> Iterator[Series]:
    told = [(night.record.get("tasks") or {}).get(task) or {} for night in nights]
    results: list[Json] = [night.results.get(task) or {} for night in nights]
    newest_told: Json = next((one for one in reversed(told) if one.get("headline")), {})
    metrics: list[Json] = [result.get("metrics") or {} for result in results]
    names = list(dict.fromkeys(name for found in metrics for name in found))
    dialect = next(str(result["dialect"]) for result in reversed(results) if result)
    scored = _metrics(catalog, task, dialect)
    wanted = str(newest_told.get("headline") or "")
    headline = next((name for name in (wanted, wanted.split(" ")[0]) if name in names), names[0] if names else None)
    known_task = catalog.tasks.get(task)
    dimension = (known_task.dimension if known_task else "") or str(newest_told.get("dimension") or "other")
    piece = np.cumsum([i in broken for i in range(len(nights))])
    for name in names:
        columns = _columns([found.get(name) or {} for found in metrics])
        values, known = columns[0], scored.get(name)
        pieces = np.where(np.isfinite(values), piece, -1)
        yield Series(
            task,
            name,
            dimension,
            name == headline,
            known.unit if known else _unit(values),
            known.better if known else None,
            *columns,
            pieces,
            broken,
            tuple(_shifts(values, columns[3], pieces)),
            _outside(values, columns[3], pieces),
            _unpaired(values, columns[3], pieces, last_good),
        )


def _metrics(catalog: Catalog, task: str, dialect: str) -> Mapping[str, AnyMetric]:
    try:
        return catalog.tasks[task].scorer_for(dialect or None)[1].metrics
    except (KeyError, UsageError):  # a catalog that knows the task or the dialect no more
        return {}


def _unit(values: Array) -> str:
    """Of a metric that the catalog does not know: in [0, 1] it is taken for a fraction."""
    known = values[np.isfinite(values)]
    return "fraction" if len(known) and known.min() >= 0 and known.max() <= 1 else "number"


def _columns(estimates: Sequence[Json]) -> tuple[Array, Array, Array, Array]:
    """value, low, high, stderr of each night; an undefined figure is none."""

    def column(name: str) -> Array:
        cells = [None if one.get("undefined") else one.get(name) for one in estimates]
        return np.array([math.nan if cell is None else float(cell) for cell in cells])

    return column("value"), column("low"), column("high"), column("stderr")


def _shifts(values: Array, stderr: Array, pieces: npt.NDArray[np.int64]) -> Iterator[Shift]:
    """Change points within each piece of comparable nights."""
    for piece in sorted(set(pieces.tolist()) - {-1}):
        (at,) = np.nonzero(pieces == piece)
        found = levels(values[at], stderr[at])
        for before, after in itertools.pairwise(found):
            yield Shift(int(at[after.start]), before.mean, after.mean, after.end - after.start)


def _outside(values: Array, stderr: Array, pieces: npt.NDArray[np.int64]) -> float | None:
    """How far tonight lies outside its level, in standard errors; None where it lies within or can't be told."""
    (at,) = np.nonzero(pieces == pieces[-1])
    found = newest(values[at], stderr[at]) if pieces[-1] >= 0 else None
    return found.z if found and found.outside else None


# -- tonight against the last good night


def _unpaired(values: Array, stderr: Array, pieces: npt.NDArray[np.int64], last_good: int | None) -> Against:
    """From the two figures and their standard errors, as if the nights had drawn their samples apart: where they asked
    the same ones, the interval is wider than it need be. The words come later: they hang on all figures together."""
    tonight = None if math.isnan(values[-1]) else float(values[-1])
    last = None if last_good is None or math.isnan(values[last_good]) else float(values[last_good])
    if tonight is None or last is None or last_good is None:
        return Against(last, tonight, None, None, None, None, None, ABSENT if tonight is None else NEW)
    if pieces[-1] != pieces[last_good]:
        return Against(last, tonight, None, None, None, None, None, NOT_COMPARABLE)
    difference, spread = tonight - last, math.hypot(stderr[-1], stderr[last_good])
    if math.isnan(spread):
        return Against(last, tonight, difference, None, None, None, None, NO_ERROR)
    reach = NORMAL_95 * spread
    p = math.erfc(abs(difference) / spread / math.sqrt(2)) if spread else float(difference == 0)
    return Against(last, tonight, difference, difference - reach, difference + reach, p, "unpaired", "")


def _with_words(series: Sequence[Series]) -> list[Series]:
    """Better or worse by p-values corrected over all figures that have a good way (Benjamini & Hochberg)."""
    corrected = benjamini_hochberg([one.against.p if one.better else None for one in series])
    found = []
    for one, p in zip(series, corrected, strict=True):
        known = one.against.p if p is None else p
        if one.against.how is not None and known is not None:
            one = replace(one, against=replace(one.against, word=_word(one, known)))
        found.append(one)
    return found


def _word(one: Series, p: float) -> str:
    if p > ALPHA or not one.against.difference:
        return NONE_SHOWN
    up = one.against.difference > 0
    if one.better is None:
        return "higher" if up else "lower"
    return BETTER if up == (one.better == "higher") else WORSE


def _paired(
    folder: Path,
    nights: Sequence[Night],
    last_good: int,
    series: Sequence[Series],
    catalog: Catalog,
    notes: list[str],
) -> dict[tuple[str, str], Against]:
    """By `mmeval compare` on the samples that both runs have; nothing where the runs don't keep them."""
    from mmeval.compare import CompareSettings, compare_two

    base, tonight = (RunFolder(folder.resolve() / nights[i].place) for i in (last_good, -1))
    tasks = tuple(dict.fromkeys(one.task for one in series if one.against.how and one.task in catalog.tasks))
    needed = [run.path / name for run in (base, tonight) for name in ("samples.jsonl", "scores.parquet")]
    if not tasks or not all(path.is_file() for path in needed):
        return {}
    try:
        compared = compare_two(base, tonight, catalog, CompareSettings(tasks=tasks, permutations=0)).tasks
    except (MmevalError, OSError, ValueError, KeyError) as error:  # a damaged folder still has its figures
        notes.append(f"Tonight and the last good night could not be compared sample by sample: {error}")
        return {}
    found: dict[tuple[str, str], Against] = {}
    for one in series:
        if one.task in compared and (metric := compared[one.task].metrics.get(one.metric)):
            test = metric.test
            made = test.difference
            against = Against(test.base, test.candidate, made.value, made.low, made.high, test.p, "paired", "")
            word = metric.verdict or _word(replace(one, against=against), 1.0 if test.p is None else test.p)
            found[one.task, one.metric] = replace(against, word=word)
    return found
