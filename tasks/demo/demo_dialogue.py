"""Open questions about rendered scenes, each answer rated from 1 to 10 by a judge who knows what is there."""

from collections.abc import Iterator
from typing import Any

from mmeval.demo import picture, scenes
from mmeval.samples import Sample, ask
from mmeval.scene_captions import plural
from mmeval.scene_claims import facts_of
from mmeval.scene_questions import ONE_WORD
from mmeval.scenes import Scene
from mmeval.scorers.rubric import graded, headed_ratings
from mmeval.sources import Row, generated
from mmeval.tasks import Task

SCENES = 24


def rows() -> Iterator[dict[str, Any]]:
    for place, scene in enumerate(scenes(SCENES)):
        for kind, (prompt, expected) in asked(scene).items():
            yield {"id": f"{place}/{kind}", "kind": kind, "prompt": prompt, "expected": expected, "scene": scene}


def asked(scene: Scene) -> dict[str, tuple[str, list[list[str]]]]:
    """Kind of question -> (question, claims that a good answer makes: kind, category, value)."""
    there = [["there", category, ""] for category in scene.categories]
    setting = [["setting", "", scene.background]]
    category = scene.objects[0].category
    first = next((o for o in scene.objects if scene.count(o.category) == 1), None)
    questions = {
        "description": ("Describe this image to a child.", there + setting),
        "objects": ("Give me a list of the objects in this image.", there),
        "setting": ("Tell me the place in this image.", setting),
        "number": (
            f"How many {plural(category)} are in the image?{ONE_WORD}",
            [["number", category, str(scene.count(category))]],
        ),
    }
    if first:
        questions["color"] = (
            f"Tell me the color of the {first.category} in this image.",
            [["color", first.category, first.color]],
        )
    return questions


def sample(row: Row) -> Sample:
    return Sample(
        id=row["id"],
        messages=ask(picture(row["scene"]), row["prompt"]),
        slices={"kind": row["kind"]},
        cluster=row["scene"].seed,
        metadata={"facts": {**facts_of(row["scene"]), "expected": row["expected"]}},
    )


def known(sample: Sample) -> dict[str, Any]:
    return {"facts": sample.metadata["facts"], "question": sample.prompt}


demo_dialogue = Task(
    rows=generated(rows, "rendered scenes"),
    sample=sample,
    scorer=graded(headed_ratings(("rating",)), ("rating",), "demo_dialogue", known, scale=(1, 10)),
    max_new_tokens=96,
    headline="rating",
    judge="scenes",
    dimension="dialogue",
)
