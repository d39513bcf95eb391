"""The gate: each rule fires on what it is there for, and on nothing else."""

from base64 import b64encode
from urllib.parse import quote

import numpy as np
import pytest
from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from bookbuild.__main__ import main
from bookbuild.book import Book, BookError
from bookbuild.checking.active_content import active_svg
from bookbuild.checking.gate import gate, inspect_runs, inspect_source
from bookbuild.notebooks import published, read
from rnn_utils.page import explorer
from rnn_utils.page.explorer import explorer_html
from rnn_utils.page.player import player_html

ACTIVE = "<svg><script>alert(1)</script></svg>"
NAMED = "class='rnn-explorer' id='rnn-explorer-0123456789ab'"
DATA = '<script type="application/json">{}</script>'
PNG = "iVBORw0KGgo="


def in_address(svg):
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def findings(book, name="one"):
    return list(gate(Book.load(book.root).select([name])[0]))


def source_findings(book, name="one"):
    return list(inspect_source(Book.load(book.root).select([name])[0]))


def shown(**data):
    kinds = {key.replace("_", "/", 1).replace("svg", "svg+xml"): text for key, text in data.items()}
    return new_output("display_data", data=kinds)


def test_a_page_that_ran_passes(book):
    book.add("one", "x = 1", "", "print(x)")
    book.pretend("one", {"c3": [new_output("stream", name="stdout", text="1\n")]})
    assert findings(book) == []


def test_a_page_that_was_not_run_is_refused(book):
    book.add("one", "x = 1")
    (finding,) = findings(book)
    assert (finding.page, finding.what) == ("chapters/one", "the page has not been run")
    assert "python -m bookbuild execute chapters/one" in finding.remedy


def test_a_page_whose_run_failed_is_refused(book):
    book.add("one", "x = 1")
    book.failed("one").parent.mkdir(parents=True)
    book.failed("one").write_text("{}")
    assert findings(book)[0].what == "its last run failed"


@pytest.mark.parametrize(
    ("change", "cell"),
    [
        (lambda n: n["cells"][2].update(source="x = 3"), "cell 3 (id 'c2'): x = 3"),
        (lambda n: n["cells"].pop(2), "cell 3 (id 'c2'): x = 2"),
        (lambda n: n["cells"].append(dict(n["cells"][1], id="new")), "cell 4 (id 'new'): x = 1"),
    ],
    ids=["edited", "removed", "added"],
)
def test_code_that_was_changed_after_the_run_is_refused(book, change, cell):
    book.add("one", "x = 1", "x = 2")
    book.pretend("one")
    book.edit(book.source("one"), change)
    (finding,) = findings(book)
    assert finding.what == "the code was edited after the page was run"
    assert finding.cell == cell


def test_a_mended_sentence_needs_no_run_and_is_published(book):
    book.add("one", "x = 1")
    book.pretend("one", {"c1": [new_output("stream", name="stdout", text="1\n")]})
    book.edit(book.source("one"), lambda n: n["cells"][0].update(source="# Mended"))
    assert findings(book) == []
    page = published(read(book.source("one")), read(book.executed("one")))
    assert page.cells[0].source == "# Mended"
    assert page.cells[1].outputs[0].text == "1\n"


@pytest.mark.parametrize(
    ("counts", "what"),
    [
        ((1, None), "the cell did not run"),
        ((2, 1), "the cell ran as number 2, not as number 1"),
        ((1, 3), "the cell ran as number 3, not as number 2"),
    ],
)
def test_a_page_that_was_not_run_in_order_is_refused(book, counts, what):
    book.add("one", "x = 1", "x = 2")
    book.pretend("one")

    def renumber(notebook):
        for cell, count in zip(notebook["cells"][1:], counts, strict=True):
            cell["execution_count"] = count

    book.edit(book.executed("one"), renumber)
    assert [finding.what for finding in findings(book)] == [what]


def test_an_error_and_noise_are_refused_each_with_its_cell(book):
    book.add("one", "x = 1", "x = 2")
    outputs = {
        "c1": [new_output("stream", name="stderr", text="\nUserWarning: beware\n")],
        "c2": [new_output("error", ename="ValueError", evalue="no", traceback=[])],
    }
    book.pretend("one", outputs)
    found = {finding.cell.split(":")[0]: finding.what for finding in findings(book)}
    assert found == {
        "cell 2 (id 'c1')": "stderr is on the page: 'UserWarning: beware'",
        "cell 3 (id 'c2')": "an error is on the page: ValueError: no",
    }


