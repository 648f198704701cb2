"""Two or more runs side by side -> compare.html: what got better or worse, how surely, and the very answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval.catalog import Catalog
from mmeval.compare import BETTER, NONE_SHOWN, TOO_FEW, WORSE, Comparison, Comparisons, TaskCompared
from mmeval.dimensions import Profile, profile
from mmeval.journal import write_whole
from mmeval.reporting import forests
from mmeval.reporting.figures import NONE
from mmeval.reporting.forests import Row, Scale
from mmeval.reporting.packing import data_block
from mmeval.reporting.pairing import paired_samples
from mmeval.reporting.pictures import BUDGET, Embedded, embed, lay_beside
from mmeval.reporting.rendering import command_line, plain, plural, render, short
from mmeval.reporting.trades import Trade, trades
from mmeval.runs import RunFolder
from mmeval.tradeoffs import Cost, alignment_cost, axes_wanted, tradeoffs

if TYPE_CHECKING:
    from markupsafe import Markup

Json = Mapping[str, Any]
NAMED = 6  # headlines that the verdict names; of more it says how many


def write_comparison(
    comparisons: Comparisons,
    catalog: Catalog,
    out: Path,
    extras: Mapping[str, Markup] | None = None,
    budget: int = BUDGET,
) -> Path:
    """Writes the page to `out`. Pictures for which it has no room lie in the folder `pictures` beside it.

    extras: title -> HTML of further sections, shown below the differences. budget: room for pictures inside the page,
    in characters of base64. Raises `UsageError` where it can't be written.
    """
    base = comparisons.base
    runs = [base, *(one.candidate for one in comparisons.comparisons)]
    names, beside = _names(runs), axes_wanted(catalog)
    profiles = [profile(run, catalog, beside=beside) for run in runs]
    pairs = [paired_samples(one, catalog) for one in comparisons.comparisons]
    folders = [run.path / "pictures" for run in runs]
    pictures = embed((digest for one in pairs for digest in one.images), folders, budget)
    shown = [
        _shown(one, names[0], name, profiles[0], own, number)
        for number, (one, name, own) in enumerate(zip(comparisons.comparisons, names[1:], profiles[1:], strict=True))
    ]
    left_out = {digest[:16]: digest for digest in pictures.left_out}
    blocks = [
        data_block({**one.data, "leftOut": left_out, "names": [names[0], name]}, f"data-{number}")
        for number, (one, name) in enumerate(zip(pairs, names[1:], strict=True))
    ]
    page = render(
        "compare.html.j2",
        run=base.read_json("run.json"),
        base=names[0],
        shown=shown,
        pictures=pictures,
        blocks=blocks,
        extras=extras or {},
    )
    return _written(out, page, pictures, folders)


def _written(out: Path, page: str, pictures: Embedded, folders: Sequence[Path]) -> Path:
    lay_beside(pictures.left_out, folders, out.parent / "pictures")
    write_whole(out, page.encode("utf-8", "replace"))
    return out


def _names(runs: Sequence[RunFolder]) -> list[str]:
    """What the page calls each run: its model, and where two have one name, its folder."""
    models = [short(str((run.read_json("run.json").get("model") or {}).get("name") or "unnamed")) for run in runs]
    paths = [run.path.resolve() for run in runs]
    folders = [f"{path.parent.name}/{path.name}" for path in paths]
    return [
        name if models.count(name) == 1 else f"{name} ({folder})" for name, folder in zip(models, folders, strict=True)
    ]


# -- what the template shows of one candidate


@dataclass(frozen=True, slots=True)
class Card:
    """One task. others: its metrics but the headline; sliced: its slices for the page's script."""

    name: str
    dimension: str
    compared: TaskCompared
    scale: Scale
    rows: Sequence[Row]
    sliced: Json


@dataclass(frozen=True, slots=True)
class Dimension:
    name: str
    base: str
    candidate: str
    row: Row | None
    tasks: Sequence[str]
    absent: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """One candidate. headlines: dimension -> rows, drawn on `scale`. alarms, notes: sentences, loud and quiet, each
    with a list that can be opened. facts: name, value, the filter that shows those samples."""

    number: int
    name: str
    base: str
    settings: Any
    counts: Mapping[str, int]
    verdict: str
    named: Sequence[tuple[str, str]]
    every: str
    alarms: Sequence[tuple[str, Sequence[str]]]
    notes: Sequence[tuple[str, Sequence[str]]]
    facts: Sequence[tuple[str, str, str]]
    scale: Scale
    headlines: Mapping[str, Sequence[Row]]
    dimension_scale: Scale
    dimensions: Sequence[Dimension]
    cost: Sequence[tuple[str, str]]
    tradeoffs: Sequence[Trade]
    cards: Sequence[Card]
    sides: Sequence[Json]


