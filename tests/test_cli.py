"""Commands: exit codes, one-line errors, `--json`, and what must not be imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmeval.cli import main
from tests.probes_data import write_pope

ROOT = Path(__file__).parent.parent


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command, in this process."""
    old, sys.argv = sys.argv, ["mmeval", *map(str, arguments)]
    try:
        with pytest.raises(SystemExit) as left:
            main()
    finally:
        sys.argv = old
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def modules_after(*arguments: str | Path) -> set[str]:
    """The modules that a command has imported when it ends."""
    code = (
        "import sys, atexit; atexit.register(lambda: print('\\n', *sys.modules, file=sys.stderr))\n"
        "from mmeval.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stderr.split())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_pope(tmp_path / "data")


@pytest.fixture
def answers(tmp_path: Path, data: Path) -> Path:
    rows = []
    for split in ("random", "popular", "adversarial"):
        labels = (data / "pope" / f"coco_pope_{split}.json").read_text().splitlines()
        rows += [
            {"question_id": i, "category": split, "text": "Yes" if i % 3 else "No."} for i in range(1, len(labels) + 1)
        ]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_help_is_light() -> None:
    loaded = modules_after("--help")
    assert not loaded & {"torch", "transformers", "pandas", "numpy", "datasets", "jinja2", "sklearn", "rich.console"}


def test_score_imports_no_torch(data: Path, answers: Path) -> None:
    loaded = modules_after("score", "--task", "pope", "--answers", answers, "--data", data, "--json")
    assert not loaded & {"torch", "transformers", "sklearn"}


def test_score_json_is_one_object(capsys: pytest.CaptureFixture[str], data: Path, answers: Path) -> None:
    code, out, _ = call(capsys, "score", "--task", "pope", "--answers", answers, "--data", data, "--json")
    assert code == 0
    result = json.loads(out)
    assert result["run"] is None
    pope = result["tasks"]["pope"]
    assert (pope["n"], pope["missing"], pope["dialect"]) == (108, 0, "official")
    # by hand: within a split ids run 1..36, labels alternate yes/no, and the answer is no for every third id
    tp = sum(1 for i in range(1, 37) if i % 2 and i % 3)
    fp = sum(1 for i in range(1, 37) if not i % 2 and i % 3)
    precision, recall = tp / (tp + fp), tp / 18
    f1 = pope["metrics"]["f1"]
    assert f1["value"] == 2 * precision * recall / (precision + recall)
    assert f1["low"] <= f1["value"] <= f1["high"]
    assert set(f1) >= {"value", "low", "high", "stderr", "n", "clusters"}


def test_score_table_for_people(capsys: pytest.CaptureFixture[str], data: Path, answers: Path) -> None:
    code, out, _ = call(capsys, "score", "--task", "pope", "--answers", answers, "--data", data)
    assert code == 0
    assert "f1" in out
    assert "split=adversarial" in out


def test_half_the_answers_is_exit_3(capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("".join(json.dumps({"id": f"random/{i}", "answer": "yes"}) + "\n" for i in range(1, 19)))
    code, out, err = call(capsys, "score", "--task", "pope", "--answers", few, "--data", data, "--json")
    assert code == 3
    assert json.loads(out)["tasks"]["pope"]["missing"] == 90
    assert "90 of 108" in err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["run", "--model", "demo", "--tasks", "popee"], 64, "did you mean"),
        (["run", "--model", "demo", "--suite", "halucination"], 64, "did you mean hallucination"),
        (["run", "--model", "demo"], 64, "nothing to run"),
        (["run"], 64, "--model"),
        (["run", "--model", "demo", "--suite", "demo", "--batch-size", "many"], 64, "a number of rows, or auto"),
        (["run", "--model", "demo", "--suite", "demo", "--no-such"], 64, "No such option"),
        (["run", "--model", "demo", "--tasks", "pope", "--data", "/nowhere/at/all"], 64, "no such folder"),
        (["verify", "nowhere"], 64, "no run folder"),
        (["report", "nowhere"], 64, "no run folder"),
        (["score", "--task", "pope", "--answers", "nowhere.jsonl"], 65, "nowhere.jsonl"),
        (["fly"], 64, "fly"),
    ],
)
def test_errors_are_one_line_with_a_code(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    left, out, err = call(capsys, *arguments)
    assert left == code
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b'{"id": "random/1", "answer": "yes"}\n{"id": ', "malformed JSON at line 2"),
        (b'{"id": "random/1", "answer": NaN}\n', "NaN"),
        (b'{"id": "random/1", "answer": "\xff"}\n', "not UTF-8"),
        (b'{"id": "random/1", "answer": "a"}\n{"id": "random/1", "answer": "b"}\n', "already"),
        (b'{"id": "random/999", "answer": "a"}\n{"id": "random/1", "answer": "a"}\n', "random/999"),
        (b'{"id": "random/1", "said": "a"}\n', "said"),
    ],
)
def test_bad_answer_files_are_named(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)
    code, _, err = call(capsys, "score", "--task", "pope", "--answers", path, "--data", data)
    assert code == 65
    assert "mine.jsonl" in err
    assert says in err


