"""A small book with everything a page can hold, built with the real book's configuration."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

HERE = ("file:", "data:", "blob:")
DESK, HEIGHT = 1280, 900
REPOSITORY = Path(__file__).parents[2]

INTRO = """# A small book

Text with a [link](chapters/sample) and a citation {cite}`key2020`.

:::{picture} chapters/sample figure
A line, in [the only chapter](chapters/sample.ipynb).
:::

:::{cards}
1. [**A page**](chapters/sample.ipynb): it has everything.
:::

:::{results} chapters/sample
| what | accuracy | parameters |
|---|---:|---:|
| [one](chapters/sample.ipynb) | `mean_accuracy:.3f` | `parameters:,` |
:::

## Terms

**Rise, ascent.**
What a straight line may do.
[Chapter 1](chapters/sample.ipynb).

```{bibliography}
```
"""
HOSTILE = """# A page <i class="hostile" onclick="document.body.id = 'ran'">that would run</i>

<script>document.body.id = "ran"</script>

</article></main><script>document.body.id = "ran"</script>

<p class="hostile" onclick="document.body.id = 'ran'">A handler.</p>

<p><a class="hostile" href="javascript:void(document.body.id = 'ran')">A link.</a></p>
"""
REFERENCES = (
    "@book{key2020, author = {Key, Ada}, title = {Small}, publisher = {P}, year = {2020}}\n"
)

FIGURE = """
from rnn_utils import plots, show
from rnn_utils.figures.style import axes_or_new, house_style

with house_style():
    ax = axes_or_new(None, 3.0)
    ax.plot([1, 2, 3])
    ax.set(xlabel="a line that rises", ylabel="$h_t$")
show(ax.figure, "A straight line that rises from left to right.")
"""
PLAYER = """
from matplotlib.animation import FuncAnimation
from rnn_utils import show_animation
from rnn_utils.figures.style import axes_or_new

ax = axes_or_new(None, 2.0)
turns = FuncAnimation(ax.figure, lambda frame: ax.plot([0, frame]), frames=3)
show_animation(turns, "A line that turns upward in three steps.")
"""
RECORD = """
from rnn_utils import record, record_mean

record_mean("mean_accuracy", [0.91, 0.92, 0.93])
record("parameters", 5834)
print("recorded")
"""
TABLE = "\n".join(
    [
        "| " + " | ".join(f"a long heading {i}" for i in range(9)) + " |",
        "|" + "---|" * 9,
        "| " + " | ".join(f"`value_{i}_of_a_row(None)`" for i in range(9)) + " |",
    ]
)
LONG = " + ".join(f"x_{{{i}}} W_{{{i}}}" for i in range(40))


def _cells():
    return [
        new_markdown_cell("# A page with everything\n\nText with $h_t$ in it."),
        new_code_cell("seed = 1", metadata={"tags": ["parameters", "remove-cell"]}),
        new_markdown_cell("## What you will build"),
        new_code_cell(FIGURE, id="figure", metadata={"tags": ["remove-input"]}),
        new_markdown_cell(
            "## Equations\n\n### The state $h_t$\n\n"
            "$$\nh_t = \\tanh(W x_t + U h_{t-1} + b) \\tag{1}\n$$\n\n"
            f"Wide:\n\n$$\ny = {LONG}\n$$\n\n$$\ny = {LONG} \\tag{{2}}\n$$\n\n"
            "\\begin{align}\na &= b + c \\\\\nd &= e\n\\end{align}"
        ),
        new_code_cell(RECORD),
        new_code_cell(PLAYER, metadata={"tags": ["remove-input"]}),
        new_markdown_cell("## Tables\n\n" + TABLE),
        new_code_cell("from IPython.display import HTML, Markdown, display"),
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


def file_of(address):
    """Return the file that an address of a site names."""
    return Path(unquote(urlsplit(address).path))


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return the folder of a built site: RNN_BOOK_SITE if that is set, else a small book's."""
    if "RNN_BOOK_SITE" in os.environ:
        return Path(os.environ["RNN_BOOK_SITE"]).resolve()
    root = tmp_path_factory.mktemp("book")
    shutil.copy(REPOSITORY / "_config.yml", root)
    for folder in ("_static", "_templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nparts:\n- caption: Chapters\n  numbered: 1\n"
        "  chapters:\n  - file: chapters/sample\n  - file: chapters/hostile\n"
    )
    (root / "intro.md").write_text(INTRO)
    (root / "chapters").mkdir()
    (root / "chapters" / "references.bib").write_text(REFERENCES)
    (root / "chapters" / "hostile.md").write_text("```{include} part.md\n```\n")
    (root / "chapters" / "part.md").write_text(HOSTILE)  # else the gate would refuse it
    nbformat.write(new_notebook(cells=_cells()), root / "chapters" / "sample.ipynb")
    for verb in ("execute", "html"):
        command = [sys.executable, "-m", "bookbuild", "--book", str(root), verb]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return root / "_build" / "html"


@pytest.fixture(scope="module")
def visit(browser, site):
    """Open a page of the site as a file, and wait until it and its equations are there."""

    @contextmanager
    def opened(page, theme="light"):
        context = browser.new_context(
            viewport={"width": DESK, "height": HEIGHT}, color_scheme=theme, reduced_motion="reduce"
        )
        tab = context.new_page()
        tab.complaints, tab.foreign, loaded = [], [], set()
        tab.on("request", lambda r: r.url.startswith("file:") and loaded.add(file_of(r.url)))
        tab.on("console", lambda m: m.type == "error" and tab.complaints.append(m.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("request", lambda r: r.url.startswith(HERE) or tab.foreign.append(r.url))
        try:
            tab.goto((site / page).as_uri(), wait_until="load")
            tab.evaluate("() => window.MathJax?.startup?.promise")
            tab.weight = sum(file.stat().st_size for file in loaded)
            yield tab
        finally:
            context.close()

    return opened


@pytest.fixture(scope="module")
def once(visit, page):
    """Open a page once for all that is looked at on it."""
    with visit(page) as tab:
        yield tab


@pytest.fixture
def look(once):
    """Return a function that shows the page at a width and in a theme, from its top."""

    def looked(width=DESK, theme="light"):
        once.emulate_media(color_scheme=theme, reduced_motion="reduce")
        once.set_viewport_size({"width": width, "height": HEIGHT})
        once.evaluate("() => scrollTo(0, 0)")
        once.wait_for_function(f"() => document.documentElement.dataset.theme === '{theme}'")
        return once

    return looked


@pytest.fixture
def sample(visit, site):
    """Open the page of the small book that holds one of everything."""
    if "RNN_BOOK_SITE" in os.environ:
        pytest.skip("RNN_BOOK_SITE names a site that has no such page")
    with visit("chapters/sample.html") as tab:
        yield tab
