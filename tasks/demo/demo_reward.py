"""Reward models on rendered scenes: which of two captions fits, when one has a wrong object, number or colour?

`--as generative` asks the model as a judge, in both orders; `--as implicit` or `scalar` takes its numbers for the two
captions: is the true one's strictly higher? Lambert et al. 2024 (RewardBench), arXiv 2403.13787.
"""

from collections.abc import Iterator
from typing import Any

from mmeval.demo import picture, scenes
from mmeval.samples import Sample, ask
from mmeval.scene_captions import brief_caption
from mmeval.scene_mistakes import spoiled
from mmeval.scene_questions import BRIEF
from mmeval.scorers.base import Metric
from mmeval.scorers.either_order import either_order
from mmeval.scorers.rewards import rewarded
from mmeval.sources import Row, generated
from mmeval.tasks import REWARDS, Task

SCENES = 40
QUESTION = "Which description fits the image better?\nA: {}\nB: {}\nAnswer with A or B."


def rows() -> Iterator[dict[str, Any]]:
    for place, scene in enumerate(scenes(SCENES)):
        for kind, false in spoiled(scene).items():
            yield {"id": f"{place}/{kind}", "kind": kind, "scene": scene, "false": false}


def sample(row: Row) -> Iterator[Sample]:
    true, false = brief_caption(row["scene"]), row["false"]
    for letter, pair in (("A", (true, false)), ("B", (false, true))):
        yield Sample(
            id=f"{row['id']}/{letter}",
            messages=ask(picture(row["scene"]), QUESTION.format(*pair)),
            target=letter,
            slices={"wrong": row["kind"]},
            cluster=row["scene"].seed,
            groups={"pair": row["id"]},
        )


def rated(row: Row) -> Sample:
    return Sample(
        id=row["id"],
        messages=ask(picture(row["scene"]), BRIEF),
        target=0,
        slices={"wrong": row["kind"]},
        cluster=row["scene"].seed,
        continuations=(brief_caption(row["scene"]), row["false"]),
    )


demo_reward = Task(
    rows=generated(rows, "rendered scenes"),
    sample=sample,
    rated=rated,
    scorer={
        "official": either_order,
        REWARDS: rewarded(
            {
                "accuracy": Metric(lambda s: s.ratio(s.right, s.n)),
                "tied": Metric(lambda s: s.ratio(s.tied, s.n), better=None),
            }
        ),
    },
    max_new_tokens=4,
    headline="accuracy",
    dimension="reward_model",
)
