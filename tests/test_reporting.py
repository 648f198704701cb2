"""The page's data and the page as text. What moves in a browser is in test_report_page.py."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import PIL.Image
import pytest

from mmeval.catalog import Catalog
from mmeval.inference.base import Response
from mmeval.reporting import figures
from mmeval.reporting.page import write_report
from mmeval.reporting.pictures import embed, thumbnail
from mmeval.reporting.rendering import embedded_json, without_secrets
from mmeval.runs import RunFolder
from mmeval.samples import Image
from tests.report_run import CATALOG, EVIL, build, draw


class Page(HTMLParser):
    """The page's text, links and script elements."""

    def __init__(self, page: str):
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.scripts: dict[str, str] = {}
        self.open: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.addresses += [found[name] or "" for name in ("href", "src") if name in found]
        self.open = (found.get("id") or f"program-{len(self.scripts)}") if tag == "script" else None
        if tag == "script":
            self.scripts[self.open or ""] = ""

    def handle_endtag(self, tag: str) -> None:
        self.open = None if tag == "script" else self.open

    def handle_data(self, data: str) -> None:
        if self.open:
            self.scripts[self.open] += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    @property
    def data(self) -> dict[str, object]:
        return json.loads(self.scripts["data"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return build(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def page(run: RunFolder) -> Page:
    return Page(write_report(run, CATALOG).read_text(encoding="utf-8"))


def test_head_says_what_ran_and_what_is_missing(page: Page, run: RunFolder) -> None:
    missing = int(run.scores()["missing"].sum())
    assert missing
    assert f"{173 - missing} of 173 samples answered in 4 tasks" in page.text
    assert "mmeval run --model llava-tiny" in page.text
    assert "llava-tiny-dpo" in page.text
    assert "23 November 2026, 09:30 UTC" in page.text
    assert "11 min 45 s" in page.text
    assert f"{missing} missing" in page.text


def test_figures_are_those_of_metrics_json(page: Page, run: RunFolder) -> None:
    for task, result in run.read_json("metrics.json").items():
        for part in (result["metrics"], *result["slices"].values()):
            for name, estimate in part.items():
                unit = "number" if name == "words" else "fraction"
                assert figures.number(estimate["value"], unit) in page.text, (task, name)
                assert figures.interval(estimate["low"], estimate["high"], unit) in page.text
    assert "85.9%" in page.text  # LLaVA's published one
    assert "mean over split" in page.text


def test_failed_task_is_loud(page: Page) -> None:
    assert "1 task failed: broken" in page.text.replace(" :", ":")
    assert "no rows; data/broken has no questions.jsonl" in page.text
    assert "done, with failures" in page.text


def test_every_sample_is_in_the_data(page: Page, run: RunFolder) -> None:
    data, scores = page.data, run.scores()
    assert data["ids"] == scores["sample"].tolist()
    expected = {
        "m": int(scores["missing"].sum()),
        "r": int((scores["correct"] == True).sum()),  # noqa: E712  (None among them)
        "w": int((scores["correct"] == False).sum()),  # noqa: E712
    }
    assert {state: data["states"].count(state) for state in "mrw"} == expected
    answers = [data["texts"][code] if code >= 0 else None for code in data["columns"]["answer"]]
    assert answers == scores["answer"].astype(object).where(scores["answer"].notna(), None).tolist()
    assert len(data["texts"]) == len(set(data["texts"]))


def test_each_picture_stands_once(page: Page, run: RunFolder) -> None:
    held = {name: text for name, text in page.scripts.items() if name.startswith("picture-")}
    assert len(held) == 24
    stored = {base64.b64encode(path.read_bytes()).decode() for path in (run.path / "pictures").iterdir()}
    assert set(held.values()) == stored
    assert sum(map(len, page.data["images"])) == 24


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    assert "url(" not in " ".join(page.words)


def test_what_a_model_says_cannot_end_the_script(run: RunFolder, page: Page) -> None:
    text = (run.path / "report.html").read_text(encoding="utf-8")
    assert EVIL not in text
    assert EVIL in page.data["texts"]
    hashes = re.findall(r"'sha256-[^']+'", text)
    assert len(hashes) == 2  # the policy lets these two scripts run and no other
    assert "unsafe-inline" not in text.split("script-src")[1].split(";")[0]


def test_secrets_are_not_shown(page: Page) -> None:
    assert "sk-very-secret" not in page.text
    assert without_secrets(["--max-new-tokens", "5", "--token=abc", "http://me:pw@host/v1"]) == [
        "--max-new-tokens",
        "5",
        "--token=…",
        "http://…@host/v1",
    ]
    assert without_secrets(["--api-key", "a", "--hf-token", "b", "--limit", "3"]) == [
        *("--api-key", "…", "--hf-token", "…"),
        *("--limit", "3"),
    ]


def test_pictures_of_missing_and_wrong_samples_come_first(tmp_path: Path) -> None:
    run = build(tmp_path / "run", pictures=12, each=1)
    scores = run.scores()
    bad = set(scores.loc[scores["missing"] | (scores["correct"] == False), "sample"])  # noqa: E712
    urgent = {digest for one in run.samples() if one.sample.id in bad for digest in one.images}
    assert 0 < len(urgent) < 12
    room = sum(len(base64.b64encode((run.path / "pictures" / f"{name}.webp").read_bytes())) for name in urgent)
    page = Page(write_report(run, CATALOG, budget=room).read_text(encoding="utf-8"))
    inside = {name.removeprefix("picture-") for name in page.scripts if name.startswith("picture-")}
    assert inside == {digest[:16] for digest in urgent}
    assert f"{12 - len(urgent)} pictures left out" in page.text
    assert all((run.path / "pictures" / f"{digest}.webp").is_file() for digest in page.data["leftOut"].values())


def test_a_zero_denominator_is_marked_and_not_drawn(tmp_path: Path) -> None:
    run = build(tmp_path / "run", pictures=3, each=3)
    metrics = run.read_json("metrics.json")
    for part in metrics["pope"]["slices"].values():
        part["f1"] |= {"value": 0.0, "undefined": True}
    metrics["chair"]["metrics"]["chair_s"]["undefined"] = True
    run.write_json("metrics.json", metrics)
    text = write_report(run, CATALOG).read_text(encoding="utf-8")
    assert text.count("undefined (zero denominator)") == 2  # a footnote on both cards
    shown = re.findall(r'data-task="pope" data-metric="(\w+)">', text)
    assert shown == ["accuracy"]  # the first metric that has something to draw in a slice


def test_same_run_same_bytes(run: RunFolder) -> None:
    before = (run.path / "report.html").read_bytes()
    assert write_report(run, CATALOG).read_bytes() == before


def test_a_catalog_that_lacks_the_tasks_still_shows_them(run: RunFolder, page: Page) -> None:
    unknown = Page(write_report(run, Catalog({})).read_text(encoding="utf-8"))
    write_report(run, CATALOG)
    assert "chair_i" in unknown.text
    assert "POPE: is a named object in the picture?" in unknown.text
    assert re.findall(r"\d+\.\d%", unknown.text)


def test_interrupted_before_any_score(tmp_path: Path) -> None:
    built = build(tmp_path / "run", status="interrupted")
    for name in ("scores.parquet", "metrics.json"):
        (built.path / name).unlink()
    lines = built.log_path.read_text().splitlines(keepends=True)
    built.log_path.write_text("".join(lines[:100]) + lines[100][:30])  # killed while it wrote
    page = Page(write_report(built, CATALOG).read_text(encoding="utf-8"))
    assert "This run was interrupted." in page.text
    assert "No figures: the run did not get that far." in page.text
    answered = 100 - sum("the server did not answer" in line for line in lines[:100])
    assert f"{answered} of 173 samples answered" in page.text
    assert page.data["states"].count("u") == answered


@pytest.mark.parametrize("manifest", [{}, {"tasks": {"x": {}}}, {"status": "running", "model": None, "config": None}])
def test_an_empty_folder_is_no_trouble(tmp_path: Path, manifest: dict[str, object]) -> None:
    with RunFolder.open(tmp_path / "run") as run:
        run.write_json("run.json", manifest)
        text = write_report(run, CATALOG).read_text(encoding="utf-8")
    assert "unnamed model" in text


def test_answers_that_no_judge_has_read(tmp_path: Path) -> None:
    run = build(tmp_path / "run", pictures=3, each=1)
    metrics, scores = run.read_json("metrics.json"), run.scores()
    metrics["talk"] |= {"metrics": {}, "missing": 0, "unjudged": metrics["talk"]["n"]}
    scores.loc[scores["task"] == "talk", "missing"] = True
    run.write_json("metrics.json", metrics)
    run.write_scores(scores)
    page = Page(write_report(run, CATALOG).read_text(encoding="utf-8"))
    assert "No judge has read the answers yet" in page.text
    assert "are not judged" in page.text
    assert page.data["states"].endswith("uuuuu")
    assert "Good day." in page.data["texts"]


def test_cut_off_while_thinking_is_missing_and_says_why(tmp_path: Path) -> None:
    run = build(tmp_path / "run", pictures=3, each=1)
    first = run.samples()[0]
    with RunFolder.open(run.path) as again:
        again.append(first.request or "", Response("", finish="thinking", thinking="hm"))
    scores = run.scores()
    scores.loc[0, ["missing", "answer"]] = [True, None]
    run.write_scores(scores)
    data = Page(write_report(run, CATALOG).read_text(encoding="utf-8")).data
    assert data["states"][0] == "m"
    assert data["texts"][data["columns"]["error"][0]] == "cut off before its thinking ended"


def test_embedded_json_survives_a_script_element() -> None:
    for value in ["</script>", "<!--<script>", "]]>", "a\u2028b\u2029", "&lt;", "\x00\ud83d\ude00"[:1]]:
        text = str(embedded_json({"a": value}))
        assert not re.search("[<>&\u2028\u2029]", text)
        assert json.loads(text) == {"a": value}


# -- pictures


@pytest.mark.parametrize(
    ("size", "small"), [((640, 480), (320, 240)), ((100, 900), (36, 320)), ((96, 96), (96, 96)), ((320, 10), (320, 10))]
)
def test_thumbnails_are_never_enlarged(size: tuple[int, int], small: tuple[int, int]) -> None:
    picture = PIL.Image.new("RGB", size, "teal")
    for given in (picture, Image(draw=lambda: picture)):
        with PIL.Image.open(BytesIO(thumbnail(given))) as made:
            assert made.format == "WEBP"
            assert made.size == small


def test_embed_takes_what_fits(tmp_path: Path) -> None:
    for name, side in (("a", 60), ("b", 300), ("c", 60)):
        (tmp_path / f"{name}.webp").write_bytes(thumbnail(draw(1, side)))
    size = {name: len(base64.b64encode((tmp_path / f"{name}.webp").read_bytes())) for name in "abc"}
    assert size["b"] > size["c"]
    found = embed(["a", "b", "a", "c", "gone"], tmp_path, budget=size["a"] + size["c"])
    assert (list(found.inside), found.left_out, found.absent) == (["a", "c"], ("b",), ("gone",))


# -- figures


def test_numbers() -> None:
    assert figures.number(0.85949, "fraction") == "85.9%"
    assert figures.number(-0.5, "number") == "\N{MINUS SIGN}0.50"
    assert figures.number(None, "fraction") == "\N{EN DASH}"
    assert figures.interval(0.85, 0.867, "fraction") == "85.0 \N{EN DASH} 86.7%"
    assert figures.interval(None, None, "number") == "\N{EN DASH}"
    assert figures.plus_minus(0.0041, "fraction") == "0.41"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.42, "0.4 s"), (42, "42 s"), (59.7, "1 min 0 s"), (3599.6, "1 h 0 min"), (7620, "2 h 7 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert figures.duration(seconds) == words


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([0.859, 0.85, 0.867], "fraction"),
        ([0.0, 0.0], "fraction"),
        ([1.0], "fraction"),
        ([0.0, 1.0], "fraction"),
        ([0.001, 0.0012, None], "fraction"),
        ([-0.2, 0.4], "fraction"),
        ([1.6, 38.6, 109.6], "number"),
        ([1e6], "number"),
        ([-3.0, -2.999], "number"),
        ([], "number"),
    ],
)
def test_axis_holds_its_values_in_a_few_round_steps(values: list[float | None], unit: figures.Unit) -> None:
    made = figures.axis(values, unit)
    known = [value for value in values if value is not None]
    assert all(made.start <= value <= made.end for value in known)
    assert 2 <= len(made.ticks) - 1 <= 6
    assert len({label for _, label in made.ticks}) == len(made.ticks)
    if all(value >= 0 for value in known):
        assert made.start >= 0
    assert made.place(made.start) == 0
    assert made.place(made.end) == 100


def test_a_small_difference_can_be_seen() -> None:
    made = figures.axis([0.859, 0.851, 0.867], "fraction")
    low, high = made.place(0.851), made.place(0.867)
    assert low is not None
    assert high is not None
    assert high - low > 20
