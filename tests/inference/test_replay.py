"""Stored answers, from a file or a run folder."""

from __future__ import annotations

import dataclasses
import json

import pytest

from mmeval.errors import DataError, UsageError
from mmeval.inference import open_engine

from .conftest import answers, request


def stored(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return open_engine(f"replay:{path}")


def test_answers_come_back(tmp_path):
    rows = [
        {"id": "pope/1", "text": "Yes", "finish": "length", "new_tokens": 3},
        {"sample": "2", "text": "No", "thinking": "hm"},
        {"id": "pope/3", "finish": "error", "error": "broken"},
    ]
    found = answers(stored(tmp_path / "a.jsonl", *rows), [request(f"pope/{i}", "?") for i in (1, 2, 3, 4)])
    assert (found["pope/1"].text, found["pope/1"].finish, found["pope/1"].new_tokens) == ("Yes", "length", 3)
    assert (found["pope/2"].text, found["pope/2"].thinking) == ("No", "hm")
    assert found["pope/3"].error == "broken"
    assert "no stored answer" in (found["pope/4"].error or "")


def test_a_run_folder_and_a_log_that_was_cut(tmp_path):
    log = tmp_path / "responses.jsonl"
    log.write_text('{"id": "t/0", "text": "old"}\n{"id": "t/0", "text": "new"}\n{"id": "t/1", "te')
    found = answers(open_engine(f"replay:{tmp_path}"), [request("t/0", "?"), request("t/1", "?")])
    assert found["t/0"].text == "new"
    assert found["t/1"].finish == "error"


def test_loglikelihoods(tmp_path):
    ours = stored(tmp_path / "a.jsonl", {"id": "t/0", "loglikelihoods": [-1, -2.5]}, {"id": "t/1", "text": "Yes"})
    asked = [dataclasses.replace(request(key, "?"), continuations=("Yes", "No")) for key in ("t/0", "t/1")]
    found = answers(ours, asked)
    assert found["t/0"].loglikelihoods == (-1.0, -2.5)
    assert found["t/1"].finish == "error"


def test_digests_follow_the_stored_answer(tmp_path):
    first = stored(tmp_path / "a.jsonl", {"id": "t/0", "text": "Yes"}, {"id": "t/1", "text": "Yes"})
    second = stored(tmp_path / "b.jsonl", {"id": "t/0", "text": "No"}, {"id": "t/1", "text": "Yes"})
    assert first.digest(request("t/0", "?")) != second.digest(request("t/0", "?"))
    assert first.digest(request("t/1", "?")) == second.digest(request("t/1", "?"))
    assert first.digest(request("t/1", "?")) != first.digest(request("t/2", "?"))
    assert first.describe()["digest"] != second.describe()["digest"]


@pytest.mark.parametrize(
    "line", ["no json\n", "[1]\n", '{"text": "Yes"}\n', '{"id": "a", "text": "", "finish": "?"}\n']
)
def test_lines_that_cannot_be_read_are_named(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "t/0", "text": "Yes"}\n' + line)
    with pytest.raises(DataError, match=r"a\.jsonl: line 2"):
        open_engine(f"replay:{path}")


def test_no_such_file(tmp_path):
    with pytest.raises(UsageError, match="nothing"):
        open_engine(f"replay:{tmp_path}/nothing.jsonl")


@pytest.mark.parametrize("option", ["adapter", "system", "chat_template", "revision"])
def test_options_that_stored_answers_cannot_follow(tmp_path, option):
    stored(tmp_path / "a.jsonl", {"id": "t/0", "text": "Yes"})
    with pytest.raises(UsageError, match=f"--{option.replace('_', '-')}"):
        open_engine(f"replay:{tmp_path}/a.jsonl", **{option: "x"})
    assert open_engine(f"replay:{tmp_path}/a.jsonl", dtype="float32", batch_size=4, threads=1)


def test_half_an_emoji_can_be_written_again(tmp_path):
    row = {"id": "t/0", "digest": "d", "text": "so \ud83d", "thinking": "\ude00 hm"}
    ours = stored(tmp_path / "responses.jsonl", row, {"id": "t/1", "text": "whole \U0001f600"})
    (tmp_path / "samples.jsonl").write_text('{"task": "u", "sample": "0", "request": "d"}\n')
    for engine in (ours, open_engine(f"replay:{tmp_path}")):
        found = answers(engine, [request("t/0", "?"), request("t/1", "?")])
        assert (found["t/0"].text, found["t/0"].thinking) == ("so ?", "? hm")
        assert found["t/1"].text == "whole \U0001f600"
        assert engine.digest(request("t/0", "?"))
        assert engine.describe()["digest"]


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"id": "t/0", "text": "\xff"}\n')
    with pytest.raises(DataError, match="UTF-8"):
        open_engine(f"replay:{tmp_path}/a.jsonl")
