"""Run folders for leaderboards: yes/no tasks on pictures that some of them share, answered with a chosen skill."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pandas as pd

from mmeval.catalog import Catalog
from mmeval.inference.base import Response
from mmeval.runs import Asked, RunFolder
from mmeval.samples import Sample, ask
from mmeval.scorers.base import Metric, Scored, Scorer, counts
from mmeval.scoring import as_json, score, summarise
from mmeval.tasks import Task

DIMENSIONS = ("general_knowledge", "hallucination", "safety", "dialogue", "reward_model", "alignment")


def right(sample: Sample, answer: str) -> Scored:
    return counts(correct=answer == sample.target, right=answer == sample.target, words=len(answer.split()))


RIGHT = Metric(lambda s: s.ratio(s.right, s.n))
WRONG = Metric(lambda s: 1 - s.ratio(s.right, s.n), better="lower")
STARS = Metric(lambda s: 1 + 4 * s.ratio(s.right, s.n), unit="number", scale=(1, 5))
ENDLESS = Metric(lambda s: s.ratio(s.words, s.n), unit="number")
HARM = {
    "unsafe_compliance": WRONG,
    "over_refusal": Metric(lambda s: s.ratio(s.right, 2 * s.n), better="lower"),
    "accuracy": RIGHT,
}


def task(name: str, dimension: str, metrics: Mapping[str, Metric], headline: str = "accuracy") -> Task:
    made = Task(
        rows=None,  # type: ignore[arg-type]
        sample=lambda row: None,
        scorer=Scorer(right, metrics),
        max_new_tokens=8,
        headline=headline,
    )
    return replace(made, name=name, dimension=dimension, suite=dimension)


CATALOG = Catalog(
    {
        one.name: one
        for one in (
            task("seen", "hallucination", {"accuracy": RIGHT}),
            task("made_up", "hallucination", {"rate": WRONG}, "rate"),
            task("harm", "safety", HARM),
            task("stars", "dialogue", {"stars": STARS}, "stars"),
            task("endless", "dialogue", {"words": ENDLESS}, "words"),
            task("headless", "dialogue", {"accuracy": RIGHT}, "rating"),
            task("liked", "alignment", {"accuracy": RIGHT}),
            task("known", "general_knowledge", {"accuracy": RIGHT}),
        )
    }
)


def samples_of(name: str, pictures: int, each: int) -> list[tuple[Sample, tuple[str, ...]]]:
    """The same for every run. Tasks share their pictures; "known" shows one blank picture beside every text, "liked"
    none."""
    found = []
    for picture in range(pictures):
        for turn in range(each):
            digest = {"known": ("blank",), "liked": ()}.get(name, (sha256(f"{picture}".encode()).hexdigest(),))
            target = "yes" if (picture + turn) % 2 else "no"
            sample = Sample(f"{picture}-{turn}", ask(f"{name}? {picture}-{turn}"), target, cluster=f"{name}-{picture}")
            found.append((sample, digest))
    return found


def build(
    folder: Path,
    skill: Mapping[str, float],
    *,
    name: str = "model",
    seed: int = 0,
    pictures: int = 40,
    each: int = 3,
    catalog: Catalog = CATALOG,
    told: Mapping[str, Mapping[str, object]] | None = None,
    missing: Mapping[str, int] | None = None,
    **manifest: object,
) -> RunFolder:
    """A finished run. skill: task -> share of right answers. told: task -> what its part of run.json says otherwise;
    missing: task -> how many samples have no answer."""
    asked, frames, metrics = [], [], {}
    rng = random.Random(seed)
    with RunFolder.open(folder) as run:
        for task_name, share in skill.items():
            scorer = catalog.tasks[task_name].scorer_for()[1]
            rows = samples_of(task_name, pictures, each)
            other = {"yes": "no", "no": "yes"}
            answers: dict[str, str | None] = {}
            for i, (sample, images) in enumerate(rows):
                lost = i < (missing or {}).get(task_name, 0)
                answers[sample.id] = None if lost else sample.target if rng.random() < share else other[sample.target]
                request = sha256(f"{task_name}/{sample.id}".encode()).hexdigest()
                asked.append(Asked(task_name, sample, request, images))
                run.append(request, Response("", answers[sample.id] or "", "error" if lost else "stop"))
            frame = score(scorer, [sample for sample, _ in rows], answers)
            metrics[task_name] = as_json(frame, summarise(frame, scorer, resamples=50), "official")
            frame.insert(0, "task", task_name)
            frames.append(frame)
        run.write_samples(asked)
        run.write_scores(pd.concat(frames, ignore_index=True))
        run.write_json("metrics.json", metrics)
        record = {
            "mmeval": "0.1.0",
            "status": "done",
            "model": {"name": name, "digest": sha256(name.encode()).hexdigest()},
            "config": {"seed": 0},
            "tasks": {
                one: {
                    "dimension": "demo",  # what an older version wrote: the catalogue knows better
                    "dialect": "official",
                    "fingerprint": sha256(f"{one}{pictures}{each}".encode()).hexdigest(),
                    "headline": catalog.tasks[one].headline if one in catalog.tasks else "accuracy",
                    "samples": pictures * each,
                    **((told or {}).get(one) or {}),
                }
                for one in [*skill, *(one for one in told or {} if one not in skill)]
            },
            **manifest,
        }
        run.write_json("run.json", record)
    return run
