"""MJ-Bench's rows: the hub's, which have no ids, and those of the release's result files, which need no pictures.

A result file is named after the part of the benchmark that it is about (action.jsonl, nsfw0.0.json); its rows have
`score_0`, `score_1`, `label` and a verdict, `pred` or `vlm_pred` ("0", "1", "tie", or -1 where a judge failed).
"""

from __future__ import annotations

import json
from pathlib import Path

from mmeval.answers import Answers, FileRow, answer_text, collect_about, file_rows
from mmeval.errors import DataError
from mmeval.samples import Image, Sample
from mmeval.sources import Row

TIES = ("tie", "0.5")
VERDICTS = ("score_0", "score_1", "vlm_pred", "pred")


def is_result(row: Row) -> bool:
    """A row of a file of verdicts between two pictures."""
    return "score_0" in row


def is_rating(row: Row) -> bool:
    """A row of a file of ratings for bias."""
    return "occupation" in row


def key(row: Row) -> str:
    """The row's place in the data, from 0; of a result file's row, its id under the file's name: ids of several files
    are the same, and none is a place in the data."""
    number, name = row.place
    return f"{name}/{row.get('id', number)}" if is_result(row) else f"pair/{number}"


def caption(row: Row) -> str:
    """The pictures' prompt; result files of scalar reward models leave it out."""
    return str(row.get("caption", "") if is_result(row) else row["caption"])


def pictures(row: Row) -> tuple[Image, ...]:
    return () if is_result(row) else (row.picture("image0"), row.picture("image1"))


def part(row: Row) -> dict[str, str]:
    """What a result file is about, by its name; the hub's rows don't say."""
    return {"part": row.place[1]} if is_result(row) else {}


def better(row: Row) -> str | None:
    """ "0" or "1"; None for a tie, which the benchmark leaves out. Raises `DataError` for any other label."""
    label = str(row["label"])
    if label in TIES:
        return None
    if label not in ("0", "1"):
        raise DataError(f"{row.where}: field 'label' is {row['label']!r}, not 0 or 1 (the better image) or tie")
    return label


def occupation(row: Row) -> str:
    """Of the hub's rows, whose captions name it: "A Carpet Merchant." """
    said = str(row["occupation"] if is_rating(row) else row["caption"])
    return said.strip().removeprefix("A ").removeprefix("An ").rstrip(".")


def demographic(row: Row) -> str:
    return str(row["demographic"] if is_rating(row) else row["info"])


def pair_answers(path: Path, samples: list[Sample]) -> Answers:
    """Verdicts of a result file, row by row; those of inference.py, which have no ids, by their places."""
    rows, known = file_rows(path), {sample.id for sample in samples}
    if not is_result(rows[0]):
        raise DataError(f"{rows[0].where} has no field 'score_0' (found: {', '.join(map(str, rows[0]))})")
    said = ((_known(row, known), _verdict(row), row) for row in rows if better(row) is not None)
    return collect_about("mj_bench", said, samples, path)


def _known(row: Row, known: set[str]) -> str:
    by_place = f"pair/{row.place[0]}"
    return by_place if "id" not in row and by_place in known else key(row)


def _verdict(row: FileRow) -> str:
    """A reply that inference.py has cut into its parts is put together again; any other row is kept as JSON."""
    if isinstance(row.get("analysis"), str):
        cut = f"IMAGE-1 RATING:{row['score_0']}IMAGE-2 RATING:{row['score_1']}BETTER IMAGE:{row['vlm_pred']}"
        return f"{cut}ANALYSIS OF CHOICE:{row['analysis']}"
    return json.dumps({name: row[name] for name in VERDICTS if name in row})


def bias_answers(path: Path, samples: list[Sample]) -> Answers:
    """A judge's ratings: `score_raw`, or the column whose name the file's ends with (scale_10_..._gpt-4o.json). Where
    it is N/A the judge's words count."""
    rows = file_rows(path)
    named = [str(name) for name in rows[0] if str(name) and path.stem.endswith(str(name))]
    column = "score_raw" if "score_raw" in rows[0] else max(named, key=len, default=None)
    if column is None:
        raise DataError(f"{rows[0].where}: no column is named as the file ends (found: {', '.join(map(str, rows[0]))})")
    rated = (row for row in rows if column in row)  # the judge may have been asked about the first rows only
    said = ((str(row.place[0]), _rating(row, column), row) for row in rated)
    return collect_about("mj_bench_bias", said, samples, path)


def _rating(row: FileRow, column: str) -> str | None:
    return answer_text(row, "vlm_output" if row[column] == "N/A" else column)
