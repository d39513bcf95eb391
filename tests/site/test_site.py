"""The site as a reader's browser shows it: every page, at a desk and on a phone, light and dark.

The pages are those of a small book that holds one of everything. With RNN_BOOK_SITE set to the
folder of a built site, such as ``_build/html``, the same checks run on each page of that one.
"""

import os
import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from bookbuild.book import Book
from bookbuild.site.address import current
from rnn_utils.figures.svg import smallest_letters

PHONE, TABLET, LAPTOP = 390, 768, 1440
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
IMAGES = """async () => {
const images = [...document.querySelectorAll('article img')];
images.forEach(image => { image.loading = 'eager'; });
await Promise.all(images.map(image => image.decode().catch(() => {})));
return images.map(i => ({
    source: i.src.slice(0, 80), alt: (i.alt || '').trim(), width: i.naturalWidth,
    // What sticks out of the window must be inside something that scrolls by itself.
    reachable: i.getBoundingClientRect().right <= innerWidth || inScroller(i.parentElement)
}));
function inScroller(element) {
    return element.tagName !== 'ARTICLE' &&
        (getComputedStyle(element).overflowX === 'auto' || inScroller(element.parentElement));
}}"""

# How wide each figure of a page is shown, without its padding, with the image itself.
FIGURES = """() => {
    const folded = [...document.querySelectorAll('details:not([open])')];
    folded.forEach(details => { details.open = true; });
    const images = [...document.querySelectorAll('.cell_output img[src$=".svg"]')];
    const shown = images.filter(image => image.checkVisibility()).map(image => {
        const style = getComputedStyle(image);
        const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
        return [image.getBoundingClientRect().width - padding, image.src];
    });
    folded.forEach(details => { details.open = false; });
    return shown;
}"""
# The words in tables that begin on one line and end on another.
BROKEN_WORDS = r"""() => [...document.querySelectorAll('article :is(td, th)')].flatMap(cell => {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), broken = [];
    while (texts.nextNode()) {
        const text = texts.currentNode;
        if (text.parentElement.closest('mjx-container, script')) continue;
        for (const word of text.data.matchAll(/[^\s\-\u2013\/]+/g)) {
            const range = document.createRange();
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            const lines = new Set([...range.getClientRects()].map(r => Math.round(r.top / 4)));
            if (lines.size > 1) broken.push(word[0]);
        }
    }
    return broken;
})"""
# What sticks out of the window and is in nothing that scrolls by itself.
UNREACHABLE = """() => [...document.querySelectorAll('article :is(table, div.math, pre)')].filter(
    element => element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element)
).map(element => element.outerHTML.slice(0, 80));
function scrolls(element) {
    return element.tagName !== 'ARTICLE' &&
        (getComputedStyle(element).overflowX === 'auto' || scrolls(element.parentElement));
}"""

FOCUSED = """() => document.activeElement.ariaLabel || document.activeElement.innerText.trim()"""


def pytest_generate_tests(metafunc):
    """Run each check on each page of the site under test."""
    if "page" in metafunc.fixturenames:
        site = os.environ.get("RNN_BOOK_SITE")
        pages = SMALL_BOOK
        if site:
            pages = sorted(_pages(Path(site)))
            assert pages, f"RNN_BOOK_SITE is {site}, where there is no page"
        metafunc.parametrize("page", pages, scope="module")


def _pages(site):
    """Name the pages that a reader stays on: not those that only lead to another."""
    for path in site.rglob("*.html"):
        page = path.relative_to(site).as_posix()
        leads_on = 'http-equiv="refresh"' in path.read_text("utf-8").lower()
        # The page for wrong addresses is shown below the book's own address only.
        if not leads_on and page != "404.html" and not page.startswith("_static/"):
            yield page


def test_loads_without_an_error_and_without_another_host(look):
    assert look().complaints == []
    assert look().foreign == []


def test_a_page_is_light(look):
    assert look().weight < 1_700_000
    assert look().evaluate("() => 'MathJax' in window") == bool(look().locator(".math").count())


def test_only_scripts_of_the_site_may_run_on_a_page(look):
    policy = look().locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))["script-src"].split()
    assert allowed[0] == "'self'"
    assert all(source.startswith("'sha256-") for source in allowed[1:])
    inline = "[onclick], [oninput], article script:not([src], [type], [data-src])"
    assert look().locator(inline).count() == 0


def test_a_page_says_what_it_is_about(look):
    description = look().locator("meta[name=description]").get_attribute("content")
    assert 5 < len(description) <= 162
    assert look().locator("link[rel=icon]").count() == 1


def test_players_and_explorers_load_and_start_when_they_come_near(look):
    tab = look()
    for part in tab.locator(".rnn-explorer, .animation").all():
        part.scroll_into_view_if_needed()
    at_rest = ".rnn-explorer:not(.explorer-ready), .anim-slider[max='1']"
    tab.wait_for_function("(all) => !document.querySelector(all)", arg=at_rest)


