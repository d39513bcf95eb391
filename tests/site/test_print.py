"""The printed book: what its pages say, where its links lead, and what a machine must have."""

import os
import re
import shutil

import pytest
from pypdf import PdfReader

from bookbuild.__main__ import main
from bookbuild.book import BookError
from bookbuild.printing import chromium as browsers
from bookbuild.printing.chapter import chapter, code_of, join, name_of
from bookbuild.printing.document import Document
from bookbuild.printing.press import COLOURS, print_document

TITLE = "Recurrent neural networks, by running them"
PAGE = """<html><body><article class="bd-article"><section id="one">
<h1>1. One<a class="headerlink" href="#one">#</a></h1><ul class="page-bar"><li>Run it</li></ul>
<p>See <a href="two.html#there">there</a>, <a href="two.html">that</a>, <a href="#here">here</a>,
<a href="https://a.example/x">out</a> and <a href="../_sources/one.ipynb">this file</a>.</p>
<p><span class="d-print-none">Press <a href="#here">here</a>.</span></p>
<p>Let <span class="math">\\(k\\)</span>. Or (<span class="math">\\(t\\)</span>, say) be
<span class="math">\\(1\\)</span> so that</p><div class="math">\\[k\\]</div>
<p>Here it is:</p><p>It.</p>
<section id="here"><h2>Here</h2>
<div class="cell tag_hide-input container"><details class="hide above-input"><summary>Show code
</summary><div class="cell_input"><pre>print("figure")</pre></div></details>
<div class="cell_output"><p>A figure.</p></div></div>
<div class="cell tag_parameters tag_hide-input"><details class="hide"><summary>Show parameters
</summary><pre>seed = 0</pre></details></div>
<div class="cell tag_injected-parameters tag_hide-input"><details class="hide"><summary>Show
parameters</summary><pre>quick = True</pre></details></div></section>
<section id="exercises"><h2>Exercises</h2><p><strong>1. Count.</strong> How many?</p>
<div class="cell tag_hide-cell"><details class="hide"><summary>Show solution</summary>
<pre>print(LONG)</pre></details></div></section>
<section id="quiz"><h2>Quiz</h2><p>Choose.</p><p><strong>Which?</strong></p>
<details><summary>This.</summary>No: not this.</details>
<details><summary>That.</summary>Right: that.</details></section>
</section></article></body></html>"""
OTHER = """<article><section id="two"><h1>2. Two</h1><p id="there">There.</p></section></article>"""


@pytest.fixture(scope="module")
def book(site, tmp_path_factory):
    """Return a copy of the small book and its site, to be printed."""
    if "RNN_BOOK_SITE" in os.environ:
        pytest.skip("RNN_BOOK_SITE names a site without its book")
    made = shutil.copytree(site.parents[1], tmp_path_factory.mktemp("printed") / "book")
    with (made / "_config.yml").open("a") as config:
        config.write("author: Charles Babbage\n")
    return made


@pytest.fixture(scope="module")
def printed(book, chromium):
    """Print the small book."""
    assert main(["--book", str(book), "pdf"]) == 0
    (pdf,) = (book / "_build" / "html").glob("*.pdf")
    return PdfReader(pdf)


@pytest.fixture(scope="module")
def texts(printed):
    """Return the text of each page."""
    return [re.sub(r"\s+", " ", page.extract_text()) for page in printed.pages]


@pytest.fixture
def one():
    """Return a page of a site as a chapter in print."""
    chapters = [
        chapter("chapters/one.html", PAGE.replace("LONG", "'x', " * 40), "."),
        chapter("chapters/two.html", OTHER, "."),
    ]
    join(chapters)
    return chapters[0]


def leads_to(printed, page):
    """Return where the links of a page lead: numbers of pages, or addresses."""
    found = []
    for annotation in page.get("/Annots", []):
        link = annotation.get_object()
        if action := link.get("/A"):
            found.append(str(action["/URI"]))
        else:
            place = printed.named_destinations["/" + str(link["/Dest"]).removeprefix("/")]
            found.append(printed.get_destination_page_number(place) + 1)
    return found


