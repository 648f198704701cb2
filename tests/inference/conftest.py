"""Miniature checkpoints, built once a session, and requests to ask of them."""

from __future__ import annotations

import dataclasses
import io
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mmeval.inference.base import Decoding, Engine, Request, Response
from mmeval.samples import Image, Message, ask


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Digests of weights that pass away are not remembered in the user's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A miniature's folder by name; nobody writes into it."""
    torch = pytest.importorskip("torch", reason="the transformers engine needs torch")
    pytest.importorskip("transformers", reason="the transformers engine needs transformers")
    torch.set_num_threads(1)
    from tests import miniatures

    built: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in built:
            built[name] = miniatures.ALL[name](tmp_path_factory.mktemp("models") / name)
        return built[name]

    return folder


@pytest.fixture
def copy_of(checkpoint: Callable[[str], Path], tmp_path: Path) -> Callable[..., Path]:
    """A copy of a miniature that a test may change."""

    def copied(name: str, into: str = "copy") -> Path:
        return Path(shutil.copytree(checkpoint(name), tmp_path / into))

    return copied


@pytest.fixture(scope="session")
def engine(checkpoint: Callable[[str], Path]) -> Callable[..., Any]:
    """A fresh engine over a miniature."""

    def opened(name: str | Path, **options: Any) -> Any:
        from mmeval.inference.transformers import load

        folder = checkpoint(name) if isinstance(name, str) else name
        return load(str(folder), **{"device": "cpu", "threads": 1, **options})

    return opened


def png(seed: int, width: int = 40, height: int = 30) -> Image:
    from tests import miniatures

    file = io.BytesIO()
    miniatures.picture(seed, width, height).save(file, "PNG")
    return Image(data=file.getvalue(), name=f"{seed}.png")


def request(key: str, *parts: str | Image, tokens: int = 6, **decoding: Any) -> Request:
    return Request(key, ask(*parts), Decoding(max_new_tokens=tokens, **decoding))


def questions(pictures: bool = True, count: int = 10, tokens: int = 6, **decoding: Any) -> list[Request]:
    """Prompts of different length about pictures of different size, two questions a picture, one without."""
    words = ["Is there a dog?", "Describe this image in detail, please.", "Yes or no: a red car stands in the street."]
    asked = []
    for i in range(count):
        shown = [png(i // 2, 24 + 7 * (i // 2), 60 - 5 * (i // 2))] if pictures and i != count - 1 else []
        text = " ".join(words[: 1 + i % 3])
        asked.append(request(f"t/{i}", *shown, f"{text} {i}", tokens=tokens, **decoding))
    return asked


def two_pictures(key: str = "t/two") -> Request:
    content = ("Compare ", png(7, 30, 44), " with ", png(8, 61, 33), ".")
    return Request(key, (Message("user", content),), Decoding(6))


def answers(engine: Engine, requests: Iterable[Request]) -> dict[str, Response]:
    """Responses by id, without the path that each took: it must change nothing."""
    given = [dataclasses.replace(response, path="") for response in engine.run(requests)]
    found = {response.id: response for response in given}
    assert len(found) == len(given), "a request was answered twice"
    return found
