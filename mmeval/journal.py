"""The append-only log of responses: what survives a kill, and what a run goes on from. Files written whole."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import FileIO
from pathlib import Path

from mmeval.errors import DataError, Interrupted, UsageError
from mmeval.inference.base import Response


class Journal:
    """Responses by request digest, one line each, in a file that only grows."""

    def __init__(self, path: Path):
        self.path = path
        self._file: FileIO | None = None

    def read(self) -> dict[str, Response]:
        """Request digest -> its last response. A torn last line, left by a kill, is none."""
        return dict(self._rows())

    def _rows(self) -> Iterator[tuple[str, Response]]:
        if not self.path.exists():
            return
        with self.path.open("rb") as log:
            for number, line in enumerate(log, start=1):
                if not line.endswith(b"\n"):
                    return
                try:
                    row = json.loads(line)
                    digest = row.pop("digest")
                    for name in ("loglikelihoods", "rewards"):
                        if row.get(name) is not None:
                            row[name] = tuple(row[name])
                    yield digest, Response(**row)
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise DataError(
                        f"{self.path}: line {number} can't be read ({error}); delete that line, "
                        "its answer is then asked again"
                    ) from None

    def append(self, digest: str, response: Response) -> None:
        """Adds a response; it is with the operating system when this returns, so kill -9 can't lose it."""
        if self._file is None:
            self._file = self._opened()
        row = {"digest": digest, **{k: v for k, v in asdict(response).items() if v is not None}}
        rest = memoryview(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        with storage(self.path):
            while rest:  # unbuffered: on a full disk nothing is left over that closing would try to write again
                rest = rest[self._file.write(rest) :]

    def _opened(self) -> FileIO:
        with storage(self.path):
            content = self.path.read_bytes() if self.path.exists() else b""
            log = self.path.open("ab", buffering=0)
            log.truncate(content.rfind(b"\n") + 1)  # drops a torn last line, so that the next one starts clean
            return log

    def set_aside(self) -> None:
        """Keeps the log as NAME.1 (.2 …), so that everything is asked anew."""
        if self.path.exists():
            names = (self.path.with_name(f"{self.path.name}.{n}") for n in range(1, 10_000))
            self.path.rename(next(name for name in names if not name.exists()))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None


@contextmanager
def storage(path: Path) -> Iterator[None]:
    """Turns a full or unwritable disk into an error that says that nothing is lost."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Interrupted(
                f"{path}: the disk is full; what was answered is kept, make room and run the same command again"
            ) from error
        raise UsageError(f"{path}: can't be written ({error.strerror or error}); pass another --output") from error


def write_whole(path: Path, content: bytes) -> Path:
    """Writes a file whole or not at all, with its folder: a reader, or a kill, never meets half of it."""
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            draft.write_bytes(content)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    return path
