"""The samples of a run as the compact columns that a page's sample browser reads."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mmeval.inference.base import Response
from mmeval.logs import answer_of, verdicts_of
from mmeval.reporting.pictures import BUDGET, Embedded, embed
from mmeval.runs import Asked, RunFolder
from mmeval.scorers.base import COUNT
from mmeval.scorers.panel import Said

if TYPE_CHECKING:
    import pandas as pd

RIGHT, WRONG, MISSING, UNMARKED = "r", "w", "m", "u"
MANY = 8  # pictures of a sample; of more (frames of a video) only those are named that were kept
NAME_LENGTH = 16  # of a digest, in the page: 64 bits tell any run's pictures apart

Key = TypeVar("Key", bound=Hashable)


class Pool(Generic[Key]):
    """Each value once, in the order first met; `code` is its place in `values`, -1 for None."""

    def __init__(self) -> None:
        self.codes: dict[Key, int] = {}

    def code(self, value: Key | None) -> int:
        return -1 if value is None else self.codes.setdefault(value, len(self.codes))

    @property
    def values(self) -> list[Key]:
        return list(self.codes)


@dataclass(frozen=True, slots=True)
class Browsable:
    """data: the page's JSON. pictures: what it shows them with. marks: task -> state -> how many."""

    data: Mapping[str, Any]
    pictures: Embedded
    marks: Mapping[str, Mapping[str, int]]


@dataclass(slots=True)
class _Columns:
    """One list a field, one place a sample; repeated values are kept once, in the pools."""

    tasks: Pool[str] = field(default_factory=Pool)
    texts: Pool[str] = field(default_factory=Pool)
    slices: Pool[str] = field(default_factory=Pool)
    notes: Pool[str] = field(default_factory=Pool)
    images: Pool[tuple[str, ...]] = field(default_factory=Pool)
    states: list[str] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    codes: dict[str, list[int]] = field(default_factory=dict)

    def add(
        self,
        asked: Asked,
        score: Mapping[str, Any] | None,
        response: Response | None,
        verdict: str | None,
        images: tuple[str, ...],
    ) -> None:
        text = self.texts.code
        state, answer = _outcome(score, response)
        row = {
            "task": self.tasks.code(asked.task),
            "prompt": text(asked.sample.prompt),
            "answer": text(answer),
            "target": text(as_text(asked.sample.target)),
            "prediction": text(score["prediction"] if score else None),
            "verdict": text(verdict),
            "thinking": text((response.thinking if response else None) or None),
            "path": text((response.path if response else None) or None),
            "error": text(_reason(asked, response) if state == MISSING else None),
            "counts": text(_counts(score)),
            "slices": self.slices.code(_json(dict(asked.sample.slices))),
            "notes": self.notes.code(score["notes"] if score else None),
            "images": self.images.code(images or None),
        }
        for name, code in row.items():
            self.codes.setdefault(name, []).append(code)
        if response is not None and response.finish in ("length", "thinking"):
            self.cut.append(len(self.ids))
        self.states.append(state)
        self.ids.append(asked.sample.id)


def browsable(run: RunFolder, asked: Sequence[Asked], budget: int = BUDGET) -> Browsable:
    """All samples of a run, whether scored or not, and their pictures: those of missing and wrong ones first."""
    scores = _scores(run)
    responses, said = run.responses(), said_by_judges(run)
    columns = _Columns()
    kept = {path.stem for path in (run.path / "pictures").glob("*.webp")}
    for one in asked:
        response = responses.get(one.request) if one.request else None
        images = one.images if len(one.images) <= MANY else tuple(d for d in one.images if d in kept)
        columns.add(one, scores.get((one.task, one.sample.id)), response, said.get((one.task, one.sample.id)), images)
    urgent = sorted(range(len(asked)), key=lambda i: "mwur".index(columns.states[i]))
    pictures = embed((digest for i in urgent for digest in asked[i].images), run.path / "pictures", budget)
    marks: dict[str, dict[str, int]] = {}
    for one, state in zip(asked, columns.states, strict=True):
        counted = marks.setdefault(one.task, dict.fromkeys((RIGHT, WRONG, MISSING, UNMARKED, "cut"), 0))
        counted[state] += 1
    for i in columns.cut:
        marks[asked[i].task]["cut"] += 1
    return Browsable(_data(columns, pictures), pictures, marks)


def said_by_judges(run: RunFolder) -> dict[tuple[str, str], str | None]:
    """(task, sample id) -> what the judges replied about it, or why there is no verdict."""
    said = {(one.task, one.sample): f"no verdict: {one.error}" for one in run.judged() if one.error}
    replies = {(task, id): _replies(one) for task, found in verdicts_of(run).items() for id, one in found.items()}
    return {**said, **{key: text or None for key, text in replies.items()}}


def _replies(said: Said) -> str:
    """The replies of all members, each under its name where there are several."""
    texts = {member: "\n\n".join(replies) for member, replies in said.items()}
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n\n".join(f"[{member.label or 'judge 1'}]\n{text}" for member, text in sorted(texts.items()))


def _data(columns: _Columns, pictures: Embedded) -> dict[str, Any]:
    return {
        "tasks": columns.tasks.values,
        "texts": columns.texts.values,
        "slices": [json.loads(one) for one in columns.slices.values],
        "notes": [json.loads(one) for one in columns.notes.values],
        "images": [[digest[:NAME_LENGTH] for digest in digests] for digests in columns.images.values],
        "leftOut": {digest[:NAME_LENGTH]: digest for digest in pictures.left_out},
        "states": "".join(columns.states),
        "cut": columns.cut,
        "ids": columns.ids,
        "columns": columns.codes,
    }


def _outcome(score: Mapping[str, Any] | None, response: Response | None) -> tuple[str, str | None]:
    """State and answer. A run that stopped before scoring, or that no judge has read, has answers without scores."""
    if score is None or score["missing"]:
        answer = answer_of(response)
        return (MISSING if answer is None else UNMARKED), answer
    if score["correct"] is None:
        return UNMARKED, score["answer"]
    return (RIGHT if score["correct"] else WRONG), score["answer"]


def _reason(asked: Asked, response: Response | None) -> str:
    if response is not None and response.finish == "thinking":
        return "cut off before its thinking ended"
    return asked.error or (response.error if response else None) or "not answered"


def _scores(run: RunFolder) -> dict[tuple[str, str], dict[str, Any]]:
    if not (run.path / "scores.parquet").is_file():
        return {}
    frame: pd.DataFrame = run.scores()
    plain = frame.astype(object).where(frame.notna(), None)
    rows: list[dict[str, Any]] = plain.to_dict("records")  # type: ignore[assignment]  # its columns are all named
    return {(row["task"], row["sample"]): row for row in rows}


def _counts(score: Mapping[str, Any] | None) -> str | None:
    """What the sample adds to the metrics' sums, zeros left out."""
    if score is None:
        return None
    found = {name.removeprefix(COUNT): value for name, value in score.items() if name.startswith(COUNT) and value}
    return ", ".join(f"{name} {value:g}" for name, value in found.items()) or None


def as_text(value: Any) -> str | None:
    """A target for people: a string as it is, a list of plain values with commas, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(one, (str, int, float)) for one in value):
        return ", ".join(str(one) for one in value)
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
