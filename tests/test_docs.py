"""The pages do what they say: the benchmark of docs/add-a-benchmark.md is made from that page's own text and run."""

import json
import re
from pathlib import Path

import PIL.Image
import pytest

from tests.test_cli import call

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "add-a-benchmark.md"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """`my-tasks/receipts.py` as on the page, and `receipts/` with more rows like the one shown."""
    text = PAGE.read_text()
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    row = re.search(r"receipts\.jsonl +(\{.*\})", text)
    assert code is not None
    assert row is not None
    (tmp_path / "my-tasks").mkdir()
    (tmp_path / "my-tasks" / "receipts.py").write_text(code.group(1))
    shown = json.loads(row.group(1))
    (tmp_path / "receipts").mkdir()
    rows = []
    for i in range(1, 9):
        name = f"{i:04d}.png"
        PIL.Image.new("RGB", (60, 90), (250, 250, 245 - i)).save(tmp_path / "receipts" / name)
        rows.append(
            {**shown, "id": i, "picture": name, "answer": ["no", "yes"][i % 2], "shop": ["bakery", "café"][i % 2]}
        )
    (tmp_path / "receipts" / "receipts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_the_file_is_as_short_as_the_page_says() -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code is not None
    assert len([line for line in code.group(1).splitlines() if line.strip()]) <= 30


def test_the_command_of_the_page_runs(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made)
    command = re.search(r"^    mmeval (run .*--catalog.*)$", PAGE.read_text(), re.MULTILINE)
    assert command is not None
    code, out, err = call(capsys, *command.group(1).split(), "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["tasks"]["receipts"]["n"] == 8
    assert set(result["tasks"]["receipts"]["slices"]) == {"shop=bakery", "shop=café"}
    assert (made / result["run"] / "report.html").is_file()


def test_its_answers_are_scored_and_its_errors_are_clear(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made)
    (made / "answers.csv").write_text("id,answer\n" + "".join(f"{i},Yes.\n" for i in range(1, 9)))
    arguments = [
        "score",
        "--task",
        "receipts",
        "--answers",
        "answers.csv",
        "--catalog",
        "my-tasks",
        "--data",
        "receipts",
    ]
    code, out, _ = call(capsys, *arguments, "--json")
    assert code == 0
    assert json.loads(out)["tasks"]["receipts"]["metrics"]["accuracy"]["value"] == 0.5
    rows = made / "receipts" / "receipts.jsonl"
    rows.write_text(rows.read_text().replace('"question"', '"text"', 1))
    code, _, err = call(capsys, *arguments)
    assert code == 65
    assert "row 1 of receipts.jsonl has no field 'question' (found: id, picture, text, answer, shop" in err


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]), ids=lambda page: page.name
)
def test_links_and_options_of_the_pages_exist(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = page.read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("http") or (page.parent / link).exists(), link
    for command in re.findall(r"^ +mmeval ([\w-]+)(.*)$", text, re.MULTILINE):
        name, rest = command
        if name == "data":
            name, rest = "data build pope", rest.replace(" build pope", "")
        _, shown, _ = call(capsys, *name.split(), "--help")
        for option in re.findall(r"(?<!\S)--[\w-]+", rest.partition("#")[0]):
            assert option in shown, (page.name, name, option)
