"""MM-RLHF-RewardBench's rows, pictures and frames, and the rewards that yfzhang114/MM-RLHF writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path, PurePosixPath

from mmeval.answers import Answers, FileRow, collect, file_rows
from mmeval.errors import DataError
from mmeval.samples import Image, Sample
from mmeval.sources import Row, Source, hub, official
from mmeval.tasks import ReadAnswers
from mmeval.videos import Uniform, frames

CATEGORIES = ("mcq", "long", "short", "safety", "video")
FRAMES = 32
COLUMNS = ("id", "prompt", "chosen", "rejected", "rewards")


def release() -> Source:
    """The file mm_reward_bench.jsonl with its pictures beside it, in a folder of ours or of the hub's name; the hub."""
    repo = "yifanzhang114/MM-RLHF-RewardBench"
    ours, mirror = (official("mm_reward_bench.jsonl", below=below) for below in ("mm_rlhf_rewardbench", repo))
    return ours | mirror | hub(repo, "train")


def path_of(row: Row) -> str:
    """Where the row's picture or frames are; "" where it has neither (an empty image is none)."""
    found = row.get("image") or row.get("video") or ""
    if isinstance(found, Image):
        return found.name
    return str((found.get("path") or "") if isinstance(found, dict) else found)


def category_of(row: Row) -> str | None:
    """The first of the keywords that is anywhere in the path; none without a path (overall figures have it)."""
    return next((name for name in CATEGORIES if name in path_of(row)), None)


def pictures_of(row: Row) -> tuple[Image, ...]:
    """The picture, or 32 frames at equal distances out of a folder of frames, as eval_mm_reward_bench.py takes them; of
    fewer frames each once (the script repeats them).

    Paths are looked for below the file's folder and its images/, leaving out folders in front that are not there.
    """
    if isinstance(row, FileRow) or not path_of(row):
        return ()
    field = "image" if row.get("image") else "video"
    picture = row.picture(field) if not isinstance(row[field], str) else _lying(row, row[field])
    if field == "image":
        return (picture,)
    folder = picture.path
    there = sum(not one.name.startswith(".") for one in folder.iterdir()) if folder and folder.is_dir() else FRAMES
    return frames(picture, Uniform(min(there, FRAMES)))


def _lying(row: Row, name: str) -> Image:
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..", ".")]
    if row.folder is None or not parts:
        return row.picture("image" if row.get("image") else "video")
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        for below in ("", "images"):
            if (row.folder / below / tail).exists():
                return Image(path=row.folder / below / tail, name=tail)
    return Image(path=row.folder.joinpath(*parts), name=name)


def answers_of(row: Row) -> tuple[str, str]:
    """Chosen and rejected. Raises `DataError` where one of them is no text."""
    for field in ("chosen", "rejected"):
        if not isinstance(row[field], str):
            raise DataError(f"{row.where}: field {field!r} holds no text; a pair needs both answers")
    return row["chosen"], row["rejected"]


def set_of(row: Row) -> str:
    if row["id"] in (None, ""):
        raise DataError(f"{row.where}: field 'id' is empty; rows of one question share an id")
    return str(row["id"])


def key_of(row: Row) -> str:
    """The pair's own id: that of its set, and a digest of prompt and answers."""
    texts = "\n".join([str(row["prompt"]), *answers_of(row)])
    return f"{set_of(row)}-{hashlib.sha256(texts.encode()).hexdigest()[:8]}"


def results(rated: Callable[[Row], Sample]) -> ReadAnswers:
    """Reads the official answer file: the rows, with `rewards` [chosen, rejected]; for a task asked of a reward model.

    Without samples (no data at hand) it makes them; rows of one id with equal texts are numbered.
    Raises `DataError` where the samples are a judge's, or a row's rewards are not two numbers.
    """

    def said(path: Path) -> Iterator[tuple[Sample, str, Row]]:
        for row in file_rows(path):
            rewards = row["rewards"]
            if not isinstance(rewards, list) or len(rewards) != 2:
                raise DataError(f"{row.where}: field 'rewards' must be [chosen, rejected] (found: {str(rewards)[:80]})")
            yield rated(row), json.dumps(rewards), row

    def read(path: Path, samples: list[Sample]) -> Answers:
        if samples and not samples[0].continuations:
            raise DataError(f"{path.name}: holds rewards, but verdicts are asked for; score it with --scoring rewards")
        if samples:
            return Answers(
                collect("mm_rlhf_rewardbench", ((one.id, text, row) for one, text, row in said(path)), samples, path)
            )
        made: dict[str, tuple[Sample, str]] = {}
        for one, answer, _ in said(path):
            again = one
            for number in count(2):
                if again.id not in made:
                    break
                again = replace(one, id=f"{one.id}-{number}", groups={**one.groups, "pair": f"{one.id}-{number}"})
            made[again.id] = again, answer
        answers = {id: answer for id, (_, answer) in made.items()}
        return Answers(answers, samples=tuple(one for one, _ in made.values()))

    return read
