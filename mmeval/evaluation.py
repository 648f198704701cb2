"""The way of the data, for one model and some tasks; also the Python API `mmeval.evaluate(...)`.

task -> samples -> requests -> engine -> responses -> [judge] -> scores -> metrics -> run folder -> page
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mmeval import scoring
from mmeval.asking import ask_all, tasks_record
from mmeval.catalog import Catalog, load_catalog
from mmeval.errors import DataError, Interrupted, MmevalError, UsageError
from mmeval.inference.base import Engine, Response
from mmeval.judging.asking import Hearing
from mmeval.judging.labels import keep_labels
from mmeval.judging.opening import hear, judgeable, own_judge, panel_of
from mmeval.judging.rehearsal import prompts_for
from mmeval.judging.settings import JudgeSettings
from mmeval.logs import add_not_asked
from mmeval.outcome import score_all
from mmeval.progress import Progress
from mmeval.provenance import default_output, identity_of, provenance
from mmeval.requests import Plan, Settings, plan_task
from mmeval.runs import Asked, RunFolder
from mmeval.tasks import Task
from mmeval.until_decided import UntilDecided, watch

if TYPE_CHECKING:
    import pandas as pd

    from mmeval.inference.transformers import TransformersEngine


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: what `mmeval.evaluate` returns and `mmeval run` prints.

    tasks: the `tasks` object of `--json`. failed: task -> why it has no figures.
    """

    path: Path
    model: Mapping[str, Any]
    tasks: Mapping[str, Any]
    failed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def scores(self) -> pd.DataFrame:
        """One row a sample and task; see `mmeval.scoring.score` for the columns."""
        return RunFolder.existing(self.path).scores()

    @property
    def metrics(self) -> pd.DataFrame:
        """One row a task, part ("" is the whole, else "slice=value") and metric, with value and interval."""
        import pandas as pd

        rows = [
            {"task": task, "part": part, "metric": metric, **estimate}
            for task, result in self.tasks.items()
            for part, metrics in (("", result["metrics"]), *result["slices"].items())
            for metric, estimate in metrics.items()
        ]
        return pd.DataFrame(rows)

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def too_many_missing(self) -> list[str]:
        return [task for task, result in self.tasks.items() if scoring.too_many_missing(result)]

    @property
    def exit_code(self) -> int:
        """0, or 3 when a task failed or misses too many answers."""
        return 3 if self.failed or self.too_many_missing else 0

    def to_json(self) -> dict[str, Any]:
        shown = {"run": str(self.path), "model": dict(self.model), "tasks": dict(self.tasks)}
        return {**shown, "failed": dict(self.failed)} if self.failed else shown


