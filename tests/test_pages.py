"""The pages as readers meet them: by eye, by keyboard, by ear, on paper, offline."""

import functools
import http.server
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
LOOK = (Path(__file__).parent / "pages.js").read_text("utf-8")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
#: Charts are looked at below, on their own ground: axe gives up on text inside a picture.
AXE = """rules => {
  const page = {include: [["html"]], exclude: [["svg.chart > *"]]};
  const found = axe.run(page, {runOnly: rules, preload: false, resultTypes: ["violations"]});
  return found.then(({violations}) => violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.html.slice(0, 160)} (${node.failureSummary})`)));
}"""
WIDTHS = (360, 768, 1440)
THEMES = ("light", "dark")
POLICY = "default-src 'self'"
FONTS = """[...document.fonts].filter(font => font.status === "loaded")
  .map(font => font.family.replaceAll('"', ""))"""
LOOSE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`p { margin-bottom: 2em !important } *:not(svg *) {
    line-height: 1.5 !important; word-spacing: 0.16em !important;
    letter-spacing: 0.12em !important }`);
  document.adoptedStyleSheets.push(sheet);
}"""
LOADED = {"Bilan Serif", "Bilan Sans"}
#: Rows of a table of numbers are alike, and axe takes its time: five stand for all.
FIVE_ROWS = "document.querySelectorAll('.numbers tr:nth-child(n + 6)').forEach(r => r.remove())"
LIVE = """() => {
  const buttons = [...document.querySelectorAll("button.live")];
  return !buttons.some(button => button.hasAttribute("aria-busy"))
    && document.querySelectorAll(".live-chart svg.chart").length === buttons.length;
}"""
#: The lines of text of a chart's picture and of the live chart, of each figure.
TWICE = """[...document.querySelectorAll(".live-chart")].map(live => {
  const lines = svg => [...svg.querySelectorAll("text")].map(text => text.textContent).sort();
  const shown = innerWidth < 544 ? "svg.chart.narrow" : "svg.chart.wide";
  const picture = live.parentElement.querySelector(`:scope > ${shown}`);
  return {
    name: live.closest("[id]").id, picture: lines(picture), live: lines(live.querySelector("svg")),
    tall: picture.viewBox.baseVal.height - live.querySelector("svg").viewBox.baseVal.height,
    short: live.querySelector("svg").height.baseVal.value - picture.viewBox.baseVal.height,
  };
})"""


def _languages(edition: str) -> list[str]:
    described = yaml.safe_load((ROOT / "config/editions.yml").read_text("utf-8"))
    return next(e["languages"] for e in described["editions"] if e["id"] == edition)


REVIEWS = [f"2021/{lang}/index.html" for lang in _languages("2021")]
PAGES = ["index.html", *REVIEWS, "2021/fr/desi-nl.html"]
#: The longest notebook, and the one that shows most tables.
NOTEBOOKS = [
    f"2021/{lang}/notebooks/{run}.html"
    for lang, run in zip(
        _languages("2021"), ("programme", "adoption-franceconnect-users"), strict=True
    )
]


# ------------------------------------------------------------------ browser, server, visits


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing = "Chromium is not installed (apt-get install chromium)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(built: Path) -> Iterator[str]:
    """The site behind a server that allows a page its own files and nothing else."""

    class Strict(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", POLICY)
            super().end_headers()

        def log_message(self, *about: object) -> None:
            pass

    handler = functools.partial(Strict, directory=str(built / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}/"
        served.shutdown()


@dataclass
class Visit:
    """An open page, what it asked for and what the console said."""

    page: Page
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def faults(self, check: str) -> list[str]:
        return self.page.evaluate(f"look.{check}()")

    def unfold(self) -> None:
        self.page.evaluate("document.querySelectorAll('details').forEach(d => (d.open = true))")

    def enliven(self) -> None:
        """Open every disclosure and turn every chart live."""
        self.unfold()
        self.page.evaluate("document.querySelectorAll('button.live').forEach(b => b.click())")
        self.page.wait_for_function(LIVE, timeout=120_000)


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Callable[..., Visit]]:
    """Open a page: ``visit(name, width, theme, …)``; other arguments are the context's.

    Without ``fonts`` the page's own never arrive, as on a slow line.
    """
    contexts = []

    def open_page(
        name: str,
        width: int = 1440,
        theme: str = "light",
        base: str = server,
        fonts: bool = True,
        **given,
    ):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **given
        )
        contexts.append(context)
        seen = Visit(context.new_page())
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("console", lambda said: seen.console.append(f"{said.type}: {said.text}"))
        seen.page.on("pageerror", lambda error: seen.console.append(f"error: {error}"))
        if not fonts:
            seen.page.route("**/*.woff2", lambda route: route.abort())
        seen.page.goto(base + name)
        if given.get("java_script_enabled", True) and seen.page.locator("section.level1").count():
            seen.page.wait_for_selector("html.whole")
        seen.page.evaluate("document.fonts.ready.then(() => 0)")
        seen.page.evaluate(LOOK)
        return seen

    yield open_page
    for context in contexts:
        context.close()


def none(faults: list[str]) -> None:
    """Fail with every fault on a line of its own."""
    assert not faults, "\n" + "\n".join(faults)


every_page = pytest.mark.parametrize("name", PAGES)
every_review = pytest.mark.parametrize("name", REVIEWS)
every_width = pytest.mark.parametrize("width", WIDTHS)
every_theme = pytest.mark.parametrize("theme", THEMES)


# ------------------------------------------------------------------ axe


@every_page
@every_width
@every_theme
def test_axe_finds_nothing(visit, name, width, theme):
    seen = visit(name, width, theme)
    if width == 768:
        seen.unfold()
    else:
        seen.enliven()
    seen.page.evaluate(FIVE_ROWS)
    seen.page.evaluate(AXE_SCRIPT)
    none(seen.page.evaluate(AXE, list(RULES)))


# ------------------------------------------------------------------ room


@every_page
@every_width
def test_nothing_is_cut_or_overlaps(visit, name, width):
    seen = visit(name, width)
    seen.unfold()
    none(seen.faults("cut"))
    none(seen.faults("overlaps"))


@every_page
@every_width
@pytest.mark.parametrize("fonts", (True, False), ids=("own", "fallback"))
def test_text_at_twice_its_size_loses_nothing(visit, name, width, fonts):
    seen = visit(name, width, fonts=fonts)
    seen.unfold()
    before = seen.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    session = seen.page.context.new_cdp_session(seen.page)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    after = seen.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    assert after == pytest.approx(2 * before, rel=0.1)
    none(seen.faults("cut"))
    none(seen.faults("overlaps"))


@every_page
@pytest.mark.parametrize("width", (360, 1440))
def test_loose_text_spacing_loses_nothing(visit, name, width):
    """WCAG 1.4.12: a reader's own spacing of lines, letters, words and paragraphs."""
    seen = visit(name, width)
    seen.unfold()
    seen.page.evaluate(LOOSE)
    none(seen.faults("cut"))
    none(seen.faults("overlaps"))


