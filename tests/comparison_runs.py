"""Two runs of the same questions, and the comparison of them: real files, real scoring, hostile answers among them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pandas as pd

from mmeval.compare import CompareSettings, Comparisons, compare_runs
from mmeval.inference.base import Response
from mmeval.runs import Asked, RunFolder
from mmeval.scoring import as_json, score, summarise
from tests.report_run import CATALOG, EVIL, TASKS, build

HOSTILE = {
    "turn/0": EVIL + " {{ 7 * 7 }} {% raw %} ${7*7} &lt;b&gt;",
    "turn/1": "A huge line: " + "long " * 40_000,
    "turn/2": "bell \x07 escape \x1b[31m null \x00 end",
    "turn/3": "right \u202eto left\u202c and back \u2066apart\u2069",
}


def candidate_of(base: RunFolder, folder: Path, name: str, better: float = 0.6, lost: int = 0) -> RunFolder:
    """The base's questions answered anew: of its wrong answers a share of `better` is mended, a few right ones are
    spoiled; `lost` questions have no answer; what `HOSTILE` names is said word for word."""
    rng = random.Random(name)
    said = base.responses()
    with RunFolder.open(folder) as run:
        asked: list[Asked] = []
        answers: dict[tuple[str, str], str | None] = {}
        for place, one in enumerate(base.samples()):
            old = said[str(one.request)]
            text = _answer(one, old, better, rng)
            gone = old.finish == "error" or (one.task == "pope" and place < lost)
            new = Response("", error="timed out", finish="error") if gone else Response("", text, old.finish)
            run.append(str(one.request), new)
            asked.append(one)
            answers[one.task, one.sample.id] = None if gone else text
        run.write_samples(asked)
        frames, metrics = [], {}
        for task in TASKS[:3]:
            samples = [one.sample for one in asked if one.task == task.name]
            frame = score(task.scorer, samples, {one.id: answers[task.name, one.id] for one in samples})  # type: ignore[arg-type]
            metrics[task.name] = as_json(frame, summarise(frame, task.scorer), "official")  # type: ignore[arg-type]
            frame.insert(0, "task", task.name)
            frames.append(frame)
        run.write_scores(pd.concat(frames, ignore_index=True))
        run.write_json("metrics.json", metrics)
        record = base.read_json("run.json")
        run.write_json("run.json", {**record, "model": {**record["model"], "name": name, "digest": name * 8}})
    for picture in (base.path / "pictures").iterdir():
        run.write(f"pictures/{picture.name}", picture.read_bytes())
    return run


def _answer(one: Asked, old: Response, better: float, rng: random.Random) -> str:
    if one.task == "talk":
        return HOSTILE.get(one.sample.id, old.text)
    if one.task == "chair":
        return (
            f"A {one.sample.target[0]} and a {one.sample.target[1]}. The light is soft."
            if rng.random() < better
            else old.text
        )
    right = old.text.lower().startswith("yes") == (one.sample.target == "yes")
    turned = rng.random() < (0.04 if right else better)
    truth = (one.sample.target == "yes") == (right != turned)
    return old.text if not turned else f"{'Yes' if truth else 'No'}, there {'is' if truth else 'is not'} one here."


def two(folder: Path, lost: int = 3, **size: int) -> tuple[RunFolder, RunFolder]:
    base = build(folder / "base", **size, model={"name": "llava-sft", "digest": "b" * 64})  # type: ignore[arg-type]
    return base, candidate_of(base, folder / "dpo", "llava-dpo", lost=lost)


def compared(base: RunFolder, *candidates: RunFolder, force: bool = False) -> Comparisons:
    how = CompareSettings(resamples=200, permutations=100, force=force)
    return compare_runs(base, candidates, CATALOG, how)


def with_prompt(run: RunFolder, task: str, prompt: str) -> None:
    """Rewords a task in a run's record, as if it had been asked another way."""
    record = run.read_json("run.json")
    record["tasks"][task]["prompt"] = prompt
    (run.path / "run.json").write_text(json.dumps(record), encoding="utf-8")
