"""Procedurally drawn scenes whose truth is known: made from an integer seed, rendered at any pixel size.

Categories carry COCO's names and ids, so that the rules of CHAIR and POPE apply to scenes as to COCO pictures.
Objects are drawn from a prior that depends on the backdrop and on what is there already: that skew is what makes
POPE's popular and adversarial negatives harder than random ones. Needs only the standard library and PIL.
"""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image

from mmeval.scene_icons import COLOR_VALUES, ICONS, VARIANTS, backdrop, sprite

Split = Literal["train", "eval"]

CATEGORIES: dict[str, tuple[int, str]] = {
    "apple": (53, "food"),
    "banana": (52, "food"),
    "bird": (16, "animal"),
    "boat": (9, "vehicle"),
    "book": (84, "indoor"),
    "bottle": (44, "kitchen"),
    "car": (3, "vehicle"),
    "cat": (17, "animal"),
    "chair": (62, "furniture"),
    "clock": (85, "indoor"),
    "cup": (47, "kitchen"),
    "dog": (18, "animal"),
    "kite": (38, "sports"),
    "truck": (8, "vehicle"),
    "umbrella": (28, "accessory"),
}
"""Category name -> (COCO category id, COCO supercategory)."""

# "orange" is left out on purpose: as a colour word it would count as the fruit under CHAIR's synonym list.
COLORS: tuple[str, ...] = tuple(COLOR_VALUES)
BACKGROUNDS: tuple[str, ...] = ("kitchen", "street", "park", "beach")
SIZES: tuple[str, ...] = ("small", "large")
MAX_OBJECTS = 6

HELD_OUT: frozenset[tuple[str, str]] = frozenset(
    (category, COLORS[(3 * i + 1) % len(COLORS)]) for i, category in enumerate(CATEGORIES)
)
"""One (category, colour) pair a category that no training scene holds."""

EVALUATION_SEEDS = 1_000_000_000
"""Seeds from here on belong to evaluation scenes, those below to training scenes."""

_PRIOR: dict[str, dict[str, float]] = {
    "kitchen": {"cup": 9, "bottle": 6, "apple": 6, "banana": 5, "chair": 5, "clock": 4, "book": 3, "cat": 2},
    "street": {"car": 9, "truck": 6, "clock": 3, "umbrella": 3, "dog": 3, "bird": 2, "chair": 1.5, "cat": 2},
    "park": {"dog": 7, "bird": 6, "kite": 6, "book": 2.5, "cat": 3, "apple": 2, "chair": 3, "umbrella": 2},
    "beach": {"boat": 8, "umbrella": 7, "kite": 4, "bird": 4, "bottle": 3, "dog": 2.5, "chair": 3, "book": 2},
}
_RARE = 0.5
COMPANIONS: dict[str, str] = {
    "cup": "bottle",
    "car": "truck",
    "dog": "bird",
    "boat": "umbrella",
    "apple": "banana",
    "book": "chair",
    "cat": "clock",
}
"""Category -> the category that most often comes with it (its weight in the prior is five times as high)."""

# Sides as multiples of 1/96 of the picture: at 96 and 384 pixels every box falls on whole pixels.
_GRID = 96
_SIDES: dict[str, tuple[int, ...]] = {"small": (16, 18, 20), "large": (28, 30, 32, 34)}
_COUNT_WEIGHTS = (1.0, 2.0, 3.0, 3.0, 2.5, 2.0)


@dataclass(frozen=True)
class SceneObject:
    """One object; `bbox` is (x, y, width, height) in units of the picture's side, origin top left."""

    category: str
    color: str
    size: str
    bbox: tuple[float, float, float, float]

    @property
    def center(self) -> tuple[float, float]:
        x, y, w, h = self.bbox
        return x + w / 2, y + h / 2


