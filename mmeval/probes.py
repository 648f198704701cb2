"""Builds yes/no probes about objects from annotated pictures: `mmeval data build pope`.

POPE's rules (Li et al. 2023, arXiv 2305.10355, section 5; RUCAIBox/POPE `pope()`): questions alternate between an
object of the picture and one that is not in it, which is drawn at random, or is the most frequent one over all
pictures (popular), or the one that most often stands beside the object just asked for (adversarial). No object is
asked for twice about a picture, and absent objects are such as other pictures have.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmeval.coco import CAPTIONS, INSTANCES, Annotated, captions_for, load, read_coco
from mmeval.errors import DataError, UsageError

SPLITS = ("random", "popular", "adversarial")


@dataclass(frozen=True, slots=True)
class Built:
    """pictures: how many are asked about. questions: split -> number. skipped: picture's file name -> why."""

    pictures: int
    questions: Mapping[str, int]
    skipped: Mapping[str, str]


def build_pope(
    annotations: Path,
    images: Path,
    out: Path,
    per_image: int = 6,
    seed: int = 0,
    min_objects: int = 1,
    pictures: int | None = None,
) -> Built:
    """Writes coco_pope_{random,popular,adversarial}.json, instances.json (and captions.json if there are reference
    captions) and images/ below `out`, so that it is a data folder for the tasks pope and chair.

    per_image: questions a picture, half of them yes; a picture with fewer objects gets as many pairs as it has.
    min_objects: pictures with fewer are skipped; POPE's own rule is per_image / 2, which leaves little of a small set.
    pictures: draw so many (POPE: 500). The same arguments write the same files. Raises `UsageError`, and `DataError`
    for broken annotations and pictures that are listed but absent.
    """
    if per_image < 2 or per_image % 2 or min_objects < 1:
        raise UsageError(f"per_image must be even and min_objects at least 1 (are {per_image}, {min_objects})")
    asked, skipped = _chosen(read_coco(annotations), min_objects, pictures, random.Random(seed))
    if not asked:
        raise DataError(f"{annotations.name}: no picture to ask about; {_why(skipped)}")
    _check_pictures(annotations, images, asked)
    out.mkdir(parents=True, exist_ok=True)
    questions = {}
    for split in SPLITS:
        lines = list(draw_probes(split, asked, per_image // 2, random.Random(f"{seed}/{split}")))
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (out / f"coco_pope_{split}.json").write_text(text, encoding="utf-8")
        questions[split] = len(lines)
    _write_annotations(annotations, out, {one.id for one in asked})
    _link_pictures(images, out / "images", asked)
    return Built(len(asked), questions, skipped)


def _chosen(
    known: Sequence[Annotated], min_objects: int, pictures: int | None, rng: random.Random
) -> tuple[list[Annotated], dict[str, str]]:
    """The pictures to ask about, in the annotations' order, and why the others are not."""
    short = {one.id for one in known if len(one.objects) < min_objects}
    kept = [one for one in known if one.id not in short]
    drawn = {one.id for one in (kept if pictures is None else rng.sample(kept, min(pictures, len(kept))))}
    every = {name for one in kept if one.id in drawn for name in one.objects}
    full = {one.id for one in kept if every <= set(one.objects)} & drawn
    skipped = {
        one.file: f"{len(one.objects)} objects, fewer than {min_objects}"
        if one.id in short
        else "has every object that any picture has"
        if one.id in full
        else "not drawn"
        for one in known
        if one.id not in drawn - full
    }
    return [one for one in kept if one.id in drawn - full], skipped


def _why(skipped: Mapping[str, str]) -> str:
    reasons = Counter(skipped.values())
    return "; ".join(f"{count} pictures: {reason}" for reason, count in reasons.most_common()) or "it has no pictures"


def draw_probes(split: str, asked: Sequence[Annotated], pairs: int, rng: random.Random) -> Iterator[dict[str, object]]:
    """Rows in the official layout (question_id, image, text, label): up to `pairs` yes and as many no a picture."""
    frequent = Counter(name for one in asked for name in one.objects)
    beside = {name: Counter[str]() for name in frequent}
    for one in asked:
        for name in one.objects:
            beside[name].update(other for other in one.objects if other != name)
    number = 0
    for one in asked:
        absent = [name for name in sorted(frequent) if name not in one.objects]
        for present in one.objects[:pairs]:
            if not absent:
                break
            ranked = beside[present] if split == "adversarial" else frequent
            other = _next(absent, None if split == "random" else ranked, rng)
            absent.remove(other)
            for name, label in ((present, "yes"), (other, "no")):
                number += 1
                text = f"Is there {'an' if name[0] in 'aeiou' else 'a'} {name} in the image?"
                yield {"question_id": number, "image": f"images/{one.file}", "text": text, "label": label}


def _next(absent: Sequence[str], ranked: Mapping[str, int] | None, rng: random.Random) -> str:
    """The absent object ranked highest, the first by name of several; a random one where none is ranked."""
    if ranked is not None and (known := [name for name in absent if ranked.get(name)]):
        return min(known, key=lambda name: (-ranked[name], name))
    return rng.choice(absent)


def _check_pictures(annotations: Path, images: Path, asked: Sequence[Annotated]) -> None:
    for number, entry in enumerate(load(annotations, INSTANCES)["images"], start=1):
        if not isinstance(entry.get("file_name"), str):
            raise DataError(f"{annotations.name}: entry {number} of 'images' has no field 'file_name'")
        if Path(entry["file_name"]).is_absolute() or ".." in Path(entry["file_name"]).parts:
            raise DataError(f"{annotations.name}: file_name {entry['file_name']!r} leads out of the pictures' folder")
    if not images.is_dir():
        raise DataError(f"{images}: no such folder of pictures")
    gone = [one.file for one in asked if not (images / one.file).is_file()]
    if gone:
        raise DataError(f"{annotations.name}: {len(gone)} of its pictures are not in {images}, e.g. {gone[0]}")


def _write_annotations(annotations: Path, out: Path, ids: set[int]) -> None:
    """The annotations of the pictures asked about, for the task chair."""
    data = load(annotations, INSTANCES)
    images = [one for one in data["images"] if one["id"] in ids]
    objects = [one for one in data["annotations"] if one["image_id"] in ids]
    kept = {"images": images, "annotations": objects, "categories": data["categories"]}
    _write(out / "instances.json", kept, annotations)
    for path in captions_for(annotations)[:1]:
        said = [one for one in load(path, CAPTIONS)["annotations"] if one["image_id"] in ids]
        _write(out / "captions.json", {"images": images, "annotations": said}, path)


def _write(path: Path, data: object, source: Path) -> None:
    if path.exists() and path.samefile(source):
        return  # built beside its own annotations, which stay as they are
    path.write_text(json.dumps(data, ensure_ascii=False) + "\n", encoding="utf-8")


def _link_pictures(images: Path, place: Path, asked: Sequence[Annotated]) -> None:
    """Makes the pictures reachable as `place`/NAME: by a link, or by copies where links can't be made."""
    if place.exists() and place.samefile(images):
        return
    images = images.resolve()  # before the old link goes, which `images` may lead through
    if place.is_symlink():
        place.unlink()
    if not place.exists():
        try:
            place.symlink_to(images, target_is_directory=True)
            return
        except OSError:  # file systems and Windows accounts without links
            pass
    for one in asked:
        target = place / one.file
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(images / one.file, target)
