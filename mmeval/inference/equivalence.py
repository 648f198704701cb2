"""Do a model's answers hang on how it is run? The same requests one by one, in padded batches and as trees."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from mmeval.errors import EngineError
from mmeval.inference.base import Decoding, Request, Response
from mmeval.samples import ask

if TYPE_CHECKING:
    from mmeval.inference.transformers import TransformersEngine

DOZENS = 36  # requests that are compared
# Largest difference of an answer's log-probability (nats) a token that is rounding, in full and in half precision.
EXACT, ROUNDED = 1e-3, 0.1
TOKENS = 8  # of each answer


@dataclass(frozen=True, slots=True)
class Difference:
    """One way of running against one by one.

    answers: how many were compared. flips: of those, how many are another text. largest: the largest difference of
    the log-probability (nats a token) that the two give to one and the same answer. took: the path that the engine
    took when asked for this one; another where the model can't be run so. bound: what `largest` may be.
    """

    way: str
    took: str
    answers: int
    flips: int
    largest: float
    bound: float

    @property
    def fine(self) -> bool:
        return self.largest <= self.bound

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "fine": self.fine}


def differences(engine: TransformersEngine, requests: Sequence[Request]) -> list[Difference]:
    """Padded batches and trees against one by one, on the first few dozen requests.

    Raises `EngineError` when the model answers none of them.
    """
    asked = [
        replace(one, continuations=(), decoding=Decoding(min(TOKENS, one.decoding.max_new_tokens)))
        for one in islice(requests, DOZENS)
    ]
    alone = engine.sibling(tree=False, batch_size=1)
    answers = {response.id: response for response in alone.run(asked) if response.finish != "error"}
    if not answers:
        raise EngineError(f"{engine.name}: answers none of the {len(asked)} requests of the check")
    asked = [one for one in asked if one.id in answers]
    given = [replace(one, continuations=(answers[one.id].text or " ",)) for one in asked]
    likely = {response.id: response for response in alone.run(given)}
    exact = engine.numerics.startswith(("float32", "float64"))
    found = []
    for way, tree in (("batches", False), ("trees", True)):
        other = engine.sibling(tree=tree, batch_size="auto")
        responses = {response.id: response for response in other.run(asked)}
        scored = {response.id: response for response in other.run(given)}
        found.append(
            Difference(
                way,
                ", ".join(sorted({response.path for response in responses.values() if response.path})),
                len(asked),
                sum(responses[id].text != answers[id].text for id in answers),
                max(_apart(scored[id], likely[id], max(1, answers[id].new_tokens)) for id in answers),
                EXACT if exact else ROUNDED,
            )
        )
    return found


def _apart(one: Response, other: Response, tokens: int) -> float:
    if one.loglikelihoods is None or other.loglikelihoods is None:
        return float("inf")
    return abs(one.loglikelihoods[0] - other.loglikelihoods[0]) / tokens


def refuse(found: Sequence[Difference], model: str) -> None:
    """Raises `EngineError` that names the ways whose difference is above the bound."""
    bad = [one for one in found if not one.fine]
    if bad:
        said = "; ".join(
            f"{one.way} differ by {one.largest:.3g} nats a token (bound {one.bound:g}), {one.flips} of {one.answers} "
            "answers are others"
            for one in bad
        )
        raise EngineError(f"{model}: answers hang on how the model is run: {said}; try --no-tree or --batch-size 1")


def rendered_requests(pictures: int = 6, each: int = 6) -> list[Request]:
    """Questions about rendered scenes, of several lengths, for a model of which nothing else is known."""
    from mmeval.demo import picture
    from mmeval.scene_questions import AMBER_DESCRIBE, DETAILED, existence_prompt
    from mmeval.scenes import CATEGORIES, evaluation_scene

    dice = random.Random(0)
    asked = []
    for number in range(pictures):
        shown = picture(evaluation_scene(300_000 + number))
        things = dice.sample(sorted(CATEGORIES), each - 2)
        for place, text in enumerate([*map(existence_prompt, things), AMBER_DESCRIBE, DETAILED]):
            asked.append(Request(f"check/{number}/{place}", ask(shown, text), Decoding(TOKENS)))
    return asked