@pytest.mark.parametrize(
    "output",
    [
        shown(image_png=PNG),
        shown(image_svg="<svg/>"),
        shown(text_html='<img src="a.png">'),
        shown(text_html='<p><img alt=" " src="a.png"></p>'),
        shown(text_markdown="![](a.png)"),
        shown(text_markdown="a line", image_png=PNG),
    ],
    ids=["png", "svg", "html", "html-blank", "markdown", "png-before-markdown"],
)
def test_a_figure_without_alt_text_is_refused(book, output):
    book.add("one", "x = 1")
    book.pretend("one", {"c1": [output]})
    (finding,) = findings(book)
    assert "no alt text" in finding.what
    assert finding.cell.startswith("cell 2 (id 'c1')")


@pytest.mark.parametrize(
    "output",
    [
        shown(text_html='<img alt="a line" src="a.png">'),
        shown(text_html='<img alt="a line" src="a.png">', image_png=PNG),
        shown(text_markdown="![a line](a.png)"),
        shown(text_html="<table><tr><td>1</td></tr></table>"),
        shown(text_plain="<img src='a.png'>"),
        shown(**{"application_papermill.record/text/plain": "0.9"}),
    ],
    ids=["html", "html-before-png", "markdown", "table", "plain", "record"],
)
def test_what_needs_no_alt_text_or_has_it_passes(book, output):
    book.add("one", "x = 1")
    book.pretend("one", {"c1": [output]})
    assert findings(book) == []


def test_alt_text_may_stand_in_the_metadata_of_the_cell(book):
    alt = {"mystnb": {"image": {"alt": "a line"}}}
    book.add("one", new_code_cell("x = 1", metadata=alt))
    book.pretend("one", {"c1": [shown(image_png=PNG)]})
    assert findings(book) == []


def test_an_image_in_the_text_needs_alt_text_too(book):
    book.add("one", new_markdown_cell("![](a.png) and `![](b.png)`"))
    book.pretend("one")
    assert [finding.what for finding in findings(book)] == ["an image has no alt text: 'a.png'"]


@pytest.mark.parametrize(
    ("output", "what"),
    [
        (shown(text_html="<script>alert(1)</script>"), "<script>"),
        (shown(text_html='<script type="application/json">{}</script>'), "<script>"),
        (shown(text_html='<b onclick="alert(1)">b</b>'), "onclick='alert(1)'"),
        (shown(text_html='<a href=" javascript:alert(1)">a</a>'), "href=' javascript:alert(1)'"),
        (shown(text_html='<iframe src="a.html"></iframe>'), "<iframe>"),
        (shown(text_markdown="## A <b onclick='alert(1)'>b</b>"), "onclick='alert(1)'"),
        (shown(application_javascript="alert(1)"), "is a script"),
        (shown(text_html='<a href="java&#9;script:alert(1)">a</a>'), "href='java\\tscript"),
        (shown(text_html="<!--><b>b</b><!-- -->"), "the comment '<!-->'"),
        (shown(text_html="<!---><b>b</b><!-- -->"), "the comment '<!--->'"),
        (shown(text_html="<!-- --!><b>b</b><!-- -->"), "the comment '--!>'"),
        (shown(text_html=f'<div class="rnn-explorer">{DATA}</div>'), "<script>"),
        (shown(text_html=f"<script src='a.js'>{explorer.script()}</script>"), "<script>"),
        (shown(text_html=f"<div {NAMED}><script type='module'>a()</script></div>"), "<script>"),
        (shown(text_html=f'<img alt="a" src="{in_address(ACTIVE)}">'), "'<script' in an SVG"),
        (shown(text_html=f'<img alt="a" src="data:image/svg+xml,{quote(ACTIVE)}">'), "'<script'"),
        (shown(text_markdown="```{raw} html\n<iframe></iframe>\n```"), "<iframe>"),
    ],
)
def test_what_would_run_in_a_browser_is_refused(book, output, what):
    book.add("one", "x = 1")
    book.pretend("one", {"c1": [output]})
    assert what in findings(book)[0].what


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ("<s:script/>", "<s:script"),
        ("<foreignObject >", "<foreignObject"),
        ("<g onload='a()'/>", "onload='"),
        ('<a href="&#106;ava\tscript:a()"/>', "java\\tscript:"),
        ('<!ENTITY a "b">', "<!ENTITY"),
        ("<metadata/><!-- lesson = 1 --><text>on a = b</text>", ""),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_svg_image_runs_nothing(inside, what, encoding):
    found = [*active_svg(f"<svg>{inside}</svg>".encode(encoding))]
    assert found == ([f"'{what}' in an SVG image"] if what and "'" not in what else found)
    assert bool(found) == bool(what)


def test_an_svg_output_that_runs_something_is_refused(book):
    book.add("one", new_code_cell("x", metadata={"mystnb": {"image": {"alt": "a"}}}))
    book.pretend("one", {"c1": [shown(image_svg=ACTIVE)]})
    assert "'<script' in an SVG image" in findings(book)[0].what


