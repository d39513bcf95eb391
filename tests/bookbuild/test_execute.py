"""Running pages: what is kept, what is passed on, and every way in which a page can fail."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from bookbuild.__main__ import main
from bookbuild.book import Book, BookError
from bookbuild.notebooks import strip_run_traces
from bookbuild.running.parameters import parse_parameters, parse_value
from bookbuild.running.request import requests_for

PYTHON_2 = {"name": "python2", "display_name": "Python 2", "language": "python"}
R = {"name": "ir", "display_name": "R", "language": "R"}
IPY = {"name": "ipython"}
STUBBORN = """import time
while True:
    try:
        time.sleep(1)
    except KeyboardInterrupt:
        pass"""

FAILURES = {
    "raises": ("1 / 0", "ZeroDivisionError: division by zero"),
    "exits": ("import sys; sys.exit(0)", "SystemExit"),
    "dies": ("import os; os._exit(1)", "ended it with status 1"),
    "hangs": ("while True: pass", "no end after 3 s"),
    "resists": (STUBBORN, "no end after 3 s"),
    "asks": ("input()", "StdinNotImplementedError"),
}


def parameters(source="seed = 1\nquick = False\nrate: float = 0.1  # a step", **metadata):
    return new_code_cell(source, metadata={"tags": ["parameters", *metadata.get("tags", [])]})


@pytest.fixture(scope="module")
def failures(shared_book):
    """Run a page for each failure, and a good one; return the book and what was said."""
    for kind, (source, _) in FAILURES.items():
        shared_book.add(kind, "x = 1", source, "print('after')")
    shared_book.add("good", "print('fine')")
    return shared_book, shared_book.execute("--timeout", "3")


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_is_named_and_no_half_page_is_kept(failures, kind):
    book, done = failures
    source, error = FAILURES[kind]
    report = done.stdout.partition(f"{len(FAILURES)} of {len(FAILURES) + 1} pages failed")[2]
    _, _, said = report.partition(f"chapters/{kind}, cell 3 (id 'c2'): {source.splitlines()[0]}\n")
    assert error in said.partition("chapters/")[0]
    assert book.failed(kind).exists()
    assert not book.executed(kind).exists()


def test_the_other_pages_run_and_the_build_fails(failures):
    book, done = failures
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert book.printed("good") == "fine\n"


def test_a_kernel_that_never_starts_is_given_up(book):
    (book.root / "chapters" / "ipykernel_launcher.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)\n"
    )
    book.add("one", "x = 1")
    done = book.execute("--start-timeout", "2")
    assert done.returncode == 1
    assert "chapters/one, before the first cell" in done.stdout
    assert "the kernel did not start" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_failed_page_leaves_no_earlier_run_that_could_be_taken_for_it(book):
    book.add("one", "from pathlib import Path\nassert not Path('broken').exists()")
    assert book.execute().returncode == 0
    (book.root / "chapters" / "broken").touch()
    assert book.execute("--force").returncode == 1
    assert not book.executed("one").exists()
    (book.root / "chapters" / "broken").unlink()
    assert book.execute().returncode == 0
    assert not book.failed("one").exists()


@pytest.fixture
def heeds_interrupts():
    """Let children be interrupted, also where a shell started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_kernel_and_keeps_the_earlier_run(book, number):
    book.add("one", "from pathlib import Path\nPath('started').touch()", "import time")
    assert book.execute().returncode == 0
    (book.root / "chapters" / "started").unlink()
    book.edit(book.source("one"), lambda n: n["cells"][2].update(source="import time\n" + STUBBORN))
    earlier = book.executed("one").read_text()
    process = subprocess.Popen(
        [sys.executable, "-m", "bookbuild", "--book", str(book.root), "execute"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (book.root / "chapters" / "started").exists():
        assert process.poll() is None
        time.sleep(0.1)
    kernels = psutil.Process(process.pid).children(recursive=True)
    assert kernels
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert psutil.wait_procs(kernels, timeout=10)[1] == []
    assert book.executed("one").read_text() == earlier


def test_parameters_reach_the_page_with_their_types(book):
    book.add("one", parameters(), "print(repr((seed, quick, rate)))")
    done = book.execute("one", "-p", "seed", "3", "-p", "rate", "1e-3", "--quick")
    assert done.returncode == 0, done.stdout
    assert book.printed("one") == "(3, True, 0.001)\n"
    note = book.note("one")
    assert note["parameters"] == {"quick": True, "rate": 0.001, "seed": 3}
    assert note["seed"] == "3"
    assert note["seconds"] > 0
    assert note["peak_memory"] > 2**20
    assert note["cores"] >= 1
    assert note["provenance"]["python"].startswith("3.")


def test_quick_spares_pages_that_do_not_declare_it(book):
    book.add("one", parameters("seed = 1"), "print(seed)")
    assert book.execute("--quick").returncode == 0
    assert book.printed("one") == "1\n"
    assert book.note("one")["parameters"] == {}


def test_an_unknown_parameter_is_refused_before_anything_runs(book):
    book.add("one", parameters(), "print(seed)")
    done = book.run("execute", "-p", "sead", "3")
    assert done.returncode == 2
    assert "chapters/one has no parameter 'sead'; declared are: seed, quick, rate" in done.stderr
    assert not book.executed("one").exists()


def test_a_parameter_is_set_where_it_is_declared(book):
    book.add("one", parameters(), "print(seed)")
    book.add("two", parameters("n = 1"), "print(n)")
    done = book.execute("-p", "seed", "3")
    assert done.returncode == 0
    assert "seed is not declared by chapters/two: run without it" in done.stdout
    assert (book.printed("one"), book.printed("two")) == ("3\n", "1\n")


def test_every_assignment_of_the_cell_is_a_parameter(book):
    source = """tag = "a=b"
lr: float | None = None
quick = False  # quick=True is short
n = m = 3
first, (second, *rest) = 1, (2, 3)
(step := 1)
if n:
    inside = 1
%time x = 2"""
    book.add("one", parameters(source), "print(tag, lr, quick, m)")
    done = book.execute("--quick", "-p", "tag", "x=y", "-p", "lr", "-1e-3", "-p", "m", "-5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert book.printed("one").endswith("x=y -0.001 True -5\n")
    assert "lr=-0.001" in done.stdout
    refused = book.run("execute", "-p", "inside", "2")
    assert (
        "no parameter 'inside'; declared are: tag, lr, quick, n, m, first, second, rest, step\n"
        in refused.stderr
    )


@pytest.mark.parametrize(
    ("cells", "lost"),
    [
        ([parameters("quick = False\nsteps = 2 if quick else 9")], "steps = 2 if quick else 9"),
        ([parameters("quick = False\nprint(quick)")], "print(quick)"),
        ([parameters(), "x = 1\nquick = False", "print(quick)"], "quick = False"),
        ([parameters(), "seed, quick = 1, True"], "seed, quick = 1, True"),
        ([parameters(), "quick = not quick"], ""),
        ([parameters(), "print(quick)", "quick = False"], ""),
        ([parameters(), "for quick in (True, False): pass"], "for quick in (True, False): pass"),
        ([parameters(), "quick: bool = False"], "quick: bool = False"),
        ([parameters(), "(quick := False)"], "(quick := False)"),
        ([parameters(), "import os as quick"], "import os as quick"),
        ([parameters(), "del quick"], "del quick"),
        ([parameters(), "%%time\nquick = False"], "quick = False"),
        ([parameters("quick = 1\nquick += 1")], "quick += 1"),
        ([parameters(), "if seed: quick = False"], ""),
        ([parameters(), "quick: bool"], ""),
        ([parameters(), "quick |= True"], ""),
        (["quick = 1", parameters(), "%time x = 1", "a b"], ""),
    ],
)
def test_a_value_that_would_be_lost_is_refused_with_the_line(book, cells, lost):
    book.add("one", *cells)
    pages = Book.load(book.root).notebooks
    if not lost:
        assert requests_for(pages, {}, quick=True)[0].parameters == {"quick": True}
        return
    with pytest.raises(BookError, match=re.escape(f"or sets it anew: {lost}") + "$"):
        requests_for(pages, {}, quick=True)


def test_quick_that_no_page_declares_is_said(book):
    book.add("one", parameters("seed = 1"), "print(seed)")
    done = book.execute("--quick")
    assert done.returncode == 0
    assert "no page declares quick: --quick changes nothing" in done.stdout


@pytest.mark.parametrize(
    ("declared", "value", "refusal"),
    [
        ("quick = False", "false", "is True or False, got 'false'"),
        ("quick: bool = False", "1", "is True or False, got 1"),
        ("rate = -1e-3", "0,01", "is a number, got '0,01'"),
        ("n = 3", "True", "is a number, got True"),
        ("n = 3", "--quick", "is a number, got '--quick'"),
        ("n, m = 3, 'a'", "x", "is a number, got 'x'"),
        ("name = 'a'", "3", "is a text, got 3; quoted it is one: '\"3\"'"),
        ("units = (1, 2)", "3", "is a list, got 3"),
        ("units = {}", "[]", "is a mapping, got []"),
        ("n = 3", "2.5", ""),
        ("n = 3", "None", ""),
        ("n = None", "x", ""),
        ("n: int | str = 3", "x", ""),
        ("n = 10**3", "x", ""),
        ("n, *m = 3, 4, 5", "x", ""),
        ("name = 'a'", "'3'", ""),
        ("units = (1, 2)", "[3]", ""),
    ],
)
def test_a_value_is_of_the_kind_of_its_default(book, declared, value, refusal):
    book.add("one", parameters(declared))
    pages, name = Book.load(book.root).notebooks, re.match(r"\w+", declared)[0]
    values = parse_parameters([(name, value)])
    if not refusal:
        assert requests_for(pages, values, quick=False)[0].parameters == values
        return
    with pytest.raises(BookError, match=re.escape(f"{name} of chapters/one {refusal}") + "$"):
        requests_for(pages, values, quick=False)


def test_a_name_is_read_as_python_reads_it(book):
    book.add("one", parameters("größe = 1"))
    values = parse_parameters([("gro\u0308ße", "2")])  # as macOS writes the umlaut
    (request,) = requests_for(Book.load(book.root).notebooks, values, quick=False)
    assert request.parameters == {"größe": 2}


@pytest.mark.parametrize(
    ("cells", "metadata", "reason"),
    [
        ([parameters("a = 1"), parameters("b = 1")], {}, "2 cells are tagged 'parameters'"),
        (
            ["x = 1", new_code_cell("y", metadata={"tags": ["skip-execution"]})],
            {},
            "cell 3 (id 'c2'): y: a cell tagged 'skip-execution' would show code that never ran",
        ),
        (["cat(1)"], {"kernelspec": R}, "its language is R"),
        (["cat(1)"], {"language_info": {"name": "R"}}, "its language is R"),
        (["cat(1)"], {"kernelspec": {"name": "ir", "display_name": "R"}}, "its language is ir"),
        (["1"], {"kernelspec": R, "language_info": {"name": "python"}}, "its language is R"),
        (["1 / 2"], {"kernelspec": PYTHON_2}, "its language is Python 2"),
        (["1 / 2"], {"language_info": {"name": "python", "version": "2.7"}}, "is Python 2"),
    ],
    ids=[
        *("two cells of parameters", "a cell to skip", "another kernel", "another language"),
        *("an unnamed language", "two languages", "an old kernel", "an old language"),
    ],
)
def test_a_notebook_that_cannot_be_run_is_refused_by_name(book, cells, metadata, reason):
    book.add("one", *cells)
    book.edit(book.source("one"), lambda notebook: notebook["metadata"].update(metadata))
    done = book.run("execute")
    assert done.returncode == 2
    assert "chapters/one.ipynb cannot be run: " in done.stderr
    assert reason in done.stderr
    assert not book.executed("one").exists()


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": {"name": "mine", "display_name": "Python (mine)"}},
        {"kernelspec": {"name": "mine", "display_name": "mine", "language": "python"}},
        {"kernelspec": {"name": "x", "display_name": "x", "language": None}, "language_info": IPY},
    ],
    ids=["nothing stated", "by its name", "by its language", "as IPython"],
)
def test_a_python_notebook_is_known_whatever_its_kernel_is_called(book, metadata):
    book.add("one", "x = 1")
    book.edit(book.source("one"), lambda notebook: notebook.update(metadata=metadata))
    assert requests_for(Book.load(book.root).notebooks, {}, quick=False)


def test_a_parameter_that_no_page_declares_is_refused(book):
    book.add("one", parameters(), "print(seed)")
    book.add("two", parameters("n = 1"), "print(n)")
    done = book.run("execute", "-p", "sead", "3")
    assert done.returncode == 2
    assert "no page has a parameter 'sead'; declared are: seed, quick, rate, n" in done.stderr
    assert not book.executed("one").exists()


@pytest.mark.parametrize(
    ("tags", "expected"), [([], []), (["remove-cell"], ["remove-cell"])], ids=["shown", "hidden"]
)
def test_injected_parameters_are_hidden_as_the_defaults_are(book, tags, expected):
    book.add("one", parameters(tags=tags))
    assert book.execute("-p", "seed", "3").returncode == 0
    injected = json.loads(book.executed("one").read_text())["cells"][2]
    assert injected["metadata"] == {"tags": ["injected-parameters", *expected]}


def test_two_runs_differ_in_date_duration_and_memory_alone(book):
    book.add("one", parameters(), "print(seed)")
    runs = []
    for _ in range(2):
        assert book.execute("-p", "seed", "3", "--force").returncode == 0
        runs.append(json.loads(book.executed("one").read_text()))
        note = runs[-1]["metadata"]["bookbuild"]
        for volatile in ("finished", "seconds", "peak_memory"):
            del note[volatile]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", ["two", "chapters/two", "chapters/two.ipynb", "./chapters/two"])
def test_a_chapter_is_found_by_name_and_by_path(book, name):
    book.add("one", "x = 1")
    book.add("two", "x = 1")
    assert [page.name for page in Book.load(book.root).select([name])] == ["chapters/two"]


def test_only_the_chapters_asked_for_are_run(book):
    book.add("one", "x = 1")
    book.add("two", "x = 1")
    assert book.execute("two").returncode == 0
    assert book.executed("two").exists()
    assert not book.executed("one").exists()


def test_an_unknown_chapter_is_refused_with_those_there_are(book):
    book.add("one", "x = 1")
    done = book.run("execute", "three")
    assert done.returncode == 2
    assert "no chapter 'three' in _toc.yml; the chapters are: one" in done.stderr


def test_a_page_runs_in_its_folder_on_this_interpreter(book, tmp_path):
    kernels = tmp_path / "jupyter" / "kernels" / "python3"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(
        json.dumps({"argv": ["/bin/false"], "display_name": "stray", "language": "python"})
    )
    book.add("one", "import os, sys; print(os.path.basename(os.getcwd()), sys.prefix)")
    done = book.run_apart("execute", "--workers", "1", JUPYTER_DATA_DIR=str(tmp_path / "jupyter"))
    assert done.returncode == 0, done.stdout
    assert book.printed("one") == f"chapters {sys.prefix}\n"


def test_progress_is_a_plain_line_per_page_and_cell(book):
    book.add("one", "x = 1", "print('a')")
    done = book.execute()
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["chapters/one"] * 5
    assert "\r" not in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_a_page_without_code_is_a_page(book):
    book.add("words")
    assert book.execute().returncode == 0
    assert book.run("check").returncode == 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda root: (root / "_toc.yml").unlink(), "no _toc.yml in"),
        (lambda root: (root / "_toc.yml").write_text("root: [\n"), "_toc.yml cannot be read"),
        (lambda root: (root / "_toc.yml").write_bytes(b"\xff\xfe"), "_toc.yml cannot be read"),
        (
            lambda root: (root / "_toc.yml").write_text(
                "format: jb-book\nroot: intro\nchapters:\n  - glob: chapters/*\n"
            ),
            "_toc.yml has the pattern chapters/*",
        ),
        (lambda root: (root / "intro.md").unlink(), "_toc.yml names 'intro'"),
        (lambda root: (root / "chapters" / "one.ipynb").write_text("{"), "not a readable notebook"),
        (
            lambda root: (root / "chapters" / "one.ipynb").write_text("{}"),
            "is not a notebook of format 4: open and save it in JupyterLab",
        ),
    ],
)
def test_a_damaged_book_gets_a_message(book, capsys, damage, message):
    book.add("one", "x = 1")
    damage(book.root)
    assert main(["--book", str(book.root), "execute"]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_gets_a_message(book, capsys):
    book.add("one")
    (book.root / "_build").write_text("in the way")
    assert main(["--book", str(book.root), "execute"]) == 1
    error = capsys.readouterr().err
    assert "a file cannot be used" in error
    assert "_build" in error


@pytest.mark.parametrize("limit", ["0", "-1", "soon"])
def test_a_limit_that_is_none_is_refused(book, capsys, limit):
    with pytest.raises(SystemExit, match="2"):
        main(["--book", str(book.root), "execute", f"--timeout={limit}"])
    assert "is not a whole number above 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("1e-3", 0.001),
        ("-inf", -math.inf),
        ("True", True),
        ("None", None),
        ("[1e-3, 1e-2]", [0.001, 0.01]),
        ("{'a': 1}", {"a": 1}),
        ("mnist-5k", "mnist-5k"),
        ("no", "no"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("'3'", "3"),
        ("", ""),
    ],
)
def test_values_are_read_as_they_are_meant(text, value):
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


