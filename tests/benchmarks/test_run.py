"""A run from the command line to the files, small, and what it says when it cannot."""

import json

import pytest

from benchmarks import __main__ as command
from benchmarks.contenders import CONTENDERS, OURS, REMEDY
from benchmarks.jobs import Plan, WorkerError, growth_jobs, run_rounds
from benchmarks.results import Results


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch):
    """Do not wait a second to see how busy the machine is."""
    monkeypatch.setattr("psutil.cpu_percent", lambda interval: 0.0)


def test_training_is_measured_and_written(tmp_path, capsys):
    arguments = ["speed", "--quick", "--contenders", OURS, "keras", "--networks", "basic"]
    assert command.main([*arguments, "--into", str(tmp_path)]) == 0
    results = Results.read(tmp_path / "speed.json")
    assert len(results.of("sgemm")) == 1
    for contender in (OURS, "keras"):
        (measured,) = results.of("training", contender=contender)
        assert measured["parameters"] == 290
        assert 1 < measured["loss"] < 4
        assert measured["peak_mib"] > 50
        assert all(measured[name] > 0 for name in ("cold_seconds", "samples_per_second"))
    assert "Keras fit" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "speed.svg").read_text().startswith("<?xml")
    assert "round 1  Basic 20 8 4, this book" in capsys.readouterr().out


def test_masks_are_measured_with_labels_of_both_kinds(tmp_path):
    arguments = ["masks", "--quick", "--contenders", OURS, "pytorch", "--networks", "basic"]
    assert command.main([*arguments, "--into", str(tmp_path)]) == 0
    results = Results.read(tmp_path / "masks.json")
    found = [(each["contender"], each["network"]) for each in results.of("training")]
    assert found == [(OURS, "masked"), (OURS, "masked-steps")]
    page = (tmp_path / "README.md").read_text()
    assert "|  | LSTM, a label per digit | LSTM, a label per step |" in page


def test_reduction_is_measured_and_absent_peers_are_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "benchmarks.contenders.find_spec", lambda name: None if name in ("torch", "cv2") else name
    )
    monkeypatch.setattr(command, "REDUCERS", {n: command.REDUCERS[n] for n in ("ours", "opencv")})
    assert command.main(["reduction", "--quick", "--into", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert f"PyTorch is left out, not installed: torch. Remedy: {REMEDY}" in said
    results = Results.read(tmp_path / "reduction.json")
    assert results.left_out == {
        "PyTorch": "not installed: torch",
        "OpenCV": "not installed: cv2",
    }
    assert [each["method"] for each in results.of("reduction")] == ["nearest", "area"]
    assert "| OpenCV | left out, not installed: cv2 |" in (tmp_path / "README.md").read_text()


def test_only_a_whole_run_is_published(monkeypatch):
    folders = []
    monkeypatch.setattr(command, "run_job", lambda job, folder: {"source": "mnist"})
    monkeypatch.setattr(command, "run_rounds", lambda *_: [])
    monkeypatch.setattr(command, "publish", lambda results, folder: folders.append(folder))
    monkeypatch.setattr(command, "goals", lambda results: [])
    monkeypatch.setattr("benchmarks.contenders.find_spec", lambda name: name)
    for arguments in ([], ["--quick"], ["--networks", "basic"], ["--rounds", "1"]):
        assert command.main(["growth", *arguments]) == 0
    assert folders == [command.PUBLISHED, *[command.TRIED] * 3]


def test_rounds_alternate_and_a_failure_is_not_tried_again(monkeypatch, tmp_path):
    ran = []

    def run(job, folder, python):
        ran.append(job["measure"])
        if job["measure"] == "bad":
            raise WorkerError("no")
        return {"value": len(ran)}

    monkeypatch.setattr("benchmarks.jobs.run_job", run)
    jobs = [{"measure": "a"}, {"measure": "bad"}, {"measure": "b"}]
    measurements = list(run_rounds(jobs, 2, tmp_path, {}))
    assert ran == ["a", "bad", "b", "a", "b"]
    assert [each["round"] for each in measurements] == [1, 1, 1, 2, 2]
    assert measurements[1] == {"measure": "bad", "round": 1, "error": "no"}


def test_growth_never_reads_more_digits_than_there_are():
    recipes = [job["recipe"] for job in growth_jobs(Plan())]
    assert all(each["batch_size"] * each["iterations"] <= 50_000 for each in recipes)
    assert len({str(each) for each in recipes}) * len(CONTENDERS) == len(recipes)


def test_a_gpu_is_needed_to_measure_one(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "gpu_models", lambda: ["none"])
    assert command.main(["gpu", "--quick", "--into", str(tmp_path)]) == 1
    assert "the part gpu needs an NVIDIA GPU" in capsys.readouterr().err


def test_a_contender_may_have_a_python_of_its_own(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "gpu_models", lambda: ["Abacus"])
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho this is another Python >&2; exit 3\n")
    other.chmod(0o755)
    arguments = ["gpu", "--quick", "--contenders", OURS, "pytorch", "--networks", "basic"]
    assert command.main([*arguments, "--python", "pytorch", str(other), "--into", str(tmp_path)])
    results = Results.read(tmp_path / "gpu.json")
    assert results.of("training", contender=OURS)[0]["library"].startswith("tensorflow 2.")
    (failure,) = results.failures
    assert failure["error"] == "exit status 3, this is another Python"
    assert "Training on a GPU" in (tmp_path / "README.md").read_text()
    assert "not installed" not in capsys.readouterr().out.partition("PyTorch")[2].splitlines()[0]


def test_a_run_where_all_fails_ends_in_plain_words(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "run_job", lambda job, folder: {"source": "mnist"})

    def fail(job, folder, python):
        raise WorkerError("exit status 1, MemoryError")

    monkeypatch.setattr("benchmarks.jobs.run_job", fail)
    assert command.main(["reduction", "--quick", "--into", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "nothing is written for reduction, every reduction job failed: exit status 1" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sped"], "'sped' is no part: choose from speed, masks, gpu, reduction, growth"),
        (["--rounds", "0"], "'0' is not a whole number above 0"),
        (["--contenders", "theano"], "invalid choice: 'theano'"),
    ],
)
def test_a_wrong_command_line_is_refused(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_an_unwritable_folder_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "run_job", lambda job, folder: {"source": "mnist"})
    monkeypatch.setattr(command, "run_rounds", lambda *_: [])
    (tmp_path / "file").write_text("")
    assert command.main(["growth", "--quick", "--into", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_the_machine_is_described():
    machine = command.describe_machine()
    assert json.loads(json.dumps(machine)) == machine
    assert machine["processor"]
    assert "numpy" in machine["packages"]
    assert "GiB" in machine["memory"]
