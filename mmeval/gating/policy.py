"""What a checkpoint must show before it is released: a short YAML file, and what stands in its place without one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError, model_validator

from mmeval.errors import DataError, UsageError

if TYPE_CHECKING:
    import yaml

COMPARING = ("no_regression", "not_worse_by", "better")
BOUNDING = ("at_most", "at_least")
EVERYTHING = "*"


def _share(value: Any) -> Any:
    """ "2 %" as 0.02; a number stays as it is."""
    if isinstance(value, bool):
        raise ValueError("must be a number, or a share such as 2 %")
    if not isinstance(value, str):
        return value
    try:
        return float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        raise ValueError("must be a number, or a share such as 2 %") from None


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _percent(value: Any) -> Any:
    return 100 * _share(value) if isinstance(value, str) and value.endswith("%") else value


Percent = Annotated[float, BeforeValidator(_percent), Field(strict=True)]
Share = Annotated[float, BeforeValidator(_share), Field(allow_inf_nan=False)]
Points = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_names)]


class Rule(BaseModel):
    """What some metrics must show. metric: task.metric, a task (its headline), a dimension (its headlines), or either
    with `*` in it; no_regression: not shown to be worse; not_worse_by: shown not to be worse by so many points of the
    metric's 0 to 100 scale; better: shown to be better; at_most, at_least: of the candidate's own figure, in the
    metric's unit (0.3 or 30 %)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: Annotated[Names, Field(min_length=1)]
    no_regression: StrictBool = False
    not_worse_by: Annotated[Points, Field(gt=0)] | None = None
    better: StrictBool = False
    at_most: Share | None = None
    at_least: Share | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Rule:
        if not (self.no_regression or self.better) and self.not_worse_by is self.at_most is self.at_least is None:
            raise ValueError(f"asks nothing; give it one of {', '.join((*COMPARING, *BOUNDING))}")
        return self


class Missing(BaseModel):
    """Answers that are missing or not judged, as a share of a task's samples: at most so many, and at most so many more
    than in the base."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_most: Annotated[Share, Field(ge=0, le=1)] | None = 0.05
    more_than_base: Annotated[Share, Field(ge=0, le=1)] | None = None


class Policy(BaseModel):
    """confidence: in per cent. required_dimensions: must have figures in both runs. tolerance: points by which a metric
    may be worse under no_regression even where that is shown. source: the file that it was read from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confidence: Annotated[Percent, Field(ge=50, lt=100)] = 95.0
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    required_dimensions: Names = ()
    missing: Missing = Missing()
    tolerance: Annotated[Points, Field(ge=0)] = 0.0
    source: str = "the default policy"

    @property
    def alpha(self) -> float:
        return (100 - self.confidence) / 100


DEFAULT = Policy(rules=(Rule(metric=(EVERYTHING,), no_regression=True),))


def load_policy(path: Path) -> Policy:
    """The policy of a file. Raises `UsageError` where there is none, `DataError` naming line, key and mend."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--policy {path}: {error.strerror}; `mmeval gate --init` writes one to start from") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error.reason}); save it as UTF-8") from None
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        _refuse_twice(root, path)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f", line {mark.line + 1}" if mark else ""
        raise DataError(f"{path}{at}: no YAML: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(value, dict):
        raise DataError(f"{path}: must hold keys such as rules and missing; `mmeval gate --init` writes one")
    if "source" in value:
        raise DataError(_told(path, root, ("source",), _unknown("source", Policy)))
    try:
        return Policy.model_validate(value).model_copy(update={"source": str(path)})
    except ValidationError as error:
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise DataError(_explained(first, path, root)) from None


def _refuse_twice(node: yaml.Node | None, path: Path) -> None:
    """A key twice in one place is most often a rule whose `-` was forgotten, and YAML would drop the first of them."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key, value in node.value:
            if key.value in seen:
                raise DataError(
                    f"{path}, line {key.start_mark.line + 1}: {key.value!r} stands twice in one place; "
                    "each rule begins with a `-` of its own"
                )
            seen.add(key.value)
            _refuse_twice(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_twice(value, path)


def _explained(error: Mapping[str, Any], path: Path, root: yaml.Node | None) -> str:
    place = list(error["loc"])
    if error["type"] == "extra_forbidden":
        return _told(path, root, place, _unknown(str(place[-1]), _model_at(place[:-1])))
    if error["type"] == "missing":
        what = f"{place[-1]!r} is missing"
        return _told(path, root, place[:-1], f"{what}; a policy needs rules, and a rule its metric")
    said = str(error["msg"]).removeprefix("Value error, ")
    given = error.get("input")
    value = f"{given!r}: " if isinstance(given, (str, int, float, bool)) else ""
    return _told(path, root, place, f"{_key(place)}: {value}{said[:1].lower()}{said[1:]}")


def _told(path: Path, root: yaml.Node | None, place: Sequence[Any], said: str) -> str:
    line = max(_lines(root, place), default=None)
    return f"{path}{'' if line is None else f', line {line}'}: {said}"


def _lines(node: yaml.Node | None, place: Sequence[Any]) -> Iterator[int]:
    """The line of a place in the file and of all that hold it, as far as it is there."""
    import yaml

    if node is None:
        return
    yield node.start_mark.line + 1
    if place and isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == place[0]:
                yield key.start_mark.line + 1
                yield from _lines(value, place[1:]) if len(place) > 1 else ()
    elif place and isinstance(node, yaml.SequenceNode) and isinstance(place[0], int) and place[0] < len(node.value):
        yield from _lines(node.value[place[0]], place[1:])


def _key(place: Sequence[Any]) -> str:
    names = [str(part) for part in place if isinstance(part, str)]
    return ".".join(names[:2]) or "policy"


def _model_at(place: Sequence[Any]) -> type[BaseModel]:
    names = [part for part in place if isinstance(part, str)]
    return Rule if names[:1] == ["rules"] else Missing if names[:1] == ["missing"] else Policy


def _unknown(name: str, model: type[BaseModel]) -> str:
    known = [one for one in model.model_fields if one != "source"]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    elsewhere = next(
        (one.__name__.lower() for one in (Rule, Policy, Missing) if name in one.model_fields and name != "source"), None
    )
    where = f"it belongs into {'a rule' if elsewhere == 'rule' else elsewhere}" if elsewhere and not near else ""
    hint = f"did you mean {near[0]!r}?" if near else where or f"there are: {', '.join(known)}"
    return f"no key {name!r}; {hint}"
