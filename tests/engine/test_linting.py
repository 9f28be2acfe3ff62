"""A commit is looked at before a machine is leased for it; where none is leased, after the trials."""

import pytest
from sqlalchemy import text
from tests.engine.harness import FILES, Controller, Files, Outside, assert_clean, reason
from tests.fakes.source import Submodule

from reprise.domain.audit import Action
from reprise.domain.forge import OnCommit, State
from reprise.domain.lint.model import Severity
from reprise.domain.lint.noticed import Linted, Noticed
from reprise.domain.run import Reason, Repository, Sha

ERROR = Noticed("RX32", Severity.ERROR, "train.py", 1, "an absolute path", "write it from the root")
WARNING = Noticed("RX03", Severity.WARNING, "reprise.yaml", 6, "no place", "name the place as where")
GRAVE = Linted((ERROR, WARNING), errors=1, warnings=1)
LIGHT = Linted((WARNING,), warnings=1)


def tagged(controller: Controller) -> tuple[Repository, Sha]:
    repository = controller.outside.repository()
    sha = controller.outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    return repository, sha


def report(outside: Outside, repository: Repository, sha: Sha) -> str:
    (comment,) = outside.comments(repository, OnCommit(sha))
    return comment.body


def test_errors_end_a_run_before_a_machine_is_leased(controller: Controller, outside: Outside) -> None:
    outside.provider.leases, outside.linter.finds = True, GRAVE
    repository, sha = tagged(controller)
    assert_clean(controller)
    run = controller.run()
    assert reason(run) is Reason.ERRORS_FOUND
    assert (run.allocation, run.built, outside.provider.released) == (None, None, [])
    assert Action.MACHINE_ASKED not in {deed.action for deed in controller.audit(run)}
    status = outside.statuses(repository, sha)["reprise/wine"]
    assert status.state is State.FAILURE
    shown = report(outside, repository, sha)
    assert "<details open><summary>Found in the repository (1 error, 1 warning)</summary>" in shown
    assert "train.py:1: RX32 an absolute path. Write it from the root" in shown


def test_warnings_lease_a_machine_and_stand_in_the_report(controller: Controller, outside: Outside) -> None:
    outside.provider.leases, outside.linter.finds = True, LIGHT
    repository, sha = tagged(controller)
    assert_clean(controller)
    assert reason(controller.run()) is Reason.COMPLETED
    assert len(outside.linter.shown) == 1
    assert "<details><summary>Found in the repository (1 warning)" in report(outside, repository, sha)


def test_where_nothing_is_leased_errors_are_shown_and_the_run_goes_on(
    controller: Controller, outside: Outside
) -> None:
    outside.linter.finds = GRAVE
    repository, sha = tagged(controller)
    assert_clean(controller)
    run = controller.run()
    assert reason(run) is Reason.COMPLETED
    assert run.linted == GRAVE
    assert "(1 error, 1 warning)" in report(outside, repository, sha)


def test_a_look_that_fails_keeps_nobody_from_a_machine(controller: Controller, outside: Outside) -> None:
    outside.provider.leases, outside.linter.finds = True, Linted(problem="it took longer than 45 s")
    repository, sha = tagged(controller)
    assert reason(controller.run()) is Reason.COMPLETED
    assert "could not be looked at: it took longer than 45 s" in report(outside, repository, sha)


@pytest.mark.parametrize("leases", [True, False])
def test_the_whole_commit_is_looked_at_once_without_its_submodules(
    controller: Controller, outside: Outside, leases: bool
) -> None:
    outside.provider.leases = leases
    repository = outside.repository()
    files: Files = {
        "reprise.yaml": SPEC_WITHOUT_CLAIM,
        "train.py": "",
        "vendor": Submodule("https://x.test/v.git"),
    }
    outside.tag(repository, "v1", files)
    controller.told_tag(repository, "v1")
    controller.work()
    (request,) = outside.linter.shown
    assert request.submodules == ("vendor",)
    assert (request.repository, request.spec_file) == ("ada/wine", "reprise.yaml")
    assert outside.linter.files == [frozenset({"reprise.yaml", "train.py"})]


def test_the_spec_of_the_parent_commit_is_looked_at_too(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    before = outside.source.commit(repository, {"reprise.yaml": "before"})
    sha = outside.source.commit(repository, FILES, parent=before)
    outside.forge.add_commit(repository, sha)
    outside.source.tag(repository, "v1", sha)
    controller.told_tag(repository, "v1")
    controller.work()
    assert [request.before for request in outside.linter.shown] == ["before"]


def test_a_parent_that_is_gone_changes_nothing(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    sha = outside.source.commit(repository, FILES, parent=Sha("0" * 40))
    outside.forge.add_commit(repository, sha)
    outside.source.tag(repository, "v1", sha)
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    assert [request.before for request in outside.linter.shown] == [None]
    assert reason(controller.run()) is Reason.COMPLETED


SPEC_WITHOUT_CLAIM = "version: 1\nrun:\n  command: [python, train.py]\n"


def test_nobody_looks_at_a_commit_that_was_never_laid_out(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1", {"reprise.yaml": "version: 2\n"})
    controller.told_tag(repository, "v1")
    controller.work()
    assert reason(controller.run()) is Reason.SPEC_INVALID
    assert outside.linter.shown == []


def test_a_tree_that_cannot_be_laid_out_leases_no_machine(controller: Controller, outside: Outside) -> None:
    outside.provider.leases = True
    repository = outside.repository()
    outside.tag(repository, "v1", {"reprise.yaml": SPEC_WITHOUT_CLAIM, "vendor": Submodule(None)})
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    assert reason(controller.run()) is Reason.BUILD_FAILED
    assert outside.provider.released == []


def test_a_run_of_the_time_before_shows_nothing(controller: Controller, outside: Outside) -> None:
    outside.linter.finds = GRAVE
    tagged(controller)
    with controller.world.store.write() as connection:
        connection.execute(text("UPDATE runs SET linted = NULL"))
    assert controller.run().linted is None
