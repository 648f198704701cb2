"""Pictures and prompts to tensors, on background threads ahead of the device; and tensors to left-padded batches."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

import torch

from mmeval.errors import DataError
from mmeval.inference import cores
from mmeval.inference.base import Request
from mmeval.inference.prompts import Prompt
from mmeval.samples import Image

Features = dict[str, torch.Tensor]

# Tensors about pictures that may be joined along their first axis, the others padded with zeros at the end.
PICTURE_TENSORS = frozenset(
    ("pixel_values", "image_grid_thw", "image_sizes", "pixel_attention_mask", "batch_num_images", "spatial_shapes")
)
# Tensors with one number a token.
TOKEN_TENSORS = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids")
KINDS = ("token_type_ids", "mm_token_type_ids")  # 0 for text
PICTURE_KEY = "mmeval"

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Work:
    """A request on its way to the device. branches: its continuations' tokens. length is a guess until `features`
    are there: pictures' tokens are not counted before."""

    request: Request
    prompt: Prompt
    branches: tuple[tuple[int, ...], ...] = ()
    features: Features | None = None

    @property
    def length(self) -> int:
        tokens = len(self.prompt.ids) if self.features is None else self.features["input_ids"].shape[1]
        return tokens + max((len(branch) for branch in self.branches), default=0)

    @property
    def rows(self) -> int:
        return max(1, sum(len(branch) > 1 for branch in self.branches))

    @property
    def images(self) -> list[Image]:
        return [image for message in self.request.messages for image in message.images]

    @property
    def prompt_tokens(self) -> int:
        """Pictures' tokens counted; only once `features` are there."""
        assert self.features is not None
        return int(self.features["input_ids"].shape[1])


@dataclass(frozen=True, slots=True)
class Failed:
    """A request that can't be run, and why."""

    request: Request
    error: str
    length: int = 0
    rows: int = 1


class Remembered(Generic[K, V]):
    """The last few results of a costly function; threads that ask for the same wait for one of them to compute it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._known: OrderedDict[K, Future[V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, compute: Callable[[], V]) -> V:
        with self._lock:
            future = self._known.get(key)
            mine = future is None
            if future is None:
                future = self._known[key] = Future()
                while len(self._known) > self.size:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(key)
        if mine:
            try:
                future.set_result(compute())
            except BaseException as error:
                future.set_exception(error)
        return future.result()


def identity(image: Image) -> Hashable:
    """What a picture is known by while a run goes on: its place and date, its bytes, or what fetches or draws it."""
    if image.path is not None:
        try:
            stat = image.path.stat()
        except OSError as error:
            raise DataError(f"picture {image.label} can't be read: {error.strerror or error}") from error
        return str(image.path), stat.st_mtime_ns, stat.st_size
    return image.data if image.data is not None else image.fetch or image.draw


class RememberingImageProcessor:
    """Stands before a processor's image processor and computes the same pictures' tensors once while they are near.

    The processor goes on to do everything else (placeholders, tokens) as it always does.
    """

    def __init__(self, inner: Any, size: int) -> None:
        self._inner = inner
        self._known: Remembered[Hashable, Any] = Remembered(size)

    def __call__(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        keys = tuple(picture.info.get(PICTURE_KEY) for picture in _flat(images))
        if args or None in keys:
            return self._inner(images, *args, **kwargs)
        found = self._known.get((keys, repr(sorted(kwargs.items()))), lambda: self._inner(images, **kwargs))
        return type(found)(dict(found))  # processors take entries out of what they are given

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def inner(self) -> Any:
        return self._inner


def settings(processor: Any) -> dict[str, Any] | None:
    """All of a processor's own fields and its parts', as plain data: what decides how pictures become tensors, and
    how many placeholder tokens they get. The tokenizer and the chat template are told by the prompt's tokens."""
    if processor is None:
        return None
    fields = {name: value for name, value in vars(processor).items() if name not in ("tokenizer", "chat_template")}
    plain: dict[str, Any] = json.loads(json.dumps(fields, default=_plain_data, sort_keys=True))
    return {"class": type(processor).__name__, **plain}


