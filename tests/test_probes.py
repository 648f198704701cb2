"""Probes built from annotations: balance, order, determinism, and the three rules counted again by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from mmeval.catalog import load_catalog
from mmeval.errors import DataError, UsageError
from mmeval.probes import SPLITS, build_pope

NAMES = ["person", "dog", "cat", "car", "bus", "apple", "umbrella", "tie", "bird", "boat"]
PICTURES = {  # picture id -> its objects, in the annotations' order
    1: ["person", "dog", "car"],
    2: ["person", "dog", "apple", "tie"],
    3: ["person", "cat"],
    4: ["bus"],
    5: ["person", "dog", "umbrella", "bird"],
    6: [],
    7: ["boat", "person", "cat"],
}


@pytest.fixture
def coco(tmp_path):
    """Annotations and pictures in COCO's format; `coco(change)` may break the data first."""
    from PIL import Image

    images = tmp_path / "pictures"
    images.mkdir()
    for id in PICTURES:
        Image.new("RGB", (8, 8)).save(images / f"{id:012d}.jpg")

    def write(change=lambda data: None):
        data = {
            "images": [{"id": id, "file_name": f"{id:012d}.jpg"} for id in PICTURES],
            "categories": [{"id": i, "name": name} for i, name in enumerate(NAMES, start=1)],
            "annotations": [
                {"id": 100 * id + i, "image_id": id, "category_id": NAMES.index(name) + 1}
                for id, objects in PICTURES.items()
                for i, name in enumerate([*objects, *objects[:1]])  # an object may be annotated twice
            ],
        }
        change(data)
        path = tmp_path / "instances.json"
        path.write_text(json.dumps(data))
        return path

    write.images = images
    write.out = tmp_path / "out"
    return write


def rows(out: Path, split: str) -> list[dict]:
    return [json.loads(line) for line in (out / f"coco_pope_{split}.json").read_text().splitlines()]


def by_picture(questions) -> dict[int, list[dict]]:
    found: dict[int, list[dict]] = {}
    for row in questions:
        found.setdefault(int(Path(row["image"]).stem), []).append(row)
    return found


def object_of(row) -> str:
    return row["text"].removeprefix("Is there ").removesuffix(" in the image?").split(" ", 1)[1]


