"""Arena-Hard-Auto's files: questions, answers and judgments, as released since April 2025 and before.

data/arena-hard-v2.0/ or data/arena-hard-v0.1/ of lmarena/arena-hard-auto (or of the hub's lmarena-ai/arena-hard-auto):
question.jsonl, model_answer/MODEL.jsonl, model_judgment/JUDGE/MODEL.jsonl. Before, a question had `question_id` and
`turns`, an answer `model_id`, `choices` and `conv_metadata`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmeval.answers import ANSWERS, Answers, FileRow, answer_text, collect, file_rows
from mmeval.errors import DataError
from mmeval.samples import Sample
from mmeval.scorers.battles import Grade
from mmeval.sources import Row, Source, official, read_rows
from mmeval.statistics.style_control import markdown

if TYPE_CHECKING:
    import pandas as pd


def release(version: str, baseline: str) -> Source:
    """question.jsonl of a version, with the answers of a baseline beside it."""
    read, pattern = partial(joined, baseline=baseline), f"{version}/question.jsonl"
    return (
        official(pattern, read, below="arena_hard")
        | official(pattern, read, below="data")
        | official(pattern, read, below="lmarena-ai/arena-hard-auto/data")
    )


def joined(path: Path, baseline: str) -> Iterator[dict[str, Any]]:
    """Questions, each with the baseline's answer as `baseline`, or None where it has none (another category's).

    Raises `DataError` for a question that stands there twice and where the baseline's file is not there.
    """
    file = path.parent / "model_answer" / f"{baseline}.jsonl"
    if not file.exists():
        raise DataError(f"{file} is not there; it holds the answers that {path.name}'s are compared with")
    rows = [Row(row, (number, file.name)) for number, row in enumerate(read_rows(file), start=1)]
    answers = {uid(row): said(row) for row in rows}
    seen: set[str] = set()
    for number, fields in enumerate(read_rows(path), start=1):
        row = Row(fields, (number, path.name))
        if uid(row) in seen:
            raise DataError(f"{row.where}: question {uid(row)!r} stands there twice; keep one")
        seen.add(uid(row))
        yield {**fields, "baseline": answers.get(uid(row))}


def uid(row: Row) -> str:
    return str(row["question_id"] if "question_id" in row else row["uid"])


def question(row: Row) -> str:
    return str(row["turns"][0]["content"] if "turns" in row else row["prompt"])


def reference(row: Row, baseline: str) -> str:
    """The baseline's answer. Raises `DataError` where it lacks one to this question."""
    if row["baseline"] is None:
        raise DataError(f"{row.where}: {baseline} has no answer to question {uid(row)!r}; its file is not complete")
    return str(row["baseline"])


def said(row: Row) -> str | None:
    """A model's answer in a row of model_answer/, or in a table's row."""
    if "choices" in row:
        return str(row["choices"][0]["turns"][0]["content"])
    if "messages" in row:
        content = row["messages"][-1]["content"]
        return answer_text(
            Row({"answer": content["answer"] if isinstance(content, Mapping) else content}, row.where), "answer"
        )
    return answer_text(row, next((name for name in ANSWERS if name in row), "messages"))


def stored(path: Path, samples: list[Sample], read: Grade, category: str) -> Answers:
    """A file of model_answer/ or model_judgment/. Rows of another category are left out.

    Where a judgment's stored label is not the one in its text, the stored one stands, as in show_result.py.
    """
    rows = [row for row in file_rows(path) if row.get("category", category) == category]
    if not any("games" in row for row in rows):
        return Answers(collect("arena_hard", ((uid(row), said(row), row) for row in rows), samples, path))
    judged = ((uid(row), verdicts(row, read), row) for row in rows)
    return Answers(verdicts=collect("arena_hard", judged, samples, path))


def verdicts(row: Row, read: Grade) -> tuple[str, ...]:
    """The judge's replies in both games, each reading as its stored label; "" for a game that is null.

    Raises `DataError` where there are not two games.
    """
    held = row["games"]
    if not isinstance(held, list) or len(held) != 2:
        n = len(held) if isinstance(held, list) else 0
        raise DataError(f"{row.where}: field 'games' has {n} games; every pair is judged in both orders")
    return tuple(stored_reply(game, read) for game in held)


def stored_reply(game: Mapping[str, Any] | None, read: Grade, text: str = "judgment") -> str:
    """A game's text if it reads as the game's `score`, else that label by itself; "" without one."""
    label = (game or {}).get("score")
    if game is None or not isinstance(label, str):
        return ""
    reply = game.get(text) or ""
    if isinstance(reply, Mapping):
        reply = reply.get("answer") or ""
    alone = f"[[{label}]]"
    return str(reply) if read(str(reply)) == read(alone) else alone


def games(rows: Iterable[FileRow], read: Grade) -> pd.DataFrame:
    """The games of judgment rows, for `mmeval.statistics.arena_leaderboards`, with the category of each."""
    import pandas as pd

    made = []
    for row in rows:
        for number, reply in enumerate(verdicts(row, read), start=1):
            grade = read(reply)
            signed = None if grade is None else grade if number == 1 else -grade
            made.append((str(row["model"]), uid(row), row.get("category"), number, signed))
    frame = pd.DataFrame(made, columns=["model", "question", "category", "game", "grade"])
    return frame.astype({"grade": float})


def style(row: Row) -> tuple[int, int, int, int]:
    """Tokens, headers, list items and bold spans of an answer, as its row of model_answer/ states them; what is marked
    up is counted where it does not."""
    held = row["metadata"] if "metadata" in row else row["conv_metadata"]
    if "header_count" not in held:
        return (int(held["token_len"]), *markdown(said(row) or ""))
    headers, lists, bold = (_total(held[f"{name}_count"]) for name in ("header", "list", "bold"))
    return int(held["token_len"]), headers, lists, bold


def _total(held: Any) -> int:
    return int(sum(held.values()) if isinstance(held, Mapping) else held)
