"""Check runs, which an App has and a token has not: they follow the run, come once and bring clicks back."""

import threading

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    SPEC,
    Controller,
    Files,
    Outside,
    Pull,
    assert_clean,
    measured,
    pull_request,
    reason,
    spec_with,
)
from tests.engine.watch import watching
from tests.fakes.forge import CheckRun
from tests.fakes.runner import FakeJob

from reprise.domain.check import REPRODUCE, CheckState, Conclusion
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import OnCommit, Permission, State
from reprise.domain.run import Reason, Repository, Sha
from reprise.engine.reporting import QUIET, show_waiting
from reprise.ports import JobRequest
from reprise.store import checks
from reprise.store import intake as inbox
from reprise.store.intake import NewTrigger
from reprise.store.runs import Run

LOST = Retryable("the answer was lost")
FOREVER = FakeJob(forever=True)


@pytest.fixture
def outside(outside: Outside) -> Outside:
    outside.forge.is_app = True
    return outside


def tagged(controller: Controller, files: Files | None = None) -> tuple[Repository, Sha]:
    outside = controller.outside
    repository = outside.repository()
    outside.forge.set_permission(repository, "ada", Permission.WRITE)
    outside.forge.set_permission(repository, "bob", Permission.READ)
    sha = outside.tag(repository, "v1", files)
    controller.told_tag(repository, "v1")
    return repository, sha


def only_check(outside: Outside, repository: Repository, sha: Sha) -> CheckRun:
    (found,) = outside.forge.checks_on(repository, sha)
    return found


def click(controller: Controller, run: Run, *, who: str = "ada", **changed: object) -> None:
    with controller.world.store.write() as connection:
        where = run.repository
        values = {"repository_id": where.id, "repository": where.full_name, "ref": run.id, "who": who}
        made = NewTrigger(kind=inbox.CHECK, **{**values, "commit": run.commit, **changed})  # type: ignore[arg-type] # any field may change
        inbox.add_trigger(connection, made, at=controller.outside.clock.now(), delivery=f"click by {who}")


def test_where_our_app_has_no_webhook_no_button_is_offered(controller: Controller, outside: Outside) -> None:
    controller.world.unheard.set()
    repository, sha = tagged(controller)
    controller.work()
    check = only_check(outside, repository, sha).check
    assert (check.state, check.actions) == (CheckState.COMPLETED, ())


# --- what stands there --------------------------------------------------------------------------------


