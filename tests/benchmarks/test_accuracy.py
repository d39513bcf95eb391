"""Networks trained for chapter 5, at tiny sizes: what is kept, and what is run again."""

import json
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as command
from benchmarks import accuracy
from benchmarks.jobs import WorkerError
from benchmarks.results import Results
from rnn_utils import BETTER

QUICK = ["accuracy", "--quick", "--epochs", "1"]


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch):
    """Do not wait a second to see how busy the machine is."""
    monkeypatch.setattr("psutil.cpu_percent", lambda interval: 0.0)


@pytest.fixture
def made_up(monkeypatch):
    """Replace the trainings by results that are made up; return which were asked for."""
    held = {"mnist": 5000, "mnist-5k": 400}  # 5000, or a tenth of what there is to learn from
    asked = []

    def run(job, folder, **env):
        assert env["OMP_NUM_THREADS"] == "1"
        assert job["held"] == held[job["source"]]
        asked.append((job["network"], job["seed"]))
        if job["seed"] == 3:
            raise WorkerError("exit status 1, MemoryError")
        return {"accuracy": 0.9, "seconds": 1.0}

    monkeypatch.setattr("benchmarks.accuracy.run_job", run)
    return asked


def test_a_network_is_trained_and_tested(tmp_path, capsys):
    arguments = ["--networks", "gru", "--seeds", "1", "--workers", "1", "--into", str(tmp_path)]
    assert command.main([*QUICK, *arguments]) == 0
    results = Results.read(tmp_path / "accuracy.json")
    (found,) = results.measurements
    assert (found["network"], found["seed"]) == ("gru", 0)
    assert found["parameters"] == 3 * (16 * 8 + 8 * 8 + 2 * 8) + 8 * 10 + 10
    assert found["correct"] == found["tested"] - len(found["misread"])
    assert found["accuracy"] == pytest.approx(found["correct"] / found["tested"])
    updates, *measured = zip(*found["curve"], strict=True)
    assert updates[-1] == results.recipe["iterations"]
    assert list(updates) == sorted(set(updates))
    assert len(measured) == 3
    assert found["seconds"] > 0
    assert {"processor", "commit of the book", "packages"} <= results.machine.keys()
    assert "1 of 1: gru, seed 0" in capsys.readouterr().out


def test_what_is_finished_is_not_run_again(tmp_path, made_up, capsys):
    few = [*QUICK, "--networks", "basic", "lstm", "--into", str(tmp_path), "--workers", "1"]
    assert command.main([*few, "--seeds", "1"]) == 0
    assert made_up == [("lstm", 0), ("basic", 0)], "the slowest first"
    made_up.clear()
    assert command.main([*few, "--seeds", "2"]) == 0
    assert made_up == [("lstm", 1), ("basic", 1)]
    assert "2 of 4 trainings are in" in capsys.readouterr().out
    done = Results.read(tmp_path / "accuracy.json").measurements
    assert [(each["network"], each["seed"]) for each in done] == [
        ("basic", 0),
        ("basic", 1),
        ("lstm", 0),
        ("lstm", 1),
    ]


def test_a_failure_is_told_and_tried_again(tmp_path, made_up, capsys):
    few = [*QUICK, "--networks", "basic", "--into", str(tmp_path), "--seeds", "4"]
    assert command.main(few) == 1
    assert "basic, seed 3 FAILED: exit status 1, MemoryError" in capsys.readouterr().out
    made_up.clear()
    assert command.main(few) == 1
    assert made_up == [("basic", 3)]


def test_runs_of_another_commit_do_not_count(tmp_path, made_up, capsys):
    few = [*QUICK, "--networks", "basic", "--into", str(tmp_path), "--seeds", "1"]
    command.main(few)
    file = tmp_path / "accuracy.json"
    before = json.loads(file.read_text())
    before["machine"]["commit of the book"] = "another"
    file.write_text(json.dumps(before))
    made_up.clear()
    command.main(few)
    assert made_up == [("basic", 0)]
    assert "all is run anew" in capsys.readouterr().out


def test_only_a_whole_run_is_published(tmp_path, made_up, monkeypatch):
    monkeypatch.setattr(accuracy, "PUBLISHED", tmp_path / "published")
    monkeypatch.setattr(accuracy, "TRIED", tmp_path / "tried")
    command.main(QUICK)
    assert not (tmp_path / "published").exists()
    assert (tmp_path / "tried" / "accuracy.json").exists()
    mnist = SimpleNamespace(train_images=range(60_000), source="mnist")
    monkeypatch.setattr(accuracy, "load_mnist", lambda source: mnist)
    command.main(["accuracy", "--workers", "3"])
    published = Results.read(tmp_path / "published" / "accuracy.json")
    assert published.recipe["iterations"] == 22_000
    assert len(published.measurements) == 5 * len(accuracy.NETWORKS)


def test_the_recipe_is_stretched():
    assert accuracy.stretched(BETTER, 60_000, 1) == BETTER
    ten = accuracy.stretched(BETTER, 55_000, 10)
    assert (ten.iterations, ten.warm_up) == (22_000, 2_200)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--epochs", "0"], "'0' is not a whole number above 0"),
        (["--networks", "theano"], "invalid choice: 'theano'"),
    ],
)
def test_a_wrong_command_line_is_refused(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["accuracy", *arguments])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err
