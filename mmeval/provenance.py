"""What ran, where: versions and machine, for run.json and `mmeval doctor`."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval import __version__

if TYPE_CHECKING:
    from mmeval.inference.base import Engine
    from mmeval.requests import Settings

# What can change a figure: the packages that read data, prepare pictures, run models and score.
PACKAGES = (
    "torch",
    "torchvision",
    "transformers",
    "tokenizers",
    "peft",
    "datasets",
    "pillow",
    "numpy",
    "pandas",
    "nltk",
)


def versions() -> dict[str, str]:
    """Installed versions, without importing anything; a package that is not installed is left out."""
    found = {"mmeval": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Kind of machine: no name, no address. Accelerators are listed when torch has been loaded."""
    found: dict[str, Any] = {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["accelerators"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return found


def provenance(
    engine: Engine,
    model: str | Engine,
    settings: Settings,
    tasks: Sequence[str],
    suite: Sequence[str],
    data: Sequence[Path],
    command: Sequence[str],
) -> dict[str, Any]:
    """What run.json says before anything is asked."""
    described = dict(engine.describe())
    if isinstance(model, str):
        described["name"] = model
    return {
        "mmeval": __version__,
        "model": described,
        "config": {
            "tasks": list(tasks),
            "suite": list(suite),
            "data": [str(folder) for folder in data],
            **asdict(settings),
        },
        "command": list(command),
        "versions": versions(),
        "machine": machine(),
    }
