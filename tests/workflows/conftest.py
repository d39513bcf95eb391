"""The workflows as data, and a place where their commands run as on a runner of GitHub's."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
PAGE = "01_small"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
IN_FUTURE = 4e9  # seconds since 1970: the year 2096
FILES = ("output", "summary", "gh.log", "audit.log", "freeze")
COLAB_HAS = ("keras", "matplotlib", "numpy", "tensorflow")
GH = """#!/bin/sh
echo "$@" >> "$GH_LOG"
case "$1 $2" in
  "issue list") printf "%s" "$OPEN_ISSUES" ;;
  "issue create") echo https://github.com/someone/fork/issues/8 ;;
esac
exit "${GH_STATUS:-0}"
"""


PIP_AUDIT = """#!/bin/sh
echo "$@" >> "$AUDIT_LOG"
while [ $# -gt 0 ]; do
  if [ "$1" = --requirement ]; then shift; grep -q sha256: "$1" || exit 2; fi
  shift
done
exit "${AUDIT_STATUS:-0}"
"""


def read(path):
    """Return a workflow; YAML 1.1 takes its key ``on`` for a truth value."""
    workflow = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in workflow.items()}


@pytest.fixture(scope="session")
def workflows():
    """Return all workflows by the names of their files."""
    return {path.stem: read(path) for path in sorted(WORKFLOWS.iterdir())}


class Workplace:
    """A checkout with an environment, and what a runner tells the commands of a step.

    The environment is this one under another path. Its stamps lie in the future, so that make
    takes it for ready whatever the lock, and never makes it anew.
    """

    def __init__(self, folder, beside):
        self.folder = folder
        self.files = {name: beside / name for name in FILES}
        self.environment = {
            **{name: value for name, value in os.environ.items() if "MAKE" not in name},
            "PATH": os.pathsep.join([str(beside), os.environ["PATH"]]),
            "PYTHONPATH": str(folder),
            "CI": "true",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "someone/fork",
            "GITHUB_BASE_REF": "main",
            "GITHUB_RUN_ID": "7",
            "GITHUB_OUTPUT": str(self.files["output"]),
            "GITHUB_STEP_SUMMARY": str(self.files["summary"]),
            "GH_LOG": str(self.files["gh.log"]),
            "AUDIT_LOG": str(self.files["audit.log"]),
            "FREEZE": str(self.files["freeze"]),
        }

    def run(self, script, **variables):
        """Run a script as a step with ``shell: bash`` is run."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def said(self, name):
        """Return what was written to one of the files that steps write to."""
        return self.files[name].read_text() if self.files[name].exists() else ""


@pytest.fixture
def runner(tmp_path):
    """Make a folder for what a runner has beside a checkout: a `gh`, and what steps write to."""
    folder = tmp_path / "runner"
    folder.mkdir()
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod(0o755)
    return folder


@pytest.fixture
def workplace(tmp_path, runner, clone, commit):
    """Make a checkout of the project with one small page, changed since main, and one test."""
    folder = tmp_path / "checkout"
    clone(folder, without=("tests/", "benchmarks/"))
    add_small_book(folder)
    commit(folder)
    subprocess.run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=folder)
    (folder / "intro.md").write_text("# Small, and changed\n")
    commit(folder)
    link_environment(folder / ".venv")
    pretend_auditor(folder / ".venv-audit")
    made = Workplace(folder, runner)
    made.files["freeze"].write_text("".join(f"{name}=={version(name)}\n" for name in COLAB_HAS))
    return made


@pytest.fixture
def project(root, runner):
    """Return the project as it lies here, for steps that change nothing in it."""
    return Workplace(root, runner)


def add_small_book(folder):
    """Put one page in the place of the chapters, and one test in the place of the tests."""
    first_cell = nbformat.read(folder / "chapters" / "01_basic_rnn.ipynb", as_version=4).cells
    first_cell = next(cell for cell in first_cell if cell.cell_type == "code")
    for path in (folder / "chapters").iterdir():
        if path.suffix not in (".bib", ".toml"):
            path.unlink()
    parameters = new_code_cell("quick = False", metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell("# A small page"), first_cell, parameters, new_code_cell("print(1)")]
    nbformat.write(
        new_notebook(cells=cells, metadata={"kernelspec": KERNEL}),
        folder / "chapters" / f"{PAGE}.ipynb",
    )
    (folder / "intro.md").write_text("# Small\n")
    (folder / "_toc.yml").write_text(
        f"format: jb-book\nroot: intro\nchapters:\n  - file: chapters/{PAGE}\n"
    )
    (folder / "tests").mkdir()
    # What `make test` runs there: that it runs is what is tested.
    (folder / "tests" / "test_small.py").write_text("def test_small():\n    assert True\n")


def link_environment(folder):
    """Make an environment of links to the one that runs these tests, ready for every lock."""
    folder.mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (folder / part).symlink_to(Path(sys.prefix) / part)
    for lock in ("book", "gpu", "colab"):
        mark_as_ready(folder / f".{lock}-ready")


def pretend_auditor(folder):
    """Make an environment, ready too, whose pip-audit only checks what it is asked to look at."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "pip-audit").write_text(PIP_AUDIT)
    (folder / "bin" / "pip-audit").chmod(0o755)
    mark_as_ready(folder / ".ready")


def mark_as_ready(stamp):
    stamp.touch()
    os.utime(stamp, (IN_FUTURE, IN_FUTURE))
