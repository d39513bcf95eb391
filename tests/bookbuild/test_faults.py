"""Pages that do harm: the build ends, says so, and leaves no process and no half page."""

import errno
import os
import re
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from nbformat.v4 import new_output

from bookbuild import __main__
from bookbuild.__main__ import main
from bookbuild.book import Book, BookError
from bookbuild.checking.gate import gate
from bookbuild.files import hashes_of, sha256
from bookbuild.git import tracked_files
from bookbuild.running import kernel_end, kernel_start, workers

SECONDS = f"86399.{os.getpid()}"  # a sleep that no other process of this machine asks for
LEAVE = f"""import subprocess
bare = {{"PATH": "/bin:/usr/bin"}}
subprocess.Popen(["sleep", "{SECONDS}1"])
subprocess.Popen(["sleep", "{SECONDS}2"], start_new_session=True)
subprocess.Popen(["sleep", "{SECONDS}3"], start_new_session=True, env=bare)
subprocess.run(["sh", "-c", "sleep {SECONDS}4 >/dev/null &"], start_new_session=True, env=bare);"""
DIE = f"""import os, subprocess, signal
subprocess.Popen(["sleep", "{SECONDS}5"], start_new_session=True)
os.kill(os.getpid(), signal.SIGKILL)"""
MEMORY = """import resource
resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
x = bytearray(2**33)"""
ASK = """import os, sys, subprocess
print(repr(sys.stdin.read()), os.read(0, 1), subprocess.check_output("cat"))
try:
    score = open("/proc/self/oom_score_adj").read()
except OSError:
    score = "1000"
print(score.strip())"""
LINES = "import sys\nprint('x' * 1_000_000)\nprint('10%', end='\\r')\nprint('20%')"

FAULTS = {  # by name: the second cell of the page, and what is said of it
    "dies": (DIE, "it was killed (SIGKILL), as the system does when memory runs out"),
    "fails in a shell": ("!exit 3", "CalledProcessError"),
    "memory": (MEMORY, "MemoryError"),
    "asks to end": ("x = 2; exit()", "the cell asks for 'ask_exit', which only an editor"),
    "asks for a pager": ("print?", "the cell asks for 'page', which only an editor of notebooks"),
    "misses a magic": ("%nosuchmagic", "UsageError: Line magic function `%nosuchmagic` not found"),
    "prints": ("for _ in range(20): print('x' * 1_000_000)", "puts out more than 16 MB"),
}


@pytest.fixture(scope="module")
def run(shared_book):
    """Run all these pages once; return the book and what was said."""
    for name, (source, _) in FAULTS.items():
        shared_book.add(name, "x = 1", source, "print('after')")
    shared_book.add("harmless", LEAVE, ASK, LINES)
    return shared_book, shared_book.execute()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_no_half_page_is_kept(run, name):
    book, done = run
    source, error = FAULTS[name]
    report = done.stdout.partition(f"of {len(FAULTS) + 1} pages failed")[2]
    _, _, said = report.partition(f"chapters/{name}, cell 3 (id 'c2'): {source.splitlines()[0]}")
    assert error in said.split("\n\n")[0]
    assert not book.executed(name).exists()
    assert "Traceback" not in done.stdout + done.stderr


def test_what_a_page_leaves_running_is_ended_and_said(run):
    _, done = run
    said = [line for line in done.stdout.splitlines() if "left a process behind" in line]
    for name, numbers in {"harmless": "1234", "dies": "5"}.items():
        of_page = [line for line in said if line.startswith(f"chapters/{name}  left a process")]
        assert len(of_page) == len(numbers)
        assert all(any(f"sleep {SECONDS}{n}" in line for line in of_page) for n in numbers)
    commands = [
        " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])
    ]
    assert not [command for command in commands if SECONDS in command]


def test_nobody_answers_a_page_and_the_system_ends_its_kernel_first(run):
    book, _ = run
    assert book.printed("harmless").startswith("'' b'' b''\n1000\n")


def test_a_line_may_be_long_and_overwrite_itself(run):
    book, _ = run
    assert book.printed("harmless").endswith("x" * 1_000_000 + "\n20%\n")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (None, "the kernel does not answer"),
        (7, "the code of the cell ended it with status 7"),
        (-9, "it was killed (SIGKILL), as the system does when memory runs out"),
        (-11, "Segmentation fault, from a fault in compiled code or from elsewhere"),
    ],
)
def test_the_death_of_a_kernel_is_explained(status, said):
    assert said in kernel_end.why_it_died(status)


