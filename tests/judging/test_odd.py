"""Judged runs at their edges: answers that rules read, ratios, groups, odd labels, budgets that can't be kept."""

from __future__ import annotations

import json

import pytest

from mmeval import evaluate
from mmeval.catalog import load_catalog
from mmeval.errors import DataError, UsageError
from mmeval.judging import Budget, JudgeSettings
from mmeval.judging.check import check_run
from mmeval.logs import verify
from mmeval.runs import RunFolder
from tests.judging.duels import Judge
from tests.judging.test_panel import by_words, first_place, run

TASK = '''"""Claims: how many of an answer's claims are right, by a judge; a lone number is read by a rule."""

from mmeval.samples import Sample, ask
from mmeval.scorers import Judging, Metric, Scorer, counts
from mmeval.scorers.base import by_group
from mmeval.sources import generated
from mmeval.tasks import Task


def calls(sample, answer, replies):
    return [] if answer.isdigit() or replies else [{"answer_a": answer, "answer_b": answer}]


def score(sample, answer, replies):
    if not replies:
        return counts(right=1, claims=1, perfect=True)
    right, claims = map(int, replies[0].split("/"))
    return counts(right=right, claims=claims, perfect=right == claims)


claims = Task(
    rows=generated(lambda: [{"id": i} for i in range(NUMBER)], "rows"),
    sample=lambda row: Sample(str(row["id"]), ask(f"Say {row['id']}."), groups={"pair": str(row["id"] // 2)}),
    scorer=Scorer(
        None,
        {
            "pairs": Metric(lambda s: s.ratio(s.pair_all, s.pair)),
            "precision": Metric(lambda s: s.ratio(s.right, s.claims)),
        },
        derive=lambda frame: by_group(frame, ["pair"], "perfect", "pair"),
        judging=Judging("claims", calls, score),
    ),
    max_new_tokens=8,
    headline="HEADLINE",
)
'''


def claims(folder, headline="precision", number=6, old="\0", new=""):
    home = folder / f"catalog{len(list(folder.glob('catalog*')))}"
    (home / "judges" / "claims").mkdir(parents=True)
    (home / "claims.py").write_text(TASK.replace("NUMBER", str(number)).replace("HEADLINE", headline).replace(old, new))
    (home / "judges" / "claims" / "judge.yaml").write_text("summary: counts\nmax_new_tokens: 8\n")
    (home / "judges" / "claims" / "prompt.jinja").write_text("<<<A x\n{{ answer_a }}\n\n<<<B x\n{{ answer_b }}\nend")
    return load_catalog([home])


def counted(folder, catalog, texts, **settings):
    rows = ({"id": f"claims/{i}", "text": text} for i, text in enumerate(texts))
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    judges = [Judge(lambda first, second, vote: first, name) for name in ("one", "two")]
    how = JudgeSettings(**settings)
    model = f"replay:{folder / 'answers.jsonl'}"
    return evaluate(model, "claims", catalog=catalog, output=folder / "run", judge=judges, judge_settings=how)


