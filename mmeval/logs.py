"""Logs -> scores and metrics: what `run` does at its end and `verify` does again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mmeval import scoring
from mmeval.catalog import Catalog
from mmeval.errors import DataError, MmevalError
from mmeval.inference.base import Response
from mmeval.judging.labels import labels_of
from mmeval.runs import Asked, Judged, RunFolder, json_bytes, parquet_bytes
from mmeval.scorers.base import Scorer
from mmeval.scorers.panel import Member, Said

if TYPE_CHECKING:
    import pandas as pd

Answered = tuple[Asked, Response | None]
Verdicts = Mapping[
    str, Mapping[str, Said]
]  # task -> sample id -> each member of the panel -> its replies, call by call


def responses_of(run: RunFolder) -> dict[str, list[Answered]]:
    """Per task, each sample with its response, as the run folder's logs have them."""
    known = run.responses()
    by_task: dict[str, list[Answered]] = {}
    for one in run.samples():
        by_task.setdefault(one.task, []).append((one, known.get(one.request) if one.request else None))
    return by_task


def verdicts_of(run: RunFolder) -> Verdicts:
    """Per task and sample, each member's replies in the order of its calls; samples without a verdict are left out.

    Of answers shown in both orders both verdicts count or none: one alone would lean to a place.
    """
    known = run.verdicts.read()
    found: dict[str, dict[str, dict[Member, Sequence[str]]]] = {}
    lost: list[Judged] = []
    for one in run.judged():
        replies = [answer_of(known.get(digest)) for digest in one.calls]
        if one.error is None and None not in replies:
            said = found.setdefault(one.task, {}).setdefault(one.sample, {})
            said[one.member] = [reply for reply in replies if reply is not None]
        else:
            lost.append(one)
    for one in lost:
        found.get(one.task, {}).get(one.sample, {}).pop(replace(one.member, swapped=not one.member.swapped), None)
    return {task: {id: said for id, said in by_id.items() if said} for task, by_id in found.items()}


@dataclass(frozen=True, slots=True)
class Rules:
    """How a task's answers are scored: the dialect's name, its scorer, the metric that stands for the task."""

    dialect: str
    scorer: Scorer
    headline: str


def score_logs(
    rules: Mapping[str, Rules],
    asked: Mapping[str, list[Answered]],
    resamples: int,
    seed: int,
    verdicts: Verdicts | None = None,
    rule: str = "mean",
    labels: Mapping[str, Mapping[str, float]] | None = None,
) -> tuple[dict[str, Any], pd.DataFrame, dict[str, str]]:
    """(the `tasks` object, the table of scores, task -> why its scorer broke) from logs alone.

    rules: by task. rule: how the verdicts of several are put together. labels: task -> sample id -> people's value.
    """
    import pandas as pd

    results: dict[str, Any] = {}
    broken: dict[str, str] = {}
    frames: list[pd.DataFrame] = []
    for task, rows in asked.items():
        one, said = rules[task], (verdicts or {}).get(task, {})
        try:
            results[task], frame = _scored(one, rows, said, rule, (labels or {}).get(task), resamples, seed)
        except Exception as error:  # a scorer may be anybody's code; the answers are in the log, the others go on
            broken[task] = str(error) if isinstance(error, MmevalError) else f"{type(error).__name__}: {error}"
            continue
        frame.insert(0, "task", task)
        frames.append(frame)
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"task": [], "sample": []})
    return results, frame, broken


