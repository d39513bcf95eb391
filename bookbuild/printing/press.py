"""Print the site as a book, and link it from the site."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from bs4 import BeautifulSoup
from docutils.nodes import make_id
from pypdf import PdfReader, PdfWriter
from sphinx_external_toc.parsing import parse_toc_yaml

from bookbuild.book import Book, BookError
from bookbuild.files import write_text
from bookbuild.notebooks import read
from bookbuild.printing.chapter import chapter, code_of, join
from bookbuild.printing.chromium import find, print_pdf
from bookbuild.printing.document import Document
from bookbuild.running.run_record import record_of
from bookbuild.site.build import MARK
from bookbuild.site.printed_link import link_from_site
from bookbuild.site.status_page import NAME as STATUS

PRINTED = ".printed-from"  # in the site, so that it goes with it
COLOURS = "_static/pygments.css"
MOST_PRINTINGS = 8
TIGHTEST = 4  # degrees; print.css says how much each is
FEW_LINES = 14  # of a chapter's last page, its head and number included


def print_book(book: Book) -> None:
    """Print the book that is the site, unless it has been, and link it from each page.

    Raises
    ------
    BookError
        If there is no site or no browser, or printing fails.
    """
    if not (book.site / MARK).exists():
        raise BookError(f"there is no site in {book.relative(book.site)} to print: make book")
    browser = find()
    title = str(book.config.get("title") or "The book")
    pdf = book.site / f"{make_id(title) or 'book'}.pdf"
    made_from = (book.site / MARK).read_text("utf-8")
    mark = book.site / PRINTED
    if pdf.exists() and mark.exists() and mark.read_text("utf-8") == made_from:
        print(f"the printed book is up to date: {book.relative(pdf)}")
        return
    document = _document(book, title)
    print(f"printing {len(document.chapters)} pages of the site", flush=True)
    with TemporaryDirectory(prefix="print-", dir=book.build) as folder:
        made = print_document(document, browser, Path(folder))
        pages = len(PdfReader(made).pages)
        made.replace(pdf)
    size = pdf.stat().st_size / 1e6
    link_from_site(book.site, pdf, f"The book as PDF: {pages} pages, {size:.1f} MB")
    write_text(made_from, mark)
    print(f"the printed book is {book.relative(pdf)}, {pages} pages, {size:.1f} MB")


def _document(book: Book, title: str) -> Document:
    """Read the pages of the site, each in its part of the table of contents."""
    contents = parse_toc_yaml(book.root / "_toc.yml").root
    begins = {
        tree.files()[0].removesuffix(".ipynb").removesuffix(".md"): tree.caption or ""
        for tree in contents.subtrees
        if tree.files()
    }
    parts = [("", [])]
    for name in [*(page.name for page in book.pages), STATUS]:
        if name in begins:
            parts.append((begins[name], []))
        file = book.site / f"{name}.html"
        parts[-1][1].append(chapter(f"{name}.html", file.read_text("utf-8"), file.parent))
    chapters = [each for _, part in parts for each in part]
    if chapters[0].title == title:
        chapters[0].body.h1.string = "Introduction"
    join(chapters)
    parts[-1][1].extend(code_of(chapters))
    options = book.config.get("sphinx", {}).get("config", {})
    language = str(options.get("language") or "en")
    author = str(book.config.get("author") or "")
    return Document(title, language, author, list(_imprint(book)), parts, book.site / COLOURS)


def _imprint(book: Book) -> Iterator[str]:
    """Yield what the cover says of the run, the authors and the licence."""
    records = [record for page in book.notebooks if (record := record_of(read(page.executed)))]
    if records:
        days = sorted({record.day for record in records})
        machines = sorted({record.machine for record in records})
        commits = sorted({record.commit for record in records if record.commit})
        when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
        commit = f", from commit {', '.join(commits)}" if commits else ""
        yield f"Its pages were run on {when} on {' and '.join(machines)}{commit}."
    theme = book.config.get("sphinx", {}).get("config", {}).get("html_theme_options", {})
    if author := book.config.get("author"):
        yield str(author)
    if address := theme.get("repository_url"):
        yield address
    if licence := theme.get("extra_footer"):
        yield BeautifulSoup(licence, "html.parser").get_text()


def print_document(document: Document, browser: str, folder: Path) -> Path:
    """Print a document as often as its page numbers need: twice, or more if they move.

    A chapter whose last page holds a few lines only is set tighter the next time.

    Parameters
    ----------
    document : Document
        What is printed.
    browser : str
        The path of a Chromium.
    folder : Path
        The file that is made in it is returned.

    Raises
    ------
    BookError
        If the browser fails, an equation cannot be typeset, or the numbers do not settle.
    """
    page, pdf = folder / "book.html", folder / "book.pdf"
    folios, tight = {}, Counter()
    for _ in range(MOST_PRINTINGS):
        pdf.unlink(missing_ok=True)
        write_text(document.html(folios, tight), page)
        print_pdf(browser, page, pdf)
        reader = PdfReader(pdf)
        numbers, folios = folios, _folios(reader, document.title)
        begins = {each.name: folios[each.name] for each in document.chapters}
        ragged = [name for name in _nearly_empty(reader, begins) if tight[name] < TIGHTEST]
        if numbers == folios and not ragged:
            _complete(pdf, document)
            return pdf
        tight.update(ragged)
    raise BookError("the page numbers of the contents move from printing to printing")


def _folios(reader: PdfReader, title: str) -> dict[str, int]:
    """Return the page on which each place is that a link leads to."""
    if (said := reader.metadata.title) != title:
        raise BookError(f"the book is not fit for print: {said}")
    places = reader.named_destinations
    return {
        name.removeprefix("/"): reader.get_destination_page_number(place) + 1
        for name, place in places.items()
    }


def _nearly_empty(reader: PdfReader, begins: Mapping[str, int]) -> list[str]:
    """Return the names of chapters of several pages whose last holds a few lines only.

    Parameters
    ----------
    reader : PdfReader
        The book.
    begins : mapping of str to int
        The page on which each chapter begins, in the order of the book.
    """
    ends = [*(begin - 1 for begin in begins.values()), len(reader.pages)][1:]
    return [
        name
        for (name, begin), end in zip(begins.items(), ends, strict=True)
        if end > begin and len(reader.pages[end - 1].extract_text().split("\n")) <= FEW_LINES
    ]


def _complete(pdf: Path, document: Document) -> None:
    """Say in the file what Chromium does not: by whom it is, and how it is to be opened."""
    writer = PdfWriter(pdf, incremental=True)
    if document.author:
        writer.add_metadata({"/Author": document.author})
    writer.create_viewer_preferences().display_doctitle = True  # and not the file's name
    writer.page_mode = "/UseOutlines"
    writer.write(pdf)