def _plain_data(value: Any) -> Any:
    part = value.inner if isinstance(value, RememberingImageProcessor) else value
    if hasattr(part, "to_dict"):  # the class says whether PIL or torchvision resizes; to_dict hides that
        return {"class": type(part).__name__, **part.to_dict()}
    return part.tolist() if hasattr(part, "tolist") else type(part).__name__


class Preprocessor:
    """Makes a `Work`'s features. processor: None for a model that reads text only."""

    def __init__(self, processor: Any, *, remembered: int = 64) -> None:
        self.processor = processor
        self._pictures: Remembered[Hashable, Any] = Remembered(remembered)
        self._lock = threading.Lock()
        self._spreads: bool | None = None  # whether `Pattern` makes what the processor makes; not known yet
        if processor is not None and not isinstance(processor.image_processor, RememberingImageProcessor):
            processor.image_processor = RememberingImageProcessor(processor.image_processor, remembered)

    def prepare(self, work: Work | Failed) -> Work | Failed:
        """With features, or failed: a picture can't be read, or the processor refuses the prompt."""
        if isinstance(work, Failed):
            return work
        try:
            features = self._features([work]) if self.processor else _plain(work.prompt)
        except DataError as error:
            return Failed(work.request, str(error))
        except Exception as error:  # processors raise whatever they like; it is this request's error
            return Failed(work.request, f"the processor refuses the prompt: {type(error).__name__}: {error}")
        return Work(work.request, work.prompt, work.branches, features)

    def prepare_all(self, works: Sequence[Work | Failed]) -> list[Work | Failed]:
        """Works on the same pictures, each as `prepare` would make it, the processor being asked once where it can.

        What stands behind the pictures is tokenised alike in every prompt, so another question's features are the
        first one's with other tokens there. That this is so is checked on the first two that differ.
        """
        prepared: list[Work | Failed] = []
        patterns: list[tuple[Pattern, Work]] = []
        for work in works:
            if isinstance(work, Failed):
                prepared.append(work)
                continue
            made = next((made for behind, first in patterns if (made := behind.of(work, first))), None)
            if made is None or not self._spreads:
                asked = self.prepare(work)
                if made is not None and isinstance(asked, Work):
                    self._found_to_spread(_equal(made, asked.features or {}))
                prepared.append(asked)
                if isinstance(asked, Work) and self._spreads is not False and (pattern := Pattern.behind(asked)):
                    patterns.append((pattern, asked))
            else:
                prepared.append(replace(work, features=made))
        return prepared

    def _found_to_spread(self, equal: bool) -> None:
        with self._lock:  # once found otherwise, it stays so, whichever thread finds what
            self._spreads = self._spreads is not False and equal

    def batch(self, works: Sequence[Work], pad: int) -> Features:
        """Left-padded features of several requests, in their order."""
        if len(works) == 1:
            return dict(works[0].features or {})
        together = joined([work.features or {} for work in works], pad)
        return together if together is not None else self._features(works)

    def _features(self, works: Sequence[Work]) -> Features:
        images = [[self._open(image) for image in work.images] for work in works]
        out = self.processor(
            text=[work.prompt.text for work in works],
            images=images if any(images) else None,
            add_special_tokens=works[0].prompt.special,
            return_tensors="pt",
            padding=len(works) > 1,
            padding_side="left",
        )
        return {name: tensor for name, tensor in out.items() if name != "labels"}

    def _open(self, image: Image) -> Any:
        key = identity(image)

        def opened() -> Any:
            picture = image.open()
            picture.info[PICTURE_KEY] = key
            return picture

        return self._pictures.get(key, opened)


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a prompt's tokens became the processor's: behind the pictures they stayed as they were.

    head: number of the prompt's own tokens, up to the last picture's placeholder. expanded: what that became.
    """

    head: int
    expanded: int

    @staticmethod
    def behind(work: Work) -> Pattern | None:
        """None where the features hold anything of a kind that this can't be said of."""
        features, own = work.features or {}, work.prompt.ids
        made = features["input_ids"][0].tolist()
        same = 0
        while same < min(len(own), len(made)) and own[-1 - same] == made[-1 - same]:
            same += 1
        # The last of a picture's tokens may be the very one that stands for it in the prompt; it is none of the text.
        kinds = [features[name][0].tolist() for name in KINDS if name in features]
        same = next((place for place in range(same) if any(kind[-1 - place] for kind in kinds)), same)
        pattern = Pattern(len(own) - same, len(made) - same)
        for name, tensor in features.items():
            if name in TOKEN_TENSORS:
                fill = {"attention_mask": 1}.get(name, 0)
                if name != "input_ids" and not bool((tensor[:, pattern.expanded :] == fill).all()):
                    return None
            elif name not in PICTURE_TENSORS:
                return None
        return pattern if same else None

    def of(self, work: Work, first: Work) -> Features | None:
        """Another prompt's features, if it is the same up to the pictures' end."""
        own, known = work.prompt.ids, first.features or {}
        if own[: self.head] != first.prompt.ids[: self.head] or work.prompt.special != first.prompt.special:
            return None
        made: Features = {}
        for name, tensor in known.items():
            if name not in TOKEN_TENSORS:
                made[name] = tensor
                continue
            fill = {"attention_mask": 1}.get(name, 0)
            behind = own[self.head :] if name == "input_ids" else [fill] * (len(own) - self.head)
            made[name] = torch.cat([tensor[:, : self.expanded], torch.tensor([behind], dtype=tensor.dtype)], 1)
        return made


