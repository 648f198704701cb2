"""Reads answers that somebody generated elsewhere, and stored judges' replies: `mmeval score --answers FILE…`.

Four layouts: the benchmark's own (`Task.answers`); a table (JSON, JSON lines, CSV, TSV, XLSX) with an id and an
answer column; lmms-eval's sample logs; VLMEvalKit's result tables. No torch, no model.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mmeval.errors import DataError
from mmeval.row_files import text_of
from mmeval.samples import Image, Sample
from mmeval.sources import Row, read_rows

if TYPE_CHECKING:
    from mmeval.tasks import ReadAnswers, Task

IDS = ("sample", "sample_id", "id", "question_id", "image_id", "index", "uid")
ANSWERS = ("model_answer", "model_prediction", "prediction", "response", "output", "caption", "answer", "text")


@dataclass(frozen=True, slots=True)
class Answers:
    """answers: sample id -> a model's answer. verdicts: sample id -> a judge's replies about it, call by call.
    notes: sentences for the user, e.g. how many samples have no answer. samples: those that the file is about, where it
    holds more than one answer to what the benchmark asks (ten votes a pair)."""

    answers: Mapping[str, str] = field(default_factory=dict)
    verdicts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()


class FileRow(Row):
    """A row of an answer file, which has no pictures: scoring needs none. hidden: the field that `without` took out."""

    hidden: str | None = None

    def without(self, column: str | None) -> FileRow:
        """The row as the question's own, without the model's answer: that must not pass for its label."""
        row = FileRow({name: value for name, value in self.items() if name != column}, self.where)
        row.hidden = column
        return row

    def __missing__(self, key: str) -> Any:
        if key == self.hidden:
            raise DataError(f"{self.where} has answers but no questions and labels (its {key!r} is read as the answer)")
        return super().__missing__(key)

    def picture(self, key: str = "image", *folders: str) -> Image:
        return Image(name=f"(not in {self.where})")

    def pictures_of(self, key: str = "image", *folders: str) -> tuple[Image, ...]:
        return (self.picture(key),)


def read_answers(task: Task, paths: Sequence[Path], samples: Sequence[Sample]) -> Answers:
    """The answers to `samples` in some files.

    Raises `DataError` for an empty or malformed file, an id given twice, an id that no sample has, no answer at all.
    A sample without an answer is no error but a note: it will be missing.
    """
    known = {sample.id: sample for sample in samples}
    answers: dict[str, str] = {}
    verdicts: dict[str, Sequence[str]] = {}
    notes: list[str] = []
    own: dict[str, Sample] = {}
    others: dict[str, Sample] = {}  # what files are about whose readers name no samples
    for path in paths:
        found = _read_file(task, path, known)
        own |= {sample.id: sample for sample in found.samples}
        if not found.samples:
            others |= {id: known[id] for id in (*found.answers, *found.verdicts)}
        twice = [*(id for id in found.answers if id in answers), *(id for id in found.verdicts if id in verdicts)]
        if twice:
            raise DataError(f"{path.name}: {len(twice)} samples have an answer already, e.g. {twice[0]!r}")
        answers |= found.answers
        verdicts |= found.verdicts
        notes.extend(found.notes)
    if not answers and not verdicts:
        raise DataError(f"{', '.join(path.name for path in paths)}: no answer to any sample of {task.name}")
    own |= others if own else {}
    for kind, name in ((answers, "answer"), (verdicts, "verdict")):
        wanted = len(own or known)
        given = len(kind.keys() | verdicts.keys())  # an answer that was judged is not missed
        if kind and given < wanted:
            notes.append(f"{wanted - given} of {wanted} samples of {task.name} have no {name}: missing")
    return Answers(answers, verdicts, tuple(notes), tuple(own.values()))


def samples_from(task: Task, paths: Sequence[Path]) -> list[Sample]:
    """The samples themselves, out of files that carry question and label: lmms-eval's and VLMEvalKit's, and official
    result files. Raises `DataError` naming the field that a file lacks."""
    samples: dict[str, Sample] = {}
    for path in paths:
        rows = file_rows(path)
        try:
            made = [sample for row in rows for sample in task.samples_of(_question(task, row))]
        except DataError as error:
            wanted = task.rows.wanted
            raise DataError(f"{error}; to score this file pass --data DIR, a folder with {wanted}") from error
        for sample in made:
            if sample.id in samples:
                raise DataError(f"{path.name}: sample {sample.id!r} occurs twice; score one model's file at a time")
            samples[sample.id] = sample
    return list(samples.values())


def file_rows(path: Path) -> list[FileRow]:
    """The rows of an answer file, each knowing where it stands. A JSON object of ids and answers is a table too."""
    try:
        now = path.stat()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    return _file_rows(path, now.st_mtime_ns, now.st_size)


@lru_cache(1)  # which layout a file has is told from its rows; the layout's reader then wants them again
def _file_rows(path: Path, modified: int, size: int) -> list[FileRow]:
    rows: Iterable[Mapping[str, Any]] = _xlsx_rows(path) if path.suffix == ".xlsx" else _mapping_rows(path)
    name = path.name
    made = [FileRow(fields, (number, name)) for number, fields in enumerate(rows, start=1)]
    if not made:
        raise DataError(f"{path.name}: empty; it should hold one answer a row")
    return made


def answer_text(row: Row, column: str) -> str | None:
    """A row's answer as text; None (missing) for null. Raises `DataError` for what is neither text nor a number."""
    value = row[column]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half an emoji, left where generation was cut, becomes "?"
    if value is None:
        return None
    if isinstance(value, float) and math.isnan(value):
        raise DataError(f"{row.where}: field {column!r} is NaN; leave it out or write null where there is no answer")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DataError(f"{row.where}: field {column!r} is a {type(value).__name__}, not text")
    return str(value)