def test_half_a_list_is_refused():
    with pytest.raises(BookError, match=r"'\[1,' starts like a list, mapping or quoted text"):
        parse_value("[1,")


@pytest.mark.parametrize("text", ["{1, 2}", "(1, 2)", "1+2j", "{1: 2}", "\udcff"])
def test_a_value_that_no_notebook_can_hold_is_refused(text):
    with pytest.raises(BookError, match="is not a number, text, list or mapping"):
        parse_value(text)


PERSONAL = """
import os, IPython, matplotlib, keras
2 + 2
3 + 3
print(keras.config.floatx(), matplotlib.rcParams["lines.linewidth"], "startup" in globals())
"""


def test_what_a_user_has_set_up_for_himself_does_not_reach_a_page(book, tmp_path):
    """Profiles of IPython, matplotlib and Keras, and a start-up file of Python."""
    home = tmp_path / "home"
    profile = home / ".ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "00.py").write_text("startup = 1")
    settings = "c.InteractiveShell.ast_node_interactivity = 'all'\n"
    for name in ("ipython_config.py", "ipython_kernel_config.py"):
        (profile / name).write_text(settings)
    for folder in (home / ".config" / "matplotlib", home / ".matplotlib"):
        folder.mkdir(parents=True)
        (folder / "matplotlibrc").write_text("lines.linewidth: 77\n")
    (home / ".keras").mkdir()
    (home / ".keras" / "keras.json").write_text('{"floatx": "float16", "backend": "tensorflow"}')
    (home / "startup.py").write_text("startup = 1")
    book.add("one", PERSONAL)
    done = book.run_apart(
        "execute",
        "--workers=1",
        HOME=str(home),
        PYTHONSTARTUP=str(home / "startup.py"),
        MPLCONFIGDIR=str(home / ".matplotlib"),
        MATPLOTLIBRC=str(home / ".matplotlib"),
        IPYTHONDIR=str(home / ".ipython"),
        KERAS_HOME=str(home / ".keras"),
    )
    assert done.returncode == 0, done.stdout
    outputs = json.loads(book.executed("one").read_text())["cells"][1]["outputs"]
    assert [output["output_type"] for output in outputs] == ["stream"]
    assert book.printed("one") == "float32 1.5 False\n"


