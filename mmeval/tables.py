"""Tables for the terminal: results with their intervals, and the list of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval.catalog import Catalog

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from mmeval.gain import Gain
    from mmeval.length import Compared
    from mmeval.statistics.sums import AnyMetric
    from mmeval.tasks import Task


LOST = {"missing": "missing", "unjudged": "not judged"}
FEW_EQUAL = 0.05  # share of answers that got longer, or shorter, below which equal length is extrapolated
MANY_TASKS = 3
MANY_PARTS = 12


def print_results(tasks: Mapping[str, Any], failed: Mapping[str, str], catalog: Catalog) -> None:
    """On stdout: of a few tasks every metric with its 95 % interval and the headline by slice; of many a row each."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if len(tasks) > MANY_TASKS:
        console.print(_summary(tasks, catalog))
    for name, result in tasks.items() if len(tasks) <= MANY_TASKS else ():
        metrics, headline = _known(name, result, catalog)
        console.print(_result_table(name, result, metrics, headline))
    for name, why in failed.items():
        console.print(Text(f"{name}: no figures", style="red"))
        console.print(Text(f"  {why}"))


def _known(name: str, result: Mapping[str, Any], catalog: Catalog) -> tuple[Mapping[str, AnyMetric], str | None]:
    """A task's metrics and its headline, if the catalogue has it."""
    task = catalog.tasks.get(name)
    return (task.scorer_for(result["dialect"])[1].metrics, task.headline) if task else ({}, None)


def _summary(tasks: Mapping[str, Any], catalog: Catalog) -> RichTable:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("task", no_wrap=True)
    table.add_column("headline", overflow="fold")
    for column in ("value", "95 % interval", "samples"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for name, result in tasks.items():
        metrics, headline = _known(name, result, catalog)
        estimate = result["metrics"].get(headline)
        value, interval, _ = _cells(estimate, metrics.get(str(headline))) if estimate else ("-", "-", "")
        lost = [f"{result[what]} {words}" for what, words in LOST.items() if result.get(what)]
        label = _label(headline, metrics) if headline else ""
        row = (label, value, interval.replace(" %", ""), str(result["n"]), Text(", ".join(lost), style="red"))
        table.add_row(Text(name, style="bold"), *row)
    return table


def _result_table(
    name: str, result: Mapping[str, Any], metrics: Mapping[str, AnyMetric], headline: str | None
) -> RichTable:
    from rich.table import Table
    from rich.text import Text

    title = Text(name, style="bold")
    title.append(f"  {result['n']} samples, ", style="not bold")
    title.append(f"{result['missing']} missing", style="red" if result["missing"] else "not bold")
    if result.get("not_asked"):
        title.append(f", {result['not_asked']} not asked", style="not bold")
    title.append(f", scoring: {result['dialect']}", style="not bold")
    if result.get("unjudged"):
        title.append(f", {result['unjudged']} not judged", style="red")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.add_column("metric", min_width=22)
    for column in ("value", "95 % interval", "stderr"):
        table.add_column(column, justify="right", min_width=9)
    for metric, estimate in result["metrics"].items():
        style = "bold" if metric == headline else ""
        table.add_row(Text(_label(metric, metrics)), *_cells(estimate, metrics.get(metric)), style=style)
    if headline:
        for name, parts in _by_slice(result["slices"], headline).items():
            for part in parts[:MANY_PARTS]:
                label = Text(f"  {headline} ")
                label.append(part, style="dim")
                table.add_row(label, *_cells(result["slices"][part][headline], metrics.get(headline)))
            if len(parts) > MANY_PARTS:
                more = f"  … {len(parts) - MANY_PARTS} more of {name}: on the page, in --json"
                table.add_row(Text(more, style="dim"))
    return table


def _by_slice(slices: Mapping[str, Mapping[str, Any]], headline: str) -> dict[str, list[str]]:
    """Slice name -> its parts ("name=value") that have the headline."""
    found: dict[str, list[str]] = {}
    for part, values in slices.items():
        if headline in values and not values[headline].get("undefined"):
            found.setdefault(part.partition("=")[0], []).append(part)
    return found


def _label(name: str, metrics: Mapping[str, AnyMetric]) -> str:
    arrow = {"higher": " ↑", "lower": " ↓"}.get(str(metrics[name].better) if name in metrics else "", "")
    return f"{name}{arrow}"


def _cells(estimate: Mapping[str, Any], metric: AnyMetric | None) -> tuple[str, str, str]:
    low, high = (_shown(estimate[name], metric) for name in ("low", "high"))
    interval = "-" if estimate["low"] is None else f"{low} … {high}"
    value = _shown(estimate["value"], metric) + (" (0/0)" if estimate.get("undefined") else "")
    return value, interval, _shown(estimate["stderr"], metric)


def _shown(value: float | None, metric: AnyMetric | None) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.1f} %" if metric is None or metric.unit == "fraction" else f"{value:.3f}"


