"""A tag's run from push to verdict, and every way in which it ends early."""

import re
from collections.abc import Callable

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    SPEC,
    Controller,
    Files,
    Outside,
    assert_clean,
    jobs_of,
    measured,
    run_tag,
    spec_with,
)
from tests.fakes.runner import FakeJob

from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import OnCommit, State, Status
from reprise.domain.run import Level, Phase, Reason, Repository, Sha, Verdict
from reprise.ports import Failed, JobRequest

EARLY = [Phase.QUEUED, Phase.BUILDING]
LATE = [Phase.COLLECTING, Phase.RELEASING, Phase.EVALUATING, Phase.REPORTING, Phase.DONE]


def the_comment(outside: Outside, repository: Repository, sha: Sha) -> str:
    (comment,) = outside.comments(repository, OnCommit(sha))
    return comment.body


def the_status(outside: Outside, repository: Repository, sha: Sha) -> Status:
    return outside.statuses(repository, sha)["reprise/wine"]


def test_a_pushed_tag_gets_a_verdict(controller: Controller, outside: Outside) -> None:
    repository, sha, run = run_tag(controller)

    assert run.judgement is not None
    assert (run.judgement.verdict, run.judgement.level) == (Verdict.REPRODUCED, Level.B)
    assert controller.phases(run) == [*EARLY, Phase.PROVISIONING, Phase.RUNNING, *LATE]
    standing = outside.statuses(repository, sha)
    assert {context: status.state for context, status in standing.items()} == {
        "reprise/wine": State.SUCCESS,
        "reprise/wine/accuracy": State.SUCCESS,
        "reprise/wine/artifacts": State.SUCCESS,
    }
    assert standing["reprise/wine"].target_url == f"https://reprise.test/runs/{run.id}"
    assert (
        standing["reprise/wine/accuracy"].target_url
        == f"https://mlflow.test/#/experiments/1/runs/tracked-{run.id}"
    )
    assert (
        standing["reprise/wine/artifacts"].target_url
        == f"https://reprise.test/api/v1/runs/{run.id}/evidence.zip"
    )
    assert "### wine: reproduced at level B" in the_comment(outside, repository, sha)
    assert set(outside.tracker.records) == {run.id}
    assert outside.tracker.tags[run.id]["reprise.verdict"] == "reproduced"
    assert outside.provider.released == [run.id]
    assert run.tracking_problem is None
    assert run.reporting_problem is None


def test_the_first_pending_status_is_the_coin(controller: Controller, outside: Outside) -> None:
    repository, sha, run = run_tag(controller)
    first = outside.forge.statuses_on(repository, sha)[0]
    assert first.state is State.PENDING
    assert run.coin == str(first.id)
    assert run.coin_public


def test_without_a_forge_that_answers_the_runs_own_id_is_the_coin_and_the_report_says_so(
    controller: Controller, outside: Outside
) -> None:
    outside.forge.fail("post_status", *[Refused("no")] * 2)
    repository, sha, run = run_tag(controller)
    assert run.coin is None
    assert f"coin `{run.id}` (not public)" in the_comment(outside, repository, sha)


def test_the_first_trial_and_its_probe_have_the_authors_seed(
    controller: Controller, outside: Outside
) -> None:
    *_, run = run_tag(controller, spec_with({"{arg: --seed}": "{arg: --seed, value: 42}"}))
    assert [(t.plan.seed, t.plan.probe) for t in controller.trials(run)] == [(42, False), (42, True)]
    assert [job.seed for job in jobs_of(outside, run.id)] == [42, 42]


def test_a_job_that_claims_nothing_is_not_judged_and_shows_its_numbers(
    controller: Controller, outside: Outside
) -> None:
    outside.runner.script = lambda job: measured(0.9324, loss=0.5)
    repository, sha, run = run_tag(controller, {**FILES, "reprise.yaml": "version: 1\nrun: {command: x}\n"})
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.NOT_JUDGED
    status = the_status(outside, repository, sha)
    assert status.state is State.SUCCESS
    assert "0.9324" in status.description
    assert "no claim declared" in status.description
    assert len(controller.trials(run)) == 1


# --- early endings -----------------------------------------------------------------------------------


def test_an_invalid_spec_shows_all_of_its_problems(controller: Controller, outside: Outside) -> None:
    broken = SPEC.replace("command:", "comand:").replace("published:", "publishd:")
    repository, sha, run = run_tag(controller, {**FILES, "reprise.yaml": broken})
    assert run.judgement is not None
    assert run.judgement.reason is Reason.SPEC_INVALID
    assert the_status(outside, repository, sha).state is State.FAILURE
    body = the_comment(outside, repository, sha)
    assert "comand" in body
    assert "publishd" in body
    assert re.search(r"reprise\.yaml:3:\d+", body)
    assert outside.runner.started == []
    assert outside.tracker.records == {}
    assert controller.phases(run) == [*EARLY, *LATE]