def test_the_contents_name_the_page_of_each_heading(texts):
    contents = texts[1]
    assert "Contents" in contents
    for heading in ("A page with everything", "Equations", "Tables", "Solutions"):
        number = int(re.search(rf"{heading} (\d+)", contents)[1])
        assert heading in texts[number - 1]
        assert f" {number} " in texts[number - 1][:60]  # after the page's head


def test_links_lead_to_the_right_page_and_outward(printed, texts):
    listed = leads_to(printed, printed.pages[1])  # each entry by its words and by its number
    numbers = [int(number) for number in re.findall(r" (\d+)(?= |$)", texts[1])]
    assert listed[::2] == listed[1::2] == numbers
    front, page = (
        int(re.search(rf"{title} (\d+)", texts[1])[1])
        for title in ("A small book", "1. A page with everything")
    )
    assert page in leads_to(printed, printed.pages[front - 1])
    outward = {to for page in printed.pages for to in leads_to(printed, page)} - set(numbers)
    assert all(str(to).startswith("https://") for to in outward), outward


def test_solutions_stand_at_the_end(texts):
    whole = " ".join(texts)
    assert whole.count("print(1 + 1)") == 1
    solution = whole.index("print(1 + 1)")
    assert whole.rindex("Solutions") < solution
    assert re.search(r"What is one and one\? Solution: page \d+", whole)
    assert whole.rindex("What is one and one?") < solution


def test_text_can_be_searched_and_equations_are_typeset(texts):
    whole = " ".join(texts)
    for wanted in ("The score is 0.918", "line 59", "cell00000019", "Ada Key", "tanh"):
        assert wanted in whole
    for raw in ("$$", r"\(", r"\[", r"\frac", r"\tanh", r"\tag", "\\begin"):
        assert raw not in whole
    for button in ("Show solution", "Run this page", "Copy", "#"):
        assert button not in whole.replace("# a long line", "")


def test_no_line_of_code_is_cut_off(printed, texts):
    assert "".join(texts).replace(" ", "").replace("↪", "").count("x" * 300) == 1
    assert "alonglineofcode" * 10 in "".join(texts).replace(" ", "").replace("↪", "")


def test_the_file_says_what_it_is(printed):
    assert printed.metadata.title == TITLE
    assert printed.metadata.author == "Charles Babbage"
    assert printed.root_object["/Lang"] == "en"
    assert printed.root_object["/MarkInfo"]["/Marked"]  # with its structure, for screen readers
    assert printed.root_object["/ViewerPreferences"]["/DisplayDocTitle"]
    assert printed.page_mode == "/UseOutlines"
    outline = str(printed.outline)
    assert "A page with everything" in outline and "Solutions" in outline
    assert "CC BY 4.0" in printed.pages[0].extract_text()


def test_the_site_links_the_file(printed, book, capsys):
    site = book / "_build" / "html"
    for page, address in (("intro", ""), ("chapters/sample", "../")):
        html = (site / f"{page}.html").read_text()
        link = re.search(rf'href="{address}(recurrent[^"/]+\.pdf)">The book as PDF: (\d+)', html)
        assert (site / link[1]).exists()
        assert int(link[2]) == len(printed.pages)
    assert main(["--book", str(book), "pdf"]) == 0
    assert "up to date" in capsys.readouterr().out


