"""The dashboard in Chromium: what it shows, that names stay text, that it can be read and used by everybody."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmeval.catalog import load_catalog
from mmeval.dashboard import Dashboard, dashboard
from mmeval.reporting.dashboard import write_dashboard
from tests.browser import Watched, api, chromium
from tests.night_runs import digest, estimate, results, run_record, write_night

EVIL = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">{{ 7 * 7 }}\u202egnp"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[api.Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Dashboard:
    """60 nights: a jump on 40, other data from 25 on, a failed night, a failed task, hostile names in every place."""
    folder, dice = tmp_path_factory.mktemp("nights"), random.Random(3)
    for night in range(60):
        record = run_record(night)
        if night >= 25:
            record["tasks"]["demo_reward"]["fingerprint"] = digest("new")
        if night >= 50:
            record["versions"] |= {"torch": EVIL, EVIL: "1"}
        record["tasks"][EVIL] = {**record["tasks"]["demo_pope"], "headline": EVIL, "dimension": EVIL}

        def figure(task: str, metric: str, night: int = night) -> tuple[float, float]:
            jump = -0.06 if (task, metric) == ("demo_pope", "f1") and night >= 40 else 0
            return dice.gauss(0.8, 0.01) + jump - 0.1 * (night == 59 and task == "demo_dialogue"), 0.01

        figures = results(figure, missing=night % 7 // 6)
        figures[EVIL] = {"dialect": "official", "n": 5, "missing": 0, "metrics": {EVIL: estimate(0.5, 0.01)}}
        if night == 30:
            record["tasks"]["demo_chair"] = {"error": EVIL}
            del figures["demo_chair"]
        if night == 59:
            record["model"]["name"] = EVIL
        place = write_night(
            folder / f"n {night:02d} #%", record | {"status": "interrupted"} if night == 20 else record, figures
        )
        (place / "report.html").write_text(f"<title>night {night}</title>")
    (folder / "x").mkdir()
    told = {
        "date": "2026-01-15T12:00",
        "status": "failed",
        "checkpoint": EVIL,
        "run": None,
        "gate": None,
        "error": EVIL,
    }
    (folder / "x" / "night.json").write_text(json.dumps(told))
    return dashboard(folder, load_catalog())


@pytest.fixture(scope="module")
def written(board: Dashboard) -> Path:
    return write_dashboard(board, board.folder / "site" / "dashboard.html")


class Opened(Watched):
    def __init__(self, browser: api.Browser, path: Path, **context: object):
        super().__init__(browser, path, **context)
        self.page.goto(path.as_uri())


@pytest.fixture
def opened(browser: api.Browser, written: Path) -> Iterator[Opened]:
    made = Opened(browser, written, viewport={"width": 1280, "height": 900})
    yield made
    made.page.close()
    assert made.troubles == []
    assert all(url.startswith(("file:", "data:", "about:")) for url in made.requests)


def test_tonight_stands_in_one_line(opened: Opened, board: Dashboard) -> None:
    line = opened.page.locator(".lead").inner_text()
    assert board.counts["worse"] == 1
    assert line.startswith("1 of 6 headlines worse than on the last good night, 0 better")
    row = opened.page.locator("tr", has=opened.page.locator(".task", has_text="demo_dialogue")).first
    assert row.locator(".word").inner_text() == "✕ worse"
    assert "standard errors below its level" in row.locator(".outside").inner_text()


def test_table_shows_change_points_and_intervals(opened: Opened, board: Dashboard) -> None:
    found = next(one for one in board.series if (one.task, one.metric) == ("demo_pope", "f1"))
    row = opened.page.locator("#tonight tr", has=opened.page.locator(".task", has_text="demo_pope")).first
    assert found.against.tonight is not None
    assert row.locator(".strong").inner_text() == f"{100 * found.against.tonight:.1f}%"
    assert "10 Feb 2026" in row.locator(".since").inner_text()
    assert row.locator(".spark .shift").count() == 1
    reward = opened.page.locator("#tonight tr", has=opened.page.locator(".task", has_text="demo_reward")).first
    assert reward.locator(".spark .break").count() == 1
    assert (
        opened.page.locator("#trends figure", has_text="demo_reward")
        .locator(".events")
        .inner_text()
        .startswith("┆ 26 Jan")
    )


def test_failed_nights_and_tasks_are_listed(opened: Opened) -> None:
    listed = opened.page.locator("#failures .entry").all_inner_texts()
    assert [text.split("\n")[0].split(" 2026")[0] for text in listed] == ["31 Jan", "21 Jan", "15 Jan"]
    assert "demo_chair" in listed[0]
    assert "interrupted before it was scored" in listed[1]
    assert EVIL in listed[2]
    opened.page.locator("#nights summary").click()
    assert opened.page.locator("#nights tbody tr").count() == 61
    assert (
        opened.page.locator("#nights tbody tr", has_text="21 Jan 2026").locator(".status").inner_text() == "interrupted"
    )


def test_charts_of_the_headlines_break_where_nights_lack(opened: Opened) -> None:
    chart = opened.page.locator("#trends figure", has_text="demo_pope").locator("svg.chart")
    assert chart.count() == 1
    lines = chart.locator("g.mark-line path").count()
    assert lines == 3  # before the failed night.json, between it and the interrupted night, after it
    assert chart.get_by_text("\N{MULTIPLICATION SIGN}").count() == 2


def test_filter_by_text_and_dimension(opened: Opened) -> None:
    page = opened.page
    rows = page.locator("#tonight tr.filtered")
    everything = rows.count()
    page.fill("[name=q]", "pope f1")
    assert page.locator("#tonight tr.filtered:visible").all_inner_texts()[0].startswith("demo_pope")
    assert page.inner_text("#found") == f"1 of {everything} metrics"
    assert page.locator("#trends figure:visible").count() == 1
    page.fill("[name=q]", "")
    page.select_option("[name=dimension]", "safety")
    assert page.locator("#tonight > .scrolling tr.filtered:visible").count() == 1
    assert page.locator("#trends figure:visible").count() == 1
    page.select_option("[name=dimension]", "")
    page.fill("[name=q]", "torch")
    assert page.locator("#changes .entry:visible").count() == 1
    page.fill("[name=q]", "no such words")
    assert page.locator("tr.filtered:visible").count() == 0
    page.fill("[name=q]", "")
    assert page.locator("#tonight tr.filtered").evaluate_all("all => all.every((one) => !one.hidden)")


def test_nights_of_a_new_checkpoint_only_are_folded_away(opened: Opened) -> None:
    assert opened.page.locator("#changes .entry:visible").count() < 10
    opened.page.check("[name=weights]")
    assert opened.page.locator("#changes .entry:visible").count() > 50


def test_a_metric_opens_night_by_night(opened: Opened, board: Dashboard) -> None:
    page = opened.page
    index = next(i for i, one in enumerate(board.series) if (one.task, one.metric) == ("demo_pope", "f1"))
    page.locator(f"button.spark[data-series='{index}']").focus()
    page.keyboard.press("Enter")
    told = page.locator("#night")
    assert page.inner_text("#large-title") == "demo_pope f1"
    value = board.series[index].values[-1]
    assert told.locator(".big").inner_text().startswith(f"{100 * value:.1f}% (")
    for _ in range(60 - 40):
        page.keyboard.press("ArrowLeft")
    assert "9 Feb 2026" in told.inner_text()
    page.keyboard.press("ArrowRight")
    assert "Change point: from 79.9% to 73.6%" in told.inner_text()
    page.locator("#drawn svg").hover(position={"x": 1, "y": 100})
    assert "1 Jan 2026" in told.inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#large").is_hidden()
    page.locator("#trends figure", has_text="demo_reward").locator("button.link").click()
    for _ in range(60 - 26):  # places: of 61 nights, one is a night.json alone
        page.keyboard.press("ArrowLeft")
    assert "data changed: not comparable with the nights before" in told.inner_text()


def test_each_night_links_to_its_page(opened: Opened, board: Dashboard) -> None:
    page = opened.page
    page.locator("#nights summary").click()
    links = page.locator("#nights a")
    assert links.count() == 60
    links.last.click()
    page.wait_for_load_state()
    assert page.title() == "night 0"


def test_names_stay_text(opened: Opened) -> None:
    page = opened.page
    assert "owned" not in page.title()
    assert page.locator("img").count() == 0
    assert page.locator("#tonight .task").last.inner_text().replace("\u202e", "") == EVIL.replace("\u202e", "")
    for button in page.locator("button.spark:visible").all():
        button.click()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Escape")
    assert "owned" not in page.title()
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_sideways_scrolling(browser: api.Browser, written: Path, width: int) -> None:
    made = Opened(browser, written, viewport={"width": width, "height": 800})
    made.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    made.page.check("[name=weights]")
    assert made.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    made.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(browser: api.Browser, written: Path, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    made = Opened(browser, written, color_scheme=scheme, viewport={"width": width, "height": 800})
    made.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    for act in (lambda: None, lambda: made.page.locator("button.link").first.click()):
        act()
        found = axe.Axe().run(made.page).response["violations"]
        serious = [
            (one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")
        ]
        assert serious == []
    made.page.close()


def test_results_need_no_script(browser: api.Browser, written: Path) -> None:
    made = Opened(browser, written, java_script_enabled=False)
    assert made.page.locator("#tonight tr.filtered").first.is_visible()
    assert made.page.locator("#changes .entry").count() > 50
    made.page.close()
