"""The compare page in a browser: Debian's chromium, opened from file://, with no network."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from mmeval.compare import Comparison
from mmeval.reporting.comparison import write_comparison
from mmeval.reporting.pairing import LONGEST
from mmeval.runs import RunFolder
from tests.browser import Watched, api, chromium
from tests.comparison_runs import candidate_of, compared, two, with_prompt
from tests.report_run import CATALOG, EVIL, build

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe_playwright_python is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[api.Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, RunFolder]:
    return two(tmp_path_factory.mktemp("runs"), pictures=40)


@pytest.fixture(scope="module")
def one(runs: tuple[RunFolder, RunFolder]) -> Comparison:
    return compared(*runs).comparisons[0]


@pytest.fixture(scope="module")
def page_file(runs: tuple[RunFolder, RunFolder]) -> Path:
    return write_comparison(compared(*runs), CATALOG, runs[1].path / "compare.html")


class Opened(Watched):
    def __init__(self, browser: api.Browser, file: Path | str, **context: object):
        super().__init__(browser, file, **context)
        self.go()

    def go(self, hash_: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(self.address + hash_)
        self.page.wait_for_function("performance.getEntriesByName('ready').length")

    @property
    def found(self) -> int:
        return int(self.page.inner_text("#found").split(" of ")[-1].split()[0].replace(",", ""))

    def choose(self, kind: str) -> None:
        self.page.locator(f'.states label[data-state="{kind}"]').click()

    def unfold(self) -> None:
        self.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        self.page.wait_for_function("document.querySelectorAll('.slices-of').length")


@pytest.fixture
def opened(browser: api.Browser, page_file: Path) -> Iterator[Opened]:
    made = Opened(browser, page_file, viewport={"width": 1280, "height": 900})
    yield made
    made.page.close()
    assert made.troubles == []
    assert all(url.startswith(("file:", "data:", "about:")) for url in made.requests)


def sides(runs: tuple[RunFolder, RunFolder]) -> pd.DataFrame:
    """Both runs' scores beside each other, by task and sample."""
    base, candidate = (run.scores().set_index(["task", "sample"]) for run in runs)
    return base.add_suffix("_base").join(candidate.add_suffix("_candidate"))


# -- what is said


def test_the_verdict_counts_what_was_compared(opened: Opened, one: Comparison) -> None:
    said = opened.page.inner_text("#verdict")
    first = next(word for word, n in one.headlines.items() if n)
    assert f"{one.headlines[first]} headline" in said
    for word, n in one.headlines.items():
        assert (f"{n} {word}" in said or f"headline {word}" in said or f"headlines {word}" in said) == (n > 0)
    assert opened.page.inner_text("h1") == "llava-dpo against llava-sft"
    fell, rose = (sum(task.flips[way] for task in one.tasks.values() if task.flips) for way in (0, 1))
    assert opened.page.locator(".facts dd").all_inner_texts()[2:4] == [str(fell), str(rose)]


def test_missing_answers_are_loud(opened: Opened, one: Comparison) -> None:
    base, candidate = one.tasks["pope"].missing
    assert candidate == base + 3
    assert f"{base} samples of the base, {candidate} of the candidate" in opened.page.inner_text(".alarm")


def test_every_metric_is_drawn_on_its_better_side(opened: Opened, one: Comparison) -> None:
    opened.unfold()
    drawn = 0
    for row in opened.page.locator("#task-0-chair .forest-of tbody tr").all():
        metric = one.tasks["chair"].metrics[row.locator(".metric").inner_text()]
        at = float(str(row.locator("svg.at").get_attribute("x")).rstrip("%"))
        better = metric.test.difference.value * (-1 if metric.metric.better == "lower" else 1)
        assert (at > 50) == (better > 0)
        assert metric.verdict in row.inner_text()
        drawn += 1
    assert drawn == len(one.tasks["chair"].metrics) == 2