# ------------------------------------------------------------------ charts


@every_review
@every_width
def test_labels_of_charts_are_whole_and_apart(visit, name, width):
    seen = visit(name, width)
    none(seen.faults("cutLabels"))
    none(seen.faults("crossedLabels"))
    assert seen.page.evaluate("look.smallestLabel()") >= 10


@every_review
@every_width
def test_the_drawing_that_fits_is_shown_alone(visit, name, width):
    counts = visit(name, width).page.evaluate("look.drawings()")
    none(counts["faults"])
    fitting, other = ("narrow", "wide") if width == 360 else ("wide", "narrow")
    assert counts[fitting] >= 8
    assert counts[other] == 0


@every_review
@every_theme
@pytest.mark.parametrize("width", (360, 1440))
def test_charts_stand_out_from_their_ground(visit, name, width, theme):
    seen = visit(name, width, theme)
    none(seen.faults("strayColours"))
    none(seen.faults("faintText"))
    none(seen.faults("faintMarks"))


# ------------------------------------------------------------------ live charts


@every_review
@every_theme
@pytest.mark.parametrize("width", (360, 1440))
def test_live_charts_show_what_the_pictures_show(visit, server, name, width, theme):
    seen = visit(name, width, theme)
    seen.enliven()
    drawn = seen.page.evaluate(TWICE)
    assert len(drawn) >= 8
    for chart in drawn:
        assert chart["picture"] == chart["live"], chart["name"]
        assert chart["tall"] == 0 and abs(chart["short"]) <= 4, chart["name"]
    counts = seen.page.evaluate("look.drawings()")
    none(counts["faults"])
    for check in ("cut", "cutLabels", "crossedLabels", "strayColours", "repeatedIds"):
        none(seen.faults(check))
    none(seen.faults("faintText"))
    none(seen.faults("faintMarks"))
    none(seen.console)
    assert {urlsplit(url).netloc for url in seen.requests} == {urlsplit(server).netloc}


