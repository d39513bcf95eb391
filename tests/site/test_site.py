"""The site as a reader's browser shows it: every page, at a desk and on a phone, light and dark.

The pages are those of a small book that holds one of everything. With RNN_BOOK_SITE set to the
folder of a built site, such as ``_build/html``, the same checks run on each page of that one.
"""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from bookbuild.book import Book
from bookbuild.commands.repository import current

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DESK, PHONE = 1280, 390
HERE = ("file:", "data:", "blob:")
SMALL_BOOK = ["chapters/sample.html", "genindex.html", "intro.html", "search.html"]

TYPESET = "mjx-container"
PROSE = """() => {
    const body = document.querySelector('article').cloneNode(true);
    body.querySelectorAll('pre, code, mjx-container, script').forEach(e => e.remove());
    return body.textContent;
}"""
# How far the first sign of each display equation lies left of the page's text.
CUT_OFF = """() => [...document.querySelectorAll('article div.math')].map(equation => {
    const signs = [...equation.querySelectorAll('mjx-mi, mjx-mo, mjx-mn')];
    const left = Math.min(...signs.map(sign => sign.getBoundingClientRect().left));
    return Math.round(equation.getBoundingClientRect().left - left);
})"""
IMAGES = """() => { return [...document.querySelectorAll('article img')].map(i => ({
    source: i.src.slice(0, 80), alt: (i.alt || '').trim(), width: i.naturalWidth,
    // What sticks out of the window must be inside something that scrolls by itself.
    reachable: i.getBoundingClientRect().right <= innerWidth || inScroller(i.parentElement)
}));
function inScroller(element) {
    return element.tagName !== 'ARTICLE' &&
        (getComputedStyle(element).overflowX === 'auto' || inScroller(element.parentElement));
}}"""


def pytest_generate_tests(metafunc):
    """Run each check on each page of the site under test."""
    if "page" in metafunc.fixturenames:
        site = os.environ.get("RNN_BOOK_SITE")
        pages = SMALL_BOOK
        if site:
            pages = sorted(_pages(Path(site)))
            assert pages, f"RNN_BOOK_SITE is {site}, where there is no page"
        metafunc.parametrize("page", pages)


def _pages(site):
    """Name the pages that a reader stays on: not the one that only leads to the front page."""
    for path in site.rglob("*.html"):
        page = path.relative_to(site).as_posix()
        if not page.startswith("_static/") and 'http-equiv="Refresh"' not in path.read_text(
            "utf-8"
        ):
            yield page


@pytest.fixture(scope="module")
def browser():
    """Start this machine's browser; without one skip these tests, or fail if it is required."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        reason = f"no browser found: none of {', '.join(BROWSERS)} is installed"
        if os.environ.get("RNN_BOOK_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, site):
    """Open a page of the site as a file, and wait until it and its equations are there."""

    @contextmanager
    def opened(page, width=DESK, theme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
        )
        tab = context.new_page()
        tab.complaints, tab.foreign = [], []
        tab.on("console", lambda m: m.type == "error" and tab.complaints.append(m.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("request", lambda r: r.url.startswith(HERE) or tab.foreign.append(r.url))
        try:
            tab.goto((site / page).as_uri(), wait_until="load")
            tab.evaluate("() => window.MathJax?.startup?.promise")
            yield tab
        finally:
            context.close()

    return opened


def test_loads_without_an_error_and_without_another_host(visit, page):
    with visit(page) as tab:
        assert tab.complaints == []
        assert tab.foreign == []


def test_every_equation_is_typeset(visit, page):
    with visit(page) as tab:
        equations = tab.locator("article .math")
        assert equations.filter(has=tab.locator(TYPESET)).count() == equations.count()
        assert tab.locator("mjx-merror, [data-mjx-error]").count() == 0
        if tab.locator("article").count():
            assert "$$" not in tab.evaluate(PROSE)


def test_a_phone_scrolls_down_only(visit, page):
    with visit(page, width=PHONE) as tab:
        assert tab.evaluate("() => document.documentElement.scrollWidth") <= PHONE
        assert all(image["reachable"] for image in tab.evaluate(IMAGES))


def test_a_long_equation_begins_on_the_page(visit, page):
    with visit(page, width=PHONE) as tab:
        assert all(cut <= 1 for cut in tab.evaluate(CUT_OFF))


def test_every_image_loads_and_says_what_it_shows(visit, page):
    with visit(page) as tab:
        for image in tab.evaluate(IMAGES):
            assert image["alt"], image
            assert image["width"] > 0, image


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_shuts_a_reader_out(visit, page, theme):
    with visit(page, theme=theme) as tab:
        # Axe would fetch the style sheets again, which a browser forbids to a page from a file.
        found = Axe().run(tab, options={"preload": False}).response["violations"]
    grave = [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert grave == []


def test_the_site_opens_at_its_front_page(browser, site):
    context = browser.new_context()
    tab = context.new_page()
    tab.goto((site / "index.html").as_uri())
    tab.wait_for_url(lambda url: not url.endswith("index.html"))
    assert tab.locator("article h1").count() == 1
    context.close()


@pytest.fixture
def sample(visit, site):
    """Open the page of the small book that holds one of everything."""
    if "RNN_BOOK_SITE" in os.environ:
        pytest.skip("RNN_BOOK_SITE names a site that has no such page")
    with visit("chapters/sample.html") as tab:
        yield tab


def test_solutions_are_folded_and_open(sample):
    fold = sample.locator("details.hide").filter(has_text="Show solution")
    solution = fold.locator(".cell_output")
    assert not solution.is_visible()
    fold.locator("summary").click()
    assert solution.inner_text().strip() == "2"
    assert sample.locator("summary").filter(has_text="Show code").count() == 1


def test_equations_in_displayed_markdown_are_typeset(sample):
    said = sample.locator("p").filter(has_text="The score is")
    assert said.locator(TYPESET).count() == 1


def test_recorded_numbers_leave_no_trace(sample):
    cell = sample.locator(".cell").filter(has_text="papermill.record")
    assert cell.locator(".cell_output").inner_text().strip() == "recorded"


def test_parameters_are_hidden_where_their_cell_is(sample):
    assert "seed = 1" not in sample.locator("article").inner_text()


def test_figures_keep_a_white_card_in_the_dark(visit, sample):
    with visit("chapters/sample.html", theme="dark") as tab:
        style = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).filter]"
        assert tab.locator("article img").first.evaluate(style) == ["rgb(255, 255, 255)", "none"]


def test_buttons_lead_to_the_address_of_the_book_and_are_absent_without_one(sample, root):
    book = current(Book.load(root))
    addresses = sample.locator("a[href^=http]").evaluate_all("all => all.map(a => a.href)")
    assert bool(addresses) == bool(book)
    assert all(f"/{book.path}" in address for address in addresses)
