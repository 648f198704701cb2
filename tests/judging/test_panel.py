"""Several verdicts on one answer: both orders, votes, panels; what a budget leaves."""

from __future__ import annotations

import json

import pytest

from mmeval import evaluate
from mmeval.catalog import load_catalog
from mmeval.errors import UsageError
from mmeval.inference.base import Response
from mmeval.judging import Budget, JudgeSettings
from mmeval.judging.settings import Purse
from mmeval.logs import verify
from mmeval.runs import RunFolder
from tests.judging.duels import Judge, answers, duels


def by_words(first: str, second: str, vote: int = 0) -> str:
    """The honest judge: good beats so so beats bad."""
    worth = {"good": 2, "so so": 1, "bad": 0}
    return "[[C]]" if worth[first] == worth[second] else "[[A]]" if worth[first] > worth[second] else "[[B]]"


def first_place(first: str, second: str, vote: int = 0) -> str:
    return "[[A]]"


def run(folder, judges, texts=("good", "good", "bad", "so so", "good", "bad"), card="", output="run", **settings):
    catalog = duels(folder / "catalog", len(texts), card) if not (folder / "catalog").exists() else [folder / "catalog"]
    model = answers(folder / "answers.jsonl", texts)
    how = JudgeSettings(**settings)
    return evaluate(model, "duel", catalog=catalog, output=folder / output, judge=judges, judge_settings=how)


def same_again(done, folder) -> bool:
    from mmeval.catalog import load_catalog

    return verify(RunFolder.existing(done.path), load_catalog([folder / "catalog"])).differences == {}


def test_a_judge_that_likes_the_first_place_gains_nothing_by_it_in_both_orders(tmp_path):
    once = run(tmp_path, Judge(first_place))
    assert once.tasks["duel"]["metrics"]["win_rate"]["value"] == 0.0  # the reference stands first
    both = run(tmp_path, Judge(first_place), orders="both")
    assert both.tasks["duel"]["metrics"]["win_rate"]["value"] == 0.5
    assert both.scores["prediction"].tolist() == ["lost x1; won x1"] * 6
    assert same_again(both, tmp_path)
    honest = run(tmp_path, Judge(by_words, "honest"), orders="both")
    assert honest.scores["prediction"].tolist() == ["won", "won", "lost", "tied", "won", "lost"]


def test_the_card_may_ask_for_both_orders(tmp_path):
    judge = Judge(first_place)
    assert run(tmp_path, judge, card="orders: both\n").tasks["duel"]["metrics"]["win_rate"]["value"] == 0.5
    assert [one.id for one in judge.asked][:2] == ["duel/0#judge0", "duel/0#judge0#swapped"]


def test_one_order_alone_is_no_verdict(tmp_path):
    def fails_on_good_first(first: str, second: str, vote: int) -> str | None:
        return None if first == "good" else by_words(first, second)

    done = run(tmp_path, Judge(fails_on_good_first), orders="both")
    assert done.tasks["duel"]["unjudged"] == 3  # of the three good answers one order is known
    assert done.scores["missing"].tolist() == [True, True, False, False, True, False]
    assert done.exit_code == 3
    assert same_again(done, tmp_path)


def test_votes_are_asked_apart_and_averaged(tmp_path):
    def wavering(first: str, second: str, vote: int) -> str:
        return "[[B]]" if vote < 2 else "[[A]]"

    with pytest.raises(UsageError, match="several votes need --judge-temperature above 0"):
        run(tmp_path, Judge(wavering), votes=3)
    judge = Judge(wavering)
    done = run(tmp_path, judge, votes=3, temperature=0.7)
    assert len(judge.asked) == 18
    assert done.tasks["duel"]["metrics"]["win_rate"]["value"] == pytest.approx(2 / 3)
    most = run(tmp_path, judge, votes=3, temperature=0.7, rule="majority")
    assert len(judge.asked) == 18  # the verdicts are in the log
    assert most.tasks["duel"]["metrics"]["win_rate"]["value"] == 1.0
    assert same_again(most, tmp_path)


