"""What a reader reads of a page: its Markdown without code, links and citations, and its tables."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from markdown_it.token import Token

CITATION = re.compile(r"\{cite[^}]*\}`[^`]*`|\[@[^\]]*\]")
DELIMITERS = re.compile(r"\s*\|?(\s*:?-+:?\s*\|)+(\s*:?-+:?\s*)?")  # the second row of a table
COLUMN_END = re.compile(r"(?<!\\)\|")


def prose_of(markdown: str) -> str:
    """Return the text of Markdown without code, links, images and citations."""
    return "\n".join(_texts(MarkdownIt().parse(CITATION.sub("", markdown))))


def _texts(tokens: list[Token]) -> Iterator[str]:
    links_open = 0
    for token in tokens:
        links_open += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "html_block":
            yield _text_of_html(token.content)
        elif token.type == "inline":
            yield "".join(_texts(token.children or []))
        elif token.type == "text" and not links_open:
            yield token.content
        elif token.type in ("softbreak", "code_inline"):
            yield " "


def _text_of_html(html: str) -> str:
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.find_all(["code", "pre", "a", "script", "style", "svg"]):
        element.decompose()
    return soup.get_text(" ")


def uneven_rows(markdown: str) -> Iterator[tuple[str, int, int]]:
    """Yield each row of a table that does not match its head: the row, its columns, the head's."""
    lines = markdown.splitlines()
    for token in MarkdownIt().parse(markdown):
        if token.type in ("fence", "code_block"):
            first, last = token.map
            lines[first:last] = [""] * (last - first)
    for i, line in enumerate(lines):
        if i and "|" in lines[i - 1] and DELIMITERS.fullmatch(line):
            wanted = _columns(lines[i - 1])
            for row in lines[i:]:
                if "|" not in row:
                    break
                if _columns(row) != wanted:
                    yield row, _columns(row), wanted


def _columns(row: str) -> int:
    inner = row.strip().removeprefix("|")
    ends = len(COLUMN_END.findall(inner))
    return ends if re.search(r"(?<!\\)\|$", inner) else ends + 1
