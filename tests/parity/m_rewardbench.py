"""M-RewardBench: result files by language, each with a model's accuracy on every subset.

A subset's accuracy stands for one pair that is right by that much, so that the task's own formulas weigh it. Files of
models that judge (with `subset` and `leaderboard`) have RewardBench's counts, other ones M-RewardBench's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmeval.catalog import load_catalog
from mmeval.layouts.m_rewardbench import LANGUAGES
from mmeval.layouts.rewardbench import SECTION_OF
from mmeval.samples import Sample, ask
from mmeval.scorers.base import Scored, Scorer
from mmeval.scorers.reward_pairs import tally
from mmeval.scoring import score, summarise
from mmeval.statistics.sums import Measured
from mmeval.tasks import REWARDS
from tests.parity.figures import Figure, Leaf, expected_files, leaves

CODES = tuple(LANGUAGES)
OF_PAIRS = ("tied", "unread", "read_accuracy", "first_preferred", "consistent")  # files by subset can't have these


def figures(folder: Path) -> Iterator[Figure]:
    task = load_catalog().tasks["m_rewardbench"]
    results = _results(folder)
    measured = {name: _measured(task.dialects[_dialect(one)], one) for name, one in results.items()}
    for leaf in leaves(folder):
        if leaf.path[0] == "weights_used_by_its_analysis":
            ours = task.dialects[REWARDS].metrics[SECTION_OF[leaf.path[1]]].formula.args[0]
            yield leaf.compared("constants", ours[leaf.path[1]])
        else:
            yield _figure(leaf, measured[leaf.path[1]])


def _results(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """model -> language -> what its file holds."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for path in sorted(folder.glob("*/*.json")):
        if path not in expected_files(folder):
            held = json.loads(path.read_text(encoding="utf-8"))
            found.setdefault(held["model"], {})[path.parent.name] = held
    return found


def _dialect(files: Mapping[str, Mapping[str, Any]]) -> str:
    return "official" if all("subset" in held for held in files.values()) else REWARDS


def _measured(scorer: Scorer, files: Mapping[str, Mapping[str, Any]]) -> Measured:
    """Through the dialect's metrics, from counts that stand for whole subsets."""
    samples, answers = [], {}
    for language, held in files.items():
        accuracies = held["subset"] if "subset" in held else held["extra_results"]
        code = CODES.index(language) + 1 if language in CODES else 0
        for subset, accuracy in accuracies.items():
            if subset in SECTION_OF:
                id = f"{language}/{subset}"
                slices = {"language" if code else "original": language}
                samples.append(Sample(id, ask(subset), slices=slices, target=tally(subset, accuracy, code)))
                answers[id] = ""
    given = replace(scorer, score=lambda sample, answer: Scored(sample.target), derive=None)
    kept = {name: metric for name, metric in scorer.metrics.items() if name not in OF_PAIRS}
    return summarise(score(given, samples, answers), replace(given, metrics=kept), resamples=0)


def _figure(leaf: Leaf, measured: Measured) -> Figure:
    name, key = leaf.path[1], leaf.path[-1]
    if key == "average_over_languages":
        note = "the sum over languages has another order"
        return leaf.compared(name, measured.metrics["score"].value, 12, note)
    if key == "std_over_languages_ddof1":
        return leaf.compared(name, measured.metrics["language_std"].value, 12)
    if key == "model_type":
        return leaf.skipped("a word that says how the file was made", name)
    language = leaf.path[leaf.path.index("per_language") + 1]
    slice = f"language={language}" if f"language={language}" in measured.slices else f"original={language}"
    metric = "score" if key == "score" else key.lower().replace(" ", "_")
    return leaf.compared(name, measured.slices[slice][metric].value)
