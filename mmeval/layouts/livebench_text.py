"""LiveBench's files (text, livebench.ai): question.jsonl by category and task, models' answers with their turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmeval.answers import Answers, FileRow, answer_text, collect, file_rows
from mmeval.errors import DataError
from mmeval.samples import Sample
from mmeval.sources import Row, Source, hub, official

# The last release whose questions are all public.
RELEASE = "2024-11-25"
# They hold formulas equal that computer algebra or a judge finds equal: no rule alone scores them.
WITHOUT_RULE = frozenset({"AMPS_Hard", "integrals_with_game"})
FAILED = {"api_error", "token_exhaustion"}


def release(category: str) -> Source:
    """A category's data set on the hub, or question.jsonl of its tasks below data/live_bench of the repository."""
    files = f"{category}/*/question.jsonl"
    return (
        official(files, below="livebench_text")
        | official(files, below="data/live_bench")
        | hub(f"livebench/{category}", "test")
    )


def asked(row: Row, without: frozenset[str] = WITHOUT_RULE) -> bool:
    """Whether the release has the question, and it is of no task in `without`."""
    there, gone = date(row, "livebench_release_date"), date(row, "livebench_removal_date")
    return row["task"] not in without and there <= RELEASE and (gone == "" or gone > RELEASE)


def date(row: Row, column: str) -> str:
    """2024-11-25 out of text or a time stamp; "" where there is none."""
    held = row[column]
    return "" if held is None else str(held)[:10]


def question(row: Row) -> str:
    """The only turn. Raises `DataError` for several: these tasks have one."""
    turns = list(row["turns"])
    if len(turns) != 1:
        raise DataError(f"{row.where}: field 'turns' holds {len(turns)} turns, not one")
    return str(turns[0])


def instructions(row: Row) -> list[dict[str, Any]]:
    """The instructions that an answer has to follow, each with its `id` and its arguments (nulls are left out).

    Raises `DataError` where there are not as many arguments as ids.
    """
    ids, arguments = list(row["instruction_id_list"]), list(row["kwargs"])
    if len(ids) != len(arguments):
        raise DataError(f"{row.where}: {len(ids)} ids in 'instruction_id_list', {len(arguments)} objects in 'kwargs'")
    given = [{name: value for name, value in (one or {}).items() if value is not None} for one in arguments]
    return [{"id": str(id), **one} for id, one in zip(ids, given, strict=True)]


def answers(path: Path, samples: list[Sample]) -> Answers:
    """A model's answers: the last turn of the first choice. Questions that are not asked here are passed over, counted.

    An answer whose call failed is LiveBench's text for that, which every rule scores 0.
    """
    known = {one.id for one in samples}
    rows = file_rows(path)
    kept = [row for row in rows if str(row["question_id"]) in known]
    said = ((str(row["question_id"]), _last_turn(row), row) for row in kept)
    passed = len(rows) - len(kept)
    notes = (f"{path.name}: {passed} answers to questions that this task does not ask",) if passed else ()
    return Answers(collect("livebench", said, samples, path), notes=notes)


def _last_turn(row: FileRow) -> str | None:
    if row.get("eval_status") in FAILED:
        return "$ERROR$"
    try:
        turn = row["choices"][0]["turns"][-1]
    except (KeyError, IndexError, TypeError) as error:
        raise DataError(f"{row.where}: field 'choices' holds no turns of a first choice") from error
    return answer_text(Row({"turns": turn}, row.where), "turns")