def test_a_forced_comparison_and_unequal_samples_are_marked(browser: api.Browser, tmp_path: Path) -> None:
    base, candidate = two(tmp_path, pictures=12)
    with_prompt(candidate, "pope", "chatty")
    kept = [one for one in candidate.samples() if not one.sample.id.endswith("-0")]
    candidate.write_samples(kept)
    scores = candidate.scores()
    candidate.write_scores(scores[~scores["sample"].str.endswith("-0")])
    made = Opened(browser, write_comparison(compared(base, candidate, force=True), CATALOG, tmp_path / "page.html"))
    alarms = " ".join(made.page.locator(".alarm").all_inner_texts())
    assert "Forced: 1 task was not asked the same" in alarms
    assert "pope: prompt: official (base), chatty (candidate)" in alarms
    assert "Unequal samples in 1 task" in alarms
    assert "12 only in the base, 0 only in the candidate" in alarms
    made.choose("lost")
    assert "not asked in this run" in made.page.inner_text("#list")
    assert made.troubles == []
    made.page.close()


def test_slices_are_drawn_when_a_task_is_opened(opened: Opened, one: Comparison) -> None:
    card = opened.page.locator("#task-0-pope")
    card.locator("summary").click()
    rows = card.locator(".slices-of tbody tr:not(.group)")
    assert rows.count() == 1 + len(one.tasks["pope"].slices)
    card.locator(".by-slice select").select_option("recall")
    test = one.tasks["pope"].slices["split=popular"]["recall"].test
    assert f"{100 * test.base:.1f}% → {100 * test.candidate:.1f}%" in card.locator(".slices-of").inner_text()
    card.locator(".slices-of a", has_text="popular").click()
    opened.page.wait_for_function("location.hash.includes('popular')")
    assert opened.found == 80


