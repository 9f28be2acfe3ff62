"""Repositories are renamed, hidden, archived, lost and found again; tags are deleted. Runs follow."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from tests.deliveries import Delivery, sample
from tests.engine.harness import (
    FILES,
    Controller,
    Outside,
    assert_clean,
    measured,
    pull_request,
    reason,
    wait_for,
)
from tests.engine.test_sweep import WINE
from tests.fakes.runner import FakeJob

from reprise.adapters.github.webhook import parse_delivery
from reprise.domain.check import Conclusion
from reprise.domain.forge import State
from reprise.domain.run import Reason, Repository, Sha, Standing
from reprise.domain.standing import ASK_AGAIN
from reprise.engine.life import learn, settle_changes
from reprise.engine.stopping import tell_stopped
from reprise.engine.sweep import Sweeps, sweep
from reprise.engine.told import delivery_of
from reprise.ports import JobRequest
from reprise.store import repositories
from reprise.store.intake import record_deliveries

GUIDS = count(1)


def watched(controller: Controller, outside: Outside) -> Repository:
    repository = outside.repository()
    assert sweep(controller.world, WINE) == 0
    return repository


def deliver(controller: Controller, delivery: Delivery, sweeps: Sweeps | None = None) -> str:
    """As the web layer takes it, and then what the leader's loop for changes does; what was recorded."""
    known = sweeps or Sweeps()
    new = delivery_of(
        f"guid-{next(GUIDS)}",
        delivery.event,
        delivery.body,
        parse_delivery(delivery.event, delivery.body),
        watches=lambda number, name: known.watches(WINE, number, name),
        received_at=controller.outside.clock.now(),
    )
    record_deliveries(controller.world.store, [new])
    settle_changes(controller.world)
    return new.outcome


def changed(repository: Repository, action: str, **facts: Any) -> Delivery:
    delivery = sample("repository", "repository_renamed")
    delivery.payload["action"] = action
    delivery.payload["repository"] |= {
        "id": repository.id,
        "full_name": repository.full_name,
        "clone_url": repository.clone_url,
        "private": not repository.public,
        "archived": False,
        **facts,
    }
    return delivery


def installation(action: str, account: str = "ada") -> Delivery:
    delivery = sample("installation", "installation_suspend")
    delivery.payload["action"] = action
    delivery.payload["installation"]["account"]["login"] = account
    return delivery


def installed(action: str, repository: Repository) -> Delivery:
    delivery = sample("installation_repositories", f"installation_repositories_{action}")
    delivery.payload["installation"]["account"]["login"] = "ada"
    delivery.payload[f"repositories_{action}"][0]["id"] = repository.id
    return delivery


def known(controller: Controller, repository: Repository) -> Repository:
    with controller.world.store.read() as connection:
        found = repositories.find(connection, repository.id)
    assert found is not None
    return found


def waiting_and_live(
    controller: Controller, outside: Outside, repository: Repository, go: threading.Event | None = None
) -> None:
    """v1 runs on the only slot, until it is stopped or the event is set, and v2 waits."""
    began = threading.Event()

    def job(_: JobRequest) -> FakeJob:
        began.set()
        if go is None:
            return FakeJob(forever=True)
        wait_for(go)
        return measured(0.93)

    outside.runner.script = job
    for number in (1, 2):
        outside.tag(repository, f"v{number}", {**FILES, "x": str(number)})
    sweep(controller.world, WINE)
    controller.resolve()
    controller.start()
    controller.until(began.is_set)


# --- deleted tags --------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False], ids=["delivered", "swept"])
def test_a_deleted_tag_stops_its_live_and_its_waiting_run(
    controller: Controller, outside: Outside, told: bool
) -> None:
    repository = watched(controller, outside)
    waiting_and_live(controller, outside, repository)
    for tag in ("v1", "v2"):
        outside.source.delete_tag(repository, tag)
        if told:
            controller.told_tag(repository, tag)
    if not told:
        assert sweep(controller.world, WINE) == 2
    controller.work()
    for run in controller.runs():
        assert reason(run) is Reason.CANCELLED
        assert run.stop_requested is not None
        assert run.stop_requested.message.startswith("the tag was deleted: push it again")
        status = outside.statuses(repository, run.commit)["reprise/wine"]
        assert (status.state, "the tag was deleted" in status.description) == (State.ERROR, True)
    assert_clean(controller)