def test_a_page_that_changes_the_book_fails_the_build(book, commit):
    for name in ("chapters/notes.txt", "chapters/helper.py", "README.md"):
        (book.root / name).write_text("as it was")
    (book.root / ".gitignore").write_text("_build\n")
    book.add(
        "one",
        "from pathlib import Path\n"
        "Path('notes.txt').unlink()\n"
        "for name in ('help' + 'er.py', '../READ' + 'ME.md'):\n"
        "    Path(name).write_text('x = 2')\n"
        "Path('../intro.md').write_text('# Other')\n"
        "Path('own.txt').write_text('new')",
    )
    os.system(f"git -C '{book.root}' init --quiet")
    commit(book.root)
    done = book.execute()
    assert done.returncode == 1
    names = "chapters/helper.py, chapters/notes.txt, intro.md"
    changed = f"changed or vanished while it ran: {names}. A page leaves them"
    assert "1 of 1 pages ran while the book's own files changed:" in done.stdout
    assert "failed" not in done.stdout
    kept = "it ran and is kept; run again to go on"
    assert f"chapters/one\n  {kept}\n  the book's own files {changed}" in done.stdout
    assert book.executed("one").exists()
    assert "Traceback" not in done.stdout + done.stderr


def test_a_file_that_cannot_be_read_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("a")
    read = Path.read_bytes

    def refuse(path):
        if path.name == "b":
            raise PermissionError(path)
        return read(path)

    (tmp_path / "b").write_text("b")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    files = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    assert hashes_of(files) == {tmp_path / "a": sha256(b"a")}


def test_where_utf8_cannot_be_had_the_program_begins_anew_but_once(monkeypatch):
    begun = []
    monkeypatch.setattr(__main__.locale, "getpreferredencoding", lambda _: "latin-1")
    monkeypatch.setattr(__main__.os, "execv", lambda *command: begun.append(command))
    monkeypatch.setenv("PYTHONUTF8", "0")
    __main__._insist_on_utf8()
    __main__._insist_on_utf8()
    assert len(begun) == 1


def test_only_what_came_after_the_start_of_a_kernel_is_taken_for_its_own():
    bare = {"start_new_session": True, "env": {"PATH": "/bin:/usr/bin"}}
    users = subprocess.Popen(["sleep", "60"], **bare)
    try:
        others = kernel_end.children()
        left = subprocess.Popen(["sleep", "61"], **bare)
        dead = subprocess.Popen(["true"], **bare)
        os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
        assert kernel_end.end_what_is_left("no mark") == []
        assert kernel_end.end_what_is_left("no mark", others=others) == ["sleep 61"]
        assert not psutil.pid_exists(left.pid), "it was not reaped"
        assert users.poll() is None
        dead.wait()
    finally:
        users.kill()
        users.wait()


def test_without_git_the_pages_and_their_order_are_what_no_page_may_change(book):
    book.add("one", "x = 1")
    assert tracked_files(book.root) == []
    names = {book.root / name for name in ("_config.yml", "_toc.yml", "intro.md")}
    assert {*Book.load(book.root).files} == names | {book.source("one")}


PERSONAL = {
    "PYTHONPATH": "/mine",
    "PYTHONSTARTUP": "/mine/startup.py",
    "PYTHONOPTIMIZE": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "latin-1",
    "JUPYTER_PATH": "/mine",
    "JUPYTER_CONFIG_DIR": "/mine",
    "IPYTHONDIR": "/mine",
    "MPLBACKEND": "agg",
    "MATPLOTLIBRC": "/mine",
    "KERAS_BACKEND": "torch",
    "KERAS_HOME": "/mine",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math",
    "NVIDIA_TF32_OVERRIDE": "1",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_CONFIG": "{}",
    "NPY_DISABLE_CPU_FEATURES": "AVX2",
    "OPENBLAS_CORETYPE": "Prescott",
    "MKL_CBWR": "COMPATIBLE",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "PYTHONHASHSEED": "1",
    "COLUMNS": "40",
    "NO_COLOR": "1",
    "LC_ALL": "C",
    "LANG": "de_DE.ISO-8859-1",
    "LANGUAGE": "de",
}


