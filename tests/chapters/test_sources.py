"""What every chapter's source has in common with the others."""

import inspect
import pkgutil
import re

import nbformat
import pytest
import yaml

from bookbuild.book import Book
from bookbuild.checking.gate import inspect_source


def chapters():
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    return Book.load(root).notebooks


CHAPTERS = chapters()


@pytest.fixture(params=CHAPTERS, ids=lambda page: page.source.stem)
def page(request):
    return request.param


@pytest.fixture
def source(page):
    return nbformat.read(page.source, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def test_nothing_is_in_the_source_that_a_run_put_there(page):
    assert [str(finding) for finding in inspect_source(page)] == []


def test_every_chapter_in_the_folder_is_in_the_book(root):
    files = {path.stem for path in (root / "chapters").glob("*.ipynb")}
    assert files == {page.source.stem for page in CHAPTERS}


def test_the_first_cell_finds_rnn_utils_as_on_every_page(source):
    reference = nbformat.read(CHAPTERS[0].source, as_version=4)
    assert code(source)[0].source == code(reference)[0].source
    assert "rnn_utils" in code(source)[0].source


def test_the_second_cell_holds_the_parameters(source):
    tagged = [cell for cell in source.cells if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == [code(source)[1]]
    assert "quick = False" in tagged[0].source


def test_the_text_reads_well_outside_the_book(source):
    for cell in text(source):
        directive = re.search(r"^(```|:::)\{.*|\{[a-z:]+\}`[^`]*`", cell, re.M)
        assert not directive, f"MyST only: {directive[0]}"


def test_a_line_holds_one_sentence(source):
    for cell in text(source):
        for line in cell.splitlines():
            if not line.startswith(("|", "<")):
                assert not re.search(r"[a-z)$*`][.!?][*)]* +[*(\[$`]*[A-Z]", line), line


def test_the_text_reads_well_on_paper(source):
    for line in "\n".join(text(source)).splitlines():
        on_screen = re.search(
            r"(?<![.\w])(press|click|drag|hover|scroll|(un)?fold(ed)?)\b", line, re.I
        )
        assert not on_screen or line.startswith("On a screen, "), line


def test_display_equations_have_numbers_of_their_own(source):
    numbers = []
    for equation in re.findall(r"\$\$(.+?)\$\$", "\n".join(text(source)), re.S):
        tag = re.findall(r"\\tag\{([A-Z\d]+\.\d+)\}", equation)
        assert tag, f"no \\tag in {equation.strip()[:60]}"
        numbers += tag
    assert len(numbers) == len(set(numbers))


def test_cited_works_stand_in_the_bibliography(root, source):
    bibliography = (root / "chapters" / "references.bib").read_text()
    scholarly = r"https://(?:doi\.org/|arxiv\.org/abs/|proceedings\.mlr\.press/)[^)\s\"]+"
    for address in re.findall(scholarly, "\n".join(text(source))):
        assert address.removeprefix("https://doi.org/") in bibliography, address


def test_links_between_pages_lead_somewhere(page, source):
    for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", "\n".join(text(source))):
        assert (page.source.parent / link).is_file(), link


def test_recorded_names_are_written_once(source):
    names = re.findall(r'\brecord\(\s*"([a-z0-9_]+)"', "\n".join(c.source for c in code(source)))
    assert len(names) == len(set(names))


def test_what_a_page_lists_of_the_package_fits_the_page(root, source):
    rules = (root / "chapters" / "ruff.toml").read_text()
    widest = int(re.search(r"line-length = (\d+)", rules)[1])
    cells = "\n".join(cell.source for cell in code(source))
    for name in re.findall(r"^source_code\((\S+)\)$", cells, re.M):
        home = "rnn_utils.engine.update" if name.startswith("Update.") else "rnn_utils"
        listed = inspect.getsource(pkgutil.resolve_name(f"{home}.{name}"))
        lines = inspect.cleandoc("\n" + listed).splitlines()
        assert [line for line in lines if len(line) > widest] == []


def test_the_front_page_names_every_chapter(root):
    front = (root / "intro.md").read_text()
    toc = yaml.safe_load((root / "_toc.yml").read_text())
    assert toc["root"] == "intro"
    for page in CHAPTERS:
        assert f"({page.name}.ipynb)" in front, page.name


def test_a_chapter_s_number_in_the_contents_is_that_of_its_file(root):
    toc = yaml.safe_load((root / "_toc.yml").read_text())
    (chapters,) = (part["chapters"] for part in toc["parts"] if part.get("numbered"))
    for number, entry in enumerate(chapters, start=1):
        assert entry["file"].startswith(f"chapters/{number:02}_")
