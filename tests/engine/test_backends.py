"""One controller with several backends: where runs go, and what happens when one is taken away."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    SPEC,
    Controller,
    Outside,
    Pull,
    assert_clean,
    jobs_of,
    pull_request,
    reason,
)
from tests.fakes.builder import FakeBuilder
from tests.fakes.provider import FakeProvider
from tests.fakes.runner import FakeJob, FakeRunner
from tests.jobs import spec

from reprise.domain.backend import Offer
from reprise.domain.errors import Retryable
from reprise.domain.forge import OnCommit, Permission
from reprise.domain.policy import Policy
from reprise.domain.run import Reason, RunId
from reprise.engine.reaper import Reaper
from reprise.engine.view import outlook
from reprise.engine.world import Backend, World, by_name

PROCESS = Offer("process")
DOCKER = Offer("docker", images=True, untrusted=True)


@dataclass
class Second:
    """A docker of fakes beside the process backend."""

    builder: FakeBuilder
    provider: FakeProvider
    runner: FakeRunner
    slots: int = 1

    def beside(self, world: World) -> World:
        first = replace(world.backend("process"), offer=PROCESS)
        second = Backend(DOCKER, self.builder, self.provider, self.runner, self.slots)
        return replace(world, backends=by_name(first, second))


@pytest.fixture
def docker(tmp_path: Path, outside: Outside) -> Second:
    return Second(FakeBuilder(), FakeProvider(tmp_path / "containers"), FakeRunner(outside.runner.script))


def replies(outside: Outside, pull: Pull) -> list[str]:
    return [comment.body for comment in outside.comments(pull.repository, pull.place)]


def test_a_run_is_built_leased_and_executed_on_the_backend_that_was_asked_for(
    make: Make, outside: Outside, docker: Second
) -> None:
    controller = make(wrap_world=docker.beside)
    pull = pull_request(outside)
    controller.told_comment(pull, "/reproduce backend=docker")
    controller.work()
    assert_clean(controller)
    run = controller.run()
    assert (run.backend, reason(run)) == ("docker", Reason.COMPLETED)
    assert [job.run_id for job in docker.runner.started] == [run.id] * 2, "a trial and its probe"
    assert jobs_of(outside, run.id) == []
    assert docker.provider.owned() == ()


def test_without_a_wish_it_is_the_first(make: Make, outside: Outside, docker: Second) -> None:
    controller = make(wrap_world=docker.beside)
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert controller.run().backend == "process"
    assert docker.runner.started == []


def test_the_policy_of_the_repository_chooses_too(make: Make, outside: Outside, docker: Second) -> None:
    controller = make(wrap_world=docker.beside)
    repository = outside.repository()
    written = {**FILES, "reprise.yaml": f"{SPEC}policy: {{backends: [docker]}}\n"}
    outside.source.set_head(repository, outside.commit(repository, written))
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert controller.run().backend == "docker"


def test_the_operators_policy_does_not_refuse_what_another_backend_may_run(
    make: Make, outside: Outside, docker: Second
) -> None:
    controller = make(wrap_world=docker.beside, policy=Policy(backends=("docker",)))
    pull = pull_request(outside)
    controller.told_comment(pull)
    controller.work()
    assert controller.run().backend == "docker"


def test_a_strangers_code_runs_where_it_is_shut_in_and_only_after_approval(
    make: Make, outside: Outside, docker: Second
) -> None:
    controller = make(wrap_world=docker.beside)
    pull = forked(outside)
    controller.told_comment(pull, "/reproduce", who="bob")
    controller.work()
    assert controller.runs() == []
    (plan,) = replies(outside, pull)
    assert "backend `docker`" in plan
    approve = next(line for line in plan.splitlines() if line.startswith("/reproduce approve"))
    controller.told_comment(pull, approve)
    controller.work()
    run = controller.run()
    assert (run.backend, run.untrusted, reason(run)) == ("docker", True, Reason.COMPLETED)


def test_a_strangers_code_is_refused_where_no_backend_shuts_it_in(make: Make, outside: Outside) -> None:
    controller = make(offers=(PROCESS,))
    pull = forked(outside)
    controller.told_comment(pull, f"/reproduce {pull.sha}")
    controller.told_comment(pull, "/reproduce", who="bob")
    controller.work()
    assert controller.runs() == []
    for said in replies(outside, pull):
        assert "the operator can add docker to REPRISE_BACKENDS" in said


def forked(outside: Outside) -> Pull:
    repository = outside.repository()
    sha = outside.commit(repository)
    outside.forge.add_pull_request(repository, 7, sha, head_repository_id=4711)
    outside.forge.set_permission(repository, "ada", Permission.WRITE)
    outside.forge.set_permission(repository, "bob", Permission.READ)
    return Pull(repository, 7, sha)


def test_a_backend_that_is_not_here_is_refused_with_those_that_are(make: Make, outside: Outside) -> None:
    controller = make(offers=(PROCESS,))
    pull = pull_request(outside)
    controller.told_comment(pull, "/reproduce backend=docker")
    controller.work()
    assert controller.runs() == []
    (said,) = replies(outside, pull)
    assert "This controller has no backend docker: it has process." in said


def test_each_backend_has_its_own_slots(make: Make, outside: Outside, docker: Second) -> None:
    controller = make(wrap_world=docker.beside)
    for runner in (outside.runner, docker.runner):
        runner.script = lambda job: FakeJob(forever=True)
    pull = pull_request(outside)
    files = {**FILES, ".reprise/a.yaml": SPEC, ".reprise/b.yaml": SPEC}
    pull = replace(pull, sha=outside.commit(pull.repository, files))
    outside.forge.add_pull_request(pull.repository, 7, pull.sha)
    controller.told_comment(pull, "/reproduce backend=docker")
    controller.told_comment(pull, "/reproduce a backend=docker")
    controller.told_comment(pull, "/reproduce b")
    controller.start()
    controller.until(lambda: outside.runner.started and docker.runner.started)
    live = [(run.experiment, run.backend) for run in controller.runs() if run.granted_at is not None]
    assert live == [("wine", "docker"), ("b", "process")]
    waiting = next(run for run in controller.runs() if run.granted_at is None)
    assert outlook(controller.world, waiting).startswith("place 1, the only slot of docker is in use")
    controller.told_comment(pull, "/reproduce cancel")
    controller.work()
    assert_clean(controller)


def test_a_run_that_waits_for_a_backend_that_was_taken_away_says_so_and_goes_on_when_it_is_back(
    make: Make, outside: Outside, docker: Second
) -> None:
    before = make(wrap_world=docker.beside)
    pull = pull_request(outside)
    before.told_comment(pull, "/reproduce backend=docker")
    before.resolve()
    without = before.next_life()
    without.start()
    assert without.grant() == 0
    said = outlook(without.world, without.run())
    assert "the backend docker is not among those of this controller (process)" in said
    without.stop()
    after = make(wrap_world=docker.beside)
    after.work()
    assert reason(after.run()) is Reason.COMPLETED


def test_a_live_run_whose_backend_was_taken_away_ends_with_a_sentence(
    make: Make, outside: Outside, docker: Second
) -> None:
    before = make(wrap_world=docker.beside)
    docker.runner.script = lambda job: FakeJob(forever=True)
    pull = pull_request(outside)
    before.told_comment(pull, "/reproduce backend=docker")
    before.start()
    before.until(lambda: docker.runner.started)
    before.stop()
    without = make()
    without.work()
    run = without.run()
    assert reason(run) is Reason.INFRASTRUCTURE
    assert run.judgement is not None
    assert "the operator can put docker back into REPRISE_BACKENDS" in run.judgement.message
    assert docker.provider.owned() == (run.id,), "nobody could give it back"
    world, reaper = docker.beside(without.world), Reaper()
    assert reaper.reap(world) == ()
    assert reaper.reap(world) == (run.id,)
    assert docker.provider.owned() == ()


def test_the_reaper_looks_at_every_backend_that_answers(
    controller: Controller, outside: Outside, docker: Second
) -> None:
    class Silent(FakeProvider):
        def owned(self) -> tuple[RunId, ...]:
            raise Retryable("the Engine does not answer")

    silent = Second(docker.builder, Silent(docker.provider.root), docker.runner)
    outside.provider.request(RunId("r0"), spec())
    world, reaper = silent.beside(controller.world), Reaper()
    assert reaper.reap(world) == ()
    assert reaper.reap(world) == (RunId("r0"),)


def test_a_check_is_clicked_for_the_same_backend_again(make: Make, outside: Outside, docker: Second) -> None:
    controller = make(wrap_world=docker.beside)
    repository = outside.repository()
    sha = outside.tag(repository, "v1")
    controller.told_commit_comment(repository, sha, "/reproduce backend=docker")
    outside.forge.set_permission(repository, "ada", Permission.WRITE)
    controller.work()
    assert controller.run().backend == "docker"
    assert len(outside.comments(repository, OnCommit(sha))) == 1
