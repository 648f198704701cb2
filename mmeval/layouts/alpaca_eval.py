"""AlpacaEval's files: the instructions with the baseline's answers, the tables of the length control, annotations.

The tables are the hub's (tatsu-lab/alpaca_eval): df_gamed.csv, or instruction_difficulty.csv alone, which leaves
`length_controlled_noreg`; without either, `length_controlled_minimal` is what can be had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from mmeval.answers import Answers, FileRow, answer_text, collect, file_rows
from mmeval.errors import DataError
from mmeval.reach import stay_offline, unreachable
from mmeval.samples import Sample
from mmeval.scorers.continuous_preference import checked, stored
from mmeval.sources import Found, Row, Source, hub, official, read_rows

REPO = "tatsu-lab/alpaca_eval"
DATA = "alpaca_eval_gpt4_baseline.json"
GAMED, DIFFICULTY = "df_gamed.csv", "instruction_difficulty.csv"
FOLDERS = ("alpaca_eval", REPO, REPO.replace("/", "__"), "")


def release() -> Source:
    """The hub's file, the repository's results/gpt4_1106_preview/model_outputs.json (the same rows), or a mirror of the
    hub's rows; each with the tables in the same data folder. The hub's data set is a script that newer clients refuse,
    so its files are fetched one by one."""
    local = (
        official(DATA, below="alpaca_eval")
        | official(DATA, below=REPO)
        | official("results/gpt4_1106_preview/model_outputs.json", below="alpaca_eval")
        | hub(REPO, "eval", "alpaca_eval_gpt4_baseline")
    )

    def find(data: tuple[Path, ...]) -> Found | None:
        found = local.find(data)
        return found and _joined(found, [folder / below for folder in data for below in FOLDERS])

    return Source(find, f"{local.wanted}; with {GAMED} beside it", _fetched, local.cached)


def _fetched() -> Found:
    if why := unreachable():
        stay_offline()  # the files may be in the cache
    from huggingface_hub import hf_hub_download

    try:
        places = [Path(hf_hub_download(REPO, name, repo_type="dataset")) for name in (DATA, GAMED)]
    except Exception as error:
        raise OSError(why or str(error)) from error
    rows = official(DATA).find((places[0].parent,))
    assert rows
    return _joined(rows, [place.parent for place in places])


def _joined(found: Found, folders: Iterable[Path]) -> Found:
    return Found(found.place, partial(_with_tables, found, list(folders)))


def _with_tables(found: Found, folders: Sequence[Path]) -> Iterator[Row]:
    """The rows with their `position`, and what the tables have of it. Raises `DataError` for an instruction that
    comes twice, and for tables about another number of instructions."""
    rows = list(found.read())
    seen: dict[str, str] = {}
    for row in rows:
        if row["instruction"] in seen:
            raise DataError(f"{row.where}: field 'instruction' is that of {seen[row['instruction']]}; keep it once")
        seen[row["instruction"]] = row.where
    difficulty, gamed = tables(folders)
    for name, known in ((GAMED, gamed.keys()), (DIFFICULTY, difficulty.keys())):
        if known and known != set(range(len(rows))):
            raise DataError(
                f"alpaca_eval: {name} is about {len(known)} instructions, the data has {len(rows)}; they go by "
                "position from 0, so take all of the data, or take the table away: length_controlled_minimal needs none"
            )
    for position, row in enumerate(rows):
        row |= {"position": position, "difficulty": difficulty.get(position), "gamed": gamed.get(position, [])}
        yield row


def tables(folders: Iterable[Path]) -> tuple[dict[int, float], dict[int, list[list[float]]]]:
    """(position -> difficulty, position -> standardised difference in length and preference of each gamed model's
    answer), of the first folder that has the file; empty where none has."""
    folders = list(folders)
    gamed: dict[int, list[list[float]]] = {}
    difficulty: dict[int, float] = {}
    for row in _table(folders, "df_gamed*.csv"):
        position = int(_number(row, "index"))
        gamed.setdefault(position, []).append([_number(row, "std_delta_len"), _number(row, "preference")])
        difficulty.setdefault(position, _number(row, "instruction_difficulty"))
    if len({len(answers) for answers in gamed.values()}) > 1:
        raise DataError(f"alpaca_eval: {GAMED} has more models for some instructions than for others; fetch it again")
    if not difficulty:
        for number, row in enumerate(_table(folders, "instruction_difficulty*.csv")):
            difficulty[number] = _number(row, "instruction_difficulty")
    return difficulty, gamed


def _table(folders: Iterable[Path], pattern: str) -> list[Row]:
    for folder in folders:
        for path in sorted(folder.glob(pattern)):
            return [Row(row, (number, path.name)) for number, row in enumerate(read_rows(path), start=1)]
    return []


def _number(row: Row, field: str) -> float:
    try:
        return float(row[field])
    except (TypeError, ValueError):
        raise DataError(f"{row.where}: field {field!r} is {row[field]!r}, not a number") from None


def baseline(row: Row) -> str:
    """The baseline's answer. Raises `DataError` where there is none."""
    if not isinstance(row["output"], str) or not row["output"]:
        raise DataError(f"{row.where}: field 'output' is empty; it holds the baseline's answer, of {DATA}")
    return row["output"]


def answers(path: Path, samples: list[Sample]) -> Answers:
    """A model's outputs (`instruction`, `output`), or a judge's annotations.json about them (`output_2`, `preference`
    and the baseline's `output_1`). Rows are found by their instruction.

    In annotations an instruction without a row, or with a preference of null, has no verdict, as in the official
    script, which keeps the answer of the latter. Raises `DataError` for a preference outside 1 to 2 and for annotations
    against another baseline.
    """
    rows = file_rows(path)
    known = {one.prompt: one for one in samples}

    def id_of(row: FileRow) -> str:
        found = known.get(str(row["instruction"]))
        return found.id if found else str(row["instruction"])[:60]

    if not any("preference" in row for row in rows):
        said = [(id_of(row), answer_text(row, "output"), row) for row in rows]
        return Answers(collect("alpaca_eval", said, samples, path))
    replies: dict[str, tuple[str, ...]] = {one.id: (stored(None, absent=True),) for one in samples}
    said = [(id_of(row), answer_text(row, "output_2"), row) for row in rows]
    outputs = collect("alpaca_eval", said, samples, path)
    for position, (id, _, row) in enumerate(said):
        against = known[str(row["instruction"])].target
        if row.get("output_1", against) != against:
            raise DataError(f"{row.where}: field 'output_1' is not the baseline's answer in the data")
        difficulty = samples[position].metadata["difficulty"] if position < len(samples) else None
        replies[id] = (stored(_preference(row), difficulty),)
    return Answers(outputs, replies, tuple(_notes(path, [id for id, _, _ in said], [one.id for one in samples])))


def _preference(row: FileRow) -> float | None:
    try:
        return checked(row["preference"])
    except ValueError as error:
        raise DataError(f"{row.where}: field 'preference': {error}") from error


def _notes(path: Path, given: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    if given != wanted[: len(given)]:
        lack = f"lacks {len(wanted) - len(given)} of {len(wanted)} instructions" if len(given) < len(wanted) else ""
        yield (
            f"{path.name}: {lack or 'has its rows in another order'}; the official script takes an instruction's "
            "difficulty by its row, --scoring by_instruction takes the instruction's own"
        )
