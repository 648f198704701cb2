"""Answer files of others: four layouts, and errors that name file, row, field and mend."""

from __future__ import annotations

import json

import pytest

from mmeval.answers import Answers, collect_about, file_rows, read_answers, samples_from
from mmeval.errors import DataError
from mmeval.samples import Sample, ask
from mmeval.scorers.rubric import lone_rating, rated
from mmeval.scorers.yes_no import exact, yes_no
from mmeval.scoring import score
from mmeval.sources import generated
from mmeval.tasks import Task


def make(row):
    return Sample(f"q{row['number']}", ask(row.picture("image"), row["question"]), row["label"])


def task(**more):
    nothing = generated(lambda: [], "nothing")
    return Task(rows=nothing, sample=make, scorer=yes_no(exact), max_new_tokens=1, headline="f1", name="toy", **more)


SAMPLES = [Sample(f"q{i}", ask("?"), "yes") for i in range(1, 4)]


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(path, rows):
    return write(path, "".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("id_column", ["id", "sample", "sample_id", "question_id"])
@pytest.mark.parametrize("column", ["answer", "text", "response", "prediction", "caption", "model_answer"])
def test_a_table_in_json_lines(tmp_path, id_column, column):
    path = lines(tmp_path / "a.jsonl", [{id_column: f"q{i}", column: f"A{i}"} for i in (1, 2, 3)])
    assert read_answers(task(), [path], SAMPLES) == Answers({"q1": "A1", "q2": "A2", "q3": "A3"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '[{"id": "q1", "answer": "A"}, {"id": "q2", "answer": "B\\nb"}]'),
        ("a.json", '{"q1": "A", "q2": "B\\nb"}'),
        ("a.csv", 'id,answer\nq1,A\nq2,"B\nb"\n'),
        ("a.tsv", 'id\tanswer\nq1\tA\nq2\t"B\nb"\n'),
    ],
)
def test_other_tables(tmp_path, name, content):
    found = read_answers(task(), [write(tmp_path / name, content)], SAMPLES)
    assert found.answers == {"q1": "A", "q2": "B\nb"}
    assert found.notes == ("1 of 3 samples of toy have no answer: missing",)


def test_one_row_is_a_table_not_a_mapping(tmp_path):
    path = write(tmp_path / "a.json", '{"id": "q1", "answer": "A"}')
    assert read_answers(task(), [path], SAMPLES).answers == {"q1": "A"}


def test_null_is_missing_and_empty_is_an_answer(tmp_path):
    path = lines(tmp_path / "a.jsonl", [{"id": "q1", "answer": None}, {"id": "q2", "answer": ""}])
    assert read_answers(task(), [path], SAMPLES).answers == {"q2": ""}


def test_several_files_are_one(tmp_path):
    paths = [lines(tmp_path / f"{i}.jsonl", [{"id": f"q{i}", "answer": "A"}]) for i in (1, 2)]
    assert set(read_answers(task(), paths, SAMPLES).answers) == {"q1", "q2"}
    with pytest.raises(DataError, match=r"1\.jsonl: 1 samples have an answer already, e\.g\. 'q1'"):
        read_answers(task(), [paths[0], paths[0]], SAMPLES)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", r"a\.jsonl: empty"),
        ("\n\n", r"a\.jsonl: empty"),
        ('{"id": "q1", "answer": "A"}\n{"id": "q2", "ans', r"a\.jsonl: malformed JSON at line 2"),
        ('{"id": "q1", "answer": NaN}', r"a\.jsonl: line 1: NaN"),
        (b'{"id": "q1", "answer": "\xe9"}', r"a\.jsonl: not UTF-8 \(byte 24\); save it as UTF-8"),
        ('{"id": "q1", "ansewr": "A"}', r"row 1 of a\.jsonl has no answer field \(found: id, ansewr; name it one of"),
        ('{"number": "q1", "answer": "A"}', r"row 1 of a\.jsonl has no id field \(found: number, answer"),
        (
            '{"id": "q1", "answer": "A"}\n{"id": "q2"}',
            r"row 2 of a\.jsonl has no field 'answer' \(found: id\)",
        ),
        (
            '{"id": "q1", "answer": "A"}\n{"id": "q1", "answer": "B"}',
            r"row 2 of a\.jsonl: id 'q1' was already in row 1 of a\.jsonl; keep one",
        ),
        ('{"id": "q1", "answer": ["A"]}', r"row 1 of a\.jsonl: field 'answer' is a list, not text"),
        (
            "".join(f'{{"id": "x{i}", "answer": "A"}}\n' for i in range(1, 6)) + '{"id": "q1", "answer": "A"}',
            r"a\.jsonl: 5 of 6 ids are no samples of toy: 'x1' in row 1 \(nearest: 'q1'\), 'x2' in row 2 .*, 'x3'",
        ),
    ],
)
def test_errors_name_the_place_and_the_mend(tmp_path, content, says):
    with pytest.raises(DataError, match=says):
        read_answers(task(), [write(tmp_path / "a.jsonl", content)], SAMPLES)


