"""Finds tasks and judges: the built-in ones and a user's own folders, by the same rule.

Every `Task` that stands as a public variable in `<folder>/tasks/<dimension>/*.py` is a task; its name is the
variable's, its suite the folder's, its summary the file's docstring. Its dimension is the folder's unless the file says
another. A user's folder may be flat: `DIR/*.py` belongs to the suite "own".
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from mmeval.errors import DataError, UsageError
from mmeval.tasks import Task

PACKAGE = Path(__file__).parent


def bundled(folder: str) -> Path:
    """A folder that stands at the top of the repository and inside the package in a wheel."""
    inside = PACKAGE / "_bundled" / folder
    return inside if inside.is_dir() else PACKAGE.parent / folder


@dataclass(frozen=True, slots=True)
class Catalog:
    """tasks by name; judges: name -> the folder with the judge's card and prompt."""

    tasks: dict[str, Task]
    judges: dict[str, Path] = field(default_factory=dict)

    @property
    def suites(self) -> dict[str, list[Task]]:
        """Suite name -> its tasks. A suite is a folder."""
        suites: dict[str, list[Task]] = {}
        for task in self.tasks.values():
            suites.setdefault(task.suite, []).append(task)
        return suites

    def choose(self, tasks: Sequence[str] = (), suites: Sequence[str] = ()) -> list[Task]:
        """Tasks by name and by suite, each once, in the order asked. Raises `UsageError` with the nearest names."""
        chosen: dict[str, Task] = {}
        for suite in suites:
            if suite not in self.suites:
                raise UsageError(_unknown("suite", suite, self.suites))
            chosen.update({task.name: task for task in self.suites[suite]})
        for name in tasks:
            if name not in self.tasks:
                raise UsageError(_unknown("task", name, self.tasks))
            chosen[name] = self.tasks[name]
        return list(chosen.values())


def builtin(name: str) -> Any:
    """A built-in task file as a module, for tasks that vary it: `builtin("hallucination/pope").pope`."""
    return _load(bundled("tasks") / f"{name}.py")


def load_catalog(folders: Iterable[Path] = ()) -> Catalog:
    """The built-in tasks and judges and those of the user's folders. A name taken twice raises `DataError`."""
    folders = tuple(folders)
    tasks: dict[str, Task] = {}
    for path, suite in [*_files(bundled("tasks")), *(found for folder in folders for found in _user_files(folder))]:
        module = _load(path)
        for name, task in vars(module).items():
            if name.startswith("_") or not isinstance(task, Task):
                continue
            if name in tasks:
                raise DataError(f"{path}: there is a task {name!r} already; give it another name")
            summary = (module.__doc__ or "").strip().split("\n")[0]
            dimension = task.dimension or suite
            tasks[name] = replace(task, name=name, suite=suite, dimension=dimension, summary=summary)
    return Catalog(tasks, _judges([bundled("judges"), *(folder / "judges" for folder in folders)]))


def _judges(folders: Iterable[Path]) -> dict[str, Path]:
    """Folders with a judge.yaml, by name; a user's takes the place of a built-in one."""
    return {card.parent.name: card.parent for folder in folders for card in sorted(folder.glob("*/judge.yaml"))}


def _files(folder: Path) -> list[tuple[Path, str]]:
    return [(path, path.parent.name) for path in sorted(folder.glob("*/*.py")) if not path.name.startswith("_")]


def _user_files(folder: Path) -> list[tuple[Path, str]]:
    if not folder.is_dir():
        raise UsageError(f"--catalog {folder}: no such folder")
    nested = _files(folder / "tasks") if (folder / "tasks").is_dir() else []
    flat = [(path, "own") for path in sorted(folder.glob("*.py")) if not path.name.startswith("_")]
    if not nested and not flat:
        raise UsageError(f"--catalog {folder}: has neither *.py nor tasks/<dimension>/*.py")
    return [*nested, *flat]


def _load(path: Path) -> ModuleType:
    name = f"mmeval_task_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise DataError(f"{path}: can't be loaded as a task file: {type(error).__name__}: {error}") from error
    return module


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are: {', '.join(sorted(names))}"
    return f"no {kind} {name!r}; {hint}"