def test_results_need_no_script(browser: api.Browser, page_file: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(page_file.as_uri())
    assert page.locator(".forest-of").first.is_visible()
    assert page.locator("#samples noscript").inner_text()
    page.close()


# -- the answers


def test_filters_count_what_the_scores_say(opened: Opened, runs: tuple[RunFolder, RunFolder]) -> None:
    both = sides(runs)
    was, is_ = both["correct_base"], both["correct_candidate"]
    lost = both["missing_base"] != both["missing_candidate"]
    expected = {
        "": len(both),
        "fell": ((was == True) & (is_ == False)).sum(),  # noqa: E712  (None among them)
        "rose": ((was == False) & (is_ == True)).sum(),  # noqa: E712
        "lost": lost.sum(),
        "changed": (both["answer_base"] != both["answer_candidate"])[
            both["answer_base"].notna() & both["answer_candidate"].notna()
        ].sum(),
    }
    for kind, n in expected.items():
        opened.choose(kind)
        assert opened.found == n > 0, kind
    opened.choose("fell")
    opened.page.select_option("[name=task]", "pope")
    opened.page.select_option('[name="slice.split"]', "popular")
    there = both.loc["pope"]
    popular = there["slice.split_base"] == "popular"
    fell = (there["correct_base"] == True) & (there["correct_candidate"] == False)  # noqa: E712
    assert opened.found == (fell & popular).sum()


def test_search_looks_into_both_answers(opened: Opened, runs: tuple[RunFolder, RunFolder]) -> None:
    asked = {(one.task, one.sample.id): one.sample for one in runs[0].samples()}
    for words in ("one here", "fire truck", "(", "nobody says this"):
        opened.page.fill("[name=q]", words)
        expected = 0
        for key, row in sides(runs).iterrows():
            sample = asked[key]
            target = ", ".join(sample.target) if isinstance(sample.target, list) else str(sample.target or "")
            texts = (sample.prompt, target, sample.id, row["answer_base"], row["answer_candidate"])
            expected += any(words in str(text).lower() for text in texts if isinstance(text, str))
        assert opened.found == expected, words


def test_largest_changes_come_first_and_the_worse_before_the_better(opened: Opened) -> None:
    kinds = opened.page.eval_on_selector_all(".item", "all => all.map((one) => one.dataset.kinds)")
    fell = int(opened.page.inner_text('.states label[data-state="fell"] .count'))
    assert all("fell" in one for one in kinds[: min(fell, 20)])
    opened.choose("rose")
    assert opened.page.locator(".item").count() > 0
    assert all("✕ → ✓" in text for text in opened.page.locator(".item header").all_inner_texts())


def test_a_caption_that_makes_up_less_is_better_by_a_part(opened: Opened) -> None:
    opened.go("#task=chair&state=better")
    assert opened.found > 0
    assert "hallucinated" in opened.page.locator(".side.base .counts").first.inner_text()


def test_hash_keeps_the_view_and_samples_have_links(opened: Opened) -> None:
    page = opened.page
    page.select_option("[name=task]", "pope")
    opened.choose("rose")
    page.fill("[name=q]", "image")
    before, address = opened.found, page.url
    opened.go(address.removeprefix(opened.address))
    assert opened.found == before
    assert page.is_checked('[name=state][value="rose"]')
    link = page.locator(".item .id").nth(1)
    name = link.inner_text()
    link.click()
    page.wait_for_function("document.querySelectorAll('.item.pinned').length === 1")
    opened.go(page.url.removeprefix(opened.address))
    assert page.locator(".item.pinned .id").inner_text() == name
    assert page.locator(".item.pinned").evaluate("one => one === document.activeElement")


def test_keys_move_and_search(opened: Opened) -> None:
    page = opened.page
    at = "[...document.querySelectorAll('.item')].indexOf(document.activeElement)"
    for key, place in (("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1)):
        page.keyboard.press(key)
        assert page.evaluate(at) == place, key
    page.keyboard.press("/")
    page.keyboard.type("jk")
    assert page.input_value("[name=q]") == "jk"


TAKEN_OUT = """([before, after]) => {
  const cut = (text, at) => text.slice(0, at.start) + text.slice(at.end);
  const without = (text, places) => places.reduceRight(cut, text);
  const found = differingWords(before, after);
  return found && [without(before, found[0]), without(after, found[1]), found[0].length, found[1].length];
}"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a red dog on a road", "a blue dog near a road"),
        ("", "new"),
        ("same words here", "same words here"),
        ("一只狗在路上", "一只猫在路上"),
        ("one two three " * 50, "one three two " * 50),
    ],
)
def test_what_both_answers_share_is_not_marked(opened: Opened, before: str, after: str) -> None:
    first, second, gone, new = opened.page.evaluate(TAKEN_OUT, [before, after])
    assert "".join(first.split()) == "".join(second.split())
    assert (gone + new == 0) == (before == after)


def test_answers_too_long_for_words_are_not_taken_apart(opened: Opened) -> None:
    for before, after in (("a " * 40_000, "b"), ("a b " * 700, "c d " * 700)):
        assert opened.page.evaluate(TAKEN_OUT, [before, after]) is None


# -- hostile text


def test_what_a_model_says_stays_text(opened: Opened) -> None:
    page, title = opened.page, "llava-dpo against llava-sft · mmeval"
    opened.go("#task=talk&sort=run")
    texts = page.locator(".side.candidate .said").all_inner_texts()
    assert texts[0].startswith(EVIL + " {{ 7 * 7 }} {% raw %} ${7*7} &lt;b&gt;")
    assert "bell U+0007 escape U+001B[31m null U+0000 end" in texts[2]
    assert texts[3] == "right U+202Eto leftU+202C and back U+2066apartU+2069"
    assert (
        page.locator(".side.candidate .said").nth(3).evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"
    )
    assert page.title() == title
    assert page.locator(".item img[src='x']").count() == 0
    opened.go("#q=%3Cimg%20src%3Dx%3E&task=__proto__&slice.constructor=x&page=NaN&candidate=constructor&state=toString")
    assert page.title() == title


def test_a_huge_line_is_shown_in_part_and_cut(opened: Opened) -> None:
    opened.go("#sample=talk%2Fturn%2F1")
    page = opened.page
    item = page.locator(".item.pinned")
    assert len(item.locator(".side.candidate .said").inner_text()) < 4_000
    item.locator(".side.candidate button.quiet").click()
    whole = item.locator(".side.candidate .said").inner_text()
    assert LONGEST < len(whole) < LONGEST + 200
    assert "cut here: 200,013 characters in all" in whole
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


# -- pictures


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_pictures_beside_the_page_show_wherever_the_folder_goes(
    browser: api.Browser, runs: tuple[RunFolder, RunFolder], tmp_path: Path
) -> None:
    write_comparison(compared(*runs), CATALOG, tmp_path / "first" / "compare.html", budget=0)
    shutil.move(tmp_path / "first", tmp_path / "moved")
    made = Opened(browser, tmp_path / "moved" / "compare.html")
    image = made.page.locator(".item img").first
    image.scroll_into_view_if_needed()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 240
    asked = {url for url in made.requests if url.endswith(".webp")}
    assert 0 < len(asked) < 40  # those in sight, not all
    assert made.troubles == []
    made.page.locator("button.picture").first.click()
    assert made.page.locator("#large img").evaluate("image => image.getBoundingClientRect().width") > 600
    made.page.close()
    serve = functools.partial(Quiet, directory=str(tmp_path / "moved"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        served = Opened(browser, f"http://127.0.0.1:{server.server_port}/compare.html")
        image = served.page.locator(".item img").first
        image.scroll_into_view_if_needed()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 240
        served.page.close()
        server.shutdown()


# -- for everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: api.Browser, page_file: Path, scheme: str) -> None:
    made = Opened(browser, page_file, color_scheme=scheme)
    made.unfold()
    found = axe.Axe().run(made.page).response["violations"]
    serious = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
    made.page.close()


@pytest.mark.parametrize("hash_", ["", "#task=chair", "#task=talk"])
def test_a_phone_needs_no_sideways_scrolling(browser: api.Browser, page_file: Path, hash_: str) -> None:
    made = Opened(browser, page_file, viewport={"width": 390, "height": 800})
    made.go(hash_)
    made.unfold()
    assert made.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    made.page.close()


def test_print_opens_everything_and_leaves_out_what_can_be_pressed(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.page.locator("details.task:not([open])").count() == 0
    assert opened.page.locator("#task-0-pope .slices-of").is_visible()
    assert not opened.page.locator(".bar").is_visible()
    assert not opened.page.locator("#filters").is_visible()
    assert opened.page.pdf()[:4] == b"%PDF"


# -- several candidates, many samples


def test_a_candidate_can_be_chosen_and_is_kept_in_the_link(
    browser: api.Browser, runs: tuple[RunFolder, RunFolder], tmp_path: Path
) -> None:
    second = candidate_of(runs[0], tmp_path / "rlhf", "llava-rlhf", better=0.1)
    found = compared(*runs, second)
    made = Opened(browser, write_comparison(found, CATALOG, tmp_path / "compare.html"))
    page = made.page
    made.choose("rose")
    first = made.found
    page.locator("[data-choose='1']").click()
    page.wait_for_function("document.querySelector('.side.candidate .who').textContent === 'llava-rlhf'")
    assert page.locator("[data-choose='1']").get_attribute("aria-pressed") == "true"
    assert page.locator("h2.chosen:visible").inner_text() == "llava-rlhf against llava-sft"
    made.choose("rose")
    rose = sum(task.flips[1] for task in found.comparisons[1].tasks.values() if task.flips)
    assert made.found == rose != first
    made.go(page.url.removeprefix(made.address))
    assert made.found == rose
    assert page.locator("[data-choose='1']").get_attribute("aria-pressed") == "true"
    assert made.troubles == []
    page.close()


def test_ten_thousand_samples_are_small_and_quick(browser: api.Browser, tmp_path: Path) -> None:
    base = build(tmp_path / "base", pictures=500, each=20, side=96)
    candidate = candidate_of(base, tmp_path / "candidate", "llava-dpo")
    file = write_comparison(compared(base, candidate), CATALOG, tmp_path / "compare.html", budget=0)
    assert file.stat().st_size < 1_500_000
    made = Opened(browser, file)
    assert made.found == 10_505
    ready = made.page.evaluate("performance.getEntriesByName('ready')[0].startTime")
    for words in ("d", "do", "dog", "no such words", ""):
        made.page.fill("[name=q]", words)
    filters = made.page.evaluate("performance.getEntriesByName('filter').map((one) => one.duration)")
    print(f"ready after {ready:.0f} ms; filters {', '.join(f'{one:.0f}' for one in filters)} ms")
    assert ready < 10_000  # so that a busy machine is no failure
    assert sorted(filters)[len(filters) // 2] < 200
    made.page.close()
