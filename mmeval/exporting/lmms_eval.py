"""A run as lmms-eval leaves one: NAME/DATE_results.json, and with samples NAME/DATE_samples_TASK.jsonl.

Names of keys and files are those of EvolvingLMMs-Lab/lmms-eval 0.7 (evaluator.py, loggers/evaluation_tracker.py), so
that what reads its results reads ours: tables, comparisons with a baseline, and `mmeval score --answers`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval.catalog import Catalog
from mmeval.exporting.reading import Exported, figures_of
from mmeval.inference.base import Response
from mmeval.journal import write_whole
from mmeval.logs import answer_of, responses_of
from mmeval.runs import Asked
from mmeval.scorers.base import COUNT

if TYPE_CHECKING:
    import pandas as pd

FILTER = "none"
UNKNOWN = "N/A"


def to_lmms_eval(runs: Sequence[Exported], folder: Path, samples: bool, catalog: Catalog) -> list[Path]:
    """Writes into folder/MODEL/, a results file a run and, with `samples`, a log a task. Gives the files written."""
    written: list[Path] = []
    for run in runs:
        model = re.sub(r'["<>:/|\\?*\[\]]+', "__", run.model)
        place, date = folder / model, _free(folder / model, _date(run), written)
        logs = _logs(run) if samples else {}
        hashes = {task: _task_hash(rows) for task, rows in logs.items()}
        record = {**results(run, catalog, date), "task_hashes": hashes, **_general(run, model)}
        written.append(write_whole(place / f"{date}_results.json", _json(record, 2)))
        for task, rows in logs.items():
            lines = b"".join(_json(row) + b"\n" for row in rows)
            written.append(write_whole(place / f"{date}_samples_{task}.jsonl", lines))
    return written


def _free(place: Path, date: str, written: Sequence[Path]) -> str:
    """The date, with a number where another run of the same second and name has just been written there."""
    number, name = 1, date
    while place / f"{name}_results.json" in written:
        number += 1
        name = f"{date}-{number}"
    return name


def results(run: Exported, catalog: Catalog, date: str) -> dict[str, Any]:
    """The results object but for what lmms-eval's tracker adds. Standard errors are ours: of a clustered bootstrap."""
    tasks = list(run.tasks)
    limit = (run.record.get("config") or {}).get("limit")
    sizes = {task: run.tasks[task]["n"] for task in tasks}
    return {
        "results": {task: _task_results(run, task) for task in tasks},
        "group_subtasks": {task: [] for task in tasks},
        "configs": {task: _task_config(run, task, catalog) for task in tasks},
        "versions": dict.fromkeys(tasks, run.version),
        "n-shot": dict.fromkeys(tasks, 0),
        "higher_is_better": {task: _better(run, task, catalog) for task in tasks},
        # With a limit nobody has counted how many samples there are without it.
        "n-samples": {task: {"original": None if limit else n, "effective": n} for task, n in sizes.items()},
        "config": _config(run),
        "git_hash": None,
        "git_branch": None,
        "lmms_eval_version": None,
        "mmeval_version": run.version,
        "date": date,
    }


def _task_results(run: Exported, task: str) -> dict[str, Any]:
    result = run.tasks[task]
    found: dict[str, Any] = {"alias": task, "samples": result["n"] - result["missing"] - result.get("unjudged", 0)}
    for _, metric, estimate in (one for one in figures_of(run) if one[0] == task):
        stderr = UNKNOWN if estimate["stderr"] is None else estimate["stderr"]
        found[f"{metric},{FILTER}"] = estimate["value"]
        found[f"{metric}_stderr,{FILTER}"] = stderr
        found[f"{metric}_stderr_clustered,{FILTER}"] = stderr
    return found


def _better(run: Exported, task: str, catalog: Catalog) -> dict[str, bool | None]:
    known = catalog.tasks.get(task)
    scorer = known.dialects.get(run.tasks[task]["dialect"]) if known else None
    ways = {name: metric.better for name, metric in scorer.metrics.items()} if scorer else {}
    return {name: {"higher": True, "lower": False}.get(str(ways.get(name))) for name in run.tasks[task]["metrics"]}


