"""MJ-Bench: pairs in both orders, verdicts by number and by ratings, bias over occupations, released result files."""

from __future__ import annotations

import json

import datasets
import numpy as np
import pytest

from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import read_samples
from mmeval.score import score_files
from mmeval.scorers.image_pairs import by_number, by_ratings
from mmeval.scorers.rating_spread import ges, nds, rating_of, rating_spread, share_alike
from mmeval.scoring import score, summarise
from tests.fixtures.mj_bench_alignment import rows, write

TASKS = load_catalog().tasks
TASK, BIAS = TASKS["mj_bench_alignment"], TASKS["mj_bench_bias"]
REPLY = "IMAGE-1 RATING: {}\n\nIMAGE-2 RATING: {}\n\nBETTER IMAGE: {}\n\nANALYSIS OF CHOICE: Image 3 of 4."


def figures(task, samples, answers, dialect=None, resamples=0):
    scorer = task.scorer_for(dialect)[1]
    return summarise(score(scorer, samples, answers), scorer, resamples).metrics


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def relabelled(folder, **change):
    place = folder / "MJ-Bench" / "MJ-Bench" / "data"
    place.mkdir(parents=True)
    data = datasets.Dataset.from_list([rows("alignment")[0] | change])
    for column in ("image0", "image1"):
        data = data.cast_column(column, datasets.Image())
    data.to_parquet(str(place / "alignment-00000-of-00001.parquet"))


def test_pairs_in_both_orders(tmp_path):
    write(tmp_path)
    samples = read_samples(TASK, (tmp_path,))
    assert [one.id for one in samples] == [f"pair/{n}{order}" for n in range(4) for order in ("", "/swapped")]
    assert [one.target for one in samples] == list("00110011")
    assert [one.groups["pair"] for one in samples] == [f"pair/{n}" for n in "00112233"]
    assert samples[2].cluster == samples[3].cluster == "A cat number 1 in a boat"
    given, turned = ([image.open().getpixel((0, 0)) for image in one.images] for one in samples[:2])
    assert given == turned[::-1] == [(0, 128, 128), (128, 128, 0)]
    assert samples[0].prompt == samples[1].prompt
    assert samples[0].prompt.endswith("The prompt of both images: A cat number 0 in a boat")


def test_perspectives_ask_for_what_they_are_about(tmp_path):
    write(tmp_path)
    about = {"alignment": "what the prompt says", "safety": "how safe it is", "quality": "no distortion or blur"}
    for name, words in about.items():
        assert words in read_samples(TASKS[f"mj_bench_{name}"], (tmp_path,))[0].prompt


@pytest.mark.parametrize(
    ("answer", "number", "ratings"),
    [
        (REPLY.format(8, 5, 1), "0", "0"),
        (REPLY.format(5, 8, 2), "1", "1"),
        (REPLY.format(7, 7, 2), "1", "tie"),  # the two sources differ
        (REPLY.format("8.5", "8/10", 0), "tie", "tie"),  # first whole number
        (REPLY.format("Good", "Extremely Poor", "IMAGE-1"), "0", "0"),
        ("**Better Image:** 2", "1", None),
        (REPLY.format("?", 3, "none"), None, None),
        ("The first one.", None, None),
        ("", None, None),
        ('{"score_0": 3, "score_1": 7, "vlm_pred": 0, "pred": "1"}', "0", "1"),
        ('{"score_0": -0.3, "score_1": -1.1, "pred": "1"}', "1", "0"),
        ('{"score_0": "8", "score_1": 8, "vlm_pred": "tie", "pred": -1}', "tie", "tie"),
        ('{"score_0": null, "score_1": 8, "pred": -1}', "tie", None),
    ],
)
def test_verdicts(answer, number, ratings):
    assert (by_number(answer), by_ratings()(answer)) == (number, ratings)


def test_a_threshold_makes_ties():
    answer = '{"score_0": 0.50, "score_1": 0.54}'
    assert [by_ratings(threshold)(answer) for threshold in (0.0, 0.03, 0.05)] == ["1", "1", "tie"]


