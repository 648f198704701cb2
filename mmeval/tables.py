"""Tables for the terminal: results with their intervals, and the list of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval.catalog import Catalog

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from mmeval.statistics.sums import Metric


def print_results(tasks: Mapping[str, Any], failed: Mapping[str, str], catalog: Catalog) -> None:
    """One row a metric and task with value and 95 % interval, then the headline metric by slice, on stdout."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for name, result in tasks.items():
        task = catalog.tasks.get(name)
        metrics = task.scorer_for(result["dialect"])[1].metrics if task else {}
        console.print(_result_table(name, result, metrics, task.headline if task else None))
    for name, why in failed.items():
        console.print(Text(f"{name}: no figures", style="red"))
        console.print(Text(f"  {why}"))


def _result_table(
    name: str, result: Mapping[str, Any], metrics: Mapping[str, Metric], headline: str | None
) -> RichTable:
    from rich.table import Table
    from rich.text import Text

    title = Text(name, style="bold")
    title.append(f"  {result['n']} samples, ", style="not bold")
    title.append(f"{result['missing']} missing", style="red" if result["missing"] else "not bold")
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
        for part, values in result["slices"].items():
            if headline in values and not values[headline].get("undefined"):
                label = Text(f"  {headline} ")
                label.append(part, style="dim")
                table.add_row(label, *_cells(values[headline], metrics.get(headline)))
    return table


def _label(name: str, metrics: Mapping[str, Metric]) -> str:
    arrow = {"higher": " ↑", "lower": " ↓"}.get(str(metrics[name].better) if name in metrics else "", "")
    return f"{name}{arrow}"


def _cells(estimate: Mapping[str, Any], metric: Metric | None) -> tuple[str, str, str]:
    def shown(value: float | None) -> str:
        if value is None:
            return "-"
        return f"{100 * value:.1f} %" if metric is None or metric.unit == "fraction" else f"{value:.3f}"

    interval = "-" if estimate["low"] is None else f"{shown(estimate['low'])} … {shown(estimate['high'])}"
    value = shown(estimate["value"]) + (" (0/0)" if estimate.get("undefined") else "")
    return value, interval, shown(estimate["stderr"])


def tasks_json(catalog: Catalog, data: tuple[Path, ...]) -> dict[str, Any]:
    rows = {}
    for name, task in catalog.tasks.items():
        found = task.rows.at_hand(data)
        rows[name] = {
            "dimension": task.dimension,
            "summary": task.summary,
            "headline": task.headline,
            "dialects": list(task.dialects),
            "data": found,
            "wanted": None if found else task.rows.wanted,
            "published": dict(task.published),
        }
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