def _read_file(task: Task, path: Path, known: Mapping[str, Sample]) -> Answers:
    rows = file_rows(path)
    if _is_foreign(rows[0]):
        return _foreign(task, rows, known, path)
    listed = [name for name in IDS if any(name in row for row in rows[:3])]
    matched = {name: sum(str(row.get(name)) in known for row in rows) for name in listed}
    id_column = max(matched, key=matched.__getitem__, default=None)  # of equals the first in IDS
    matches = matched[id_column] if id_column else 0
    own = own_layout(task, path)
    if task.answers is not None and (own or matches < len(rows)):
        try:
            return _own_layout(task, task.answers, path, known)
        except DataError:
            if own or 2 * matches < len(rows):
                raise  # else it is a table with some wrong ids, and these are what to name
    return _table(task, rows, id_column if matches else None, known, path)


def own_layout(task: Task, path: Path) -> bool:
    """Whether a file is in the benchmark's own layout, by its columns."""
    return _has_columns(task, file_rows(path)[0])


def _has_columns(task: Task, row: Row) -> bool:
    return bool(task.answers_columns) and all(
        any(name in row for name in column.split("|")) for column in task.answers_columns
    )


def _own_layout(task: Task, read: ReadAnswers, path: Path, known: Mapping[str, Sample]) -> Answers:
    found = read(path, list(known.values()))
    answers = found if isinstance(found, Answers) else Answers(found)
    given = {*answers.answers, *answers.verdicts}
    if answers.samples:
        known = {sample.id: sample for sample in answers.samples}
    if not given <= known.keys():
        unknown = {id: "" for id in sorted(given) if id not in known}
        raise DataError(_unknown_ids(task.name, unknown, len(given), known, path))
    return answers


def _table(task: Task, rows: list[FileRow], id_column: str | None, known: Mapping[str, Sample], path: Path) -> Answers:
    first = rows[0]
    id_column = id_column or next((name for name in IDS if name in first), None)
    answer_column = next((name for name in ANSWERS if name in first and name != id_column), None)
    for wanted, column, names in (("id", id_column, IDS), ("answer", answer_column, ANSWERS)):
        if column is None:
            found = ", ".join(map(str, first))
            raise DataError(f"{first.where} has no {wanted} field (found: {found}; name it one of: {', '.join(names)})")
    assert id_column is not None
    assert answer_column is not None
    said = [(str(row[id_column]), answer_text(row, answer_column), row) for row in rows]
    return Answers(collect(task.name, said, known.values(), path), samples=_about(task, said, known))


def _about(task: Task, said: Iterable[tuple[str, str | None, Row]], known: Mapping[str, Sample]) -> tuple[Sample, ...]:
    """The samples that the rows are about, where these may be some of all: one whose answer is null is missing."""
    return tuple(known[id] for id, _, _ in said if id in known) if task.answers_choose else ()


Given = TypeVar("Given", str, tuple[str, ...])


def collect(
    task: str, said: Iterable[tuple[str, Given | None, Row]], samples: Iterable[Sample], path: Path
) -> dict[str, Given]:
    """Sample id -> answer (or judge's replies), out of (id, answer, the row they stand in); None is left out.

    For every reader of a benchmark's own layout. Raises `DataError` for an id given twice and for ids that no sample
    has, naming the first three and what they are nearest to.
    """
    known = {sample.id: sample for sample in samples}
    answers: dict[str, Given] = {}
    seen: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for id, answer, row in said:
        if id in seen:
            raise DataError(f"{row.where}: id {id!r} was already in {seen[id]}; keep one answer a sample")
        seen[id] = row.where
        if id not in known:
            unknown[id] = row.where
        elif answer is not None:
            answers[id] = answer
    if unknown:
        raise DataError(_unknown_ids(task, unknown, len(seen), known, path))
    return answers


