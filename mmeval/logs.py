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
from mmeval.runs import Asked, Judged, RunFolder, json_bytes, parquet_bytes
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


def score_logs(
    scorers: Mapping[str, tuple[str, Any]],
    asked: Mapping[str, list[Answered]],
    resamples: int,
    seed: int,
    verdicts: Verdicts | None = None,
    rule: str = "mean",
) -> tuple[dict[str, Any], pd.DataFrame, dict[str, str]]:
    """(the `tasks` object, the table of scores, task -> why its scorer broke) from logs alone.

    scorers: task -> (dialect, `Scorer`).
    """
    import pandas as pd

    results: dict[str, Any] = {}
    broken: dict[str, str] = {}
    frames: list[pd.DataFrame] = []
    for task, rows in asked.items():
        dialect, scorer = scorers[task]
        answers = {one.sample.id: answer_of(response) for one, response in rows}
        try:
            frame = scoring.score(scorer, [one.sample for one, _ in rows], answers, (verdicts or {}).get(task), rule)
            results[task] = scoring.as_json(frame, scoring.summarise(frame, scorer, resamples, seed), dialect)
        except Exception as error:  # a scorer may be anybody's code; the answers are in the log, the others go on
            broken[task] = str(error) if isinstance(error, MmevalError) else f"{type(error).__name__}: {error}"
            continue
        if scorer.judging:
            unjudged = int((frame["missing"] & frame["answer"].notna()).sum())
            missing = int(frame["answer"].isna().sum())
            results[task] |= {"unjudged": unjudged, "missing": missing}
        cut = sum(1 for _, response in rows if response and response.finish == "thinking")
        if cut:
            results[task]["cut_off_thinking"] = cut
        frame.insert(0, "task", task)
        frames.append(frame)
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"task": [], "sample": []})
    return results, frame, broken


def answer_of(response: Response | None) -> str | None:
    """The text that is scored; None is missing: never asked, failed, or cut off before thinking ended.

    Of given answers it is the JSON list of their log-likelihoods or rewards.
    """
    if response is None or response.finish in ("error", "thinking"):
        return None
    numbers = response.rewards if response.rewards is not None else response.loglikelihoods
    return response.text if numbers is None else json.dumps(list(numbers))


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
    asked = {task: rows for task, rows in responses_of(run).items() if task in stored}
    scorers = {}
    for name, result in stored.items():
        if name not in catalog.tasks:
            raise DataError(f"{run.path}: task {name!r} is in no catalog; pass --catalog DIR with its file")
        scorers[name] = catalog.tasks[name].scorer_for(result["dialect"])
    config = record["config"]
    rule = (record.get("judge") or {}).get("rule", "mean")
    results, frame, broken = score_logs(scorers, asked, config["resamples"], config["seed"], verdicts_of(run), rule)
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