@every_review
@pytest.mark.parametrize("width", (360, 1440))
def test_a_live_chart_tells_its_marks_to_the_keyboard(visit, name, width):
    page = visit(name, width).page
    button = page.locator("button.live[data-figure=fig-franceconnect]")
    offer = button.inner_text()
    button.focus()
    page.keyboard.press("Enter")
    chart = page.locator("#fig-franceconnect .live-chart")
    chart.locator("svg").wait_for()
    page.wait_for_function("document.activeElement.className === 'live-chart'")
    keys = page.locator(f"#{chart.get_attribute('aria-describedby')}")
    assert "Esc" in keys.inner_text() or "Échap" in keys.inner_text()
    tip, ring = chart.locator("[role=status]"), chart.locator(".ring")
    assert tip.inner_text() == "" and not ring.is_visible()
    marks = page.evaluate("look.marks('fig-franceconnect')")
    assert len(marks) > 20 and all(marks)
    told = []
    for _ in marks:
        page.keyboard.press("ArrowRight")
        told.append(tip.inner_text())
        met = page.evaluate("look.ringed('fig-franceconnect')")
        assert met["inside"] and met["ring"] >= 2 and met["contrast"] >= 3, (told[-1], met)
    assert told == marks
    observed, forecast, target = told[0].splitlines(), marks[-5].splitlines(), told[-1].splitlines()
    assert "2017" in observed[0] and "450" in observed[1] and "Source" in observed[2]
    assert len(forecast) == 5 and forecast[4].startswith("95"), "bands are explained"
    assert "30" in target[1] and "DINUM" in target[3]
    for key, words in (("ArrowRight", told[-1]), ("Home", told[0]), ("PageDown", forecast[0])):
        page.keyboard.press(key)
        assert words.split(":")[-1] in tip.inner_text(), key
    page.keyboard.press("ArrowLeft")
    assert "Source" in tip.inner_text(), "the last published figure stands before the forecast"
    page.keyboard.press("Escape")
    assert page.locator(".live-chart").count() == 0
    assert page.evaluate("document.activeElement.dataset.figure") == "fig-franceconnect"
    assert button.inner_text() == offer
    assert page.locator("#fig-franceconnect svg.chart:visible").count() == 1


@every_review
def test_a_live_chart_tells_its_marks_to_the_pointer(visit, name):
    page = visit(name).page
    page.locator("button.live[data-figure=fig-franceconnect]").click()
    chart = page.locator("#fig-franceconnect .live-chart")
    chart.locator("svg").wait_for()
    tip = chart.locator("[role=status]")
    chart.scroll_into_view_if_needed()
    at = page.evaluate("look.place('fig-franceconnect', 0)")
    page.mouse.move(at["x"] + 3, at["y"] - 3)
    words = page.evaluate("look.marks('fig-franceconnect')")[0]
    assert tip.inner_text() == words
    box = tip.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=2)
    assert tip.inner_text() == words, "what is told can be pointed at"
    page.mouse.move(5, 5)
    assert tip.inner_text() == ""


@every_review
def test_live_charts_weigh_little(built, name):
    charts = list((built / "site" / name).parent.glob("charts/*.js"))
    for narrow in (True, False):
        drawn = [path for path in charts if path.stem.endswith("-narrow") == narrow]
        total = sum(path.stat().st_size for path in [*drawn, built / "site/vega.js"])
        assert len(drawn) >= 8 and total <= 1_500_000


# ------------------------------------------------------------------ numbers


