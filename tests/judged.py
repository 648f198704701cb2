"""What tests of judged tasks share: the judge's prompts as rendered, and figures from given replies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from mmeval.catalog import load_catalog
from mmeval.prompts import judge_prompt
from mmeval.samples import Sample
from mmeval.scorers.panel import Said
from mmeval.scoring import score, summarise
from mmeval.tasks import Task

MARK = re.compile(r"^(<<<[A-Za-z0-9 ]+) [0-9a-f]{8}$|^([A-Za-z0-9 ]+) [0-9a-f]{8}(?=>>>$)", re.MULTILINE)


def asked(
    task: Task,
    sample: Sample,
    answer: str,
    replies: Sequence[str] = (),
    dialect: str | None = None,
    swapped: bool = False,
) -> list[str]:
    """The judge's prompts of the next round, in our words, with marks bare of their code: `<<<ANSWER`."""
    scorer = task.scorer_for(dialect)[1]
    judging = (scorer.swapped() if swapped else scorer).judging
    assert judging
    prompt = judge_prompt(judging.prompt, load_catalog().judges)
    calls = judging.calls(sample, answer, replies)
    return [MARK.sub(r"\1\2", prompt.messages(variables, sample.images)[-1].text) for variables in calls]


def readable(task: Task, sample: Sample, reply: str, replies: Sequence[str] = ()) -> bool:
    """Whether a reply to the first call of the next round can be used."""
    judging = task.scorer_for()[1].judging
    assert judging
    return judging.readable(reply, judging.calls(sample, "An answer.", replies)[0])


def figures(
    task: Task, samples: Sequence[Sample], replies: Mapping[str, Said | Sequence[str]], dialect: str | None = None
) -> tuple[dict[str, float], pd.DataFrame]:
    """(metric -> value, table of scores) from a judge's replies."""
    scorer = task.scorer_for(dialect)[1]
    frame = score(scorer, samples, {one.id: "An answer." for one in samples}, replies)
    return {name: one.value for name, one in summarise(frame, scorer, resamples=0).metrics.items()}, frame
