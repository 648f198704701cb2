"""nightly.yaml: which checkpoints, held against what, asked what, and where the site lies.

Paths in the file are relative to the file's own folder, so that the same file works from cron and from anywhere.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from mmeval.errors import UsageError
from mmeval.inference.base import digest_of

if TYPE_CHECKING:
    from mmeval.catalog import Catalog
    from mmeval.gating.policy import Policy

ELSEWHERE = {
    "model": "checkpoints", "suite": "suites", "tasks": "tasks", "limit": "limit", "data": "data",
    "catalog": "catalog", "include-path": "catalog", "output": "site", "output-path": "site",
}  # fmt: skip
NOT_NIGHTLY = ("fresh", "resume", "json", "model-args", "log-samples", "against", "until-decided")
# What may change from night to night without a change of what is asked.
NOT_DECIDING = ("device", "batch-size", "tree", "check", "judge-rate", "judge-budget", "judge-labels")
NUMBERS_ARE_WORDS = ConfigDict(coerce_numbers_to_str=True)  # batch-size: 8
MODELS = ("judge", "reference")  # named like --model: a folder beside the file, or a name


def _names(value: Any) -> Any:
    """`pope, chair` is as good as a list."""
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]


class Checkpoints(BaseModel):
    """folder, glob: folders in it that match. names: folders beside them, by name or path; demo and demo-dpo;
    openai:NAME@URL, which is a new night every day (UTC). settled: seconds without a change, after which a checkpoint
    counts as whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = None
    glob: str = "*"
    names: Names = ()
    settled: Annotated[float, Field(ge=0)] = 60.0

    @model_validator(mode="after")
    def _some(self) -> Checkpoints:
        if self.folder is None and not self.names:
            raise ValueError("name a folder, or names")
        return self


class Config(BaseModel):
    """base: a run folder, or a model that is asked once. run: further options of `mmeval run`, by their names there.
    policy: for the gate, else its default. tries: how often a checkpoint that fails is tried. notify: a shell command
    that is run when nights were handled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checkpoints: Checkpoints
    base: str
    site: Path
    suites: Names = ()
    tasks: Names = ()
    data: Paths = ()
    catalog: Paths = ()
    limit: Annotated[int, Field(gt=0)] | None = None
    run: dict[str, Any] = Field(default_factory=dict)
    policy: Path | None = None
    tries: Annotated[int, Field(gt=0)] = 3
    notify: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """An option of `mmeval run`: the type of its value, and "--no-…" where it can be turned off."""

    name: str
    type: Any
    off: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A configuration, checked. place: the folder of its file. arguments: of `mmeval run`, without model and output.
    asked: digest of what decides the answers asked for, apart from the model; tried: of that and the policy."""

    config: Config
    place: Path
    arguments: tuple[str, ...]
    asked: str
    tried: str
    catalog: Catalog
    policy: Policy


def load_plan(path: Path, options: Mapping[str, Option]) -> Plan:
    """Reads a configuration and checks all of it that can be checked before a model is loaded.

    options: what `mmeval run` takes, every spelling with its `Option`. Raises `UsageError` naming file, key and mend.
    """
    from mmeval.catalog import load_catalog
    from mmeval.gating.policy import DEFAULT, load_policy

    config = _beside(_read(path), path.absolute().parent)
    for folder in config.data:
        if not folder.is_dir():
            raise UsageError(f"{path}: data: {folder}: no such folder")
    catalog = load_catalog(config.catalog)
    if not catalog.choose(config.tasks, config.suites):
        raise UsageError(f"{path}: nothing to run; give suites or tasks (`mmeval tasks` lists them)")
    policy = DEFAULT if config.policy is None else load_policy(config.policy)
    given = _checked(config.run, options, path)
    asking = (list(config.suites), list(config.tasks), config.limit)
    asked = digest_of(*asking, {name: value for name, value in sorted(given.items()) if name not in NOT_DECIDING})
    return Plan(
        config,
        path.absolute().parent,
        tuple(_arguments(config, given, options)),
        asked,
        digest_of(asked, policy.model_dump(mode="json")),
        catalog,
        policy,
    )


