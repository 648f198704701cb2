"""After the asking: the figures, and what people must be told about them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmeval.inference.base import Response
from mmeval.judging.labels import labels_of
from mmeval.logs import Rules, Verdicts, answer_of, score_logs
from mmeval.progress import Progress
from mmeval.requests import Plan, Settings
from mmeval.runs import Asked, RunFolder
from mmeval.scoring import MISSING_ALLOWED, unread

if TYPE_CHECKING:
    import pandas as pd


def score_all(
    run: RunFolder,
    plans: Sequence[Plan],
    asked: Mapping[str, list[tuple[Asked, Response | None]]],
    verdicts: Verdicts,
    settings: Settings,
    failed: dict[str, str],
    progress: Progress,
    rule: str,
    judged: Collection[str],
) -> dict[str, Any]:
    """Metrics; the table of scores goes into the run folder. `mmeval verify` makes the same from the logs.

    A task whose scorer breaks is added to `failed`; its answers stay in the log. rule: how verdicts of several are put
    together; judged: tasks for which there was a judge.
    """
    progress.stage("scoring")
    results, frame, broken = score_logs(
        {plan.task.name: Rules(plan.dialect, plan.scorer, plan.task.headline) for plan in plans},
        asked,
        settings.resamples,
        settings.seed,
        verdicts,
        rule,
        labels_of(run, asked),
    )
    failed |= broken
    for name, why in broken.items():
        progress.note(f"{name}: no figures: {why}")
    run.write_scores(frame)
    for plan in plans:
        if plan.task.name in broken:
            continue
        if plan.scorer.judging and results[plan.task.name].get("unjudged"):
            others = [name for name, scorer in plan.task.dialects.items() if not scorer.judging]
            without = f", or --scoring {' or '.join(others)}, which needs none" if others else ""
            left = results[plan.task.name]["unjudged"]
            mend = "" if plan.task.name in judged else f"; pass --judge MODEL{without}"
            progress.note(
                f"{plan.task.name}: {left} of {len(plan.samples)} answers have no verdict and are not in its"
                f" {plan.dialect} figures{mend}"
            )
        _note_addressed(plan.task.name, results[plan.task.name].get("judge") or {}, progress)
        _note_unread(plan, results[plan.task.name], progress)
        _note_missing(plan.task.name, asked[plan.task.name], progress)
        _note_unscored(plan.task.name, frame, progress)
    return results


def _note_addressed(task: str, judged: Mapping[str, Any], progress: Progress) -> None:
    """Answers that speak to the judge may have moved it."""
    if found := judged.get("addressed"):
        id, what = next(iter(found["samples"].items()))
        without = found["mean_without"]
        mean_of = f"{judged['metric']}, mean over judged answers," if judged.get("per_answer") else judged["metric"]
        figure = "" if without is None else f"; without them {mean_of} is {without:.4g} in place of {found['mean']:.4g}"
        progress.note(f"{task}: {found['n']} judged answers speak to the judge (e.g. {id}: {what}){figure}")


def _note_unread(plan: Plan, result: Mapping[str, Any], progress: Progress) -> None:
    """What could not be read is in the figures as the dialect has it: as 0, as wrong, or not at all."""
    share = unread(result)
    if share > MISSING_ALLOWED:
        what = "the judge's replies" if plan.scorer.judging else "the answers"
        progress.note(
            f"{plan.task.name}: {share:.0%} of {what} could not be read; {plan.dialect} scoring goes on with them"
        )


def _note_unscored(task: str, frame: pd.DataFrame, progress: Progress) -> None:
    """Answers that could not be scored, with the scorer's reason."""
    lost = frame[(frame["task"] == task) & frame["missing"].astype(bool) & frame["notes"].notna()]
    for why, number in lost["notes"].value_counts().head(3).items():
        progress.note(f"{task}: {number} answers not scored: {json.loads(str(why))['not scored']}")


def _note_missing(task: str, rows: list[tuple[Asked, Response | None]], progress: Progress) -> None:
    reasons: dict[str, list[str]] = {}
    for one, response in rows:
        if answer_of(response) is None:
            thinking = response is not None and response.finish == "thinking"
            why = "thinking was cut off" if thinking else one.error or (response and response.error) or "not answered"
            reasons.setdefault(why, []).append(one.sample.id)
    for why, ids in list(reasons.items())[:5]:
        shown = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
        progress.note(f"{task}: {len(ids)} missing ({shown}): {why}")
    if len(reasons) > 5:
        progress.note(
            f"{task}: {sum(map(len, list(reasons.values())[5:]))} more missing for {len(reasons) - 5} reasons"
        )
