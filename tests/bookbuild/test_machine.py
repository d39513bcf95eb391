"""What a machine is: its GPUs, its packages, where its digits are."""

import os
import site

import pytest

from bookbuild.book import BookError
from bookbuild.running import machine, workers
from bookbuild.running.machine import gpu_models, places_here, this_machine

GPUS = "0, GPU-11aa, 40960, A100\n1, GPU-22bb, 15360, T4\n"


@pytest.fixture
def two_gpus(monkeypatch, tmp_path):
    """Pretend that this machine has two GPUs of different models."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\nprintf '{GPUS}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("visible", "models"),
    [("0", ["A100"]), ("1,0", ["A100", "T4"]), ("GPU-22", ["T4"]), ("", ["none"]), ("7", ["none"])],
)
def test_gpus_are_chosen_by_number_or_by_the_start_of_their_name(
    two_gpus, monkeypatch, visible, models
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpu_models() == models


@pytest.mark.parametrize(
    ("visible", "cores", "pages"),
    [("1", 64, 5), ("0,1", 64, 10), ("0,1", 4, 4), ("", 4, 4)],
)
def test_pages_share_a_gpu_as_its_memory_allows(two_gpus, monkeypatch, visible, cores, pages):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(workers, "CPU_COUNT", cores)
    monkeypatch.setattr(workers, "KERNEL_BYTES", 2**20)
    assert workers.default_workers() == pages


def test_a_gpu_without_memory_of_its_own_runs_one_page(monkeypatch, two_gpus, tmp_path):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho '0, GPU-11aa, [N/A], GB10'\n")
    assert workers.default_workers() == 1


def test_each_model_of_gpu_is_a_place_of_its_own(two_gpus):
    assert [place.device["gpu"] for place in places_here(())] == ["A100", "T4"]


def test_a_book_that_is_not_installed_is_no_place(monkeypatch):
    monkeypatch.setattr("bookbuild.running.machine.distributions", lambda **options: [])
    with pytest.raises(BookError, match=r"pip install --no-deps -e \."):
        this_machine()


@pytest.mark.parametrize("where", ["PYTHONPATH", "user site"])
def test_packages_that_a_kernel_does_not_see_do_not_count(where, monkeypatch, tmp_path):
    there = this_machine().packages["numpy"]
    info = tmp_path / "numpy-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    if where == "PYTHONPATH":
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    else:
        monkeypatch.setattr(site, "getusersitepackages", lambda: str(tmp_path))
    assert this_machine().packages["numpy"] == there


def test_a_relative_path_to_the_digits_is_one_place_for_all(book):
    book.add("one", "import os; print(os.environ['RNN_UTILS_DATA'])")
    done = book.run_apart("execute", "--workers", "1", RNN_UTILS_DATA="digits")
    assert done.returncode == 0, done.stderr
    assert book.printed("one") == f"{book.root / 'digits'}\n"


def test_scripts_and_styles_count_as_sources_of_the_package():
    assert {"__init__.py", "page/explorer/explorer.js", "page/explorer/explorer.css"} <= set(
        this_machine().rnn_utils
    )


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        ("echo 'driver warning'", "nvidia-smi names none, it says 'driver warning'"),
        ("echo 'No devices were found'; exit 6", "nvidia-smi does not answer"),
        ("sleep 60", "nvidia-smi does not answer"),
        ("exec /nowhere", "nvidia-smi does not answer"),
    ],
)
def test_a_gpu_tool_that_makes_no_sense_is_no_gpu_and_one_line(
    tool, told, two_gpus, monkeypatch, tmp_path, capsys
):
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{tool}\n")
    monkeypatch.setattr(machine, "SMI_SECONDS", 1)
    for _ in range(2):
        assert gpu_models() == ["none"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("no GPU is used: ")
    assert told in line


def test_a_line_beside_the_gpus_is_left_out(two_gpus, tmp_path):
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\necho 'driver warning'\nprintf '{GPUS}'\n")
    assert gpu_models() == ["A100", "T4"]
