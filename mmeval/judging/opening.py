"""Which judges are asked, and how they are opened: named as models are, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmeval.catalog import Catalog
from mmeval.errors import UsageError
from mmeval.inference.base import Engine, Response
from mmeval.judging.asking import Hearing, Open, judge_all
from mmeval.logs import Verdicts
from mmeval.progress import Progress
from mmeval.prompts import named_engine
from mmeval.requests import Plan
from mmeval.runs import Asked, RunFolder

# What a judge is opened with as the model is; the rest (adapter, template …) belongs to the model.
JUDGE_OPTIONS = ("device", "batch_size", "trust_remote_code", "tree")


def panel_of(judge: str | Engine | Sequence[str | Engine] | None, catalog: Catalog) -> list[str | Engine]:
    """The judges that are asked for, each looked at as far as paths alone tell. Raises `UsageError`."""
    panel = [judge] if isinstance(judge, str) or not isinstance(judge, Sequence | None) else list(judge or ())
    if twice := next((one for one in panel if isinstance(one, str) and panel.count(one) > 1), None):
        raise UsageError(f"--judge {twice} stands twice and would agree with itself; --judge-votes asks it again")
    judges = [named_engine(one, catalog.judges) if isinstance(one, str) else one for one in panel]
    for one in judges:
        if isinstance(one, str):
            _check_judge(one)
    return judges


def judgeable(
    plans: Sequence[Plan], asked: Mapping[str, list[tuple[Asked, Response | None]]]
) -> Mapping[str, list[tuple[Asked, Response | None]]]:
    """The tasks that people's labels may be about: those that ask a judge."""
    return {plan.task.name: asked[plan.task.name] for plan in plans if plan.scorer.judging} or asked


def own_judge(plans: Sequence[Plan]) -> tuple[list[str | Engine], list[Plan]]:
    """The judge that tasks bring along (`Task.judge`), and the plans that it is for."""
    judges: list[str | Engine] = []
    for plan in plans:
        if plan.scorer.judging and plan.task.judge:
            judges = [plan.task.judge]
            break
    return judges, [plan for plan in plans if plan.scorer.judging and plan.task.judge in judges]


def hear(
    run: RunFolder,
    judges: Sequence[str | Engine],
    hearing: Hearing,
    options: Mapping[str, Any],
    record: dict[str, Any],
    progress: Progress,
) -> Verdicts:
    """Has the judges judge; their part of run.json goes into `record`."""
    if not hearing.prompts:
        progress.note("no task here asks a judge; --judge has nothing to do")
        return {}
    shared = {name: value for name, value in options.items() if name in JUDGE_OPTIONS}
    shared["rate"] = hearing.settings.rate
    if hearing.settings.orders == "both" and not any(p.scorer.judging and p.scorer.judging.swap for p in hearing.plans):
        progress.note("--judge-orders both: no task here has compared answers whose order can be changed")
    told = record["judge"] = hearing.record()
    return judge_all(run, [_opener(one, shared, progress) for one in judges], hearing, told, progress)


def _opener(judge: str | Engine, options: Mapping[str, Any], progress: Progress) -> Open:
    @contextmanager
    def opened() -> Iterator[Engine]:
        engine = _open_judge(judge, options, progress) if isinstance(judge, str) else judge
        try:
            yield engine
        finally:
            if isinstance(judge, str):
                engine.close()

    return opened


def _check_judge(judge: str) -> None:
    from mmeval.inference.scene_judge import Faults, names_it

    if names_it(judge):
        Faults.parse(judge)
    else:
        from mmeval.inference import check_model

        check_model(judge, "--judge")


def _open_judge(judge: str, options: Mapping[str, Any], progress: Progress) -> Engine:
    from mmeval.inference.scene_judge import SceneJudge, names_it

    if names_it(judge):
        return SceneJudge(judge)
    from mmeval.inference import open_engine

    progress.stage(f"loading {judge}")
    return open_engine(judge, on_note=progress.note, **options)
