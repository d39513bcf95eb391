"""Every command of every workflow, run here in the order of its jobs.

They run for real, on a checkout whose book has one small page and whose tests are one test: the
targets are those of the Makefile, and what they do with the whole book and all tests is what
`make book` and `make test` do here every day. GitHub itself is played by its variables, by values
for the expressions, and by a `gh` that only notes how it was called.
"""

import re

# What GitHub would put in the place of an expression.
EXPRESSIONS = {
    "github.repository": "someone/fork",
    "github.token": "a-token",
    "needs.colab.result": "success",
    "needs.newest.result": "failure",
    "needs.audit.result": "success",
    "(vars.GPU_RUNNER || !github.event.repository.fork) && 'gpu' || 'book'": "gpu",
}
# What a command says that cannot succeed here, by the command.
REFUSED_HERE = {"make preflight": "sees no GPU"}


def steps(workflow):
    """Yield the steps of a workflow that run a command, with their variables."""
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                variables = {**job.get("env", {}), **step.get("env", {})}
                yield step["run"], {name: filled(value) for name, value in variables.items()}


def filled(value):
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: EXPRESSIONS[found[1]], value)


def run_all(workflow, workplace):
    """Run the commands of a workflow; each must succeed, or be refused for the right reason."""
    for command, variables in steps(workflow):
        done = workplace.run(command, **variables)
        said = done.stdout + done.stderr
        if done.returncode and command in REFUSED_HERE:
            assert REFUSED_HERE[command] in said
        else:
            assert done.returncode == 0, f"{command}\n{said[-4000:]}"


def test_a_pull_request_gets_a_site_and_the_list_of_its_pages(workflows, workplace):
    run_all(workflows["pull-request"], workplace)
    assert (workplace.folder / "_build" / "html" / "chapters" / "01_small.html").is_file()
    assert "- `intro`" in workplace.said("summary")


def test_the_book_is_run_and_built_with_the_address_of_the_fork(workflows, workplace):
    run_all(workflows["book"], workplace)
    page = (workplace.folder / "_build" / "html" / "chapters" / "01_small.html").read_text()
    assert "/github/someone/fork/blob/main/chapters/01_small.ipynb" in page


def test_the_weekly_run_renews_the_locks_and_opens_an_issue(workflows, workplace, uv):
    run_all(workflows["weekly"], workplace)
    assert "tensorflow==" in (workplace.folder / "requirements" / "colab.lock").read_text()
    assert "issue create" in workplace.said("gh.log")


def test_every_lock_is_audited_and_a_vulnerability_fails_the_job(root, workplace):
    done = workplace.run("make audit")
    assert done.returncode == 0, done.stderr
    audited = workplace.said("audit.log")
    assert "--strict --disable-pip --require-hashes" in audited
    locks = {f"requirements/{path.name}" for path in (root / "requirements").glob("*.lock")}
    assert locks - {"requirements/colab.lock"} <= set(audited.split())
    assert workplace.run("make audit", AUDIT_STATUS="1").returncode != 0


def test_every_workflow_is_run_by_these_tests(workflows):
    assert set(workflows) == {"book", "pull-request", "weekly"}


def test_every_command_is_a_target_of_make(root, workflows):
    makefile = (root / "Makefile").read_text()
    targets = set(" ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.M)).split())
    for workflow in workflows.values():
        for command, _ in steps(workflow):
            for line in command.strip().splitlines():
                target = re.match(r"make (\w+)", line)
                assert target and target[1] in targets, line


def test_a_page_that_is_not_there_is_refused(workplace):
    done = workplace.run("make pages CHAPTER='../other'")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