def lose_commit(controller: Controller, repository: Repository, sha: Sha) -> None:
    """Between the push and the run's turn the author forces the tag away, and the cache is emptied."""
    controller.outside.source.lose(repository, sha)
    controller.outside.source.forget()


def test_a_commit_that_is_gone_is_named(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    sha = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    assert controller.resolve() == 1
    lose_commit(controller, repository, sha)
    controller.work()
    assert_clean(controller)
    run = controller.run()
    assert run.judgement is not None
    assert run.judgement.reason is Reason.COMMIT_MISSING
    status = the_status(outside, repository, sha)
    assert status.state is State.FAILURE
    assert sha[:12] in status.description


def no_capacity(outside: Outside) -> None:
    outside.provider.failing = Failed(Reason.NO_CAPACITY, "the spec asks for 64 cores, there are 2")


def script(job: FakeJob) -> Callable[[Outside], None]:
    def prepare(outside: Outside) -> None:
        outside.runner.script = lambda _: job

    return prepare


def build_fails(outside: Outside) -> None:
    outside.builder.fail(Failed(Reason.ENVIRONMENT_FAILED, "numpy 9 does not exist", "ERROR: no numpy 9"))


@pytest.mark.parametrize(
    ("prepare", "files", "reason", "state", "said"),
    [
        (None, {"reprise.yaml": SPEC}, Reason.LOCK_MISSING, State.FAILURE, "no lock file"),
        (build_fails, FILES, Reason.ENVIRONMENT_FAILED, State.FAILURE, "numpy 9 does not exist"),
        (no_capacity, FILES, Reason.NO_CAPACITY, State.ERROR, "64 cores"),
        (
            script(FakeJob(reason=Reason.COMMAND_FAILED, message="exit code 3", exit_code=3, log="boom\n")),
            FILES,
            Reason.COMMAND_FAILED,
            State.FAILURE,
            "exit code 3",
        ),
        (
            script(FakeJob(reason=Reason.TIMED_OUT, message="it ran for more than 2 h", exit_code=None)),
            FILES,
            Reason.TIMED_OUT,
            State.FAILURE,
            "more than 2 h",
        ),
        (script(FakeJob()), FILES, Reason.METRIC_MISSING, State.FAILURE, "metrics.json"),
        (script(measured("high")), FILES, Reason.METRIC_INVALID, State.FAILURE, "/accuracy"),
        (
            script(FakeJob(failed=Failed(Reason.COMMAND_NOT_FOUND, "there is no python here"))),
            FILES,
            Reason.COMMAND_NOT_FOUND,
            State.FAILURE,
            "no python here",
        ),
    ],
)
def test_every_early_ending_has_its_own_sentence_on_the_commit(
    controller: Controller,
    outside: Outside,
    prepare: Callable[[Outside], None] | None,
    files: Files,
    reason: Reason,
    state: State,
    said: str,
) -> None:
    if prepare is not None:
        prepare(outside)
    repository, sha, run = run_tag(controller, files)
    assert run.judgement is not None
    assert (run.judgement.verdict, run.judgement.reason) == (Verdict.NOT_RUN, reason)
    status = the_status(outside, repository, sha)
    assert status.state is state
    assert said in status.description
    assert said in the_comment(outside, repository, sha)
    assert outside.tracker.tags[run.id]["reprise.reason"] == reason.value


def test_what_the_failed_job_printed_stands_in_the_report(controller: Controller, outside: Outside) -> None:
    outside.runner.script = lambda job: FakeJob(
        reason=Reason.COMMAND_FAILED, message="exit code 3", log="ValueError: boom\n", exit_code=3
    )
    repository, sha, _ = run_tag(controller)
    assert "ValueError: boom" in the_comment(outside, repository, sha)


def test_a_job_that_writes_nothing_is_not_helped_by_committed_results(
    controller: Controller, outside: Outside
) -> None:
    outside.runner.script = lambda job: FakeJob()
    *_, run = run_tag(controller, {**FILES, "metrics.json": '{"accuracy": 0.93}'})
    assert run.judgement is not None
    assert run.judgement.reason is Reason.METRIC_MISSING


# --- infrastructure ------------------------------------------------------------------------------------


def test_unreachable_git_is_not_blamed_on_the_spec(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    sha = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    outside.source.forget()
    outside.source.fail(*[Retryable("git did not answer")] * 100)
    controller.work()
    run = controller.run()
    assert run.judgement is not None
    assert run.judgement.reason is Reason.INFRASTRUCTURE
    assert "git did not answer" in the_comment(outside, repository, sha)
    assert the_status(outside, repository, sha).state is State.ERROR


def test_a_short_outage_of_git_is_waited_for(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    outside.source.forget()
    outside.source.fail(*[Retryable("git did not answer")] * 5)
    controller.work()
    run = controller.run()
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED


def test_a_cache_that_was_emptied_is_filled_again(controller: Controller, outside: Outside) -> None:
    def job(request: JobRequest) -> FakeJob:
        outside.source.forget()
        return measured(0.93)

    outside.runner.script = job
    repository, sha, run = run_tag(controller)
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
    assert the_status(outside, repository, sha).state is State.SUCCESS


def test_a_lost_trial_is_tried_again_with_the_same_seed(controller: Controller, outside: Outside) -> None:
    outside.runner.script = lambda job: (
        FakeJob(lost=True) if job.folder.name in ("0-1", "0-2") else measured(0.93)
    )
    repository, sha, run = run_tag(controller)
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
    trials = controller.trials(run)
    assert [(t.plan.index, t.attempt, t.lost is not None) for t in trials] == [
        (0, 1, True),
        (0, 2, True),
        (0, 3, False),
        (1, 1, False),
    ]
    assert len({t.plan.seed for t in trials}) == 1
    assert "supervisor" in the_comment(outside, repository, sha)


def test_a_trial_lost_three_times_is_the_infrastructures_fault(
    controller: Controller, outside: Outside
) -> None:
    outside.runner.script = lambda job: FakeJob(lost=True)
    repository, sha, run = run_tag(controller)
    assert run.judgement is not None
    assert run.judgement.reason is Reason.INFRASTRUCTURE
    assert "lost 3 times" in run.judgement.message
    assert the_status(outside, repository, sha).state is State.ERROR
    assert len(outside.runner.started) == 3


def test_a_job_that_outlives_its_timeout_is_ended(controller: Controller, outside: Outside) -> None:
    outside.runner.script = lambda job: FakeJob(forever=True) if job.folder.name == "0-1" else measured(0.93)
    *_, run = run_tag(controller, spec_with({"seed: {arg: --seed}": "seed: {arg: --seed}\n  timeout: 20s"}))
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
    assert "still running" in (controller.trials(run)[0].lost or "")


VALUE = 'published: {value: "0.93"}'
COMPARE = "compare: {mode: tolerance, tolerance: {abs: 0.02}}"
TOLERANT = spec_with({VALUE: f"{VALUE}\n    {COMPARE}"})


def test_a_job_that_does_not_repeat_gets_more_trials_within_a_tolerance(
    controller: Controller, outside: Outside
) -> None:
    values = iter([0.93, 0.931, 0.94, 0.92])
    outside.runner.script = lambda job: measured(next(values))
    *_, run = run_tag(controller, TOLERANT)
    assert run.judgement is not None
    assert (run.judgement.verdict, run.judgement.level) == (Verdict.REPRODUCED, Level.C)
    plans = [trial.plan for trial in controller.trials(run)]
    assert [plan.probe for plan in plans] == [False, True, False, False]
    assert len({plan.seed for plan in plans}) == 3


def test_a_job_that_repeats_gets_no_further_trials(controller: Controller, outside: Outside) -> None:
    *_, run = run_tag(controller, TOLERANT)
    assert len(controller.trials(run)) == 2


def test_an_exact_miss_of_a_job_that_repeats_is_not_reproduced(
    controller: Controller, outside: Outside
) -> None:
    outside.runner.script = lambda job: measured(0.91)
    repository, sha, run = run_tag(controller)
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.NOT_REPRODUCED
    assert the_status(outside, repository, sha).state is State.FAILURE


def test_an_exact_miss_of_a_job_that_does_not_repeat_is_inconclusive(
    controller: Controller, outside: Outside
) -> None:
    values = iter([0.91, 0.92])
    outside.runner.script = lambda job: measured(next(values))
    repository, sha, run = run_tag(controller)
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.INCONCLUSIVE
    assert the_status(outside, repository, sha).state is State.ERROR


# --- machines ------------------------------------------------------------------------------------------


def test_a_machine_that_is_busy_is_waited_for(controller: Controller, outside: Outside) -> None:
    outside.provider.pending_looks = 3
    *_, run = run_tag(controller)
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED


def test_a_machine_that_never_comes_ends_the_run(make: Make, outside: Outside) -> None:
    outside.provider.pending_looks = 10**9
    outside.provider.wait_seconds = 3600
    controller = make()
    *_, run = run_tag(controller)
    assert run.judgement is not None
    assert run.judgement.reason is Reason.NO_CAPACITY
    assert "machines are busy" in run.judgement.message
