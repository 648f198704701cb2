"""Run folders -> the data that the pages in reports/ show -> the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmeval.catalog import Catalog
from mmeval.errors import UsageError
from mmeval.reporting import figures
from mmeval.reporting.browsing import Browsable, browsable
from mmeval.reporting.figures import Axis, Figure
from mmeval.reporting.heat import HeatRow, heat_rows
from mmeval.reporting.packing import data_block
from mmeval.reporting.pictures import BUDGET
from mmeval.reporting.rendering import command_line, plain, plural, render, short
from mmeval.reporting.trust import Line, lengths, trust
from mmeval.runs import Asked, RunFolder
from mmeval.scorers.base import Scorer
from mmeval.statistics.sums import RESAMPLES, AnyMetric

Json = Mapping[str, Any]


def write_report(run: RunFolder, catalog: Catalog, budget: int = BUDGET) -> Path:
    """Writes report.html: one page that needs nothing but itself and, where a run has many pictures, the folder
    `pictures` beside it.

    catalog: says which way a metric is good and how it is printed; a task that it lacks is shown all the same.
    budget: room for pictures inside the page, in characters of base64; the others are shown from their files.
    """
    manifest = run.read_json("run.json")
    measured = run.read_json("metrics.json") if (run.path / "metrics.json").is_file() else {}
    asked = run.samples() if (run.path / "samples.jsonl").is_file() else []
    samples = browsable(run, asked, budget)
    cards = [_card(name, manifest, measured, catalog, samples) for name in _task_names(manifest, measured)]
    page = render(
        "report.html.j2",
        run=manifest,
        head=_head(manifest, samples, sum(card.unjudged for card in cards)),
        dimensions=_by_dimension(cards),
        cards=cards,
        heat=_heat(cards),
        samples=samples,
        packed=data_block(samples.data, "data"),
        ran=_what_ran(manifest, asked),
    )
    run.write("report.html", page.encode())
    return run.path / "report.html"


# -- the head


def _head(manifest: Json, samples: Browsable, unjudged: int) -> dict[str, Any]:
    """What stands above the figures. unjudged: answers that no judge has read."""
    marks = list(samples.marks.values())
    n, missing = sum(map(_size, marks)), sum(mark["m"] for mark in marks)
    tasks = manifest.get("tasks") or {}
    failed = [name for name, task in tasks.items() if task.get("error")]
    status = manifest.get("status", "unknown")
    answered = f"{n - missing:,} of {n:,} samples" if missing else f"All {plural(n, 'sample')}"
    what = f"{answered} answered in {plural(len(tasks), 'task')}"
    model = manifest.get("model") or {}
    return {
        "model": short(str(model.get("name") or "unnamed model")),
        "status": "done, with failures" if status == "done" and failed else status,
        "mood": "failed" if status == "done" and failed else status,
        "failed": failed,
        "summary": "; ".join([what, *_lost(missing, unjudged)]) + ".",
        "started": figures.moment(manifest.get("started")),
        "suite": (manifest.get("config") or {}).get("suite"),
        "facts": [
            ("Samples", f"{n:,}"),
            ("Missing", f"{missing:,}"),
            *([("Not judged", f"{unjudged:,}")] if unjudged else []),
            ("Asked anew", _count(manifest.get("asked"))),
            ("Reused", _count(manifest.get("reused"))),
            ("Duration", figures.duration(manifest.get("seconds"))),
        ],
        "missing": missing,
        "notes": list(dict.fromkeys(manifest.get("notes") or [])),
    }


def _lost(missing: int, unjudged: int) -> list[str]:
    """How many samples have no answer, and how many answers no verdict."""
    said = [(missing, "missing"), (unjudged, "not judged")]
    return [f"{f'{n:,} are' if n != 1 else 'one is'} {what}" for n, what in said if n]


def _size(marks: Mapping[str, int]) -> int:
    return sum(marks[state] for state in "rwmu")


def _count(value: int | None) -> str:
    return figures.NONE if value is None else f"{value:,}"


# -- one task


@dataclass(frozen=True, slots=True)
class Forest:
    """One metric over all samples and in every slice, on one axis. groups: slice name -> (value, figure)."""

    metric: str
    better: str | None
    axis: Axis
    whole: Figure
    groups: Mapping[str, Sequence[tuple[str, Figure]]]

    @property
    def rows(self) -> int:
        return sum(map(len, self.groups.values()))

    @property
    def undefined(self) -> bool:
        return self.whole.undefined or any(figure.undefined for rows in self.groups.values() for _, figure in rows)

    @property
    def drawn(self) -> int:
        return sum(figure.at is not None for rows in self.groups.values() for _, figure in rows)


@dataclass(frozen=True, slots=True)
class Card:
    """What the page shows of one task. on_scale: the headline on an axis of 0 to 100 %, where it is a fraction.

    by_slice: the metric whose slices are shown first. published: (model, value as printed, place on the
    headline's axis).
    """

    name: str
    dimension: str
    summary: str
    dialect: str
    error: str | None
    headline: Forest | None
    on_scale: Figure | None
    average_over: str | None
    forests: Sequence[Forest]
    unjudged: int
    undefined: bool
    by_slice: str | None
    published: Sequence[tuple[str, str, float | None]]
    marks: Mapping[str, int]
    n: int
    clusters: int
    missing: int
    duration: str
    trust: Sequence[Line]
    judged_by: str
    lengths: Sequence[Line]
    mean_length: str


def _task_names(manifest: Json, measured: Json) -> list[str]:
    return list(dict.fromkeys([*(manifest.get("tasks") or {}), *measured]))


def _card(name: str, manifest: Json, measured: Json, catalog: Catalog, samples: Browsable) -> Card:
    told: Json = (manifest.get("tasks") or {}).get(name) or {}
    found: Json = measured.get(name) or {}
    dialect = found.get("dialect") or told.get("dialect") or ""
    known_task, scorer = catalog.tasks.get(name), _scorer(catalog, name, dialect)
    metrics: Json = found.get("metrics") or {}
    headline = _headline(told, metrics)
    published: Mapping[str, float] = told.get("published") or {}
    forests = []
    for metric in metrics:
        known = scorer.metrics.get(metric) if scorer else None
        beside = published.values() if metric == headline else ()
        forests.append(_forest(metric, metrics, found.get("slices") or {}, known, beside))
    first = next((forest for forest in forests if forest.metric == headline), None)
    marks = samples.marks.get(name) or dict.fromkeys(("r", "w", "m", "u", "cut"), 0)
    judge, length = found.get("judge") or {}, found.get("length") or {}
    units = {forest.metric: forest.axis.unit for forest in forests}
    return Card(
        name=name,
        dimension=told.get("dimension") or (known_task.dimension if known_task else "") or "other",
        summary=told.get("summary") or (known_task.summary if known_task else ""),
        dialect=dialect,
        error=told.get("error"),
        headline=first,
        on_scale=_on_scale(metrics[first.metric], first) if first else None,
        average_over=_averaged_over(scorer, first.metric) if scorer and first else None,
        unjudged=found.get("unjudged") or 0,
        undefined=any(forest.undefined for forest in forests),
        by_slice=_by_slice(forests, first),
        forests=sorted(forests, key=lambda forest: forest is not first),
        published=[_published(model, value, first.axis) for model, value in published.items()] if first else [],
        marks=marks,
        n=found.get("n") or _size(marks),
        clusters=first.whole.clusters if first else 0,
        missing=marks["m"],
        duration=figures.duration(told.get("seconds")),
        trust=trust(judge, units.get(str(judge.get("metric")), "number")) if judge else (),
        judged_by=_judged_by(manifest.get("judge") or {}, judge.get("metric")) if judge else "",
        lengths=lengths(length, units) if length else (),
        mean_length=f"{length['mean']:,.0f} {length['unit']}" if length else "",
    )


def _judged_by(told: Json, metric: str | None) -> str:
    """The judges by name, how many verdicts each gave on an answer, and the metric that measures are about."""
    names = [short(str((one.get("model") or {}).get("name"))) for one in told.get("judges") or []]
    votes = f", {told['votes']} votes each" if (told.get("votes") or 1) > 1 else ""
    return " and ".join(names) + votes + (f"; by {metric.replace('_', ' ')}" if metric else "")


def _averaged_over(scorer: Scorer, metric: str) -> str | None:
    return scorer.metrics[metric].over if metric in scorer.metrics else None


def _scorer(catalog: Catalog, name: str, dialect: str) -> Scorer | None:
    """The scorer that made the figures; None when this catalog knows the task or the dialect no more."""
    try:
        return catalog.tasks[name].scorer_for(dialect or None)[1]
    except (KeyError, UsageError):
        return None


def _headline(told: Json, metrics: Json) -> str | None:
    """The headline's metric. A headline in words ("f1 averaged over split") starts with its name."""
    named = str(told.get("headline") or "")
    return next((name for name in (named, named.split(" ")[0]) if name in metrics), next(iter(metrics), None))


def _forest(name: str, metrics: Json, slices: Json, metric: AnyMetric | None, beside: Iterable[float]) -> Forest:
    whole = metrics[name]
    parts = {part: found[name] for part, found in slices.items() if name in found}
    everything = [whole, *parts.values()]
    unit = metric.unit if metric else _unit(everything)
    drawn = [found for found in everything if not found.get("undefined")]
    reach = [found.get(end) for found in drawn for end in ("value", "low", "high")]
    on = figures.axis([*reach, *(_stored(value, unit) for value in beside)], unit)
    groups: dict[str, list[tuple[str, Figure]]] = {}
    for part, found in parts.items():
        slice_name, _, value = part.partition("=")
        groups.setdefault(slice_name, []).append((value, figures.figure(name, found, on)))
    better = metric.better if metric else None
    return Forest(name, better, on, figures.figure(name, whole, on), groups)


def _by_slice(forests: Sequence[Forest], headline: Forest | None) -> str | None:
    """The metric whose slices are shown first: the headline's, unless it means nothing in any slice (AMBER's score
    joins two kinds of question, and a slice has one)."""
    if headline is None:
        return None
    return headline.metric if headline.drawn else max((headline, *forests), key=lambda forest: forest.drawn).metric


def _on_scale(estimate: Json, headline: Forest) -> Figure | None:
    if headline.axis.unit != "fraction":
        return None
    return figures.figure(headline.metric, estimate, Axis(0.0, 1.0, 0.5, "fraction"))


def _unit(estimates: Iterable[Json]) -> figures.Unit:
    """The unit of a metric that the catalog does not know: in [0, 1] it is taken for a fraction."""
    values = [found.get("value") for found in estimates]
    return "fraction" if all(value is None or 0 <= value <= 1 for value in values) else "number"


def _stored(published: float, unit: figures.Unit) -> float:
    """A published value as metrics store it: sources print fractions in per cent, some as fractions."""
    return published / 100 if unit == "fraction" and abs(published) > 1 else published


def _published(model: str, value: float, on: Axis) -> tuple[str, str, float | None]:
    stored = _stored(value, on.unit)
    return model, figures.number(stored, on.unit), on.place(stored)


def _heat(cards: Iterable[Card]) -> list[HeatRow]:
    """The metric that each card shows by slice, where it has a good way."""
    shown = [(card, forest) for card in cards for forest in card.forests if forest.metric == card.by_slice]
    return heat_rows(
        {
            card.name: (forest.metric, forest.better, forest.whole, forest.groups)
            for card, forest in shown
            if forest.better
        }
    )


def _by_dimension(cards: Iterable[Card]) -> dict[str, list[Card]]:
    found: dict[str, list[Card]] = {}
    for card in cards:
        found.setdefault(card.dimension.replace("_", " "), []).append(card)
    return found


# -- what ran


def _what_ran(manifest: Json, asked: Sequence[Asked]) -> dict[str, Any]:
    config: Json = manifest.get("config") or {}
    model: Json = manifest.get("model") or {}
    tasks: Json = manifest.get("tasks") or {}
    versions = {**(model.get("versions") or {}), **(manifest.get("versions") or {})}
    system = model.get("system") or config.get("system")
    command = command_line(manifest.get("command") or [])
    return {
        "model": plain({name: value for name, value in model.items() if name != "versions"}),
        "decoding": plain({name: value for name, value in config.items() if name not in ("suite", "tasks")}),
        "versions": plain({"mmeval": manifest.get("mmeval"), **versions}),
        "machine": plain(manifest.get("machine")),
        "engine": plain(manifest.get("engine")),
        "judge": plain(_judge(manifest.get("judge") or {})),
        "command": command,
        "data": [(name, task, _example(name, manifest, system, asked)) for name, task in tasks.items()],
        "resamples": f"{config.get('resamples') or RESAMPLES:,}",
        "finished": figures.moment(manifest.get("finished")),
    }


def _judge(told: Json) -> Json:
    """The judges' part of run.json, for people."""
    prompts: Json = told.get("prompts") or {}
    words = {name: f"{one.get('words')}, {str(one.get('digest'))[:8]}" for name, one in prompts.items()}
    shown: dict[str, Any] = {}
    for number, one in enumerate(told.get("judges") or [], start=1):
        model: Json = one.get("model") or {}
        counts = {name: one.get(name) for name in ("calls", "reused", "asked_again", "failed")}
        shown[f"judge {number}"] = {"name": model.get("name"), "server": model.get("server"), **counts}
    how = {name: told.get(name) for name in ("rule", "votes", "temperature", "orders", "spent")}
    return {**shown, **(how if shown else {}), "prompts": words}


def _example(name: str, manifest: Json, system: str | None, asked: Sequence[Asked]) -> str | None:
    """The prompt as the model got it where the run kept one, else the text of the first sample."""
    rendered = (manifest.get("prompts") or {}).get(name)
    if rendered:
        return str(rendered)
    first = next((one.sample.prompt for one in asked if one.task == name), None)
    return "\n".join(part for part in (system, first) if part) or None
