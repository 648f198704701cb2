"""A comparison for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmeval.compare import BETTER, NONE_SHOWN, TOO_FEW, WORSE, Comparison, Comparisons, MetricCompared
from mmeval.reporting.figures import interval, number
from mmeval.runs import RunFolder

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

SHORT = {BETTER: "▲ better", WORSE: "▼ worse", NONE_SHOWN: "none shown", TOO_FEW: "too few to tell"}
STYLES = {BETTER: "green", WORSE: "red", TOO_FEW: "dim"}


def print_comparisons(found: Comparisons) -> None:
    """Per candidate: what must be said first, the headline metrics, and the other metrics that changed."""
    from rich.console import Console

    console = Console(highlight=False)
    for one in found.comparisons:
        _print_one(one, console)


def _print_one(one: Comparison, console: Console) -> None:
    from rich.text import Text

    names = [_name(run) for run in (one.candidate, one.base)]
    console.print(Text(f"{names[0]} against {names[1]}", style="bold"))
    for line in loud(one):
        console.print(Text(line, style="yellow"))
    console.print(_table(one))
    others = [(task, name, found) for task, name, found in one.judged() if name != one.tasks[task].headline]
    changed = [(f"{task} {name}", found) for task, name, found in others if found.verdict in (BETTER, WORSE)]
    if changed:
        console.print(Text("\nother metrics that changed", style="dim"))
        console.print(_rows(changed, one))
    silent = len(others) - len(changed)
    counts = ", ".join(f"{n} {verdict}" for verdict, n in one.headlines.items() if n)
    console.print(f"\nheadlines: {counts}; {silent} of {len(others)} other metrics without a difference shown")
    would = [
        f"{task} {found.needed:,}"
        for task, name, found in one.judged()
        if name == one.tasks[task].headline and found.verdict == TOO_FEW and found.needed
    ]
    if would:
        console.print(f"too few to tell; samples that would find {one.settings.margin:g} points: {', '.join(would)}")
    p = {"bh": "Benjamini-Hochberg", "holm": "Holm"}[one.settings.correction]
    console.print(
        Text(
            f"p corrected over {sum(1 for _ in one.judged())} metrics ({p}); margin {one.settings.margin:g} points",
            "dim",
        )
    )


def loud(one: Comparison) -> list[str]:
    """What must be said before any figure: forced comparisons, unequal samples, missing answers, absent tasks."""
    said = [
        f"not asked the same, compared by force: {task}: {found.what}: {found.base} / {found.candidate}"
        for task, differs in one.differs.items()
        for found in differs
    ]
    for task, compared in one.tasks.items():
        if compared.common < max(compared.n):
            lost = [
                f"{n} {words}"
                for n, words in (
                    (compared.only_base, "only in the base"),
                    (compared.only_candidate, "only in the candidate"),
                    (compared.missing[0], "missing in the base"),
                    (compared.missing[1], "missing in the candidate"),
                )
                if n
            ]
            said.append(
                f"{task}: compared on the {compared.common} samples that both have a score of ({', '.join(lost)})"
            )
        if any(compared.not_asked):
            side = "the candidate" if compared.not_asked[1] else "the base"
            said.append(
                f"{task}: {side} stopped early: its figures lean towards the decision; p does not allow for that"
            )
    return said + [f"{task}: not compared, {why}" for task, why in one.absent.items()]


def _name(run: RunFolder) -> str:
    record = run.read_json("run.json")
    return str((record.get("model") or {}).get("name") or run.path)


def _table(one: Comparison) -> RichTable:
    rows = [(task, compared.metrics.get(compared.headline)) for task, compared in one.tasks.items()]
    return _rows([(f"{task} {one.tasks[task].headline}", found) for task, found in rows if found], one)


def _rows(rows: list[tuple[str, MetricCompared]], one: Comparison) -> RichTable:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("metric", overflow="fold")
    for column in ("base", "cand.", "change", "95 % interval", "p"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for name, found in rows:
        test, unit = found.test, found.metric.unit
        arrow = {"higher": " ↑", "lower": " ↓"}.get(str(found.metric.better), "")
        p = found.holm if one.settings.correction == "holm" else found.bh
        table.add_row(
            name + arrow,
            number(test.base, unit),
            number(test.candidate, unit),
            signed(test.difference.value, unit),
            interval(test.difference.low, test.difference.high, unit).removesuffix("%"),
            "-" if p is None else f"{p:.2g}" if p >= 0.0001 else "<0.0001",
            Text(SHORT.get(str(found.verdict), ""), style=STYLES.get(str(found.verdict), "")),
        )
    return table


def signed(value: float, unit: str) -> str:
    """A difference with its sign; of fractions in percentage points."""
    text = number(value, "fraction" if unit == "fraction" else "number").removesuffix("%")
    return f"+{text}" if value > 0 else text