def evaluate(
    model: str | Engine,
    tasks: Sequence[str] | str = (),
    *,
    suite: Sequence[str] | str = (),
    data: str | Path | Iterable[str | Path] = (),
    output: str | Path | None = None,
    fresh: bool = False,
    catalog: Catalog | Iterable[str | Path] = (),
    settings: Settings | None = None,
    engine_options: Mapping[str, Any] | None = None,
    check: bool = False,
    judge: str | Engine | Sequence[str | Engine] = (),
    judge_settings: JudgeSettings | None = None,
    until_decided: UntilDecided | None = None,
    progress: Progress | None = None,
    command: Sequence[str] = (),
    **more: Any,
) -> Run:
    """Evaluates one model on some tasks and writes the run folder and its page.

    model: a checkpoint's folder or hub id, "demo", "demo-dpo", "openai:NAME@URL", "replay:FILE", or an
    `Engine`.
    tasks, suite: names, as `mmeval tasks` lists them. data: folders in which sources look for rows first.
    output: the run folder, by default runs/MODEL/TASKS. An unfinished or earlier run there is continued: requests
    with the same digest are not asked again; fresh=True asks all anew. settings: or its fields as keywords
    (limit=100, temperature=0.7). engine_options: what `mmeval.inference.open_engine` takes (dtype, device, reference
    …).
    check: compare the ways of running the model on some of the requests first, and raise `EngineError` if its answers
    hang on them. judge: what answers are judged by where a task asks for it, named like a model or an `Engine`, or
    several of them as a panel; opened when the model's answers are there. judge_settings: how they are asked.
    until_decided: stop asking a task when its headline is decided against a base run.

    Raises `UsageError` and `DataError`; a task whose data is missing or broken is in `Run.failed` while others run,
    unless all fail.
    """
    if settings and more:
        raise UsageError(f"give either settings or its fields ({', '.join(more)}), not both")
    settings = settings or Settings(**more)
    progress = progress or Progress()
    tasks, suite = _names(tasks), _names(suite)
    options = dict(engine_options or {})
    if settings.ask_as != "generative":
        options["ask_as"] = settings.ask_as
    found = catalog if isinstance(catalog, Catalog) else load_catalog(Path(folder) for folder in catalog)
    chosen = _chosen(found, tasks, suite, settings, progress)
    folders = _folders(data)
    identity = identity_of(model, tasks, suite, settings, options)
    path = Path(output) if output else default_output(model, suite, tasks, settings, identity)
    judges = panel_of(judge, found)
    if isinstance(model, str):
        _check(model, settings, options)
    judging = judge_settings or JudgeSettings()
    if judging.labels and not judging.labels.is_file():
        raise UsageError(f"--judge-labels {judging.labels}: no such file")

    started, clock = datetime.now(UTC), time.monotonic()
    with RunFolder.open(path) as run:
        plans, failed = _plan(chosen, folders, settings, progress)
        watching = watch(until_decided, run, plans, settings.seed)
        judges, heard = _judges(judges, plans, judging, progress)
        prompts = prompts_for(heard, found, judging) if judges else {}
        engine = _open(model, options, progress) if isinstance(model, str) else model
        record: dict[str, Any] = {
            **provenance(engine, model, settings, tasks, suite, folders, command),
            "identity": identity,
            "status": "running",
            "started": started.isoformat(timespec="seconds"),
        }
        try:
            with _status(run, record, clock):
                if check:
                    record["check"] = _checked(engine, plans, progress)
                everything = ask_all(run, engine, plans, fresh, record, progress, watching.blocks)
        finally:
            if isinstance(model, str):
                engine.close()
        with _status(run, record, clock):
            kept, asked = watching.kept(plans, everything, progress)
            if watching.not_asked:
                run.write_samples([one for rows in asked.values() for one, _ in rows])
            if judging.labels:  # before hours of judging: a row may name no answer
                keep_labels(run, judging.labels, judgeable(kept, asked))
            hearing = Hearing(heard, prompts, asked, judging)
            verdicts = hear(run, judges, hearing, options, record, progress) if judges else {}
        judged = {plan.task.name for plan in heard} if judges else set[str]()
        results = score_all(run, kept, asked, verdicts, settings, failed, progress, judging.rule, judged)
        record |= {"tasks": tasks_record(plans, failed), "notes": list(progress.notes)}
        record |= _finished(clock)
        watching.record(record)
        add_not_asked(results, record)
        run.write_json("metrics.json", results)
        run.write_json("run.json", record)
        progress.stage("writing the page")
        _write_page(run, kept, asked, found)
    return Run(path, record["model"], results, failed, tuple(progress.notes))


@contextmanager
def _status(run: RunFolder, record: dict[str, Any], clock: float) -> Iterator[None]:
    """Sets how the asking ended; an early end is noted in run.json, once something in the folder has changed."""
    try:
        yield
        record["status"] = "done"
    except (KeyboardInterrupt, Interrupted):
        record["status"] = "interrupted"
        raise
    except BaseException:
        record["status"] = "failed"
        raise
    finally:
        if record["status"] != "done" and "asked" in record:
            _leave(run, record, clock)


def _folders(data: str | Path | Iterable[str | Path]) -> tuple[Path, ...]:
    folders = tuple(Path(folder) for folder in ([data] if isinstance(data, str | Path) else data))
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--data {folder}: no such folder")
    return folders


def _names(value: Sequence[str] | str) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    return tuple(name.strip() for name in names if name.strip())


def _chosen(
    catalog: Catalog, tasks: Sequence[str], suite: Sequence[str], settings: Settings, progress: Progress
) -> list[Task]:
    chosen = catalog.choose(tasks, suite)
    if not chosen:
        raise UsageError("nothing to run; name --suite or --tasks (`mmeval tasks` lists them)")
    _check_dialect(chosen, settings.scoring, progress)
    _check_prompt(chosen, settings.prompt, progress)
    return chosen


def _judges(
    given: list[str | Engine], plans: list[Plan], judging: JudgeSettings, progress: Progress
) -> tuple[list[str | Engine], list[Plan]]:
    """The judges to ask, those that tasks bring along where none is given, and the plans that they are for."""
    judges, heard = (given, plans) if given else own_judge(plans)
    if not judges and judging != JudgeSettings():
        progress.note("no judge is asked here, so --judge-… does nothing; pass --judge MODEL")
    return judges, heard


