"""The index: the terms of a glossary, and the figures of the pages.

A glossary is a section called "Terms". Each of its entries is a paragraph that begins with the
term in bold and ends with links; the last link leads to the page that treats it most fully.
A figure is listed by the page and the section that it stands in.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from docutils import nodes
from sphinx.addnodes import index, pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import clean_astext

SECTION = "terms"
FIGURE = re.compile(r"<img\b|\brnn-explorer\b")


def collect_terms(app: Sphinx, doctree: nodes.document) -> None:
    """Give each entry of a glossary an address, and note it and its links for the index."""
    for names, paragraph in _entries(doctree):
        target = nodes.make_id(f"term-{names[0]}")
        paragraph["ids"].append(target)
        linked = [link["reftarget"] for link in paragraph.findall(pending_xref)]
        pages = [page for page in linked if page in app.env.found_docs]
        places = [(app.env.docname, target, ""), *((page, "", "") for page in pages)]
        if pages:
            places[-1] = (pages[-1], "", "main")  # what a search shows first
        app.env.terms = getattr(app.env, "terms", defaultdict(list))
        for name in names:
            for page, target, main in places:
                app.env.terms[page].append(("single", name, target, main, None))


def collect_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Note for the index which sections of a page hold figures among the outputs of their cells."""
    app.env.figures = getattr(app.env, "figures", defaultdict(list))
    sections = list(doctree.findall(nodes.section))
    for section in sections:
        cells = [part for part in section.children if part.get("nb_element") == "cell_code"]
        if any(FIGURE.search(out.astext()) for cell in cells for out in cell.findall(nodes.raw)):
            page = clean_astext(sections[0][0]).partition(":")[0]
            entry = f"Figures: {page}; {clean_astext(section[0])}"
            app.env.figures[app.env.docname].append(("single", entry, section["ids"][0], "", None))


def fill_index(app: Sphinx, env: BuildEnvironment) -> None:
    """Put what was noted into the index, when all pages have been read."""
    for noted in ("terms", "figures"):
        for page, entries in getattr(env, noted, {}).items():
            env.domaindata["index"]["entries"].setdefault(page, []).extend(entries)


def guide_search(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Let a search for a term find the pages that its entry leads to, before all others."""
    doctree += index(entries=getattr(app.env, "terms", {}).get(page, []))


def _entries(doctree: nodes.document) -> Iterator[tuple[list[str], nodes.paragraph]]:
    for section in doctree.findall(nodes.section):
        if SECTION in section["names"]:
            for paragraph in section.findall(nodes.paragraph):
                first = next((part for part in paragraph.children if part.astext()), None)
                if isinstance(first, nodes.strong):
                    term = first.astext().rstrip(".")
                    name, *others = term.split(", ")
                    yield [name, *(other[0].upper() + other[1:] for other in others)], paragraph