def table_of(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_headline_over_groups_costs_no_figures(tmp_path):
    catalog = claims(tmp_path, "pairs")
    done = counted(tmp_path, catalog, ["1/1", "2/2", "0/1", "1/1", "1/4", "3/4"])
    assert done.failed == {}
    assert done.tasks["claims"]["metrics"]["pairs"]["value"] == 1 / 3
    assert done.tasks["claims"]["judge"]["metric"] == "precision"
    assert "by precision" in done.report.read_text()
    assert verify(RunFolder.existing(done.path), catalog).differences == {}


def test_answers_that_rules_read_say_nothing_about_the_judge(tmp_path):
    catalog = claims(tmp_path)
    done = counted(tmp_path, catalog, ["7", "7", "7", "7", "0/2", "1/2"])
    found = done.tasks["claims"]["judge"]
    assert found["judged"] == 2
    assert found["panel"]["pairs"][0]["n"] == 2


def test_what_labels_correct_of_a_ratio_is_said_to_be_a_mean_over_answers(tmp_path):
    catalog = claims(tmp_path)
    done = counted(tmp_path, catalog, ["7", "7", "0/2", "1/2", "0/0", "9/10"])
    labels = table_of(tmp_path / "people.jsonl", [{"sample": i, "label": 1} for i in (0, 2, 4)])
    found = check_run(done.path, labels, catalog)["claims"]
    assert found["metrics"]["precision"]["value"] == 12 / 16
    assert found["judge"]["per_answer"] is True
    assert found["judge"]["people"]["judged"]["value"] == pytest.approx((1 + 1 + 0 + 0.5 + 0.9) / 5)
    assert found["judge"]["people"]["labelled"] == 2  # the fifth has no precision of its own
    assert "precision, mean over answers, as people would have it" in done.report.read_text()


def test_labels_of_answers_without_a_value_break_nothing(tmp_path):
    catalog = claims(tmp_path)
    labels = table_of(tmp_path / "people.jsonl", [{"sample": 4, "label": 1}])
    done = counted(tmp_path, catalog, ["1/1", "1/2", "0/2", "1/2", "0/0", "9/10"], labels=labels)
    assert done.failed == {}
    assert "people" not in done.tasks["claims"]["judge"]
    with pytest.raises(DataError, match="none of the labelled answers has a verdict"):
        check_run(done.path, labels, catalog)


def test_a_check_leaves_stored_figures_when_the_scorer_breaks_now(tmp_path):
    done = counted(tmp_path, claims(tmp_path), ["1/1", "1/2", "0/2", "1/2", "2/2", "9/10"])
    labels = table_of(tmp_path / "people.jsonl", [{"sample": 0, "label": 1}])
    before = (done.path / "metrics.json").read_bytes()
    broken = claims(tmp_path, old="counts(right=right", new="counts(right=right / 0")
    with pytest.raises(DataError, match="claims: its scorer breaks now: ZeroDivisionError"):
        check_run(done.path, labels, broken)
    with pytest.raises(DataError, match="in no catalog"):
        check_run(done.path, labels, load_catalog(()))
    assert (done.path / "metrics.json").read_bytes() == before


def test_votes_on_different_answers_agree_with_nothing(tmp_path):
    def every_other(first: str, second: str, vote: int) -> str | None:
        return by_words(first, second) if (second == "good") == (vote == 0) else None

    done = run(tmp_path, Judge(every_other), ["good", "bad"] * 6, votes=2, temperature=0.5)
    assert (done.exit_code, done.tasks["duel"]["unjudged"]) == (0, 0)
    assert done.notes == (
        "duel: 12 answers lack one of their verdicts and are scored by the others: the judge's call failed: lost",
    )


def test_a_scorer_that_never_stops_asking_has_no_verdict(tmp_path):
    done = counted(tmp_path, claims(tmp_path, number=1, old="or replies else", new="else"), ["1/1"])
    assert done.tasks["claims"]["unjudged"] == 1
    assert any("more than 100 rounds" in note for note in done.notes)


@pytest.mark.parametrize("limit", ["tokens=10", "usd=1@2/10"])
def test_a_budget_that_a_judge_says_nothing_about(tmp_path, limit):
    judge = Judge(by_words)
    with pytest.raises(UsageError, match="doesn't say how many tokens a call takes; give calls=N"):
        run(tmp_path, judge, ["good", "bad"] * 20, budget=Budget.parse(limit))
    assert len(judge.asked) == 8
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["status"], record["judge"]["spent"]["calls"]) == ("failed", 8)


def test_a_budget_of_nothing(tmp_path):
    done = run(tmp_path, Judge(by_words), budget=Budget.parse("calls=0"))
    assert (done.exit_code, done.tasks["duel"]["unjudged"], done.tasks["duel"]["metrics"]) == (3, 6, {})


@pytest.mark.parametrize("given", [{"temperature": float("nan")}, {"rate": float("inf")}, {"rate": float("nan")}])
def test_settings_that_are_no_numbers(given):
    with pytest.raises(UsageError):
        JudgeSettings(**given)


def test_a_price_is_a_plain_number():
    with pytest.raises(UsageError, match="after the @ stand two prices"):
        Budget.parse("usd=5@2.5k/1")


def test_a_judge_named_twice_and_none(tmp_path):
    with pytest.raises(UsageError, match="stands twice"):
        run(tmp_path, ["demo", "demo"])
    assert run(tmp_path, None).tasks["duel"]["unjudged"] == 6


def test_labels_are_read_before_the_judge_is_asked(tmp_path):
    judge = Judge(by_words)
    with pytest.raises(DataError, match="the run has no answer"):
        run(tmp_path, judge, labels=table_of(tmp_path / "people.jsonl", [{"sample": "x", "label": 1}]))
    assert judge.asked == []


def test_a_folder_of_words_that_holds_none_of_ours(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "deul.jinja").write_text("x")
    with pytest.raises(UsageError, match=r"holds no duel\.jinja"):
        run(tmp_path, Judge(by_words), prompts=tmp_path / "theirs")


def test_a_judge_stopped_in_the_middle_of_a_panel(tmp_path):
    class Stopped(Judge):
        def run(self, requests):
            for response in super().run(requests):
                if len(self.asked) == 4:
                    raise KeyboardInterrupt
                yield response

    first = Judge(by_words, "first")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, [first, Stopped(first_place, "second")])
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["status"], record["judge"]["spent"]["calls"]) == ("interrupted", len(first.asked) + 3)
    second = Judge(first_place, "second")
    number = len(first.asked)
    done = run(tmp_path, [first, second])
    assert (len(first.asked) - number, done.exit_code) == (0, 0)
    assert done.tasks == run(tmp_path, [first, second], output="whole").tasks


def test_both_orders_where_nothing_is_compared_is_said(tmp_path):
    done = counted(tmp_path, claims(tmp_path), ["1/1"] * 6, orders="both")
    assert any("--judge-orders both: no task here" in note for note in done.notes)