def test_a_link_whose_address_only_begins_like_a_script_passes(book):
    book.add("one", new_markdown_cell('<a href="javascript.html">a</a> <a href="data.csv">b</a>'))
    book.pretend("one")
    assert findings(book) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("# A\n\n<b onclick='a()'>b</b>", "onclick='a()'"),
        ("```{note}\n<script>a()</script>\n```", "<script>"),
        ("```{code-block} html\n<script>a()</script>\n```\n\n`<script>`", ""),
    ],
)
def test_a_page_of_text_runs_nothing_either(book, text, what):
    book.add("one", "x = 1")
    (book.root / "intro.md").write_text(text)
    found = [str(finding) for finding in inspect_runs(Book.load(book.root), ())[0]]
    assert [each.partition("browser: ")[2].partition("\n  remedy: show")[0] for each in found] == (
        [what] if what else []
    )
    assert all(each.startswith("intro\n") for each in found)


def test_the_books_own_player_and_explorer_may_run(book):
    figure = Figure(figsize=(1, 1))
    moving = FuncAnimation(figure, lambda frame: figure.suptitle(frame), frames=2)
    drawing = explorer_html([], np.zeros(1), [], (16, "area"), figure, "nothing")
    outputs = [shown(text_html=html) for html in (player_html(moving, "a number"), drawing)]
    book.add("one", "x = 1")
    book.pretend("one", {"c1": outputs})
    assert findings(book) == []
    outputs[0].data["text/html"] = outputs[0].data["text/html"].replace("new Array(", "alert(")
    book.pretend("one", {"c1": outputs})
    assert "<script>" in findings(book)[0].what


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# Another", ["a second title is on the page"]),
        ("words\n\nAnother\n=======", ["a second title is on the page"]),
        ("## A part\n\n```\n# a comment\n```", []),
    ],
)
def test_a_page_has_one_title(book, text, found):
    book.add("one", new_markdown_cell(text))
    book.pretend("one")
    assert [finding.what for finding in findings(book)] == found


def test_the_remains_of_a_failed_papermill_run_are_refused(book):
    book.add("one", "x = 1")
    book.pretend("one")
    marker = new_markdown_cell("!", metadata={"tags": ["papermill-error-cell-tag"]})
    book.edit(book.executed("one"), lambda n: n["cells"].insert(0, marker))
    assert [finding.what for finding in findings(book)] == ["papermill marked this run as failed"]


def test_injected_parameters_are_no_edit(book):
    book.add("one", new_code_cell("seed = 1", metadata={"tags": ["parameters"]}), "print(seed)")
    assert book.execute("-p", "seed", "3").returncode == 0
    done = book.run("check")
    assert done.returncode == 0, done.stdout
    page = published(read(book.source("one")), read(book.executed("one")))
    assert [cell.source for cell in page.cells][2] == "# Parameters\nseed = 3\n"


def test_the_command_lists_all_and_exits_1(book):
    book.add("one", "x = 1")
    book.add("two", "x = 1")
    book.add("three", "x = 1")
    book.pretend("two")
    done = book.run("check")
    assert done.returncode == 1
    assert "chapters/one\n  the page has not been run\n  remedy: " in done.stdout
    assert "chapters/three\n" in done.stdout
    assert "chapters/two\n" not in done.stdout
    assert "3 pages checked, 2 found" in done.stdout
    assert book.run("check", "two").returncode == 0


DIRT = {
    "an output is stored": lambda n: n["cells"][1].update(
        outputs=[new_output("stream", name="stdout", text="1")]
    ),
    "execution count 7 is stored": lambda n: n["cells"][1].update(execution_count=7),
    "the cell's metadata holds 'execution'": lambda n: n["cells"][1]["metadata"].update(
        execution={"iopub.status.busy": "now"}
    ),
    "the notebook's metadata holds 'papermill'": lambda n: n["metadata"].update(papermill={}),
    "names one version of Python": lambda n: n["metadata"].update(
        language_info={"name": "python", "version": "3.11.2"}
    ),
    "the cell has no id": lambda n: n["cells"][1].pop("id"),
    "2 cells have the id 'c1'": lambda n: n["cells"][2].update(id="c1"),
}


@pytest.mark.parametrize("what", DIRT)
def test_dirt_in_a_source_is_found_and_removed(book, capsys, what):
    book.add("one", "x = 1", "x = 2")
    assert source_findings(book) == []
    before = read(book.source("one"))
    book.edit(book.source("one"), DIRT[what])
    assert any(what in finding.what for finding in source_findings(book))
    command = ["--book", str(book.root), "check", "--sources"]
    assert main(command) == 1
    assert main([*command, "--fix"]) == 0
    assert "cleaned chapters/one.ipynb" in capsys.readouterr().out
    after = read(book.source("one"))
    assert [cell.source for cell in after.cells] == [cell.source for cell in before.cells]


