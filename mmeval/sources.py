"""Where rows come from: a hub data set or its local copy, an official repository's files, rendered scenes.

A source finds its rows below the user's data folders (`--data`) first; a hub data set is looked up in the
Hugging Face cache and on the hub after that.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mmeval.errors import DataError
from mmeval.samples import Image


class Row(dict[str, Any]):
    """A row that knows where it stands, so that an error about it can say so.

    `where` is that place in words; `folder` is where relative picture names start. Rows read together share
    `pictures`, so that a picture that many rows name is looked for once.
    """

    __slots__ = ("_place", "folder", "pictures")

    def __init__(
        self,
        fields: Mapping[str, Any],
        where: str | tuple[int, str],
        folder: Path | None = None,
        pictures: dict[tuple[str, ...], Image] | None = None,
    ):
        super().__init__(fields)
        self._place = where
        self.folder = folder
        self.pictures = {} if pictures is None else pictures

    @property
    def where(self) -> str:
        return self._place if isinstance(self._place, str) else "row {} of {}".format(*self._place)

    def __missing__(self, key: str) -> Any:
        raise DataError(f"{self.where} has no field {key!r} (found: {', '.join(map(str, self)) or 'none'})")

    def picture(self, key: str = "image", *folders: str) -> Image:
        """The picture in field `key`: bytes of a hub row, or a file name below the row's folder or one of `folders`.

        A file that is not there is no error yet: its samples will be missing, counted and named.
        Raises `DataError` for a name that leads out of the folder.
        """
        value = self[key]
        if isinstance(value, str) and (known := self.pictures.get((value, *folders))):
            return known
        if isinstance(value, Image):
            return value
        if isinstance(value, Mapping) and value.get("bytes"):
            return Image(data=value["bytes"], name=str(value.get("path") or self.where))
        name = value.get("path") if isinstance(value, Mapping) else value
        if not isinstance(name, str) or not name:
            raise DataError(f"{self.where}: field {key!r} holds no picture (found: {type(value).__name__})")
        if self.folder is None:
            raise DataError(f"{self.where}: picture {name!r} is a file name, but the rows have no folder")
        image = self.pictures[name, *folders] = Image(path=self._below(self.folder, name, folders), name=name)
        return image

    def _below(self, folder: Path, name: str, folders: Iterable[str]) -> Path:
        if Path(name).is_absolute() and Path(name).resolve().is_relative_to(folder.resolve()):
            return Path(name)  # as data sets made of picture folders name them
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise DataError(f"{self.where}: picture {name!r} leads out of the data folder; use a name inside it")
        candidates = [folder / below / name for below in ("", *folders)]
        return next((path for path in candidates if path.is_file()), candidates[-1])


@dataclass(frozen=True, slots=True)
class Found:
    """Rows that are there: a sentence that names the place, and how to read them."""

    place: str
    read: Callable[[], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Source:
    """find: data folders -> `Found`, or None. wanted: what it looks for, for the error that nothing was found.
    remote: what to try when nothing local was found (a hub). cached: where that would come from without a network."""

    find: Callable[[tuple[Path, ...]], Found | None]
    wanted: str
    remote: Callable[[], Found] | None = None
    cached: Callable[[], str | None] = lambda: None

    def __or__(self, other: Source) -> Source:
        return Source(
            lambda data: self.find(data) or other.find(data),
            f"{self.wanted}; or {other.wanted}",
            self.remote or other.remote,
            self.cached if self.remote else other.cached,
        )

    def at_hand(self, data: tuple[Path, ...]) -> str | None:
        """Where the rows would come from without a network, or None; nothing is loaded."""
        found = self.find(data)
        return found.place if found else self.cached()

    def locate(self, data: tuple[Path, ...], task: str) -> Found:
        """Where the rows are. Raises `DataError` that says what was looked for when they are nowhere."""
        found = self.find(data) or (self.remote and self._from_remote(task))
        if not found:
            raise DataError(self._not_found(task, "not found"))
        return found

    def rows(self, data: tuple[Path, ...], task: str, found: Found | None = None) -> Iterator[Row]:
        """All rows, of the place found before if given. Raises `DataError` when there are none."""
        found = found or self.locate(data, task)
        empty = True
        for row in found.read():
            empty = False
            yield row
        if empty:
            raise DataError(f"{task}: {found.place} has no rows")

    def _from_remote(self, task: str) -> Found:
        assert self.remote is not None
        try:
            return self.remote()
        except Exception as error:  # whatever the hub client raises, the mend is the same
            why = f"not found locally, and the hub did not give it ({error})"
            raise DataError(self._not_found(task, why)) from error

    def _not_found(self, task: str, what: str) -> str:
        return f"{task}: data {what}; pass --data DIR, a folder with {self.wanted}"


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a JSON list, JSON lines, CSV or TSV file. Raises `DataError` naming the line that can't be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    if path.suffix in {".csv", ".tsv"}:
        csv.field_size_limit(1 << 30)
        yield from csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix == ".tsv" else ",")
        return
    if text.lstrip().startswith("["):
        values = _json(path, text, 1)
        for value in values:
            yield _object(path, value)
        return
    first = text.lstrip()
    if first.startswith("{"):  # one object over many lines is a row, too
        try:
            value, end = _DECODER.raw_decode(first)
        except ValueError:
            value, end = None, 0
        if end and not first[end:].strip():
            yield _object(path, value)
            return
    lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line and not line.isspace()]
    try:  # all lines as one list: parsed several times faster than line by line
        values = _DECODER.decode(f"[{','.join([line for _, line in lines])}]")
    except ValueError:
        values = []
    if len(values) != len(lines):  # some line is broken: one by one, to name it
        values = [_json(path, line, n) for n, line in lines]
    for value in values:
        yield _object(path, value)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON value; write null or a number")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _json(path: Path, text: str, line: int) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path.name}: malformed JSON at line {line + error.lineno - 1}: {error.msg}") from error
    except ValueError as error:
        raise DataError(f"{path.name}: line {line}: {error}") from error


def _object(path: Path, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{path.name}: a row is a {type(value).__name__}, not an object with fields")
    return value


def official(
    pattern: str,
    read: Callable[[Path], Iterable[Mapping[str, Any]]] = read_rows,
    below: str = "",
) -> Source:
    """Files of a benchmark's own repository: every match of `pattern` in a data folder or in its subfolder `below`.

    read: path -> rows. Pictures named in the rows lie in the files' folder or below it.
    """

    def find(data: tuple[Path, ...]) -> Found | None:
        for root in data:
            for folder in (root, *((root / below,) if below else ())):
                files = sorted(folder.glob(pattern))
                if files:
                    return Found(f"{folder}/{pattern}", partial(_read, files, read, folder))
        return None

    return Source(find, f"the official {below + '/' if below else ''}{pattern}")


def _read(files: list[Path], read: Callable[[Path], Iterable[Mapping[str, Any]]], folder: Path) -> Iterator[Row]:
    pictures: dict[tuple[str, ...], Image] = {}
    for path in files:
        name, stem = path.name, path.stem
        for number, fields in enumerate(read(path), start=1):
            row = Row(fields, (number, name), folder, pictures)
            row["file"] = stem
            yield row


def generated(make: Callable[[], Iterable[Mapping[str, Any]]], what: str) -> Source:
    """Rows that are computed, such as rendered scenes; always there."""

    def read() -> Iterator[Row]:
        for number, fields in enumerate(make(), start=1):
            yield Row(fields, f"row {number} of {what}")

    return Source(lambda data: Found(what, read), what)


def hub(repo: str, split: str, name: str | None = None) -> Source:
    """A hub data set: below a data folder as `OWNER/NAME` or `NAME` (a mirror's parquet files or `save_to_disk`),
    else, when no data folder has anything of the benchmark, from the Hugging Face cache or the hub."""

    def find(data: tuple[Path, ...]) -> Found | None:
        for root in data:
            for folder in (root / repo, root / repo.replace("/", "__"), root / repo.split("/")[1]):
                if _is_data_set(folder):
                    return Found(str(folder), partial(_local_rows, folder, split, name, repo))
        return None

    def cached() -> str | None:
        home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
        folders = (
            Path(os.environ.get("HF_DATASETS_CACHE", home / "datasets")) / repo.replace("/", "___").lower(),
            Path(os.environ.get("HF_HUB_CACHE", home / "hub")) / f"datasets--{repo.replace('/', '--')}",
        )
        return f"{repo} in the Hugging Face cache" if any(folder.is_dir() for folder in folders) else None

    def remote() -> Found:
        import datasets

        loaded = datasets.load_dataset(repo, name, split=split)
        return Found(f"{repo} ({split})", lambda: _dataset_rows(loaded, repo))

    return Source(find, f"the hub data set {repo} as {repo}/", remote, cached)


def _is_data_set(folder: Path) -> bool:
    """Whether a folder holds a data set, rather than, say, a clone of a repository of the same name."""
    if (folder / "dataset_dict.json").is_file() or (folder / "dataset_info.json").is_file():
        return True
    kinds = ("*.parquet", "*.arrow", "metadata.*", "*.jsonl")
    return folder.is_dir() and any(next(folder.rglob(kind), None) for kind in kinds)


def _local_rows(folder: Path, split: str, name: str | None, repo: str) -> Iterator[Row]:
    yield from _dataset_rows(_load_local(folder, split, name), repo, folder)


def _load_local(folder: Path, split: str, name: str | None) -> Any:
    import datasets

    try:
        if (folder / "dataset_dict.json").is_file() or (folder / "dataset_info.json").is_file():
            loaded = datasets.load_from_disk(str(folder))
            if not isinstance(loaded, datasets.DatasetDict):
                return loaded
            return datasets.concatenate_datasets([loaded[part] for part in split.split("+")])
        return datasets.load_dataset(str(folder), name, split=split)
    except Exception as error:  # datasets raises whatever its readers raise
        raise DataError(f"{folder}: not readable as a data set with split {split!r}: {error}") from error


def _dataset_rows(loaded: Any, repo: str, folder: Path | None = None) -> Iterator[Row]:
    import datasets

    for column, feature in loaded.features.items():
        if isinstance(feature, datasets.Image):  # bytes as they are: decoding happens in the engine's workers
            loaded = loaded.cast_column(column, datasets.Image(decode=False))
    pictures: dict[tuple[str, ...], Image] = {}
    for number, fields in enumerate(loaded, start=1):
        yield Row(fields, (number, repo), folder, pictures)
