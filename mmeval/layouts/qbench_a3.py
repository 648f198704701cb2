"""Q-Bench A3's files: a3_iqa_databases/jsons of Q-Future/Q-Bench (a file a database), stored outputs, the pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path

from mmeval.answers import collect, file_rows
from mmeval.errors import DataError
from mmeval.samples import Image, Sample
from mmeval.sources import Row

# Database -> where the official script has its pictures, below datasets/.
FOLDERS = {
    "livec": "LIVEC/Images",
    "spaq": "SPAQ",
    "koniq": "1024x768",
    "flive": "FLIVE_Database/database",
    "cgi": "CGIQA-6K/database",
    "agi": "AGIQA-3K/database",
    "kadid": "kadid10k/images",
}
GAMES = 3000  # CGIQA-6K: as many pictures of games, then those of films, each rated on a scale of its own
PAIRS = (("logit_high", "logit_low"), ("logit_good", "logit_poor"))


def database(row: Row) -> str:
    """Raises `DataError` for a file that is none of the seven."""
    name = row.place[1]
    if name not in FOLDERS:
        raise DataError(f"{row.where}: {name!r} is none of Q-Bench's databases ({', '.join(FOLDERS)})")
    return name


def half(row: Row) -> int:
    """1 for the second half of CGIQA-6K; its figures are those of the halves, averaged."""
    return int(database(row) == "cgi" and row.place[0] >= GAMES)


def reference(row: Row) -> str | None:
    """The picture that a distorted one was made of: KADID-10k has 125 of each, I01_01_01.png to I01_25_05.png."""
    return f"kadid/{str(row['img_path']).partition('_')[0]}" if database(row) == "kadid" else None


def mean_opinion(row: Row) -> float:
    """People's mean rating, on the database's scale. Raises `DataError` for what is no number."""
    try:
        score = float(row["gt_score"])
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        raise DataError(f"{row.where}: field 'gt_score' is {row['gt_score']!r}, not a number")
    return score


def picture(row: Row) -> Image:
    folder = FOLDERS[database(row)]
    return row.picture("img_path", f"datasets/{folder}", folder)


def answers(path: Path, samples: list[Sample]) -> dict[str, str]:
    """The logits that leaderboards/IQA_outputs/<model>/<database>.json holds; high and low where a file has them, as
    in the official figures of Flan-T5 InstructBLIP. Raises `DataError` for a file without either pair."""
    rows = file_rows(path)
    pair = next((pair for pair in PAIRS if set(pair) <= rows[0].keys()), None)
    if pair is None:
        wanted = " or ".join(" and ".join(pair) for pair in PAIRS)
        raise DataError(f"{rows[0].where} has no {wanted} (found: {', '.join(map(str, rows[0]))})")
    said = ((f"{database(row)}/{row['img_path']}", _listed(row, pair), row) for row in rows)
    return collect("qbench_a3", said, samples, path)


def _listed(row: Row, pair: tuple[str, str]) -> str | None:
    values = [row[name] for name in pair]
    if None in values:
        return None
    try:
        return json.dumps([float(value) for value in values])
    except (TypeError, ValueError):
        raise DataError(f"{row.where}: {pair[0]!r} and {pair[1]!r} are {values!r}, not numbers") from None
