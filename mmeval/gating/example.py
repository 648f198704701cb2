"""A policy to start from, written about the tasks of given runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmeval.aligning import recorded
from mmeval.catalog import Catalog
from mmeval.errors import UsageError
from mmeval.journal import storage
from mmeval.runs import RunFolder
from mmeval.statistics.sums import AnyMetric, span

SHOWN = 6  # tasks whose headline is offered with a bound
MARGIN = 3

HEAD = """\
# What a checkpoint must show before it is released:
#     mmeval gate --base RUN --cand RUN --policy {name}
# Exit codes: 0 pass, 1 regression, 2 cannot tell. How each rule is tested: docs/gate.md

confidence: 95  # per cent

rules:
  # No headline metric may be shown to be worse. What has a rule of its own, below, is left out of "*".
  # Names: task.metric, a task (its headline metric), a dimension (its headlines), and "*" within them.
  - metric: "*"
    no_regression: true
"""
NOT_WORSE = """
  # It must be shown that this is not worse by so many points of the metric's 0 to 100 scale.
  - metric: {metric}
    not_worse_by: {margin}
"""
BETTER = """
  # It must be shown that this is better.
  # - metric: {metric}
  #   better: true
"""
BOUNDS = """
  # The candidate's own figure, whatever the base has: the whole interval must lie on the right side.
"""
TAIL = """
# Of these both runs must have figures, and the candidate of every task that the base has figures of.
required_dimensions: [{dimensions}]

# Answers that are missing or not judged, as a share of each task.
missing:
  at_most: 5 %
  # more_than_base: 1 %

# Under no_regression a metric may be worse by so many points even where that is shown.
tolerance: 0
"""


def write_example(path: Path, runs: Sequence[RunFolder], catalog: Catalog) -> Path:
    """Raises `UsageError` where the file is there already."""
    if path.exists():
        raise UsageError(f"--policy {path}: is there already; name another file, or remove it")
    text = example(path.name, runs, catalog)
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path


def example(name: str, runs: Sequence[RunFolder], catalog: Catalog) -> str:
    """The policy as text. Without runs it is about every task, with bounds as an example that is commented out."""
    results = [recorded(run)[1] for run in runs]
    figures = _headlines(results, catalog)
    usable = {metric: one for metric, one in figures.items() if span(one[1]) is not None}
    largest = max(usable, key=lambda metric: usable[metric][0]["n"], default=None)
    dimensions = [
        {catalog.tasks[task].dimension for task in result if task in catalog.tasks and result[task]["metrics"]}
        for result in results
    ]
    required = sorted(set.intersection(*dimensions)) if dimensions else []
    parts = [HEAD.format(name=name)]
    parts += [NOT_WORSE.format(metric=largest, margin=MARGIN)] if largest else []
    parts.append(BETTER.format(metric=next(iter(figures), "demo_pope.f1")))
    bounds = [_bound(metric, *one) for metric, one in list(usable.items())[:SHOWN]]
    parts.append(BOUNDS + "".join(bounds or ["  # - metric: demo_pope.f1\n  #   at_least: 85 %\n"]))
    parts.append(TAIL.format(dimensions=", ".join(required)))
    return "".join(parts)


def _headlines(
    results: Sequence[Mapping[str, Any]], catalog: Catalog
) -> dict[str, tuple[Mapping[str, Any], AnyMetric]]:
    """task.metric -> the first run's estimate, and the metric, of headlines that all runs have and that have a way."""
    found: dict[str, tuple[Mapping[str, Any], AnyMetric]] = {}
    for name, result in results[0].items() if results else ():
        task = catalog.tasks.get(name)
        if task is None or task.headline not in result["metrics"]:
            continue
        metric = task.scorer_for(result["dialect"])[1].metrics[task.headline]
        there = all(task.headline in (other.get(name) or {"metrics": ()})["metrics"] for other in results)
        if there and metric.better is not None:
            found[f"{name}.{task.headline}"] = result["metrics"][task.headline], metric
    return found


def _bound(name: str, estimate: Mapping[str, Any], metric: AnyMetric) -> str:
    """Commented out, so that nobody ships by a bound that nobody chose; the figure is where one would look from."""
    value = f"{100 * estimate['value']:.1f} %" if metric.unit == "fraction" else f"{estimate['value']:.3g}"
    key, way = ("at_least", "more") if metric.better == "higher" else ("at_most", "less")
    return f"  # - metric: {name}  # {way} is better\n  #   {key}: {value}\n"
