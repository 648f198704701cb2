"""Six dimensions out of run folders: against a plain computation, nothing made up, draws that go together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmeval.catalog import Catalog, load_catalog
from mmeval.dimensions import SIX, dimension_differences, mean_points, profile, profiles
from mmeval.runs import RunFolder
from mmeval.shared_tables import cluster_labels, narrowed, shared_tables
from mmeval.statistics.sums import Metric, shared_weights, span
from tests.board_runs import CATALOG, build, task

SKILL = {"seen": 0.9, "made_up": 0.7, "harm": 0.6, "stars": 0.8, "liked": 0.5, "known": 0.75}
WEAKER = {name: share - 0.1 for name, share in SKILL.items()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dimensions")
    return [build(folder / "first", SKILL, seed=1), build(folder / "second", WEAKER, seed=2)]


@pytest.fixture(scope="module")
def two(runs):
    return profiles(runs, CATALOG, resamples=400)


def plain_draws(run, name, formula, resamples=400, seed=0):
    """A task's points in each resample, by a loop over clusters with the weights of their labels."""
    frame = run.scores()
    frame = frame[(frame["task"] == name) & ~frame["missing"].astype(bool)]
    labels = cluster_labels(run).get(name, {})
    clusters = list(dict.fromkeys(frame["cluster"]))
    named = [labels.get(cluster, f"{name}/{cluster}") for cluster in clusters]
    weights = np.concatenate(list(shared_weights(named, resamples, seed)))
    sums = {one: (rows["count.right"].sum(), len(rows)) for one, rows in frame.groupby("cluster")}
    made = []
    for row in weights:
        right = sum(weight * sums[one][0] for weight, one in zip(row, clusters, strict=True))
        made.append(formula(right / sum(weight * sums[one][1] for weight, one in zip(row, clusters, strict=True))))
    return np.array(made)


def test_points_are_the_metric_on_its_scale_and_higher_is_better(runs, two):
    for run, one in zip(runs, two, strict=True):
        stored = run.read_json("metrics.json")
        assert one.tasks["seen"].points == pytest.approx(100 * stored["seen"]["metrics"]["accuracy"]["value"])
        assert one.tasks["made_up"].points == pytest.approx(100 - 100 * stored["made_up"]["metrics"]["rate"]["value"])
        assert one.tasks["stars"].points == pytest.approx(25 * (stored["stars"]["metrics"]["stars"]["value"] - 1))
        assert one.tasks["stars"].value == stored["stars"]["metrics"]["stars"]["value"]


def test_a_dimension_is_the_mean_with_an_interval_from_the_same_resamples(runs, two):
    found = two[0].dimensions["hallucination"]
    draws = (plain_draws(runs[0], "seen", lambda p: 100 * p) + plain_draws(runs[0], "made_up", lambda p: 100 * p)) / 2
    points = [two[0].tasks[name].points for name in ("seen", "made_up")]
    assert found.points == pytest.approx(sum(points) / 2)
    np.testing.assert_allclose(found.draws, draws)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))
    assert found.tasks == ("seen", "made_up")


def test_tasks_on_the_same_pictures_vary_together(two):
    """Pictures that are hard in both tasks make a dimension's interval wider than independent ones would."""
    weigh = {"seen": 3.0}
    found = mean_points({name: two[0].tasks[name] for name in ("seen", "made_up")}, weigh)
    first, second = (two[0].tasks[name].draws for name in ("seen", "made_up"))
    np.testing.assert_allclose(found.draws, (3 * first + second) / 4)
    shared = cluster_labels(RunFolder.existing(Path(two[0].run)))
    assert {*shared["seen"].values()} == {*shared["made_up"].values()}


def test_a_blank_picture_beside_every_text_names_no_cluster(runs):
    labels = cluster_labels(runs[0])
    assert labels["known"] == {}
    assert "liked" not in labels
    tables = shared_tables(runs[0], {"known": (), "liked": ()}, labels)
    assert tables["known"].labels[:2] == ("known/known-0", "known/known-1")
    assert len(set(tables["known"].labels)) == 40


def test_the_catalogue_says_what_a_task_measures(two):
    assert list(two[0].dimensions) == [name for name in SIX if name != "reward_model"]


def test_a_run_against_itself_differs_by_exactly_nothing(two):
    for one in dimension_differences(two[0], two[0]).values():
        assert (one["value"], one["low"], one["high"], one["stderr"]) == (0.0, 0.0, 0.0, 0.0)