def _check_dialect(chosen: Sequence[Task], dialect: str | None, progress: Progress) -> None:
    """A dialect that no task has is a mistake; tasks that lack it are scored officially, and that is said."""
    if dialect is None:
        return
    without = [task for task in chosen if dialect not in task.dialects]
    if len(without) == len(chosen):
        without[0].scorer_for(dialect)
    for task in without:
        progress.note(
            f"{task.name}: has no scoring dialect {dialect!r}; scored by its first, {next(iter(task.dialects))}"
        )


def _check_prompt(chosen: Sequence[Task], prompt: str | None, progress: Progress) -> None:
    """As with dialects: a wording that no task has is a mistake; tasks that lack it are asked officially, and told."""
    if prompt in (None, "official"):
        return
    without = [task.name for task in chosen if prompt not in task.prompts]
    if len(without) == len(chosen):
        known = sorted({name for task in chosen for name in task.prompts})
        raise UsageError(f"no prompt {prompt!r} in {', '.join(without)} (there are: {', '.join(['official', *known])})")
    if without:
        progress.note(f"asked in the official wording, having no {prompt!r}: {', '.join(without)}")


def _check(model: str, settings: Settings, options: Mapping[str, Any]) -> None:
    from mmeval.inference import check_model, check_rewards

    check_model(model)
    check_rewards(model, settings.ask_as, options.get("reference"), bool(options.get("per_token")))


def _plan(
    chosen: Sequence[Task], folders: tuple[Path, ...], settings: Settings, progress: Progress
) -> tuple[list[Plan], dict[str, str]]:
    plans: list[Plan] = []
    failed: dict[str, str] = {}
    for task in chosen:
        progress.stage(f"reading {task.name}")
        try:
            decoding = settings.decoding(task.max_new_tokens)
            plans.append(plan_task(task, folders, decoding, settings))
            if plans[-1].left_out:
                left_out = ", ".join(plans[-1].left_out)
                progress.note(f"{task.name}: --limit leaves out {left_out}; the figures are not the benchmark's")
        except (DataError, UsageError) as error:
            failed[task.name] = str(error)
            progress.note(f"{task.name}: no figures: {error}")
    if not plans:
        raise DataError("; ".join(failed.values()))
    return plans, failed


def _open(model: str, options: Mapping[str, Any], progress: Progress) -> Engine:
    from mmeval.inference import open_engine

    progress.stage(f"loading {model}")
    return open_engine(model, on_note=progress.note, **options)


def _checked(engine: Engine, plans: Sequence[Plan], progress: Progress) -> list[dict[str, Any]]:
    """The ways of running this model compared, for run.json. Raises `EngineError` where they differ."""
    if not hasattr(engine, "sibling"):
        if engine.describe().get("devices"):
            raise UsageError("--check compares on one device; `mmeval doctor --model CKPT --device …` does so")
        progress.note("--check: this model's answers can be had in one way only; nothing to compare")
        return []
    from mmeval.inference.equivalence import DOZENS, differences, refuse

    local = cast("TransformersEngine", engine)
    progress.stage("checking trees and batches against single prompts")
    share = -(-DOZENS // len(plans))
    found = differences(local, [request for plan in plans for request in plan.requests[:share]])
    refuse(found, local.name)
    said = ", ".join(f"{one.way} {one.largest:.1g}" for one in found)
    progress.note(
        f"checked on {found[0].answers} requests; largest difference from single prompts, nats a token: {said}"
    )
    return [one.to_json() for one in found]


def _write_page(
    run: RunFolder,
    plans: Sequence[Plan],
    asked: Mapping[str, list[tuple[Asked, Response | None]]],
    catalog: Catalog,
) -> None:
    from mmeval.reporting import write_report
    from mmeval.reporting.keeping import keep_pictures

    keep_pictures(run, plans, asked)
    write_report(run, catalog)


def _finished(clock: float) -> dict[str, Any]:
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - clock, 1),
    }


def _leave(run: RunFolder, record: dict[str, Any], clock: float) -> None:
    """Notes in run.json how the run ended early; the log stays as it is."""
    try:
        run.write_json("run.json", record | _finished(clock))
    except MmevalError as error:  # a full disk is why we are here: the log on it is what counts
        print(f"mmeval: run.json not updated: {error}", file=sys.stderr)
