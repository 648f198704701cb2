"""The judge pass: rounds of calls, replies that can't be read, failures, resuming, and a real model as judge."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace

import pytest

from mmeval import evaluate
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.inference.base import digest_of
from mmeval.inference.replay import ReplayEngine
from mmeval.judging import JudgeSettings
from mmeval.logs import verify
from mmeval.runs import RunFolder

TASK = '''"""Talk: rated answers; numbers are read by a rule, the rest by a judge that lists claims, then rates each."""

from mmeval.samples import Sample, ask
from mmeval.scorers import Judging, Metric, Scorer, counts
from mmeval.sources import generated
from mmeval.tasks import Task


def calls(sample, answer, replies):
    if answer.isdigit():
        return []
    if not replies:
        return [{"answer": answer, "claim": None}]
    return [{"answer": answer, "claim": one} for one in replies[0].split(";")] if len(replies) == 1 else []


def score(sample, answer, replies):
    good = [reply == "good" for reply in replies[1:]] or [True]
    return counts(right=sum(good), claims=len(good))


talk = Task(
    rows=generated(lambda: [{"id": i} for i in range(4)], "rows"),
    sample=lambda row: Sample(str(row["id"]), ask(f"Say {row['id']}.")),
    scorer=Scorer(
        None,
        {"right": Metric(lambda s: s.ratio(s.right, s.claims))},
        judging=Judging("talk", calls, score, lambda reply, asked: reply != "??"),
    ),
    max_new_tokens=8,
    headline="right",
)
'''


@pytest.fixture
def catalog(tmp_path):
    folder = tmp_path / "catalog"
    (folder / "judges" / "talk").mkdir(parents=True)
    (folder / "talk.py").write_text(TASK)
    (folder / "judges" / "talk" / "judge.yaml").write_text(
        "summary: lists claims, then rates each\nmax_new_tokens: 8\n"
    )
    (folder / "judges" / "talk" / "prompt.jinja").write_text(
        "{% if claim %}Is it true: {{ claim }}?{% else %}List claims of: <<{{ answer }}>>{% endif %}"
    )
    return load_catalog([folder])


def stored(path, rows: dict[str, str | None]) -> str:
    lost = {"finish": "error", "error": "connection lost"}
    lines = ({"id": id, **({"text": text} if text is not None else lost)} for id, text in rows.items())
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return f"replay:{path}"


class Counting:
    """An engine that notes what it is asked."""

    def __init__(self, engine: ReplayEngine):
        self.engine, self.asked = engine, []
        self.describe, self.digest, self.close = engine.describe, engine.digest, engine.close

    def run(self, requests: Sequence):
        requests = list(requests)
        self.asked += [request.id for request in requests]
        return self.engine.run(requests)


ANSWERS = {"talk/0": "a cat and a dog", "talk/1": "7", "talk/2": "a bird", "talk/3": "a fish"}
REPLIES = {
    "talk/0#judge0": "cat;dog",
    "talk/0#judge1": "good",
    "talk/0#judge2": "bad",
    "talk/2#judge0": "??",
    "talk/2#judge0.again": "bird",
    "talk/2#judge1": "good",
    "talk/3#judge0": "??",
    "talk/3#judge0.again": "??",
}


def run(tmp_path, catalog, replies=REPLIES, **more):
    model = stored(tmp_path / "answers.jsonl", ANSWERS)
    judge = Counting(ReplayEngine(tmp_path / "replies.jsonl")) if stored(tmp_path / "replies.jsonl", replies) else None
    done = evaluate(model, "talk", catalog=catalog, output=tmp_path / "run", judge=judge, **more)
    return done, judge


def test_claims_are_listed_then_rated_and_what_cannot_be_read_is_missing(tmp_path, catalog):
    done, judge = run(tmp_path, catalog)
    result = done.tasks["talk"]
    assert result["metrics"]["right"]["value"] == 3 / 4  # cat, not dog, the number, the bird
    assert (result["n"], result["missing"], result["unjudged"]) == (4, 0, 1)
    assert sorted(judge.asked) == sorted(REPLIES)
    assert done.exit_code == 3
    assert any("1 answers have no verdict: the judge's reply could not be read, twice: '??'" in n for n in done.notes)
    assert verify(RunFolder.existing(done.path), catalog).differences == {}


def test_a_second_run_asks_the_judge_for_nothing_but_what_failed(tmp_path, catalog):
    failing = {**REPLIES, "talk/0#judge2": None}
    done, _ = run(tmp_path, catalog, failing)
    assert done.tasks["talk"]["unjudged"] == 2
    done, judge = run(tmp_path, catalog)
    assert judge.asked == ["talk/0#judge2"]
    assert done.tasks["talk"]["metrics"]["right"]["value"] == 3 / 4
    record = json.loads((done.path / "run.json").read_text())
    told = record["judge"]["judges"][0]
    assert (told["asked"], told["failed"]) == (1, 1)


def test_without_a_judge_answers_are_kept_and_rules_still_read_theirs(tmp_path, catalog):
    model = stored(tmp_path / "answers.jsonl", ANSWERS)
    done = evaluate(model, "talk", catalog=catalog, output=tmp_path / "run")
    assert (done.tasks["talk"]["unjudged"], done.tasks["talk"]["metrics"]["right"]["value"]) == (3, 1.0)
    assert any("pass --judge MODEL" in note for note in done.notes)
    assert verify(RunFolder.existing(done.path), catalog).differences == {}


def test_verdicts_of_a_judge_are_gone_from_figures_when_run_without_one(tmp_path, catalog):
    run(tmp_path, catalog)
    model = stored(tmp_path / "answers.jsonl", ANSWERS)
    done = evaluate(model, "talk", catalog=catalog, output=tmp_path / "run")
    assert done.tasks["talk"]["unjudged"] == 3
    assert verify(RunFolder.existing(done.path), catalog).differences == {}


def test_a_real_model_judges_and_its_replies_are_on_the_page(tmp_path, catalog):
    model = stored(tmp_path / "answers.jsonl", ANSWERS)
    done = evaluate(model, "talk", catalog=catalog, output=tmp_path / "run", judge="demo")
    record = json.loads((done.path / "run.json").read_text())["judge"]
    assert record["prompts"]["talk"]["words"] == "ours"
    assert record["judges"][0]["model"]["digest"]
    assert record["judges"][0]["calls"] >= 6
    replies = [json.loads(line)["text"] for line in (done.path / "verdicts.jsonl").read_text().splitlines()]
    assert any(replies)
    page = done.report.read_text()
    assert all(json.dumps(reply)[1:-1] in page for reply in replies if re.fullmatch(r"[\w .,]+", reply))


def test_words_of_a_release_take_the_place_of_ours_and_are_named(tmp_path, catalog):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "talk.jinja").write_text("Official: {{ answer }} {{ claim }}")
    done, _ = run(tmp_path, catalog, judge_settings=JudgeSettings(prompts=tmp_path / "theirs"))
    record = json.loads((done.path / "run.json").read_text())["judge"]["prompts"]["talk"]
    assert record["words"].endswith("talk.jinja")


class Odd(Counting):
    """An engine some of whose replies no file can hold; `reply` changes them."""

    def __init__(self, engine: ReplayEngine, reply):
        super().__init__(engine)
        self.reply = reply
        self.digest = lambda request: digest_of(engine.digest(request), [one.text for one in request.messages])

    def run(self, requests: Sequence):
        return (self.reply(one) for one in super().run(requests))


def odd(tmp_path, catalog, reply, replies=REPLIES):
    stored(tmp_path / "replies.jsonl", replies)
    judge = Odd(ReplayEngine(tmp_path / "replies.jsonl"), reply)
    model = stored(tmp_path / "answers.jsonl", ANSWERS)
    return evaluate(model, "talk", catalog=catalog, output=tmp_path / "run", judge=judge)


def test_a_reply_with_half_a_character_is_read_without_it(tmp_path, catalog):
    done = odd(tmp_path, catalog, lambda one: replace(one, text="cat;d\ud83d" if one.text == "cat;dog" else one.text))
    assert done.tasks["talk"]["metrics"]["right"]["value"] == 3 / 4
    assert "cat;d?" in (done.path / "verdicts.jsonl").read_text()
    assert verify(RunFolder.existing(done.path), catalog).differences == {}


def test_a_judge_that_was_cut_off_while_thinking_is_told_so(tmp_path, catalog):
    done = odd(tmp_path, catalog, lambda one: replace(one, text="", finish="thinking") if "bird" in one.text else one)
    wanted = "thinking was cut off; raise max_new_tokens in judges/talk/judge.yaml"
    assert any(wanted in note for note in done.notes)


def test_an_odd_row_costs_no_other_row_its_verdict(tmp_path, catalog):
    folder = tmp_path / "odd"
    shutil.copytree(tmp_path / "catalog" / "judges", folder / "judges")
    words = folder / "judges" / "talk" / "prompt.jinja"
    words.write_text(words.read_text().replace("{{ answer }}", "{{ answer }}{{ answer | length }}"))
    source = TASK.replace('{"answer": answer, "claim": None}', '{"answer": NULL, "claim": None}')
    source = source.replace("NULL", 'None if "bird" in answer else answer')
    source = source.replace("for one in replies[0]", 'for one in {"boom": None}.get(replies[0], replies[0])')
    (folder / "talk.py").write_text(source.replace('reply != "??"', '1 / (reply != "??")'))
    replies = {**REPLIES, "talk/0#judge0": "??", "talk/0#judge0.again": "cat;dog", "talk/3#judge0": "boom"}
    done, _ = run(tmp_path, load_catalog([folder]), replies)
    result = done.tasks["talk"]
    assert (result["metrics"]["right"]["value"], result["unjudged"]) == (2 / 3, 2)
    for why in ("judge prompt talk: TypeError", "AttributeError: 'NoneType'"):
        assert any(f"the judge could not be asked: {why}" in note for note in done.notes)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("judge.yaml", "summary: x\nvotess: 3\n", "votess"),
        ("judge.yaml", "summary: [", r"judge\.yaml"),
        ("prompt.jinja", "{{ answer }} {{ nothing_of_that_name }}", r"nothing_of_that_name.*variables: answer, claim"),
        ("prompt.jinja", "{% if %}", "judge prompt talk"),
        ("prompt.jinja", "{{ answer + 1 }}", "judge prompt talk: TypeError"),
        ("prompt.jinja", b"\xff", r"prompt\.jinja: not UTF-8"),
        ("judge.yaml", b"summary: \xff", r"judge\.yaml: not UTF-8"),
    ],
)
def test_a_broken_prompt_is_named(tmp_path, catalog, file, text, says):
    (catalog.judges["talk"] / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=says):
        run(tmp_path, catalog)
