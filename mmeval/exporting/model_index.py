"""The `model-index` block of a Hugging Face model card: a run's headline figures as the hub shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mmeval.errors import DataError, UsageError
from mmeval.exporting.reading import Exported, figures_of, one_each
from mmeval.journal import write_whole

KEY = "model-index"
HEAD = re.compile(r"\A(\s*---[ \t]*\r?\n)(.*?)(^---[ \t]*\r?$)", re.DOTALL | re.MULTILINE)
TASK_TYPE = "image-text-to-text"


def model_index(runs: Sequence[Exported], everything: bool = False, name: str | None = None) -> list[dict[str, Any]]:
    """One entry a model, as huggingface_hub makes it. everything: all metrics, not only each task's headline.

    name: of the model, instead of the run's; `UsageError` where there are several. Values are rounded to four places.
    """
    from huggingface_hub.repocard_data import eval_results_to_model_index

    models = one_each(runs)
    if name and len(models) > 1:
        raise UsageError(f"--name {name}: the runs are of {len(models)} models ({', '.join(models)})")
    index: list[dict[str, Any]] = []
    for model, tasks in models.items():
        distinct = {id(run): run for run in tasks.values()}.values()
        results = [result for run in distinct for result in _results(run, everything)]
        index += eval_results_to_model_index(name or model, results)
    return index


def _results(run: Exported, everything: bool) -> list[Any]:
    from huggingface_hub import EvalResult

    return [
        EvalResult(
            task_type=TASK_TYPE,
            task_name=str(run.asked(task).get("dimension") or "").replace("_", " ") or None,
            dataset_type=task,
            dataset_name=task,
            dataset_args={
                "samples": run.tasks[task]["n"],
                "missing": run.tasks[task]["missing"],
                "fingerprint": run.asked(task).get("fingerprint"),
            },
            metric_type=metric,
            metric_name=f"{metric} ({run.tasks[task]['dialect']} scoring)",
            metric_value=round(estimate["value"], 4),
            metric_args={
                **{part: round(estimate[part], 4) for part in ("low", "high", "stderr") if estimate[part] is not None},
                "mmeval": run.version,
            },
        )
        for task, metric, estimate in figures_of(run, everything)
    ]


def block(index: Sequence[Mapping[str, Any]]) -> str:
    return str(yaml.safe_dump({KEY: list(index)}, sort_keys=False, allow_unicode=True, width=120))


def write_card(card: Path, index: Sequence[Mapping[str, Any]]) -> Path:
    """Puts the block into a card's front matter; every other byte stays, and so do results of other data sets.

    Raises `UsageError` where there is no card, `DataError` where its front matter is no YAML mapping.
    """
    try:
        text = card.read_bytes().decode()
    except FileNotFoundError:
        raise UsageError(f"--card {card}: no such file; leave --card out to have the block printed") from None
    except ValueError as error:
        raise DataError(f"{card}: not UTF-8 text ({error})") from None
    found = HEAD.match(text)
    before, head, after = (found[1], found[2], text[found.start(3) :]) if found else ("---\n", "", f"---\n{text}")
    known = _mapping(head, card)
    merged = _merged(known.get(KEY) or [], index, card)
    changed = _without_block(head) + block(merged)
    if _mapping(changed, card) != {**known, KEY: merged}:
        raise DataError(f"{card}: its {KEY} can't be replaced without touching other lines; take it out by hand")
    return write_whole(card, f"{before}{changed}{after}".encode())


def _mapping(head: str, card: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(head)
    except yaml.YAMLError as error:
        raise DataError(f"{card}: its front matter is no YAML ({' '.join(str(error).split())})") from None
    if not isinstance(value or {}, dict):
        raise DataError(f"{card}: its front matter is no mapping of names and values")
    return value or {}


def _without_block(head: str) -> str:
    """The front matter's lines without those of the block, which ends where another name starts."""
    kept: list[str] = []
    inside = False
    for line in head.splitlines(keepends=True):
        if re.match(rf"[\"']?{KEY}[\"']?\s*:", line):
            inside = True
        elif inside and line.strip() and line[0] not in " \t-":
            inside = False
        if not inside:
            kept.append(line)
    text = "".join(kept)
    return text if not text or text.endswith("\n") else text + "\n"


def _merged(known: Any, new: Sequence[Mapping[str, Any]], card: Path) -> list[dict[str, Any]]:
    """Entries by model name. A metric of the same data set is replaced; the rest of what was there stays."""
    if not isinstance(known, list) or not all(isinstance(entry, dict) for entry in known):
        raise DataError(f"{card}: its {KEY} is no list of models")
    merged = [dict(entry) for entry in known]
    for entry in new:
        same = next((one for one in merged if one.get("name") == entry["name"]), None)
        if same is None:
            merged.append(dict(entry))
        else:
            ours = {_metric(result, metric) for result in entry["results"] for metric in result["metrics"]}
            kept = [_less(result, ours) for result in same.get("results") or []]
            same["results"] = [result for result in kept if result["metrics"]] + list(entry["results"])
    return merged


def _less(result: Mapping[str, Any], ours: set[tuple[Any, ...]]) -> dict[str, Any]:
    metrics = [metric for metric in result.get("metrics") or [] if _metric(result, metric) not in ours]
    return {**result, "metrics": metrics}


def _metric(result: Mapping[str, Any], metric: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two figures the same one. The arguments (samples, fingerprint) are left out: new data replaces old."""
    data = result.get("dataset") or {}
    return (data.get("type"), data.get("config"), data.get("split"), metric.get("type"), metric.get("name"))