def test_a_clean_source_is_not_touched_by_the_fix(book):
    book.add("one", "x = 1")
    before = book.source("one").read_bytes()
    done = book.run("check", "--sources", "--fix")
    assert done.returncode == 0
    assert "cleaned" not in done.stdout
    assert book.source("one").read_bytes() == before


def test_fix_alone_is_refused(book):
    assert book.run("check", "--fix").returncode == 2


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[1m5/5\x1b[0m\x08\x08 done", "'\\x08'"),
        ("\x1b[2Kcleared", "'\\x1b'"),
        ("a\x00b", "'\\x00'"),
        ("\x1b]0;title\x07", "'\\x1b'"),
        ("\r 10%\r 20%", "'\\r'"),
        ("a line\r\n", ""),
        ("\x1b[1;31mred\x1b[0m\ttab\n", ""),
    ],
)
@pytest.mark.parametrize("kind", ["stream", "text"])
def test_what_controls_a_terminal_is_refused_and_colours_are_not(book, text, seen, kind):
    book.add("one", "x = 1")
    stream = new_output("stream", name="stdout", text=text)
    book.pretend("one", {"c1": [stream if kind == "stream" else shown(text_plain=text)]})
    found = [finding.what for finding in findings(book)]
    assert [what.partition(" is on the page, which is no text")[0] for what in found] == (
        [seen] if seen else []
    )


@pytest.mark.parametrize("bar", ["100%|█████| 5/5 [00:00<00:00, 9it/s]", "5it [00:00, 71it/s]"])
def test_a_progress_bar_on_stderr_is_told_where_to_go(book, bar):
    book.add("one", "x = 1")
    book.pretend("one", {"c1": [new_output("stream", name="stderr", text=f"\r{bar}")]})
    remedies = [finding.remedy for finding in findings(book)]
    assert any("file=progress_stream()" in remedy for remedy in remedies)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda n: n.pop("nbformat"), "is not a notebook of format 4"),
        (lambda n: n.update(cells=None), "is not a notebook of format 4"),
        (lambda n: n.update(nbformat=3, worksheets=[n.pop("cells")]), "save it in JupyterLab"),
        (lambda n: n["cells"][1].update(metadata={"tags": "parameters"}), "is not of type 'array'"),
        (lambda n: n["cells"][1].update(cell_type="sql"), "is not valid under any"),
        (lambda n: n["cells"][1].update(source="'\ud800'"), "surrogates not allowed"),
        (lambda n: n.update(metadata=[]), "is not a readable notebook"),
        (lambda n: n["cells"].append(1), "is not a readable notebook"),
    ],
)
def test_what_is_no_notebook_is_refused_with_a_reason(book, change, reason):
    book.add("one", "x = 1")
    book.edit(book.source("one"), change)
    for verb in (["status"], ["check", "--sources"]):
        done = book.run(*verb)
        assert done.returncode == 2
        assert reason in done.stderr


def test_a_notebook_nested_without_end_is_refused(book):
    book.add("one", "x = 1")
    book.source("one").write_text("[" * 10**5)
    with pytest.raises(BookError, match="is not a readable notebook"):
        read(book.source("one"))


@pytest.mark.parametrize("ids", [(None, None), ("a", "a"), ("", "b c"), ("x" * 65, 3)])
def test_cells_without_ids_of_their_own_get_the_same_ones_at_each_reading(book, ids):
    book.add("one", "x = 1")

    def damage(notebook):
        notebook["nbformat_minor"] = 4  # which had none, and does not say what ids are
        for cell, given in zip(notebook["cells"], ids, strict=True):
            cell.pop("id") if given is None else cell.update(id=given)

    book.edit(book.source("one"), damage)
    first, second = ([cell.id for cell in read(book.source("one")).cells] for _ in range(2))
    assert first == second
    assert len({*first}) == 2
    assert source_findings(book)
    assert book.run("check", "--sources", "--fix").returncode == 0


def test_a_mark_at_the_start_of_a_file_and_ends_of_lines_are_no_matter(book):
    book.add("one", "x = 1")
    text = book.source("one").read_bytes().replace(b"\n", b"\r\n")
    book.source("one").write_bytes(b"\xef\xbb\xbf" + text)
    assert source_findings(book) == []


def test_what_git_left_to_merge_is_refused(book):
    sides = "<<<<<<< HEAD\nOne.\n=======\nTwo.\n>>>>>>> other"
    book.add("one", new_markdown_cell(sides), new_markdown_cell("    <<<<<<< HEAD"))
    book.pretend("one")
    found = [finding.what for finding in findings(book) if "git" in finding.what]
    assert found == [f"git left a conflict on the page: {line}" for line in sides.splitlines()[::4]]
