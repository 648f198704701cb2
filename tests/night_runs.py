"""Nightly run folders as `mmeval run` leaves them, run.json and metrics.json only, with figures drawn at will."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from mmeval.dashboard import Dashboard, Series

FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)
TASKS: Mapping[str, tuple[str, Sequence[str]]] = {
    "demo_pope": ("hallucination", ("f1", "accuracy", "precision", "recall", "yes_ratio", "unread")),
    "demo_chair": ("hallucination", ("chair_s", "chair_i", "recall", "length")),
    "demo_safety": ("safety", ("balanced_accuracy", "unread")),
    "demo_reward": ("reward_model", ("accuracy", "unread")),
    "demo_dialogue": ("dialogue", ("rating", "unread")),
}


def digest(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()


def run_record(night: int, tasks: Mapping[str, tuple[str, Sequence[str]]] = TASKS, **more: Any) -> dict[str, Any]:
    """run.json of a finished night. more: what stands in it otherwise."""
    record = {
        "mmeval": "0.1.0",
        "model": {
            "engine": "transformers",
            "name": f"checkpoints/step-{1000 + 50 * night}",
            "digest": digest("weights", night),
            "architecture": "LlavaForConditionalGeneration",
            "numerics": "bfloat16/sdpa/cuda",
            "system": None,
            "chat_template": digest("template"),
            "versions": {"torch": "2.14.1", "transformers": "5.23.0"},
        },
        "config": {"tasks": [], "suite": ["demo"], "limit": None, "temperature": 0.0, "ablate": None, "seed": 0},
        "versions": {"mmeval": "0.1.0", "python": "3.11.7", "torch": "2.14.1", "transformers": "5.23.0"},
        "machine": {"system": "Linux", "architecture": "x86_64", "cores": 16},
        "status": "done",
        "started": (FIRST + timedelta(days=night)).isoformat(timespec="seconds"),
        "asked": 1000,
        "reused": 0,
        "prompts": {name: f"USER: <image>\nThe words of {name}. ASSISTANT:" for name in tasks},
        "tasks": {
            name: {
                "dimension": dimension,
                "summary": f"What {name} asks.",
                "dialect": "official",
                "prompt": "official",
                "samples": 500,
                "fingerprint": digest("data", name),
                "headline": metrics[0],
                "max_new_tokens": 16,
            }
            for name, (dimension, metrics) in tasks.items()
        },
        "seconds": 100.0,
        "notes": [],
    }
    return {**record, **more}


def estimate(value: float, stderr: float, n: int = 500) -> dict[str, Any]:
    return {
        "value": value,
        "low": value - 2 * stderr,
        "high": value + 2 * stderr,
        "stderr": stderr,
        "n": n,
        "clusters": n,
    }


def results(
    figure: Callable[[str, str], tuple[float, float]],
    tasks: Mapping[str, tuple[str, Sequence[str]]] = TASKS,
    slices: int = 0,
    missing: int = 0,
) -> dict[str, Any]:
    """metrics.json. figure: (task, metric) -> value, standard error."""
    return {
        name: {
            "dialect": "official",
            "n": 500,
            "missing": missing,
            "metrics": {metric: estimate(*figure(name, metric)) for metric in metrics},
            "slices": {
                f"part={i}": {metric: estimate(*figure(name, metric), 100) for metric in metrics} for i in range(slices)
            },
        }
        for name, (_, metrics) in tasks.items()
    }


def noisy(dice: random.Random, level: float = 0.8, stderr: float = 0.01) -> Callable[[str, str], tuple[float, float]]:
    return lambda task, metric: (dice.gauss(level, stderr), stderr)


def write_night(folder: Path, record: Mapping[str, Any] | None, figures: Mapping[str, Any] | None) -> Path:
    """A run folder; None leaves a file out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("run.json", record), ("metrics.json", figures)):
        if content is not None:
            (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
    return folder


def write_nights(folder: Path, nights: int, seed: int = 0, **how: Any) -> Path:
    """So many flat, noisy nights, called night-000 and so on. how: as of `results`."""
    dice = random.Random(seed)
    for night in range(nights):
        figures = results(noisy(dice), **how)
        write_night(folder / f"night-{night:03d}", run_record(night, how.get("tasks", TASKS)), figures)
    return folder


def of(board: Dashboard, task: str, metric: str) -> Series:
    return next(one for one in board.series if (one.task, one.metric) == (task, metric))


def night(folder: Path, number: int, record: dict[str, Any] | None = None, **figures: tuple[float, float]) -> Path:
    """A night with demo_pope alone: metric -> value, standard error."""
    tasks = {"demo_pope": ("hallucination", tuple(figures))}
    told = run_record(number, tasks) if record is None else record
    return write_night(folder / f"{number:03d}", told, results(lambda task, metric: figures[metric], tasks))
