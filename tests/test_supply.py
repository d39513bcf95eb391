"""What the project is made from and reaches out to: no pickle, no address without TLS."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("rnn_utils", "bookbuild", "benchmarks", "examples", "requirements", "docs")
PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
# Names of formats, which nobody fetches, and this very machine.
PLAIN_HTTP = re.compile(
    r"http://(?!www\.w3\.org/|localhost[:/\s]|127\.0\.0\.1\b|\[?\{)[^\s\"'`<>]*"
)
ENDINGS = {".py", ".sh", ".yml", ".yaml", ".toml", ".json", ".ipynb", ".md", ".js", ".html", ".cff"}


def python_files():
    return [file for part in OURS for file in (ROOT / part).rglob("*.py")]


def written_files():
    skipped = {"_build", "tests", "node_modules"}
    for file in ROOT.rglob("*"):
        parts = file.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in (".github", ".ci") for part in parts)
        if (
            not hidden
            and not skipped & {*parts}
            and (file.suffix in ENDINGS or file.name == "Makefile")
        ):
            yield file


def unsafe(code):
    """Yield what reads or writes objects that may run code when they are read."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from PICKLES & {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            yield from PICKLES & {(node.module or "").split(".")[0]}
        elif isinstance(node, ast.Attribute) and node.attr in ("read_pickle", "to_pickle"):
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                yield "allow_pickle"
        elif isinstance(node, ast.keyword) and node.arg == "safe_mode":  # of keras.saving
            yield "safe_mode"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import pickle", ["pickle"]),
        ("from joblib import dump", ["joblib"]),
        ("import os, marshal as m", ["marshal"]),
        ("np.load(f, allow_pickle=True)", ["allow_pickle"]),
        ("np.load(f, allow_pickle=False)", []),
        ("keras.saving.load_model(f, safe_mode=False)", ["safe_mode"]),
        ("pd.read_pickle(f)", ["read_pickle"]),
    ],
)
def test_a_pickle_is_seen(code, found):
    assert list(unsafe(code)) == found


def test_nothing_of_ours_is_a_pickle():
    files = python_files()
    assert len(files) > 100
    assert not {str(file): names for file in files if (names := [*unsafe(file.read_text("utf-8"))])}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("get http://example.org/a.gz", True),
        ("get https://example.org/a.gz", False),
        ("xmlns http://www.w3.org/2000/svg", False),
        ("open http://localhost:8000", False),
        ("http://localhost.example.org", True),
    ],
)
def test_an_address_without_tls_is_seen(text, seen):
    assert bool(PLAIN_HTTP.search(text)) == seen


def test_every_address_is_reached_through_tls():
    files = list(written_files())
    assert len(files) > 150
    found = {str(f): PLAIN_HTTP.findall(f.read_text("utf-8", "replace")) for f in files}
    assert not {file: addresses for file, addresses in found.items() if addresses}
