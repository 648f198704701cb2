"""The rendered scenes of the `demo` suite, as annotated pictures. Drawn when looked at; nothing is stored."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from mmeval.coco import Annotated
from mmeval.samples import Image
from mmeval.scene_captions import true_captions
from mmeval.scenes import Scene, evaluation_scene, file_name, render

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


@lru_cache(1)
def scenes(number: int) -> tuple[Scene, ...]:
    """The first `number` evaluation scenes: held out from training by seed and by combinations of attributes."""
    return tuple(evaluation_scene(i) for i in range(number))


@lru_cache(None)
def picture(scene: Scene) -> Image:
    """A scene's picture, the same object for all questions about it."""
    return Image(draw=partial(_drawn, scene), name=file_name(scene))


@lru_cache(128)  # looked at for its digest, by the model and for the page
def _drawn(scene: Scene) -> Picture:
    return render(scene)


def annotated(scene: Scene) -> Annotated:
    return Annotated(scene.seed, file_name(scene), scene.categories, tuple(true_captions(scene)))