def test_every_equation_is_typeset(look):
    tab = look()
    equations = tab.locator(".math")
    assert equations.filter(has=tab.locator(TYPESET)).count() == equations.count()
    assert tab.locator("mjx-merror, [data-mjx-error]").count() == 0
    if tab.locator("article").count():
        assert "$$" not in tab.evaluate(PROSE)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_scrolls_down_only(look, theme):
    for width in (LAPTOP, TABLET, PHONE):
        tab = look(width, theme)
        assert tab.evaluate("() => document.documentElement.scrollWidth") <= width
    assert all(image["reachable"] for image in tab.evaluate(IMAGES))
    assert tab.evaluate(f"() => {{ return {UNREACHABLE.removeprefix('() => ')} }}") == []


def test_the_picture_of_a_page_is_on_its_first_screen(look):
    pictures = look(LAPTOP).locator("#what-you-will-build img").all()
    assert all(box["y"] + box["height"] <= 900 for box in (p.bounding_box() for p in pictures))


def test_words_in_tables_are_whole_on_a_phone(look):
    assert look(PHONE).evaluate(BROKEN_WORDS) == []


def test_text_in_figures_is_legible_on_a_phone(look):
    for width, address in look(PHONE).evaluate(FIGURES):
        svg = Path(unquote(urlsplit(address).path)).read_bytes()
        points = float(re.search(rb'viewBox="0 0 ([\d.]+)', svg)[1])
        assert smallest_letters(svg) * width / points >= 9


def test_a_long_equation_begins_on_the_page(look):
    assert all(cut <= 1 for cut in look(PHONE).evaluate(CUT_OFF))


def test_every_image_loads_and_says_what_it_shows(look):
    for image in look().evaluate(IMAGES):
        assert image["alt"], image
        assert image["width"] > 0, image


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_shuts_a_reader_out(look, theme):
    # Axe would fetch the style sheets again, which a browser forbids to a page from a file.
    options = {"preload": False, "resultTypes": ["violations"]}
    if theme == "dark":  # which differs in its colours alone
        options["runOnly"] = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    found = Axe().run(look(theme=theme), options=options).response["violations"]
    # Axe takes a heading that is nothing but a symbol for an empty one, which it calls minor.
    faults = [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] != "minor"
    ]
    assert faults == []


def test_the_site_opens_at_its_front_page(browser, site):
    context = browser.new_context()
    tab = context.new_page()
    tab.goto((site / "index.html").as_uri())
    tab.wait_for_url(lambda url: not url.endswith("index.html"))
    assert tab.locator("article h1").count() == 1
    context.close()


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
    cell = sample.locator(".cell").filter(has_text="record_mean(")
    assert cell.locator(".cell_output").inner_text().strip() == "recorded"


def test_parameters_are_hidden_where_their_cell_is(sample):
    assert "seed = 1" not in sample.locator("article").inner_text()


def test_figures_keep_a_white_card_in_the_dark(visit, sample):
    with visit("chapters/sample.html", theme="dark") as tab:
        style = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).filter]"
        assert tab.locator("article img").first.evaluate(style) == ["rgb(255, 255, 255)", "none"]


def test_a_chapter_has_its_number_in_title_and_contents(sample):
    assert sample.locator("article h1").inner_text().startswith("1. A page with everything")
    contents = sample.locator(".bd-sidebar-primary .toctree-l1 a").all_inner_texts()
    assert "1. A page with everything" in [text.strip() for text in contents]
    assert sample.locator("article h2 .section-number").count() == 0


def test_a_page_says_below_its_title_how_to_run_it(sample):
    bar = sample.locator("article h1 + .page-bar")
    assert "make pages CHAPTER=sample" in bar.inner_text()
    download = bar.locator("a[download]").evaluate("link => link.href")
    assert nbformat.read(urlsplit(download).path, as_version=4).cells


def test_the_front_page_shows_what_was_run(visit, sample):
    with visit("intro.html") as tab:
        row = tab.locator(".results tbody tr").all_inner_texts()
        assert row[0].split() == ["one", "0.920", "5,834"]
        assert tab.locator(".results strong").count() == 0
        card = tab.locator(".cards-of-pages li")
        assert card.locator("img").get_attribute("alt").startswith("A straight line")
        card.click(position={"x": 5, "y": 5})
        tab.wait_for_url(lambda url: url.endswith("chapters/sample.html"))


def test_buttons_lead_to_the_address_of_the_book_and_are_absent_without_one(sample, root):
    book = current(Book.load(root))
    addresses = sample.locator("a[href^=http]").evaluate_all("all => all.map(a => a.href)")
    assert bool(addresses) == bool(book)
    assert all(f"/{book.path}" in address for address in addresses)


def test_what_a_page_brings_along_does_not_run(visit, sample):
    ran = "() => document.body.id"
    with visit("chapters/hostile.html") as tab:
        assert tab.locator("article .hostile").count() > 0
        for element in tab.locator(".hostile:not(a *)").all():
            element.dispatch_event("click")
        assert tab.evaluate(ran) == ""
        assert tab.complaints == []
    in_navigation = sample.locator("nav .hostile")  # the title of that page
    assert in_navigation.count() > 0
    sample.evaluate("() => addEventListener('click', event => event.preventDefault())")
    in_navigation.first.dispatch_event("click")
    assert sample.evaluate(ran) == ""


