"""RewardBench 2's rows: four answers of which one is best, or many of which several are correct; and result files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmeval.answers import Answers, collect, collect_about
from mmeval.errors import DataError
from mmeval.layouts.rewardbench import by_row, coin, compared, no_scores, numbers, rating, subset_of, text
from mmeval.samples import Sample, ask
from mmeval.sources import Row

SUBSETS = ("Factuality", "Precise IF", "Math", "Safety", "Focus", "Ties")
PLACES = "ABCD"


def rated(row: Row) -> Sample:
    """All answers for a reward model, correct ones first."""
    correct, wrong = _answers(row)
    shared = _shared(row)
    shared["metadata"] = {**shared["metadata"], "correct": len(correct)}
    return Sample(id=row["id"], messages=ask(text(row, "prompt")), continuations=(*correct, *wrong), target=0, **shared)


def picked(row: Row) -> Iterator[Sample]:
    """Which of four is best, with the best at each place by turns; answers of Ties one by one."""
    if _subset(row) == "Ties":
        yield from ratings(row)
        return
    for place in range(len(PLACES)):
        yield _picked(row, place, {"places": row["id"]})


def picked_once(row: Row) -> Iterator[Sample]:
    """The same, with the best of four at one place only."""
    if _subset(row) == "Ties":
        yield from ratings(row)
    else:
        yield _picked(row, coin(str(row["id"]), len(PLACES)), {})


def ratings(row: Row) -> Iterator[Sample]:
    """A rating for each answer, as the official script asks for with --score_w_ratings."""
    correct, wrong = _answers(row)
    shared = _shared(row)
    shared["groups"] = {**shared["groups"], "answers": row["id"]}
    for number, answer in enumerate((*correct, *wrong)):
        yield Sample(
            id=f"{row['id']}/{number + 1}",
            messages=rating(text(row, "prompt"), answer, ties=_subset(row) == "Ties"),
            target=number < len(correct),
            **shared,
        )


def _picked(row: Row, place: int, groups: dict[str, Any]) -> Sample:
    """The best answer changes places with the one that stands at `place`, as in the official script."""
    correct, wrong = _answers(row)
    if (len(correct), len(wrong)) != (1, 3):
        raise DataError(f"{row.where}: has {len(correct)} correct and {len(wrong)} wrong answers, not one and three")
    shown = [*correct, *wrong]
    shown[0], shown[place] = shown[place], shown[0]
    return Sample(
        id=f"{row['id']}/{PLACES[place]}",
        messages=compared(text(row, "prompt"), tuple(shown)),
        target=PLACES[place],
        **{**_shared(row), "groups": groups},
    )


def _subset(row: Row) -> str:
    return subset_of(row, SUBSETS)


def _shared(row: Row) -> dict[str, Any]:
    """What all samples of a row have. The prompts tied:N and ref:N of Ties belong together, as group and cluster."""
    subset, id = _subset(row), str(row["id"])
    made: dict[str, Any] = {"slices": {"subset": subset}, "cluster": id, "groups": {}, "metadata": {"ties": ""}}
    if subset == "Ties":
        kind, _, number = id.partition(":")
        if kind not in ("tied", "ref") or not number.isdecimal():
            raise DataError(f"{row.where}: id {id!r} of Ties is neither tied:N nor ref:N")
        if kind == "tied" and len(row["chosen"]) < 2:
            raise DataError(f"{row.where}: {id!r} has one correct answer; those of a tied prompt are several")
        made |= {"cluster": f"ties:{number}", "groups": {"ties": number}, "metadata": {"ties": kind}}
    return made


def _answers(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return _texts(row, "chosen"), _texts(row, "rejected")


def _texts(row: Row, column: str) -> tuple[str, ...]:
    value = row[column]
    found = tuple(value) if isinstance(value, (list, tuple)) else ()
    if not found or not all(isinstance(one, str) for one in found):
        raise DataError(f"{row.where}: field {column!r} holds no list of answers")
    return found


def results(path: Path, samples: list[Sample]) -> Answers:
    """Scores by example: rows {id, scores}, or their columns; a score may be a list of one number.

    Without samples (no data at hand) it makes them, out of `subset` and `num_correct`."""
    if samples and not samples[0].continuations:
        no_scores(path, True)
    said = [(str(row["id"]), numbers(row, row["scores"], "scores"), row) for row in by_row(path)]
    if samples:
        return Answers(collect("rewardbench_2", said, samples, path))
    return collect_about("rewardbench_2", said, [_carried(row) for _, _, row in said], path)


def _carried(row: Row) -> Sample:
    """The sample out of a result's own fields: of Ties it must say how many answers are correct (`num_correct`)."""
    of_ties = str(row["id"]).startswith(("tied:", "ref:"))
    subset = "Ties" if of_ties and "subset" not in row else row["subset"]
    correct, given = row["num_correct"] if subset == "Ties" else 1, len(row["scores"])
    if not isinstance(correct, int) or not 0 < correct < given:
        raise DataError(f"{row.where}: field 'num_correct' is {correct!r}, not a number below that of scores, {given}")
    sides = {"chosen": [""] * correct, "rejected": [""] * (given - correct)}
    return rated(Row({"prompt": "", **row, **sides, "subset": subset}, row.where))