def test_a_tag_gets_a_check_with_the_report_and_no_comment(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(controller)
    during: list[CheckRun] = []

    def job(_: JobRequest) -> FakeJob:
        during.append(only_check(outside, repository, sha))
        return measured(0.93)

    outside.runner.script = job
    controller.work()
    assert_clean(controller)
    run, stands = controller.run(), only_check(outside, repository, sha)
    assert during[0].check.state is CheckState.IN_PROGRESS
    assert (during[0].check.conclusion, during[0].check.actions) == (None, ())
    assert during[0].id == stands.id
    check = stands.check
    assert (check.name, check.run_id) == ("reprise/wine", run.id)
    assert (check.state, check.conclusion) == (CheckState.COMPLETED, Conclusion.SUCCESS)
    assert check.title == "wine: reproduced at level B"
    assert "| accuracy" in check.summary
    assert check.actions == (REPRODUCE,)
    assert check.details_url == f"https://reprise.test/runs/{run.id}"
    assert outside.comments(repository, OnCommit(sha)) == []
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS


def test_its_number_is_the_coin(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(controller)
    controller.work()
    run = controller.run()
    assert (run.coin, run.coin_public) == (str(only_check(outside, repository, sha).id), True)


def test_a_token_gets_what_it_always_got(controller: Controller, outside: Outside) -> None:
    outside.forge.is_app = False
    repository, sha = tagged(controller)
    controller.work()
    assert_clean(controller)
    assert outside.forge.checks_on(repository, sha) == []
    assert len(outside.comments(repository, OnCommit(sha))) == 1
    first, *_ = outside.forge.statuses_on(repository, sha)
    assert controller.run().coin == str(first.id)


def test_a_pull_request_gets_both(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull)
    controller.work()
    assert_clean(controller)
    assert only_check(outside, pull.repository, pull.sha).check.conclusion is Conclusion.SUCCESS
    (comment,) = outside.comments(pull.repository, pull.place)
    assert "reproduced at level B" in comment.body


def test_a_command_on_a_commit_is_answered_by_the_check(controller: Controller, outside: Outside) -> None:
    """An App could make a comment there, and not edit it later."""
    repository, sha = tagged(controller)
    controller.work()
    controller.told_commit_comment(repository, sha)
    controller.work()
    assert len(outside.forge.checks_on(repository, sha)) == 2
    assert outside.comments(repository, OnCommit(sha)) == []


def test_a_comment_of_the_time_before_the_app_is_brought_up_to_date_where_that_is_allowed(
    controller: Controller, outside: Outside
) -> None:
    outside.forge.is_app = False
    repository, sha = tagged(controller, spec_with({'"0.93"': '"0.5"'}))
    controller.work()
    outside.forge.is_app = True
    for refused in (False, True):
        outside.forge.fail("put_comment", *[Refused("not ours to edit")] * refused)
        controller.told_commit_comment(repository, sha)
        controller.work()
    (comment,) = outside.comments(repository, OnCommit(sha))
    _first, second, third = controller.runs()
    assert f"run `{second.id}` ·" in comment.body
    assert third.reporting_problem is None


def test_a_run_that_waits_is_queued_and_the_same_check_goes_on(make: Make, outside: Outside) -> None:
    waiting = make(slots=0)
    repository, sha = tagged(waiting)
    waiting.resolve()
    outside.clock.advance(2)
    show_waiting(waiting.world)
    queued = only_check(outside, repository, sha)
    assert queued.check.state is CheckState.QUEUED
    assert "waiting for its turn" in queued.check.title

    make().work()
    done = only_check(outside, repository, sha)
    assert (done.id, done.check.state) == (queued.id, CheckState.COMPLETED)
    assert waiting.run().coin == str(queued.id)


def test_a_quick_run_is_written_twice_and_a_slow_one_when_its_phase_changes(
    make: Make, outside: Outside
) -> None:
    def build_slowly(name: str, side: str, run_id: str) -> bool:
        if (name, side) == ("build", "before"):
            outside.clock.advance(QUIET.total_seconds())
        return False

    slow = make(wrap_steps=watching(build_slowly))
    repository, sha = tagged(slow)
    slow.work()
    assert only_check(outside, repository, sha).written == 3
    slow.stop()
    quick = make()
    quick.told_commit_comment(repository, sha)
    quick.work()
    assert [each.written for each in outside.forge.checks_on(repository, sha)] == [3, 2]


def test_a_run_of_some_claims_leaves_the_experiments_check_alone(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = tagged(controller)
    controller.work()
    controller.told_commit_comment(repository, sha, "/reproduce claims=accuracy")
    controller.work()
    names = [each.check.name for each in outside.forge.checks_on(repository, sha)]
    assert names == ["reprise/wine", "reprise/wine: accuracy"]


def test_every_problem_of_a_spec_is_marked_at_its_place_once(
    controller: Controller, outside: Outside
) -> None:
    broken = {**FILES, "reprise.yaml": SPEC + "resorces: {cpus: 1}\nrunns: 1\n"}
    repository, sha = tagged(controller, broken)
    outside.forge.fail("put_comment", LOST)
    outside.forge.fail("put_check", LOST, after_effect=True)
    controller.work()
    stands = only_check(outside, repository, sha)
    assert stands.check.conclusion is Conclusion.FAILURE
    assert [(each.path, each.line, each.column) for each in stands.annotations] == [
        ("reprise.yaml", 9, 1),
        ("reprise.yaml", 10, 1),
    ]
    assert "resources" in stands.annotations[0].message


# --- trouble ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [1, 2, 4])
def test_a_check_whose_answer_was_lost_is_not_made_twice(
    controller: Controller, outside: Outside, lost: int
) -> None:
    repository, sha = tagged(controller)
    outside.forge.fail("put_check", *[LOST] * lost, after_effect=True)
    controller.work()
    assert_clean(controller)
    assert only_check(outside, repository, sha).check.conclusion is Conclusion.SUCCESS


def test_a_forge_that_is_down_at_the_start_gets_the_check_at_the_end(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = tagged(controller)
    outside.forge.fail("put_check", *[Retryable("the forge is down")] * 3)
    controller.work()
    assert only_check(outside, repository, sha).check.conclusion is Conclusion.SUCCESS
    assert reason(controller.run()) is Reason.COMPLETED


def test_a_forge_that_wants_to_be_left_alone_keeps_no_run_from_its_start(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = tagged(controller)
    outside.forge.fail("put_check", Retryable("a limit", 3600))
    begun = outside.clock.now()
    controller.work()
    assert (outside.clock.now() - begun).total_seconds() < 60
    assert only_check(outside, repository, sha).check.conclusion is Conclusion.SUCCESS


def test_an_app_that_may_not_write_checks_reports_as_a_token_does(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = tagged(controller)
    outside.forge.fail("put_check", *[Refused("give the App checks: write")] * 9)
    controller.work()
    assert_clean(controller)
    assert outside.forge.checks_on(repository, sha) == []
    assert len(outside.comments(repository, OnCommit(sha))) == 1
    run = controller.run()
    assert run.reporting_problem == "give the App checks: write"
    assert run.coin is not None, "of the status"


def test_an_app_that_loses_the_right_to_its_check_comments_the_verdict(
    controller: Controller, outside: Outside
) -> None:
    def job(_: JobRequest) -> FakeJob:
        outside.forge.fail("put_check", *[Refused("give the App checks: write")] * 9)
        return measured(0.93)

    repository, sha = tagged(controller)
    outside.runner.script = job
    controller.work()
    assert only_check(outside, repository, sha).check.state is CheckState.IN_PROGRESS
    (comment,) = outside.comments(repository, OnCommit(sha))
    assert "reproduced at level B" in comment.body
    assert controller.run().reporting_problem == "give the App checks: write"


def test_the_next_life_goes_on_with_the_same_check(make: Make, outside: Outside) -> None:
    outside.runner.script = lambda job: FOREVER
    first = make().start()
    repository, sha = tagged(first)
    first.until(lambda: outside.runner.started)
    begun = only_check(outside, repository, sha)
    first.stop()
    second = make()
    second.told_commit_comment(repository, sha, "/reproduce cancel")
    second.work()
    done = only_check(outside, repository, sha)
    assert (done.id, done.check.conclusion) == (begun.id, Conclusion.CANCELLED)


# --- stopped and overtaken ----------------------------------------------------------------------------


def test_a_waiting_run_that_is_cancelled_gets_a_cancelled_check(make: Make, outside: Outside) -> None:
    controller = make(slots=0)
    repository, sha = tagged(controller)
    controller.resolve()
    controller.told_commit_comment(repository, sha, "/reproduce cancel")
    controller.work()
    assert only_check(outside, repository, sha).check.conclusion is Conclusion.CANCELLED


def test_an_older_run_that_ends_late_changes_only_its_own_check(make: Make, outside: Outside) -> None:
    going = threading.Event()

    def job(_: JobRequest) -> FakeJob:
        if going.is_set():
            return measured(0.93)
        going.set()
        return FOREVER

    outside.runner.script = job
    controller = make(slots=2).start()
    repository, sha = tagged(controller)
    controller.until(going.is_set)
    controller.told_commit_comment(repository, sha)
    controller.work()
    older, newer = outside.forge.checks_on(repository, sha)
    assert [older.check.run_id, newer.check.run_id] == [run.id for run in controller.runs()]
    assert older.check.conclusion is Conclusion.CANCELLED
    assert newer.check.conclusion is Conclusion.SUCCESS


def test_an_older_run_makes_no_check_after_a_newer_one(make: Make, outside: Outside) -> None:
    """The forge takes the one that was made last for the one that counts."""
    controller = make(slots=0)
    repository, sha = tagged(controller)
    controller.resolve()
    controller.told_commit_comment(repository, sha)
    controller.resolve()
    _older, newer = controller.runs()
    with controller.world.store.write() as connection:
        checks.keep_check(connection, newer.id, 4711, "something")
    make().work()
    assert [each.check.run_id for each in outside.forge.checks_on(repository, sha)] == [newer.id]
    assert reason(controller.runs()[0]) is Reason.SUPERSEDED


# --- clicks -------------------------------------------------------------------------------------------


def test_a_click_runs_the_same_again_on_a_check_of_its_own(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(controller)
    outside.runner.script = lambda job: FakeJob(reason=Reason.COMMAND_FAILED, message="exit code 3")
    controller.work()
    outside.runner.script = lambda job: measured(0.93)
    click(controller, controller.run())
    controller.work()
    assert_clean(controller)
    _first, again = controller.runs()
    assert (again.commit, again.experiment, again.ref) == (sha, "wine", "v1")
    assert (again.trigger, again.who, again.pull_request) == ("a click on v1", "ada", None)
    ended = [each.check.conclusion for each in outside.forge.checks_on(repository, sha)]
    assert ended == [Conclusion.FAILURE, Conclusion.SUCCESS]
    assert "asked for again by `ada`" in outside.forge.checks_on(repository, sha)[1].check.summary
    assert outside.comments(repository, OnCommit(sha)) == []
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS


def test_a_click_in_a_pull_request_edits_its_comment(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull, "/reproduce seeds=2")
    controller.work()
    click(controller, controller.run())
    controller.work()
    _first, again = controller.runs()
    assert (again.pull_request, again.ref, again.seeds) == (7, "#7", 2)
    (comment,) = outside.comments(pull.repository, pull.place)
    assert f"run `{again.id}`" in comment.body


def test_a_click_on_all_checks_runs_every_experiment_again_where_it_ran(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside, files={**FILES, ".reprise/ablation.yaml": SPEC})
    controller.told_comment(pull, "/reproduce all")
    controller.work()
    click(controller, controller.runs()[0], ref=inbox.EVERY)
    controller.work()
    assert_clean(controller)
    again = controller.runs()[2:]
    assert sorted(run.experiment for run in again) == ["ablation", "wine"]
    assert {(run.pull_request, run.commit) for run in again} == {(7, pull.sha)}


def test_a_click_on_all_checks_of_a_commit_without_one_starts_nothing(
    controller: Controller, outside: Outside
) -> None:
    outside.forge.is_app = False
    tagged(controller)
    controller.work()
    click(controller, controller.run(), ref=inbox.EVERY)
    controller.work()
    assert len(controller.runs()) == 1
    assert controller.open_triggers() == 0


@pytest.mark.parametrize("who", ["bob", "mallory"])
def test_whoever_may_not_write_starts_nothing(controller: Controller, outside: Outside, who: str) -> None:
    tagged(controller)
    controller.work()
    click(controller, controller.run(), who=who)
    controller.work()
    assert len(controller.runs()) == 1
    assert controller.audit()[-1].detail == f"{who} may not write to this repository"


def test_a_click_on_what_is_not_ours_starts_nothing(controller: Controller, outside: Outside) -> None:
    tagged(controller)
    controller.work()
    other = outside.repository("ada/beer")
    outside.forge.set_permission(other, "ada", Permission.ADMIN)
    run = controller.run()
    click(controller, run, ref="r000000000000")
    click(controller, run, commit=Sha("f" * 40))
    click(controller, run, repository_id=other.id, repository=other.full_name)
    controller.work()
    assert len(controller.runs()) == 1
    assert controller.open_triggers() == 0


def test_a_click_on_a_commit_that_no_tag_names_any_more_is_answered(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = tagged(controller)
    controller.work()
    outside.source.delete_tag(repository, "v1")
    click(controller, controller.run())
    controller.work()
    assert len(controller.runs()) == 1
    (reply,) = outside.comments(repository, OnCommit(sha))
    assert reply.body.startswith("To a click by `ada`:\n\nNo tag names")


def test_a_click_on_a_closed_pull_request_starts_nothing(controller: Controller, outside: Outside) -> None:
    pull: Pull = pull_request(outside)
    controller.told_comment(pull)
    controller.work()
    outside.forge.change_pull_request(pull.repository, 7, open=False)
    click(controller, controller.run())
    controller.work()
    assert len(controller.runs()) == 1


def test_a_missed_bar_fails_the_check(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(controller, spec_with({'"0.93"': '"0.5"'}))
    controller.work()
    assert only_check(outside, repository, sha).check.conclusion is Conclusion.FAILURE


def test_runs_that_begin_together_edit_their_comment_for_verdicts_only(make: Make, outside: Outside) -> None:
    pull = pull_request(outside, files={**FILES, ".reprise/ablation.yaml": SPEC})
    controller = make(slots=2)
    controller.told_comment(pull, "/reproduce all")
    controller.work()
    assert_clean(controller)
    (comment,) = outside.comments(pull.repository, pull.place)
    assert comment.edits <= 2, "its two verdicts, which may come together"
    assert comment.body.count("reproduced at level B") == 2
