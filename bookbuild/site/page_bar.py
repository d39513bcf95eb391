"""The line below a page's title: how to run the page oneself, and where to report a mistake."""

import html
from pathlib import PurePosixPath

from bookbuild.site.address import Address


def page_bar(source: str, download: str, address: Address | None) -> str:
    """Return the line as HTML, empty where there is nothing to offer.

    Parameters
    ----------
    source : str
        The page's path in the repository, with its ending.
    download : str
        Where this site has the source, seen from the page.
    address : Address, optional
        Of the repository; without one nothing leads there.
    """
    path = PurePosixPath(source)
    entries = []
    if path.suffix == ".ipynb":
        if address:
            entries += [
                _link(address.colab(source), "Colab"),
                _link(address.binder(source), "Binder"),
            ]
        entries += [
            f'<a href="{html.escape(download)}" download="{path.name}">Download .ipynb</a>',
            f"<code>make pages CHAPTER={path.stem}</code>",
        ]
    report = [_link(address.new_issue(source), "Report a mistake")] if address else []
    label = ["<strong>Run this page</strong>"] if entries else []
    items = "".join(f"<li>{entry}</li>" for entry in [*label, *entries, *report])
    return f'<ul class="page-bar">{items}</ul>' if items else ""


def _link(address: str, text: str) -> str:
    return f'<a href="{html.escape(address)}">{text}</a>'
