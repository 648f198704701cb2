"""Tasks are found in folders; a wrong name gets the nearest ones."""

from pathlib import Path

import pytest

from mmeval.catalog import load_catalog
from mmeval.errors import DataError, UsageError

FILE = '''"""{summary}

More."""
from mmeval.samples import Sample, ask
from mmeval.scorers import Metric, Scorer, counts
from mmeval.sources import generated
from mmeval.tasks import Task

{name} = Task(
    rows=generated(lambda: [{{"id": 1}}], "rows"),
    sample=lambda row: Sample(str(row["id"]), ask("?")),
    scorer=Scorer(lambda s, a: counts(x=1), {{"m": Metric(lambda s: s.x)}}),
    max_new_tokens=4,
    headline="m",
)
'''


def test_own_files_flat_and_by_dimension(tmp_path: Path) -> None:
    (tmp_path / "flat.py").write_text(FILE.format(summary="Mine.", name="mine"))
    (tmp_path / "tasks" / "safety").mkdir(parents=True)
    (tmp_path / "tasks" / "safety" / "x.py").write_text(FILE.format(summary="Other.", name="other"))
    tasks = load_catalog([tmp_path]).tasks
    assert (tasks["mine"].dimension, tasks["mine"].summary) == ("own", "Mine.")
    assert tasks["other"].dimension == "safety"
    assert tasks["mine"].name == "mine"


def test_a_name_taken_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(FILE.format(summary="", name="pope"))
    with pytest.raises(DataError, match="a task 'pope' already"):
        load_catalog([tmp_path])


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import nothing_like_this\n")
    with pytest.raises(DataError, match=r"a.py: can't be loaded .*nothing_like_this"):
        load_catalog([tmp_path])


def test_wrong_names_get_the_nearest() -> None:
    catalog = load_catalog()
    with pytest.raises(UsageError, match=r"no task 'popee'; did you mean .*pope"):
        catalog.choose(["popee"])
    with pytest.raises(UsageError, match="no suite 'halucination'; did you mean hallucination"):
        catalog.choose(suites=["halucination"])


def test_folders_without_tasks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        load_catalog([tmp_path / "no"])
    with pytest.raises(UsageError, match="has neither"):
        load_catalog([tmp_path])


def test_every_built_in_task_is_described() -> None:
    for task in load_catalog().tasks.values():
        assert task.summary, task.name
        for dialect, scorer in task.dialects.items():
            assert scorer.metrics, (task.name, dialect)
        assert task.headline in next(iter(task.dialects.values())).metrics, task.name
