"""What the book asks of Sphinx beyond its configuration."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform

from bookbuild.notebooks import INJECTED
from bookbuild.site.address import address_in
from bookbuild.site.back_index import collect_figures, collect_terms, fill_index, guide_search
from bookbuild.site.front_page import CardsOfPages, PictureOfPage, Results
from bookbuild.site.page_bar import page_bar
from bookbuild.site.printed_link import PLACE
from bookbuild.site.status_page import NAME as STATUS
from bookbuild.site.status_page import foot_line

# MyST-NB's name for how much of a cell is folded, and the book's name for what is inside.
FOLDED = {"all": "solution", "input": "code", "output": "output"}
SIGN = "_static/favicon.png"  # of the book, on its cards
EMPTY_HEADING = re.compile(r"<th( [^>]*)?>(?:<p></p>)?</th>")


class NameFolds(SphinxPostTransform):
    """Say what is folded away: in this book a cell tagged ``hide-cell`` is a solution."""

    default_priority = 198  # just before MyST-NB folds the cells, at 199
    formats = ("html",)

    def run(self, **kwargs) -> None:
        """Complete the words on each fold."""
        for cell in self.document.findall(nodes.container):
            inside = FOLDED.get(cell.get("hide_mode"))
            if inside:
                if {"parameters", INJECTED}.intersection(cell["cell_metadata"].get("tags", [])):
                    inside = "parameters"
                for prompt in ("prompt_show", "prompt_hide"):
                    cell[prompt] = cell[prompt].replace("{type}", inside)


def leave_out_button(app: Sphinx, config: Config) -> None:
    """Show no button that leads to the book's address as long as it has none."""
    options = config.html_theme_options
    if not options.get("repository_url"):
        options.update(use_repository_button=False)


def use_address(app: Sphinx) -> None:
    """Add what needs the book's address: cards for other sites, a 404 page, a site map."""
    address = address_in(app.config.html_theme_options)
    if not address:
        return
    for extension in ("sphinxext.opengraph", "notfound.extension", "sphinx_sitemap"):
        app.setup_extension(extension)
    app.config.html_baseurl = app.config.ogp_site_url = address.site
    app.config.ogp_site_name = app.config.html_title
    sign = {"image_mini": SIGN} if Path(app.srcdir, SIGN).exists() else {}
    app.config.ogp_social_cards = {**sign, "line_color": "#0072b2"}
    app.config.ogp_enable_meta_description = False  # every page has one, with an address or without
    app.config.notfound_urls_prefix = urlsplit(address.site).path
    app.config.sitemap_url_scheme = "{link}"
    app.config.sitemap_excludes = ["404.html", "genindex.html", "search.html"]


def mend_roles(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Say to a screen reader what things are, where Docutils does not.

    It gives references the role ``doc-biblioentry``, which ARIA has deprecated and which no list
    may hold, so that a list of them seems empty; and it makes a corner of a table that is empty a
    heading of nothing.
    """
    if "body" in context:
        body = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')
        context["body"] = EMPTY_HEADING.sub(r"<td\1></td>", body)


def add_page_bar(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Say below the title how to run the page and where to report a mistake."""
    if context.get("sourcename") and "body" in context:
        source = Path(app.env.doc2path(page)).relative_to(app.srcdir).as_posix()
        download = context["pathto"](f"_sources/{context['sourcename']}", resource=True)
        bar = page_bar(source, download, address_in(app.config.html_theme_options))
        context["body"] = context["body"].replace("</h1>", f"</h1>\n{bar}", 1)


def link_status(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Say at the foot of each page how it was run, where there is a page that says so of all."""
    if STATUS in app.env.found_docs:
        line = foot_line(Path(app.srcdir), page, context["pathto"](STATUS))
        line += f'<p><a href="{context["pathto"]("genindex")}">Index</a></p>'
        context["theme_extra_footer"] = line + context.get("theme_extra_footer", "")


def leave_place_for_print(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Leave a place for the link to the printed book at each page's foot, and on the front page."""
    if page == getattr(app.config, "notfound_pagename", None):  # shown at addresses of any depth
        return
    context["theme_extra_footer"] = PLACE + context.get("theme_extra_footer", "")
    if page == app.config.root_doc and "body" in context:
        context["body"] = context["body"].replace("</h1>", f"</h1>\n{PLACE}", 1)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.config.mathjax_path = "mathjax/startup.js"  # it loads what `_config.yml` lists
    app.add_js_file("book.js")
    use_address(app)
    app.add_post_transform(NameFolds)
    app.add_directive("cards", CardsOfPages)
    app.add_directive("picture", PictureOfPage)
    app.add_directive("results", Results)
    app.connect("config-inited", leave_out_button)
    app.connect("doctree-read", collect_terms)
    app.connect("doctree-read", collect_figures)
    app.connect("env-updated", fill_index)
    app.connect("doctree-resolved", guide_search)
    app.connect("html-page-context", mend_roles)
    app.connect("html-page-context", add_page_bar)
    app.connect("html-page-context", link_status)
    app.connect("html-page-context", leave_place_for_print)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
