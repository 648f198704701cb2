"""Small pictures for pages: how they are made, and which ones a page carries."""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmeval.journal import storage
from mmeval.samples import Image

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

LONGEST = 320
BUDGET = 1_500_000


def thumbnail(image: Image | Picture) -> bytes:
    """A picture as WebP, at most 320 pixels on its longer side; a smaller one keeps its size.

    Raises `DataError` when the picture can't be read.
    """
    picture = image.small(LONGEST) if isinstance(image, Image) else image.convert("RGB")
    picture.thumbnail((LONGEST, LONGEST))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=80, method=4)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class Embedded:
    """Pictures that travel inside a page: digest -> base64 of the WebP file.

    left_out: digests for which there was no room. absent: digests that the run folder has no picture of.
    """

    inside: Mapping[str, str]
    left_out: tuple[str, ...]
    absent: tuple[str, ...]


def embed(digests: Iterable[str], folder: Path | Sequence[Path], budget: int = BUDGET) -> Embedded:
    """Reads `folder/<digest>.webp`, each digest once and in this order, until `budget` base64 characters are used.

    One that does not fit is left out, a smaller one after it may still fit. Of several folders the first that has it.
    """
    folders = [folder] if isinstance(folder, Path) else folder
    inside: dict[str, str] = {}
    left_out: list[str] = []
    absent: list[str] = []
    room = budget
    for digest in dict.fromkeys(digests):
        path = _held(digest, folders)
        if path is None:
            absent.append(digest)
        elif (path.stat().st_size + 2) // 3 * 4 > room:
            left_out.append(digest)
        else:
            inside[digest] = base64.b64encode(path.read_bytes()).decode()
            room -= len(inside[digest])
    return Embedded(inside, tuple(left_out), tuple(absent))


def lay_beside(digests: Iterable[str], folders: Sequence[Path], place: Path) -> None:
    """Copies `<digest>.webp` of the first folder that has it to `place`; what is there stays."""
    for digest in digests:
        path = _held(digest, folders)
        target = place / f"{digest}.webp"
        if path is not None and not target.is_file():
            with storage(target):
                place.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def _held(digest: str, folders: Sequence[Path]) -> Path | None:
    return next((path for folder in folders if (path := folder / f"{digest}.webp").is_file()), None)
