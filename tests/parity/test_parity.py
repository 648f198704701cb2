"""Every set that has a module reproduces the official figures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.parity.__main__ import BESIDE, main
from tests.parity.figures import Figure, Leaf, adapter, compare, file_named, sets

FOLDER = Path(os.environ.get("PARITY") or BESIDE)
BUILT = [path for path in sets(FOLDER) if adapter(path.name)] if FOLDER.is_dir() else []


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no parity sets at {FOLDER} (set PARITY to their folder)")
def test_there_is_something_to_compare():
    assert BUILT


@pytest.mark.parametrize("folder", BUILT, ids=lambda path: path.name)
def test_figures_equal_the_official_ones(folder):
    done = compare(folder)
    assert not done.problem
    assert [figure for figure in done.figures if figure.status == "differs"] == []
    assert done.count("equal")


@pytest.mark.parametrize(
    ("expected", "ours", "digits", "status"),
    [
        (0.788, 0.788, None, "equal"),
        (0.788, 0.7880000000000001, None, "differs"),
        (2.57, 2.5729, 2, "equal"),
        (2.57, 2.5761, 2, "differs"),
        (2.57, 2.5729, None, "differs"),
        (3, 3.0, None, "equal"),
        ("Yes", "No", None, "differs"),
        (1, None, None, "not compared"),
    ],
)
def test_a_figure_is_equal_to_the_last_digit_as_printed(expected, ours, digits, status):
    assert Figure("set", "answers", "figure", expected, ours, digits=digits).status == status


def test_a_leaf_finds_its_answers_file_by_stem_or_as_the_only_one():
    files = [Path("answers_a.jsonl"), Path("answers_b.jsonl")]
    leaf = Leaf("set", Path("expected.json"), ("random", "answers_b", "f1"), 0.5)
    assert file_named(leaf, files) == (files[1], ("random", "f1"))
    unnamed = Leaf("set", Path("expected.json"), ("f1",), 0.5)
    assert file_named(unnamed, files) == (None, ("f1",))
    assert file_named(unnamed, files[:1]) == (files[0], ("f1",))


def test_a_differing_figure_and_a_set_without_comparison_fail(tmp_path, capsys):
    (tmp_path / "pope").mkdir()
    (tmp_path / "pope" / "expected.json").write_text('{"answers_a": {"rucaibox": {"random": {"f1": 0.5}}}}')
    assert main([str(tmp_path)]) == 1
    assert "nothing was compared" in capsys.readouterr().out


def test_an_unknown_set_alone_is_no_success(tmp_path):
    (tmp_path / "nothing_like_it").mkdir()
    assert main([str(tmp_path)]) == 1