def test_the_policy_stops_what_comes_later(visit, sample):
    with visit("chapters/sample.html") as tab:
        tab.evaluate("""() => {
            const script = document.createElement('script');
            script.textContent = 'document.body.id = "ran"';
            document.body.append(script);
            document.body.setAttribute('onclick', 'document.body.id = "ran"');
            document.body.click();
        }""")
        assert tab.evaluate("() => document.body.id") == ""
        assert len(tab.complaints) == 2


def test_folds_and_player_can_be_used_with_keys(sample):
    reached = []
    keys = {"frame": "ArrowRight", "Next frame": "Enter", "Show solution": "Enter"}
    while "Show solution" not in reached:
        sample.keyboard.press("Tab")
        reached.append(sample.evaluate(FOCUSED))
        assert reached[-1] != "Skip to main content" or len(reached) == 1, reached
        if reached[-1] in keys:
            sample.keyboard.press(keys[reached[-1]])
    assert {"frame", "Play", "Next frame"} <= set(reached)
    assert sample.locator(".anim-slider").input_value() == "2"
    assert sample.locator("details.hide[open] .cell_output").inner_text().strip() == "2"


def search(tab, site, words):
    """Return the addresses that a search finds, best first."""
    tab.goto(f"{site}/search.html?q={words}")
    tab.locator(".search-summary").filter(has_text=re.compile("finished|match")).wait_for()
    found = tab.locator("#search-results .search a").evaluate_all("all => all.map(a => a.href)")
    return [address.removeprefix(f"{site}/").partition("?")[0] for address in found]


@pytest.fixture
def served(browser, site):
    """Return a tab, and the address of the site below a path of a web server."""
    handler = partial(SimpleHTTPRequestHandler, directory=site.parent)
    handler.log_message = lambda *_: None
    server = ThreadingHTTPServer(("localhost", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context()
    yield context.new_page(), f"http://localhost:{server.server_port}/{site.name}"
    context.close()
    server.shutdown()


def test_a_search_leads_to_the_page_that_explains_a_term(served, site):
    found = {"rise": "chapters/sample.html", "ascent": "chapters/sample.html"}
    if (site / "chapters" / "06_gradients.html").exists():
        found = {
            "vanishing": "chapters/06_gradients.html",
            "BPTT": "chapters/06_gradients.html",
            "gate": "chapters/04_lstm.html",
            "masking": "chapters/07_variable_length.html",
            "cuDNN": "chapters/09_speed.html",
        }
    assert {words: search(*served, words)[0] for words in found} == found


def test_the_site_works_below_a_path(served):
    tab, address = served
    complaints = []
    tab.on("console", lambda m: m.type == "error" and complaints.append(m.text))
    tab.goto(f"{address}/index.html")
    tab.wait_for_url(lambda url: not url.endswith("index.html"))
    tab.locator(".right-next").click()
    tab.wait_for_url(lambda url: "/chapters/" in url)
    tab.evaluate("() => window.MathJax?.startup?.promise")
    assert tab.evaluate("() => [...document.images].some(i => i.naturalWidth > 0)")
    assert complaints == []


def test_the_page_for_wrong_addresses_has_all_it_needs(browser, site):
    page = site / "404.html"
    if not page.exists():
        pytest.skip("without an address the site has no such page")
    top = re.search(r'href="(/[^"]*?)_static/', page.read_text())[1]

    def answer(route):
        file = site / urlsplit(route.request.url).path.removeprefix(top)
        if file.is_file() or route.request.resource_type == "document":
            route.fulfill(path=file if file.is_file() else page)
        else:
            route.abort()

    context = browser.new_context()
    tab, complaints = context.new_page(), []
    tab.on("console", lambda m: m.type == "error" and complaints.append(m.text))
    tab.route("**/*", answer)
    tab.goto(f"http://book.invalid{top}chapters/no-such-page.html")
    assert tab.locator("article h1").is_visible()
    assert tab.evaluate("() => document.documentElement.dataset.theme") == "light"
    assert complaints == []
    context.close()


def test_a_page_can_be_read_without_scripts(browser, site, sample):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((site / "chapters" / "sample.html").as_uri())
    assert tab.locator("article h1").is_visible()
    assert all(image.bounding_box()["height"] > 50 for image in tab.locator("article img").all())
    assert tab.locator("html[data-theme=light]").count() == 1  # else the page has no colours
    assert "tanh" in tab.locator("div.math").first.inner_text()
    tab.locator("summary").filter(has_text="Show solution").click()
    assert tab.locator("details[open] .cell_output").is_visible()
    context.close()


def test_the_index_lists_terms_and_figures(visit, site):
    with visit("genindex.html") as tab:
        assert tab.locator("article li a").count() >= 4
        assert tab.locator("article li").filter(has_text="Figures: ").locator("ul a").count() >= 1


def test_cards_and_site_map_wait_for_an_address(sample, site, root):
    has_address = current(Book.load(root)) is not None
    assert (site / "sitemap.xml").exists() == (site / "404.html").exists() == has_address
    assert bool(sample.locator("meta[property^=og]").count()) == has_address
