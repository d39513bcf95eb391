"""The house: few doors, folders by purpose, and imports that go one way."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = {  # of each package's entries: one imports those before it, never those after it
    "rnn_utils": (
        *("recipe", "backend", "figures", "page", "data", "networks", "engine", "training"),
    ),
    "bookbuild": (
        *("book", "files", "git", "notebooks", "running", "checking", "site", "printing"),
        "commands",
    ),
}
packages = pytest.mark.parametrize("package", ORDER)


def modules(package):
    """Return the modules of a package by name, each with the names that it imports anywhere."""
    found = {}
    for file in (ROOT / package).rglob("*.py"):
        parts = file.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found[name].update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{name}: imports are absolute here"
                found[name].add(node.module)
                found[name].update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name: imported & found.keys() - {name} for name, imported in found.items()}


@packages
def test_there_are_nine_doors_at_most(package):
    no_doors = {"__init__.py", "__main__.py", "__pycache__"}
    doors = {path.name for path in (ROOT / package).iterdir()} - no_doors
    assert len(doors) <= 9, sorted(doors)


@pytest.mark.parametrize("package", [*ORDER, "benchmarks"])
def test_no_import_leads_back(package):
    TopologicalSorter(modules(package)).prepare()  # raises a CycleError


@packages
def test_imports_between_folders_go_one_way(package):
    order = ORDER[package]
    for name, imported in modules(package).items():
        home = name.split(".")[1] if "." in name else None
        for other in imported - {package}:
            there = other.split(".")[1]
            if home in order and there in order:
                assert order.index(there) <= order.index(home), f"{name} imports {other}"


def test_figures_know_nothing_of_the_rest():
    for name, imported in modules("rnn_utils").items():
        if name.startswith("rnn_utils.figures"):
            assert all(other.startswith("rnn_utils.figures") for other in imported), name


def test_what_chapters_import_knows_nothing_of_how_they_are_run():
    for file in (ROOT / "rnn_utils").rglob("*.py"):
        assert "bookbuild" not in file.read_text(), file
