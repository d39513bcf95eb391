"""What is run again and what is not, and the reason that is given."""

import os
import py_compile
import sys
from dataclasses import replace

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from bookbuild.book import Book
from bookbuild.notebooks import read
from bookbuild.running import kernel_report, run_stale
from bookbuild.running.freshness import find_stale
from bookbuild.running.freshness_key import differences, files_used, key_of, short_name
from bookbuild.running.machine import this_machine
from bookbuild.running.request import Outcome, Request, requests_for


def here():
    """Return this machine, as one that has the small data set."""
    return replace(this_machine(), data={"auto": "mnist-5k"})


@pytest.fixture
def ran(book):
    """Make a book with a page that was run on the small data set."""
    book.add("one", new_code_cell("seed = 1", metadata={"tags": ["parameters"]}), "x = 1")
    book.pretend("one", data={"auto": ["mnist-5k", "0123"]})
    return book


def why(book, *machines, parameters=None):
    """Return why the page must run, if it may run on some machines."""
    requests = requests_for(Book.load(book.root).notebooks, parameters or {}, quick=False)
    (request,) = find_stale(requests, lambda asked: machines or [here()])
    return request.stale


def test_nothing_moved(ran):
    assert why(ran) == ""


@pytest.mark.parametrize(
    ("part", "change", "reason"),
    [
        ("rnn_utils", {"cells.py": "new"}, "rnn_utils moved: cells.py"),
        ("packages", {"keras": "9.9"}, "→ '9.9'"),
        ("device", {"processor": "another"}, "→ 'another'"),
        ("data", {"auto": "mnist"}, "data moved: auto 'mnist-5k' → 'mnist'"),
    ],
)
def test_what_a_place_brings_is_part_of_the_key(ran, part, change, reason):
    assert reason in why(ran, replace(here(), **{part: getattr(here(), part) | change}))


def test_a_page_is_fresh_where_any_worker_would_run_it_so(ran):
    elsewhere = replace(here(), device={"processor": "another", "gpu": "none"})
    assert why(ran, elsewhere, here()) == ""


def test_only_data_that_the_page_asked_for_is_looked_for(ran):
    ran.add("two", "x = 1")
    ran.pretend("two")
    looked = []
    requests = requests_for(Book.load(ran.root).notebooks, {}, quick=False)
    find_stale(requests, lambda asked: looked.append(asked) or [here()])
    assert looked == [{"auto"}]


def test_a_file_that_the_code_names_is_part_of_the_key(book):
    (book.root / "data.csv").write_text("1")
    book.add("one", "open('../data.csv').read(), 'no.file'")
    book.pretend("one")
    assert why(book) == ""
    (book.root / "data.csv").write_text("2")
    assert why(book) == "files moved: ../data.csv"
    assert "files changed after the page was run: ../data.csv" in book.run("check").stdout


@pytest.mark.parametrize(
    ("code", "files", "moved"),
    [
        ("import helper", {"helper.py": "X = {}"}, "helper.py"),
        ("%time 1\nfrom helper import X", {"helper.py": "X = {}"}, "helper.py"),
        (
            "import tools.small",
            {"tools/__init__.py": "", "tools/small.py": "X = {}"},
            "tools/small.py",
        ),
        ("import first", {"first.py": "import second", "second.py": "X = {}"}, "second.py"),
        ("import first", {"first.py": "open('a.txt')", "a.txt": "{}"}, "a.txt"),
    ],
    ids=["module", "from", "package", "module of a module", "file of a module"],
)
def test_a_local_module_that_is_edited_makes_the_page_stale(book, code, files, moved):
    folder = book.source("one").parent
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.format(1))
    book.add("one", code)
    book.pretend("one")
    assert why(book) == ""
    (folder / moved).write_text(files[moved].format(2))
    assert why(book) == f"files moved: {moved}"
    assert f"files changed after the page was run: {moved}" in book.run("check").stdout


SEEN = """import importlib, os, sys
from pathlib import Path
sys.path.insert(0, "../lib")
import far
importlib.import_module("near")
(Path("data") / ("x" + ".csv")).read_text()
own = Path("own" + ".txt")
own.write_text("1")
own.read_text()
Path("../_build/.l" + "ock").read_text()
Path("../.hid" + "den").read_text()
os.chdir("/")
assert "watch" not in globals() and "kernel_report" not in globals()"""