def _task_config(run: Exported, task: str, catalog: Catalog) -> dict[str, Any]:
    asked, how = run.asked(task), run.record.get("config") or {}
    ways = _better(run, task, catalog)
    return {
        "task": task,
        "dataset_path": asked.get("place"),
        "output_type": "generate_until" if how.get("ask_as", "generative") == "generative" else "loglikelihood",
        "num_fewshot": 0,
        "metric_list": [{"metric": name, "higher_is_better": better} for name, better in ways.items()],
        "repeats": how.get("repeats", 1),
        "generation_kwargs": {
            "max_new_tokens": asked.get("max_new_tokens"),
            "temperature": how.get("temperature"),
            "top_p": how.get("top_p"),
            "do_sample": bool(how.get("temperature")),
        },
        "metadata": {
            "version": run.version,
            **{name: asked.get(name) for name in ("dimension", "headline", "prompt", "fingerprint")},
            "scoring": run.tasks[task]["dialect"],
        },
    }


def _config(run: Exported) -> dict[str, Any]:
    model, how = run.record.get("model") or {}, run.record.get("config") or {}
    return {
        "model": run.model,
        "model_args": f"pretrained={model.get('name', '')}",
        "model_backend": model.get("engine"),
        "batch_size": None,
        "batch_sizes": [],
        "device": model.get("device"),
        "use_cache": None,
        "limit": how.get("limit"),
        "offset": 0,
        "bootstrap_iters": how.get("resamples"),
        "gen_kwargs": "",
        **dict.fromkeys(("random_seed", "numpy_seed", "torch_seed", "fewshot_seed"), how.get("seed")),
        "model_digest": run.digest,
    }


def _general(run: Exported, model: str) -> dict[str, Any]:
    """What lmms-eval's GeneralConfigTracker adds; run.json keeps a chat template's digest, not its text."""
    about, seconds = run.record.get("model") or {}, run.record.get("seconds")
    system = about.get("system")
    return {
        "model_source": about.get("engine"),
        "model_name": run.model,
        "model_name_sanitized": model,
        "system_instruction": system,
        "system_instruction_sha": sha256(system.encode()).hexdigest() if system else None,
        "fewshot_as_multiturn": None,
        "chat_template": None,
        "chat_template_sha": about.get("chat_template"),
        "start_time": None,
        "end_time": None,
        "total_evaluation_time_seconds": None if seconds is None else str(seconds),
    }


# -- the logs of samples


def _logs(run: Exported) -> dict[str, list[dict[str, Any]]]:
    """Task -> a line a sample, in the order asked."""
    frame, logs = run.folder.scores(), {}
    for task, rows in responses_of(run.folder).items():
        scores = _scores(frame[frame["task"] == task])
        logs[task] = [_row(n, one, said, scores.get(one.sample.id, {})) for n, (one, said) in enumerate(rows)]
    return logs


def _scores(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Sample id -> its counts by name, and `correct` where the scorer says so."""
    names = {str(column): str(column).removeprefix(COUNT) for column in frame if str(column).startswith(COUNT)}
    return {
        row["sample"]: {
            names.get(str(name), str(name)): float(value)
            for name, value in row.items()
            if name != "sample" and value is not None and value == value
        }
        for row in frame[["sample", *names, "correct"]].astype(object).to_dict("records")
    }


def _row(number: int, one: Asked, response: Response | None, scores: Mapping[str, float]) -> dict[str, Any]:
    """A line as lmms-eval's tracker writes it, with our sample's id beside: its `doc` is not kept there either.

    An answer that is missing is null, and not the text "None" that lmms-eval would write.
    """
    sample = one.sample
    asked = json.dumps([sample.id, sample.prompt, sample.target, list(one.images)], ensure_ascii=False)
    own = {
        "doc_id": number,
        "sample": sample.id,
        "target": _text(sample.target),
        "filtered_resps": answer_of(response),
        "token_counts": [_tokens(response)],
        "doc_hash": sha256(asked.encode("utf-8", "replace")).hexdigest(),
        "input": sample.prompt,
    }
    return {**own, **{name: value for name, value in scores.items() if name not in own}}


def _text(target: Any) -> str:
    """lmms-eval keeps targets as text; ours may be lists, or none."""
    if target is None or isinstance(target, str):
        return target or ""
    return json.dumps(target, ensure_ascii=False)


def _tokens(response: Response | None) -> dict[str, int] | None:
    if response is None:
        return None
    return {"input_tokens": response.prompt_tokens, "output_tokens": response.new_tokens}


def _task_hash(rows: Iterable[Mapping[str, Any]]) -> str:
    return sha256("".join(f"sample_{i}{row['doc_hash']}" for i, row in enumerate(rows)).encode()).hexdigest()


def _date(run: Exported) -> str:
    moment = run.record.get("finished") or run.record.get("started")
    return datetime.fromisoformat(moment).strftime("%Y%m%d_%H%M%S") if isinstance(moment, str) else "undated"


def _json(value: Any, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent).encode("utf-8", "replace")
