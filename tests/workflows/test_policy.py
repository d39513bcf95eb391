"""What docs/ci.md promises: who may do what, where and at whose expense."""

import json
import re

import pytest

HOSTED = "ubuntu-24.04"
MAY_WRITE = {
    ("book", "publish"): {"pages": "write", "id-token": "write"},
    ("weekly", "report"): {"contents": "read", "issues": "write"},
}


@pytest.fixture
def jobs(workflows):
    """Return every job by the names of its workflow and its own."""
    return {
        (workflow, name): job
        for workflow, contents in workflows.items()
        for name, job in contents["jobs"].items()
    }


def actions(job):
    return [step["uses"] for step in job["steps"] if "uses" in step]


def test_a_job_may_read_and_only_two_may_write(jobs, workflows):
    assert all(workflow["permissions"] == {} for workflow in workflows.values())
    for name, job in jobs.items():
        assert job["permissions"] == MAY_WRITE.get(name, {"contents": "read"}), name


def test_publishing_runs_no_code_of_the_book(jobs):
    publish = jobs["book", "publish"]
    assert [action.split("@")[0] for action in actions(publish)] == ["actions/deploy-pages"]
    assert not any("run" in step for step in publish["steps"])
    assert publish["if"] == "github.ref == 'refs/heads/main'"


def test_reporting_installs_nothing(jobs):
    (command,) = [step["run"] for step in jobs["weekly", "report"]["steps"] if "run" in step]
    assert command == "make issue"


def test_a_pull_request_gets_no_secret_and_no_machine_of_ours(root, workflows):
    assert set(workflows["pull-request"]["on"]) == {"pull_request"}
    assert all(job["runs-on"] == HOSTED for job in workflows["pull-request"]["jobs"].values())
    text = (root / ".github" / "workflows" / "pull-request.yml").read_text()
    assert not re.search(r"secrets\.|vars\.|github\.token", text)


def test_only_the_chapters_run_on_a_machine_of_ours(jobs, workflows):
    elsewhere = {name for name, job in jobs.items() if job["runs-on"] != HOSTED}
    assert elsewhere == {("book", "run")}
    assert set(workflows["book"]["on"]) == {"push", "schedule", "workflow_dispatch"}


def test_the_gpu_is_tried_before_a_chapter_runs(jobs):
    commands = [step.get("run", "") for step in jobs["book", "run"]["steps"]]
    assert commands.index("make preflight") < commands.index("make pages")


def test_the_address_is_set_before_anything_of_the_book_is_made(jobs):
    for name, job in jobs.items():
        commands = [step.get("run", "").split()[:2] for step in job["steps"]]
        for target in ("book", "pages", "site"):
            if ["make", target] in commands:
                assert commands.index(["make", "repository"]) < commands.index(["make", target]), (
                    name
                )


def test_no_checkout_leaves_its_token_behind(jobs):
    for job in jobs.values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_every_action_is_pinned_to_one_commit_with_its_version(root):
    pins = {}
    for path in (root / ".github").rglob("*.yml"):
        for line in re.findall(r"uses: (.*)", path.read_text()):
            if line.startswith("$/"):
                assert (root / line.removeprefix("$/") / "action.yml").is_file(), line
                continue
            pin = re.fullmatch(r"(actions/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line)
            assert pin, line
            pins.setdefault(pin[1], set()).add(pin.groups()[1:])
    assert pins
    assert all(len(versions) == 1 for versions in pins.values()), pins


def test_pull_requests_are_tested_on_every_python_that_the_book_supports(root, workflows):
    matrix = workflows["pull-request"]["jobs"]["test"]["strategy"]["matrix"]
    install = (root / "requirements" / "install.py").read_text()
    oldest, newest = re.search(r"OLDEST, NEWEST = \(3, (\d+)\), \(3, (\d+)\)", install).groups()
    assert matrix["python"] == [f"3.{minor}" for minor in range(int(oldest), int(newest) + 1)]


def test_the_page_about_the_workflows_names_what_each_runs(root, workflows):
    text = (root / "docs" / "ci.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)\.yml` \| (.*)$", text, re.M))
    assert set(rows) == set(workflows)
    for name, row in rows.items():
        jobs = workflows[name]["jobs"].values()
        commands = " ".join(step.get("run", "") for job in jobs for step in job["steps"])
        for target in re.findall(r"`make (\w+)`", row):
            assert f"make {target}" in commands, f"{name}.yml does not run make {target}"
        promised = {
            "schedule": "Mondays|each month",
            "pull_request": "pull request",
            "push": "push",
        }
        for event in promised.keys() & workflows[name]["on"]:
            assert re.search(promised[event], row), f"{name}.yml also runs on {event}"


def test_the_locks_are_audited_each_week_and_without_the_book(workflows):
    (command,) = [
        step["run"] for step in workflows["weekly"]["jobs"]["audit"]["steps"] if "run" in step
    ]
    assert command == "make audit"
    assert set(workflows["weekly"]["jobs"]["report"]["needs"]) == (
        set(workflows["weekly"]["jobs"]) - {"report"}
    )


def test_a_codespace_makes_the_environment_of_the_book(root, workflows):
    container = json.loads((root / ".devcontainer" / "devcontainer.json").read_text())
    image, _, python = container["image"].partition(":")
    assert image == "mcr.microsoft.com/devcontainers/python"
    assert python in workflows["pull-request"]["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert container["postCreateCommand"] == "make environment"
    serve = re.search(r"--directory _build/html (\d+)", (root / "Makefile").read_text())
    assert int(serve[1]) in container["forwardPorts"]
