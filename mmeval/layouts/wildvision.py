"""WildVision-Bench's files: hub rows with or without the baseline's answers, VLMEvalKit's table, judgments."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from mmeval.answers import Answers, collect, file_rows
from mmeval.errors import DataError
from mmeval.layouts.arena_hard import stored_reply
from mmeval.samples import Sample
from mmeval.scorers.battles import one_label
from mmeval.sources import Row, Source, hub, official, read_rows

BASELINE = "claude-3-sonnet-20240229"


def release() -> Source:
    """The hub's rows with all models' answers; VLMEvalKit's table; or the hub's questions alone."""
    return (
        hub("WildVision/wildvision-arena-data", "test500", "release_bench_0617_with_modelresponse")
        | official("WildVision.tsv", below="wildvision")
        | hub("WildVision/wildvision-bench", "test", "vision_bench_0617")
    )


def sample_id(row: Row) -> str:
    return str(row["question_id"] if "question_id" in row or "index" not in row else row["index"])


def instruction(row: Row) -> str:
    return str(row["instruction"] if "instruction" in row or "question" not in row else row["question"])


def baseline(row: Row) -> str:
    """The baseline's answer: in the row, or in model_answers/ beside questions that come without.

    Raises `DataError` where there is none: what to take then, or which question the file lacks.
    """
    for column in (BASELINE, "claude3_sonnet"):
        if row.get(column):
            return str(row[column])
    held = [one for one in row if one in (BASELINE, "claude3_sonnet")]
    if held:
        raise DataError(f"{row.where}: field {held[0]!r} is empty; every question needs the baseline's answer")
    file = (row.folder or Path()) / "model_answers" / f"{BASELINE}.jsonl"
    if row.folder is None or not file.exists():
        raise DataError(
            f"{row.where}: no answer of {BASELINE}; take WildVision/wildvision-arena-data, or put the repository's "
            f"data/vision_bench_0617/model_answers/ into the data set's folder"
        )
    answers = _answers(file, file.stat().st_mtime_ns)
    if sample_id(row) not in answers:
        raise DataError(f"{file.name} has no answer to question {sample_id(row)!r}; it is not complete")
    return answers[sample_id(row)]


@lru_cache(1)
def _answers(file: Path, modified: int) -> dict[str, str]:
    rows = [Row(row, (number, file.name)) for number, row in enumerate(read_rows(file), start=1)]
    return {str(row["question_id"]): str(row["output"]) for row in rows}


def judgments(path: Path, samples: list[Sample]) -> Answers:
    """A file of model_judgements/, or a table of stored verdicts with `score`; the stored label stands."""
    said = ((sample_id(row), (reply(row),), row) for row in file_rows(path))
    return Answers(verdicts=collect("wildvision", said, samples, path))


def reply(row: Row) -> str:
    """The judge's reply, reading as its stored label. Raises `DataError` where not one game was played."""
    if "games" not in row:
        text = next((name for name in ("judgement", "judge", "judgment_tail") if name in row), "judgement")
        return stored_reply({**row, "score": row["score"]}, one_label, text)
    held = row["games"]
    if not isinstance(held, list) or len(held) != 1:
        n = len(held) if isinstance(held, list) else 0
        raise DataError(
            f"{row.where}: field 'games' has {n} games; WildVision-Bench judges a pair once, baseline first"
        )
    return stored_reply(held[0], one_label, "judgement")
