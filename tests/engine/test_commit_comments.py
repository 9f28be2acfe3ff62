"""What people say on a tagged commit, so that a failed tag can be tried again without another tag."""

import threading

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import FILES, SPEC, Controller, Files, Outside, assert_clean, measured, spec_with
from tests.fakes.runner import FakeJob

from reprise.domain.forge import OnCommit, Permission, Reaction, State
from reprise.domain.run import Reason, Repository, Sha
from reprise.ports import JobRequest

TWO = {**FILES, ".reprise/ablation.yaml": SPEC}
BROKEN = FakeJob(reason=Reason.COMMAND_FAILED, message="exit code 3", exit_code=3)
FOREVER = FakeJob(forever=True)


def tagged(outside: Outside, files: Files | None = None) -> tuple[Repository, Sha]:
    """Of a repository whose writer is ada and whose reader is bob."""
    repository = outside.repository()
    outside.forge.set_permission(repository, "ada", Permission.WRITE)
    outside.forge.set_permission(repository, "bob", Permission.READ)
    return repository, outside.tag(repository, "v1", files)


def replies(outside: Outside, repository: Repository, sha: Sha) -> list[str]:
    return [c.body for c in outside.comments(repository, OnCommit(sha)) if "reprise:reply" in c.body]


def reasons(controller: Controller) -> list[Reason | None]:
    return [run.judgement.reason if run.judgement else None for run in controller.runs()]


def test_a_failed_tag_is_run_again_and_its_report_edited(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(outside)
    outside.runner.script = lambda job: BROKEN
    controller.told_tag(repository, "v1")
    controller.work()
    (failed,) = outside.comments(repository, OnCommit(sha))
    assert "could not be run" in failed.body

    during: list[str] = []

    def mended(_: JobRequest) -> FakeJob:
        during.extend(c.body for c in outside.comments(repository, OnCommit(sha)))
        return measured(0.93)

    outside.runner.script = mended
    comment = controller.told_commit_comment(repository, sha, times=3)
    controller.work()
    assert_clean(controller)
    assert outside.forge.reactions_to(repository, comment) == [Reaction.EYES]
    assert "### wine: building the environment" in during[0]
    (stands,) = outside.comments(repository, OnCommit(sha))
    assert stands.id == failed.id
    assert "### wine: reproduced at level B" in stands.body
    assert "tag `v1`, asked for again by `ada`" in stands.body
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS
    first, again = controller.runs()
    assert (first.ref, again.ref) == ("v1", "v1")
    assert (again.generation, again.trigger, again.who) == (f"comment:{comment}", "/reproduce on v1", "ada")


@pytest.mark.parametrize("who", ["bob", "mallory"])
def test_whoever_may_not_write_gets_a_reaction_and_no_run(
    controller: Controller, outside: Outside, who: str
) -> None:
    repository, sha = tagged(outside)
    comment = controller.told_commit_comment(repository, sha, who=who)
    controller.work()
    assert outside.forge.reactions_to(repository, comment) == [Reaction.CONFUSED]
    assert controller.runs() == []
    assert outside.comments(repository, OnCommit(sha)) == []


def test_a_token_that_may_not_react_keeps_nobody_from_a_run(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(outside)
    outside.forge.remove_comment(repository, controller.told_commit_comment(repository, sha))
    controller.work()
    assert reasons(controller) == [Reason.COMPLETED]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/reproduce help", "runs the experiment of `reprise.yaml` at this commit, again"),
        ("/reproduce status", "Nothing was reproduced at this commit yet"),
        ("/reproduce cancel", "Nothing of this commit waits or runs"),
        ("/reproduce quick ly", "I do not know `ly`"),
        ("/reproduce seeds=0", "`seeds=` takes a whole number"),
        ("/reproduce nothing", "its file would be `.reprise/nothing.yaml`"),
        ("/reproduce 1234567", "which is not `1234567`: comment on that commit"),
    ],
)
def test_a_question_is_answered_once(
    controller: Controller, outside: Outside, said: str, answer: str
) -> None:
    repository, sha = tagged(outside)
    controller.told_commit_comment(repository, sha, said, times=3)
    controller.work()
    (reply,) = replies(outside, repository, sha)
    assert answer in reply
    assert controller.runs() == []


