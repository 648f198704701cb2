"""HallusionBench: official rows, stored verdicts, kinds of error, string matching on the questions with a figure."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import pytest

from mmeval.answers import read_answers, samples_from
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import read_samples
from mmeval.samples import Sample, ask
from mmeval.scorers.control_pairs import beside_unedited, read_verdict
from mmeval.scoring import score, summarise
from tests.hub import picture, save_hub
from tests.judged import asked

TASK = load_catalog().tasks["hallusionbench"]


def row(category, figure, question, visual, truth, check=None, same=None, said="Yes", subcategory="ocr"):
    fields = {
        "category": category,
        "subcategory": subcategory,
        "visual_input": visual,
        "set_id": "3",
        "figure_id": figure,
        "question_id": question,
        "question": f"Question {question}?",
        "gt_answer_details": "It is so.",
        "gt_answer": truth,
        "filename": None if visual == "0" else f"./{category}/{subcategory}/3_{figure}.png",
        "model_prediction": said,
    }
    return {**fields, "gpt4v_output_gpt_check": check, "same": same} if check is not None else fields


# A VS set: two questions without figure, with the original and with an edited one; a VD figure of the same ids.
ROWS = [
    row("VS", "0", "0", "0", "1", "2", "1", "I can't know"),
    row("VS", "0", "1", "0", "0", "0", "1", "Yes"),
    row("VS", "1", "0", "1", "1", "1", "1", "Yes"),
    row("VS", "1", "1", "1", "0", "0", "1", "Yes, it is"),
    row("VS", "2", "0", "2", "0", "0", "0", "Yes"),
    row("VS", "2", "1", "2", "1", "2", "0", "Yes and no"),
    row("VD", "1", "0", "2", "0", "0", "1", "Yes"),
    row("VD", "0", "0", "1", "1", "1", "1", "Yes"),
]


def results(tmp_path, rows=ROWS):
    path = tmp_path / "m_results.json"
    path.write_text(json.dumps(rows))
    return path


def figures(tmp_path, dialect, rows=ROWS):
    path = results(tmp_path, rows)
    samples = samples_from(TASK, [path])
    scorer = TASK.dialects[dialect]
    frame = _score(scorer, samples, read_answers(TASK, [path], samples))
    return summarise(frame, scorer, resamples=0)


def values(measured):
    return {name: one.value for name, one in measured.metrics.items()}


def _score(scorer, samples, read):
    return score(scorer, samples, read.answers, read.verdicts)


def test_official_figures_from_stored_verdicts(tmp_path):
    measured = figures(tmp_path, "official")
    found = values(measured)
    # Right: VS without figure unclear, VS original q0, VD original.
    assert found["a_acc"] == 3 / 8
    # VS figure 0 is no figure: VS 1, VS 2, VD 0, VD 1.
    assert found["f_acc"] == 1 / 4
    assert (found["inconsistent"], found["all_wrong"]) == (1 / 4, 2 / 4)
    assert found["figure_score"] == (1 / 2 + 0 + 0 + 1) / 4
    # Pairs VS q0, VS q1, VD q0: none all right. Without the edited figures two are.
    assert (found["q_acc"], found["easy_a_acc"], found["hard_a_acc"]) == (0, 2 / 3, 0)
    assert measured.slices["category=VD"]["f_acc"].value == 1 / 2
    # VS q1 without figure wrong: language; then the same wrong answer with the figure: language; unclear: mixed.
    # VS q0 was unclear, is wrong: visual. VD: right before, now wrong with the same answer: mixed.
    assert found["language_hallucination"] == 2 / 5
    assert found["visual_illusion"] == 1 / 5
    assert found["mixed"] == 2 / 5


def test_a_kind_that_needs_the_second_verdict_is_undefined_without_it(tmp_path):
    rows = [{key: value for key, value in row.items() if key != "same"} for row in ROWS]
    measured = figures(tmp_path, "official", rows).metrics
    assert measured["mixed"].undefined
    assert measured["a_acc"].value == 3 / 8


def test_answers_without_verdicts_leave_the_official_figures_missing(tmp_path):
    rows = [{key: value for key, value in row.items() if key not in {"gpt4v_output_gpt_check", "same"}} for row in ROWS]
    path = results(tmp_path, rows)
    samples = samples_from(TASK, [path])
    read = read_answers(TASK, [path], samples)
    assert len(read.answers) == 8
    assert read.verdicts == {}
    frame = _score(TASK.dialects["official"], samples, read)
    assert frame["missing"].all()


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (row("VS", "7", "0", "1", "1"), r"1 of 9 ids are no samples of hallusionbench: 'VS_ocr_3_7_0' in row 9"),
        (ROWS[0], r"row 9 of m_results\.json: id 'VS_ocr_3_0_0' was already in row 1"),
        (row("VS", "7", "0", "1", "1", said=["Yes"]), r"row 9 of m_results\.json: field 'model_prediction' is a list"),
    ],
)
def test_answers_that_do_not_fit(tmp_path, extra, says):
    samples = samples_from(TASK, [results(tmp_path)])
    with pytest.raises(DataError, match=says):
        read_answers(TASK, [results(tmp_path, [*ROWS, extra])], samples)


def test_a_verdict_that_is_no_text_is_named(tmp_path):
    samples = samples_from(TASK, [results(tmp_path)])
    path = results(tmp_path, [{**ROWS[0], "gpt4v_output_gpt_check": ["1"]}, *ROWS[1:]])
    with pytest.raises(
        DataError, match=r"row 1 of m_results\.json: field 'gpt4v_output_gpt_check' is a list, not text"
    ):
        read_answers(TASK, [path], samples)


def test_string_matching_takes_the_questions_with_a_figure(tmp_path):
    found = values(figures(tmp_path, "lmms-eval"))
    assert found["a_acc"] == 3 / 6  # says yes to all six
    assert found["f_acc"] == 1 / 4
    assert found["q_acc"] == 0
    found = figures(tmp_path, "vlmevalkit")
    assert found.metrics["a_acc"].value == 2 / 6  # "Yes and no" is unread
    assert found.metrics["unread"].value == 1 / 6
    # VS figure 1 and VD figure 1 are one figure here, in the whole and in their subcategory, but not in VD alone.
    assert found.metrics["f_acc"].value == 1 / 3
    assert found.slices["subcategory=ocr"]["f_acc"].value == 1 / 3
    assert found.slices["category=VD"]["f_acc"].value == 1 / 2


def sets(lacking, right=(0,), grouped=False):
    """Four VD sets of two pairs and three figures; of set 0 everything is right but what is not answered."""
    samples, answers = [], {}
    for number in range(4):
        for pair, (figure, visual) in product("01", ((0, "1"), (1, "2"), (2, "2"))):
            both, shown = f"{number}_q{pair}", f"{number}_{figure}"
            groups = {"pair": both, "l2_pair": both, "figure": shown, "l2_figure": shown}
            groups["easy_pair" if visual == "1" else "hard_pair"] = both
            metadata = {"category": "VD", "visual_input": visual, "figure_id": str(figure), "reference": "so"}
            id = f"{shown}_{pair}"
            samples.append(Sample(id, ask("?"), "yes", {"category": "VD"}, str(number), groups, metadata))
            if id not in lacking:
                answers[id] = "yes" if number in right else "no"
    return samples, answers


def accuracies(dialect, samples, answers):
    scorer = TASK.dialects[dialect]
    verdicts = {id: ["correct" if said == "yes" else "incorrect"] for id, said in answers.items()}
    frame = score(scorer, samples, answers, verdicts if scorer.judging else None)
    found = summarise(frame, scorer, resamples=0).metrics
    return {name: found[name].value for name in ("q_acc", "f_acc", "easy_a_acc", "hard_a_acc") if name in found}


@pytest.mark.parametrize("dialect", ["official", "lmms-eval", "vlmevalkit"])
def test_a_pair_or_figure_that_lacks_an_answer_is_not_counted(dialect):
    found = accuracies(dialect, *sets({"0_1_0", "0_2_1"}))
    assert found["q_acc"] == 0  # of the six pairs of the other sets
    assert found["f_acc"] == 1 / 10


def test_half_a_pair_that_is_complete_is_counted():
    found = accuracies("official", *sets({"0_1_0", "0_2_1"}))
    assert (found["easy_a_acc"], found["hard_a_acc"]) == (2 / 8, 0)
    found = accuracies("official", *sets({"0_0_0"}))
    assert (found["easy_a_acc"], found["hard_a_acc"]) == (1 / 7, 2 / 8)


def test_a_figure_without_any_answer_is_of_the_half_that_its_group_says():
    found = accuracies("official", *sets({"0_1_0", "0_1_1"}))
    assert (found["easy_a_acc"], found["hard_a_acc"]) == (2 / 8, 0)


@pytest.mark.parametrize("dialect", ["official", "lmms-eval", "vlmevalkit"])
def test_a_limit_that_leaves_no_whole_group(dialect):
    samples, answers = sets(())
    found = accuracies(dialect, [replace(one, groups={}) for one in samples[:2]], answers)
    assert (found["q_acc"], found["f_acc"]) == (0, 0)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (["Incorrect."], ("0", None)),
        (["correct"], ("1", None)),
        (["unclear"], ("2", None)),
        (["I'd rather not say"], ("2", None)),
        (["The prediction is the same, so correct"], ("1", None)),
        (["1", "1"], ("1", "1")),
        (["incorrect", "different"], ("0", "0")),
        (["incorrect", "They are the same."], ("0", "1")),
    ],
)
def test_verdicts(reply, verdict):
    assert read_verdict(reply) == verdict


def test_wrong_answers_are_compared_with_the_one_about_the_unedited_figure(tmp_path):
    samples = {one.id: one for one in samples_from(TASK, [results(tmp_path)])}
    before, edited = samples["VS_ocr_3_0_0"], samples["VS_ocr_3_2_0"]
    answers = {before.id: "I can't know", edited.id: "It is so."}
    alone = asked(TASK, edited, "It is so.", ["incorrect"])
    edited = beside_unedited(edited, answers)
    [first] = asked(TASK, edited, "It is so.")
    assert "Right answer: It is so." in first
    assert "I can't know" not in first
    [second] = asked(TASK, edited, "It is so.", ["Incorrect."])
    assert "<<<FIRST ANSWER\nIt is so.\nFIRST ANSWER>>>" in second
    assert "<<<SECOND ANSWER\nI can't know\nSECOND ANSWER>>>" in second
    assert "Question 0?" not in second
    # Nothing depends on it for right and unclear answers, for the unedited figure, and where there is no other answer.
    assert alone == asked(TASK, edited, "?", ["correct"]) == asked(TASK, edited, "?", ["unclear"]) == []
    assert asked(TASK, beside_unedited(before, answers), "?", ["incorrect"]) == []
    assert asked(TASK, edited, "?", ["incorrect", "same"]) == []
    assert beside_unedited(edited, {}) is edited


def test_official_and_hub_layout_give_the_same_samples(tmp_path):
    official = tmp_path / "official" / "hallusionbench"
    official.mkdir(parents=True)
    (official / "HallusionBench.json").write_text(json.dumps(ROWS))
    (official / "hallusion_bench" / "VS" / "ocr").mkdir(parents=True)
    (official / "hallusion_bench" / "VS" / "ocr" / "3_1.png").write_bytes(picture()["bytes"])
    ours = read_samples(TASK, (tmp_path / "official",))
    assert len(ours) == 8
    assert [len(one.images) for one in ours] == [0, 0, 1, 1, 1, 1, 1, 1]
    assert ours[2].images[0].open().size == (8, 6)
    assert ours[2].prompt == "Question 0?"
    shown = [{**row, "image": picture()} for row in ROWS if row["visual_input"] != "0"]
    hidden = [{**row, "image": None} for row in ROWS if row["visual_input"] == "0"]
    mirror = tmp_path / "hub" / "lmms-lab" / "HallusionBench"
    save_hub(shown, mirror, "image", "parquet")
    import datasets

    loaded = datasets.load_dataset(str(mirror), split="image")
    datasets.Dataset.from_list(hidden, features=loaded.features).to_parquet(
        str(mirror / "data" / "non_image-00000-of-00001.parquet")
    )
    theirs = read_samples(TASK, (tmp_path / "hub",))
    assert {one.id: (one.target, one.groups, len(one.images)) for one in theirs} == {
        one.id: (one.target, one.groups, len(one.images)) for one in ours
    }


def test_a_vlmevalkit_index_holds_the_ids(tmp_path):
    path = tmp_path / "m_HallusionBench.tsv"
    path.write_text(
        "index\tquestion\tanswer\tcategory\tl2-category\tprediction\nVD_ocr_1_3_0_0\tq?\tYes\tVD\tocr\tYes\n"
    )
    [sample] = samples_from(TASK, [path])
    assert (sample.id, sample.target) == ("VD_ocr_3_0_0", "yes")
    path.write_text("index\tquestion\tanswer\tprediction\n17\tq?\tYes\tYes\n")
    with pytest.raises(DataError, match=r"row 1 of m_HallusionBench\.tsv: index '17' is not category_subcategory"):
        samples_from(TASK, [path])