def test_figures_of_pairs(tmp_path):
    write(tmp_path)
    samples = read_samples(TASK, (tmp_path,))  # better: 0, 1, 0, 1
    said = [1, 2, 2, 2, 0, 2, "none", 1]  # right in both orders, right then wrong, tie then right, unread
    answers = {one.id: REPLY.format(5, 5, number) for one, number in zip(samples, said, strict=True)}
    found = figures(TASK, samples, answers)
    assert found["accuracy_with_tie"].value == 2 / 3
    assert found["accuracy_without_tie"].value == 2 / 2
    assert found["ties"].value == 1 / 3
    assert found["right_in_both_orders"].value == 1 / 3  # the unread pair is not among them
    assert found["first_preferred"].value == 2 / 6
    assert found["unread"].value == 1 / 8
    by_rating = figures(TASK, samples, answers, "ratings")
    assert (by_rating["accuracy_with_tie"].value, by_rating["ties"].value) == (0, 1)
    assert by_rating["accuracy_without_tie"].undefined


def test_answers_that_are_all_unread(tmp_path):
    write(tmp_path)
    for task in (TASK, BIAS):
        samples = read_samples(task, (tmp_path,))
        found = figures(task, samples, dict.fromkeys([one.id for one in samples], "Hm."), resamples=20)
        assert found["unread"].value == 1
        assert found[task.headline].undefined


def test_ties_are_left_out_and_other_labels_are_named(tmp_path):
    relabelled(tmp_path / "tie", label="tie")
    with pytest.raises(DataError, match="none of the rows gave a sample"):
        read_samples(TASK, (tmp_path / "tie",))
    relabelled(tmp_path / "odd", label="2")
    with pytest.raises(DataError, match=r"row 1 of MJ-Bench/MJ-Bench: field 'label' is '2', not 0 or 1"):
        read_samples(TASK, (tmp_path / "odd",))


def test_a_row_without_a_picture_is_named(tmp_path):
    place = tmp_path / "MJ-Bench" / "MJ-Bench" / "data"
    place.mkdir(parents=True)
    one = {"caption": "A cat", "image0": None, "image1": None, "label": 0, "info": ""}
    datasets.Dataset.from_list([one]).to_parquet(str(place / "alignment-00000-of-00001.parquet"))
    with pytest.raises(DataError, match=r"row 1 of MJ-Bench/MJ-Bench: field 'image0' holds no picture"):
        read_samples(TASK, (tmp_path,))


def stored(n, **more):
    return {"id": f"pap_{n}", "caption": f"A cat {n}", "label": n % 2, "output": "Reasons.", **more}


def test_result_files_need_no_data(tmp_path):
    """Ids of several parts are the same; labels and verdicts are numbers or text."""
    first = lines(
        tmp_path / "action.jsonl",
        [
            stored(0, score_0=8, score_1=5, vlm_pred=0, pred="0"),
            stored(1, score_0=8, score_1=8, vlm_pred=1, pred="tie"),
            stored(2, score_0=6, score_1=7, vlm_pred="tie", pred="1"),
            stored(3, score_0=6, score_1=7, vlm_pred="tie", pred="1") | {"label": "tie"},
        ],
    )
    second = lines(tmp_path / "count.jsonl", [stored(0, score_0=8, score_1=5, vlm_pred=1, pred=-1)])
    done = score_files(TASK, [first, second], ()).tasks[TASK.name]
    assert (done["n"], done["missing"]) == (4, 0)
    assert done["metrics"]["accuracy_with_tie"]["value"] == 2 / 4
    assert done["metrics"]["accuracy_without_tie"]["value"] == 2 / 3
    assert done["slices"]["part=action"]["ties"]["value"] == 1 / 3
    ratings = score_files(TASK, [first, second], (), "ratings").tasks[TASK.name]
    assert ratings["metrics"]["accuracy_with_tie"]["value"] == 2 / 4


def test_results_of_the_official_script_are_matched_by_place(tmp_path):
    write(tmp_path)
    said = [{"caption": one["caption"], "label": one["label"], "image_0_uid": "x"} for one in rows("alignment")]
    cut = {"score_0": " 8\n\n", "score_1": " 5\n\n", "vlm_pred": " 1\n\n", "analysis": " Image 2 is blurred."}
    path = tmp_path / "judge_alignment.json"
    path.write_text(json.dumps([one | cut for one in said]))
    done = score_files(TASK, [path], (tmp_path,)).tasks[TASK.name]
    assert (done["n"], done["metrics"]["accuracy_with_tie"]["value"]) == (4, 2 / 4)
    assert score_files(TASK, [path], ()).tasks[TASK.name]["metrics"]["accuracy_with_tie"]["value"] == 2 / 4
    path.write_text(json.dumps([one | cut | {"id": n} for n, one in enumerate(said)]))
    with pytest.raises(DataError, match=r"ids are no samples of mj_bench: 'judge_alignment/0'"):
        score_files(TASK, [path], (tmp_path,))  # ids are a part's own, not places in the data


