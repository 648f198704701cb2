"""Samples -> requests: limits, repeats, ablations, ids."""

from pathlib import Path

import pytest

from mmeval.errors import DataError, UsageError
from mmeval.provenance import default_output, identity_of
from mmeval.requests import Settings, ablated, fingerprint, plan_task, read_samples
from mmeval.samples import Image, Sample, ask
from mmeval.scorers import Metric, Scorer, counts
from mmeval.sources import generated
from mmeval.tasks import Task

PICTURES = [Image(data=bytes([i]), name=f"{i}.png") for i in range(5)]


def task(rows: list[dict[str, object]]) -> Task:
    return Task(
        rows=generated(lambda: rows, "rows"),
        sample=lambda row: Sample(
            str(row["id"]), ask(PICTURES[row["picture"]], row["q"]), groups={"pair": "p"}, cluster=str(row["picture"])
        ),
        scorer=Scorer(lambda sample, answer: counts(x=1), {"x": Metric(lambda s: s.x)}),
        max_new_tokens=7,
        headline="x",
        name="t",
    )


ROWS = [{"id": i, "picture": i // 3, "q": f"q{i}"} for i in range(15)]


def test_limit_decoding_and_ids() -> None:
    settings = Settings(limit=4, temperature=0.5, seed=3)
    plan = plan_task(task(ROWS), (), settings.decoding(7), settings)
    assert [request.id for request in plan.requests] == ["t/0", "t/1", "t/2", "t/3"]
    assert {(r.decoding.max_new_tokens, r.decoding.temperature, r.decoding.seed) for r in plan.requests} == {
        (7, 0.5, 3)
    }
    assert plan.record()["samples"] == 4


def test_repeats_are_samples_of_their_own_in_one_cluster() -> None:
    settings = Settings(repeats=3, temperature=1.0)
    plan = plan_task(task(ROWS[:2]), (), settings.decoding(7), settings)
    assert [sample.id for sample in plan.samples] == ["0#0", "0#1", "0#2", "1#0", "1#1", "1#2"]
    assert [request.decoding.repeat for request in plan.requests] == [0, 1, 2, 0, 1, 2]
    assert {sample.cluster for sample in plan.samples} == {"0"}
    assert {sample.groups["pair"] for sample in plan.samples} == {"p#0", "p#1", "p#2"}


def test_repeats_without_temperature_are_refused() -> None:
    with pytest.raises(UsageError, match="--temperature above 0"):
        Settings(repeats=2)


def test_ids_that_stand_twice_are_refused() -> None:
    with pytest.raises(DataError, match=r"t: id '1' stands twice \(row 2 of rows and row 4 of rows\)"):
        read_samples(task([*ROWS[:3], ROWS[1]]), ())


def test_a_row_with_a_wrong_field_is_named() -> None:
    with pytest.raises(DataError, match=r"t: row 2 of rows has no field 'q' \(found: id, picture\)"):
        read_samples(task([ROWS[0], {"id": 1, "picture": 0}]), ())
    with pytest.raises(DataError, match=r"t: row 1 of rows is not as the benchmark defines it: IndexError"):
        read_samples(task([{"id": 1, "picture": 99, "q": "?"}]), ())


def test_no_image_takes_every_picture_away() -> None:
    samples = read_samples(task(ROWS), ())
    blind = ablated(samples, "no-image", 0)
    assert not any(sample.images for sample in blind)
    assert [sample.prompt for sample in blind] == [sample.prompt for sample in samples]


def test_shuffled_image_swaps_each_picture_for_one_other() -> None:
    samples = read_samples(task(ROWS), ())
    shuffled = ablated(samples, "shuffled-image", 0)
    swaps = {(a.images[0].name, b.images[0].name) for a, b in zip(samples, shuffled, strict=True)}
    assert len(swaps) == 5  # the same other picture for all questions about one
    assert all(before != after for before, after in swaps)
    assert {after for _, after in swaps} == {image.name for image in PICTURES}
    assert ablated(samples, "shuffled-image", 0) == shuffled


def test_shuffling_goes_by_content_not_by_name() -> None:
    # as hub rows come: each has bytes of its own, and a name of its own for the same picture
    samples = [
        Sample(str(i), ask(Image(data=bytes([i % 2]), name=f"row {i}"), f"q{i}"), cluster="c") for i in range(10)
    ]
    for before, after in zip(samples, ablated(samples, "shuffled-image", 0), strict=True):
        assert before.images[0].data != after.images[0].data


def test_fingerprint_follows_content() -> None:
    samples = read_samples(task(ROWS), ())
    changed = read_samples(task([*ROWS[:-1], {**ROWS[-1], "q": "other"}]), ())
    assert fingerprint(samples) == fingerprint(read_samples(task(ROWS), ()))
    assert fingerprint(samples) != fingerprint(changed)


def folder(model: str, suite: list[str], tasks: list[str], **settings: object) -> Path:
    chosen = Settings(**settings)
    return default_output(model, suite, tasks, chosen, identity_of(model, tasks, suite, chosen, {}))


def test_the_same_command_finds_the_same_folder(tmp_path: Path) -> None:
    assert folder("demo", ["demo"], []) == Path("runs/demo/demo")
    assert folder("org/model-7b", [], ["pope", "chair"]) == Path("runs/org-model-7b/pope+chair")
    assert folder(str(tmp_path), ["a"], []) == Path("runs") / tmp_path.name / "a"
    assert folder("m", ["a"], [], ablate="no-image") == Path("runs/m/a-no-image")
    assert folder("m", ["a"], [], limit=10) == Path("runs/m/a-limit-10")
    assert len(folder("m", [], [f"task{i}" for i in range(50)]).name) < 80


def test_another_command_gets_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for run in ("a", "b"):
        (tmp_path / run / "checkpoint-900").mkdir(parents=True)
    settings = Settings()
    first = identity_of("a/checkpoint-900", ["pope"], [], settings, {})
    path = default_output("a/checkpoint-900", [], ["pope"], settings, first)
    path.mkdir(parents=True)
    (path / "run.json").write_text(f'{{"identity": "{first}"}}')
    assert default_output("a/checkpoint-900", [], ["pope"], settings, first) == path
    second = identity_of("b/checkpoint-900", ["pope"], [], settings, {})
    assert default_output("b/checkpoint-900", [], ["pope"], settings, second) == path.with_name(f"pope-{second[:6]}")
    adapted = identity_of("a/checkpoint-900", ["pope"], [], settings, {"adapter": Path("lora")})
    rescored = identity_of("a/checkpoint-900", ["pope"], [], Settings(scoring="vcd"), {"batch_size": 4})
    assert adapted != first
    assert rescored == first


def test_limit_says_what_it_leaves_out_and_cuts_no_group() -> None:
    rows = [{"id": i, "split": "ab"[i // 6], "figure": str(i // 4)} for i in range(12)]
    grouped = Task(
        rows=generated(lambda: rows, "rows"),
        sample=lambda row: Sample(
            str(row["id"]), ask("?"), slices={"split": row["split"]}, groups={"figure": row["figure"]}
        ),
        scorer=Scorer(lambda sample, answer: counts(x=1), {"x": Metric(lambda s: s.x)}),
        max_new_tokens=7,
        headline="x",
        published={"M": 1.0},
        name="t",
    )
    plan = plan_task(grouped, (), Settings().decoding(7), Settings(limit=6))
    assert plan.left_out == ("split=b",)
    assert [sample.groups for sample in plan.samples] == [{"figure": "0"}] * 4 + [{}] * 2
    assert plan.record()["published"] == {}
    whole = plan_task(grouped, (), Settings().decoding(7), Settings(limit=12))
    assert whole.left_out == ()
    assert whole.record()["published"] == {"M": 1.0}


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"max_new_tokens": 0}, {"top_p": 0.0}, {"ablate": "blur"}])
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Settings(**wrong)
