"""A page opened alone, as in Colab: TensorFlow is there, rnn_utils is not."""

import json
import os
import subprocess
from importlib.metadata import version

import nbformat
import pytest

PRESENT = ("tensorflow", "numpy", "matplotlib", "ipython", "pandas", "scikit-learn")
PAGE = "chapters/01_basic_rnn.ipynb"
RUN = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for source in json.load(open(sys.argv[1])):
    shell.run_cell(source).raise_error()
"""


@pytest.fixture(scope="module")
def bare(uv, tmp_path_factory):
    """Return the Python of an environment that has nothing but what Colab is sure to have."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([uv, "venv", "--quiet", "--seed", folder], check=True)
    python = folder / "bin" / "python"
    pins = [f"{name}=={version(name)}" for name in PRESENT]
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *pins], check=True)
    return python


def test_the_first_cell_brings_rnn_utils_and_the_page_runs(root, clone, bare, tmp_path):
    repository = clone(tmp_path / "repository")
    values = {"quick": True, "iterations": 10, "source": "mnist-5k"}  # digits that came with it
    sources = cells(root / PAGE, f"file://{repository}", **values)
    where = "import rnn_utils; print('rnn_utils is in', rnn_utils.__file__)"
    (tmp_path / "cells.json").write_text(json.dumps([*sources, where]))
    (tmp_path / "alone").mkdir()
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [bare, "-c", RUN, tmp_path / "cells.json"],
        cwd=tmp_path / "alone",
        env={**inherited, "IPYTHONDIR": str(tmp_path / "ipython"), "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert f"rnn_utils is in {bare.parents[1]}" in done.stdout


def cells(path, address, **values):
    """Return the code of a page that knows an address, with other values for its parameters."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            found.append(cell.source)
        if "parameters" in cell.metadata.get("tags", []):
            found += [f"{name} = {value!r}" for name, value in values.items()]
    line = next(line for line in found[0].splitlines() if line.startswith("REPOSITORY = "))
    found[0] = found[0].replace(line, f"REPOSITORY = {address!r}")
    return found
