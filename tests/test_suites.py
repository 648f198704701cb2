"""Every adapter end to end: its fixture, the demo checkpoint through the real engine, figures, the page."""

from __future__ import annotations

import pytest

from mmeval import evaluate
from mmeval.catalog import load_catalog
from mmeval.logs import verify
from mmeval.runs import RunFolder
from tests.fixtures import write_all

CATALOG = load_catalog()
SUITES = [name for name in CATALOG.suites if name != "demo"]
NO_FIGURES = {"mhumaneval_code", "livebench_coding"}  # run programs, which only a user may allow


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fixtures")
    write_all(folder)
    return folder


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_runs_from_its_data_to_the_page(suite, data, tmp_path):
    done = evaluate("demo", suite=suite, data=data, output=tmp_path / "run")
    assert set(done.failed) <= set(NO_FIGURES), done.failed
    for name in CATALOG.suites[suite]:
        if name.name in NO_FIGURES:
            continue
        result = done.tasks[name.name]
        assert result["missing"] == 0, name.name
        assert name.headline in result["metrics"] or result["unjudged"] == result["n"], name.name
    assert done.report.is_file()
    assert verify(RunFolder.existing(done.path), CATALOG).differences == {}


@pytest.mark.parametrize("suite", SUITES)
def test_every_task_has_a_fixture(suite, data):
    without = [task.name for task in CATALOG.suites[suite] if not task.rows.find((data,))]
    assert without == []
