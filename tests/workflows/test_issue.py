"""The issue about the weekly run: one at most, and closed when all is well."""

import pytest

RUN = "https://github.com/someone/fork/actions/runs/7"


@pytest.fixture
def report(project):
    """Return a function that reports results to a GitHub where issues are open."""

    def reported(newest, colab, audit="success", open_issues="", status=0):
        done = project.run(
            "make issue",
            NEWEST=newest,
            COLAB=colab,
            AUDIT=audit,
            OPEN_ISSUES=open_issues,
            GH_STATUS=str(status),
        )
        return done, project.said("gh.log").splitlines()

    return reported


def called(calls, words):
    return [call for call in calls if call.startswith(words)]


@pytest.mark.parametrize(
    "results",
    [
        ("failure", "success", "success"),
        ("success", "failure", "success"),
        ("success", "success", "failure"),
    ],
)
def test_a_failure_opens_an_issue_and_closes_the_one_before(report, results):
    done, calls = report(*results, open_issues="5")
    assert done.returncode == 0, done.stderr
    (created,) = called(calls, "issue create")
    assert RUN in created
    assert called(calls, "issue close") == [
        "issue close 5 --comment The weekly run still fails: "
        "https://github.com/someone/fork/issues/8"
    ]


def test_the_first_failure_closes_nothing(report):
    _, calls = report("failure", "failure")
    assert called(calls, "issue create")
    assert not called(calls, "issue close")


def test_a_success_closes_what_is_open_and_opens_nothing(report):
    done, calls = report("success", "success", open_issues="5\n6")
    assert done.returncode == 0, done.stderr
    assert not called(calls, "issue create")
    closed = called(calls, "issue close")
    assert [call.split()[2] for call in closed] == ["5", "6"]
    assert all(f"passes again: {RUN}" in call for call in closed)


def test_a_job_that_ran_out_of_time_counts_as_a_failure(report):
    _, calls = report("cancelled", "success")
    assert called(calls, "issue create")


def test_a_github_that_does_not_answer_fails_the_job(report):
    done, calls = report("failure", "success", open_issues="5", status=1)
    assert done.returncode != 0
    assert not called(calls, "issue create")