def test_only_what_a_tag_names_now_is_run(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(outside)
    never = outside.commit(repository, {**FILES, "never": "tagged"})
    outside.source.delete_tag(repository, "v1")
    for commit in (sha, never):
        controller.told_commit_comment(repository, commit)
    controller.work()
    assert controller.runs() == []
    for commit in (sha, never):
        (reply,) = replies(outside, repository, commit)
        assert f"No tag names `{commit[:7]}` now" in reply
        assert "Push a tag on it" in reply


@pytest.mark.parametrize(
    ("said", "experiments"),
    [
        ("/reproduce", ["wine"]),
        ("/reproduce all", ["ablation", "wine"]),
        ("/reproduce ablation {sha}", ["ablation"]),
    ],
)
def test_which_experiments_a_comment_runs(
    controller: Controller, outside: Outside, said: str, experiments: list[str]
) -> None:
    repository, sha = tagged(outside, TWO)
    controller.told_commit_comment(repository, sha, said.format(sha=sha[:8]))
    controller.work()
    assert sorted(run.experiment for run in controller.runs()) == experiments


def test_seeds_and_claims_are_heard(controller: Controller, outside: Outside) -> None:
    second = """  - id: loss
    metric: {file: metrics.json, pointer: /loss}
    published: {value: "0.5"}
"""
    repository, sha = tagged(outside, {**FILES, "reprise.yaml": SPEC + second})
    controller.told_commit_comment(repository, sha, "/reproduce seeds=3 claims=accuracy")
    controller.work()
    assert (controller.run().seeds, controller.run().claims) == (3, ("accuracy",))
    assert set(outside.statuses(repository, sha)) == {"reprise/wine/accuracy"}


def test_a_comment_takes_the_place_of_the_unfinished_run_of_that_experiment(
    make: Make, outside: Outside
) -> None:
    repository, sha = tagged(outside, TWO)
    going = threading.Event()

    def job(request: JobRequest) -> FakeJob:
        if request.spec.name == "ablation" or going.is_set():
            return measured(0.93)
        going.set()
        return FOREVER

    outside.runner.script = job
    controller = make(slots=3).start()
    controller.told_tag(repository, "v1")
    controller.until(going.is_set)
    controller.told_commit_comment(repository, sha)
    controller.work()
    assert_clean(controller)
    ended = {(run.experiment, run.generation.partition(":")[0]): run for run in controller.runs()}
    found = {key: run.judgement.reason for key, run in ended.items() if run.judgement is not None}
    assert found == {
        ("wine", "tag"): Reason.SUPERSEDED,
        ("ablation", "tag"): Reason.COMPLETED,
        ("wine", "comment"): Reason.COMPLETED,
    }
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS


def test_cancel_ends_what_the_tag_started_and_no_pull_request(make: Make, outside: Outside) -> None:
    repository, sha = tagged(outside)
    outside.forge.add_pull_request(repository, 7, sha)
    controller = make(slots=0)
    controller.told_tag(repository, "v1")
    controller.told_commit_comment(repository, sha, "/reproduce cancel")
    controller.resolve()
    (run,) = controller.runs()
    assert run.judgement is not None
    assert run.judgement.reason is Reason.CANCELLED


def test_another_tag_joins_the_run_that_a_comment_asked_for(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(outside)
    controller.told_commit_comment(repository, sha)
    controller.work()
    outside.source.tag(repository, "paper-1", sha)
    controller.told_tag(repository, "paper-1")
    controller.work()
    assert len(controller.runs()) == 1


def test_another_tag_does_not_join_a_run_of_some_claims(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(outside)
    controller.told_commit_comment(repository, sha, "/reproduce claims=accuracy")
    controller.work()
    controller.told_tag(repository, "v1")
    controller.work()
    assert [run.claims for run in controller.runs()] == [("accuracy",), None]
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS


def test_a_tags_report_names_the_way_to_repeat_it(controller: Controller, outside: Outside) -> None:
    repository, sha = tagged(outside, spec_with({'"0.93"': '"0.5"'}))
    controller.told_tag(repository, "v1")
    controller.work()
    (report,) = outside.comments(repository, OnCommit(sha))
    assert "comment `/reproduce` on this commit to run it again" in report.body
