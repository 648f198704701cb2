"""What changed from night to night: so that a jump of the model can be told from a changed benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmeval.nights import Night
from mmeval.reporting.rendering import plain, short
from mmeval.sameness import Differs, set_differently

Json = Mapping[str, Any]
NOTHING = "none"
DIGEST = 12  # characters of a digest: enough to tell two apart


@dataclass(frozen=True, slots=True)
class Change:
    """night: the first with the new value. kind: "model", "data", "prompt", "dialect", "judge", "settings", "tasks",
    "versions" or "machine". task: where it is about one only."""

    night: int
    kind: str
    task: str | None
    what: str
    before: str
    after: str


def changes(nights: Sequence[Night]) -> list[Change]:
    """Against the last night before it that told the same, so that a failed night in between hides nothing."""
    found: list[Change] = []
    last: dict[tuple[str, str | None], Json] = {}
    for i, night in enumerate(nights):
        for (kind, task), told in _told_by(night).items():
            before = last.get((kind, task))
            last[kind, task] = told
            if before is None or before == told:
                continue
            then, now = _words(before), _words(told)
            for what in dict.fromkeys([*then, *now]):
                if (was := then.get(what, NOTHING)) != (becomes := now.get(what, NOTHING)):
                    found.append(Change(i, kind, task, what, was, becomes))
    return found


def breaks(nights: Sequence[Night]) -> dict[str, dict[int, tuple[Differs, ...]]]:
    """Task -> night -> what it was asked otherwise than on the last night with figures. Its figures on both sides are
    not comparable; the rule is that of `mmeval compare`, with the data told by their fingerprint."""
    found: dict[str, dict[int, tuple[Differs, ...]]] = {}
    last: dict[str, Night] = {}
    for i, night in enumerate(nights):
        for task in night.results:
            if task in last and (differs := tuple(_differs(task, last[task], night))):
                found.setdefault(task, {})[i] = differs
            last[task] = night
    return found


def _differs(task: str, before: Night, now: Night) -> Iterator[Differs]:
    yield from set_differently(task, (before.record, now.record), (before.results, now.results))
    prints = [str(_told(night, task).get("fingerprint") or NOTHING)[:DIGEST] for night in (before, now)]
    if prints[0] != prints[1]:
        yield Differs("data", *prints)


def _told(night: Night, task: str) -> Json:
    tasks: Json = night.record.get("tasks") or {}
    return tasks.get(task) or {}


def _told_by(night: Night) -> dict[tuple[str, str | None], Json]:
    """(kind, task) -> what run.json says of it. A group that the night does not tell is left out."""
    record = night.record
    model: Json = record.get("model") or {}
    found: dict[tuple[str, str | None], Json] = {
        ("model", None): _model(model),
        ("settings", None): _without(record.get("config") or {}, "tasks", "suite"),
        ("versions", None): {**(model.get("versions") or {}), **(record.get("versions") or {})},
        ("machine", None): record.get("machine") or {},
        ("judge", None): _judge(record.get("judge") or {}),
        ("tasks", None): dict.fromkeys(record.get("tasks") or {}, "asked"),
    }
    for task, told in (record.get("tasks") or {}).items():
        if not told.get("error"):
            found |= {(kind, task): one for kind, one in _of_task(night, task, told).items()}
    return {group: told for group, told in found.items() if told}


def _model(model: Json) -> Json:
    named = {"name": short(str(model["name"]))} if model.get("name") else {}
    return {**named, **_without(model, "name", "versions")}


def _of_task(night: Night, task: str, told: Json) -> dict[str, Json]:
    record = night.record
    judged: Json = ((record.get("judge") or {}).get("prompts") or {}).get(task) or {}
    dialect = (night.results.get(task) or {}).get("dialect") or told.get("dialect")
    return {
        "data": {name: told.get(name) for name in ("fingerprint", "samples", "place")},
        "prompt": {"wording": told.get("prompt"), "as rendered": (record.get("prompts") or {}).get(task)},
        "dialect": {"dialect": dialect},
        "settings": {"max_new_tokens": told.get("max_new_tokens")},
        "judge": {"prompt": judged} if judged else {},
    }


def _judge(told: Json) -> Json:
    """Who judges and how; what it cost and how often it was asked changes every night and is no change."""
    named: dict[str, Any] = {name: told[name] for name in ("rule", "votes", "temperature", "orders") if name in told}
    for number, one in enumerate(told.get("judges") or [], start=1):
        model: Json = one.get("model") or {}
        named[f"judge {number}"] = {name: model.get(name) for name in ("name", "digest", "server")}
    return named


def _without(values: Json, *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _words(values: Json) -> dict[str, str]:
    """Flat names and values for people; digests cut, secrets hidden, what is not set left out."""
    return dict(plain(dict(_leaves(values))))


def _leaves(values: Json, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name} ")
        else:
            yield f"{above}{name}", value[:DIGEST] if _is_digest(value) else value


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= 32 and all(letter in "0123456789abcdef" for letter in value)
