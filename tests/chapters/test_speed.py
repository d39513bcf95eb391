"""The page on speed carries a program; the repository has the same one as a file."""

import nbformat


def test_the_page_carries_the_example_as_it_stands(root):
    page = nbformat.read(root / "chapters" / "09_speed.ipynb", as_version=4)
    (cell,) = [cell for cell in page.cells if cell.id == "several-machines"]
    magic, program = cell.source.split("\n", 1)
    assert magic.startswith("%%writefile ")
    example = root / "examples" / "several_machines.py"
    assert program.strip() == example.read_text(encoding="utf-8").strip()
