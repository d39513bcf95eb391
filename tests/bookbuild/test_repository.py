"""The book's address: accepted, written everywhere, taken out again."""

import re
import shutil

import pytest
import yaml

from bookbuild.__main__ import main
from bookbuild.book import Book, BookError
from bookbuild.commands.repository import rewritten
from bookbuild.site.address import Address, current

FIRST_CELL = 'REPOSITORY = ""  # where the book lives'
ADDRESS = "https://github.com/someone/fork"


@pytest.fixture
def addressed(book, root):
    """Return a tiny book with one page and the project's own files that hold the address."""
    for name in ("_config.yml", "README.md", "CITATION.cff"):
        shutil.copy(root / name, book.root)
    book.add("one", FIRST_CELL)
    assert main(["--book", str(book.root), "repository", ""]) == 0
    return book


@pytest.fixture
def repository(addressed, capsys):
    """Return a function that calls the verb and returns its status and all that it said."""

    def called(*arguments):
        capsys.readouterr()
        status = main(["--book", str(addressed.root), "repository", *arguments])
        return status, "".join(capsys.readouterr())

    return called


def texts(book):
    return {path: path.read_bytes() for path in book.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "url",
    [
        ADDRESS,
        f"{ADDRESS}/",
        f"{ADDRESS}.git",
        f" {ADDRESS} ",
        "git@github.com:someone/fork.git",
        "ssh://git@github.com/someone/fork",
    ],
)
def test_an_address_is_read_as_browsers_and_git_write_it(url):
    assert Address.parse(url).url == ADDRESS


@pytest.mark.parametrize(
    "url",
    [
        "http://github.com/someone/fork",
        "https://github.com/someone",
        "https://github.com/someone/..",
        "https://github.com/someone/fork/tree/main",
        "https://gitlab.com/someone/fork",
        "https://github.com.evil.org/someone/fork",
        'https://github.com/someone/fork"; import os',
        "file:///srv/fork",
        "fork",
    ],
)
def test_another_address_is_refused_with_the_remedy(url):
    with pytest.raises(BookError, match="write it as https://") as refusal:
        Address.parse(url)
    assert repr(url) in str(refusal.value)


def test_the_site_of_a_repository_named_like_its_host_is_at_the_root():
    assert Address.parse("https://github.com/Me/me.github.io").site == "https://me.github.io/"
    assert Address.parse("https://github.com/Me/Book").site == "https://me.github.io/Book/"


def test_the_address_reaches_every_place_and_leaves_no_trace(addressed, repository):
    before = texts(addressed)
    status, said = repository("git@github.com:someone/fork.git")
    assert status == 0
    assert said.endswith(f"the book's address is {ADDRESS}\n")
    config = yaml.safe_load((addressed.root / "_config.yml").read_text())
    options = config["sphinx"]["config"]["html_theme_options"]
    assert options["repository_url"] == ADDRESS
    citation = yaml.safe_load((addressed.root / "CITATION.cff").read_text())
    assert citation["repository-code"] == ADDRESS
    readme = (addressed.root / "README.md").read_text()
    assert "/someone/fork/blob/main/chapters/one.ipynb" in readme
    assert f'REPOSITORY = \\"{ADDRESS}\\"' in addressed.source("one").read_text()

    once = texts(addressed)
    assert repository(ADDRESS) == (0, f"the book's address is {ADDRESS}\n")
    assert texts(addressed) == once

    assert repository("")[1].endswith("the book has no address\n")
    assert texts(addressed) == before


def test_without_an_argument_it_says_which_address_there_is(addressed, repository):
    assert repository() == (0, "the book has no address\n")
    repository(ADDRESS)
    before = texts(addressed)
    assert repository() == (0, f"the book's address is {ADDRESS}\n")
    assert texts(addressed) == before


def test_nothing_is_written_when_one_place_is_missing(addressed, repository):
    addressed.add("two", "print('no address here')")
    before = texts(addressed)
    status, said = repository(ADDRESS)
    assert status == 2
    assert 'chapters/two.ipynb must hold, once, the line REPOSITORY = ""' in said
    assert texts(addressed) == before


def test_a_file_without_its_marks_is_named(addressed, repository):
    (addressed.root / "README.md").write_text("# Nothing marked\n")
    status, said = repository(ADDRESS)
    assert status == 2
    assert "README.md must hold, once, a line with 'repository: begin'" in said


def test_the_files_of_the_project_hold_one_and_the_same_address(root):
    book = Book.load(root)
    assert rewritten(book, current(book)) == {}


def test_the_readme_names_a_workflow_and_a_page_that_exist(addressed, repository, root):
    repository(ADDRESS)
    readme = (addressed.root / "README.md").read_text()
    (workflow,) = set(re.findall(r"actions/workflows/([\w.-]+)(?=[/)])", readme))
    assert (root / ".github" / "workflows" / workflow).is_file()
    pages = set(re.findall(r"(chapters/[\w-]+\.ipynb)[)]", readme))
    assert pages == {"chapters/one.ipynb"}