def test_a_commit_that_another_tag_names_goes_on(controller: Controller, outside: Outside) -> None:
    repository = watched(controller, outside)
    sha = outside.tag(repository, "v1")
    sweep(controller.world, WINE)
    controller.resolve()
    outside.source.tag(repository, "paper", sha)
    outside.source.delete_tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert reason(controller.run()) is Reason.COMPLETED


@pytest.mark.parametrize("told", [True, False], ids=["delivered", "swept"])
def test_a_tag_that_comes_back_to_its_commit_runs_again(
    controller: Controller, outside: Outside, told: bool
) -> None:
    repository = watched(controller, outside)
    sha = outside.tag(repository, "v1")
    sweep(controller.world, WINE)
    controller.resolve()
    outside.source.delete_tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    outside.source.tag(repository, "v1", sha)
    if told:
        controller.told_tag(repository, "v1")
    else:
        assert sweep(controller.world, WINE) == 1
    controller.work()
    assert [reason(run) for run in controller.runs()] == [Reason.CANCELLED, Reason.COMPLETED]
    assert_clean(controller)


def test_a_verdict_stays_when_its_tag_is_deleted(controller: Controller, outside: Outside) -> None:
    repository = watched(controller, outside)
    sha = outside.tag(repository, "v1")
    sweep(controller.world, WINE)
    controller.work()
    before = outside.statuses(repository, sha)
    outside.source.delete_tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert outside.statuses(repository, sha) == before
    assert reason(controller.run()) is Reason.COMPLETED