def test_files_that_a_run_was_seen_to_use_are_part_of_the_key(book):
    files = {"../lib/far.py": "X = 1", "near.py": "X = 1", "data/x.csv": "1", "../.hidden": "1"}
    for name, text in files.items():
        file = book.root / "chapters" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        if file.suffix == ".py":
            py_compile.compile(str(file))  # which an import then reads in its place
    book.add("one", SEEN)
    assert book.execute().returncode == 0
    assert list(book.note("one")["key"]["files"]) == ["../lib/far.py", "data/x.csv", "near.py"]
    assert "files" not in book.note("one")
    for name in book.note("one")["key"]["files"]:
        file = book.root / "chapters" / name
        text = file.read_text()
        assert "one  fresh" in book.run("status").stdout
        file.write_text("X = 22")
        assert f"files moved: {name}" in book.run("status").stdout
        assert f"files changed after the page was run: {name}" in book.run("check").stdout
        file.unlink()
        assert f"files moved: {name}" in book.run("status").stdout
        file.write_text(text)


@pytest.mark.parametrize("code", ["os.environ['{}']", 'environ.get("{}", 1)', "getenv( '{}' )"])
def test_a_variable_that_a_page_asks_for_is_part_of_the_key(book, monkeypatch, code):
    monkeypatch.delenv("A_TOKEN", raising=False)
    book.add("one", code.format("A_TOKEN"))
    book.pretend("one")
    assert why(book) == ""
    monkeypatch.setenv("A_TOKEN", "secret")
    assert why(book) == "environment moved: A_TOKEN"
    book.pretend("one")
    assert why(book) == ""
    assert "secret" not in book.executed("one").read_text()


def test_an_opened_module_is_read_for_what_it_names(tmp_path):
    files = {"helper.py": "import other\nopen('weights.h5')", "other.py": "", "weights.h5": ""}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert files_used(new_notebook(), tmp_path, ["helper.py"]).keys() == files.keys()


def test_a_run_during_which_its_files_were_edited_stays_stale(book):
    names = ("edited.txt", "guarded.txt", "left.txt")
    for name in names:
        (book.source("one").parent / name).write_text("1")
    book.add("one", "x = 1")
    book.pretend("one")
    (page,) = Book.load(book.root).notebooks
    outcome = Outcome(
        read(page.executed),
        machine=here(),
        report={"files": names, "edited": ["edited.txt"]},
        changed=[page.source.parent / "guarded.txt"],
    )
    run_stale._keep(Request(page, read(page.source), {}), outcome, "")
    assert why(book) == "files moved: edited.txt, guarded.txt"


def test_a_kernel_tells_which_files_it_read_wrote_or_saw_edited(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kernel_report, "START", tmp_path)
    monkeypatch.setattr(kernel_report, "READ", {})
    monkeypatch.setattr(kernel_report, "WRITTEN", set())
    monkeypatch.setenv("RNN_UTILS_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    names = ("_toc.yml", "a.txt", "b.txt", "c.txt", "data/d.txt", "database.txt", "env/e.txt")
    for name in names:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("1")
        kernel_report._note("open", (str(file), "r", os.O_RDONLY))
    kernel_report._note("os.rename", (tmp_path / "part", tmp_path / "c.txt", -1, -1))
    assert kernel_report.files_read() == ["_toc.yml", "a.txt", "b.txt", "database.txt"]
    (tmp_path / "b.txt").write_text("22")
    kernel_report._note("open", ("b.txt", "r", os.O_RDONLY))
    assert kernel_report.files_edited() == ["b.txt"]


def test_a_folder_that_a_page_listed_is_part_of_the_key(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_report, "START", tmp_path)
    monkeypatch.setattr(kernel_report, "READ", {})
    (tmp_path / "_toc.yml").touch()
    for name in ("data", "package"):
        (tmp_path / name).mkdir()
    kernel_report._note("os.scandir", (str(tmp_path / "data"),))
    kernel_report._note("os.listdir", (3,))  # a descriptor says nothing of a name
    search = compile("note('os.listdir', (folder,))", "<frozen importlib._bootstrap>", "exec")
    exec(search, {"note": kernel_report._note, "folder": str(tmp_path / "package")})
    assert kernel_report.files_read() == ["data"]
    before = files_used(new_notebook(), tmp_path, ["data"])
    (tmp_path / "data" / "__pycache__").mkdir()
    (tmp_path / "data" / ".hidden").touch()
    assert files_used(new_notebook(), tmp_path, ["data"]) == before
    (tmp_path / "data" / "new.csv").touch()
    assert files_used(new_notebook(), tmp_path, ["data"]).keys() == before.keys()
    assert files_used(new_notebook(), tmp_path, ["data"]) != before
    assert kernel_report.files_edited() == []


@pytest.mark.parametrize("magic", ["%%time", "%%capture --no-stderr out", "  %%timeit -n 1"])
def test_what_a_magic_runs_is_code_of_the_page(tmp_path, magic):
    (tmp_path / "helper.py").touch()
    page = new_notebook(cells=[new_code_cell(f"{magic}\nimport helper")])
    assert files_used(page, tmp_path).keys() == {"helper.py"}


def test_a_parameter_moves_the_key(ran):
    assert why(ran, parameters={"seed": 2}) == "parameters moved: seed none → 2"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda n: n["cells"][2].update(source="x = 2"), "code moved: code cell 2"),
        (lambda n: n["cells"].append(dict(n["cells"][2], id="c3")), "code moved: code cell 3"),
        (lambda n: n["cells"].reverse(), "code moved: code cell 1, code cell 2"),
        (lambda n: n["cells"][0].update(source="# Mended"), ""),
        (lambda n: n["cells"][2]["metadata"].update(tags=["hide-input"]), ""),
    ],
    ids=["edited", "added", "reordered", "text", "tag"],
)
def test_code_moves_the_key_and_text_does_not(ran, change, reason):
    ran.edit(ran.source("one"), change)
    assert why(ran) == reason