def test_yes_and_no_alternate_and_labels_are_true(coco):
    built = build_pope(coco(), coco.images, coco.out)
    assert built.pictures == 6
    assert built.skipped == {"000000000006.jpg": "0 objects, fewer than 1"}
    assert built.questions == dict.fromkeys(SPLITS, 2 * (3 + 3 + 2 + 1 + 3 + 3))
    for split in SPLITS:
        questions = rows(coco.out, split)
        assert [row["question_id"] for row in questions] == list(range(1, len(questions) + 1))
        assert [row["label"] for row in questions] == ["yes", "no"] * (len(questions) // 2)
        for id, asked in by_picture(questions).items():
            assert len({object_of(row) for row in asked}) == len(asked) <= 6
            assert all((object_of(row) in PICTURES[id]) == (row["label"] == "yes") for row in asked)
            assert [object_of(row) for row in asked[::2]] == PICTURES[id][:3]
            assert all(set(row) == {"question_id", "image", "text", "label"} for row in asked)


def test_articles_follow_the_first_letter(coco):
    build_pope(coco(), coco.images, coco.out)
    for row in rows(coco.out, "random"):
        name = object_of(row)
        assert row["text"] == f"Is there {'an' if name in {'apple', 'umbrella'} else 'a'} {name} in the image?"


def test_popular_asks_for_the_most_frequent_absent_objects(coco):
    build_pope(coco(), coco.images, coco.out)
    frequency = Counter(name for objects in PICTURES.values() for name in objects)
    for id, asked in by_picture(rows(coco.out, "popular")).items():
        absent = sorted((n for n in frequency if n not in PICTURES[id]), key=lambda n: (-frequency[n], n))
        assert [object_of(row) for row in asked[1::2]] == absent[: len(asked) // 2]


def test_adversarial_asks_for_what_stands_beside_the_object_just_asked_for(coco):
    build_pope(coco(), coco.images, coco.out)
    for id, asked in by_picture(rows(coco.out, "adversarial")).items():
        used: set[str] = set()
        for yes, no in zip(asked[::2], asked[1::2], strict=True):
            beside = Counter(name for objects in PICTURES.values() if object_of(yes) in objects for name in objects)
            left = {n: beside[n] for n in beside if n not in PICTURES[id] and n not in used}
            if left:
                assert left[object_of(no)] == max(left.values())
            used.add(object_of(no))


def test_the_same_seed_writes_the_same_files_and_another_one_does_not(coco, tmp_path):
    path = coco()
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder, seed in zip(folders, (1, 1, 2), strict=True):
        build_pope(path, coco.images, folder, seed=seed)
    texts = [(folder / "coco_pope_random.json").read_text() for folder in folders]
    assert texts[0] == texts[1] != texts[2]
    assert len({(folder / "coco_pope_popular.json").read_text() for folder in folders}) == 1


def test_pictures_can_be_required_to_have_objects_and_be_drawn(coco):
    built = build_pope(coco(), coco.images, coco.out, min_objects=3, pictures=2)
    assert built.pictures == 2
    assert Counter(built.skipped.values()) == {
        "not drawn": 2,
        "2 objects, fewer than 3": 1,
        "1 objects, fewer than 3": 1,
        "0 objects, fewer than 3": 1,
    }
    assert {len(asked) for asked in by_picture(rows(coco.out, "random")).values()} <= {2, 4, 6}


def test_what_was_built_is_a_data_folder_for_pope_and_chair(coco):
    build_pope(coco(), coco.images, coco.out)
    build_pope(coco(), coco.images, coco.out)  # again over itself
    tasks = load_catalog().tasks
    for name, expected in (("pope", 3 * 30), ("chair", 6)):
        samples = [one for row in tasks[name].rows.rows((coco.out,), name) for one in tasks[name].samples_of(row)]
        assert len(samples) == expected
        assert {one.images[0].open().size for one in samples} == {(8, 8)}


def test_pictures_are_copied_where_links_cannot_be_made(coco, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    build_pope(coco(), coco.images, coco.out)
    assert not (coco.out / "images").is_symlink()
    assert len(list((coco.out / "images").iterdir())) == 6


def test_pictures_reached_through_the_users_own_link_stay_reachable(coco):
    own = coco.out / "images"
    coco.out.mkdir()
    own.symlink_to(coco.images, target_is_directory=True)
    build_pope(coco(), own, coco.out)
    assert own.readlink() == coco.images
    assert len(list(own.iterdir())) == len(PICTURES)


def test_pictures_below_the_link_that_is_replaced_stay_reachable(coco, tmp_path):
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "part").symlink_to(coco.images, target_is_directory=True)
    coco.out.mkdir()
    (coco.out / "images").symlink_to(tmp_path / "all", target_is_directory=True)
    build_pope(coco(), coco.out / "images" / "part", coco.out)
    assert (coco.out / "images").samefile(coco.images)


def test_building_again_out_of_what_was_built(coco):
    build_pope(coco(), coco.images, coco.out)
    build_pope(coco(), coco.out / "images", coco.out)
    assert (coco.out / "images").samefile(coco.images)


def test_a_real_folder_of_pictures_stays_as_it_is(coco):
    coco.images.rename(coco.images.parent / "images")
    build_pope(coco(), coco.images.parent / "images", coco.images.parent)
    assert not (coco.images.parent / "images").is_symlink()
    assert len(list((coco.images.parent / "images").iterdir())) == len(PICTURES)


def test_building_beside_the_annotations_leaves_them_as_they_are(coco):
    path = coco()
    before = path.read_text()
    build_pope(path, coco.images, path.parent)
    assert path.read_text() == before


def broken(part, field):
    def change(data):
        del data[part][1][field]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (broken("annotations", "category_id"), r"instances.json: entry 2 of 'annotations' has no field 'category_id'"),
        (broken("images", "id"), r"instances.json: entry 2 of 'images' has no field 'id'"),
        (broken("images", "file_name"), r"instances.json: entry 2 of 'images' has no field 'file_name'"),
        (broken("categories", "name"), r"instances.json: entry 2 of 'categories' has no field 'name'"),
        (lambda data: data.pop("annotations"), r"instances.json: .*has no list 'annotations'"),
        (lambda data: data["annotations"][0].update(category_id=99), r"annotation 1 has category_id 99"),
        (lambda data: data["images"][0].update(file_name="gone.jpg"), r"1 of its pictures are not in .*e.g. gone.jpg"),
        (lambda data: data["images"][0].update(file_name="../x.jpg"), r"leads out of"),
        (lambda data: data["annotations"].clear(), r"no picture to ask about; 7 pictures: 0 objects"),
    ],
)
def test_broken_annotations_name_file_and_field(coco, change, message):
    with pytest.raises(DataError, match=message):
        build_pope(coco(change), coco.images, coco.out)
    assert not coco.out.exists()


def test_odd_numbers_of_questions_and_absent_folders_are_refused(coco, tmp_path):
    with pytest.raises(UsageError, match="per_image must be even"):
        build_pope(coco(), coco.images, coco.out, per_image=5)
    with pytest.raises(DataError, match="no such folder"):
        build_pope(coco(), tmp_path / "nowhere", coco.out)
    with pytest.raises(DataError, match=r"absent.json: can't be read"):
        build_pope(tmp_path / "absent.json", coco.images, coco.out)
