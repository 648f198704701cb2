"""A small POPE in the official layout, with drawn pictures: data for tests that run the whole pipeline."""

import json
import random
from pathlib import Path

import PIL.Image
import PIL.ImageDraw

OBJECTS = ("dog", "cat", "car", "bird", "chair", "cup")


def write_pope(root: Path, pictures: int = 6, seed: int = 0) -> Path:
    """`root/pope/coco_pope_{random,popular,adversarial}.json` with six questions a picture and split."""
    rng = random.Random(seed)
    folder = root / "pope"
    (folder / "val2014").mkdir(parents=True)
    for i in range(pictures):
        picture = PIL.Image.new("RGB", (64 + 8 * i, 48), tuple(rng.randrange(256) for _ in range(3)))
        PIL.ImageDraw.Draw(picture).rectangle((4, 4, 30, 20 + i), fill=tuple(rng.randrange(256) for _ in range(3)))
        picture.save(folder / "val2014" / name(i))
    for split in ("random", "popular", "adversarial"):
        rows = []
        for i in range(pictures):
            for j in range(6):
                thing = OBJECTS[(i + j + len(split)) % len(OBJECTS)]
                text = f"Is there a {thing} in the image?"
                rows.append(
                    {"question_id": len(rows) + 1, "image": name(i), "text": text, "label": ["yes", "no"][j % 2]}
                )
        (folder / f"coco_pope_{split}.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


def name(i: int) -> str:
    return f"COCO_val2014_{i:012d}.png"
