"""MM-AlignBench's files: VLMEvalKit's table of questions and its tables of judged answers."""

from __future__ import annotations

from pathlib import Path

from mmeval.answers import Answers, collect, file_rows
from mmeval.errors import DataError
from mmeval.layouts.arena_hard import stored_reply
from mmeval.samples import Sample
from mmeval.scorers.battles import one_label
from mmeval.sources import Row, Source, hub, official


def release() -> Source:
    return official("MMAlignBench.tsv", below="mm_alignbench") | hub("PhoenixZ/MM-AlignBench", "train")


def baseline(row: Row) -> str:
    """Claude 3 Sonnet's answer. Raises `DataError` where it is empty."""
    if not row["claude3_sonnet"]:
        raise DataError(f"{row.where}: field 'claude3_sonnet' is empty; every question needs the baseline's answer")
    return str(row["claude3_sonnet"])


def key_fact(row: Row) -> str:
    """The answer's key fact, which few questions have; "" without."""
    held = row.get("gt")
    return "" if held is None or str(held) in ("", "nan") else str(held)


def judged(path: Path, samples: list[Sample]) -> Answers:
    """VLMEvalKit's table of judged answers: `judge` the reply, `score` its label, which stands; "U" is no label."""
    said = ((str(row["index"]), (reply(row),), row) for row in file_rows(path))
    return Answers(verdicts=collect("mm_alignbench", said, samples, path))


def reply(row: Row) -> str:
    return stored_reply({"score": row["score"], "judge": row.get("judge")}, one_label, "judge")
