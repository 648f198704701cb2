"""`mmeval score`: figures for answers that exist already. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmeval import scoring
from mmeval.answers import Answers, own_layout, read_answers, samples_from
from mmeval.errors import DataError, MmevalError
from mmeval.requests import read_samples
from mmeval.samples import Sample
from mmeval.scorers.base import Scorer
from mmeval.tasks import REWARDS, Task


@dataclass(frozen=True, slots=True)
class ScoredFiles:
    tasks: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0, or 3 when too many answers are missing."""
        return 3 if any(scoring.too_many_missing(result) for result in self.tasks.values()) else 0

    def to_json(self) -> dict[str, Any]:
        return {"run": None, "model": {}, "tasks": dict(self.tasks)}


def score_files(
    task: Task, answers: Sequence[Path], data: Iterable[Path], dialect: str | None = None, seed: int = 0
) -> ScoredFiles:
    """Scores answer files of one task.

    The samples come from the benchmark's data where it is found, else out of the files themselves where they carry
    question and label. Raises `DataError` that names file, line and field.
    """
    name, scorer = task.scorer_for(dialect)
    if name == REWARDS and task.rated:
        task = task.rewarded()
    notes: list[str] = []
    samples, read = _read(task, answers, tuple(data), notes)
    result = _figures(task, name, scorer, samples, read, seed, notes)
    return ScoredFiles({task.name: result}, tuple(notes))


def score_dialects(
    task: Task, answers: Sequence[Path], data: Iterable[Path], seed: int = 0
) -> tuple[dict[str, dict[str, Any]], dict[str, str], tuple[str, ...]]:
    """The same answers under every scoring dialect: (dialect -> figures, dialect -> why it has none, notes).

    Raises `DataError` as `score_files` does, when the answers themselves can't be read.
    """
    notes: list[str] = []
    samples, read = _read(task, answers, tuple(data), notes)
    figures: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    for name, scorer in task.dialects.items():
        if name == REWARDS and task.rated:
            continue  # is about other answers: a reward model's
        try:
            figures[name] = _figures(task, name, scorer, samples, read, seed, notes)
        except MmevalError as error:  # a tagger or word list that one dialect needs must not take the others along
            failed[name] = str(error)
            continue
        if figures[name]["missing"] == figures[name]["n"]:
            del figures[name]
            failed[name] = "needs a judge's verdicts" if scorer.judging else "no answer"
    return figures, failed, tuple(dict.fromkeys(notes))


def _read(
    task: Task, answers: Sequence[Path], data: tuple[Path, ...], notes: list[str]
) -> tuple[list[Sample], Answers]:
    if not task.rows.find(data) and (carried := _carried(task, answers, notes)):
        return carried
    samples = _samples(task, answers, data, notes)
    read = read_answers(task, answers, samples)
    about = {one.id for one in read.samples}
    if about and about < {one.id for one in samples}:
        notes.append(f"{task.name}: the files are about {len(about)} of {len(samples)} samples; these are scored")
    return list(read.samples) or samples, read


def _carried(task: Task, answers: Sequence[Path], notes: list[str]) -> tuple[list[Sample], Answers] | None:
    """Samples and answers out of files in the benchmark's own layout, whose reader makes both."""
    if not task.answers_carry or not all(own_layout(task, path) for path in answers):
        return None
    read = read_answers(task, answers, [])
    notes.append(f"{task.name}: questions and labels are taken from the answer files themselves")
    return list(read.samples), read


def _figures(
    task: Task, name: str, scorer: Scorer, samples: list[Sample], read: Answers, seed: int, notes: list[str]
) -> dict[str, Any]:
    if task.rated and name != REWARDS and any(one.continuations for one in samples):
        raise DataError(f"{task.name}: the files hold rewards, but verdicts are asked for; use --scoring {REWARDS}")
    given: Mapping[str, Any] = read.verdicts if scorer.judging and read.verdicts else read.answers
    if task.answers_choose and not read.samples and len(given) < len(samples):
        notes.append(f"{task.name}: the files answer {len(given)} of {len(samples)} samples; these are scored")
        samples = [sample for sample in samples if sample.id in given]
    else:
        notes.extend(read.notes)
    result = scoring.figures(scorer, samples, read.answers, name, seed, read.verdicts)
    if scorer.judging and read.answers and not read.verdicts and result["missing"]:
        notes.append(
            f"{task.name}: {result['missing']} answers have no verdict, which {name} scoring needs; a judge gives it: "
            f"mmeval run --model replay:FILE --tasks {task.name} --judge MODEL (FILE: rows with id and text)"
        )
    return result


def _samples(task: Task, answers: Sequence[Path], data: tuple[Path, ...], notes: list[str]) -> list[Sample]:
    if task.rows.find(data):
        return read_samples(task, data)
    carried = samples_from(task, answers)
    notes.append(f"{task.name}: questions and labels are taken from the answer files themselves")
    return carried