def collect_about(
    task: str, said: Iterable[tuple[str, str | None, Row]], samples: Sequence[Sample], path: Path
) -> Answers:
    """`collect` for a file that may be about some of the samples: those that it names, also with None (missing)."""
    rows = list(said)
    held = {id for id, _, _ in rows}
    return Answers(collect(task, rows, samples, path), samples=tuple(one for one in samples if one.id in held))


def _unknown_ids(task: str, unknown: Mapping[str, str], total: int, known: Mapping[str, Sample], path: Path) -> str:
    """unknown: id -> where it stands, "" if nobody knows."""
    shown = []
    for id, where in list(unknown.items())[:3]:
        near = difflib.get_close_matches(id, known, n=1, cutoff=0.0)
        place = f" in {where.partition(' of ')[0]}" if where else ""
        shown.append(f"{id!r}{place} (nearest: {near[0]!r})" if near else repr(id))
    return f"{path.name}: {len(unknown)} of {total} ids are no samples of {task}: {', '.join(shown)}"


def _is_foreign(row: Mapping[str, Any]) -> bool:
    return _is_lmms_log(row) or {"index", "question", "prediction"} <= row.keys()


def _is_lmms_log(row: Mapping[str, Any]) -> bool:
    return "doc_id" in row and ("filtered_resps" in row or "resps" in row)


def _question(task: Task, row: FileRow) -> FileRow:
    """The benchmark's own row in a row of a result file."""
    if _has_columns(task, row):
        return row
    if not _is_lmms_log(row):
        return row.without(next((name for name in ANSWERS if name in row), None))
    doc = row["doc"]
    if not isinstance(doc, dict):
        raise DataError(f"{row.where}: field 'doc' is a {type(doc).__name__}, not the question's fields")
    return FileRow(doc, row.where)


def _foreign(task: Task, rows: list[FileRow], known: Mapping[str, Sample], path: Path) -> Answers:
    """A row carries the question's own fields, so its id comes from them as it does from the data."""

    said: list[tuple[str, str | None, Row]] = []
    for row in rows:
        answer = _lmms_answer(row) if _is_lmms_log(row) else answer_text(row, "prediction")
        if "sample" in row and "doc" not in row and _is_lmms_log(row):  # as `mmeval export` writes it
            said.append((str(row["sample"]), answer, row))
        else:
            said += [(sample.id, answer, row) for sample in task.samples_of(_question(task, row))]
    kind = "an lmms-eval log" if _is_lmms_log(rows[0]) else "a VLMEvalKit table"
    answers = collect(task.name, said, known.values(), path)
    return Answers(answers, notes=(f"{path.name} read as {kind}",), samples=_about(task, said, known))


def _lmms_answer(row: FileRow) -> str | None:
    """The first response after lmms-eval's filters (lists in lists, one a filter and repeat), or the raw one."""
    value: Any = row["filtered_resps"] if "filtered_resps" in row else row["resps"]
    while isinstance(value, list):
        value = value[0] if value else None
    return answer_text(FileRow({"filtered_resps": value}, row.where), "filtered_resps")


def _mapping_rows(path: Path) -> Iterable[Mapping[str, Any]]:
    """`read_rows`; {"id": "answer", …} as rows; and lines of text, whose fields stand between tabs."""
    if path.suffix == ".txt":
        lines = text_of(path).split("\n")
        return [{"file": path.stem, "values": line.split("\t")} for line in lines if line.strip()]
    if path.suffix == ".json":
        try:
            whole = json.loads(path.read_bytes())
        except ValueError:  # JSON lines, or malformed: read_rows tells where
            whole = None
        texts = isinstance(whole, dict) and all(value is None or isinstance(value, str) for value in whole.values())
        if texts and whole and not set(IDS) & set(whole):
            return [{"id": id, "answer": value} for id, value in whole.items()]
    return read_rows(path)


def _xlsx_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    import openpyxl

    try:
        sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
    except Exception as error:  # openpyxl raises whatever zip and XML readers raise
        raise DataError(f"{path.name}: can't be read as an .xlsx table: {error}") from error
    rows = sheet.iter_rows(values_only=True)
    names = [str(name) for name in next(rows, ())]
    for values in rows:
        if any(value is not None for value in values):
            yield dict(zip(names, values, strict=False))
