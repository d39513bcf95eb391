"""What becomes of a page after Sphinx: each step on a few lines of HTML."""

from base64 import b64encode

import pytest
from bs4 import BeautifulSoup

from bookbuild.book import BookError
from bookbuild.site import finishing, light_page, safe_page, style_sheets
from bookbuild.site.printed_link import PLACE

PAGE = (
    '<!DOCTYPE html><html data-content_root="./"><head><meta charset="utf-8"/><title>A</title>'
    "{head}</head><body><nav>{nav}</nav><article>{article}</article></body></html>"
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" {}/>'


def page_of(article="", head="", nav=""):
    return BeautifulSoup(PAGE.format(head=head, nav=nav, article=article), "html.parser")


def image_of(tmp_path, tag):
    page = page_of(tag)
    light_page.move_figures(page, tmp_path / "page.html", tmp_path)
    return page.img


def names_loaded(**parts):
    page = page_of(**parts)
    light_page.load_what_is_used(page)
    found = page.select("script, link")
    return [part.get("src") or part.get("href") or part.string for part in found]


@pytest.fixture
def site(tmp_path):
    """Make a site of the theme's files alone."""
    (tmp_path / "_static" / "scripts").mkdir(parents=True)
    (tmp_path / "_static" / "scripts" / "fontawesome.js").write_text("")
    return tmp_path


def test_an_image_is_found_by_its_address_however_it_is_written(tmp_path):
    (tmp_path / "my fig.svg").write_text(SVG.format('width="20" height="10"'))
    assert image_of(tmp_path, '<img src="my%20fig.svg">')["height"] == 10


@pytest.mark.parametrize(
    "source", ["https://e.example/x.svg", "//e.example/x.svg", "none.svg", "", "a.gif"]
)
def test_an_image_that_the_site_has_not_is_left_alone(tmp_path, source):
    assert image_of(tmp_path, f'<img src="{source}">').attrs == {"src": source}


def test_an_image_of_another_host_is_no_file_here(tmp_path):
    (tmp_path / "a.svg").write_text(SVG.format('width="20" height="10"'))
    assert not image_of(tmp_path, f'<img src="//e.example{tmp_path}/a.svg">').has_attr("width")


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ('width="540pt" height="216pt" viewBox="0 0 540 216"', (720, 288)),
        ("width='300px' height='150' viewBox='0 0 3 1.5'", (300, 150)),
        ('viewBox="-5,-5 40 10"', (40, 10)),
        ('stroke-width="3" width="100%" height="9" viewBox="0 0 40 10"', (40, 10)),
        ('viewBox="0 0 0 0"', (None, None)),
        ('viewBox="0 0 40"', (None, None)),
    ],
)
def test_an_image_gets_the_size_that_it_says_it_has(tmp_path, root, size):
    (tmp_path / "a.svg").write_text(SVG.format(root))
    image = image_of(tmp_path, '<img src="a.svg">')
    assert (image.get("width"), image.get("height")) == size


def test_pixels_stay_pixels(tmp_path):
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (30).to_bytes(4, "big") + (20).to_bytes(4, "big")
    image = image_of(tmp_path, f'<img src="data:image/png;base64,{b64encode(png).decode()}">')
    assert (image["width"], image["height"]) == (30, 20)


@pytest.mark.parametrize(
    ("given", "height"),
    [
        ('width="50%"', None),
        ('width="300px"', None),
        ('height="7"', "7"),
        ('style="width: 5rem"', None),
        ('style="max-width: 100%; height: auto" width="80"', 40),
    ],
)
def test_a_size_that_was_given_stands(tmp_path, given, height):
    (tmp_path / "a.svg").write_text(SVG.format('width="20" height="10"'))
    assert image_of(tmp_path, f'<img src="a.svg" {given}>').get("height") == height


@pytest.mark.parametrize("name", ["_downloads/a.html", "_sources/a.html", "_static/a.html"])
def test_a_file_that_is_no_page_of_the_book_stays_as_it_is(site, name):
    text = PAGE.format(head="", nav="", article="<iframe></iframe>")
    file = site / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    (site / "page.html").write_text(text)
    finishing.finish(site)
    assert file.read_text() == text
    assert "<iframe" not in (site / "page.html").read_text()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<p>caf\xe9",
        b"<title>mine</title><script>run()</script>",
        b'<html data-content_root="./"><p>no head',
        b'<html data-content_root="./"><head><title>no body</title></head>',
    ],
)
def test_a_page_that_the_theme_did_not_make_stays_as_it_is(site, content):
    (site / "mine.html").write_bytes(content)
    finishing.finish(site)
    assert (site / "mine.html").read_bytes() == content