def _equal(one: Features, other: Features) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def joined(rows: Sequence[Features], pad: int, side: Literal["left", "right"] = "left") -> Features | None:
    """One batch of several requests' features: tokens padded on one side, pictures one after the other.

    None when they can't be joined this way: tensors of a kind unknown here, or not the same in every row.
    """
    if any(row.keys() != rows[0].keys() for row in rows):
        return None
    batch: Features = {}
    width = max(row["input_ids"].shape[1] for row in rows)
    for name in rows[0]:
        tensors = [row[name] for row in rows]
        if name in TOKEN_TENSORS:
            fill = pad if name == "input_ids" else 0
            batch[name] = torch.cat([_padded(tensor, width, fill, side) for tensor in tensors])
        elif name in PICTURE_TENSORS and len({tensor.ndim for tensor in tensors}) == 1:
            batch[name] = torch.cat(_padded_behind(tensors))
        else:
            return None
    return batch


def ahead(items: Iterable[V], do: Callable[[V], W], *, threads: int, depth: int) -> Iterator[W]:
    """`do` of every item, in order, computed by threads for at most `depth` items that nobody has taken yet."""
    # one torch thread each: the pool itself is the parallelism, and the device needs the other cores
    with ThreadPoolExecutor(threads, "mmeval-preprocess", initializer=torch.set_num_threads, initargs=(1,)) as pool:
        pending: deque[Future[W]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(do, item))
                if len(pending) >= depth:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def spare_threads(on_device: bool) -> int:
    """Threads for preprocessing: most of the machine where another device computes, little of it otherwise."""
    count = cores.count()
    return max(1, min(16, count - 1)) if on_device else max(1, min(4, count // 2))


def _plain(prompt: Prompt) -> Features:
    ids = torch.tensor([prompt.ids], dtype=torch.long)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def _flat(images: Any) -> Iterator[Any]:
    if isinstance(images, (list, tuple)):
        for image in images:
            yield from _flat(image)
    else:
        yield images


def _padded(tensor: torch.Tensor, width: int, fill: int, side: Literal["left", "right"]) -> torch.Tensor:
    missing = width - tensor.shape[1]
    return torch.nn.functional.pad(tensor, (missing, 0) if side == "left" else (0, missing), value=fill)


def _padded_behind(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    shape = [max(sizes) for sizes in zip(*(tensor.shape[1:] for tensor in tensors), strict=True)]
    padded = []
    for tensor in tensors:
        missing = [size - have for size, have in zip(shape, tensor.shape[1:], strict=True)]
        pads = [side for size in reversed(missing) for side in (0, size)]
        padded.append(torch.nn.functional.pad(tensor, pads) if any(pads) else tensor)
    return padded