def test_a_broken_spreadsheet_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.xlsx: can't be read as an \.xlsx table"):
        read_answers(task(), [write(tmp_path / "a.xlsx", "no zip")], SAMPLES)


def test_a_task_reads_its_own_layout_and_ids_come_first(tmp_path):
    own = task(answers=lambda path, samples: {samples[0].id: "mine"})
    strange = lines(tmp_path / "a.jsonl", [{"whatever": 1}])
    assert read_answers(own, [strange], SAMPLES).answers == {"q1": "mine"}
    table = lines(tmp_path / "b.jsonl", [{"id": "q2", "answer": "B"}])
    assert read_answers(own, [table], SAMPLES).answers == {"q2": "B"}


def test_a_tasks_own_reader_may_not_name_what_no_sample_is(tmp_path):
    own = task(answers=lambda path, samples: {"q1": "mine", "q9": "whose?"})
    with pytest.raises(DataError, match=r"a\.jsonl: 1 of 2 ids are no samples of toy: 'q9' \(nearest: 'q"):
        read_answers(own, [lines(tmp_path / "a.jsonl", [{"whatever": 1}])], SAMPLES)


def test_the_id_column_is_the_one_that_fits_most_rows(tmp_path):
    rows = [{"id": "q1", "uid": "q3", "answer": "A"}, {"id": "other", "uid": "q2", "answer": "B"}]
    assert read_answers(task(), [lines(tmp_path / "a.jsonl", rows)], SAMPLES).answers == {"q3": "A", "q2": "B"}


def test_a_column_that_fits_by_chance_leaves_the_file_to_the_tasks_own_reader(tmp_path):
    own = task(answers=lambda path, samples: {"q1": "mine"})
    rows = [{"id": f"q{i}", "answer": "A"} for i in range(3, 9)]
    assert read_answers(own, [lines(tmp_path / "a.jsonl", rows)], SAMPLES).answers == {"q1": "mine"}


def test_a_wrong_id_in_a_table_is_named_though_the_task_has_its_own_reader(tmp_path):
    def refuse(path, samples):
        raise DataError("not this task's layout")

    rows = [{"id": id, "answer": "A"} for id in ("q1", "q2", "q9")]
    with pytest.raises(DataError, match="1 of 3 ids are no samples of toy: 'q9' in row 3"):
        read_answers(task(answers=refuse), [lines(tmp_path / "a.jsonl", rows)], SAMPLES)
    with pytest.raises(DataError, match="not this task's layout"):
        read_answers(task(answers=refuse), [lines(tmp_path / "b.jsonl", rows[2:])], SAMPLES)


def test_index_and_prediction_alone_are_a_table_like_any_other(tmp_path):
    path = write(tmp_path / "a.csv", "index,prediction\nq1,Yes\nq2,No\n")
    assert read_answers(task(), [path], SAMPLES).answers == {"q1": "Yes", "q2": "No"}
    path = write(tmp_path / "b.csv", "index,prediction\nq1,Yes\nx2,No\n")
    with pytest.raises(DataError, match="1 of 2 ids are no samples of toy: 'x2' in row 2"):
        read_answers(task(), [path], SAMPLES)


@pytest.mark.parametrize(
    "row",
    [
        {"id": "q1", "answer": "Yes \ud83d"},
        {"doc_id": 0, "doc": {"number": 1, "question": "?", "label": "yes"}, "filtered_resps": ["Yes \ud83d"]},
    ],
)
def test_half_an_emoji_is_replaced(tmp_path, row):
    """JSON can escape what UTF-8 can't encode, and cut generation leaves it."""
    assert read_answers(task(), [lines(tmp_path / "a.jsonl", [row])], SAMPLES).answers == {"q1": "Yes ?"}
    whole = [{"id": "q1", "answer": "Yes \U0001f600"}]  # escaped as a pair of surrogates
    assert read_answers(task(), [lines(tmp_path / "b.jsonl", whole)], SAMPLES).answers == {"q1": "Yes \U0001f600"}


def test_an_lmms_eval_log_carries_its_questions(tmp_path):
    doc = {"number": 1, "question": "?", "label": "yes"}
    rows = [
        {"doc_id": 0, "doc": doc, "target": "yes", "resps": [["Yes it is"]], "filtered_resps": ["yes"]},
        {"doc_id": 1, "doc": {**doc, "number": 2}, "target": "yes", "resps": [["no"]]},
    ]
    path = lines(tmp_path / "x_samples_toy.jsonl", rows)
    samples = samples_from(task(), [path])
    assert [(one.id, one.target) for one in samples] == [("q1", "yes"), ("q2", "yes")]
    assert read_answers(task(), [path], samples).answers == {"q1": "yes", "q2": "no"}
    assert read_answers(task(), [path], SAMPLES).answers == {"q1": "yes", "q2": "no"}


