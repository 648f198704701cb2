"""Whether two runs were asked the same: wording, data, scoring, judge and decoding of each task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmeval.runs import Asked, RunFolder

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Differs:
    """What two runs were not asked alike. what: "prompt", "data", "dialect", "judge", "decoding"."""

    what: str
    base: str
    candidate: str


def set_differently(task: str, records: Sequence[Json], results: Sequence[Json]) -> Iterator[Differs]:
    dialects = [result[task]["dialect"] for result in results]
    if dialects[0] != dialects[1]:
        yield Differs("dialect", *dialects)
    told = [(record.get("tasks") or {}).get(task) or {} for record in records]
    prompts = [_wording(record, one) for record, one in zip(records, told, strict=True)]
    if prompts[0] != prompts[1]:
        yield Differs("prompt", *prompts)
    decoding = [_decoding(record, one) for record, one in zip(records, told, strict=True)]
    if decoding[0] != decoding[1]:
        yield Differs("decoding", *decoding)
    judges = [_judge(record, task) for record in records]
    if judges[0] != judges[1]:
        yield Differs("judge", *judges)


def _wording(record: Json, task: Json) -> str:
    config: Json = record.get("config") or {}
    system = (record.get("model") or {}).get("system")
    said = [task.get("prompt") or "official"]
    said += [f"{name} {config[name]}" for name in ("ablate",) if config.get(name)]
    return ", ".join([*said, *([f"system prompt {system!r}"] if system else [])])


def _decoding(record: Json, task: Json) -> str:
    config: Json = record.get("config") or {}
    said = {"max_new_tokens": task.get("max_new_tokens")}
    if config.get("temperature"):
        said |= {name: config.get(name) for name in ("temperature", "top_p", "repeats")}
    if config.get("ask_as", "generative") != "generative":
        said["as"] = config["ask_as"]
    return ", ".join(f"{name} {value}" for name, value in said.items())


def _judge(record: Json, task: str) -> str:
    """Who judged a task and by which words; "none" where nobody did."""
    told: Json = record.get("judge") or {}
    words: Json = (told.get("prompts") or {}).get(task) or {}
    if not words:
        return "none"
    models = [one.get("model") or {} for one in told.get("judges") or []]
    names = [f"{one.get('name')} ({str(one.get('digest') or one.get('server') or '')[:8]})" for one in models]
    how = {name: told.get(name) for name in ("votes", "temperature", "orders") if told.get(name)}
    how |= {"rule": told["rule"]} if len(names) > 1 and told.get("rule") else {}
    said = [" and ".join(names), f"prompt {words.get('words')} {str(words.get('digest'))[:8]}"]
    return ", ".join([*said, *(f"{name} {value}" for name, value in how.items())])


def content(base: Mapping[str, Asked], candidate: Mapping[str, Asked]) -> Iterator[Differs]:
    """Samples of one id that are not the same question: the set itself may be larger in one run than in the other."""
    told = {"prompt": 0, "data": 0}
    example = {"prompt": ("", ""), "data": ("", "")}
    common = [id for id in base if id in candidate]
    for id in common:
        first, second = base[id], candidate[id]
        one, other = first.sample, second.sample
        if one.prompt != other.prompt:
            what, shown = "prompt", (one.prompt, other.prompt)
        elif one.target != other.target or one.continuations != other.continuations:
            what, shown = "data", (f"{id}: target {one.target}", f"target {other.target}")
        elif first.images != second.images and first.images and second.images:
            what, shown = "data", (f"{id}: picture {first.images[0][:8]}", f"picture {second.images[0][:8]}")
        elif dict(one.metadata) != dict(other.metadata) or one.cluster != other.cluster:
            what, shown = "data", (f"{id}: one metadata", "another")
        else:
            continue
        example[what] = example[what] if told[what] else shown
        told[what] += 1
    for what, number in told.items():
        if number:
            first_shown, second_shown = (text[:80] for text in example[what])
            yield Differs(what, f"{first_shown} ({number} of {len(common)} samples)", second_shown)


def noted(records: Sequence[Json]) -> list[Differs]:
    """What need not be the same and may still explain a difference."""
    found: list[Differs] = []
    models = [record.get("model") or {} for record in records]
    sides = [
        {
            "numerics": model.get("numerics"),
            "engine": model.get("engine"),
            "image processor": (model.get("processor") or {}).get("image_processor"),
            "chat template": model.get("chat_template"),
            **(record.get("versions") or {}),
        }
        for record, model in zip(records, models, strict=True)
    ]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        first, second = (side.get(name) for side in sides)
        if first != second:
            found.append(Differs(str(name), *(str(value)[:80] for value in (first, second))))
    return found


def refusal(runs: Sequence[RunFolder], differs: Mapping[str, Sequence[Differs]]) -> str:
    task, found = next(iter(differs.items()))
    one = found[0]
    more = f" (and {len(differs) - 1} more tasks)" if len(differs) > 1 else ""
    return (
        f"{task}{more}: {one.what} differs: {one.base!r} in {runs[0].path}, {one.candidate!r} in {runs[1].path}; "
        "run one of them again with the other's, leave the task out with --tasks, or pass --force to compare them "
        "all the same"
    )


def by_task(run: RunFolder) -> dict[str, dict[str, Asked]]:
    found: dict[str, dict[str, Asked]] = {}
    for one in run.samples():
        found.setdefault(one.task, {})[one.sample.id] = one
    return found
