"""What the book asks of Sphinx beyond its configuration."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform

from bookbuild.site.status_page import NAME as STATUS
from bookbuild.site.status_page import foot_line

# MyST-NB's name for how much of a cell is folded, and the book's name for what is inside.
FOLDED = {"all": "solution", "input": "code", "output": "output"}


class NameFolds(SphinxPostTransform):
    """Say what is folded away: in this book a cell tagged ``hide-cell`` is a solution."""

    default_priority = 198  # just before MyST-NB folds the cells, at 199
    formats = ("html",)

    def run(self, **kwargs) -> None:
        """Complete the words on each fold."""
        for cell in self.document.findall(nodes.container):
            inside = FOLDED.get(cell.get("hide_mode"))
            if inside:
                for prompt in ("prompt_show", "prompt_hide"):
                    cell[prompt] = cell[prompt].replace("{type}", inside)


def leave_out_buttons(app: Sphinx, config: Config) -> None:
    """Show no button that leads to the book's address as long as it has none."""
    options = config.html_theme_options
    if "repository_url" not in options:
        options.update(use_repository_button=False, launch_buttons={})


def list_references(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Mark each reference as the item of a list that it is.

    Docutils gives it the role ``doc-biblioentry``, which ARIA has deprecated and which no list
    may hold, so that a screen reader finds an empty list.
    """
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def link_status(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Say at the foot of each page how it was run, where there is a page that says so of all."""
    if STATUS in app.env.found_docs:
        line = foot_line(Path(app.srcdir), page, context["pathto"](STATUS))
        context["theme_extra_footer"] = line + context.get("theme_extra_footer", "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_post_transform(NameFolds)
    app.connect("config-inited", leave_out_buttons)
    app.connect("html-page-context", list_references)
    app.connect("html-page-context", link_status)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
