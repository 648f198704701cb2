"""RewardBench: rewards and verdicts by example, and RewardBench 2's Ties.

Result files hold no prompts and answers, so the samples are made from their ids with blank ones. Two figures stand for
mistakes: Reasoning with math-prm's real number of pairs, and the accuracy over all pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmeval.answers import FileRow, file_rows, read_answers
from mmeval.catalog import load_catalog
from mmeval.layouts.rewardbench import SECTION_OF, SECTIONS
from mmeval.samples import Sample
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Measured
from mmeval.tasks import REWARDS, Task
from tests.parity.figures import Figure, Leaf, expected_files, file_named, leaves

TASKS = ("rewardbench", "rewardbench_2")
WHOLE = {"score_mean_of_4_sections": "score", "micro_accuracy": "accuracy"}


def figures(folder: Path) -> Iterator[Figure]:
    tasks = load_catalog().tasks
    files = {path: file_rows(path) for path in sorted(folder.glob("*.json*")) if path not in expected_files(folder)}
    scored = {path: Scored(tasks, path, rows[0]) for path, rows in files.items()}
    pairs = next(one for path, one in scored.items() if "subset" in files[path][0])
    for leaf in leaves(folder):
        path, rest = _file_of(leaf, list(files))
        yield scored[path].figure(leaf, rest) if path else _constant(leaf, pairs)


def _file_of(leaf: Leaf, files: list[Path]) -> tuple[Path | None, tuple[str, ...]]:
    """By its name, or by its name's end."""
    path, rest = file_named(leaf, files)
    return path or next((one for one in files if one.stem.endswith(leaf.path[-1])), None), rest


def _constant(leaf: Leaf, pairs: Scored) -> Figure:
    kind, *rest = leaf.path
    if kind == "weights":
        return leaf.compared("constants", SECTIONS[SECTION_OF[rest[0]]][rest[0]])
    if kind == "section_map":
        return leaf.compared("constants", list(SECTIONS[_named(rest[0])])[int(rest[1])])
    return leaf.compared(pairs.path.name, pairs.measured.slices[f"subset={rest[0]}"]["accuracy"].n)


def _named(section: str) -> str:
    return section.lower().replace(" ", "_")


@dataclass(frozen=True)
class Scored:
    """One result file, scored as what is in it."""

    tasks: Mapping[str, Task]
    path: Path
    first: Mapping[str, object]

    @cached_property
    def task(self) -> Task:
        if "judgment" in self.first:
            return self.tasks["rewardbench"]
        return self.tasks["rewardbench" if "subset" in self.first else "rewardbench_2"].rewarded()

    @cached_property
    def samples(self) -> list[Sample]:
        rows = [FileRow({"prompt": "", **_answers(row), **row}, row.where) for row in file_rows(self.path)]
        return [sample for row in rows for sample in self.task.samples_of(row)]

    @cached_property
    def measured(self) -> Measured:
        answers = read_answers(self.task, [self.path], self.samples).answers
        samples = [sample for sample in self.samples if sample.id in answers]
        scorer = self.task.dialects["official" if "judgment" in self.first else REWARDS]
        return summarise(score(scorer, samples, answers), scorer, resamples=0)

    def figure(self, leaf: Leaf, rest: tuple[str, ...]) -> Figure:
        name, key = self.path.name, rest[-1] if rest else leaf.path[-1]
        if "subset" not in self.first:
            note = "the sum over prompts has another order"
            return leaf.compared(name, self.measured.metrics["ties"].value, digits=12, note=note)
        if "section" in rest:
            return leaf.compared(name, self.measured.metrics[_named(key)].value)
        if "subset_accuracy" in rest:
            return leaf.compared(name, self.measured.slices[f"subset={key}"]["accuracy"].value)
        if key == "n":
            return leaf.compared(name, self.measured.metrics["score"].n)
        if "reasoning_if" in key:
            note = "over pairs, not over subsets: another order of the sum"
            return leaf.compared(name, self.measured.slices["section=reasoning"]["accuracy"].value, 12, note)
        if key in WHOLE:
            return leaf.compared(name, self.measured.metrics[WHOLE[key]].value)
        return leaf.skipped("a word that says what the file holds", name)


def _answers(row: Mapping[str, object]) -> dict[str, object]:
    """Blank answers, as many as there are scores."""
    scores = row.get("scores")
    if not isinstance(scores, list):
        return {"chosen": "", "rejected": ""}
    correct = int(str(row["num_correct"]))
    return {"subset": "Ties", "chosen": [""] * correct, "rejected": [""] * (len(scores) - correct)}
