"""M-RewardBench: languages out of both layouts, scores by language, English in no mean, counts by dialect."""

from __future__ import annotations

import shutil
import statistics

import pytest

from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.layouts.m_rewardbench import ENGLISH, LANGUAGES, REPOS
from mmeval.requests import read_samples
from mmeval.scoring import score, summarise
from mmeval.sources import Row
from tests.fixtures.m_rewardbench import SUBSETS, WRITTEN, rows, write, write_hub

TASK = load_catalog().tasks["m_rewardbench"]
RATED = TASK.rewarded()


def of(task, *languages):
    return [
        one for code in languages for row in rows(code) for one in task.samples_of(Row({**row, "config": code}, "r"))
    ]


def measured(dialect, samples, answers, resamples=0):
    scorer = TASK.dialects[dialect]
    return summarise(score(scorer, samples, answers), scorer, resamples=resamples)


def test_samples_of_every_language_and_english_apart(tmp_path):
    write(tmp_path)
    samples = read_samples(TASK, (tmp_path,))
    assert len(samples) == 2 * len(SUBSETS) * len(WRITTEN)
    assert {one.slices.get("language") for one in samples} == {"arb_Arab", "deu_Latn", "zho_Hant", None}
    assert {one.slices["original"] for one in samples if "language" not in one.slices} == {ENGLISH}
    first = samples[0]
    assert (first.id, first.target, first.groups) == (
        "arb_Arab/alpacaeval-easy/7/A",
        "A",
        {"pair": "arb_Arab/alpacaeval-easy/7"},
    )
    assert "arb_Arab question 0?" in first.prompt
    assert len({one.cluster for one in samples}) == len(SUBSETS)  # translations of one pair


@pytest.mark.parametrize("repo", REPOS)
def test_hub_configs(repo, tmp_path):
    owner = repo.split("/")[0]
    write_hub(tmp_path, owner)
    samples = read_samples(RATED, (tmp_path,))
    assert len(samples) == len(SUBSETS) * len(LANGUAGES)
    assert samples[-1].id == "zho_Hant/hep-python/11"
    assert samples[-1].continuations == ("zho_Hant good.", "zho_Hant bad.")
    shutil.rmtree(tmp_path / repo / "zho_Hant")
    with pytest.raises(DataError, match="no 'test' of config zho_Hant"):
        read_samples(RATED, (tmp_path,))


def test_the_score_is_the_mean_over_languages_without_english():
    samples = of(RATED, "deu_Latn", "kor_Hang", ENGLISH)
    wrong = {"deu_Latn/math-prm/10", "kor_Hang/math-prm/10", "kor_Hang/mt-bench-hard/8"}
    answers = {one.id: "[0, 1]" if one.id in wrong or ENGLISH in one.id else "[1, 0]" for one in samples}
    found = measured("rewards", samples, answers, resamples=20)
    reasoning = 163 / (983 + 163)
    german, korean = (3 + reasoning) / 4, (2 + reasoning) / 4
    assert found.slices["language=deu_Latn"]["score"].value == german
    assert found.slices["language=kor_Hang"]["score"].value == korean
    assert found.slices["original=eng_Latn"]["score"].value == 0
    assert found.metrics["score"].value == (german + korean) / 2
    assert found.metrics["chat_hard"].value == (1 + 0) / 2
    assert found.metrics["language_std"].value == pytest.approx(statistics.stdev([german, korean]), abs=1e-15)
    assert found.metrics["accuracy"].value == 7 / 15


def test_counts_by_dialect():
    samples = of(TASK, "deu_Latn")
    said = {one.id: "[[A]]" if "/hep" in one.id else f"[[{one.target}]]" for one in samples}
    official, own = (measured(name, samples, said).metrics for name in ("official", "own_counts"))
    assert official["reasoning"].value == (984 + 164 / 2) / (984 + 164)
    assert own["reasoning"].value == (983 + 163 / 2) / (983 + 163)
    assert official["consistent"].value == 4 / 5
    assert official["first_preferred"].value == 2 / 10


def test_broken_rows():
    row = {**rows("deu_Latn")[0], "config": "deu_Latn"}
    with pytest.raises(DataError, match="row 2 of x: unknown language 'deu' "):
        TASK.samples_of(Row({**row, "config": "deu"}, "row 2 of x"))
    with pytest.raises(DataError, match="row 2 of x: unknown subset 'translation-de-en'"):
        TASK.samples_of(Row({**row, "subset": "translation-de-en"}, "row 2 of x"))
    with pytest.raises(DataError, match="row 2 of x: field 'chosen' holds no text"):
        TASK.samples_of(Row({**row, "chosen": None}, "row 2 of x"))
