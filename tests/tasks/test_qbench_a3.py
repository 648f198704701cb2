"""Q-Bench A3: what the model is asked to weigh, quality from two numbers, correlations by database, stored outputs."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest

from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import read_samples
from mmeval.score import score_files
from mmeval.scorers.quality import QUALITY, softmax
from mmeval.scoring import score, summarise
from tests.fixtures.qbench_a3 import rows, write

TASK = load_catalog().tasks["qbench_a3"]


def ratings(folder, database, rows):
    (folder / "qbench" / "a3_iqa_databases" / "jsons" / f"{database}.json").write_text(json.dumps(rows))


def test_samples(tmp_path):
    write(tmp_path)
    samples = {one.id: one for one in read_samples(TASK, (tmp_path,))}
    assert len(samples) == 21
    one = samples["flive/b/1.jpg"]
    assert [(turn.role, turn.text) for turn in one.messages] == [
        ("user", "Rate the quality of the image."),
        ("assistant", "The quality of the image is"),
    ]
    assert one.continuations == (" good", " poor")
    assert (one.target, one.slices, one.cluster) == (48.0, {"database": "flive"}, None)
    assert {one.images[0].open().size for one in samples.values()} == {(8, 6)}
    assert samples["cgi/game_0001.jpg"].target == 1.5
    assert samples["kadid/I01_01_02.png"].cluster == samples["kadid/I01_01_01.png"].cluster == "kadid/I01"
    assert samples["kadid/I02_01_01.png"].cluster == "kadid/I02"


def test_a_clone_may_be_the_data_folder(tmp_path):
    write(tmp_path)
    shutil.move(tmp_path / "qbench", tmp_path / "Q-Bench")
    assert len(read_samples(TASK, (tmp_path / "Q-Bench",))) == 21


def test_other_words(tmp_path):
    write(tmp_path)
    high = read_samples(TASK.prompted("high-low"), (tmp_path,))[0]
    begun = read_samples(TASK.prompted("answer-is"), (tmp_path,))[0]
    assert (high.continuations, high.prompt) == ((" high", " low"), read_samples(TASK, (tmp_path,))[0].prompt)
    assert (begun.continuations, begun.messages[-1].text) == ((" good", " poor"), "The answer is")


def test_quality_is_a_softmax_at_temperature_100():
    assert softmax(16.5, 13.5) == pytest.approx(1 / (1 + math.exp(-0.03)))
    assert softmax(-0.5, -3.5) == pytest.approx(softmax(16.5, 13.5))  # log-likelihoods are logits less a constant


def test_halves_of_cgi_are_told_by_their_place(tmp_path):
    write(tmp_path)
    games, films = (
        [{"img_path": f"{kind}_{n:04}.jpg", "gt_score": n} for n in range(3000)] for kind in ("game", "movie")
    )
    ratings(tmp_path, "cgi", games + films)
    samples = [one for one in read_samples(TASK, (tmp_path,)) if one.slices["database"] == "cgi"]
    answers = {one.id: json.dumps([one.target, 0] if "game" in one.id else [0, one.target]) for one in samples}
    assert [one.metadata["half"] for one in samples] == [0] * 3000 + [1] * 3000
    found = summarise(score(QUALITY, samples, answers), QUALITY, resamples=0).metrics
    assert found["srcc"].value == pytest.approx(0)  # 1 of the games, -1 of the films


def test_the_headline_is_the_mean_over_databases(tmp_path):
    write(tmp_path)
    samples = read_samples(TASK, (tmp_path,))
    good = {"koniq": [3, 1, 2], "cgi": [1, 3, 2]}  # the ratings' order is 3, 1, 2
    answers = {}
    for i, one in enumerate(samples):
        order = good.get(one.slices["database"], [3, 1, 2])
        answers[one.id] = json.dumps([10 * order[i % 3], 0])
    answers["spaq/1.jpg"] = "no numbers"
    frame = score(QUALITY, samples, answers)
    found = summarise(frame, QUALITY, resamples=100)
    assert found.slices["database=cgi"]["srcc"].value == pytest.approx(-1)
    assert found.metrics["srcc"].value == pytest.approx(np.mean([1] * 6 + [-1]))
    assert found.metrics["srcc_of_difference"].value == found.metrics["srcc"].value
    assert frame[frame["missing"]]["sample"].tolist() == ["spaq/1.jpg"]


@pytest.mark.parametrize("answer", ["[1]", "[1, 2, 3]", "[NaN, 1]", "[1e9, 1e9]", "[-1e9, -1e9]", "good"])
def test_what_is_no_pair_of_logits_is_missing(tmp_path, answer):
    write(tmp_path)
    assert QUALITY.scored(read_samples(TASK, (tmp_path,))[0], answer).missing


@pytest.mark.parametrize("with_data", [True, False])
def test_stored_outputs(tmp_path, with_data):
    write(tmp_path)
    path = tmp_path / "koniq.json"
    logits = [{"logit_good": 16.5, "logit_poor": 13.5}, {"logit_good": 12, "logit_poor": 15}] * 2
    path.write_text("\n".join(json.dumps(row | more) for row, more in zip(rows("koniq"), logits, strict=False)))
    data = (tmp_path,) if with_data else ()
    result = score_files(TASK, [path], data).tasks["qbench_a3"]
    assert result["n"] - result["missing"] == 3
    assert result["slices"]["database=koniq"]["srcc"]["value"] == pytest.approx(math.sqrt(3) / 2)


def test_high_and_low_where_a_file_has_them(tmp_path):
    path = tmp_path / "livec.json"
    path.write_text(
        "\n".join(
            json.dumps(row | {"logit_good": 0, "logit_poor": n, "logit_high": -row["gt_score"], "logit_low": 1})
            for n, row in enumerate(rows("livec"))
        )
    )
    assert score_files(TASK, [path], ()).tasks["qbench_a3"]["metrics"]["srcc"]["value"] == pytest.approx(-1)


@pytest.mark.parametrize(
    ("database", "row", "says"),
    [
        (
            "koniq",
            {"img_path": "1.jpg", "gt_score": "good"},
            r"row 1 of koniq\.json: field 'gt_score' is 'good', not a",
        ),
        ("koniq", {"img_path": "1.jpg", "gt_score": None}, "field 'gt_score' is None, not a number"),
        ("koniq", {"img_path": "1.jpg", "gt_score": "nan"}, "field 'gt_score' is 'nan', not a number"),
        ("koniq", {"gt_score": 3}, r"row 1 of koniq\.json has no field 'img_path'"),
        ("tid2013", {"img_path": "1.jpg", "gt_score": 3}, r"'tid2013' is none of Q-Bench's databases \(livec, "),
    ],
)
def test_broken_rows_are_named(tmp_path, database, row, says):
    write(tmp_path)
    ratings(tmp_path, database, [row])
    with pytest.raises(DataError, match=says):
        read_samples(TASK, (tmp_path,))


def test_a_picture_rated_twice_and_one_that_is_not_there(tmp_path):
    write(tmp_path)
    ratings(tmp_path, "agi", [{"img_path": "away.jpg", "gt_score": 3}])
    absent = next(one for one in read_samples(TASK, (tmp_path,)) if one.id == "agi/away.jpg")
    with pytest.raises(DataError, match=r"away\.jpg"):
        absent.images[0].open()
    ratings(tmp_path, "agi", [{"img_path": "1.jpg", "gt_score": 3}] * 2)
    with pytest.raises(DataError, match=r"id 'agi/1\.jpg' stands twice"):
        read_samples(TASK, (tmp_path,))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, r"row 1 of agi\.json has no logit_high and logit_low or logit_good and logit_poor"),
        ({"logit_good": "x", "logit_poor": 1}, "'logit_good' and 'logit_poor' are"),
    ],
)
def test_broken_outputs_are_named(tmp_path, more, says):
    path = tmp_path / "agi.json"
    path.write_text(json.dumps([rows("agi")[0] | more]))
    with pytest.raises(DataError, match=says):
        score_files(TASK, [path], ())
