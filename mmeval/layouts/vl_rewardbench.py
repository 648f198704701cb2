"""VL-RewardBench's rows: the hub's, VLMEvalKit's table, and the votes that vl-rewardbench/VL_RewardBench writes."""

from __future__ import annotations

import ast
import hashlib
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mmeval.answers import Answers, FileRow, answer_text, collect, file_rows
from mmeval.errors import DataError
from mmeval.requests import repeated
from mmeval.samples import Sample
from mmeval.sources import Row
from mmeval.tasks import ReadAnswers

GROUPS = {
    "RLAIF": "hallucination",
    "RLHF": "hallucination",
    "hallucination": "hallucination",
    "mathverse": "reasoning",
    "mmmu": "reasoning",
}
COLUMNS = ("id", "query", "response", "ranking", "meta")
Ask = Callable[[Row], Iterable[Sample]]


def question_of(row: Row) -> str:
    """The question (VLMEvalKit: `question`). Raises `DataError` where it is no text."""
    field = "question" if "query" not in row and "question" in row else "query"
    if not isinstance(row[field], str):
        raise DataError(f"{row.where}: field {field!r} holds no text")
    return str(row[field])


def answers_of(row: Row) -> tuple[str, str]:
    """The two answers. Raises `DataError` where there are not two texts."""
    given = _listed(row, "response")
    texts = [one for one in given if isinstance(one, str)]
    if len(given) != 2 or len(texts) != 2:
        raise DataError(f"{row.where}: field 'response' must hold two answers (found: {str(given)[:80]})")
    return texts[0], texts[1]


def better_of(row: Row) -> int:
    """Index of the better answer. human_ranking gives each answer's rank, 0 is better (VLMEvalKit: `answer`)."""
    field = "answer" if "human_ranking" not in row and "answer" in row else "human_ranking"
    ranks = _listed(row, field)
    if sorted(map(str, ranks)) != ["0", "1"]:
        raise DataError(f"{row.where}: field {field!r} must be [0, 1] or [1, 0] (found: {str(ranks)[:80]})")
    return [str(rank) for rank in ranks].index("0")


def _listed(row: Row, field: str) -> list[object]:
    value = row[field]
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError) as error:
            raise DataError(f"{row.where}: field {field!r} is no list: {value[:80]!r}") from error
    if not isinstance(value, Iterable):
        raise DataError(f"{row.where}: field {field!r} is a {type(value).__name__}, not a list")
    return list(value)


def name_of(row: Row) -> str:
    return str(row["index"] if "id" not in row and "index" in row else row["id"])


def key_of(row: Row) -> str:
    """The pair's own id: the row's, which pairs of one question share, and a digest of question and answers (cal.py
    tells pairs apart by these three, the answers in any order)."""
    texts = "\n".join([question_of(row), *sorted(answers_of(row))])
    return f"{name_of(row)}-{hashlib.sha256(texts.encode()).hexdigest()[:8]}"


def group_of(row: Row) -> str:
    """cal.py's group, by what stands before the first _ or - of the id; VLMEvalKit's table names its own."""
    if "category" in row:
        return str(row["category"])
    return GROUPS.get(re.split("[_-]", name_of(row), maxsplit=1)[0], "general")


def harness_swapped(row: Row) -> bool:
    """Whether lmms-eval and VLMEvalKit, which ask in one order, show the second answer first."""
    return sum(map(len, answers_of(row))) % 2 == 1


def orders(row: Row) -> tuple[bool, ...]:
    """Both orders, as given and swapped; in another harness's log the one that it asks in."""
    return (harness_swapped(row),) if isinstance(row, FileRow) else (False, True)


def results(ask: Ask) -> ReadAnswers:
    """Reads a file of official votes, as many a pair as there are; without samples (no data at hand) it makes them."""

    def read(path: Path, samples: list[Sample]) -> Answers:
        rows = file_rows(path)
        if not samples or len({key_of(_pair(row)) for row in rows}) < len(rows):
            _check(rows, ask, samples)
            own, answers = votes(rows, ask)
            return Answers(answers, samples=tuple(own))
        said = [(one.id, text, row) for one, text, row in _said(rows, ask)]
        held = {id for id, _, _ in said}  # a vote without a judgment is missing; the file is about no other
        about = tuple(one for one in samples if one.id in held)
        return Answers(collect("vl_rewardbench", said, samples, path), samples=about)

    return read


def _check(rows: Sequence[Row], ask: Ask, samples: Sequence[Sample]) -> None:
    """Raises `DataError` for votes about a pair that is not in the data, or whose label is the other one there."""
    known = {one.id: one for one in samples}
    for one, _, row in _said(rows, ask) if known else ():
        if one.id not in known:
            raise DataError(f"{row.where}: no pair of the data has this id, query and response ({one.id!r})")
        if one.target != known[one.id].target:
            raise DataError(f"{row.where}: field 'ranking' names the other answer as the better one than the data")


def votes(rows: Sequence[Row], ask: Ask) -> tuple[list[Sample], dict[str, str]]:
    """Samples and answers of the official script's votes, as many a pair as there are, in the orders it drew."""
    samples: list[Sample] = []
    answers: dict[str, str] = {}
    for number, (one, text, _) in enumerate(_said(rows, ask)):
        samples.append(repeated(one, number))
        if text is not None:
            answers[samples[-1].id] = text
    return samples, answers


def first_votes(rows: Sequence[Row], k: int, coin: random.Random) -> list[Row]:
    """The first k votes of each pair in cal.py's order: each place is swapped with a random one, from the first on."""
    mixed, taken, chosen = list(rows), dict[str, int](), []
    for i in range(len(mixed)):
        j = coin.randint(0, len(mixed) - 1)
        mixed[i], mixed[j] = mixed[j], mixed[i]
    for row in mixed:
        key = key_of(row)
        taken[key] = taken.get(key, 0) + 1
        if taken[key] <= k:
            chosen.append(row)
    return chosen


def _said(rows: Iterable[Row], ask: Ask) -> Iterator[tuple[Sample, str | None, Row]]:
    """(sample in the order that was drawn, judgment, row) of official votes."""
    for row in rows:
        meta = row["meta"]
        if not isinstance(meta, dict) or meta.get("random_number") not in (0, 1) or "filter_choice" not in meta:
            raise DataError(f"{row.where}: field 'meta' must hold filter_choice and random_number, 0 or 1")
        asked = _pair(row)
        one = next(one for one in ask(asked) if one.metadata["swapped"] == bool(meta["random_number"]))
        yield one, answer_text(Row(meta, f"{row.where}, meta"), "filter_choice"), row


def _pair(row: Row) -> Row:
    """A vote's row as the benchmark's own."""
    return Row({**row, "human_ranking": row["ranking"], "image": FileRow({}, row.where).picture()}, row.where)