def test_a_panel_of_judges_one_of_which_fails(tmp_path):
    def silent(first: str, second: str, vote: int) -> str | None:
        return None

    judges = [Judge(by_words, "honest"), Judge(first_place, "place"), Judge(silent, "silent")]
    done = run(tmp_path, judges)
    assert done.tasks["duel"]["unjudged"] == 0
    assert done.tasks["duel"]["metrics"]["win_rate"]["value"] == pytest.approx((3.5 / 6 + 0) / 2)
    record = json.loads((done.path / "run.json").read_text())["judge"]
    assert [one["model"]["name"] for one in record["judges"]] == ["honest", "place", "silent"]
    assert [one["failed"] for one in record["judges"]] == [0, 0, 6]
    assert same_again(done, tmp_path)
    assert "[judge 2]" in done.report.read_text()


def test_a_budget_ends_cleanly_and_the_same_command_goes_on(tmp_path):
    texts = ["good", "bad", "so so"] * 60
    judge = Judge(by_words)
    budget = Budget.parse("calls=100")
    first = run(tmp_path, judge, texts, budget=budget)
    assert len(judge.asked) == 100
    assert (first.tasks["duel"]["unjudged"], first.exit_code) == (80, 3)
    assert any(
        "80 answers have no verdict: the judge's budget is spent; the same command goes on" in n for n in first.notes
    )
    judged = first.scores[~first.scores["missing"].astype(bool)]["sample"].astype(int)
    assert judged.max() > 150  # a random sample of all, not the first hundred
    second = run(tmp_path, judge, texts, budget=budget)
    assert len(judge.asked) == 180
    whole = run(tmp_path, Judge(by_words), texts, output="whole")
    assert second.tasks == whole.tasks
    assert same_again(second, tmp_path)


def test_a_budget_in_tokens_is_kept_to_within_a_few_calls(tmp_path):
    judge = Judge(by_words, tokens=50)
    run(tmp_path, judge, ["good", "bad"] * 50, budget=Budget.parse("tokens=2k"))
    assert len(judge.asked) == 40
    record = json.loads((tmp_path / "run" / "run.json").read_text())["judge"]
    assert record["spent"] == {"calls": 40, "prompt_tokens": 2000, "new_tokens": 0, "budget": {"tokens": 2000}}


def test_a_panel_shares_its_budget(tmp_path):
    judges = [Judge(by_words, "one"), Judge(first_place, "two")]
    done = run(tmp_path, judges, ["good", "bad"] * 50, budget=Budget.parse("calls=60"))
    assert [len(judge.asked) for judge in judges] == [30, 30]
    assert done.tasks["duel"]["unjudged"] == 70  # both have judged the same answers


@pytest.mark.parametrize("text", ["", "calls", "calls=x", "usd=5", "calls=3@2/3", "usd=5@0/0", "usd=5@1", "hours=3"])
def test_a_budget_that_says_nothing(text):
    with pytest.raises(UsageError, match="--judge-budget"):
        Budget.parse(text)


def test_money_is_counted_by_the_price_of_tokens():
    purse = Purse(Budget.parse("usd=0.01@2/10,calls=1k"))
    assert purse.allowed() == 8  # a few, to learn what a call costs
    for _ in range(4):
        purse.book(Response("x", prompt_tokens=300, new_tokens=40))
    assert purse.usd == pytest.approx(4 * (300 * 2 + 40 * 10) / 1e6)
    assert purse.allowed() == 6  # 6 of 10 mills are left, a call costs one
    purse.share(0.5)
    assert purse.allowed() == 3


def test_a_judge_may_be_a_card_that_names_its_engine(tmp_path):
    duels(tmp_path / "catalog", 2)
    replies = tmp_path / "replies.jsonl"
    rows = ({"id": f"duel/{i}#judge0", "text": "[[B]]"} for i in range(2))
    replies.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, engine in (("mine", f"engine: replay:{replies}\n"), ("words", "")):
        (tmp_path / "catalog" / "judges" / name).mkdir()
        (tmp_path / "catalog" / "judges" / name / "judge.yaml").write_text(f"summary: a judge\n{engine}")
    catalog = load_catalog([tmp_path / "catalog"])
    model = answers(tmp_path / "answers.jsonl", ["good", "bad"])
    done = evaluate(model, "duel", catalog=catalog, output=tmp_path / "run", judge="mine")
    assert done.tasks["duel"]["metrics"]["win_rate"]["value"] == 1.0
    with pytest.raises(UsageError, match=r"--judge words: .* names no engine"):
        evaluate(model, "duel", catalog=catalog, output=tmp_path / "run", judge="words")
