"""The checkpoints of a training run as they come to lie in a folder: which are whole, and what each is by content."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mmeval.catalog import bundled
from mmeval.errors import MmevalError
from mmeval.inference import BUNDLED, OPENAI
from mmeval.inference.base import digest_of
from mmeval.inference.weights import adapter_digest, checkpoint_digest, file_digests, holds_weights
from mmeval.nightly.config import Checkpoints

# Beside weights, config and tokenizer these, too, decide what a checkpoint is asked and answers.
ALSO = (
    "generation_config.json", "preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json",
    "chat_template.json", "chat_template.jinja",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """model: what `--model` is given. digest: of all files that decide its answers; of a server, of the day. changed:
    when it was written last, seconds since 1970."""

    name: str
    model: str
    digest: str
    changed: float


def look(wanted: Checkpoints) -> tuple[list[Checkpoint], dict[str, str]]:
    """The checkpoints that are whole, oldest first, and the others with the reason why they have to wait.

    A link `latest` beside what it points to is not taken twice. Reads the weights that it has not seen yet.
    """
    found: list[Checkpoint] = []
    waiting: dict[str, str] = {}
    for name, place in _places(wanted):
        if isinstance(place, str):
            day = datetime.now(UTC).date().isoformat()
            found.append(Checkpoint(name, place, digest_of(place, day), time.time()))
        elif why := _not_whole(place, wanted.settled):
            waiting[name] = why
        else:
            found.append(Checkpoint(name, str(place), digest(place), _written(place)))
    return sorted(found, key=lambda one: one.changed), waiting


def _places(wanted: Checkpoints) -> Iterator[tuple[str, Path | str]]:
    """Name and folder of each, or what a server is called by; each once, links last."""
    folder = wanted.folder or Path()
    globbed = folder.glob(wanted.glob) if wanted.glob else []
    seen: set[Path] = set()
    for path in sorted(globbed, key=lambda path: (path.is_symlink(), path)):
        if path.is_dir() and path.resolve() not in seen:
            seen.add(path.resolve())
            yield path.relative_to(folder).as_posix(), path
    for name in dict.fromkeys(wanted.names):
        if name.startswith(OPENAI):
            yield name, name
            continue
        path = folder / Path(name).expanduser()
        if name in BUNDLED and not path.is_dir():
            path = bundled("models") / name
        if path.resolve() not in seen:
            seen.add(path.resolve())
            yield name, path


def _not_whole(place: Path, settled: float) -> str | None:
    """Why a checkpoint can't be taken yet. Half a file can't be told from a whole one, but its being written can."""
    if not place.is_dir():
        return "no such folder yet"
    adapter = (place / "adapter_config.json").is_file() and (place / "adapter_model.safetensors").is_file()
    if not adapter and not (place / "config.json").is_file():
        return "no config.json yet"
    if not adapter and not holds_weights(place):
        return "no weights yet"
    index = place / "model.safetensors.index.json"
    if index.is_file() and not (place / "model.safetensors").is_file():
        with suppress(ValueError, AttributeError):
            shards = set((json.loads(index.read_text()).get("weight_map") or {}).values())
            lost = sorted(shard for shard in shards if not (place / str(shard)).is_file())
            if lost:
                return f"{len(lost)} of {len(shards)} files with weights are not there yet, first {lost[0]}"
    if settled and time.time() - _touched(place) < settled:
        return f"written less than {settled:.0f} s ago, perhaps not to its end"
    return None


def _touched(place: Path) -> float:
    """When anything in it was last changed in this place: a copy that keeps the files' own times is new here as well.
    What goes away while we look is being changed."""
    try:
        return max(max(stat.st_mtime, stat.st_ctime) for stat in (one.stat() for one in (place, *place.rglob("*"))))
    except FileNotFoundError:
        return time.time()


def _written(place: Path) -> float:
    """When its newest file was written: the order in which a training run left its checkpoints."""
    return max(path.stat().st_mtime for path in place.iterdir() if path.is_file())


def digest(place: Path) -> str:
    also = file_digests([place / name for name in ALSO if (place / name).is_file()])
    try:
        if holds_weights(place):
            content = checkpoint_digest(place, code=True)
        else:
            base = json.loads((place / "adapter_config.json").read_text()).get("base_model_name_or_path")
            content = digest_of(adapter_digest(place), base)
    except (MmevalError, ValueError):  # it can't be run either, and that run says why; until a file of it changes
        stamps = {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in sorted(place.iterdir())}
        content = digest_of(stamps)
    return digest_of(content, {path.name: digest for path, digest in also.items()})
