"""Two runs side by side: what is compared, what is refused, what is said of each metric."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mmeval import evaluate
from mmeval.aligning import align
from mmeval.catalog import load_catalog
from mmeval.compare import BETTER, NONE_SHOWN, TOO_FEW, WORSE, CompareSettings, MetricCompared, compare_runs, verdict
from mmeval.errors import UsageError
from mmeval.runs import RunFolder
from mmeval.scorers.base import Metric
from mmeval.statistics.paired import Paired
from mmeval.statistics.sums import Estimate
from tests.test_cli import call

CATALOG = load_catalog()
ASKED = 240
OTHER = {"yes": "No", "no": "Yes"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    evaluate("demo", "demo_pope", limit=ASKED, output=folder / "seen")
    return folder


def run(folder, name, answer, limit=ASKED, **more):
    """A run with made-up answers. answer: (place, truth) -> text, or None for no answer."""
    samples = [json.loads(line) for line in (folder / "seen" / "samples.jsonl").open()]
    texts = [answer(i, one["target"]) for i, one in enumerate(samples)]
    rows = [
        {"id": f"demo_pope/{one['sample']}", "text": text}
        for one, text in zip(samples, texts, strict=True)
        if text is not None
    ]
    answers = folder / f"{name}.jsonl"
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = evaluate(f"replay:{answers}", "demo_pope", limit=limit, output=folder / name, **more)
    return RunFolder.existing(made.path)


def wrong_every(k):
    return lambda i, truth: OTHER[truth] if i % k == 0 else truth.title()


@pytest.fixture(scope="module")
def base(folder):
    return run(folder, "base", wrong_every(4))


@pytest.fixture(scope="module")
def good(folder):
    return run(folder, "good", wrong_every(20))


def test_the_same_samples_are_compared_and_flips_counted(base, good):
    compared = compare_runs(base, [good], CATALOG).comparisons[0]
    task = compared.tasks["demo_pope"]
    accuracy = task.metrics["accuracy"]
    right = [base.scores()["correct"].astype(bool), good.scores()["correct"].astype(bool)]
    own = [one.read_json("metrics.json")["demo_pope"]["metrics"]["accuracy"]["value"] for one in (base, good)]
    assert [accuracy.test.base, accuracy.test.candidate] == pytest.approx(own)
    assert accuracy.test.difference.value == pytest.approx(own[1] - own[0])
    assert task.flips == (int((right[0] & ~right[1]).sum()), int((~right[0] & right[1]).sum()))
    assert (accuracy.verdict, task.dimension, task.common) == (BETTER, "hallucination", ASKED)
    assert task.metrics["yes_ratio"].verdict is None  # neither way is good


def test_the_other_way_round_is_worse_by_as_much(base, good):
    there, back = (compare_runs(a, [b], CATALOG).comparisons[0] for a, b in ((base, good), (good, base)))
    one, other = (found.tasks["demo_pope"].metrics["f1"] for found in (there, back))
    assert other.verdict == WORSE
    assert other.test.difference.value == -one.test.difference.value
    assert other.test.p == pytest.approx(one.test.p)


def test_unequal_samples_are_compared_where_both_have_a_score_and_that_is_said(folder, base, capsys):
    fewer = run(folder, "fewer", lambda i, truth: None if i % 3 == 0 else truth.title(), limit=ASKED - 40)
    task = compare_runs(base, [fewer], CATALOG).comparisons[0].tasks["demo_pope"]
    assert (task.n, task.only_base, task.missing[0]) == ((ASKED, ASKED - 40), 40, 0)
    assert task.common == ASKED - 40 - task.missing[1]
    assert task.missing[1] > 0
    code, out, _ = call(capsys, "compare", base.path, fewer.path, "--no-page")
    assert code == 0
    assert f"compared on the {task.common} samples that both have a score of (40 only in the base" in out.replace(
        "\n", " "
    )


@pytest.mark.parametrize(
    ("name", "options", "what"),
    [
        ("blind", {"ablate": "no-image"}, "prompt"),
        ("exact", {"scoring": "lmms-eval"}, "dialect"),
        ("short", {"max_new_tokens": 3}, "decoding"),
    ],
)
def test_what_was_not_asked_the_same_is_refused_unless_forced_and_then_marked(folder, base, name, options, what):
    other = run(folder, name, wrong_every(4), **options)
    with pytest.raises(UsageError, match=rf"demo_pope: {what} differs: .*--force"):
        compare_runs(base, [other], CATALOG)
    forced = compare_runs(base, [other], CATALOG, CompareSettings(force=True)).comparisons[0]
    assert forced.differs["demo_pope"][0].what == what
    assert forced.to_json()["forced"] is True


def test_another_target_under_the_same_id_is_other_data(folder, base, tmp_path):
    other = run(folder, "relabelled", wrong_every(4))
    lines = [json.loads(line) for line in (other.path / "samples.jsonl").open()]
    lines[7]["target"] = OTHER[lines[7]["target"]].lower()
    (other.path / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UsageError, match=rf"data differs: .*{lines[7]['sample']}.*1 of {ASKED} samples"):
        compare_runs(base, [other], CATALOG)


def test_a_run_against_itself_or_without_a_common_task_is_refused(folder, base):
    with pytest.raises(UsageError, match="is the base itself"):
        compare_runs(base, [base], CATALOG)
    other = evaluate("demo", "demo_reward", limit=4, output=folder / "reward")
    with pytest.raises(UsageError, match="demo_pope is not in the candidate"):
        compare_runs(base, [RunFolder.existing(other.path)], CATALOG)
    with pytest.raises(UsageError, match="neither run has the task 'pope'"):
        compare_runs(base, [RunFolder.existing(other.path)], CATALOG, CompareSettings(tasks=("pope",)))


def test_groups_are_those_that_both_runs_have_in_full(folder):
    """demo_reward counts pairs asked in both orders: one that a run has half of counts in neither."""
    whole = evaluate("demo", "demo_reward", limit=40, output=folder / "whole")
    half = RunFolder.existing(evaluate("demo-dpo", "demo_reward", limit=39, output=folder / "half").path)
    runs = [RunFolder.existing(whole.path), half]
    scorer = CATALOG.tasks["demo_reward"].scorer_for()[1]
    aligned = align("demo_reward", scorer, runs, [one.scores() for one in runs])
    counted = [{name: column.sum() for name, column in table.counts.items()} for table in aligned.tables]
    groups = [name for name in counted[0] if name.endswith("both") or "pair" in name or "orders" in name]
    assert groups
    assert len(aligned.ids) == 39
    assert any(counted[0][name] == counted[1][name] == 19 for name in groups)


def paired_of(value, low, high, p, detectable):
    estimate = Estimate(value, low, high, 0.01, 100, 100)
    return Paired(0.5, 0.5 + value, estimate, p, "bootstrap", p, None, 0.1, detectable, 100, 50, 1.0, 100, 50)


@pytest.mark.parametrize(
    ("test", "better", "p", "said"),
    [
        (paired_of(0.05, 0.02, 0.08, 0.001, 0.03), "higher", 0.01, BETTER),
        (paired_of(0.05, 0.02, 0.08, 0.001, 0.03), "lower", 0.01, WORSE),
        (paired_of(0.05, 0.02, 0.08, 0.001, 0.03), "higher", 0.06, TOO_FEW),
        (paired_of(0.001, -0.004, 0.006, 0.7, 0.007), "higher", 1.0, NONE_SHOWN),
        (paired_of(0.0, 0.0, 0.0, 1.0, 0.9), "higher", 1.0, TOO_FEW),  # equal on a handful
        (paired_of(0.001, -0.03, 0.03, 0.9, 0.04), "higher", 1.0, TOO_FEW),
        (paired_of(0.0, None, None, None, None), "higher", None, TOO_FEW),
    ],
)
def test_what_is_said_of_a_metric(test, better, p, said):
    metric = replace(Metric(lambda s: s.n), better=better)
    assert verdict(MetricCompared(test, metric, 0.01, 100), p, 0.05) == said


def test_the_command_prints_one_object_or_a_table(base, good, capsys):
    code, out, _ = call(capsys, "compare", base.path, good.path, "--no-page", "--json")
    told = json.loads(out)
    metric = told["comparisons"][0]["tasks"]["demo_pope"]["metrics"]["f1"]
    assert code == 0
    assert metric["verdict"] == "better"
    assert metric["difference"]["low"] < metric["difference"]["value"] < metric["difference"]["high"]
    assert set(metric) >= {"holm", "bh", "permutation", "mcnemar", "effect", "detectable", "needed", "scale"}
    code, out, _ = call(capsys, "compare", base.path, good.path, "--no-page")
    assert code == 0
    assert "better" in out
    assert "headlines: 1 better" in out