def _shown(one: Comparison, base: str, name: str, before: Profile, after: Profile, number: int) -> Shown:
    cards = [_card(task, compared, one) for task, compared in one.tasks.items()]
    known = {task: compared for task, compared in one.tasks.items() if compared.headline in compared.metrics}
    scale = forests.scale_of(task.metrics[task.headline] for task in known.values())
    headlines: dict[str, list[Row]] = {}
    for task, compared in known.items():
        row = forests.row(task, compared.headline, compared.metrics[compared.headline], scale, one.settings)
        headlines.setdefault(compared.dimension.replace("_", " "), []).append(row)
    cost = alignment_cost(before, after, force=one.settings.force)
    dimension_scale = forests.scale_of_points(cost.dimensions.values())
    return Shown(
        number=number,
        name=name,
        base=base,
        settings=one.settings,
        counts=one.headlines,
        verdict=_verdict(one.headlines),
        named=_named([row for rows in headlines.values() for row in rows]),
        every=_every(one),
        alarms=[*_unfinished(one), *_forced(one), *_unequal(one), *_missing(one), *_absent(one)],
        notes=_noted(one),
        facts=_facts(one),
        scale=scale,
        headlines=headlines,
        dimension_scale=dimension_scale,
        dimensions=[_dimension(dim, found, dimension_scale) for dim, found in cost.dimensions.items()],
        cost=_cost(cost),
        tradeoffs=trades(tradeoffs((before, after)), (base, name)),
        cards=cards,
        sides=[_side(run, side) for run, side in ((one.base, base), (one.candidate, name))],
    )


def _verdict(counts: Mapping[str, int]) -> str:
    """ "1 headline better, 1 worse, 4 too few samples to tell": each that there is; the noun stands with the first."""
    there = [(counts[word], word) for word in (BETTER, WORSE, NONE_SHOWN, TOO_FEW) if counts[word]]
    if not there:
        return "no headline metric that has a good way"
    (n, word), *others = there
    return ", ".join([f"{plural(n, 'headline')} {word}", *(f"{n} {word}" for n, word in others)])