def test_a_page_that_leads_on_asks_for_no_icon(site):
    there = '<meta content="0; url=intro.html" http-equiv="Refresh"/>'
    (site / "index.html").write_text(there)
    finishing.finish(site)
    page = BeautifulSoup((site / "index.html").read_text(), "html.parser")
    assert page.find("link", rel="icon")["href"] == "data:,"
    assert there in str(page)


def test_a_theme_without_its_icons_is_named(tmp_path):
    with pytest.raises(BookError, match=r"no scripts/fontawesome\.js"):
        finishing.finish(tmp_path)


def test_only_the_themes_own_files_are_removed(site):
    own = ["a.ttf", "fonts/b.ttf", "lib/c.map", "locales/de/words.json"]
    themes = [
        *("scripts/a.js.map", "styles/a.css.map", "locales/fr/LC_MESSAGES/booktheme.mo"),
        *("vendor/fontawesome/webfonts/a.ttf", "scripts/fontawesome.js"),
    ]
    for name in own + themes:
        (site / "_static" / name).parent.mkdir(parents=True, exist_ok=True)
        (site / "_static" / name).touch()
    finishing.finish(site)
    left = {path.relative_to(site / "_static").as_posix() for path in site.rglob("*.*")}
    assert left == set(own)
    assert not (site / "_static" / "locales" / "fr").exists()


def test_what_stands_in_another_is_removed_with_it_and_frames_go():
    page = page_of('<object><b onclick="a()"><embed src="a"></b></object><iframe src="b"></iframe>')
    safe_page.disarm(page)
    assert str(page.article) == "<article></article>"


def test_no_comment_is_left_in_a_text_but_the_place_of_the_printed_book():
    page = page_of(f"{PLACE}<p>a<!-- b --><![CDATA[c]]><?d?></p>")
    safe_page.disarm(page)
    assert str(page.article) == f"<article>{PLACE}<p>a</p></article>"


def test_what_a_control_calls_is_not_for_an_output_to_say():
    page = page_of('<b data-object="window" data-call="alert"></b><i onclick="window.print()"></i>')
    safe_page.listen(page)
    assert page.b.attrs == {}
    assert page.i.attrs == {"data-object": "window", "data-call": "print"}


def test_scripts_are_told_by_the_names_of_their_files():
    named = [
        *("_static/mathjax/startup.js", "_static/design-tabs.js", "searchindex.js"),
        *("_static/web-design.js", "_static/my-mathjax-notes.js", "mathjax/_static/own.js"),
    ]
    head = "".join(f'<script src="../{name}?v=1"></script>' for name in named)
    head += "<script>window.MathJax = {}</script><script>let design = 1</script>"
    kept = [f"../{name}?v=1" for name in named[3:]]
    assert names_loaded(head=head) == [*kept, "let design = 1"]


def test_an_equation_in_the_contents_needs_mathjax_too():
    head = '<script src="_static/mathjax/startup.js"></script>'
    assert names_loaded(head=head, nav='<span class="math">U</span>') != []
    assert names_loaded(head=head) == []


def test_an_icon_without_a_name_is_left_alone():
    page = page_of('<i class="far"></i>')
    light_page.draw_icons(page, '{"":[1,2,[],"a","b"],a:[1,2,[],"a","b"]}')
    assert str(page.i) == '<i class="far"></i>'


@pytest.mark.parametrize(
    ("rule", "is_kept"),
    [
        ("p{color:red}", True),
        (".shown{color:red}", True),
        (".shown .unheard{color:red}", False),
        (".unheard,p.shown{color:red}", True),
        (".unheard:not(.shown){color:red}", False),
        (".shown:not(.unheard),#unheard{color:red}", True),
        (".set-by-script,.unheard{color:red}", True),
        (".put-together{color:red}", True),
        ("#unheard{color:red}", False),
        ("@media print{.shown{color:red}}", True),
        ("@media print{.unheard{color:red}}", False),
        ("@font-face{font-family:F}", True),
        ('p:after{content:"\udcff"}', True),  # no UTF-8
        ("p", False),  # no rule
    ],
)
def test_of_a_style_sheet_only_rules_for_what_there_is_are_kept(tmp_path, rule, is_kept):
    (tmp_path / "page.html").write_text('<p class="shown">Text</p>')
    (tmp_path / "page.js").write_text('add("set-by-script"); add(`put-${"together"}`)')
    sheet = tmp_path / "sheet.css"
    sheet.write_text(rule, *style_sheets.BYTES_TOO)
    style_sheets.trim(tmp_path)
    assert sheet.read_text(*style_sheets.BYTES_TOO) == (rule if is_kept else "")
