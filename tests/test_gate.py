"""The gate on real runs of replayed answers with planted errors: exit codes, evidence, and what CI gets to read."""

from __future__ import annotations

import json
import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from scipy.stats import t

from mmeval import evaluate
from mmeval.catalog import load_catalog
from mmeval.errors import DataError, UsageError
from mmeval.gating.gate import gate
from mmeval.gating.policy import DEFAULT, Policy, load_policy
from mmeval.gating.rules import enough
from mmeval.runs import RunFolder
from mmeval.statistics.multiplicity import holm
from mmeval.statistics.paired import p_not_worse, paired
from mmeval.statistics.sums import Metric, table
from tests.test_cli import ROOT, call

CATALOG = load_catalog()


def answered(folder, name, truths, right, tasks="demo_pope", left_out=()):
    """A run whose answers are right where `right` says so, without those of some samples."""
    other = {"yes": "No", "no": "Yes"}
    rows = []
    for i, one in enumerate(truths):
        if one["task"] != "demo_pope":
            text = "I can't help with that."
        else:
            text = one["target"].title() if right(i) else other[one["target"]]
        rows += [] if i in left_out else [{"id": f"{one['task']}/{one['sample']}", "text": text}]
    answers = folder / f"{name}.jsonl"
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = evaluate(f"replay:{answers}", tasks, output=folder / name, scoring="lmms-eval")
    return RunFolder.existing(done.path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    (folder / "none.jsonl").write_text('{"id": "demo_pope/x", "text": "Yes"}\n')
    evaluate(f"replay:{folder / 'none.jsonl'}", "demo_pope,demo_safety", output=folder / "seen")
    truths = [json.loads(line) for line in (folder / "seen" / "samples.jsonl").open()]
    pope = [one for one in truths if one["task"] == "demo_pope"]
    both = [*pope, *(one for one in truths if one["task"] == "demo_safety")]
    few = [i for i in range(len(pope)) if i % 8 == 0]
    return {
        "base": answered(folder, "base", pope, lambda i: i % 10),
        "same": answered(folder, "same", pope, lambda i: i % 10 or i == 20),
        "better": answered(folder, "better", pope, lambda i: i % 40),
        "worse": answered(folder, "worse", pope, lambda i: i % 10 and i % 6),
        "gaps": answered(folder, "gaps", pope, lambda i: i % 10, left_out=few),
        "both": answered(folder, "both", both, lambda i: i % 10, "demo_pope,demo_safety"),
        "failed": answered(folder, "failed", pope, lambda i: i % 10, "demo_pope,pope"),
    }


def policy(*rules, **more):
    return Policy.model_validate({"rules": rules, **more})


def by_hand(runs, candidate):
    """Of the difference in accuracy, from the tables of scores alone: the mean, the cluster-robust standard error, the
    effective number of clusters, their number, and in how many of them answers changed."""
    frames = [run.scores().set_index("sample") for run in (runs["base"], runs[candidate])]
    moved = frames[1]["correct"].astype(float) - frames[0]["correct"].astype(float)
    groups = moved.groupby(frames[0]["cluster"])
    sums, sizes = groups.sum().to_numpy(), groups.size().to_numpy(float)
    mean = sums.sum() / sizes.sum()
    clusters = sizes.sum() ** 2 / (sizes**2).sum()
    spread = np.sqrt(((sums - mean * sizes) ** 2).sum()) / sizes.sum() * np.sqrt(clusters / (clusters - 1))
    return mean, spread, clusters, len(sizes), int(moved.ne(0).groupby(frames[0]["cluster"]).any().sum())


def command(capsys, runs, candidate, *more, base="base"):
    return call(capsys, "gate", "--base", runs[base].path, "--cand", runs[candidate].path, *more)


def file(tmp_path, text):
    path = tmp_path / "release.yaml"
    path.write_text(text)
    return path


# -- exit codes


def test_nothing_worse_passes_by_the_default_policy_which_is_named(capsys, runs):
    code, out, err = command(capsys, runs, "same")
    assert (code, err) == (0, "")
    assert out.startswith("PASS: replay:")
    assert "base.jsonl: all 2 rules hold" in out.replace("\n", "")
    assert "policy: the default policy" in out
    assert "no regression shown" in out


def test_a_planted_regression_fails_and_says_by_how_much(capsys, runs):
    code, out, _ = command(capsys, runs, "worse", "--json")
    found = json.loads(out)
    assert (code, found["outcome"], found["exit_code"]) == (1, "regression", 1)
    rule = found["rules"][0]
    assert (rule["verdict"], rule["task"], rule["asks"]) == ("violated", "demo_pope", "no_regression")
    assert rule["points"]["high"] < 0
    assert rule["points"]["value"] == pytest.approx(100 * rule["difference"]["value"])
    assert "worse by" in rule["reason"]


def test_what_could_not_be_shown_says_how_many_samples_would_do(capsys, runs, tmp_path):
    rules = file(tmp_path, "rules:\n  - metric: demo_pope\n    not_worse_by: 0.1\n")
    code, out, _ = command(capsys, runs, "same", "--policy", rules, "--json")
    found = json.loads(out)["rules"][0]
    assert (code, found["verdict"]) == (2, "cannot tell")
    assert found["needed"] > 558
    assert f"about {found['needed']:,} samples like these would do, there are 558" in found["reason"]


@pytest.mark.parametrize(
    ("candidate", "name", "said"),
    [("same", "demo_chair", "not in the candidate"), ("failed", "pope", "failed in the candidate: ")],
)
def test_a_task_that_is_absent_or_failed_is_a_regression(capsys, runs, tmp_path, candidate, name, said):
    rules = file(tmp_path, f"rules:\n  - metric: {name}\n    no_regression: true\n")
    code, out, _ = command(capsys, runs, candidate, "--policy", rules, "--json", base="both")
    found = json.loads(out)["rules"][0]
    assert (code, found["verdict"], found["absent"]) == (1, "violated", True)
    assert found["reason"].startswith(said)


def test_a_task_that_only_the_base_lacks_can_not_be_told(runs):
    asked = policy({"metric": "demo_safety", "no_regression": True})
    (found, _) = gate(runs["base"], runs["both"], asked, CATALOG).rules
    assert (found.verdict, found.absent, found.reason) == ("cannot tell", True, "not in the base")
    gated = gate(runs["base"], runs["both"], DEFAULT, CATALOG)
    assert [one.task for one in gated.rules] == ["demo_pope", None]
    assert gated.notes == ("demo_safety: only in the candidate, so there is nothing to compare it with",)


def test_a_task_that_failed_is_never_let_pass_though_the_base_does_not_know_it(runs):
    gated = gate(runs["base"], runs["failed"], DEFAULT, CATALOG)
    assert gated.outcome == "regression"
    assert any(one.task == "pope" and one.reason.startswith("failed in the candidate") for one in gated.rules)


@pytest.mark.parametrize("metric", ["safety", "demo_pope.yes*"])
def test_a_rule_that_has_nothing_to_judge_is_not_let_pass(runs, metric):
    """The base has no task of safety, and neither way is good of a share of yes."""
    gated = gate(runs["base"], runs["both"], policy({"metric": metric, "no_regression": True}), CATALOG)
    assert gated.outcome == "cannot tell"
    assert gated.rules[0].name == metric


def test_missing_answers_over_their_share_are_a_regression(capsys, runs):
    code, out, _ = command(capsys, runs, "gaps")
    assert code == 1
    assert "demo_pope: 70 of 558 answers missing or not judged (12.5%), 0.0% in the base" in " ".join(out.split())
    asked = {"metric": "*", "no_regression": True}
    outcomes = {
        gate(runs["base"], runs["gaps"], policy(asked, missing=missing), CATALOG).outcome
        for missing in ({"at_most": 0.13}, {"at_most": 0.13, "more_than_base": 0.13}, {"at_most": None})
    }
    assert outcomes == {"pass"}
    strict = policy(asked, missing={"at_most": 0.13, "more_than_base": 0.12})
    assert gate(runs["base"], runs["gaps"], strict, CATALOG).outcome == "regression"


def test_a_candidate_that_was_asked_less_can_not_be_told(runs, tmp_path):
    short = evaluate(
        f"replay:{runs['base'].path.parent / 'base.jsonl'}",
        "demo_pope",
        limit=120,
        output=tmp_path / "x",
        scoring="lmms-eval",
    )
    found = gate(runs["base"], RunFolder.existing(short.path), DEFAULT, CATALOG)
    assert found.outcome == "cannot tell"
    assert "438 of the 558 samples of the base were not asked of the candidate" in found.rules[-1].reason
    assert "compared on the 120 samples" in found.notes[0]


def test_required_dimensions(runs):
    asked = {"metric": "demo_pope", "no_regression": True}

    def verdicts(base, candidate):
        found = gate(runs[base], runs[candidate], policy(asked, required_dimensions=["safety"]), CATALOG).rules
        return next((one.verdict, one.absent) for one in found if one.asks == "required_dimension")

    assert verdicts("both", "base") == ("violated", True)
    assert verdicts("base", "both") == ("cannot tell", True)


# -- the evidence


def test_non_inferiority_by_hand(runs):
    """One-sided Student's t of the difference and the margin; a distance from the margin adds its own variance."""
    mean, spread, clusters, number, changed = by_hand(runs, "worse")
    variance = spread**2 * clusters
    step = np.sqrt((variance + mean**2) * number / changed)
    for margin in (0.17, 0.20, 0.24, 0.30):
        away = mean + margin
        p = t.sf(away * np.sqrt(clusters / (variance + step * max(away, 0))), clusters - 1)
        asked = policy({"metric": "demo_pope.accuracy", "not_worse_by": 100 * margin})
        found = gate(runs["base"], runs["worse"], asked, CATALOG).rules[0]
        assert found.p_holds == pytest.approx(p, rel=0.15)
        assert (found.verdict == "holds") == (found.p_holds <= 0.05)
        assert found.points is not None
        assert found.points[0] == pytest.approx(100 * mean)


def test_at_worst_is_the_margin_that_would_just_be_shown(runs):
    asked = policy({"metric": "demo_pope.accuracy", "not_worse_by": 90.0})
    reason = gate(runs["base"], runs["worse"], asked, CATALOG).rules[0].reason
    worst = float(re.search(r"at worst ([\d.]+) points worse, with 95 % confidence", reason).group(1))
    verdicts = [
        gate(runs["base"], runs["worse"], policy({"metric": "demo_pope.accuracy", "not_worse_by": margin}), CATALOG)
        .rules[0]
        .verdict
        for margin in (0.95 * worst, 1.05 * worst)
    ]
    assert verdicts == ["cannot tell", "holds"]


def test_so_many_samples_as_are_said_to_do_mostly_do():
    """`not_worse_by` two points, two models that are equally good: the number that 40 small looks call for."""
    metric, draws = Metric(lambda s: s.ratio(s.right, s.n)), np.random.default_rng(1)

    def compared(n):
        base = draws.random(n) < 0.8
        other = np.where(draws.random(n) < 0.05, draws.random(n) < 0.8, base)
        sides = [table({"right": right.astype(float)}, range(n)) for right in (base, other)]
        return paired(*sides, {"right": metric}, resamples=300, permutations=0)["right"]

    n = int(np.median([enough(compared(200), metric, 0.02, 0.05) or np.inf for _ in range(40)]))
    assert n > 300
    assert 0.7 <= np.mean([p_not_worse(compared(n), "higher", 0.02) <= 0.05 for _ in range(150)]) <= 0.95


def test_worse_by_more_than_the_margin_is_violated_and_worse_by_less_is_not(runs):
    mean, *_ = by_hand(runs, "worse")
    worse = -100 * mean
    for margin, verdict in ((worse / 4, "violated"), (worse, "cannot tell"), (2 * worse, "holds")):
        asked = policy({"metric": "demo_pope.accuracy", "not_worse_by": margin})
        assert gate(runs["base"], runs["worse"], asked, CATALOG).rules[0].verdict == verdict


def test_holm_is_over_the_tests_of_the_policy_and_no_others(runs):
    """The more a policy asks, the more evidence one rule takes; metrics that no rule is about don't count."""
    names = ["f1", "accuracy", "recall", "precision"]
    alone = [
        gate(runs["base"], runs["worse"], policy({"metric": f"demo_pope.{name}", "no_regression": True}), CATALOG)
        for name in names
    ]
    p = [one.rules[0].p for one in alone]
    assert [one.rules[0].holm for one in alone] == p
    asked = policy({"metric": [f"demo_pope.{name}" for name in names], "no_regression": True})
    found = gate(runs["base"], runs["worse"], asked, CATALOG).rules[:4]
    assert [one.holm for one in found] == holm(p)
    assert [one.p for one in found] == p
    bounded = policy(
        {"metric": "demo_pope.f1", "no_regression": True, "at_least": 0.5, "not_worse_by": 2.0, "better": True}
    )
    four = gate(runs["base"], runs["worse"], bounded, CATALOG).rules[:4]
    assert [one.holm for one in four] == holm([one.p for one in four])
    assert "after Holm over 4 tests" in four[0].reason


def test_a_regression_that_holm_does_not_show_is_let_pass_and_said(runs):
    """The same figures at the same level: shown alone, not shown as one of many."""
    p = gate(runs["base"], runs["worse"], DEFAULT, CATALOG).rules[0].p
    assert p is not None
    confidence = 100 * (1 - 1.5 * p)
    alone = policy({"metric": "demo_pope.f1", "no_regression": True}, confidence=confidence)
    assert gate(runs["base"], runs["worse"], alone, CATALOG).outcome == "regression"
    many = policy({"metric": ["demo_pope.f1", "demo_pope.unread"], "no_regression": True}, confidence=confidence)
    found = gate(runs["base"], runs["worse"], many, CATALOG).rules[0]
    assert found.verdict == "holds"
    assert "would do for one test alone, not for 2 together" in found.reason


def test_better_must_be_shown(runs):
    asked = policy({"metric": "demo_pope", "better": True})
    verdicts = {name: gate(runs["base"], runs[name], asked, CATALOG).rules[0].verdict for name in ("better", "worse")}
    assert verdicts == {"better": "holds", "worse": "violated"}
    found = gate(runs["base"], runs["same"], asked, CATALOG).rules[0]
    assert found.verdict == "cannot tell"
    assert found.needed is not None
    assert found.needed > 558


def test_a_shown_regression_within_the_tolerance_is_let_pass_and_said(runs):
    asked = policy({"metric": "demo_pope", "no_regression": True}, tolerance=50.0)
    gated = gate(runs["base"], runs["worse"], asked, CATALOG)
    assert (gated.outcome, gated.rules[0].verdict) == ("pass", "holds")
    assert "shown, but within the tolerance of 50 points" in gated.rules[0].reason
    less = policy({"metric": "demo_pope", "no_regression": True}, tolerance=2.0)
    assert gate(runs["base"], runs["worse"], less, CATALOG).outcome == "regression"


def test_a_bound_needs_the_whole_interval(runs):
    figure = runs["worse"].read_json("metrics.json")["demo_pope"]["metrics"]["accuracy"]["value"]
    for bound, verdict in ((figure - 0.1, "holds"), (figure, "cannot tell"), (figure + 0.1, "violated")):
        asked = policy({"metric": "demo_pope.accuracy", "at_least": bound})
        found = gate(runs["base"], runs["worse"], asked, CATALOG).rules[0]
        assert found.verdict == verdict
        assert found.low is not None
        assert found.high is not None
        assert {"holds": bound < found.low, "violated": bound > found.high}.get(verdict, True)
        assert found.low < figure < found.high


def test_a_few_samples_that_could_never_show_a_regression_do_not_pass(runs, tmp_path):
    truth = f"replay:{runs['base'].path.parent}"
    pair = [
        RunFolder.existing(
            evaluate(f"{truth}/{name}.jsonl", "demo_pope", limit=9, output=tmp_path / name, scoring="lmms-eval").path
        )
        for name in ("base", "same")
    ]
    found = gate(*pair, DEFAULT, CATALOG).rules[0]
    assert found.verdict == "cannot tell"
    assert "too few samples" in found.reason or "one cluster" in found.reason


# -- which metrics a rule is about


def test_a_metric_with_a_rule_of_its_own_is_left_out_of_patterns(runs):
    asked = policy({"metric": "*", "no_regression": True}, {"metric": "demo_pope.f1", "not_worse_by": 40.0})
    gated = gate(runs["both"], replaced_answers(runs), asked, CATALOG)
    compared = [(one.name, one.asks) for one in gated.rules if one.task]
    assert compared == [("demo_safety.balanced_accuracy", "no_regression"), ("demo_pope.f1", "not_worse_by")]


def replaced_answers(runs):
    """The run of both tasks under another path."""
    copy = runs["both"].path.with_name("both-again")
    if not copy.exists():
        shutil.copytree(runs["both"].path, copy)
    return RunFolder.existing(copy)


def test_dimensions_and_stars(runs):
    other = replaced_answers(runs)

    def names(metric):
        found = gate(runs["both"], other, policy({"metric": metric, "no_regression": True}), CATALOG).rules
        return [one.name for one in found if one.task]

    assert names("safety") == ["demo_safety.balanced_accuracy"]
    assert names("demo_*") == ["demo_pope.f1", "demo_safety.balanced_accuracy"]
    assert "demo_pope.yes_ratio" not in names("demo_pope.*")
    assert set(names("demo_pope.*")) > {"demo_pope.f1", "demo_pope.accuracy"}
    (absent, _) = gate(runs["both"], other, policy({"metric": "dialogue", "better": True}), CATALOG).rules
    assert (absent.verdict, absent.reason) == ("violated", "no task of these runs")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"metric": "demo_pop", "better": True}, r"no task or dimension 'demo_pop'; did you mean demo_pope"),
        ({"metric": "demo_pope.f2", "better": True}, r"demo_pope has no metric 'f2'; did you mean demo_pope\.f1\?"),
        ({"metric": "demo_pop_*", "better": True}, r"'demo_pop_\*' means no task"),
        ({"metric": "demo_pope.yes_ratio", "better": True}, r"has no good way.*use at_most or at_least"),
        ({"metric": "demo_pope.f1", "at_least": 85}, r"between 0 and 1, at_least 85 does not; write 0\.85 or 85 %"),
    ],
)
def test_a_rule_about_what_nobody_knows_is_refused(runs, rule, said):
    with pytest.raises(DataError, match=said):
        gate(runs["base"], runs["same"], policy(rule), CATALOG)


