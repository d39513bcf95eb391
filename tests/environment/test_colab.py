"""The versions that a page meets in Colab."""

import re
import shutil
import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FROZEN = "tensorflow==2.99.0\nKeras==3.99\nsomething-else==1.0\nnumpy @ file:///numpy.whl\n"


@pytest.fixture
def renew(root, tmp_path):
    """Return a function that renews the versions of a copy from a list."""
    shutil.copy(root / "pyproject.toml", tmp_path)
    shutil.copytree(root / "requirements", tmp_path / "requirements")

    def renewed(source):
        command = [sys.executable, "requirements/colab.py", source]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return done, (tmp_path / "requirements" / "colab.txt").read_text()

    return renewed


def test_a_page_changes_nothing_that_colab_has(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    needed = {canonicalize_name(r.name): r for r in map(Requirement, project["dependencies"])}
    pins = re.findall(r"^([\w-]+)==(\S+)$", (root / "requirements" / "colab.txt").read_text(), re.M)
    assert "tensorflow" in dict(pins)
    for name, version in pins:
        assert needed[name].specifier.contains(version), f"{needed[name]} replaces {version}"


def test_the_versions_that_a_page_needs_are_taken_from_the_list(renew, tmp_path):
    (tmp_path / "list.txt").write_text(FROZEN)
    done, versions = renew("list.txt")
    assert done.returncode == 0, done.stderr
    assert versions.splitlines()[1:] == ["keras==3.99", "tensorflow==2.99.0"]


@pytest.mark.parametrize("text", ["", "numpy==2.0\n", "<html>404</html>"])
def test_another_list_is_refused_and_changes_nothing(renew, root, tmp_path, text):
    (tmp_path / "list.txt").write_text(text)
    done, versions = renew("list.txt")
    assert done.returncode == 1
    assert "list.txt pins no TensorFlow" in done.stderr
    assert versions == (root / "requirements" / "colab.txt").read_text()


@pytest.mark.parametrize("source", ["missing.txt", "file:///missing.txt"])
def test_a_list_that_cannot_be_read_is_named_with_the_remedy(renew, source):
    done, _ = renew(source)
    assert done.returncode == 1
    assert "missing.txt" in done.stderr
    assert "make colab FREEZE=" in done.stderr
    assert "Traceback" not in done.stderr
