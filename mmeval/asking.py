"""The asking: samples -> requests with digests -> those that the log lacks -> engine -> log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mmeval.errors import DataError
from mmeval.inference.base import Engine, Request, Response
from mmeval.progress import Bar, Progress
from mmeval.requests import Plan
from mmeval.runs import Asked, RunFolder
from mmeval.samples import Image, Sample

# (samples by task, answers so far) -> digests of the requests to ask next; asked for more when those are answered.
Blocks = Callable[[Mapping[str, Sequence[Asked]], Mapping[str, Response]], Iterator[Collection[str]]]


def ask_all(
    run: RunFolder,
    engine: Engine,
    plans: Sequence[Plan],
    fresh: bool,
    record: dict[str, Any],
    progress: Progress,
    blocks: Blocks,
) -> dict[str, list[tuple[Asked, Response | None]]]:
    """Asks what the log does not hold yet, block by block; per task, each sample with its response, None where it was
    in no block."""
    known = {} if fresh else run.responses()
    asked: dict[str, list[Asked]] = {}
    wanted: dict[str, Request] = {}
    pictures: dict[Image, str] = {}
    with progress.bar("reading pictures and prompts", sum(len(plan.requests) for plan in plans)) as bar:
        for plan in plans:
            rows = asked[plan.task.name] = []
            for sample, request in zip(plan.samples, plan.requests, strict=True):
                rows.append(_identify(engine, plan.task.name, sample, request, wanted, pictures))
                bar.advance()
    run.drop_results()
    if fresh:
        run.set_log_aside()
    run.write_samples([one for rows in asked.values() for one in rows])
    pending = {
        digest: request for digest, request in wanted.items() if digest not in known or known[digest].finish == "error"
    }
    record |= {"asked": len(pending), "reused": len(wanted) - len(pending), "prompts": _examples(engine, plans)}
    record |= {"tasks": tasks_record(plans, {})}
    run.write_json("run.json", record)
    if len(pending) < len(wanted):
        progress.note(
            f"{len(wanted) - len(pending)} of {len(wanted)} answers are in the run folder and not asked again"
        )
    left = dict(pending)
    with (progress if pending else Progress()).bar("asking", len(pending)) as bar:
        for block in blocks(asked, known):
            now = {digest: left.pop(digest) for digest in block if digest in left}
            if now:
                _answer(run, engine, now, known, bar)
    record["asked"] -= len(left)
    record["engine"] = dict(getattr(engine, "stats", dict)())
    return {
        task: [(one, known.get(one.request) if one.request else None) for one in rows] for task, rows in asked.items()
    }


def _examples(engine: Engine, plans: Sequence[Plan]) -> dict[str, str]:
    """Each task's first prompt as the model gets it, where the engine can show it."""
    rendered = getattr(engine, "rendered", None)
    examples: dict[str, str] = {}
    if rendered is None:
        return examples
    for plan in plans:
        with suppress(DataError):
            examples[plan.task.name] = rendered(plan.requests[0])
    return examples


def _identify(
    engine: Engine, task: str, sample: Sample, request: Request, wanted: dict[str, Request], pictures: dict[Image, str]
) -> Asked:
    """A sample with its request's digest. Equal requests (POPE's splits share questions) are asked once."""
    try:
        digest = engine.digest(request)
    except DataError as error:
        return Asked(task, sample, None, (), str(error))
    with suppress(DataError):  # an engine may do without the picture (replay); then the page does, too
        pictures.update({image: image.digest() for image in sample.images if image not in pictures})
    wanted.setdefault(digest, request)
    return Asked(task, sample, digest, tuple(pictures[image] for image in sample.images if image in pictures))


def _answer(
    run: RunFolder, engine: Engine, pending: Mapping[str, Request], known: dict[str, Response], bar: Bar
) -> None:
    digests = {request.id: digest for digest, request in pending.items()}
    for response in engine.run(pending.values()):
        digest = digests.pop(response.id)
        response = replace(response, text=encodable(response.text))
        run.append(digest, response)
        known[digest] = response
        bar.advance()
    for request_id, digest in digests.items():
        known[digest] = Response(request_id, finish="error", error="the engine gave no response")


def encodable(text: str) -> str:
    """Half of a cut emoji is no character: it can't be written in any file."""
    return text.encode("utf-8", "replace").decode()


def tasks_record(plans: Sequence[Plan], failed: Mapping[str, str]) -> dict[str, Any]:
    records: dict[str, Any] = {plan.task.name: plan.record() for plan in plans}
    return records | {name: {"error": why} for name, why in failed.items()}
