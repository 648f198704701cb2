"""`mmeval judge-check` and `mmeval length`, as typed, on run folders."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from mmeval import evaluate
from mmeval.catalog import load_catalog
from mmeval.errors import UsageError
from mmeval.judging.check import check_run
from mmeval.length import compare_at_equal_length
from mmeval.logs import verify
from mmeval.runs import RunFolder
from tests.judging.duels import Judge, duels
from tests.judging.test_panel import by_words, run

TEXTS = ["good", "bad", "so so", "good", "good", "bad"] * 10


def mmeval(*arguments) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "mmeval", *map(str, arguments)], capture_output=True, text=True)


def test_a_finished_run_is_checked_against_labels_and_keeps_them(tmp_path):
    done = run(tmp_path, Judge(by_words), TEXTS)
    (tmp_path / "people.csv").write_text("sample,label\n" + "".join(f"{i},{i % 2}\n" for i in range(20)))
    said = mmeval(
        "judge-check", done.path, "--labels", tmp_path / "people.csv", "--catalog", tmp_path / "catalog", "--json"
    )
    assert said.returncode == 0, said.stderr
    people = json.loads(said.stdout)["tasks"]["duel"]["judge"]["people"]
    assert people["labelled"] == 20
    assert people["kappa"]["low"] <= people["kappa"]["value"] <= people["kappa"]["high"]
    page = done.report.read_text()
    assert "How far the judge can be trusted" in page
    assert "Cohen&#39;s kappa" in page
    assert verify(RunFolder.existing(done.path), load_catalog([tmp_path / "catalog"])).differences == {}
    table = mmeval("judge-check", done.path, "--labels", tmp_path / "people.csv", "--catalog", tmp_path / "catalog")
    assert "agrees with people" in table.stdout
    assert "corrected figure" in table.stdout


def test_what_cannot_be_checked(tmp_path):
    catalog_of = lambda: load_catalog([tmp_path / "catalog"])  # noqa: E731
    done = run(tmp_path, (), TEXTS)
    (tmp_path / "people.csv").write_text("sample,label\n0,1\n")
    with pytest.raises(UsageError, match="no judge has read its answers"):
        check_run(done.path, tmp_path / "people.csv", catalog_of())
    assert mmeval("judge-check").returncode == 64
    assert "needs --labels FILE" in mmeval("judge-check", done.path).stderr


CAPTIONS = '''"""Captions: how much of a caption is made up?"""

from mmeval.samples import Sample, ask
from mmeval.scorers import Metric, Scorer, counts
from mmeval.sources import generated
from mmeval.tasks import Task

captions = Task(
    rows=generated(lambda: [{"id": i} for i in range(400)], "rows"),
    sample=lambda row: Sample(str(row["id"]), ask(f"Describe {row['id']}.")),
    scorer=Scorer(
        lambda sample, answer: counts(wrong=answer.count("unicorn"), words=len(answer.split())),
        {"made_up": Metric(lambda s: s.ratio(s.wrong, s.n), better="lower", unit="number")},
    ),
    max_new_tokens=8,
    headline="made_up",
)
'''


def test_a_model_that_makes_up_more_only_because_it_says_more(tmp_path):
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "captions.py").write_text(CAPTIONS)
    catalog = load_catalog([tmp_path / "catalog"])
    rng = np.random.default_rng(5)
    paths = []
    for name, typical in (("short", 30), ("long", 45)):
        texts = [
            " ".join(rng.choice(["dogs", "cats", "unicorn"], size, p=[0.5, 0.4, 0.1]))
            for size in rng.poisson(typical, 400)
        ]
        rows = ({"id": f"captions/{i}", "text": text} for i, text in enumerate(texts))
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        done = evaluate(f"replay:{tmp_path / name}.jsonl", "captions", catalog=catalog, output=tmp_path / name)
        paths.append(RunFolder.existing(done.path))
        against = done.tasks["captions"]["length"]
        assert against["metrics"]["made_up"]["slope"]["low"] > 0
        assert "Against the length of the answers" in done.report.read_text()
    found = compare_at_equal_length(*paths, catalog)["captions"]["made_up"]
    assert found.candidate - found.base == pytest.approx(found.equal.raw.value)
    assert found.equal.raw.low > 1.0  # fifteen words more, a tenth of them made up
    assert found.equal.controlled.low < 0 < found.equal.controlled.high
    said = mmeval("length", paths[0].path, paths[1].path, "--catalog", tmp_path / "catalog")
    assert said.returncode == 0, said.stderr
    assert "at equal length" in said.stdout


def test_a_ratio_at_equal_length_has_the_difference_of_the_figures_and_one_dialect(tmp_path):
    (tmp_path / "catalog").mkdir()
    source = CAPTIONS.replace("words=len(answer.split())", "words=answer.count('dog') + answer.count('unicorn')")
    source = source.replace("s.ratio(s.wrong, s.n)", "s.ratio(s.wrong, s.words)").replace("(400)", "(60)")
    start, end = source.index("scorer=Scorer("), source.index("    max_new_tokens")
    scorer = source[start:end].removeprefix("scorer=").rstrip().rstrip(",")
    source = source[:start] + f'scorer={{"official": {scorer}, "other": {scorer}}},\n' + source[end:]
    (tmp_path / "catalog" / "captions.py").write_text(source)
    catalog = load_catalog([tmp_path / "catalog"])
    rng = np.random.default_rng(3)

    def made(name, share, dialect):
        texts = [
            " ".join(["and so on"] * 9 + list(rng.choice(["unicorn", "dog"], rng.poisson(1.5), p=[share, 1 - share])))
            for _ in range(60)
        ]
        rows = ({"id": f"captions/{i}", "text": text} for i, text in enumerate(texts))
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        done = evaluate(
            f"replay:{tmp_path / name}.jsonl", "captions", catalog=catalog, output=tmp_path / name, scoring=dialect
        )
        return RunFolder.existing(done.path)

    base, candidate = made("base", 0.3, "official"), made("candidate", 0.5, "official")
    found = compare_at_equal_length(base, candidate, catalog)["captions"]["made_up"]
    assert found.candidate - found.base == pytest.approx(found.equal.raw.value)  # some captions name nothing
    with pytest.raises(UsageError, match=r"scored as official in .* and as other in"):
        compare_at_equal_length(base, made("other", 0.5, "other"), catalog)


def test_short_answers_have_no_length_to_speak_of(tmp_path):
    done = run(tmp_path, Judge(by_words), TEXTS)
    assert "length" not in done.tasks["duel"]
    with pytest.raises(UsageError, match="share no task whose answers are long enough"):
        compare_at_equal_length(*[RunFolder.existing(done.path)] * 2, load_catalog([tmp_path / "catalog"]))


def test_only_long_answers_count_where_a_task_asks_for_both(tmp_path):
    """AMBER asks for descriptions and for yes or no; length is a matter of the former."""
    found = {}
    for model in ("demo", "demo-dpo"):
        done = evaluate(model, "demo_amber", output=tmp_path / model, resamples=200)
        found[model] = done.tasks["demo_amber"]["length"]
    assert {"chair", "cover"} <= set(found["demo"]["metrics"])
    assert "f1" not in found["demo"]["metrics"]
    assert found["demo"]["mean"] > 100
    runs = [RunFolder.existing(tmp_path / model) for model in ("demo", "demo-dpo")]
    compared = compare_at_equal_length(*runs, load_catalog())["demo_amber"]
    assert "f1" not in compared
    assert compared["cover"].lengths[1] < compared["cover"].lengths[0]  # demo-dpo says less
    assert compared["cover"].equal.raw.value < compared["cover"].equal.controlled.value  # and so covers less


def test_bare_answers_of_a_judged_task_are_told_where_a_judge_is(tmp_path):
    duels(tmp_path / "catalog", 3)
    rows = [{"id": str(i), "answer": "good"} for i in range(3)]
    (tmp_path / "answers.json").write_text(json.dumps(rows))
    said = mmeval("score", "--task", "duel", "--answers", tmp_path / "answers.json", "--catalog", tmp_path / "catalog")
    assert said.returncode == 3
    assert "mmeval run --model replay:FILE --tasks duel --judge MODEL" in said.stderr
