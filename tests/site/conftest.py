"""A small book with everything a page can hold, built with the real book's configuration."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

REPOSITORY = Path(__file__).parents[2]

INTRO = """# A small book

Text with a [link](chapters/sample) and a citation {cite}`key2020`.

```{bibliography}
```
"""
REFERENCES = (
    "@book{key2020, author = {Key, Ada}, title = {Small}, publisher = {P}, year = {2020}}\n"
)

FIGURE = """
import base64, html
from IPython.display import HTML, Markdown, display

def svg(width):
    text = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="300" '
            f'viewBox="0 0 {width} 300"><path d="M20 280 L{width - 20} 20" stroke="navy" '
            'stroke-width="4"/><text x="40" y="60" font-size="30">a line</text></svg>')
    return base64.b64encode(text.encode()).decode()

def show(width, alt):
    display(HTML(f'<img alt="{html.escape(alt)}" style="max-width:100%;background:white" '
                 f'src="data:image/svg+xml;base64,{svg(width)}">'))

show(900, "A straight line that rises from left to right.")
"""
RECORD = """
prefix = "application/papermill.record/"
display({prefix + "text/plain": "0.918"}, raw=True,
        metadata={"scrapbook": {"name": "accuracy", "mime_prefix": prefix}})
print("recorded")
"""
TABLE = "\n".join(
    [
        "| " + " | ".join(f"a long heading {i}" for i in range(9)) + " |",
        "|" + "---|" * 9,
        "| " + " | ".join(f"`value_{i}`" for i in range(9)) + " |",
    ]
)
LONG = " + ".join(f"x_{{{i}}} W_{{{i}}}" for i in range(40))


def _cells():
    return [
        new_markdown_cell("# A page with everything\n\nText with $h_t$ in it."),
        new_code_cell("seed = 1", metadata={"tags": ["parameters", "remove-cell"]}),
        new_markdown_cell(
            "## Equations\n\n$$\nh_t = \\tanh(W x_t + U h_{t-1} + b) \\tag{1}\n$$\n\n"
            f"Wide:\n\n$$\ny = {LONG}\n$$\n\n$$\ny = {LONG} \\tag{{2}}\n$$\n\n"
            "\\begin{align}\na &= b + c \\\\\nd &= e\n\\end{align}"
        ),
        new_markdown_cell("## Figures"),
        new_code_cell(FIGURE),
        new_code_cell(RECORD),
        new_markdown_cell("## Tables\n\n" + TABLE),
        new_code_cell("display(Markdown('The score is **0.918**, $p < 0.05$.'))"),
        new_code_cell(
            "display(HTML('<table><tr>' + ''.join(f'<td>cell{i:08}</td>' for i in range(20))"
            " + '</tr></table>'))"
        ),
        new_code_cell("print('x' * 300)\nfor i in range(60): print('line', i)"),
        new_code_cell("# " + "a long line of code " * 10),
        new_markdown_cell("## Exercises\n\nWhat is one and one?"),
        new_code_cell("print(1 + 1)", metadata={"tags": ["hide-cell"]}),
        new_code_cell("one = 1", metadata={"tags": ["hide-input"]}),
    ]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return the folder of a built site: RNN_BOOK_SITE if that is set, else a small book's."""
    if "RNN_BOOK_SITE" in os.environ:
        return Path(os.environ["RNN_BOOK_SITE"]).resolve()
    root = tmp_path_factory.mktemp("book")
    shutil.copy(REPOSITORY / "_config.yml", root)
    shutil.copytree(REPOSITORY / "_static", root / "_static")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nchapters:\n  - file: chapters/sample\n"
    )
    (root / "intro.md").write_text(INTRO)
    (root / "chapters").mkdir()
    (root / "chapters" / "references.bib").write_text(REFERENCES)
    nbformat.write(new_notebook(cells=_cells()), root / "chapters" / "sample.ipynb")
    for verb in ("execute", "html"):
        command = [sys.executable, "-m", "bookbuild", "--book", str(root), verb]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return root / "_build" / "html"