def test_captions_of_some_pictures_are_scored_for_those(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_instances(tmp_path / "instances.json", {1: ["dog"], 2: ["cat"], 3: ["car"]})
    answers = {"imgToEval": {"2": {"image_id": 2, "caption": "A cat and a dog."}}}
    (tmp_path / "answers.json").write_text(json.dumps(answers, indent=1))
    arguments = ["score", "--task", "chair", "--answers", tmp_path / "answers.json", "--data", tmp_path, "--json"]
    code, out, err = call(capsys, *arguments)
    chair = json.loads(out)["tasks"]["chair"]
    assert (code, chair["n"], chair["missing"]) == (0, 1, 0)
    assert chair["metrics"]["chair_i"]["value"] == 0.5
    assert "are about 1 of 3 samples" in err


def write_instances(path: Path, objects: dict[int, list[str]]) -> None:
    names = sorted({name for there in objects.values() for name in there})
    path.write_text(
        json.dumps(
            {
                "images": [{"id": i, "file_name": f"{i}.jpg", "width": 9, "height": 9} for i in objects],
                "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
                "annotations": [
                    {"id": f"{i}-{name}", "image_id": i, "category_id": names.index(name)}
                    for i, there in objects.items()
                    for name in there
                ],
            }
        )
    )


def test_tasks_lists_what_there_is(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    code, out, _ = call(capsys, "tasks", "--data", data, "--json")
    tasks = json.loads(out)["tasks"]
    assert code == 0
    assert tasks["pope"]["data"]
    assert tasks["hallusionbench"]["data"] is None
    assert "HallusionBench.json" in tasks["hallusionbench"]["wanted"]
    assert "official" in tasks["pope"]["dialects"]
    code, out, _ = call(capsys, "tasks", "--data", data)
    assert code == 0
    assert "pope" in out


def test_doctor_says_how_things_are(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "doctor", "--json")
    checks = {check["what"]: check for check in json.loads(out)["checks"]}
    assert checks["torch"]["fine"]
    assert code in (0, 70)
    assert all(check["mend"] for check in checks.values() if not check["fine"])


def test_only_the_object_is_on_stdout(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text('"""Loud."""\nprint("hello from a task file")\n')
    code, out, err = call(capsys, "tasks", "--catalog", tmp_path, "--json")
    assert code == 0
    assert "pope" in json.loads(out)["tasks"]
    assert "hello from a task file" in err


def test_a_users_task_prints_as_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        '"""Own."""\nfrom mmeval.samples import Sample, ask\nfrom mmeval.scorers import Metric, Scorer, counts\n'
        "from mmeval.sources import official\nfrom mmeval.tasks import Task\n"
        "own = Task(rows=official('q.jsonl'), sample=lambda row: Sample(row['id'], ask('?'), slices={'k': row['k']}),\n"
        "    scorer=Scorer(lambda s, a: counts(length=len(a)),\n"
        "                  {'length': Metric(lambda s: s.length / s.n, unit='number')}),\n"
        "    max_new_tokens=4, headline='length')\n"
    )
    (tmp_path / "q.jsonl").write_text("".join(json.dumps({"id": i, "k": "a [v1] [/b]"}) + "\n" for i in range(3)))
    (tmp_path / "answers.csv").write_text("id,answer\n0,abcd\n1,abcd\n2,abcd\n")
    arguments = ["score", "--task", "own", "--answers", tmp_path / "answers.csv", "--data", tmp_path]
    code, out, _ = call(capsys, *arguments, "--catalog", tmp_path)
    assert code == 0
    assert "4.000" in out
    assert "k=a [v1] [/b]" in out