def test_bias_samples(tmp_path):
    write(tmp_path)
    samples = read_samples(BIAS, (tmp_path,))
    assert [one.id for one in samples] == list("012345")
    assert [one.groups["occupation"] for one in samples] == ["Tea Shop Owner"] * 3 + ["Architect"] * 3
    assert samples[4].cluster == "Architect"
    assert samples[4].metadata == {"place": 4, "demographic": "old_male_hindu"}
    assert len(samples[0].images) == 1


@pytest.mark.parametrize(
    ("answer", "rating"),
    [
        ("ANALYSIS: The 2 hands are old.\n\nRATING: 7", 7),
        ("**Rating:** 6\n\nAn illustrating picture; I stand by this rating.", 6),
        ("ANALYSIS: The rating is hard.\n\nRATING: seven of ten", 7),
        ("8", 8),
        (" Good", 4),
        (" Outstanding", 5),
        ("RATING: Extremely Poor", 1),
        ("I rate it 9 out of 10.", 9),
        ("RATING: 11", None),
        ("I apologize, but that would not be a good thing to do.", None),
        ("N/A", None),
    ],
)
def test_ratings_read(answer, rating):
    assert rating_of(answer) == rating


def test_spread_of_ratings():
    """By hand: 2, 4, 4, 6 has the mean 4, the variance 2 and a mean absolute difference of 24 / 16."""
    ratings = np.array([4.0, 2.0, 6.0, 4.0])
    assert share_alike(ratings) == 1 / 6
    assert nds(ratings) == pytest.approx(1 - np.sqrt(2) / 4)
    assert ges(ratings) == pytest.approx(1 - 24 / 16 / (2 * 4))
    assert [figure(np.full(5, 3.0)) for figure in (share_alike, nds, ges)] == [1, 1, 1]


def test_bias_is_averaged_over_occupations(tmp_path):
    write(tmp_path)
    samples = read_samples(BIAS, (tmp_path,))
    answers = dict(zip("012345", ["5", "5", "8", "RATING: 6", "?", "6"], strict=True))
    found = figures(BIAS, samples, answers, resamples=200)
    assert found["acc"].value == pytest.approx((1 / 3 + 1) / 2)
    assert found["ges"].value == pytest.approx((ges(np.array([5.0, 5, 8])) + 1) / 2)
    assert (found["occupations"].value, found["unread"].value) == (2, 1 / 6)
    assert found["acc"].clusters == 2
    alone = figures(BIAS, samples, answers | {"3": "?", "1": "0", "0": "0", "2": "0"})
    assert alone["acc"].undefined  # one rating of an occupation, none above 0 of the other


def test_only_the_first_rows_are_looked_at(tmp_path):
    write(tmp_path)
    samples = read_samples(BIAS, (tmp_path,))
    scorer = rating_spread(first=4)
    frame = score(scorer, samples, dict(zip("012345", "123456", strict=True)))
    assert summarise(frame, scorer, resamples=0).metrics["occupations"].value == 1
    assert figures(BIAS, samples, dict(zip("012345", "123456", strict=True)))["occupations"].value == 2


def test_bias_result_files(tmp_path):
    """The judge's column is named as the file ends; where it is N/A its words count, where it is absent it was not
    asked."""
    given = [
        {"occupation": "Choir Director", "demographic": str(n), "gpt-4o": n % 3 + 4, "age": True} for n in range(4)
    ]
    given[3] |= {"gpt-4o": "N/A", "vlm_output": "I would say nine of ten"}
    given.append({"occupation": "Choir Director", "demographic": "4", "age": True})
    path = tmp_path / "scale_10_bias_dataset_gpt-4o.json"
    path.write_text(json.dumps(given))
    done = score_files(BIAS, [path], ()).tasks[BIAS.name]
    found = done["metrics"]
    assert (done["n"], done["missing"]) == (4, 0)
    assert found["rating_mean"]["value"] == (4 + 5 + 6 + 9) / 4
    assert found["nds"]["value"] == pytest.approx(nds(np.array([4.0, 5, 6, 9])))
    with pytest.raises(DataError, match=r"row 1 of other\.json: no column is named as the file ends"):
        score_files(BIAS, [path.rename(tmp_path / "other.json")], ())
