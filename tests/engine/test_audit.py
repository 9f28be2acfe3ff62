"""Who or what caused each run, stop, machine and what it cost: a line each, once, whatever happens."""

import pytest
from tests.engine.harness import FILES, SPEC, Controller, Outside, assert_clean, measured, pull_request
from tests.fakes.runner import FakeJob
from tests.fakes.source import Submodule

from reprise.domain.audit import Action, Unit
from reprise.domain.forge import OnCommit, Permission
from reprise.domain.run import Reason, RunId, Sha
from reprise.domain.run import Submodule as LaidOut
from reprise.domain.spec.model import Spec
from reprise.domain.spec.parse import parse_spec
from reprise.engine.reaper import Reaper
from reprise.ports import Failed, JobRequest
from reprise.store import intake as inbox
from reprise.store.intake import Delivery, NewTrigger, record_deliveries


def test_a_run_is_accounted_for_from_the_delivery_to_the_verdict(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    sha = outside.tag(repository, "v1")

    def job(_: JobRequest) -> FakeJob:
        outside.clock.advance(90)
        return measured(0.93)

    outside.runner.script = job
    trigger = NewTrigger(inbox.TAG, repository.id, repository.full_name, "v1", "ada")
    now = outside.clock.now()
    record_deliveries(controller.world.store, [Delivery("guid-1", "push", now, "tag v1", b"{}", trigger)])
    controller.work()
    run = controller.run()
    deeds = controller.audit(run)
    assert [deed.action for deed in deeds] == [
        Action.REQUESTED,
        Action.MACHINE_ASKED,
        Action.MACHINE_TAKEN,
        Action.MACHINE_RELEASED,
        Action.SPENT,
        Action.JUDGED,
    ]
    assert {deed.who for deed in deeds} == {"ada"}
    assert {(deed.repository, deed.ref, deed.commit) for deed in deeds} == {("ada/wine", "v1", sha)}
    requested, _, taken, released, spent, judged = deeds
    assert (requested.delivery, requested.at) == ("guid-1", now)
    assert requested.detail == f"tag v1 at {sha[:7]}"
    assert run.allocation is not None
    assert taken.detail == run.allocation.description
    assert (spent.amount, spent.unit) == ((released.at - taken.at).total_seconds(), Unit.MACHINE_SECONDS)
    assert spent.amount is not None
    assert spent.amount >= 90
    assert judged.detail == "reproduced"


@pytest.mark.parametrize("who", ["sweep", "backfill"])
def test_what_a_sweep_found_says_so(controller: Controller, outside: Outside, who: str) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1", who=who)
    controller.resolve()
    (requested,) = controller.audit()
    assert (requested.action, requested.who, requested.delivery) == (Action.REQUESTED, who, None)


def test_a_comment_that_may_not_is_told_once_and_names_the_comment(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    comment = controller.told_comment(pull, "/reproduce cancel", who="bob", times=3)
    on_commit = controller.told_commit_comment(pull.repository, pull.sha, who="bob")
    controller.work()
    first, second = controller.audit()
    assert (first.action, first.who, first.run_id) == (Action.REFUSED, "bob", None)
    assert (first.ref, first.comment_id) == ("#7", comment)
    assert first.detail == "bob may not write to this repository"
    assert (second.commit, second.comment_id) == (pull.sha, on_commit)


def test_strangers_commits_are_refusals_too(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    sha = outside.commit(repository)
    outside.forge.add_pull_request(repository, 8, sha, head_repository_id=999)
    outside.forge.set_permission(repository, "ada", Permission.WRITE)
    controller.told_commit_comment(repository, sha)
    controller.work()
    (refused,) = controller.audit()
    assert refused.detail.startswith(f"No tag names `{sha[:7]}` now")


def test_questions_leave_no_line(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    for said in ("/reproduce help", "/reproduce status", "/reproduce cancel", "/reproduce nothing"):
        controller.told_comment(pull, said)
    controller.work()
    assert controller.audit() == []


def test_a_cancel_is_told_with_who_cancelled_and_a_waiting_run_spends_nothing(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    outside.forge.set_permission(pull.repository, "wendy", Permission.WRITE)
    controller.told_comment(pull)
    controller.resolve()
    controller.told_comment(pull, "/reproduce cancel", who="wendy")
    controller.work()
    assert_clean(controller)
    _, cancelled, judged = controller.audit(controller.run())
    assert (cancelled.action, cancelled.who) == (Action.CANCELLED, "wendy")
    assert (judged.action, judged.detail) == (Action.JUDGED, "stopped: cancelled")


def test_a_newer_run_is_told_as_what_ended_the_older_one(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    outside.forge.set_permission(pull.repository, "wendy", Permission.WRITE)
    controller.told_comment(pull)
    controller.told_comment(pull, who="wendy")
    controller.work()
    assert_clean(controller)
    older, _ = controller.runs()
    superseded = next(deed for deed in controller.audit(older) if deed.action is Action.SUPERSEDED)
    assert (superseded.who, superseded.ref) == ("wendy", "#7")


def test_a_machine_that_was_asked_for_and_never_came_costs_nothing(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    outside.builder.fail(Failed(Reason.LOCK_STALE, "requirements.txt is stale"))
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    actions = [deed.action for deed in controller.audit()]
    assert Action.MACHINE_RELEASED in actions
    assert Action.SPENT not in actions


def test_an_orphan_that_is_reaped_is_told_also_when_nobody_knows_its_run(
    controller: Controller, outside: Outside
) -> None:
    unknown = RunId("r" + "0" * 12)
    spec = parse_spec(SPEC.encode(), file="reprise.yaml", default_name="wine")
    assert isinstance(spec, Spec)
    outside.provider.request(unknown, spec)
    reaper = Reaper()
    for _ in range(3):
        reaper.reap(controller.world)
    (deed,) = controller.audit()
    assert (deed.action, deed.who, deed.run_id) == (Action.MACHINE_RELEASED, "reprise", unknown)
    assert deed.repository is None


def test_submodules_are_kept_with_the_run_and_told(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    lib = Submodule("https://forge.test/ada/lib.git", "d" * 40)
    sha = outside.tag(repository, "v1", {**FILES, "vendor/lib": lib})
    controller.told_tag(repository, "v1")
    controller.work()
    assert controller.run().submodules == (LaidOut("vendor/lib", lib.url or "", Sha("d" * 40)),)
    (report,) = outside.comments(repository, OnCommit(sha))
    assert "submodule `vendor/lib` at `ddddddd` of `https://forge.test/ada/lib.git`" in report.body


def test_a_tree_that_was_refused_has_no_submodules(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1", {**FILES, "vendor/lib": Submodule()})
    controller.told_tag(repository, "v1")
    controller.work()
    assert controller.run().submodules is None
