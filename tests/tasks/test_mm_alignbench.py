"""MM-AlignBench: VLMEvalKit's rows, the key fact, one game, replies without a label as ties."""

from __future__ import annotations

import csv

import pytest

from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.requests import read_samples
from mmeval.samples import Image
from tests.fixtures.mm_alignbench import rows, write
from tests.judged import asked, figures

TASK = load_catalog().tasks["mm_alignbench"]


@pytest.fixture
def samples(tmp_path):
    write(tmp_path)
    return read_samples(TASK, (tmp_path,))


def test_samples(samples):
    assert [one.id for one in samples] == ["0", "1", "2", "3"]
    text, image = samples[1].messages[0].content
    assert (text, isinstance(image, Image)) == ("Write a line about picture 1.", True)
    assert (samples[1].target, samples[1].slices) == ("Sonnet's line 1.", {"type": "natural"})


def test_calls(samples):
    (only,) = asked(TASK, samples[0], "Teal.")
    assert "<<<ASSISTANT A\nSonnet's line 0.\nASSISTANT A>>>\n<<<ASSISTANT B\nTeal.\nASSISTANT B>>>" in only
    assert "KEY FACT" not in only
    assert "<<<KEY FACT\nIt is teal.\nKEY FACT>>>" in asked(TASK, samples[3], "Teal.")[0]
    assert len(asked(TASK, samples[0], "Teal.", ["[[A>B]] or [[B>A]]"])) == 1
    assert asked(TASK, samples[0], "Teal.", ["[[A>B]] again [[A>B]]"]) == []
    assert asked(TASK, samples[0], "Teal.", ["?", "?"]) == []


def test_figures(samples):
    replies = {"0": ["[[B>>A]]"], "1": ["[[A>B]]"], "2": ["?", "[[A>B]] [[B>A]]"], "3": ["?", "[[B>A]]"]}
    metrics, frame = figures(TASK, samples, replies)
    assert (metrics["win_rate"], metrics["reward"], metrics["unread"]) == (2 / 4, 100 / 4, 1 / 4)
    assert (metrics["win_rate_of_read"], metrics["reward_of_read"]) == (2 / 3, 100 / 3)
    assert frame["prediction"].tolist() == ["much better", "worse", "no verdict", "better"]


def test_judged_table(samples, tmp_path):
    path = tmp_path / "model_MMAlignBench_gpt-4o.csv"
    labels = [("B>>A", "[[B>>A]]"), ("U", "n"), ("A=B", "cut"), ("A>B", "[[A>B]]")]
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["index", "question", "A", "B", "type", "score", "judge"])
        table.writerows([i, "q", "a", "b", "art", score, judge] for i, (score, judge) in enumerate(labels))
    found = read_answers(TASK, [path], samples).verdicts
    assert found == {"0": ("[[B>>A]]",), "1": ("n",), "2": ("[[A=B]]",), "3": ("[[A>B]]",)}
    metrics, _ = figures(TASK, samples, found)
    assert (metrics["win_rate"], metrics["tie"], metrics["unread"]) == (1 / 4, 1 / 3, 1 / 4)


def test_broken_rows(tmp_path):
    write(tmp_path)
    path = tmp_path / "mm_alignbench" / "MMAlignBench.tsv"
    path.write_text(path.read_text().replace("Sonnet's line 2.", ""))
    with pytest.raises(DataError, match=r"row 3 of MMAlignBench\.tsv: field 'claude3_sonnet' is empty"):
        read_samples(TASK, (tmp_path,))
    path.write_text(path.read_text().replace("claude3_sonnet", "sonnet"))
    with pytest.raises(DataError, match=r"row 1 of MMAlignBench\.tsv has no field 'claude3_sonnet'"):
        read_samples(TASK, (tmp_path,))
    assert len(rows()) == 4