@pytest.mark.parametrize("suffix", ["xlsx", "tsv", "csv"])
def test_a_vlmevalkit_table(tmp_path, suffix):
    import pandas as pd

    frame = pd.DataFrame(
        {"index": [7, 8], "number": [1, 2], "question": "?", "label": ["yes", "no"], "prediction": ["Yes", "No"]}
    )
    path = tmp_path / f"model_TOY.{suffix}"
    frame.to_excel(path, index=False) if suffix == "xlsx" else frame.to_csv(
        path, index=False, sep="\t" if suffix == "tsv" else ","
    )
    samples = samples_from(task(), [path])
    assert read_answers(task(), [path], samples).answers == {"q1": "Yes", "q2": "No"}


def test_without_labels_the_missing_field_and_the_mend_are_named(tmp_path):
    path = lines(tmp_path / "a.jsonl", [{"number": 1, "question": "?", "answer": "yes"}])
    with pytest.raises(DataError, match=r"row 1 of a\.jsonl has no field 'label' .* pass --data DIR"):
        samples_from(task(), [path])


def test_a_models_answer_never_passes_for_the_label(tmp_path):
    """A file whose answer column is called as the benchmark calls its label would give 100 %."""

    def sample(row):
        return Sample(f"q{row['number']}", ask(row["question"]), row["answer"])

    trap = Task(rows=task().rows, sample=sample, scorer=yes_no(exact), max_new_tokens=1, headline="f1", name="trap")
    path = lines(tmp_path / "a.jsonl", [{"number": 1, "question": "?", "answer": "yes"}])
    with pytest.raises(DataError, match=r"has answers but no questions and labels .* pass --data"):
        samples_from(trap, [path])


def test_a_judged_scorer_is_given_verdicts_and_no_other():
    read = Answers({"q1": "yes"}, {"q1": ["Rating: 3"]})
    samples = [Sample("q1", ask("?"), "yes")]
    judged, plain = rated(lone_rating(), "mmhal_bench", lambda sample: {}), yes_no(exact)
    assert score(judged, samples, read.answers, read.verdicts)["prediction"].tolist() == ["3"]
    assert score(judged, samples, read.answers)["missing"].tolist() == [True]
    assert score(plain, samples, read.answers, read.verdicts)["prediction"].tolist() == ["yes"]


def test_a_judged_answer_that_is_null_is_not_missed(tmp_path):
    """A judge's reply about it is a verdict: `alignbench` judges a null answer as it judges any other."""

    def read(path, samples):
        return Answers({"q1": "yes"}, {"q1": ("3",), "q2": ("1",)})

    path = lines(tmp_path / "a.jsonl", [{"number": 1, "reply": "3"}])
    notes = read_answers(task(answers=read, answers_columns=("reply",)), [path], SAMPLES).notes
    assert notes == tuple(f"1 of 3 samples of toy have no {name}: missing" for name in ("answer", "verdict"))


def test_a_file_about_some_samples_has_null_answers_among_them(tmp_path):
    """They are missing; what the file does not name is not asked for."""
    path = lines(tmp_path / "a.jsonl", [{"id": "q3", "answer": None}, {"id": "q1", "answer": "yes"}])
    found = read_answers(task(answers_choose=True), [path], SAMPLES)
    assert [one.id for one in found.samples] == ["q3", "q1"]
    assert found.notes == ("1 of 2 samples of toy have no answer: missing",)
    assert read_answers(task(), [path], SAMPLES).samples == ()


def test_a_file_without_samples_beside_one_with_samples(tmp_path):
    def read(path, samples):
        held = samples[:1] if path.stem == "a" else ()
        return Answers({"q1" if held else "q2": "yes"}, samples=tuple(held))

    paths = [lines(tmp_path / f"{name}.jsonl", [{"reply": "yes"}]) for name in "ab"]
    found = read_answers(task(answers=read, answers_columns=("reply|said",)), paths, SAMPLES)
    assert [one.id for one in found.samples] == ["q1", "q2"]


def test_of_some_samples_a_null_is_missing(tmp_path):
    path = lines(tmp_path / "a.jsonl", [{"x": 1}])
    said = [("q2", None, file_rows(path)[0]), ("q1", "yes", file_rows(path)[0])]
    found = collect_about("toy", said, SAMPLES, path)
    assert (found.answers, [one.id for one in found.samples]) == ({"q1": "yes"}, ["q1", "q2"])
