"""Samples -> requests: limits, repeats and ablations, the same for every task."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmeval.errors import DataError, MmevalError, UsageError
from mmeval.inference.base import Decoding, Request, digest_of
from mmeval.samples import Image, Message, Sample
from mmeval.scorers.base import Scorer
from mmeval.sources import Found, Row
from mmeval.tasks import Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What decides a run's answers and scores, apart from the model and the data."""

    limit: int | None = None
    max_new_tokens: int | None = None
    temperature: float = 0.0
    top_p: float = 1.0
    repeats: int = 1
    seed: int = 0
    ablate: str | None = None
    scoring: str | None = None
    prompt: str | None = None
    resamples: int = 2000
    ask_as: str = "generative"

    def __post_init__(self) -> None:
        if self.ask_as not in ("generative", "scalar", "implicit"):
            raise UsageError(f"--as {self.ask_as}: must be generative, scalar or implicit")
        if self.ablate not in (None, "no-image", "shuffled-image"):
            raise UsageError(f"no ablation {self.ablate!r} (there are: no-image, shuffled-image)")
        if self.repeats > 1 and self.temperature == 0:
            raise UsageError("several answers a question (--repeats) need --temperature above 0, or they are all equal")
        for name, value, least in (("limit", self.limit, 1), ("max-new-tokens", self.max_new_tokens, 1)):
            if value is not None and value < least:
                raise UsageError(f"--{name} {value}: must be at least {least}")
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed}: must not be negative")
        if self.repeats < 1 or self.temperature < 0 or not 0 < self.top_p <= 1:
            raise UsageError("--repeats must be at least 1, --temperature at least 0, --top-p in (0, 1]")

    def decoding(self, task_limit: int) -> Decoding:
        return Decoding(
            max_new_tokens=self.max_new_tokens or task_limit,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What one task asks: samples and their requests, side by side, and the scorer that will read the answers."""

    task: Task
    dialect: str
    scorer: Scorer
    samples: tuple[Sample, ...]
    requests: tuple[Request, ...]
    place: str
    left_out: tuple[str, ...] = ()
    whole: bool = True
    prompt: str | None = None

    def record(self) -> dict[str, Any]:
        """This task's part of run.json."""
        task = self.task
        return {
            "dimension": task.dimension,
            "summary": task.summary,
            "dialect": self.dialect,
            "prompt": self.prompt or "official",
            "place": self.place,
            "samples": len(self.samples),
            "fingerprint": fingerprint(self.samples),
            "headline": task.headline,
            "published": dict(task.published) if self.whole else {},
            "paper": task.paper,
            "max_new_tokens": self.requests[0].decoding.max_new_tokens if self.requests else task.max_new_tokens,
        }


def fingerprint(samples: Sequence[Sample]) -> str:
    """Hex digest over what the benchmark asks and holds for true: ids, prompts, targets, slices; not the pictures,
    whose content is in each request's digest."""
    return digest_of(
        [[one.id, one.prompt, one.target, dict(one.slices), dict(one.metadata), *one.continuations] for one in samples]
    )


def plan_task(task: Task, data: tuple[Path, ...], decoding: Decoding, settings: Settings) -> Plan:
    """Reads a task's rows and makes its requests.

    Raises `DataError` when rows are absent or broken, or when two samples have one id.
    """
    if settings.ask_as != "generative":
        task = task.rewarded()
    dialect, scorer = task.scorer_for(settings.scoring if settings.scoring in task.dialects else None)
    prompt = settings.prompt if settings.prompt in task.prompts else None
    task = task.prompted(prompt)
    found = task.rows.locate(data, task.name)
    everything = read_samples(task, data, found)
    samples = everything[: settings.limit]
    if len(samples) < len(everything):
        samples = _without_cut_groups(samples, everything)
    _rehearse(task, scorer, samples[0])
    samples = ablated(samples, settings.ablate, settings.seed)
    if settings.repeats > 1:
        samples = [repeated(sample, k) for sample in samples for k in range(settings.repeats)]
    requests = tuple(
        Request(
            f"{task.name}/{sample.id}",
            sample.messages,
            replace(decoding, repeat=i % settings.repeats) if settings.repeats > 1 else decoding,
            sample.continuations,
        )
        for i, sample in enumerate(samples)
    )
    return Plan(
        task,
        dialect,
        scorer,
        tuple(samples),
        requests,
        found.place,
        _left_out(samples, everything),
        len(samples) >= len(everything),
        prompt,
    )


def _without_cut_groups(samples: list[Sample], everything: list[Sample]) -> list[Sample]:
    """Samples that belong to those groups only that `--limit` has left whole: half a group is never perfect or not."""
    kept, whole = ({g: 0 for one in some for g in one.groups.items()} for some in (samples, everything))
    for number, some in ((kept, samples), (whole, everything)):
        for one in some:
            for group in one.groups.items():
                number[group] += 1
    return [
        replace(one, groups={name: key for name, key in one.groups.items() if kept[name, key] == whole[name, key]})
        if one.groups
        else one
        for one in samples
    ]


def _left_out(samples: Sequence[Sample], everything: Sequence[Sample]) -> tuple[str, ...]:
    """Slices of the benchmark of which `--limit` took nothing."""
    if len(samples) == len(everything):
        return ()
    there, whole = ({f"{k}={v}" for one in some for k, v in one.slices.items()} for some in (samples, everything))
    return tuple(sorted(whole - there))


def _rehearse(task: Task, scorer: Scorer, sample: Sample) -> None:
    """Scores a made-up answer: what a scorer lacks (a tagger, word vectors, a field) should show before hours of
    asking, not after."""
    try:
        scorer.scored(sample, str([0.0] * len(sample.continuations) or "Yes. There is a dog on the chair."))
    except MmevalError as error:
        raise DataError(f"{task.name}: {error}") from error
    except Exception as error:  # a scorer may be anybody's code
        raise DataError(f"{task.name}: its scorer fails on {sample.id!r}: {type(error).__name__}: {error}") from error


def read_samples(task: Task, data: tuple[Path, ...], found: Found | None = None) -> list[Sample]:
    """A task's samples, from the place found before if given. Raises `DataError`, also for an id that stands twice."""
    samples: list[Sample] = []
    seen: dict[str, Row] = {}
    for row in task.rows.rows(data, task.name, found):
        for sample in _samples_of(task, row):
            if sample.id in seen:
                raise DataError(f"{task.name}: id {sample.id!r} stands twice ({seen[sample.id].where} and {row.where})")
            seen[sample.id] = row
            samples.append(sample)
    if not samples:
        raise DataError(f"{task.name}: none of the rows gave a sample")
    return samples


def _samples_of(task: Task, row: Row) -> list[Sample]:
    try:
        return task.samples_of(row)
    except DataError as error:
        raise DataError(f"{task.name}: {error}") from error


def repeated(sample: Sample, k: int) -> Sample:
    """The k-th asking of a sample; it stays in its cluster, and its groups are those of the same asking."""
    groups = {name: f"{key}#{k}" for name, key in sample.groups.items()}
    return replace(sample, id=f"{sample.id}#{k}", groups=groups, cluster=sample.cluster or sample.id)


def ablated(samples: list[Sample], kind: str | None, seed: int) -> list[Sample]:
    """Samples without pictures, or with each picture replaced by another one of the task, the same for all its
    questions: what a model scores then, it scores without looking."""
    if kind is None:
        return samples
    if kind == "no-image":
        return [_with_images(sample, {}) for sample in samples]
    digests = {image: _content(image) for sample in samples for image in sample.images}
    order = list({digest: image for image, digest in digests.items()}.items())
    if len(order) < 2:
        raise DataError("shuffled-image needs at least two different pictures")
    random.Random(seed).shuffle(order)
    others = {digest: order[(i + 1) % len(order)][1] for i, (digest, _) in enumerate(order)}
    return [_with_images(sample, {image: others[digests[image]] for image in sample.images}) for sample in samples]


def _content(image: Image) -> str:
    """A picture's digest; of one that can't be read, its name: it stays missing, under whatever question."""
    try:
        return image.digest()
    except DataError:
        return image.label


def _with_images(sample: Sample, others: dict[Image, Image]) -> Sample:
    messages = tuple(
        Message(
            message.role,
            tuple(
                others[part] if isinstance(part, Image) else part
                for part in message.content
                if isinstance(part, str) or part in others
            ),
        )
        for message in sample.messages
    )
    return replace(sample, messages=messages)