@every_review
def test_numbers_open_without_scripts(visit, name):
    page = visit(name, java_script_enabled=False).page
    assert page.locator("button:visible").count() == 0
    disclosure = page.locator("details.numbers").first
    table = disclosure.locator("table")
    assert not table.is_visible()
    disclosure.locator("summary").click()
    assert table.is_visible()
    assert table.locator("caption").inner_text()


# ------------------------------------------------------------------ structure


@every_page
def test_sections_hold_something_and_anchors_are_single(visit, name):
    seen = visit(name)
    none(seen.faults("emptySections"))
    none(seen.faults("repeatedIds"))


@every_review
def test_contents_lead_to_each_chapter(visit, name):
    seen = visit(name)
    seen.page.evaluate("document.adoptedStyleSheets = []")  # chapters are laid out on the way
    chapters = seen.page.evaluate(
        "[...document.querySelectorAll('section.level1 > h1')].map(h => h.parentElement.id)"
    )
    links = seen.page.locator("#TOC details > ul > li > a")
    targets = [links.nth(at).get_attribute("href") for at in range(links.count())]
    assert targets == [f"#{chapter}" for chapter in chapters]
    links.nth(4).click()
    assert seen.page.url.endswith(targets[4])
    seen.page.wait_for_function(
        "id => Math.abs(document.getElementById(id).getBoundingClientRect().top) < 80",
        arg=chapters[4],
    )
    current = "hash => document.querySelector('#TOC [aria-current=location]')?.hash === hash"
    seen.page.wait_for_function(current, arg=targets[4])


# ------------------------------------------------------------------ keyboard


@every_page
def test_first_key_offers_to_skip_to_the_text(visit, name):
    page = visit(name).page
    skip = page.locator(".skip")
    assert skip.bounding_box()["y"] < 0, "the link shows before it is reached"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@every_page
@pytest.mark.parametrize("width", (360, 1440))
@every_theme
def test_keyboard_walks_through_everything_in_order(visit, name, width, theme):
    seen = visit(name, width, theme, reduced_motion="reduce")
    count = seen.page.evaluate("look.focusable().length")
    faults = []
    for at in range(count):
        seen.page.keyboard.press("Tab")
        met = seen.page.evaluate("look.focused()")
        if met["order"] != at:
            faults.append(f"stop {at} is {met['name']}, the {met['order']}th in the page")
            break
        if not met["inside"]:
            faults.append(f"{met['name']} is out of sight")
        if met["ring"] < 2 or met["contrast"] < 3:
            faults.append(f"{met['name']}: a ring of {met['ring']} px, contrast {met['contrast']}")
    none(faults)
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("look.focused().order") in (-1, 0), "the keyboard is trapped"