def _scored(
    rules: Rules,
    rows: list[Answered],
    said: Mapping[str, Said],
    rule: str,
    labels: Mapping[str, float] | None,
    resamples: int,
    seed: int,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """One task's part of the JSON object, and its table of scores."""
    scorer, samples = rules.scorer, [one.sample for one, _ in rows]
    answers = {one.sample.id: answer_of(response) for one, response in rows}
    frame = scoring.score(scorer, samples, answers, said, rule)
    result = scoring.as_json(frame, scoring.summarise(frame, scorer, resamples, seed), rules.dialect)
    if scorer.judging:
        unjudged = int((frame["missing"] & frame["answer"].notna()).sum())
        result |= {"unjudged": unjudged, "missing": int(frame["answer"].isna().sum())}
    if scorer.judging and said:
        from mmeval.judging.quality import quality

        result["judge"] = quality(scorer, rules.headline, samples, answers, said, rule, labels, resamples, seed)
    from mmeval.length import against_length

    if against := against_length(frame, scorer, resamples, seed):
        result["length"] = against
    cut = sum(1 for _, response in rows if response and response.finish == "thinking")
    return (result | {"cut_off_thinking": cut} if cut else result), frame


def answer_of(response: Response | None) -> str | None:
    """The text that is scored; None is missing: never asked, failed, or cut off before thinking ended.

    Of given answers it is the JSON list of their log-likelihoods or rewards.
    """
    if response is None or response.finish in ("error", "thinking"):
        return None
    numbers = response.rewards if response.rewards is not None else response.loglikelihoods
    return response.text if numbers is None else json.dumps(list(numbers))


def score_again(
    run: RunFolder, record: Mapping[str, Any], dialects: Mapping[str, str], catalog: Catalog
) -> tuple[dict[str, Any], pd.DataFrame, dict[str, str]]:
    """What `score_logs` makes of a finished run's logs. record: its run.json; dialects: of the tasks with figures."""
    rules = {
        name: Rules(*catalog.tasks[name].scorer_for(dialect), catalog.tasks[name].headline)
        for name, dialect in dialects.items()
    }
    asked = {task: rows for task, rows in responses_of(run).items() if task in rules}
    how, rule = record["config"], (record.get("judge") or {}).get("rule", "mean")
    scored = score_logs(rules, asked, how["resamples"], how["seed"], verdicts_of(run), rule, labels_of(run, asked))
    add_not_asked(scored[0], record)
    return scored


def add_not_asked(results: Mapping[str, dict[str, Any]], record: Mapping[str, Any]) -> None:
    """Says in the `tasks` object how many samples a run that stopped early has not asked, as its run.json has it."""
    for task, result in results.items():
        if left := (record["tasks"].get(task) or {}).get("not_asked"):
            result["not_asked"] = left


@dataclass(frozen=True, slots=True)
class Verified:
    """differences: file -> what differs, empty when every byte is the same."""

    tasks: Mapping[str, Any]
    differences: Mapping[str, str]


def verify(run: RunFolder, catalog: Catalog) -> Verified:
    """Scores a run again from its logs and compares scores.parquet and metrics.json with what is stored, byte for byte.

    Raises `UsageError` when the run has no figures yet, `DataError` when its task is in no catalog.
    """
    record, stored = run.read_json("run.json"), run.read_json("metrics.json")
    for name in stored:
        if name not in catalog.tasks:
            raise DataError(f"{run.path}: task {name!r} is in no catalog; pass --catalog DIR with its file")
    results, frame, broken = score_again(run, record, {name: one["dialect"] for name, one in stored.items()}, catalog)
    differences = {f"{task} scores": f"its scorer breaks now: {why}" for task, why in broken.items()}
    if json_bytes(results) != (run.path / "metrics.json").read_bytes():
        differences["metrics.json"] = _first_difference(stored, results)
    if parquet_bytes(frame) != (run.path / "scores.parquet").read_bytes():
        differences["scores.parquet"] = _frame_difference(run.scores(), frame)
    return Verified(results, differences)


def _first_difference(stored: Any, again: Any, at: str = "") -> str:
    if isinstance(stored, dict) and isinstance(again, dict):
        for key in dict.fromkeys([*stored, *again]):
            if stored.get(key) != again.get(key):
                return _first_difference(stored.get(key), again.get(key), f"{at}.{key}" if at else str(key))
    return f"{at or 'layout'}: stored {stored!r}, now {again!r}" if at else "same figures, other bytes"


def _frame_difference(stored: pd.DataFrame, again: pd.DataFrame) -> str:
    if list(stored.columns) != list(again.columns) or len(stored) != len(again):
        return f"{len(stored)} rows x {len(stored.columns)} columns stored, {len(again)} x {len(again.columns)} now"
    for column in stored.columns:
        same = (stored[column] == again[column]) | (stored[column].isna() & again[column].isna())
        if not same.all():
            at = int((~same).to_numpy().argmax())
            name = stored["sample"].iloc[at]
            return f"{column} of {name}: stored {stored[column].iloc[at]!r}, now {again[column].iloc[at]!r}"
    return "same rows, other bytes (written by another version of pyarrow?)"
