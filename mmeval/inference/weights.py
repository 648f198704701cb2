"""What a checkpoint is, by content: digests of weight files that are quick the second time.

A path, a name or a date says nothing about weights that are trained again into the same folder; their bytes do. Files
are hashed in chunks by several threads, and a file's digest is remembered under everything that changes when the file
is written (size, modification and change time in ns, inode).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmeval.errors import DataError, UsageError
from mmeval.inference.base import digest_of

CHUNK = 16 << 20
SETTLED_NS = 2_000_000_000  # a file written less than 2 s ago may be written again within one tick of its clock
WHERE_IT_LAY = ("_name_or_path", "transformers_version")
# The prompt's token ids show most of what a tokenizer does, but not how answers are decoded: its files count as well.
TOKENIZER_FILES = (
    "tokenizer.json", "*.model", "*.tiktoken", "vocab.json", "vocab.txt", "merges.txt", "added_tokens.json",
    "special_tokens_map.json",
)  # fmt: skip
# The chat template counts by the prompts that it renders, so that one given by --chat-template is the same.
UNUSED_BY_TOKENIZER = ("chat_template", "name_or_path", "tokenizer_file", "is_local", "transformers_version")


def weight_files(folder: Path, stem: str = "model") -> list[Path]:
    """The files that hold a checkpoint's weights, sorted by name: those that transformers 5 loads.

    That is STEM.safetensors, else the shards of STEM.safetensors.index.json (modeling_utils.py,
    `_get_resolved_checkpoint_files`): an index that an older save left behind counts for nothing. A config's
    `transformers_weights` names another file. Raises `UsageError` when there are none, or pickles only.
    """
    wanted = [f"{stem}.safetensors", f"{stem}.safetensors.index.json"]
    named = (_settings(folder / "config.json", ()) or {}).get("transformers_weights") if stem == "model" else None
    for name in [named] if named else wanted:
        if not (folder / name).is_file():
            continue
        if name.endswith(".safetensors"):
            return [folder / name]
        if name.endswith(".safetensors.index.json"):
            return _shards(folder, name)
    pickles = sorted(path for end in ("bin", "pt", "pth") for path in folder.glob(f"*model*.{end}"))
    if pickles:
        raise UsageError(
            f"{folder}: its weights are pickles ({pickles[0].name}), which can run code when read; save them with "
            "model.save_pretrained(FOLDER), which writes safetensors"
        )
    names = ", ".join(sorted(path.name for path in folder.iterdir())[:12]) or "nothing"
    raise UsageError(f"{folder}: no weights ({named or wanted[0]}); found: {names}")


def holds_weights(folder: Path) -> bool:
    """Whether a folder has a whole model's weights, of whatever kind; an adapter's do not count."""
    names = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
    return any((folder / name).is_file() for name in names)


def checkpoint_digest(folder: Path, *, code: bool = False) -> str:
    """SHA-256 over weights, config, tokenizer and, where its own `code` runs, all Python files. The folder's name and
    place don't matter."""
    tokenizer = sorted({path for pattern in TOKENIZER_FILES for path in folder.glob(pattern)})
    scripts = sorted(folder.rglob("*.py")) if code else []
    contents = file_digests([*weight_files(folder), *tokenizer, *scripts])
    return digest_of(
        {path.relative_to(folder).as_posix(): digest for path, digest in contents.items()},
        _settings(folder / "config.json", WHERE_IT_LAY),
        _settings(folder / "tokenizer_config.json", UNUSED_BY_TOKENIZER),
    )


def adapter_digest(folder: Path) -> str:
    """SHA-256 over a LoRA adapter's weights and settings; the place of its base does not matter."""
    weights = file_digests(weight_files(folder, "adapter_model"))
    contents = {path.name: digest for path, digest in weights.items()}
    return digest_of(contents, _settings(folder / "adapter_config.json", ("base_model_name_or_path", "peft_version")))


def file_digests(paths: Sequence[Path]) -> dict[Path, str]:
    """File -> SHA-256 over the SHA-256 of its 16-MiB chunks. Raises `DataError` when a file can't be read."""
    known = _read_cache()
    digests: dict[Path, str] = {}
    learned = False
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for path in paths:
            try:
                before = _stamp(path)
                remembered = known.get(str(path.resolve()))
                if remembered and remembered[0] == before:
                    digests[path] = remembered[1]
                    continue
                size = path.stat().st_size
                chunks = pool.map(lambda start, path=path: _chunk(path, start), range(0, max(size, 1), CHUNK))
                digests[path] = hashlib.sha256(b"".join(chunks)).hexdigest()
            except OSError as error:
                raise DataError(f"{path}: can't be read: {error.strerror or error}") from error
            settled = time.time_ns() - max(before[1], before[2]) > SETTLED_NS
            if settled and _stamp(path) == before:
                known[str(path.resolve())] = (before, digests[path])
                learned = True
    if learned:
        _write_cache(known)
    return digests


def _shards(folder: Path, index: str) -> list[Path]:
    places = (_settings(folder / index, ()) or {}).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise DataError(f"{folder / index}: has no 'weight_map'")
    shards = sorted(set(places.values()))
    lost = [shard for shard in shards if not (folder / shard).is_file()]
    if lost:
        raise UsageError(f"{folder}: {index} names {len(lost)} files that are not there, first {lost[0]}")
    return [folder / shard for shard in shards]


def _chunk(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return hashlib.sha256(file.read(CHUNK)).digest()


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _settings(path: Path, without: Sequence[str]) -> Any:
    try:
        settings = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DataError(f"{path}: no JSON: {error}") from error
    return {name: value for name, value in settings.items() if name not in without}


def _cache_file() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "mmeval" / "weights.json"


def _read_cache() -> dict[str, tuple[list[int], str]]:
    with suppress(OSError, ValueError, TypeError, AttributeError):
        entries = json.loads(_cache_file().read_text()).items()
        return {path: (list(stamp), str(digest)) for path, (stamp, digest) in entries}
    return {}


def _write_cache(known: dict[str, tuple[list[int], str]]) -> None:
    """Whole or not at all; a home that can't be written costs only the time to hash again."""
    with suppress(OSError):
        target = _cache_file()
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        with os.fdopen(handle, "w") as file:
            json.dump(known, file)
        os.replace(name, target)
