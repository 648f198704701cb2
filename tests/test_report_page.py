"""The page in a browser: Debian's chromium, opened from file://, with no network."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmeval.reporting import write_report
from mmeval.runs import RunFolder
from tests.browser import Watched, api, chromium
from tests.report_run import CATALOG, EVIL, build


@pytest.fixture(scope="module")
def browser() -> Iterator[api.Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = build(tmp_path_factory.mktemp("runs") / "run")
    write_report(run, CATALOG)
    return run


class Opened(Watched):
    def __init__(self, browser: api.Browser, run: RunFolder, **context: object):
        super().__init__(browser, (run.path / "report.html"), **context)
        self.go()

    def go(self, hash_: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(self.address + hash_)

    @property
    def found(self) -> int:
        return int(self.page.inner_text("#found").split(" of ")[-1].split()[0].replace(",", ""))

    def choose(self, state: str) -> None:
        self.page.locator(f'.states label[data-state="{state}"]').click()

    @property
    def states(self) -> set[str]:
        return set(self.page.eval_on_selector_all(".item", "items => items.map((one) => one.dataset.state)"))


@pytest.fixture
def opened(browser: api.Browser, run: RunFolder) -> Iterator[Opened]:
    made = Opened(browser, run, viewport={"width": 1280, "height": 900})
    yield made
    made.page.close()
    assert made.troubles == []
    assert all(url.startswith(("file:", "data:", "about:")) for url in made.requests)


def test_filters_count_what_the_scores_say(opened: Opened, run: RunFolder) -> None:
    scores = run.scores()
    marked = scores[scores["missing"] == False]  # noqa: E712
    assert opened.found == len(scores)
    for state, n in (
        ("wrong", (marked["correct"] == False).sum()),  # noqa: E712
        ("right", (marked["correct"] == True).sum()),  # noqa: E712
        ("missing", scores["missing"].sum()),
        ("unmarked", marked["correct"].isna().sum()),
        ("cut", 2),
    ):
        opened.choose(state)
        assert opened.found == n, state
        if state != "cut":
            assert opened.states == {state}
    opened.choose("")
    opened.page.select_option("[name=task]", "pope")
    pope = scores[scores["task"] == "pope"]
    assert opened.found == len(pope)
    opened.page.select_option('[name="slice.split"]', "adversarial")
    assert opened.found == (pope["slice.split"] == "adversarial").sum()
    opened.page.select_option('[name="slice.weather"]', "rain")
    assert opened.found == ((pope["slice.split"] == "adversarial") & (pope["slice.weather"] == "rain")).sum()
    opened.page.click("#clear")
    assert opened.found == len(scores)


def test_search_looks_into_prompt_answer_and_target(opened: Opened, run: RunFolder) -> None:
    asked = {(one.task, one.sample.id): one.sample for one in run.samples()}
    rows = [(asked[row.task, row.sample], row.answer or "") for row in run.scores().itertuples()]
    for words in ("Fire Truck", "no, there is not", "soft", "<b>bold", "こんにちは", "(", "no such words"):
        opened.page.fill("[name=q]", words)
        expected = sum(
            any(
                words.lower() in text.lower()
                for text in (sample.prompt, str(answer), _target(sample.target), sample.id)
            )
            for sample, answer in rows
        )
        assert opened.found == expected, words
    opened.page.fill("[name=q]", "fire truck")
    assert opened.page.locator("mark.found").first.inner_text().lower() == "fire truck"


def _target(target: object) -> str:
    return ", ".join(target) if isinstance(target, list) else str(target or "")


def test_hash_keeps_the_view(opened: Opened) -> None:
    page = opened.page
    page.select_option("[name=task]", "pope")
    opened.choose("wrong")
    page.fill("[name=q]", "dog & bone")
    page.fill("[name=q]", "image")
    page.select_option('[name="slice.split"]', "popular")
    page.select_option("[name=sort]", "run")
    before, address = opened.found, page.url
    opened.go(address.removeprefix(opened.address))
    assert opened.found == before
    assert page.input_value("[name=q]") == "image"
    assert page.input_value('[name="slice.split"]') == "popular"
    assert page.is_checked('[name=state][value="wrong"]')


def test_pages_turn_and_are_kept(opened: Opened) -> None:
    page = opened.page
    first = page.locator(".item .id").first.inner_text()
    page.locator('[data-turn="1"]').first.click()
    assert page.locator(".item .id").first.inner_text() != first
    assert "page=2" in page.url
    opened.go(page.url.removeprefix(opened.address))
    assert page.inner_text("#found").startswith("21\N{EN DASH}40 of")
    page.locator('[data-turn="-1"]').first.click()
    assert page.locator(".item .id").first.inner_text() == first


def test_a_sample_has_a_link_of_its_own(opened: Opened) -> None:
    page = opened.page
    opened.go("#sample=" + "chair%2Fcaption%2F17")
    assert page.locator(".item.pinned .id").inner_text() == "chair/caption/17"
    assert page.locator(".item.pinned").evaluate("one => one === document.activeElement")
    page.locator(".item .id").nth(2).click()
    page.wait_for_function("document.querySelectorAll('.item.pinned').length === 1")


def test_card_links_filter_the_browser(opened: Opened, run: RunFolder) -> None:
    page, scores = opened.page, run.scores()
    page.locator("#card-pope footer a", has_text="missing").click()
    page.wait_for_function("location.hash.includes('missing')")
    assert opened.found == scores["missing"].sum()
    assert opened.states == {"missing"}
    page.locator("#card-pope .forest:not([hidden]) th a", has_text="popular").click()
    page.wait_for_function("location.hash.includes('popular')")
    assert opened.found == (scores["slice.split"] == "popular").sum()


def test_metric_of_the_slices_can_be_chosen(opened: Opened) -> None:
    card = opened.page.locator("#card-pope")
    assert card.locator(".forest:visible").get_attribute("data-metric") == "f1"
    card.locator("[data-forests]").select_option("recall")
    assert card.locator(".forest:visible").get_attribute("data-metric") == "recall"


def test_keys_move_and_search(opened: Opened) -> None:
    page = opened.page
    at = "[...document.querySelectorAll('.item')].indexOf(document.activeElement)"
    for key, place in (("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0)):
        page.keyboard.press(key)
        assert page.evaluate(at) == place, key
    for _ in range(20):
        page.keyboard.press("j")
    assert "page=2" in page.url
    assert page.evaluate(at) == 0
    page.keyboard.press("k")
    assert page.evaluate(at) == 19
    page.keyboard.press("/")
    page.keyboard.type("jk")
    assert page.input_value("[name=q]") == "jk"


def test_picture_is_shown_and_enlarged(opened: Opened) -> None:
    page = opened.page
    opened.go("#task=pope")
    image = page.locator(".item img").first
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 240
    page.locator("button.picture").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#large").is_visible()
    assert page.locator("#large img").evaluate("image => image.getBoundingClientRect().width") > 600
    page.keyboard.press("Escape")
    assert page.locator("#large").is_hidden()


def test_what_was_made_up_is_marked_in_the_answer(opened: Opened) -> None:
    opened.go("#task=chair&state=wrong")
    for item in opened.page.locator(".item").all():
        marks, note = item.locator("mark.bad").all_inner_texts(), item.locator("span.bad").inner_text()
        assert marks == note.split(", ")
    assert opened.page.locator(".thinking[open]").count() == 0


def test_what_a_model_says_stays_text(opened: Opened) -> None:
    opened.go("#task=talk&q=" + "%3Cimg%20src%3Dx")
    page = opened.page
    assert opened.found == 2
    assert page.locator(".answer").first.inner_text() == EVIL
    assert page.title() == "llava-tiny-dpo · mmeval report"
    opened.go("#q=%3Cimg%20src%3Dx%20onerror%3D%22document.title%3D1%22%3E&task=__proto__&slice.constructor=x&page=NaN")
    assert page.title() == "llava-tiny-dpo · mmeval report"
    assert page.locator(".item img[src='x']").count() == 0


def test_another_script_would_not_run(browser: api.Browser, run: RunFolder, tmp_path: Path) -> None:
    text = (run.path / "report.html").read_text(encoding="utf-8")
    folder = RunFolder(tmp_path)
    folder.write("report.html", text.replace("</main>", "<script>document.title = 'owned'</script></main>").encode())
    made = Opened(browser, folder)
    assert made.page.title() == "llava-tiny-dpo · mmeval report"
    assert any("Content Security Policy" in trouble for trouble in made.troubles)
    made.page.close()


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("hash_", ["", "#task=chair", "#task=talk"])
def test_no_sideways_scrolling(browser: api.Browser, run: RunFolder, width: int, hash_: str) -> None:
    made = Opened(browser, run, viewport={"width": width, "height": 800})
    made.go(hash_)
    made.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert made.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    made.page.close()


LUMINANCE = """(selector) => {
  const rgb = (text) => {
    const canvas = document.createElement('canvas').getContext('2d');
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => {
    const [r, g, b] = color.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const one = document.querySelector(selector);
  let ground = one;
  while (ground && rgb(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
  const front = light(rgb(getComputedStyle(one).color).slice(0, 3));
  const back = light(rgb(getComputedStyle(ground).backgroundColor).slice(0, 3));
  return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough(browser: api.Browser, run: RunFolder, scheme: str) -> None:
    made = Opened(browser, run, color_scheme=scheme)
    made.go("#task=chair&state=wrong&q=soft")
    for selector in (
        *("h1", ".lead", ".faint", ".eyebrow", ".alarm", ".alarm a", ".status", ".facts dt", ".loud a", ".metric"),
        *(".better", ".tag", ".failure strong", ".answer", "mark.bad", "mark.found", ".mark.wrong", ".item .id"),
        *(".fields dt", ".counts", ".states input:checked + span", ".ticks span", ".note", "label", ".bar nav a"),
    ):
        assert made.page.evaluate(LUMINANCE, selector) >= 4.5, selector
    made.page.close()


def test_theme_can_be_chosen_and_is_kept(opened: Opened) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = opened.page.evaluate(ground)
    for _ in range(2):
        opened.page.click("#theme")
    assert opened.page.get_attribute("#theme", "aria-label") == "Theme: dark"
    assert opened.page.evaluate(ground) != light
    opened.page.reload()
    assert opened.page.get_attribute("html", "data-theme") == "dark"


def test_results_need_no_script(browser: api.Browser, run: RunFolder) -> None:
    made = Opened(browser, run, java_script_enabled=False)
    assert made.page.locator("#card-pope .headline .value").is_visible()
    assert made.page.locator("noscript").inner_text()
    made.page.close()


def test_names_and_order_of_headings(opened: Opened) -> None:
    page = opened.page
    unnamed = "button, input, select, img, [role=img], [role=region], dialog"
    names = page.eval_on_selector_all(
        unnamed,
        "all => all.filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.alt"
        " || one.labels?.length || one.closest('dialog'))).map((one) => one.outerHTML)",
    )
    assert names == []
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    ids = re.findall(r' id="([^"]+)"', page.content())
    assert len(ids) == len(set(ids))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = build(tmp_path_factory.mktemp("runs") / "large", pictures=500, each=20, side=96)
    write_report(run, CATALOG)
    return run


def test_ten_thousand_samples_are_quick(browser: api.Browser, large: RunFolder) -> None:
    assert (large.path / "report.html").stat().st_size < 5_000_000
    made = Opened(browser, large)
    assert made.found == 10_505
    ready = made.page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    for words in ("d", "do", "dog", "umbrella in", "no such words", ""):
        made.page.fill("[name=q]", words)
    made.choose("wrong")
    made.page.select_option("[name=task]", "pope")
    made.page.select_option('[name="slice.split"]', "adversarial")
    filters = made.page.evaluate("performance.getEntriesByName('filter').map((one) => one.duration)")
    print(f"ready after {ready:.0f} ms; filters {', '.join(f'{one:.0f}' for one in filters)} ms")
    assert ready < 10_000  # about 700 on two quiet cores
    assert sorted(filters)[len(filters) // 2] < 100  # about 10; the middle one, so that a busy machine is no failure
    made.page.close()