@pytest.mark.parametrize("kept", [0, 100, -1])
def test_half_an_executed_page_is_never_taken_for_one(ran, kept):
    whole = ran.executed("one").read_text()
    ran.executed("one").write_text(whole[:kept])
    assert why(ran) == "its last run cannot be read"


def test_a_run_without_a_note_is_run_again(ran):
    ran.edit(ran.executed("one"), lambda n: n["metadata"].pop("bookbuild"))
    assert why(ran) == "its last run has no key"


def test_many_differences_are_counted():
    old, new = ({"code": {str(n): side for n in range(5)}} for side in "ab")
    assert differences(old, new) == {"code": "0, 1, 2 and 2 more"}


def test_a_key_has_a_short_name_that_order_does_not_change(ran):
    source = requests_for(Book.load(ran.root).notebooks, {}, quick=False)[0].source
    key = key_of(source, ran.root, {}, here(), [])
    assert short_name(key) == short_name(dict(reversed(key.items())))
    assert short_name(key) != short_name(key | {"parameters": {"seed": 2}})


def test_the_packages_are_those_that_pages_import():
    found = set(this_machine().packages)
    assert {"python", "tensorflow", "keras", "numpy", "ipykernel"} <= found
    assert not {"pytest", "papermill", "dask", "rnn-book"} & found


def test_a_page_runs_once_and_then_when_its_code_changes(book):
    book.add("one", "print(1)")
    book.add("two", "print(2)")
    assert book.execute().returncode == 0
    first = {name: book.executed(name).read_bytes() for name in ("one", "two")}
    (book.root / "README.md").write_text("A comment.")
    done = book.execute()
    assert "starts" not in done.stdout
    assert done.stdout.count("fresh: full run of") == 2
    book.edit(book.source("one"), lambda n: n["cells"][1].update(source="print(3)"))
    done = book.execute()
    assert "chapters/one  stale: code moved: code cell 1" in done.stdout
    assert book.printed("one") == "3\n"
    assert book.executed("two").read_bytes() == first["two"]


def test_a_plain_build_replaces_a_run_with_other_parameters(book):
    book.add("one", new_code_cell("seed = 1", metadata={"tags": ["parameters"]}), "print(seed)")
    for options, printed in ((["-p", "seed", "3"], "3\n"), ([], "1\n")):
        assert book.execute(*options).returncode == 0
        assert book.printed("one") == printed


def test_another_rnn_utils_makes_every_page_stale(book, tmp_path):
    (tmp_path / "lib" / "rnn_utils").mkdir(parents=True)
    (tmp_path / "lib" / "rnn_utils" / "__init__.py").write_text("# edited")
    for name in ("one", "two"):
        book.add(name, "x = 1")
        book.pretend(name)
    assert book.run("status").stdout.count("fresh") == 2
    done = book.run_apart("status", PYTHONPATH=str(tmp_path / "lib"))
    assert done.stdout.count("stale: rnn_utils moved: ") == 2
    done = book.run_apart("check", PYTHONPATH=str(tmp_path / "lib"))
    assert done.returncode == 1
    assert "rnn_utils changed after the page was run" in done.stdout


def test_what_a_page_loaded_is_noted(book, monkeypatch):
    book.add("one", "from rnn_utils import load_mnist\ndigits = load_mnist('mnist-5k')")
    assert book.execute().returncode == 0
    (found,) = book.note("one")["data"].items()
    assert found[0] == "mnist-5k"
    assert found[1][0] == "mnist-5k"
    assert len(found[1][1]) == 64
    assert book.note("one")["key"]["data"] == {"mnist-5k": "mnist-5k"}
    monkeypatch.setenv("RNN_UTILS_DATA", os.devnull)
    assert "starts" not in book.execute().stdout