@dataclass(frozen=True)
class Scene:
    """A backdrop and its objects in drawing order (later ones lie on top)."""

    seed: int
    background: str
    variant: int
    objects: tuple[SceneObject, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories present, each once, in alphabetical order."""
        return tuple(sorted({o.category for o in self.objects}))

    def of(self, category: str) -> tuple[SceneObject, ...]:
        return tuple(o for o in self.objects if o.category == category)

    def count(self, category: str) -> int:
        return len(self.of(category))


def training_scene(index: int) -> Scene:
    """The scene of training number `index` (0 <= index < EVALUATION_SEEDS); no held-out combination in it."""
    if not 0 <= index < EVALUATION_SEEDS:
        raise ValueError(f"a training scene's index lies in 0..{EVALUATION_SEEDS - 1}, got {index}")
    return make_scene(index, "train")


def evaluation_scene(index: int) -> Scene:
    """The scene of evaluation number `index` (>= 0); about one object in eight has a held-out combination."""
    if index < 0:
        raise ValueError(f"an evaluation scene's index is not negative, got {index}")
    return make_scene(EVALUATION_SEEDS + index, "eval")


def make_scene(seed: int, split: Split) -> Scene:
    """The scene of a seed: the same objects on every machine and Python version."""
    rng = random.Random(seed)
    background = rng.choice(BACKGROUNDS)
    variant = rng.randrange(VARIANTS)
    number = rng.choices(range(1, MAX_OBJECTS + 1), _COUNT_WEIGHTS)[0]
    objects: list[SceneObject] = []
    for _ in range(number):
        placed = _place(rng, _draw_category(rng, background, objects), split, objects)
        if placed is not None:
            objects.append(placed)
    return Scene(seed, background, variant, tuple(objects))


def _draw_category(rng: random.Random, background: str, objects: list[SceneObject]) -> str:
    if objects and rng.random() < 0.28:
        return rng.choice(objects).category
    prior = _PRIOR[background]
    companions = {COMPANIONS.get(o.category) for o in objects}
    weights = [prior.get(c, _RARE) * (5.0 if c in companions else 1.0) for c in CATEGORIES]
    return rng.choices(list(CATEGORIES), weights)[0]


def _place(rng: random.Random, category: str, split: Split, objects: list[SceneObject]) -> SceneObject | None:
    """A free place for one object, or None when sixty tries found none."""
    colors = [c for c in COLORS if split == "eval" or (category, c) not in HELD_OUT]
    color = rng.choice(colors)
    size = rng.choice(SIZES)
    overlap = 0.3 if rng.random() < 0.3 else 0.0
    for attempt in range(60):
        if attempt == 40:
            size = "small"
        side = rng.choice(_SIDES[size])
        aspect = ICONS[category][1]
        w, h = round(side * aspect**0.5), round(side / aspect**0.5)
        x, y = rng.randint(2, _GRID - w - 3), rng.randint(2, _GRID - h - 3)
        bbox = (x / _GRID, y / _GRID, w / _GRID, h / _GRID)
        if all(_covered(bbox, o.bbox) <= overlap for o in objects):
            return SceneObject(category, color, size, bbox)
    return None


def _covered(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """The boxes' intersection as a share of the smaller box."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / min(a[2] * a[3], b[2] * b[3])


def render(scene: Scene, pixels: int = 384) -> Image.Image:
    """The scene as a square RGB picture of `pixels` x `pixels`."""
    image = backdrop(scene.background, scene.variant, pixels).copy()
    for o in scene.objects:
        x, y, w, h = pixel_box(o.bbox, pixels)
        icon, margin = sprite(o.category, o.color, w, h)
        image.paste(icon, (x - margin, y - margin), icon)
    return image


def pixel_box(bbox: tuple[float, float, float, float], pixels: int) -> tuple[int, int, int, int]:
    """A unit-square box as whole pixels (x, y, width, height)."""
    x, y, w, h = bbox
    return round(x * pixels), round(y * pixels), max(1, round(w * pixels)), max(1, round(h * pixels))


@functools.cache
def category_frequency() -> Mapping[str, int]:
    """In how many of 2,000 training scenes each category appears, most frequent first (POPE's `popular`)."""
    counts = Counter(c for i in range(2000) for c in training_scene(i).categories)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@functools.cache
def cooccurrence() -> Mapping[str, Mapping[str, int]]:
    """For each category, how often every other shares a training scene with it (POPE's `adversarial`)."""
    table: dict[str, Counter[str]] = {c: Counter() for c in CATEGORIES}
    for i in range(2000):
        present = training_scene(i).categories
        for a in present:
            table[a].update(b for b in present if b != a)
    return table


def popular_absent(scene: Scene) -> list[str]:
    """The categories absent from the scene, the most frequent first."""
    return [c for c in category_frequency() if c not in scene.categories]


def adversarial_absent(scene: Scene) -> list[str]:
    """The categories absent from the scene, those that most often come with the present ones first."""
    table = cooccurrence()
    absent = [c for c in CATEGORIES if c not in scene.categories]
    # Conditional frequency, lest a frequent category decide for all that are present.
    size = category_frequency()
    return sorted(absent, key=lambda c: (-sum(table[p][c] / size[p] for p in scene.categories), c))


def coco_instances(scenes: Iterable[Scene], pixels: int = 384) -> dict[str, Any]:
    """The scenes in the format of COCO's `instances_*.json`; image ids are the scenes' seeds, boxes in pixels."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for scene in scenes:
        images.append({"id": scene.seed, "file_name": file_name(scene), "width": pixels, "height": pixels})
        for o in scene.objects:
            x, y, w, h = pixel_box(o.bbox, pixels)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": scene.seed,
                    "category_id": CATEGORIES[o.category][0],
                    "bbox": [x, y, w, h],
                    "area": w * h,
                    "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]],
                    "iscrowd": 0,
                    "color": o.color,
                }
            )
    categories = [{"id": i, "name": name, "supercategory": s} for name, (i, s) in CATEGORIES.items()]
    return {
        "info": {"description": "mmeval rendered scenes"},
        "images": images,
        "annotations": annotations,
        "categories": sorted(categories, key=lambda c: str(c["id"]).zfill(3)),
    }


def file_name(scene: Scene) -> str:
    """The picture's file name, after COCO's twelve-digit manner."""
    return f"scene_{scene.seed:012d}.png"