def _named(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """("Better", the headlines that are, the largest differences first)."""
    found = []
    for word in (WORSE, BETTER):
        those = sorted((row for row in rows if row.verdict == word), key=lambda row: -abs((row.at or 50) - 50))
        said = [f"{row.task} {row.metric} {row.base} → {row.candidate}" for row in those[:NAMED]]
        said += [f"and {len(those) - NAMED} more"] if len(those) > NAMED else []
        if said:
            found.append((word.capitalize(), ", ".join(said)))
    return found


def _every(one: Comparison) -> str:
    counts = one.counts
    said = ", ".join(f"{n} {word}" for word, n in counts.items() if n)
    return f"Of all {plural(sum(counts.values()), 'metric')} that have a good way: {said}."


def _card(task: str, compared: TaskCompared, one: Comparison) -> Card:
    scale = forests.scale_of(compared.metrics.values())
    names = sorted(compared.metrics, key=lambda name: (name != compared.headline, not compared.metrics[name].verdict))
    rows = [forests.row(task, name, compared.metrics[name], scale, one.settings) for name in names]
    return Card(task, compared.dimension, compared, scale, rows, forests.sliced(compared))


def _dimension(name: str, found: Json, scale: Scale) -> Dimension:
    row = None if found.get("value") is None else forests.points_row(name, found, scale)
    base, candidate = (NONE if found[side] is None else f"{found[side]:.1f}" for side in ("base", "candidate"))
    return Dimension(name.replace("_", " "), base, candidate, row, found["tasks"], found["absent"])


def _cost(cost: Cost) -> list[tuple[str, str]]:
    """("Won", the dimensions above zero), ("Paid", those below), ("Unclear", the others), as far as there are any."""
    found = []
    for word, names in (("Won", cost.better), ("Paid", cost.worse), ("Unclear", cost.unclear)):
        said = [f"{name.replace('_', ' ')} {forests.in_points(cost.dimensions[name]['value'])}" for name in names]
        if said:
            found.append((word, ", ".join(said)))
    return found


# -- notes


def _unfinished(one: Comparison) -> list[tuple[str, list[str]]]:
    sides = (("the base", one.base), ("the candidate", one.candidate))
    states = {side: str(run.read_json("run.json").get("status") or "unknown") for side, run in sides}
    return [
        (f"The run of {side} is not done ({state}): its figures cover what was answered by then.", [])
        for side, state in states.items()
        if state != "done"
    ]


def _forced(one: Comparison) -> list[tuple[str, list[str]]]:
    if not one.differs:
        return []
    lines = [
        f"{task}: {found.what}: {found.base} (base), {found.candidate} (candidate)"
        for task, several in one.differs.items()
        for found in several
    ]
    said = "was" if len(one.differs) == 1 else "were"
    what = f"Forced: {plural(len(one.differs), 'task')} {said} not asked the same in both runs"
    return [(f"{what}, so a difference may come from that.", lines)]


def _unequal(one: Comparison) -> list[tuple[str, list[str]]]:
    """Tasks whose samples are not the same; those without an answer are `_missing`'s."""
    apart = {task: found for task, found in one.tasks.items() if found.only_base or found.only_candidate}
    if not apart:
        return []
    lines = [
        f"{task}: {found.common:,} compared; {found.only_base:,} only in the base, "
        f"{found.only_candidate:,} only in the candidate"
        for task, found in apart.items()
    ]
    return [(f"Unequal samples in {plural(len(apart), 'task')}: only those that both runs have are compared.", lines)]


def _missing(one: Comparison) -> list[tuple[str, list[str]]]:
    lost = {task: found.missing for task, found in one.tasks.items() if any(found.missing)}
    if not lost:
        return []
    base, candidate = (sum(pair[side] for pair in lost.values()) for side in (0, 1))
    lines = [f"{task}: {pair[0]:,} in the base, {pair[1]:,} in the candidate" for task, pair in lost.items()]
    what = f"Without an answer or verdict: {base:,} samples of the base, {candidate:,} of the candidate"
    return [(f"{what}. They are left out of both.", lines)]


def _absent(one: Comparison) -> list[tuple[str, list[str]]]:
    if not one.absent:
        return []
    lines = [f"{task}: {why}" for task, why in one.absent.items()]
    return [(f"{plural(len(one.absent), 'task')} not compared.", lines)]


def _noted(one: Comparison) -> list[tuple[str, list[str]]]:
    if not one.noted:
        return []
    lines = [f"{found.what}: {found.base} (base), {found.candidate} (candidate)" for found in one.noted]
    names = ", ".join(found.what for found in one.noted)
    return [(f"Also not the same in both runs, which may explain a difference: {names}.", lines)]


def _facts(one: Comparison) -> list[tuple[str, str, str]]:
    """Name, value, and the filter that shows those samples."""
    tasks = one.tasks.values()
    flips = [task.flips for task in tasks if task.flips is not None]
    fell, rose = (sum(pair[way] for pair in flips) for way in (0, 1))
    facts = [
        ("Samples compared", f"{sum(task.common for task in tasks):,}", ""),
        ("Tasks", f"{len(one.tasks):,}", ""),
    ]
    if flips:
        facts += [("Right → wrong", f"{fell:,}", "state=fell"), ("Wrong → right", f"{rose:,}", "state=rose")]
    lost = [sum(task.missing[side] for task in tasks) for side in (0, 1)]
    if any(lost):
        facts.append(("Missing in base, candidate", f"{lost[0]:,}, {lost[1]:,}", "state=lost"))
    return facts


# -- what was compared


def _side(run: RunFolder, name: str) -> Json:
    record = run.read_json("run.json")
    model: Json = record.get("model") or {}
    config: Json = record.get("config") or {}
    kept = ("name", "digest", "parameters", "numerics", "device", "engine", "system", "adapter")
    return {
        "name": name,
        "run": str(run.path),
        "status": record.get("status") or "unknown",
        "model": plain({key: model.get(key) for key in kept}),
        "settings": plain(
            {key: config.get(key) for key in ("suite", "tasks", "limit", "prompt", "scoring", "seed", "temperature")}
        ),
        "versions": plain({"mmeval": record.get("mmeval"), **(record.get("versions") or {})}),
        "command": command_line(record.get("command") or []),
    }