@every_review
def test_keyboard_opens_a_chart_in_words(visit, name):
    page = visit(name).page
    summary = page.locator("details.transcription > summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert summary.evaluate("summary => summary.parentElement.open")
    assert len(summary.evaluate("s => s.parentElement.innerText").splitlines()) > 1


@every_page
def test_motion_is_reduced_on_request(visit, name):
    page = visit(name, reduced_motion="reduce").page
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(element => {
          const style = getComputedStyle(element);
          return style.animationName !== "none" || style.scrollBehavior !== "auto"
            || style.transitionDuration.split(",").some(time => parseFloat(time) > 0);
        }).length + document.getAnimations().length"""
    )
    assert moving == 0


# ------------------------------------------------------------------ notebooks, permanent addresses


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1440, "light")])
def test_notebooks_are_pages_like_the_others(visit, name, width, theme):
    seen = visit(name, width, theme)
    seen.unfold()
    seen.page.evaluate(AXE_SCRIPT)
    none(seen.page.evaluate(AXE, list(RULES)))
    for check in ("cut", "overlaps", "cutLabels", "strayColours", "emptySections", "repeatedIds"):
        none(seen.faults(check))
    assert seen.page.evaluate("document.querySelectorAll('pre').length") > 10
    scrolling = "[...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth"
    scrolling += " + 1 && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX))"
    assert seen.page.evaluate(f"{scrolling}.every(e => e.tabIndex === 0)")
    none(seen.console)


@pytest.mark.parametrize("lang", _languages("2020"))
def test_a_permanent_address_leads_to_its_figure(visit, lang):
    """Also to where a figure would stand in an edition that knows too little to draw it."""
    for label in ("fig-franceconnect", "fig-tchap"):
        page = visit(f"2020/{lang}/#{label}").page
        page.wait_for_function(
            "id => Math.abs(document.getElementById(id).getBoundingClientRect().top) < 80",
            arg=label,
        )


# ------------------------------------------------------------------ own files, no script, no server


@every_page
def test_page_asks_for_its_own_files_only_and_breaks_no_policy(visit, server, name):
    seen = visit(name)
    seen.unfold()
    seen.page.mouse.wheel(0, 5000)
    seen.page.wait_for_load_state("networkidle")
    hosts = {urlsplit(url).netloc for url in seen.requests}
    assert hosts == {urlsplit(server).netloc}
    none(seen.console)
    assert set(seen.page.evaluate(FONTS)) >= LOADED
    assert seen.page.evaluate("document.styleSheets[0].cssRules.length") > 100


@every_page
def test_page_works_from_a_folder(visit, built, name):
    seen = visit(name, base=f"{(built / 'site').as_uri()}/")
    seen.enliven()
    assert {urlsplit(url).scheme for url in seen.requests} == {"file"}
    none(seen.console)
    assert set(seen.page.evaluate(FONTS)) >= LOADED
    none(seen.faults("cut"))


@every_page
def test_page_says_everything_without_scripts(visit, name):
    plain = visit(name, java_script_enabled=False).page
    full = visit(name).page
    full.evaluate("document.querySelectorAll('button.live').forEach(b => (b.hidden = true))")
    assert plain.evaluate("document.body.innerText") == full.evaluate("document.body.innerText")
    drawn = "document.querySelectorAll('svg.chart').length"
    assert plain.evaluate(drawn) == full.evaluate(drawn)


@every_review
def test_contents_open_without_scripts_on_a_phone(visit, name):
    page = visit(name, 360, java_script_enabled=False).page
    link = page.locator("#TOC details > ul > li > a").nth(2)
    assert not link.is_visible()
    page.locator("#TOC summary").click()
    link.click()
    assert page.url.endswith(link.get_attribute("href"))


# ------------------------------------------------------------------ paper


@every_review
def test_printed_page_is_whole(visit, name, tmp_path):
    seen = visit(name)
    paper = tmp_path / "printed.pdf"
    seen.page.pdf(path=str(paper), prefer_css_page_size=True)
    seen.page.emulate_media(media="print")
    hidden = "e => getComputedStyle(e).display === 'none'"
    for away in (".skip", ".contents", "a.pdf"):
        assert seen.page.locator(away).first.evaluate(hidden), f"{away} is printed"
    said = seen.page.evaluate(
        "[...document.querySelectorAll('.transcription')].map(d => d.lastElementChild.textContent)"
    )
    text = _words(_run("pdftotext", "-raw", paper, "-"))
    for words in said:
        assert _words(words)[-60:] in text, "a chart's text is not printed"
    boxes = _run("pdftotext", "-bbox", paper, "-")
    for page in boxes.split("<page ")[1:]:
        width = float(re.search(r'width="([\d.]+)"', page)[1])
        edges = re.findall(r'xMin="([-\d.]+)" yMin="[-\d.]+" xMax="([-\d.]+)"', page)
        assert all(float(left) >= 0 and float(right) <= width for left, right in edges)


def _run(*command: object) -> str:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=True
    ).stdout


def _words(text: str) -> str:
    """Return the letters and digits of a text: lines, spaces and hyphens differ on paper."""
    return re.sub(r"[\W_]+", "", text)


# ------------------------------------------------------------------ pictures


@every_page
def test_screenshots_are_kept(visit, name):
    """For whoever reviews a change: in build/screenshots, by width and theme, and printed."""
    folder = ROOT / "build/screenshots" / (name.removesuffix("index.html").strip("/") or "index")
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for theme in THEMES:
        for width in WIDTHS:
            made.append(folder / f"{width}-{theme}.png")
            visit(name, width, theme).page.screenshot(path=str(made[-1]), full_page=True)
    made.append(folder / "printed.pdf")
    visit(name).page.pdf(path=str(made[-1]), prefer_css_page_size=True)
    assert all(path.stat().st_size > 10_000 for path in made)
