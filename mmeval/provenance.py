"""What ran, on what, and in which folder it is kept: for run.json and `mmeval doctor`."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval import __version__
from mmeval.inference.base import digest_of
from mmeval.runs import RunFolder

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


def identity_of(
    model: str | Engine,
    tasks: Sequence[str],
    suite: Sequence[str],
    settings: Settings,
    options: Mapping[str, Any],
) -> str:
    """What makes two commands the same one: all that decides the answers asked for, not how they are scored."""
    name = str(Path(model).resolve()) if isinstance(model, str) and Path(model).exists() else _name(model)
    asked = {key: value for key, value in asdict(settings).items() if key not in ("scoring", "resamples")}
    deciding = ("adapter", "system", "chat_template", "dtype", "revision", "reference", "per_token")
    chosen = {key: str(options[key]) for key in deciding if options.get(key) not in (None, "auto", False)}
    return digest_of(name, list(tasks), list(suite), asked, chosen)[:12]


def _name(model: str | Engine) -> str:
    return model if isinstance(model, str) else str(model.describe().get("name", "engine"))


def default_output(
    model: str | Engine, suite: Sequence[str], tasks: Sequence[str], settings: Settings, identity: str
) -> Path:
    """runs/MODEL/TASKS: the same command finds the same folder and goes on there.

    Where another command (another checkpoint of the same name, another limit) has left its run in that folder, this
    one's identity is put behind the name, so that neither takes the other's figures away.
    """
    name = _name(model)
    stem = Path(name).name if Path(name).exists() else name
    what = "+".join([*suite, *tasks])
    if settings.ask_as != "generative":
        what += f"-{settings.ask_as}"
    if settings.ablate:
        what += f"-{settings.ablate}"
    if settings.limit:
        what += f"-limit-{settings.limit}"
    readable = re.sub(r"[^\w.+-]+", "-", what)
    if len(readable) > 80:
        readable = f"{readable[:60]}-{digest_of(what)[:8]}"
    path = Path("runs") / (re.sub(r"[^\w.+-]+", "-", stem).strip("-") or "model") / readable
    if (path / "run.json").is_file() and RunFolder(path).read_json("run.json").get("identity") != identity:
        return path.with_name(f"{readable}-{identity[:6]}")
    return path