def _read(path: Path) -> Config:
    import yaml

    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{path}: can't be read ({why}); docs/nightly.md shows one to start from") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise UsageError(f"{path}: must hold keys such as checkpoints, base and site")
    try:
        return Config.model_validate(value)
    except ValidationError as error:
        raise UsageError(f"{path}: {_explained(error)}") from None


def _explained(error: ValidationError) -> str:
    """The first fault, a key that is not known before all others: it is most often why another is missing."""
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        model = Checkpoints if first["loc"][0] == "checkpoints" and len(first["loc"]) > 1 else Config
        return _unknown(str(first["loc"][-1]), list(model.model_fields))
    if first["type"] == "missing":
        return f"{place} is missing"
    said = str(first["msg"]).removeprefix("Value error, ")
    return f"{place}: {said[:1].lower()}{said[1:]}"


def _unknown(name: str, known: Sequence[str], what: str = "key") -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"no {what} {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}")


def _beside(config: Config, folder: Path) -> Config:
    """With paths made absolute."""

    def at(path: Path) -> Path:
        return folder / path.expanduser()

    given = config.checkpoints
    paths = {name: _model(value, folder) for name in MODELS if isinstance(value := config.run.get(name), str)}
    lists = {
        name: [_model(str(one), folder) for one in value]
        for name in MODELS
        if isinstance(value := config.run.get(name), list)
    }
    return config.model_copy(
        update={
            "checkpoints": given.model_copy(
                update={"folder": at(given.folder or Path()), "glob": given.glob if given.folder else ""}
            ),
            "base": _model(config.base, folder),
            "site": at(config.site),
            "data": tuple(map(at, config.data)),
            "catalog": tuple(map(at, config.catalog)),
            "policy": None if config.policy is None else at(config.policy),
            "run": {**config.run, **paths, **lists},
        }
    )


def _model(name: str, folder: Path) -> str:
    """A folder beside the file, or the name of a model as it is."""
    beside = folder / Path(name).expanduser()
    return str(beside) if beside.exists() else name


def _checked(given: Mapping[str, Any], options: Mapping[str, Option], path: Path) -> dict[str, Any]:
    """`run` by the options' own names, with values of their types, paths absolute."""
    found: dict[str, Any] = {}
    for spelt, value in given.items():
        name = str(spelt).lstrip("-").replace("_", "-")
        if name in ELSEWHERE:
            raise UsageError(f"{path}: run: {spelt}: stands at the top of the file, as {ELSEWHERE[name]!r}")
        if name in NOT_NIGHTLY:
            raise UsageError(f"{path}: run: {spelt}: has no meaning from night to night; leave it out")
        if name not in options:
            usable = sorted({one.name for one in options.values()} - {*ELSEWHERE, *NOT_NIGHTLY})
            raise UsageError(f"{path}: run: {_unknown(str(spelt), usable, 'option of `mmeval run`')}")
        option = options[name]
        several = [value] if not isinstance(value, list) and _many(option) else value
        try:
            checked = TypeAdapter(option.type, config=NUMBERS_ARE_WORDS).validate_python(several)
        except ValidationError as error:
            raise UsageError(f"{path}: run: {spelt}: {value!r}: {error.errors()[0]['msg'].lower()}") from None
        found[option.name] = str(path.absolute().parent / checked) if isinstance(checked, Path) else checked
    return found


def _many(option: Option) -> bool:
    return "list" in str(option.type)


def _arguments(config: Config, given: Mapping[str, Any], options: Mapping[str, Option]) -> list[str]:
    top = {"suite": ",".join(config.suites), "tasks": ",".join(config.tasks), "limit": config.limit}
    words = [f"--{name}={value}" for name, value in top.items() if value]
    words += [f"--data={folder}" for folder in config.data]
    words += [f"--catalog={folder}" for folder in config.catalog]
    for name, value in given.items():
        if value is True:
            words.append(f"--{name}")
        elif value is False:
            words += [off for off in [options[name].off] if off]
        elif value is not None:
            words += [f"--{name}={one}" for one in (value if isinstance(value, list) else [value])]
    return words