def test_settings_of_a_users_own_do_not_reach_a_kernel(monkeypatch, tmp_path):
    for name, value in PERSONAL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setenv("LANGCHAIN_API_KEY", "a")
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    kernels = kernel_start.environment(1, tmp_path)
    assert not {*PERSONAL.items()} & {*kernels.items()}
    assert (kernels["CUDA_VISIBLE_DEVICES"], kernels["LANGCHAIN_API_KEY"]) == ("1", "a")
    assert kernels["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert kernels["PYTHONHASHSEED"] == "0"
    assert kernels["PYTHONUTF8"] == kernels["PYTHONNOUSERSITE"] == "1"


def test_what_rnn_utils_warns_of_does_not_reach_a_kernel(monkeypatch, tmp_path):
    source = Path(find_spec("rnn_utils").origin).with_name("backend.py").read_text()
    (settings,) = re.findall(r"^_DECIDE_DIGITS = \((.*?)^\)", source, re.M | re.S)
    names = re.findall(r'"(\w+)"', settings)
    for name in names:
        monkeypatch.setenv(name, "1")
    assert names
    assert not {*names} & kernel_start.environment(1, tmp_path).keys()


def test_packages_that_a_user_installed_for_himself_are_used_where_there_are_no_others(
    monkeypatch, tmp_path
):
    home = Path(find_spec("ipykernel").origin).parents[1]
    monkeypatch.setattr("site.getusersitepackages", lambda: str(home))
    assert "PYTHONNOUSERSITE" not in kernel_start.environment(1, tmp_path)


def test_kernels_that_a_user_installed_are_not_found(monkeypatch, tmp_path):
    kernel = tmp_path / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text('{"argv": ["false"], "display_name": "mine", "language": "python"}')
    (tmp_path / "jupyter_config.py").write_text("c.KernelSpecManager.kernel_dirs = ['/mine']")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    found = kernel_start.kernel_manager(1, tmp_path)().kernel_spec_manager.get_kernel_spec(
        "python3"
    )
    assert found.argv[:3] == [sys.executable, "-m", "ipykernel_launcher"]


NO_TEXT = (
    "'\ufffd' is on the page, which is no text: it controls a terminal, or stands for bytes that "
    "are not UTF-8"
)


def gate_on(book, output):
    book.add("one", "x = 1")
    book.pretend("one", {"c1": [output]})
    return [finding.what for finding in gate(Book.load(book.root).notebooks[0])]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (
            {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "Slider"},
            "a widget is on the page, which does nothing without a kernel",
        ),
        (
            {"application/vnd.plotly.v1+json": {"data": []}},
            "no page can show an output of the type application/vnd.plotly.v1+json",
        ),
        ({"text/markdown": "caf\ufffd"}, NO_TEXT),
        ({"text/plain": "\x9b31mred"}, NO_TEXT.replace("\ufffd", "\\x9b")),
        ({"application/vnd.plotly.v1+json": {}, "text/html": "<p>1</p>"}, ""),
        ({"application/papermill.record/text/plain": "1"}, ""),
        ({"text/latex": "$x$"}, ""),
    ],
    ids=[
        "widget",
        "plotly alone",
        "latin-1",
        "8-bit control",
        "plotly as HTML",
        "a record",
        "LaTeX",
    ],
)
def test_an_output_is_refused_that_no_page_can_show(book, data, what):
    assert gate_on(book, new_output("display_data", data=data)) == ([what] if what else [])


def test_bytes_that_are_no_text_are_refused(book):
    assert gate_on(book, new_output("stream", name="stdout", text="caf\ufffd\n")) == [NO_TEXT]


def test_a_locale_of_another_encoding_changes_nothing(book):
    book.add("größe_ж", "x = 1")
    done = book.run_apart("pages", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="C")
    assert (done.returncode, done.stderr) == (0, "")
    assert "chapters/größe_ж" in done.stdout


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_checkout_that_cannot_be_written_gets_a_message(book, monkeypatch, capsys, number):
    def refuse(path, *arguments, **options):
        raise OSError(number, os.strerror(number), str(path))

    book.add("one", "x = 1")
    monkeypatch.setattr(Path, "mkdir", refuse)
    for verb in ("execute", "html"):
        assert main(["--book", str(book.root), verb]) == 1
        error = capsys.readouterr().err
        assert (
            f"{os.strerror(number)}: '{book.root / '_build'}'; copy the book to a folder" in error
        )


def test_a_machine_without_ipv4_uses_ipv6_and_one_without_any_is_told(monkeypatch):
    create = socket.create_server
    missing = {"127.0.0.1"}

    def only_some(address, **options):
        if address[0] in missing:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        if address[0] == "::1":
            return socket.socket()  # it may be missing here
        return create(address, **options)

    assert workers.loopback()["host"] == "127.0.0.1"
    monkeypatch.setattr(workers.socket, "create_server", only_some)
    assert workers.loopback() == {
        "host": "::1",
        "dashboard": False,
        "dashboard_address": "::1:0",
    }
    missing.add("::1")
    with pytest.raises(BookError, match="ip link set lo up"):
        workers.loopback()