def test_a_pull_requests_run_at_the_same_commit_does_not_end_with_the_tag(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    sweep(controller.world, WINE)
    outside.source.tag(pull.repository, "v1", pull.sha)
    controller.told_comment(pull)
    controller.told_tag(pull.repository, "v1")
    controller.resolve()
    outside.source.delete_tag(pull.repository, "v1")
    controller.told_tag(pull.repository, "v1")
    controller.work()
    ends = {run.pull_request: reason(run) for run in controller.runs()}
    assert ends == {7: Reason.COMPLETED, None: Reason.CANCELLED}


# --- names ---------------------------------------------------------------------------------------------


def test_a_renamed_repository_is_still_watched_by_its_old_name(
    controller: Controller, outside: Outside
) -> None:
    repository = watched(controller, outside)
    renamed = outside.forge.change_repository(repository, full_name="ada/vin")
    sweeps = Sweeps()
    sha = outside.tag(renamed, "v1")
    assert sweep(controller.world, WINE, sweeps=sweeps) == 1
    assert {"ada/wine", "ada/vin"} <= set(sweeps.done)
    controller.work()
    assert controller.run().repository == renamed
    assert outside.statuses(renamed, sha)["reprise/vin"].state is State.SUCCESS
    assert sweeps.watches(WINE, repository.id, "ada/vin")
    assert not sweeps.watches(WINE, 99, "ada/vin")


def test_a_delivery_under_the_new_name_is_heard(controller: Controller, outside: Outside) -> None:
    repository = watched(controller, outside)
    renamed = outside.forge.change_repository(repository, full_name="ada/vin")
    sweeps = Sweeps()
    deliver(controller, changed(renamed, "renamed"), sweeps)
    assert known(controller, repository) == renamed
    sweep(controller.world, WINE, sweeps=sweeps)
    outside.tag(renamed, "v1")
    pushed = sample("push", "push_tag", repository_id=repository.id, repository="ada/vin")
    pushed.payload["ref"] = "refs/tags/v1"
    assert deliver(controller, pushed, sweeps) == "tag v1"
    controller.work()
    assert reason(controller.run()) is Reason.COMPLETED


def test_a_newcomer_under_the_old_name_is_not_what_was_watched(
    controller: Controller, outside: Outside
) -> None:
    repository = watched(controller, outside)
    renamed = outside.forge.change_repository(repository, full_name="ada/vin")
    deliver(controller, changed(renamed, "renamed"))
    newcomer = outside.forge.add_repository("ada/wine")
    outside.tag(newcomer, "evil")
    sha = outside.tag(renamed, "v1")
    assert sweep(controller.world, WINE) == 1
    controller.told_tag(Repository(repository.id, "ada/wine", ""), "v1")
    controller.work()
    assert [(run.repository.id, run.commit) for run in controller.runs()] == [(repository.id, sha)]


def test_a_repository_that_was_deleted_and_made_anew_is_watched_again(
    controller: Controller, outside: Outside
) -> None:
    repository = watched(controller, outside)
    outside.forge.delete_repository(repository)
    deliver(controller, changed(repository, "deleted"))
    anew = outside.forge.add_repository("ada/wine")
    outside.clock.advance(ASK_AGAIN.total_seconds())
    assert sweep(controller.world, WINE) == 0
    outside.tag(anew, "v1")
    assert sweep(controller.world, WINE) == 1


def test_a_trigger_of_a_repository_whose_number_nobody_has_is_refused(
    controller: Controller, outside: Outside
) -> None:
    outside.forge.add_repository("ada/wine")
    controller.told_tag(Repository(99, "ada/wine", ""), "v1")
    assert controller.resolve() == 0
    assert controller.open_triggers() == 0


# --- hidden --------------------------------------------------------------------------------------------


def test_a_repository_that_is_made_private_is_hidden_without_asking(
    controller: Controller, outside: Outside
) -> None:
    repository = watched(controller, outside)
    asked = len(outside.forge.calls)
    deliver(controller, changed(repository, "privatized", private=True))
    assert not known(controller, repository).public
    assert len(outside.forge.calls) == asked
    deliver(controller, changed(repository, "publicized", private=False))
    assert not known(controller, repository).public
    outside.clock.advance(1)
    sweep(controller.world, WINE)
    assert known(controller, repository).public


def test_what_was_asked_before_an_event_does_not_undo_it(controller: Controller, outside: Outside) -> None:
    repository = watched(controller, outside)
    asked_at = outside.clock.now()
    outside.clock.advance(1)
    deliver(controller, changed(repository, "privatized", private=True))
    learn(controller.world, repository, asked_at=asked_at)
    assert not known(controller, repository).public


# --- archived ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False], ids=["delivered", "swept"])
def test_an_archived_repository_ends_what_waits_and_nothing_is_written_there(
    controller: Controller, outside: Outside, told: bool
) -> None:
    repository = watched(controller, outside)
    go = threading.Event()
    waiting_and_live(controller, outside, repository, go)
    archived = outside.forge.change_repository(repository, archived=True)
    if told:
        deliver(controller, changed(archived, "archived", archived=True))
    else:
        assert sweep(controller.world, WINE) == 0
    go.set()
    controller.work()
    live, waiting = controller.runs()
    assert (reason(live), reason(waiting)) == (Reason.COMPLETED, Reason.REFUSED)
    assert waiting.judgement is not None
    assert "is archived" in waiting.judgement.message
    assert "unarchive it" in (live.reporting_problem or "")
    assert outside.statuses(repository, waiting.commit).get("reprise/wine") is None
    assert_clean(controller)


def test_tags_of_an_archived_repository_are_found_when_it_is_unarchived(
    controller: Controller, outside: Outside
) -> None:
    repository = watched(controller, outside)
    outside.tag(repository, "v1")
    outside.forge.change_repository(repository, archived=True)
    assert sweep(controller.world, WINE) == 0
    controller.told_tag(repository, "v1")
    controller.resolve()
    assert controller.runs() == []
    outside.forge.change_repository(repository, archived=False)
    assert sweep(controller.world, WINE) == 1
    controller.work()
    assert reason(controller.run()) is Reason.COMPLETED


# --- lost ----------------------------------------------------------------------------------------------

LOSSES: dict[str, tuple[Callable[[Repository], Delivery], Standing, str]] = {
    "suspended": (lambda _: installation("suspend"), Standing.SUSPENDED, "suspended"),
    "uninstalled": (lambda _: installation("deleted"), Standing.REMOVED, "was taken from"),
    "removed": (lambda repository: installed("removed", repository), Standing.REMOVED, "was taken from"),
    "deleted": (lambda repository: changed(repository, "deleted"), Standing.DELETED, "was deleted"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_ends_with_the_reason_gives_its_machine_back_and_is_not_called(
    controller: Controller, outside: Outside, loss: str
) -> None:
    repository = watched(controller, outside)
    waiting_and_live(controller, outside, repository)
    event, standing, says = LOSSES[loss]
    deliver(controller, event(repository))
    assert known(controller, repository).standing is standing
    asked = len(outside.forge.calls)
    controller.work()
    tell_stopped(controller.world)
    for run in controller.runs():
        assert reason(run) is Reason.REFUSED
        assert run.judgement is not None
        assert says in run.judgement.message
        assert run.reporting_problem is not None
    assert outside.provider.owned() == ()
    listed = len(outside.source.listed)
    for _ in range(3):
        outside.clock.advance(300)
        sweep(controller.world, WINE)
    effects = set(outside.forge.calls[asked:])
    assert "repository" not in effects
    assert len(outside.source.listed) == listed
    assert_clean(controller)


@pytest.mark.parametrize(
    ("lost", "back"),
    [("suspended", lambda _: installation("unsuspend")), ("removed", lambda r: installed("added", r))],
)
def test_access_that_comes_back_finds_what_was_pushed_meanwhile(
    controller: Controller, outside: Outside, lost: str, back: Callable[[Repository], Delivery]
) -> None:
    repository = watched(controller, outside)
    deliver(controller, LOSSES[lost][0](repository))
    outside.tag(repository, "v1")
    outside.clock.advance(300)
    assert sweep(controller.world, WINE) == 0
    deliver(controller, back(repository))
    assert sweep(controller.world, WINE) == 1
    controller.work()
    assert reason(controller.run()) is Reason.COMPLETED


def test_what_was_lost_is_asked_again_after_a_day(controller: Controller, outside: Outside) -> None:
    repository = watched(controller, outside)
    deliver(controller, installation("suspend"))
    outside.tag(repository, "v1")
    outside.clock.advance(timedelta(days=1, minutes=1).total_seconds())
    assert sweep(controller.world, WINE) == 1


def test_another_accounts_installation_changes_nothing(controller: Controller, outside: Outside) -> None:
    repository = watched(controller, outside)
    deliver(controller, installation("suspend", "adam"))
    assert known(controller, repository).standing is Standing.ACTIVE


# --- merge queues --------------------------------------------------------------------------------------


def queued(repository: Repository, sha: Sha) -> Delivery:
    name = "merge_group_checks_requested"
    delivery = sample("merge_group", name, repository_id=repository.id, repository=repository.full_name)
    delivery.payload["merge_group"]["head_sha"] = sha
    return delivery


@pytest.mark.parametrize("app", [True, False], ids=["with an App", "with a token"])
def test_a_merge_queue_is_let_pass_and_nothing_runs(
    controller: Controller, outside: Outside, app: bool
) -> None:
    outside.forge.is_app = app
    repository = watched(controller, outside)
    more = FILES["reprise.yaml"]
    sha = outside.commit(repository, {**FILES, ".reprise/table-2.yaml": more})
    for _ in range(2):
        deliver(controller, queued(repository, sha))
        controller.resolve()
    posted = outside.forge.statuses_on(repository, sha)
    assert {status.context: status.state for status in posted} == {
        "reprise/wine": State.SUCCESS,
        "reprise/table-2": State.SUCCESS,
    }
    assert len(posted) == 2
    assert all("merge queue" in status.description for status in posted)
    assert controller.runs() == []
    checks = outside.forge.checks_on(repository, sha)
    assert {each.check.name for each in checks} == ({"reprise/wine", "reprise/table-2"} if app else set())
    assert all(each.check.conclusion is Conclusion.NEUTRAL for each in checks)