def print_dialects(task: Task, figures: Mapping[str, Any], failed: Mapping[str, str]) -> None:
    """One row a metric, one column a dialect, and how far apart they are."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(title=Text(task.name, style="bold"), title_justify="left", box=None, header_style="dim")
    for name in ("metric", *figures, "spread"):
        table.add_column(name, justify="left" if name == "metric" else "right")
    names = dict.fromkeys(metric for result in figures.values() for metric in result["metrics"])
    for metric in names:
        known = next(one.metrics[metric] for one in task.dialects.values() if metric in one.metrics)
        values = [result["metrics"].get(metric) for result in figures.values()]
        there = [one["value"] for one in values if one]
        cells = ["-" if one is None else _cells(one, known)[0] for one in values]
        spread = _shown(max(there) - min(there), known) if len(there) > 1 else ""
        table.add_row(metric, *cells, spread, style="bold" if metric == task.headline else "")
    console.print(table)
    for name, why in failed.items():
        console.print(Text(f"{name}: no figures: {why}", style="yellow"))


def print_gains(found: Mapping[str, Gain], catalog: Catalog) -> None:
    """One row a task: with pictures, without, gain with interval, and leakage where it is known."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="dim")
    for name in ("task", "metric", "with pictures", "without", "gain", "95 % interval", "LLM alone", "leakage"):
        table.add_column(name, justify="left" if name in ("task", "metric") else "right")
    for name, one in found.items():
        metric = next(scorer.metrics[one.metric] for scorer in catalog.tasks[name].dialects.values())
        gain, interval, _ = _cells(asdict(one.gain), metric)
        alone = "-" if one.text is None else _shown(one.text, metric)
        leaked = "-" if one.leakage is None else _cells(asdict(one.leakage), metric)[0]
        seen, blind = _shown(one.seen, metric), _shown(one.blind, metric)
        table.add_row(name, one.metric, seen, blind, gain, interval, alone, leaked)
    Console(highlight=False).print(table)


def print_trust(tasks: Mapping[str, Any], catalog: Catalog) -> None:
    """What is known of the judge of each task, a row a measure."""
    from rich.console import Console
    from rich.table import Table

    from mmeval.reporting.trust import trust

    console = Console(highlight=False)
    for name, result in tasks.items():
        judge, metrics = result["judge"], _known(name, result, catalog)[0]
        metric = metrics.get(judge["metric"])
        table = Table(box=None, pad_edge=False, header_style="dim", title=f"{name}: {judge['metric']} by its judge")
        table.title_justify = "left"
        for column in ("measure", "value", "95 % interval", ""):
            table.add_column(column, justify="right" if column.startswith(("value", "95")) else "left")
        for line in trust(judge, metric.unit if metric else "number"):
            table.add_row(line.name, line.value, line.interval, line.says)
        console.print(table)


def print_lengths(found: Mapping[str, Mapping[str, Compared]], catalog: Catalog) -> None:
    """A row a metric: both runs, the difference, and what is left of it at equal length."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for name, metrics in found.items():
        known = {key: one for scorer in catalog.tasks[name].dialects.values() for key, one in scorer.metrics.items()}
        base, candidate = next(iter(metrics.values())).lengths
        table = Table(box=None, pad_edge=False, header_style="dim")
        longer = next(iter(metrics.values())).equal.longer
        table.title = (
            f"{name}  answers of {base:,.0f} and {candidate:,.0f} characters on average; {longer:.0%} got longer"
        )
        table.title_justify = "left"
        for column in ("metric", "base", "cand.", "difference", "at equal length"):
            table.add_column(column, justify="left" if column == "metric" else "right", no_wrap=column != "metric")
        for key, one in metrics.items():
            sides = [_shown(value, known.get(key)) for value in (one.base, one.candidate)]
            cells = [_cells(asdict(part), known.get(key)) for part in (one.equal.raw, one.equal.controlled)]
            shown = [f"{value} ({interval})" for value, interval, _ in cells]
            if not FEW_EQUAL < one.equal.longer < 1 - FEW_EQUAL:
                shown[1] = "no answers of equal length"
            table.add_row(_label(key, known), *sides, *shown)
        console.print(table)


def tasks_json(catalog: Catalog, data: tuple[Path, ...]) -> dict[str, Any]:
    """All that is known of each task, as `mmeval tasks --json` prints it."""
    from mmeval.matrix import matrix

    rows = {}
    for line in matrix(catalog, data):
        task = catalog.tasks[line.task]
        told = {"summary": task.summary, "headline": task.headline, "published": dict(task.published)}
        rows[line.task] = asdict(line) | {"wanted": None if line.data else line.wanted} | told
    return {"tasks": rows}


def print_tasks(catalog: Catalog, data: tuple[Path, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for suite, tasks in catalog.suites.items():
        table = Table(
            title=Text(suite, style="bold"), title_justify="left", box=None, pad_edge=False, show_header=False
        )
        table.add_column(min_width=16)
        table.add_column(overflow="fold")
        for task in tasks:
            found = task.rows.at_hand(data)
            about = Text(task.summary)
            about.append(f"\nscoring: {', '.join(task.dialects)}", style="dim")
            about.append("\ndata: ", style="dim")
            about.append(found or f"missing; wanted: {task.rows.wanted}", "green" if found else "yellow")
            table.add_row(Text(task.name, style="bold"), about)
        console.print(table)
        console.print()
    console.print("missing data: pass --data DIR with what is wanted, or be online for hub data sets", style="dim")
