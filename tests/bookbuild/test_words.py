"""Whatever words follow ``python -m bookbuild``: a sensible end, and values as they were meant."""

import contextlib
import io
import json
import math
import signal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell
from papermill.translators import papermill_translators

from bookbuild.__main__ import main
from bookbuild.book import BookError
from bookbuild.commands import execute, sweep
from bookbuild.running.parameters import parse_value
from bookbuild.running.sweep_grid import parse_grid

VERBS = "execute check html status reference sweep pages repository"
WORDS = """
    execute check html status one two chapters/one.ipynb three
    -p n seed quick -1e-3 [1, 1:30 None inf +-inf --quick --force --workers --timeout 5 --sources
    --fix --grid n=1,2 n= =1 --seeds --number --json --since HEAD --book . / -h --help
    -- --nonsense -x https://github.com/owner/name
"""
# What a shell can hand over: no zero, and bytes that are no UTF-8 arrive as surrogates.
shell_words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.just(
    "\udcff"
)
plain_values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
finite = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
nested = st.recursive(
    finite | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def words(book, monkeypatch):
    """Return a function that calls the command line of a book, as a shell does; no page is run."""
    book.add("one", new_code_cell("n = 1\nquick = False", metadata={"tags": ["parameters"]}))
    book.add("two", "x = 1")
    for verb in (execute, sweep):
        monkeypatch.setattr(verb, "bring_up_to_date", lambda *_: [])
    handler = signal.getsignal(signal.SIGTERM)

    def call(*given):
        out = io.TextIOWrapper(io.BytesIO(), "utf-8")
        err = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(["--book", str(book.root), *given])
            except SystemExit as exit:
                status = exit.code
        for stream in (out, err):
            stream.flush()
        return status, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()

    yield call
    signal.signal(signal.SIGTERM, handler)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(VERBS.split()) | shell_words,
    st.lists(st.sampled_from(WORDS.split()) | shell_words, max_size=6),
)
@example("status", ["-p", "\udcff", "1"])
@example("status", ["-p", "n", "+-inf"])
@example("execute", ["one", "-p", "n", "\udcff", "-p", "n\udcff", "1"])
@example("sweep", ["one", "--grid", "n=\udcff"])
def test_any_words_end_in_a_result_or_a_message(words, verb, others):
    status, out, err = words(verb, *others)
    assert status in (0, 1, 2), (status, out, err)
    assert status == 0 or out.strip() or err.strip()
    assert status != 2 or "bookbuild" in err


def injected(value):
    """Return what a page has when papermill has written a value into its cell."""
    names = {}
    translator = papermill_translators.find_translator("python3", "python")
    exec(translator.codify({"value": value}), names)
    return names["value"]


@given(plain_values | nested)
@example(math.inf)
@example(-0.0)
def test_a_value_arrives_on_the_page_as_it_was_written(value):
    read = parse_value(repr(value))
    for arrived in (read, injected(read), json.loads(json.dumps(read))):
        assert repr(arrived) == repr(value)


@given(shell_words)
@example("+-inf")
@example("nan-")
@example("0x" + "f" * 5000)
@example("'\\ud800'")
@example("\udcff")
@example("1" * 5000)
@example("[" * 500)
@example("-" * 5000 + "1")
@example(" 1")
@example("0777")
def test_any_text_is_a_value_or_refused(text):
    with contextlib.suppress(BookError):
        value = parse_value(text)
        assert repr(injected(value)) == repr(value)


@given(st.text(st.characters(categories=["L", "Zs"])).filter(lambda text: text.strip("infa N")))
def test_a_text_in_words_needs_no_quotes(text):
    if text not in ("True", "False", "None"):
        assert parse_value(text) == text


@given(st.lists(finite, min_size=1, max_size=4, unique_by=lambda value: repr(value)))
def test_a_grid_has_the_values_that_were_written(values):
    axis = "n=" + ",".join(map(repr, values))
    try:
        grid = parse_grid([axis], None)
    except BookError as error:
        assert "names a value twice" in str(error)
        assert len(set(values)) < len(values)
    else:
        assert repr(grid) == repr({"n": values})
