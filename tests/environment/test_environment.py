"""pyproject.toml, the locks and environment.yml describe one environment."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
LOCKS = {"book": ["book", "dev"], "gpu": ["book", "dev", "gpu"]}
OURS = {"rnn_utils", "bookbuild", "benchmarks"}
IMPORTED_AS = {"cv2": ["opencv-python-headless"], "skimage": ["scikit-image"]}  # of bench


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def locked(root, name, python):
    """Return the version of each package that a lock installs with a version of Python."""
    pins = {}
    for line in (root / "requirements" / f"{name}.lock").read_text().splitlines():
        if re.match(r"[a-z0-9]", line):
            pin = Requirement(line.rstrip(" \\"))
            if applies(pin, python):
                pins[canonicalize_name(pin.name)] = str(pin.specifier).removeprefix("==")
    return pins


def applies(requirement, python):
    here = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    return requirement.marker is None or requirement.marker.evaluate(here)


def requirements(project, extras=()):
    texts = project["dependencies"] + [
        text for extra in extras for text in project["optional-dependencies"][extra]
    ]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_pins_every_dependency_within_its_bounds(root, project, name, python):
    pins = locked(root, name, python)
    for requirement in requirements(project, LOCKS[name]):
        if not applies(requirement, python):
            continue
        version = pins.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not in {name}.lock for Python {python}"
        assert requirement.specifier.contains(version), f"{requirement} but {version} is locked"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_fuzzer_is_locked_for_every_python_and_apart_from_the_book(root, project, python):
    (fuzzer,) = map(Requirement, project["optional-dependencies"]["fuzz"])
    ((name, version),) = locked(root, "fuzz", python).items()
    assert name == fuzzer.name
    assert fuzzer.specifier.contains(version)
    assert all(name not in locked(root, other, python) for other in LOCKS)


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_built_from_source_is_built_with_what_the_lock_pins(root, name):
    assert all("setuptools" in locked(root, name, python) for python in PYTHONS)
    assert '"--build-constraints", lock' in (root / "requirements" / "install.py").read_text()


@pytest.mark.parametrize("python", PYTHONS)
def test_both_locks_pin_the_same_versions(root, python):
    book, gpu = locked(root, "book", python), locked(root, "gpu", python)
    assert book.items() <= gpu.items()
    assert any(name.startswith("nvidia-cudnn") for name in gpu.keys() - book.keys())


@pytest.mark.parametrize("name", [*LOCKS, "installer", "fuzz", "audit"])
def test_the_lock_has_hashes_and_no_addresses(root, name):
    text = (root / "requirements" / f"{name}.lock").read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_the_project_states_lower_bounds_only(project):
    for requirement in requirements(project, project["optional-dependencies"]):
        assert all(s.operator == ">=" for s in requirement.specifier), requirement
        assert requirement.specifier, f"{requirement.name} has no lower bound"


def test_every_import_is_declared(root, project):
    declared = {
        canonicalize_name(r.name) for r in requirements(project, project["optional-dependencies"])
    }
    owners = IMPORTED_AS | packages_distributions()
    files = [path for part in (*OURS, "tests") for path in (root / part).rglob("*.py")]
    for path in files:
        local = OURS | {"tests"} | {other.stem for other in path.parent.glob("*.py")}
        for module in imported(path) - set(sys.stdlib_module_names) - local:
            names = {canonicalize_name(owner) for owner in owners.get(module, [module])}
            assert names & declared, f"{path.relative_to(root)} imports {module}: declare it"


def imported(path):
    """Return the top-level modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_conda_installs_the_lock(root, project):
    environment = yaml.safe_load((root / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert pip == {"pip": ["-r requirements/book.lock"]}, "pip refuses to mix hashes with others"
    (python,) = [name.removeprefix("python=") for name in conda if name.startswith("python=")]
    assert python in PYTHONS


def install(root, *arguments, python=sys.executable):
    return subprocess.run(
        [python, *arguments], cwd=root, capture_output=True, text=True, timeout=60
    )


def test_an_unknown_lock_is_refused(root):
    run = install(root, "requirements/install.py", "nonsense")
    assert run.returncode == 1
    assert run.stderr.strip() == "There is no lock called 'nonsense': choose book, gpu or colab."


@pytest.mark.parametrize("version", ["(2, 7)", "(3, 9)", "(3, 14)"])
def test_another_python_is_told_what_to_do(root, version):
    run = install(
        root,
        "-c",
        f"import sys; sys.version_info = {version}; sys.argv = ['install.py']; "
        "import runpy; runpy.run_path('requirements/install.py', run_name='__main__')",
    )
    assert run.returncode == 1
    assert "runs on Python 3.10 to 3.13" in run.stderr
    assert "make book PYTHON=" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_python_without_venv_is_told_what_to_install(root):
    run = install(
        root,
        "-c",
        "import sys; sys.modules['ensurepip'] = None; sys.argv = ['install.py']; "
        "import runpy; runpy.run_path('requirements/install.py', run_name='__main__')",
    )
    assert run.returncode == 1
    assert "apt-get install python3" in run.stderr
    assert "Traceback" not in run.stderr


def make(folder, *arguments):
    """Run make as a reader does, also when these tests were started by make themselves."""
    inherited = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=inherited, capture_output=True, text=True
    )


def test_make_says_which_python_is_missing(root, tmp_path):
    run = make(
        copied_environment(root, tmp_path), "-f", root / "Makefile", "test", "PYTHON=python9.9"
    )
    assert run.returncode != 0
    assert "There is no 'python9.9' here: install Python 3.10 to 3.13" in run.stderr


@pytest.mark.parametrize(
    ("system", "message"),
    [
        ("Darwin arm64", "make fuzz needs Linux on x86-64"),
        ("Linux x86_64", "There is no atheris for Python 3.14.0 here"),
    ],
)
def test_make_fuzz_says_where_there_is_no_fuzzer(root, tmp_path, monkeypatch, system, message):
    folder = copied_environment(root, tmp_path / "book")
    for path, lines in (
        (tmp_path / "bin" / "uname", f"echo {system}"),
        (folder / ".venv" / "bin" / "python", '[ "$1" = --version ] && echo Python 3.14.0'),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    run = make(folder, "-f", root / "Makefile", "-o", ".venv/.book-ready", "fuzz")
    assert run.returncode == 2
    assert message in run.stderr
    assert not (folder / ".venv-fuzz").exists()


def copied_environment(root, folder):
    """Copy what the environment is made from, without the environment."""
    folder.mkdir(exist_ok=True)
    shutil.copy(root / "pyproject.toml", folder)
    shutil.copytree(root / "requirements", folder / "requirements")
    return folder


def test_help_names_every_command(root):
    makefile = (root / "Makefile").read_text()
    targets = set(" ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.M)).split())
    run = make(root, "help")
    assert run.returncode == 0
    assert {line.split()[1] for line in run.stdout.splitlines()} == targets


def test_a_reader_who_is_the_administrator_can_open_the_lab(root, monkeypatch, tmp_path):
    (tmp_path / "id").write_text("#!/bin/sh\necho $PRETENDED\n")
    (tmp_path / "id").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for user, allowed in (("0", True), ("1000", False)):
        monkeypatch.setenv("PRETENDED", user)
        assert ("--allow-root" in make(root, "-n", "lab").stdout) == allowed


@pytest.fixture
def install_script(root):
    spec = importlib.util.spec_from_file_location("install", root / "requirements" / "install.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_a_users_variables_do_not_reach_the_environment(install_script, monkeypatch):
    ours = {"PIP_INDEX_URL", "UV_INDEX_URL", "UV_CACHE_DIR"}
    ours |= {"UV_INDEX_OUR_OWN_USERNAME", "UV_INDEX_OUR_OWN_PASSWORD"}
    theirs = {f"PIP_{name}" for name in ("USER", "TARGET", "NO_BINARY", "REQUIRE_VIRTUALENV")}
    theirs |= {f"UV_{name}" for name in ("TARGET", "OVERRIDE", "SYSTEM_PYTHON", "NO_BUILD")}
    theirs |= {"PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE"}
    for name in ours | theirs:
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr(install_script, "PYTHON", "not made yet")
    seen = install_script.environment()
    assert not theirs & set(seen)
    assert {seen[name] for name in ours} == {"1"}


def test_of_a_users_file_of_settings_only_the_way_to_packages_counts(
    install_script, monkeypatch, tmp_path
):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://packages.invalid/simple\ncert = /a/cert.pem\n"
        "[install]\nuser = true\ntarget = /elsewhere\nprefix = /elsewhere\nno-binary = :all:\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setattr(install_script, "PYTHON", sys.executable)
    seen = install_script.environment()
    assert {name: value for name, value in seen.items() if name.startswith("PIP_")} == {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "https://packages.invalid/simple",
        "PIP_CERT": "/a/cert.pem",
    }
