"""Runs whose place a newer one takes: a moved tag's, a second command's."""

import threading

from tests.engine.harness import (
    FILES,
    Controller,
    Outside,
    assert_clean,
    measured,
    pull_request,
    reason,
)
from tests.engine.test_commands import TWO, report
from tests.fakes.runner import FakeJob

from reprise.domain.forge import State
from reprise.domain.run import Reason, Repository, Sha
from reprise.ports import JobRequest

FOREVER = FakeJob(forever=True)


def moved(outside: Outside, repository: Repository, name: str = "v1") -> Sha:
    return outside.tag(repository, name, {**FILES, "moved.txt": str(len(outside.runner.started))})


def test_a_moved_tag_ends_the_running_job_of_its_old_commit(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    old = outside.tag(repository, "v1")
    outside.runner.script = lambda job: FOREVER if job.commit == old else measured(0.93)
    controller.start()
    controller.told_tag(repository, "v1")
    controller.until(lambda: outside.runner.started)
    new = moved(outside, repository)
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    assert [reason(run) for run in controller.runs()] == [Reason.SUPERSEDED, Reason.COMPLETED]
    main = outside.statuses(repository, old)["reprise/wine"]
    assert main.state is State.ERROR
    assert "superseded by a newer run: tag v1 asked for the same experiment again" in main.description
    assert outside.statuses(repository, new)["reprise/wine"].state is State.SUCCESS


def test_a_moved_tag_ends_a_waiting_run_without_a_workflow(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    old = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    moved(outside, repository)
    controller.told_tag(repository, "v1")
    controller.resolve()
    controller.work()
    assert_clean(controller)
    assert [reason(run) for run in controller.runs()] == [Reason.SUPERSEDED, Reason.COMPLETED]
    assert old not in {job.commit for job in outside.runner.started}
    assert outside.statuses(repository, old)["reprise/wine"].state is State.ERROR


def test_a_tag_that_comes_back_gets_its_verdict_after_all(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    first = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    moved(outside, repository)
    controller.told_tag(repository, "v1")
    controller.resolve()
    outside.source.tag(repository, "v1", first)
    controller.told_tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    assert [(run.commit == first, reason(run)) for run in controller.runs()] == [
        (True, Reason.SUPERSEDED),
        (False, Reason.SUPERSEDED),
        (True, Reason.COMPLETED),
    ]
    assert outside.statuses(repository, first)["reprise/wine"].state is State.SUCCESS


def test_a_commit_that_another_tag_still_names_is_not_superseded(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    old = outside.tag(repository, "v1")
    outside.source.tag(repository, "paper-1", old)
    controller.told_tag(repository, "v1")
    controller.resolve()
    moved(outside, repository)
    controller.told_tag(repository, "v1")
    controller.work()
    assert [reason(run) for run in controller.runs()] == [Reason.COMPLETED, Reason.COMPLETED]


def test_another_tag_supersedes_nothing(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    moved(outside, repository, "v2")
    controller.told_tag(repository, "v2")
    controller.work()
    assert [reason(run) for run in controller.runs()] == [Reason.COMPLETED, Reason.COMPLETED]


def test_a_second_command_ends_the_first_ones_run_and_its_answer_stands(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    first = threading.Event()

    def job(_: JobRequest) -> FakeJob:
        if first.is_set():
            return measured(0.93)
        first.set()
        return FOREVER

    outside.runner.script = job
    controller.start()
    controller.told_comment(pull)
    controller.until(first.is_set)
    controller.told_comment(pull)
    controller.work()
    assert_clean(controller)
    assert [reason(run) for run in controller.runs()] == [Reason.SUPERSEDED, Reason.COMPLETED]
    assert outside.statuses(pull.repository, pull.sha)["reprise/wine"].state is State.SUCCESS
    assert "### wine: reproduced" in report(outside, pull)


def test_a_second_command_of_another_experiment_ends_nothing(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside, files=TWO)
    controller.told_comment(pull)
    controller.told_comment(pull, "/reproduce ablation")
    controller.work()
    assert [reason(run) for run in controller.runs()] == [Reason.COMPLETED, Reason.COMPLETED]
