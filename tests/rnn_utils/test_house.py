"""The house: few doors, folders by purpose, and imports that go one way."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "rnn_utils"
ORDER = ["recipe", "backend", "figures", "page", "data", "networks", "engine", "training"]


def modules():
    """Return the modules of the package by name, each with the names that it imports anywhere."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
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


def test_there_are_nine_doors_at_most():
    doors = {path.name for path in PACKAGE.iterdir()} - {"__init__.py", "__pycache__"}
    assert len(doors) <= 9, sorted(doors)


def test_no_import_leads_back():
    TopologicalSorter(modules()).prepare()  # raises a CycleError


def test_imports_between_folders_go_one_way():
    for name, imported in modules().items():
        home = name.split(".")[1] if "." in name else None
        for other in imported - {"rnn_utils"}:
            there = other.split(".")[1]
            if home in ORDER and there in ORDER:
                assert ORDER.index(there) <= ORDER.index(home), f"{name} imports {other}"


def test_figures_know_nothing_of_the_rest():
    for name, imported in modules().items():
        if name.startswith("rnn_utils.figures"):
            assert all(other.startswith("rnn_utils.figures") for other in imported), name
