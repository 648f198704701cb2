"""MLLM-as-a-Judge's files: Dataset/Benchmark/{score,pair,batch}.jsonl of Dongping-Chen/MLLM-Judge, and judges' results.

Lite, HQ and Hard files have the same rows with other names for people's verdict; put one in the place of the whole.
"""

from __future__ import annotations

from pathlib import Path
from string import ascii_uppercase

from mmeval.answers import ANSWERS, Answers, FileRow, answer_text, collect, file_rows
from mmeval.errors import DataError
from mmeval.samples import Image, Sample
from mmeval.sources import Row, Source, official

HUMAN = ("human", "human_answer", "Human_answer")
KEYS = ("score_id", "pair_id", "id")  # `id` is the picture's where there is another, and repeats
RESULTS = ("mllm_judge", "human")  # of scripts/api_benchmark.py; what the notebook of figures reads


def released(setting: str) -> Source:
    """setting: score, pair or batch."""
    name = f"{setting}.jsonl"
    return official(f"Dataset/Benchmark/{name}", below="mllm_judge") | official(name, below="mllm_judge")


def key(row: Row) -> str:
    return str(row[next((name for name in KEYS if name in row), "id")])


def picture(row: Row) -> Image:
    return row.picture("image_path", "Dataset", "image", "Dataset/image")


def judged(row: Row) -> list[str]:
    """The answers that are judged: one, two or several."""
    if "answers" in row:
        return [str(one["answer"]) for one in row["answers"]]
    if "answer1" in row:
        return [str(row[name]["answer"]) for name in ("answer1", "answer2")]
    return [str(row["answer"])]


def shown(row: Row) -> str:
    """The user's request and the answers, each between marks of its own; several have letters."""
    said = judged(row)
    names = [f" {letter}" for letter in ascii_uppercase[: len(said)]] if len(said) > 1 else [""]
    marked = (
        f"[Answer of assistant{name}]\n{text}\n[End of answer of assistant{name}]\n"
        for name, text in zip(names, said, strict=True)
    )
    return f"[User request]\n{row['instruction']}\n[End of user request]\n{''.join(marked)}"


def score(row: Row) -> float:
    """Raises `DataError` for what is no number from 1 to 5."""
    given = _human(row)
    try:
        found = float(given)
    except ValueError:
        found = 0.0
    if not 1 <= found <= 5:
        raise DataError(f"{row.where}: people's score is {given!r}, not a number from 1 to 5")
    return found


def choice(row: Row) -> str:
    """Raises `DataError` for what is neither A, B nor C, a tie."""
    given = _human(row)
    if given not in ("A", "B", "C"):
        raise DataError(f"{row.where}: people's verdict is {given!r}, not A, B or C")
    return given


def ranking(row: Row) -> str:
    """Raises `DataError` for a ranking with letters that no answer has."""
    given, known = _human(row), ascii_uppercase[: len(judged(row))]
    if not given or not set(given) <= set(known):
        raise DataError(f"{row.where}: people's ranking is {given!r}; the answers are {', '.join(known)}")
    return given


def _human(row: Row) -> str:
    return str(row[next((name for name in HUMAN if name in row), HUMAN[0])]).strip()


def answers(path: Path, samples: list[Sample]) -> Answers:
    """A judge's results: rows with the verdict in `mllm_judge`, or cleaned in `human`, or a table like any other."""
    rows = file_rows(path)
    column = next((name for name in (*RESULTS, *ANSWERS) if name in rows[0]), None)
    if column is None or ("instruction" in rows[0] and column != RESULTS[0]):
        found = ", ".join(map(str, rows[0]))
        raise DataError(f"{rows[0].where} has no judge's verdict in {' or '.join(RESULTS)} (found: {found})")
    return Answers(collect("mllm_judge", ((key(row), _verdict(row, column), row) for row in rows), samples, path))


def _verdict(row: FileRow, column: str) -> str | None:
    return answer_text(row, column) if column in row else None
