"""Where rows come from: a hub data set or its local copy, an official repository's files, rendered scenes.

A source finds its rows below the user's data folders (`--data`) first; a hub data set is looked up in the
Hugging Face cache and on the hub after that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from mmeval import encoded, mirrors
from mmeval.errors import DataError
from mmeval.reach import stay_offline, unreachable
from mmeval.row_files import DELIMITERS
from mmeval.row_files import read_rows as read_rows
from mmeval.samples import Image


class Row(dict[str, Any]):
    """A row that knows where it stands, so that an error about it can say so.

    `where` is that place in words; `folder` is where relative picture names start. Rows read together share
    `pictures`, so that a picture that many rows name is looked for once. `table`: rows of the same file by `index`.
    """

    __slots__ = ("_place", "folder", "pictures", "table")

    def __init__(
        self,
        fields: Mapping[str, Any],
        where: str | tuple[int, str],
        folder: Path | None = None,
        pictures: dict[tuple[str, ...], Image] | None = None,
        table: Mapping[str, Row] | None = None,
    ):
        super().__init__(fields)
        self._place = where
        self.folder = folder
        self.pictures = {} if pictures is None else pictures
        self.table = table

    @property
    def where(self) -> str:
        return self._place if isinstance(self._place, str) else "row {} of {}".format(*self._place)

    @property
    def place(self) -> tuple[int, str]:
        """(its number in its file or data set, from 0; the file's name without its ending), for rows without an id."""
        number, _, name = self.where.removeprefix("row ").partition(" of ")
        return int(number) - 1, PurePath(name).stem

    def __missing__(self, key: str) -> Any:
        raise DataError(f"{self.where} has no field {key!r} (found: {', '.join(map(str, self)) or 'none'})")

    def picture(self, key: str = "image", *folders: str) -> Image:
        """The picture in field `key`: an image of a hub row, base64 text, or a file name below the row's folder or one
        of `folders`. In a table with an `index` column a number names the row that holds the picture, as in
        VLMEvalKit's tables.

        A file that is not there is no error yet: its samples will be missing, counted and named.
        Raises `DataError` for a field without a picture or with several, malformed base64, and a name that leads out of
        the folder.
        """
        value = self[key]
        if isinstance(value, str) and (known := self.pictures.get((value, *folders))):
            return known
        found = self._found(key, value, folders)
        if len(found) != 1:
            raise DataError(f"{self.where}: field {key!r} holds {len(found)} pictures, not one")
        return found[0]

    def pictures_of(self, key: str = "image", *folders: str) -> tuple[Image, ...]:
        """All pictures in field `key`, in order: of a list, of a list written as text, or the only one. Each is as in
        `picture`; none in an empty field."""
        value = self[key]
        return () if value is None or value in ("", "[]") or value == [] else self._found(key, value, folders)

    def _found(self, key: str, value: Any, folders: tuple[str, ...]) -> tuple[Image, ...]:
        if isinstance(value, str) and self.table is not None and value.strip().isdecimal():
            return self._shared(key, value.strip(), folders)
        values = encoded.listed(value) if isinstance(value, str) else value
        if isinstance(values, (list, tuple)) and values:
            return tuple(self._one(key, one, folders, f" ({n})") for n, one in enumerate(values, start=1))
        return (self._one(key, value if values is None else values, folders),)

    def _shared(self, key: str, index: str, folders: tuple[str, ...]) -> tuple[Image, ...]:
        """The pictures of the row of that index: tables hold a picture once, its other rows name that row."""
        holder = (self.table or {}).get(index)
        value = holder.get(key) if holder is not None else None
        if holder is None or not value or (isinstance(value, str) and value.strip().isdecimal()):
            lack = "is not in the table" if holder is None else "has none of its own"
            raise DataError(f"{self.where}: field {key!r} stands for the picture of index {index}, which {lack}")
        return holder._found(key, value, folders)

    def _one(self, key: str, value: Any, folders: tuple[str, ...], number: str = "") -> Image:
        if isinstance(value, Image):
            return value
        if isinstance(value, Mapping) and value.get("bytes"):
            return Image(data=value["bytes"], name=str(value.get("path") or f"{self.where}{number}"))
        name = value.get("path") if isinstance(value, Mapping) else value
        if not isinstance(name, str) or not name:
            raise DataError(f"{self.where}: field {key!r}{number} holds no picture (found: {type(value).__name__})")
        if encoded.is_picture(name):
            data = encoded.decoded(name, f"{self.where}: field {key!r}{number}")
            return Image(data=data, name=f"{self.where}{number}")
        if known := self.pictures.get((name, *folders)):
            return known
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
        return next((path for path in candidates if path.exists()), candidates[-1])


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
            why = f"not found locally, and not had from the hub ({error})"
            raise DataError(self._not_found(task, why)) from error

    def _not_found(self, task: str, what: str) -> str:
        return f"{task}: data {what}; pass --data DIR, a folder with {self.wanted}"


def official(
    pattern: str,
    read: Callable[[Path], Iterable[Mapping[str, Any]]] = read_rows,
    below: str = "",
) -> Source:
    """Files of a benchmark's own repository: every match of `pattern` in the subfolder `below` of a data folder, else
    in a data folder itself: where several benchmarks share one, its files may be another's of a like name.

    read: path -> rows. Pictures named in the rows lie in the files' folder or below it.
    """

    def find(data: tuple[Path, ...]) -> Found | None:
        for folder in (*(root / below for root in data if below), *data):
            if files := sorted(folder.glob(pattern)):
                return Found(f"{folder}/{pattern}", partial(_read, files, read, folder))
        return None

    return Source(find, f"the official {below + '/' if below else ''}{pattern}")


def _read(files: list[Path], read: Callable[[Path], Iterable[Mapping[str, Any]]], folder: Path) -> Iterator[Row]:
    pictures: dict[tuple[str, ...], Image] = {}
    for path in files:
        name, stem = path.name, path.stem
        table: dict[str, Row] = {}
        waiting: list[Row] = []
        for number, fields in enumerate(read(path), start=1):
            row = Row(fields, (number, name), folder, pictures)
            row["file"] = stem
            if path.suffix in DELIMITERS and "index" in row:
                row.table = table
                table.setdefault(str(row["index"]), row)
                waiting.append(row)
            else:
                yield row
        yield from waiting  # now that all are known: a row may name the picture of a later one


def generated(make: Callable[[], Iterable[Mapping[str, Any]]], what: str) -> Source:
    """Rows that are computed, such as rendered scenes; always there."""

    def read() -> Iterator[Row]:
        for number, fields in enumerate(make(), start=1):
            yield Row(fields, f"row {number} of {what}")

    return Source(lambda data: Found(what, read), what)


def hub(repo: str, split: str, name: str | tuple[str, ...] | None = None) -> Source:
    """A hub data set: below a data folder as `OWNER/NAME` or `NAME` (a mirror's parquet files or `save_to_disk`),
    else, when no data folder has anything of the benchmark, from the Hugging Face cache or the hub.

    name: a config; or several, whose rows come in this order, each with its config's name in the field `config`.
    A mirror that lacks one of them is an error: fewer rows would be another benchmark.
    """

    def find(data: tuple[Path, ...]) -> Found | None:
        for root in data:
            whole = [root / repo, root / repo.replace("/", "__")]
            bare = root / repo.split("/")[1]  # may as well be an owner's folder: MMMU/MMMU and MMMU/MMMU_Pro
            folders = [*whole, *([bare] if mirrors.is_named_data_set(bare, split, name) else ())]
            for folder in folders:
                if mirrors.is_data_set(folder):
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
        if why := unreachable():
            if not cached():
                raise OSError(why)
            stay_offline()
        import datasets

        names = name if isinstance(name, tuple) else (name,)
        loaded = [datasets.load_dataset(repo, one, split=split) for one in names]
        return Found(f"{repo} ({split})", lambda: _rows_of(loaded, repo, name, None))

    return Source(find, f"the hub data set {repo} as {repo}/", remote, cached)


def _local_rows(folder: Path, split: str, name: str | tuple[str, ...] | None, repo: str) -> Iterator[Row]:
    yield from _rows_of(mirrors.load(folder, split, name), repo, name, folder)


def _rows_of(loaded: list[Any], repo: str, name: str | tuple[str, ...] | None, folder: Path | None) -> Iterator[Row]:
    """Rows of one data set, or of one after the other where `name` is several configs."""
    from mmeval.hub_rows import rows

    pictures: dict[tuple[str, ...], Image] = {}
    for i, one in enumerate(loaded):
        config = {"config": name[i]} if isinstance(name, tuple) else {}
        place = f"{repo} ({name[i]})" if isinstance(name, tuple) else repo
        for number, fields in enumerate(rows(one, place), start=1):
            yield Row({**fields, **config}, (number, place), folder, pictures)