def test_differences_are_paired_draw_by_draw(runs, two):
    found = dimension_differences(*two)["hallucination"]
    draws = sum(
        plain_draws(runs[1], name, lambda p: 100 * p) - plain_draws(runs[0], name, lambda p: 100 * p)
        for name in ("seen", "made_up")
    )
    assert (found["low"], found["high"]) == pytest.approx(tuple(np.quantile(draws / 2, [0.025, 0.975])))
    assert found["value"] == pytest.approx(found["candidate"] - found["base"])
    json.dumps(found, allow_nan=False)


def test_what_is_missing_is_named_and_never_made_up(tmp_path):
    told = {"broken": {"error": "no rows"}, "gone": {}}
    skill = {"seen": 0.9, "stars": 0.8, "endless": 0.5, "headless": 0.5}
    catalog = Catalog({**CATALOG.tasks, "broken": task("broken", "hallucination", {"accuracy": Metric(lambda s: s.n)})})
    run = build(tmp_path / "run", skill, told=told, catalog=catalog)
    one = profile(run, Catalog({name: each for name, each in catalog.tasks.items() if name != "gone"}), 50)
    assert one.dimensions["hallucination"].tasks == ("seen",)
    assert one.dimensions["hallucination"].points == one.tasks["seen"].points
    assert one.dimensions["hallucination"].missing == {"broken": "failed"}
    assert one.dimensions["dialogue"].tasks == ("stars",)
    assert one.dimensions["dialogue"].missing == {
        "endless": "not on a 0-100 scale",
        "headless": "its official scoring has no headline metric rating",
    }
    assert one.tasks["gone"].why == "not finished"
    assert one.tasks["gone"].points is None
    json.dumps(one.to_json(), allow_nan=False)


def test_a_run_that_was_not_finished_has_its_tasks_without_points(tmp_path):
    run = build(tmp_path / "run", {"seen": 0.9})
    (run.path / "metrics.json").unlink()
    one = profile(run, CATALOG, 50)
    assert one.tasks["seen"].why == "not finished"
    assert one.dimensions["hallucination"].points is None


def test_one_cluster_has_points_and_no_interval(tmp_path):
    one = profile(build(tmp_path / "run", {"seen": 0.9}, pictures=1), CATALOG, 50)
    found = one.dimensions["hallucination"]
    assert found.points is not None
    assert (found.low, found.high) == (None, None)


def test_differences_leave_out_what_one_run_lacks_or_was_asked_otherwise(tmp_path):
    base = build(tmp_path / "base", {"seen": 0.9, "made_up": 0.9, "stars": 0.9})
    told = {"seen": {"prompt": "short"}}
    candidate = build(tmp_path / "cand", {"seen": 0.5, "made_up": 0.8, "liked": 0.5}, told=told)
    first, second = profiles([base, candidate], CATALOG, 100)
    found = dimension_differences(first, second)
    assert found["hallucination"]["tasks"] == ["made_up"]
    assert found["hallucination"]["absent"] == {"seen": "not asked alike: prompt"}
    assert found["dialogue"] | {"absent": None} == dict.fromkeys(
        ("value", "low", "high", "stderr", "n", "clusters", "base", "candidate", "absent")
    ) | {"tasks": []}
    assert found["dialogue"]["absent"] == {"stars": "not in candidate"}
    forced = dimension_differences(first, second, force=True)
    assert forced["hallucination"]["tasks"] == ["seen", "made_up"]


def test_missing_answers_are_counted_and_not_scored(tmp_path):
    run = build(tmp_path / "run", {"seen": 1.0}, missing={"seen": 7})
    point = profile(run, CATALOG, 50).tasks["seen"]
    assert (point.points, point.missing, point.n) == (100.0, 7, 120)


def test_only_what_a_metric_reads_is_resampled(runs):
    tables = shared_tables(runs[0], {"seen": ()}, cluster_labels(runs[0]))
    assert set(tables["seen"].counts) == {"right", "words", "n"}
    assert set(narrowed(tables["seen"], CATALOG.tasks["seen"].scorer_for()[1].metrics["accuracy"]).counts) == {
        "right",
        "n",
    }


def test_builtin_headlines_have_a_scale():
    """A headline without one can't be in a dimension's mean."""
    without = [
        (task.name, dialect)
        for task in load_catalog().tasks.values()
        for dialect, scorer in task.dialects.items()
        if (metric := scorer.metrics.get(task.headline)) and (span(metric) is None or metric.better is None)
    ]
    assert without == []
