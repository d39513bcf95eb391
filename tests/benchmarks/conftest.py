"""Results as a run leaves them, made up: what the tables, figures and goals are read from."""

from dataclasses import asdict

import pytest

from benchmarks.jobs import PARTS, Plan
from benchmarks.results import Results

SPEED = {"ours": 300e3, "keras": 76e3, "keras-unrolled": 101e3, "pytorch": 106e3, "jax": 145e3}
COLD = {"ours": 1.0, "keras": 1.5, "keras-unrolled": 1.35, "pytorch": 1.6, "jax": 1.3}
SHARE = {"basic": 1.0, "bidirectional": 0.6, "deep": 0.09, "lstm": 0.3}  # of the basic speed
SHARE |= {"masked": 0.25, "masked-steps": 0.2}
MILLISECONDS = {"ours": 21, "copy": 5.4, "opencv": 160, "pillow": 1040, "scikit-image": 2120}


def measured(job, number):
    """Return what a worker could have measured in a round; the first round is the best."""
    slower = 1 + 0.1 * (number - 1)
    if job["measure"] == "sgemm":
        return {"flops_per_second": 300e9 / slower}
    if job["measure"] == "reduction":
        return {
            "seconds": MILLISECONDS[job["reducer"]] / 1000 * slower,
            "extra_mib": 70.0,
        }
    share = SHARE[job["network"]]
    return {
        "parameters": 5834,
        "loss": 0.6,
        "start_seconds": 3.0 * slower,
        "cold_seconds": COLD[job["contender"]] / share * slower,
        "samples_per_second": SPEED[job["contender"]]
        * share
        * 64
        / job["recipe"]["n_hidden"]
        / slower,
        "peak_mib": 700.0 * slower,
    }


@pytest.fixture
def results():
    """Return a function that makes up the results of a part."""

    def make_up(part, plan=None):
        plan = plan or Plan(rounds=2)
        return Results(
            part=part,
            date="2026-01-31",
            machine={"processor": "Abacus", "memory": "24 GiB"},
            busy_percent=1.0,
            digits="mnist",
            recipe=asdict(plan.recipe),
            rounds=plan.rounds,
            left_out={"Theano": "not installed: theano"},
            measurements=[
                {**job, "round": number, **measured(job, number)}
                for number in range(1, plan.rounds + 1)
                for job in PARTS[part](plan)
            ],
        )

    return make_up