@pytest.fixture(scope="module")
def laid_out(site, chromium, tmp_path_factory):
    """Print pages that can hardly be filled; return the lines of each by the chapter's title."""
    folder = tmp_path_factory.mktemp("laid-out")
    new_page = '<section style="break-before: page"><div style="height: {}"></div>{}</section>'
    three_lines = f"<p>Begin {'and so it goes on and on for so many words ' * 6} end.</p>"
    exercise = '<p>Exercise.</p><p class="see solution">Solution: page 1</p>'
    figure = '<div style="break-inside: avoid; height: 100mm">A final figure</div>'
    shown = '<div class="cell"><div class="cell_output"><pre>one\ntwo</pre></div></div>'
    bodies = {
        "Three lines": "".join(new_page.format(f"{n * 5}mm", three_lines * 14) for n in range(4)),
        "Exercises": "".join(new_page.format(f"{236 + 2 * n}mm", exercise) for n in range(5)),
        "Figures": new_page.format("150mm", f"{shown}<p>Introduced:</p>{figure}"),
        "Five pages": "<p>A line.</p>" * 160,
        "Many sections": "<h2>A section</h2>" * 40,
        "More sections": "<h2>A section</h2>" * 30,
    }
    chapters = [
        chapter(f"{number}.html", f"<article><h1>{title}</h1>{body}</article>", folder)
        for number, (title, body) in enumerate(bodies.items())
    ]
    document = Document("Laid out", "en", "", [], [("", chapters)], site / COLOURS)
    _, contents, *others = PdfReader(print_document(document, chromium, folder)).pages
    pages = {title: [] for title in bodies}
    for page in others:
        title, _, *lines = page.extract_text().splitlines()
        pages[title].append(lines)
    middle, columns = contents.mediabox.width / 2, {each.name: set() for each in chapters}
    for link in (annotation.get_object() for annotation in contents["/Annots"]):
        place = str(link["/Dest"]).removeprefix("/").partition("-h")[0]
        columns[place].add("left" if link["/Rect"][0] < middle else "right")
    return pages | {"Columns of the contents": columns}


def test_no_line_of_a_paragraph_is_left_alone(laid_out):
    _, *pages = laid_out["Three lines"]
    assert len(pages) > 4
    assert all(lines[0].startswith("Begin") for lines in pages)


def test_a_chapter_stands_in_one_column_of_the_contents(laid_out):
    columns = laid_out["Columns of the contents"]
    assert [len(each) for each in columns.values()] == [1] * 6
    assert set().union(*columns.values()) == {"left", "right"}


def test_an_exercise_stays_with_the_page_of_its_solution(laid_out):
    _, *pages = laid_out["Exercises"]
    assert [lines for lines in pages if lines] == [["Exercise.", "Solution: page 1"]] * 5


def test_a_page_before_a_figure_is_filled(laid_out):
    assert laid_out["Figures"][-2:] == [["one", "two"], ["Introduced:", "A final figure"]]


def test_a_chapter_does_not_end_with_a_page_of_few_lines(laid_out):
    assert len(laid_out["Five pages"]) == 5


