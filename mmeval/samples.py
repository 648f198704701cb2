"""Samples and what they are made of: plain, frozen, lazily loaded."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mmeval.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Role = Literal["system", "user", "assistant"]
MOST_PIXELS = 1 << 29  # of a picture; decoded, it takes 2 GiB


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that is read when somebody looks at it, not before.

    Exactly one of `path`, `data` (encoded bytes), `draw` (renders it) and `fetch` (brings the encoded bytes from where
    they are stored) is set. Pictures from one place are equal, whatever `name` messages and pages call them by.
    `key` gives the digest of a picture that is costly to draw (a video's frame) from what it is made of; two pictures
    with one key must be equal.
    """

    path: Path | None = None
    data: bytes | None = None
    draw: Callable[[], Picture] | None = None
    name: str = field(default="", compare=False)
    key: Callable[[], str] | None = field(default=None, compare=False)
    fetch: Callable[[], bytes] | None = None

    def open(self) -> Picture:
        """The decoded picture, RGB.

        Raises `DataError` when the file is missing, truncated, no picture, or has more than `MOST_PIXELS`.
        """
        return self._decoded(None)

    def small(self, longest: int) -> Picture:
        """The picture made smaller, RGB, its longer side at most so many pixels; a smaller one keeps its size.

        A JPEG is decoded at about that size, so that a huge one needs little memory. Raises `DataError` as `open`.
        """
        picture = self._decoded(2 * longest)
        picture.thumbnail((longest, longest))
        return picture

    def _decoded(self, enough: int | None) -> Picture:
        """enough: pixels a side that will do, where the format can leave out the rest while it is read."""
        import PIL.Image

        if self.draw is not None:
            return self.draw().convert("RGB")
        if (PIL.Image.MAX_IMAGE_PIXELS or MOST_PIXELS) < MOST_PIXELS:
            PIL.Image.MAX_IMAGE_PIXELS = MOST_PIXELS  # PIL's own bound is below some benchmarks' pictures
        try:
            with PIL.Image.open(io.BytesIO(self.encoded())) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise ValueError(f"{picture.width} x {picture.height} pixels; {MOST_PIXELS:,} is the most")
                if enough is not None:
                    picture.draft("RGB", (enough, enough))
                return picture.convert("RGB")
        except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
            raise DataError(f"picture {self.label} can't be read: {error}") from error

    def encoded(self) -> bytes:
        """The bytes as stored (of a drawn picture: its raw RGB pixels with the size in front)."""
        if self.data is not None:
            return self.data
        if self.fetch is not None:
            return self.fetch()
        if self.path is not None:
            try:
                return self.path.read_bytes()
            except OSError as error:
                raise DataError(f"picture {self.label} can't be read: {error.strerror or error}") from error
        if self.draw is None:
            raise DataError(f"picture {self.name or '(unnamed)'} has neither a file, nor bytes, nor a renderer")
        picture = self.draw().convert("RGB")
        return f"{picture.width}x{picture.height}:".encode() + picture.tobytes()

    @property
    def label(self) -> str:
        return self.name or (str(self.path) if self.path else "(in the row)")

    def digest(self) -> str:
        """SHA-256 of the picture's content, wherever it lies. Raises `DataError` as `open` does."""
        if self.key is not None:
            return self.key()
        return hashlib.sha256(self.encoded()).hexdigest()


Part = str | Image


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation: text and pictures in the order in which the model sees them."""

    role: Role
    content: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part for part in self.content if isinstance(part, str))

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(part for part in self.content if isinstance(part, Image))


def ask(*parts: Part | None) -> tuple[Message, ...]:
    """One user turn. Neighbouring strings are joined, `None` is left out (a question without a picture)."""
    content: list[Part] = []
    for part in parts:
        if part is None or part == "":
            continue
        if isinstance(part, str) and content and isinstance(content[-1], str):
            content[-1] += part
        else:
            content.append(part)
    return (Message("user", tuple(content)),)


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing asked of a model, and what its scorer needs to know.

    id: unique in its task and stable over runs. target: plain JSON data (a string, a list of words …).
    slices: name -> value, e.g. {"split": "adversarial"}. cluster: what makes samples dependent, usually the
    picture; resampling draws whole clusters. groups: name -> key, joins samples that are scored together (rotations,
    votes, pairs), e.g. {"figure": "VD_video_0_1"}; a group must lie within a cluster.
    metadata: further plain JSON data for the scorer and the page.
    continuations: given answers. The model does not answer then but says how likely each is, or how good; the answer
    that is scored is the JSON list of these numbers.
    """

    id: str
    messages: tuple[Message, ...]
    target: Any = None
    slices: Mapping[str, str] = field(default_factory=dict)
    cluster: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    continuations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Ids, clusters and slices are labels: a benchmark's numbers become strings."""
        if type(self.id) is not str:
            object.__setattr__(self, "id", str(self.id))
        if self.cluster is not None and type(self.cluster) is not str:
            object.__setattr__(self, "cluster", str(self.cluster))
        self._as_labels("slices", self.slices)
        if self.groups:
            self._as_labels("groups", self.groups)

    def _as_labels(self, name: str, labels: Mapping[str, Any]) -> None:
        for value in labels.values():
            if type(value) is not str:
                kept = {key: str(value) for key, value in labels.items() if value is not None}
                object.__setattr__(self, name, kept)
                return

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(image for message in self.messages for image in message.images)

    @property
    def prompt(self) -> str:
        """The text of all turns, for people and logs; pictures are left out."""
        return "\n".join(message.text for message in self.messages)
