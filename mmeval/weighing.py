"""Weights that a user gives tasks and dimensions, out of a YAML file.

pope: 2                # a task; every other one has weight 1
safety: {figstep: 0}   # the same, by dimension
overall: true          # also the mean of all six dimensions' means, or
overall: {safety: 2, hallucination: 1}
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmeval.catalog import Catalog
from mmeval.dimensions import SIX
from mmeval.errors import DataError, UsageError


@dataclass(frozen=True, slots=True)
class Weighing:
    """tasks: weights other than 1. overall: weights of the dimensions whose means make one figure; None for no such."""

    tasks: Mapping[str, float] = field(default_factory=dict)
    overall: Mapping[str, float] | None = None

    def of(self, task: str) -> float:
        return self.tasks.get(task, 1.0)


def read_weights(path: Path, catalog: Catalog) -> Weighing:
    """Raises `UsageError` without the file, `DataError` where it names what is not there or weighs below 0."""
    import yaml

    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; --weights takes a YAML file such as `pope: 2`") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    return weighing(given, catalog, str(path))


def weighing(given: Any, catalog: Catalog, where: str) -> Weighing:
    """The same from plain data; where: what it is called in an error."""
    if not isinstance(given, Mapping):
        raise DataError(f"{where}: must be a mapping from tasks or dimensions to weights, such as `pope: 2`")
    dimensions = {*SIX, *(task.dimension for task in catalog.tasks.values())}
    tasks: dict[str, float] = {}
    for name, value in given.items():
        if name == "overall":
            continue
        if name in dimensions and isinstance(value, Mapping):
            for task, weight in value.items():
                _known(task, [one.name for one in catalog.tasks.values() if one.dimension == name], f"{where}: {name}")
                tasks[task] = _number(weight, f"{where}: {name}: {task}")
        elif name in dimensions:
            raise DataError(
                f"{where}: {name} is a dimension and needs its tasks' weights, `{name}: {{TASK: 2}}`; "
                f"weights of dimensions stand below `overall`"
            )
        else:
            _known(name, [*catalog.tasks, *dimensions, "overall"], where)
            tasks[name] = _number(value, f"{where}: {name}")
    return Weighing(tasks, _overall(given.get("overall"), where))


def _overall(given: Any, where: str) -> dict[str, float] | None:
    if given is None or given is False:
        return None
    if given is True:
        return dict.fromkeys(SIX, 1.0)
    if not isinstance(given, Mapping):
        raise DataError(f"{where}: overall must be true or a mapping from dimensions to weights")
    for name in given:
        _known(name, SIX, f"{where}: overall")
    weights = {name: weight for name in given if (weight := _number(given[name], f"{where}: overall: {name}"))}
    if not weights:
        raise DataError(f"{where}: overall: all weights are 0; give at least one dimension a weight")
    return weights


def _known(name: Any, names: Any, where: str) -> None:
    if name not in names:
        near = difflib.get_close_matches(str(name), [str(one) for one in names], n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "`mmeval tasks` lists them"
        raise DataError(f"{where}: no task or dimension {name!r}; {hint}")


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise DataError(f"{where}: weight {value!r} is not a number from 0 up")
    return float(value)
