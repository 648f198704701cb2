"""Inference: the engine protocol and the engines behind it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from mmeval.catalog import bundled
from mmeval.errors import UsageError
from mmeval.inference.base import Decoding, Engine, Request, Response

__all__ = ["Decoding", "Engine", "Request", "Response", "open_engine"]

BUNDLED = ("demo", "demo-dpo")


def open_engine(
    model: str,
    *,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int | Literal["auto"] = "auto",
    adapter: Path | None = None,
    system: str | None = None,
    chat_template: Path | str | None = None,
    trust_remote_code: bool = False,
    revision: str | None = None,
    threads: int | None = None,
    on_note: Callable[[str], None] = lambda text: None,
) -> Engine:
    """The engine that `--model` names.

    "replay:PATH": stored answers, a JSONL file or a run folder. "demo", "demo-dpo": the checkpoints that come with
    mmeval. Else a folder (a checkpoint or a LoRA adapter), else a hub id.

    Raises `UsageError` naming what is missing and what to pass instead.
    """
    if model.startswith("replay:"):
        from mmeval.inference.replay import ReplayEngine

        return ReplayEngine(Path(model.removeprefix("replay:")).expanduser())
    if model in BUNDLED and not Path(model).is_dir():
        model = str(bundled("models") / model)
    if _looks_like_a_path(model) and not Path(model).expanduser().exists():
        raise UsageError(f"--model {model}: no such folder{_nearest(Path(model).expanduser())}")
    from mmeval.inference.transformers import load

    return load(
        model,
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        adapter=adapter,
        system=system,
        chat_template=chat_template,
        trust_remote_code=trust_remote_code,
        revision=revision,
        threads=threads,
        on_note=on_note,
    )


def _looks_like_a_path(model: str) -> bool:
    """A hub id is NAME or OWNER/NAME; everything else, and what starts in a folder that is there, means a path."""
    return model.startswith((".", "/", "~")) or model.count("/") > 1 or "\\" in model or _starts_here(model)


def _starts_here(model: str) -> bool:
    first, slash, _ = model.partition("/")
    return bool(slash) and Path(first).is_dir()


def _nearest(path: Path) -> str:
    """What lies next to where the path breaks off, most alike first."""
    place, name = path, ""
    while not place.is_dir() and place != place.parent:
        place, name = place.parent, place.name
    beside = sorted(entry.name for entry in place.iterdir() if entry.is_dir()) if place.is_dir() else []
    near = difflib.get_close_matches(name, beside, n=3, cutoff=0.4) or beside[:5]
    return f"; {place} has {', '.join(near)}" if near else f"; {place} has no folders"