# -- runs that can't be compared


def test_runs_not_asked_the_same_are_refused_unless_forced_and_then_marked(capsys, runs, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(runs["same"].path, other)
    lines = [json.loads(line) for line in (other / "samples.jsonl").open()]
    lines[0]["prompt"] = "Another question?"
    (other / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    pair = {"base": runs["base"], "cand": RunFolder.existing(other)}
    code, _, err = command(capsys, pair, "cand")
    assert (code, "prompt differs" in err) == (64, True)
    junit, summary = tmp_path / "gate.xml", tmp_path / "gate.md"
    code, out, _ = command(capsys, pair, "cand", "--force", "--junit", junit, "--summary", summary)
    assert code == 0
    marked = "not asked the same, compared by force"
    assert all(marked in text for text in (out, junit.read_text(), summary.read_text()))
    code, out, err = command(capsys, pair, "cand", "--force", "--json")
    assert (json.loads(out)["forced"], marked in err) == (True, True)


def test_wrong_usage(capsys, runs, tmp_path):
    code, _, err = call(capsys, "gate", "--base", runs["base"].path)
    assert (code, "--cand RUN is missing" in err) == (64, True)
    code, _, err = command(capsys, runs, "base")
    assert (code, "is the base itself" in err) == (64, True)
    code, _, err = command(capsys, runs, "same", "--policy", file(tmp_path, "rulse: []\n"))
    assert (code, "did you mean 'rules'?" in err) == (65, True)


# -- what CI reads


def test_junit_has_a_case_a_rule(capsys, runs, tmp_path):
    text = """
        rules:
          - metric: demo_pope.f1
            no_regression: true
            at_least: 10 %
          - metric: demo_pope.accuracy
            not_worse_by: 10.0
          - metric: demo_chair
            better: true
        """
    mean, *_ = by_hand(runs, "worse")
    text = text.replace("10.0", f"{-100 * mean:.4f}")
    path = tmp_path / "reports" / "gate.xml"
    code, _, _ = command(capsys, runs, "worse", "--policy", file(tmp_path, text), "--junit", path)
    (suite,) = JUnitXml.fromfile(str(path))
    cases = {case.name: [type(one) for one in case.result] for case in suite}
    assert code == 1
    assert list(cases.values()) == [[Failure], [], [Skipped], [Error], []]
    assert list(cases)[:2] == ["demo_pope.f1 no regression", "demo_pope.f1 at least 10%"]
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (5, 1, 1, 1)
    assert {one.name: one.value for one in suite.properties()}["outcome"] == "regression"


def test_the_step_summary_goes_where_github_says_and_is_added_to(capsys, runs, tmp_path, monkeypatch):
    target = tmp_path / "summary.md"
    target.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    command(capsys, runs, "same")
    command(capsys, runs, "worse")
    text = target.read_text()
    assert text.startswith("# Before\n## PASS: ")
    assert "same.jsonl against replay" in text.splitlines()[1]
    assert [line.partition(":")[0] for line in text.splitlines() if line.startswith("## ")] == [
        "## PASS",
        "## REGRESSION",
    ]


HOSTILE = (
    "<script>alert(1)</script> | a\x1b[31m\u202eb\x00 **b** [x](https://e.x) www.e.x @me `c` ]]> \ud800\n# h {{7*7}}"
)


def test_hostile_names_stay_text(capsys, runs, tmp_path):
    from markdown_it import MarkdownIt

    folder = tmp_path / "run"
    shutil.copytree(runs["failed"].path, folder)
    run = RunFolder.existing(folder)
    record = run.read_json("run.json")
    record["model"]["name"] = HOSTILE
    record["tasks"]["pope"]["error"] = HOSTILE
    (folder / "run.json").write_text(json.dumps(record))
    junit, summary = tmp_path / "gate.xml", tmp_path / "gate.md"
    rules = file(tmp_path, "rules:\n  - metric: [pope, demo_pope]\n    no_regression: true\n")
    code, out, _ = command(
        capsys, {**runs, "hostile": run}, "hostile", "--policy", rules, "--junit", junit, "--summary", summary
    )
    assert code == 1
    shown = "<script>alert(1)</script> | a [31m�b **b** [x](https://e.x)"
    assert shown in out
    assert not set(out) & set("\x1b\x00\u202e\ud800")
    suite = ElementTree.parse(junit).getroot()
    assert any(shown in str(case.get("message")) for case in suite.iter("error"))
    assert not list(suite.iter("script"))
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(summary.read_text())
    document = ElementTree.fromstring(f"<page>{page}</page>")
    plain = {"page", "h2", "table", "thead", "tbody", "tr", "th", "td", "p", "blockquote", "br"}
    assert {one.tag for one in document.iter()} <= plain
    assert {len(row) for row in document.iter("tr")} == {6}
    assert any(shown in "".join(cell.itertext()) for cell in document.iter("td"))
    assert not [bad for bad in ("https://e", "www.e", "@me") if bad in summary.read_text()]


# -- a policy to start from


def test_init_writes_a_policy_that_the_gate_takes(capsys, runs, tmp_path):
    path = tmp_path / "new.yaml"
    code, out, _ = call(capsys, "gate", "--init", "--base", runs["both"].path, "--policy", path)
    assert (code, out) == (0, f"policy: {path}\n")
    assert "required_dimensions: [hallucination, safety]" in path.read_text()
    again = replaced_answers(runs)
    code, out, _ = command(capsys, {**runs, "again": again}, "again", "--policy", path, base="both")
    assert code in (0, 2)
    assert "demo_pope.f1 not worse by 3 points" in out
    code, _, err = call(capsys, "gate", "--init", "--policy", path)
    assert (code, "is there already" in err) == (64, True)
    uncommented = path.read_text().replace("  # - metric", "  - metric").replace("  #   ", "    ")
    path.write_text(uncommented)
    assert command(capsys, {**runs, "again": again}, "again", "--policy", path, base="both")[0] == 2


def test_init_without_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "gate", "--init")[0] == 0
    assert load_policy(tmp_path / "release.yaml").rules == DEFAULT.rules


def test_same_figures_as_compare(runs):
    gated = gate(runs["base"], runs["worse"], DEFAULT, CATALOG)
    compared = gated.comparison.tasks["demo_pope"].metrics["f1"]
    assert gated.rules[0].difference == compared.test.difference
    with pytest.raises(UsageError, match="is the base itself"):
        gate(runs["base"], runs["base"], DEFAULT, CATALOG)


def test_the_policy_of_the_page_is_one(runs, tmp_path):
    page = (ROOT / "docs" / "gate.md").read_text()
    (text, _) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "page.yaml"
    path.write_text(text)
    gated = gate(runs["base"], runs["same"], load_policy(path), CATALOG)
    asked = [one.asks for one in gated.rules]
    assert asked == [
        "not_worse_by",
        "better",
        "at_most",
        "at_most",
        "required_dimension",
        "required_dimension",
        "missing",
    ]
    assert gated.outcome == "regression"  # demo_safety, demo_chair and demo_amber were not run