def test_a_home_that_cannot_be_written_leaves_no_word_on_a_page(book, tmp_path):
    home = tmp_path / "home"
    home.write_text("no folder at all, which is not writable for the administrator either")
    book.add("one", "import matplotlib.pyplot; print('fine')")
    unset = {"XDG_CACHE_HOME": str(home / "cache"), "MPLCONFIGDIR": str(home / "matplotlib")}
    done = book.run_apart("execute", "--workers", "1", HOME=str(home), **unset)
    assert done.returncode == 0, done.stdout
    assert book.printed("one") == "fine\n"
    assert book.run("check").returncode == 0


@pytest.mark.parametrize(("folder", "transport"), [("short", "ipc"), ("long" * 30, "tcp")])
def test_kernels_talk_through_files_where_their_names_are_short_enough(
    book, tmp_path, folder, transport
):
    (tmp_path / folder).mkdir()
    book.add(
        "one",
        "import json, ipykernel.connect\n"
        "print(json.load(open(ipykernel.connect.get_connection_file()))['transport'])",
    )
    done = book.run_apart("execute", "--workers", "1", TMPDIR=str(tmp_path / folder))
    assert done.returncode == 0, done.stdout
    assert book.printed("one") == f"{transport}\n"
    assert {path.name for path in (tmp_path / folder).iterdir()} <= {"dask-scratch-space"}


def test_what_is_printed_after_a_figure_stays_after_it():
    def printed(text):
        return new_output("stream", name="stdout", text=text)

    figure = new_output("display_data", {"text/html": "<p>a figure</p>"})
    outputs = [printed("a\n"), printed("b\rc\n"), figure, printed("d\n")]
    page = new_notebook(cells=[new_code_cell("x", outputs=outputs)])
    strip_run_traces(page)
    kinds = [each.get("text", "figure") for each in page.cells[0].outputs]
    assert kinds == ["a\nc\n", "figure", "d\n"]