@pytest.mark.parametrize("version", [None, "Chromium 120.0.1.2"])
def test_without_a_fit_browser_one_line_says_so(site, tmp_path, monkeypatch, capsys, version):
    if "RNN_BOOK_SITE" in os.environ:
        pytest.skip("RNN_BOOK_SITE names a site without its book")
    names = ("chromium-that-is-not-here",)
    if version:
        old = tmp_path / "chromium"
        old.write_text(f"#!/bin/sh\necho {version}\n")
        old.chmod(0o755)
        names = (str(old),)
    monkeypatch.setattr(browsers, "NAMES", names)
    root = str(site.parents[1])
    before = (site / "intro.html").read_text()
    assert main(["--book", root, "pdf", "--if-possible"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "131 or newer" in line
    assert main(["--book", root, "pdf"]) == 2
    assert "131 or newer" in capsys.readouterr().err
    assert (site / "intro.html").read_text() == before
    assert "The book as PDF" not in before


@pytest.mark.parametrize(
    ("equation", "said"), [(r"\(\frac{1}\)", r"Missing argument for \frac"), (r"\(a{\)", r"\(a{\)")]
)
def test_an_equation_that_cannot_be_typeset_stops_it(site, chromium, tmp_path, equation, said):
    text = f'<article><h1>One</h1><p><span class="math">{equation}</span></p></article>'
    broken = chapter("one.html", text, tmp_path)
    document = Document("One", "en", "", [], [("", [broken])], site / COLOURS)
    with pytest.raises(BookError, match=re.escape(f"cannot be typeset: {said}")):
        print_document(document, chromium, tmp_path)


def test_a_book_without_a_site_is_told_to_make_one(site, tmp_path, capsys):
    for name in ("_config.yml", "_toc.yml", "intro.md"):
        shutil.copy(site.parents[1] / name, tmp_path)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: intro\n")
    assert main(["--book", str(tmp_path), "pdf"]) == 2
    assert "make book" in capsys.readouterr().err


def test_a_chapter_ends_with_what_was_folded(one):
    back = [
        text for section in one.body.select(".back, .small") for text in section.stripped_strings
    ]
    assert back[:2] == ["Solutions", "1. Count."]
    assert back[back.index("Answers to the quiz") + 1] == "Which?"
    assert back[back.index("That.") + 1] == "Right: that."
    assert back[back.index("1. One") + 1 :] == ["Here", 'print("figure")']
    text = one.body.get_text(" ", strip=True)
    assert text.index("seed = 0") < text.index("quick = True") < text.index("Solutions")
    assert text.index("A figure.") < text.index("Solutions")
    assert not one.body.select("details, summary, .page-bar, .headerlink")
    sections = [title for _, title in one.sections]
    assert sections[-3:] == ["Solutions", "Answers to the quiz", "1. One"]


def test_what_was_folded_is_referred_to(one):
    notes = [note.get_text() for note in one.body.select(".see")]
    pages = ["Solution: page 000", "What each answer says: page 000"]
    assert notes == ["Code: page 000", "parameters", *pages]
    for link in one.body.select(".see a"):
        assert link["href"].removeprefix("#") in one.ids


def test_the_book_ends_with_the_code_of_all_chapters(one):
    (note,) = one.body.select(".see.code a")
    (last,) = code_of([one])
    words = [*last.body.stripped_strings]
    assert words == ["Code of figures and tables", "1. One", "Here", 'print("figure")']
    assert note["href"].removeprefix("#") in last.ids - one.ids
    assert [title for _, title in last.sections] == ["1. One"]
    assert [*code_of([one])] == []


def test_what_is_for_screens_alone_leaves_no_trace(one):
    assert "Press" not in one.body.get_text()
    assert all(paragraph.get_text(strip=True) for paragraph in one.body.find_all("p"))


def test_an_equation_stays_with_the_signs_that_touch_it(one):
    joined = [each.get_text() for each in one.body.select("span.unbroken")]
    assert joined == [r"\(k\).", r"(\(t\),", r"\(1\)"]
    assert "Let \\(k\\). Or (\\(t\\), say) be" in one.body.get_text()


def test_a_chapter_s_number_stays_with_its_word():
    page = chapter(
        "a.html", "<article><h1>A</h1><p><a>Chapter 5</a><a>what a book says</a></p></article>", "."
    )
    assert [each.get_text() for each in page.body.select("a.unbroken")] == ["Chapter 5"]


def test_what_introduces_stays_with_what_follows(one):
    leads = [lead.get_text() for lead in one.body.select("p.lead")]
    assert [lead.split()[0] for lead in leads] == ["Let", "Here", "Which?", "Which?"]


def test_links_of_the_site_become_links_of_the_book(one):
    links = {link.get_text(): link["href"] for link in one.body.p.find_all("a")}
    assert links == {
        "there": "#page-chapters_2f_two--there",
        "that": "#page-chapters_2f_two",
        "here": "#page-chapters_2f_one--here",
        "out": "https://a.example/x",
    }


def test_long_lines_are_marked(one):
    assert [line.get_text()[:5] for line in one.body.select(".long")] == ["print"]


def test_no_two_pages_share_an_id():
    pages = ["intro", "01_intro", "01-intro", "Intro", "1", "глава", "a/b", "a-b", "a_b"]
    names = {name_of(f"{page}.html") for page in pages}
    assert len(names) == len(pages)
    assert all(re.fullmatch(r"page-[a-z0-9_-]+", name) for name in names)
