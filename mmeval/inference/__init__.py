"""Inference: the engine protocol and the engines behind it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from mmeval.catalog import bundled
from mmeval.errors import UsageError
from mmeval.inference.base import Decoding, Engine, Request, Response

__all__ = ["Decoding", "Engine", "Request", "Response", "check_model", "open_engine"]

BUNDLED = ("demo", "demo-dpo")
REPLAY = "replay:"
OPENAI = "openai:"
WAYS = ("generative", "scalar", "implicit")


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
    tree: bool = True,
    ask_as: str = "generative",
    reference: Path | str | None = None,
    per_token: bool = False,
    rate: float | None = None,
    on_note: Callable[[str], None] = lambda text: None,
) -> Engine:
    """The engine that `--model` names.

    "replay:PATH": stored answers, a JSONL file or a run folder. "openai:NAME@URL": a server with OpenAI's chat API;
    batch_size is then how many calls may run at once, rate how many a minute. "demo", "demo-dpo": the checkpoints that
    come with mmeval. Else a folder (a checkpoint or a LoRA adapter), else a hub id. device: one, a list with commas, or
    "all" accelerators; several run a process each.

    ask_as: "generative" writes answers; "scalar" and "implicit" rate given ones (`Response.rewards`): a checkpoint
    with a scalar head, or a policy's log-probabilities less those of `reference`, named as a model is (without one,
    the policy's alone), `per_token` or in sum.

    Raises `UsageError` naming what is missing and what to pass instead.
    """
    check_model(model)
    check_rewards(model, ask_as, reference, per_token)
    if model.startswith(REPLAY):
        given: dict[str, object] = {
            "adapter": adapter, "system": system, "chat-template": chat_template, "revision": revision,
            "reference": reference, "per-token": per_token or None,
        }  # fmt: skip
        useless = [f"--{name}" for name, value in given.items() if value is not None]
        if useless:
            raise UsageError(f"--model {model}: stored answers can't change with {', '.join(useless)}; leave it out")
        from mmeval.inference.replay import ReplayEngine

        return ReplayEngine(_stored(model))
    if model.startswith(OPENAI):
        given = {"adapter": adapter, "chat-template": chat_template, "revision": revision}
        useless = [f"--{name}" for name, value in given.items() if value is not None]
        if useless:
            raise UsageError(f"--model {model}: a server takes no {', '.join(useless)}; leave it out")
        from mmeval.inference.openai import OpenAIEngine

        at_once = {} if batch_size == "auto" else {"concurrency": int(batch_size)}
        return OpenAIEngine(model, system=system, rate=rate, on_note=on_note, **at_once)
    model = _bundled(model)
    options: dict[str, Any] = {
        "dtype": dtype,
        "batch_size": batch_size,
        "adapter": adapter,
        "system": system,
        "chat_template": chat_template,
        "trust_remote_code": trust_remote_code,
        "revision": revision,
        "threads": threads,
        "tree": tree,
        "on_note": on_note,
    }
    from mmeval.inference.memory import pick_devices
    from mmeval.inference.transformers import load

    devices = pick_devices(device)
    if ask_as == "scalar":
        from mmeval.inference.scalar import open_scalar

        if len(devices) > 1:
            raise UsageError(f"--device {device}: --as scalar runs on one device; pass --device {devices[0]}")
        del options["tree"]
        return open_scalar(model, device=devices[0], **options)
    if ask_as == "implicit":
        from mmeval.inference.rewards import open_implicit

        return open_implicit(model, _bundled(str(reference)) if reference else None, devices, options, per_token)
    if len(devices) == 1:
        return load(model, device=devices[0], **options)
    from mmeval.inference.devices import open_devices

    return open_devices(model, devices, **options)


def check_model(model: str, option: str = "--model") -> None:
    """What can be said of `--model` by looking at paths alone, before any data are read or anything is imported.

    Raises `UsageError` when a local folder or a file of stored answers is not there.
    """
    if model.startswith(REPLAY):
        place = _stored(model)
        if not place.exists():
            raise UsageError(f"{option} {model}: no such file or run folder")
        if place.is_dir() and not (place / "responses.jsonl").is_file():
            raise UsageError(f"{option} {model}: no run folder (no responses.jsonl)")
    elif model.startswith(OPENAI):
        from mmeval.inference.openai import parse

        try:
            parse(model)
        except UsageError as error:
            raise UsageError(str(error).replace("--model", option, 1)) from None
    elif not _is_bundled(model) and _looks_like_a_path(model):
        place = Path(model).expanduser()
        if not place.exists():
            raise UsageError(f"{option} {model}: no such folder{_nearest(place)}")
        if not place.is_dir():
            raise UsageError(f"{option} {model}: is a file; pass the folder that holds it")


def check_rewards(model: str, ask_as: str, reference: Path | str | None, per_token: bool) -> None:
    if ask_as not in WAYS:
        raise UsageError(f"--as {ask_as}: must be {', '.join(WAYS[:-1])} or {WAYS[-1]}")
    if ask_as != "generative" and model.startswith(OPENAI):
        raise UsageError(
            f"--model {model} --as {ask_as}: a chat server rates no given answers; pass the checkpoint's folder, or "
            "--as generative"
        )
    if model.startswith(REPLAY):
        return
    useless = [f"--{name}" for name, given in (("reference", reference), ("per-token", per_token)) if given]
    if ask_as != "implicit" and useless:
        raise UsageError(f"{' and '.join(useless)}: only with --as implicit, not with --as {ask_as}")
    if reference is None:
        return
    if str(reference).startswith((REPLAY, OPENAI)):
        raise UsageError(f"--reference {reference}: must be a checkpoint: its log-probabilities are needed")
    check_model(str(reference), "--reference")


def _stored(model: str) -> Path:
    return Path(model.removeprefix(REPLAY)).expanduser()


def _bundled(model: str) -> str:
    return str(bundled("models") / model) if _is_bundled(model) else model


def _is_bundled(model: str) -> bool:
    return model in BUNDLED and not Path(model).is_dir()


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
