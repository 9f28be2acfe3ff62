"""The policy of the default branch and of the operator: what it keeps from running, and how that is told."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    SPEC,
    Controller,
    Outside,
    assert_clean,
    pull_request,
    reason,
    spec_with,
)
from tests.fakes.runner import FakeJob
from tests.fakes.source import File

from reprise.domain.audit import Action
from reprise.domain.errors import Retryable
from reprise.domain.forge import OnCommit, State
from reprise.domain.policy import Policy
from reprise.domain.run import Reason, Repository

HOUR = {"run:\n": "resources: {duration: 1h}\ndeterminism: {self_repeat: false}\nrun:\n"}
"""Two hours at most."""


def policy(outside: Outside, repository: Repository, written: str, **more: str) -> None:
    """Of the default branch."""
    files: Mapping[str, File] = {"reprise.yaml": f"{SPEC}policy: {written}\n", **more}
    outside.source.set_head(repository, outside.commit(repository, files))


def test_a_tag_that_the_policy_forbids_is_told_on_its_commit(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    policy(outside, repository, "{backends: [docker]}")
    sha = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    run = controller.run()
    assert reason(run) is Reason.REFUSED
    assert run.granted_at is None
    status = outside.statuses(repository, sha)["reprise/wine"]
    assert status.state is State.ERROR
    assert status.description.startswith("stopped: refused: The policy allows the backends docker")
    assert [deed.action for deed in controller.audit(run)] == [
        Action.REQUESTED,
        Action.REFUSED,
        Action.JUDGED,
    ]
    (report,) = outside.comments(repository, OnCommit(sha))
    assert "'policy.backends' on the default branch" in report.body


def test_the_policy_of_the_tagged_commit_does_not_count(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1", {**FILES, "reprise.yaml": f"{SPEC}policy: {{backends: [docker]}}\n"})
    controller.told_tag(repository, "v1")
    controller.work()
    assert reason(controller.run()) is Reason.COMPLETED


@pytest.mark.parametrize("where", ["repository", "operator", "experiment"])
def test_whoever_is_stricter_wins(make: Make, outside: Outside, where: str) -> None:
    strict = Policy(backends=("docker",)) if where == "operator" else Policy(max_su_per_run=100)
    controller = make(policy=strict)
    pull = pull_request(outside, files={**FILES, ".reprise/ablation.yaml": SPEC})
    written = "{backends: [docker]}" if where == "repository" else "{}"
    own = f"{SPEC}policy: {{backends: [docker]}}\n" if where == "experiment" else SPEC
    policy(outside, pull.repository, written, **{".reprise/ablation.yaml": own})
    controller.told_comment(pull, "/reproduce ablation")
    controller.work()
    assert controller.runs() == []


def test_a_new_experiment_keeps_to_the_policy_of_the_repository(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside, files={**FILES, ".reprise/new.yaml": SPEC})
    policy(outside, pull.repository, "{backends: [docker]}")
    controller.told_comment(pull, "/reproduce new")
    controller.work()
    assert controller.runs() == []


def test_what_is_too_dear_for_one_run_is_refused_before_it_begins(make: Make, outside: Outside) -> None:
    controller = make(policy=Policy(max_su_per_run=0.5))
    pull = pull_request(outside, files=spec_with(HOUR))
    controller.told_comment(pull)
    controller.work()
    assert controller.runs() == []
    (reply,) = [c.body for c in outside.comments(pull.repository, pull.place)]
    assert "expected to take 1 h of one machine, and the policy allows 30 min per run" in reply
    (refused,) = controller.audit()
    assert refused.action is Action.REFUSED


def test_nobody_knows_what_it_takes_so_it_is_ended_in_time(make: Make, outside: Outside) -> None:
    controller = make(policy=Policy(max_su_per_run=0.5))
    pull = pull_request(outside)
    outside.runner.script = lambda job: FakeJob(forever=True)
    controller.told_comment(pull)
    controller.start()
    controller.until(lambda: outside.runner.started)
    assert controller.run().spend_limit == 1800
    outside.clock.advance(1800)
    controller.work()
    assert_clean(controller)
    assert reason(controller.run()) is Reason.OVER_BUDGET


def test_a_month_that_is_spent_runs_nothing_until_the_next(make: Make, outside: Outside) -> None:
    controller = make(policy=Policy(max_su_per_month=1))
    pull = pull_request(outside, files=spec_with(HOUR))
    outside.runner.script = lambda job: FakeJob(forever=True)
    controller.told_comment(pull)
    controller.start()
    controller.until(lambda: outside.runner.started)
    controller.told_comment(pull, "/reproduce seeds=2")
    controller.resolve()
    assert len(controller.runs()) == 1
    (reply,) = [c.body for c in outside.comments(pull.repository, pull.place) if "reply" in c.body]
    assert "1 h are reserved for runs that go on" in reply
    outside.clock.advance(3600)
    controller.work()
    assert reason(controller.run()) is Reason.OVER_BUDGET
    controller.told_comment(pull)
    controller.work()
    assert len(controller.runs()) == 1
    outside.clock.advance(timedelta(days=32).total_seconds())
    controller.told_comment(pull)
    controller.resolve()
    assert len(controller.runs()) == 2


def test_experiments_of_one_command_share_what_is_left(make: Make, outside: Outside) -> None:
    controller = make(policy=Policy(max_su_per_month=3))
    spec = spec_with(HOUR)["reprise.yaml"]
    pull = pull_request(outside, files={**FILES, "reprise.yaml": spec, ".reprise/second.yaml": spec})
    controller.told_comment(pull, "/reproduce all")
    controller.resolve()
    assert sorted(run.spend_limit or 0 for run in controller.runs()) == [3600, 7200]


@pytest.mark.parametrize("written", ["[]", "{whom: [write]}", "{who: [everybody]}", "{who: ["])
def test_a_policy_that_cannot_be_read_lets_nothing_run(
    controller: Controller, outside: Outside, written: str
) -> None:
    pull = pull_request(outside)
    policy(outside, pull.repository, written)
    controller.told_comment(pull)
    controller.work()
    assert controller.runs() == []
    (reply,) = [c.body for c in outside.comments(pull.repository, pull.place)]
    assert "reprise.yaml:" in reply
    assert "until it is mended on the default branch nothing is run here" in reply


def test_other_mistakes_on_the_default_branch_do_not_matter(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    head = outside.commit(pull.repository, {"reprise.yaml": "version: 7\n"})
    outside.source.set_head(pull.repository, head)
    controller.told_comment(pull)
    controller.work()
    assert reason(controller.run()) is Reason.COMPLETED


def test_a_default_branch_that_cannot_be_fetched_lets_nothing_run(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    policy(outside, pull.repository, "{}")
    outside.source.lose(pull.repository, outside.source.head(pull.repository) or pull.sha)
    controller.told_comment(pull)
    controller.work()
    assert controller.runs() == []
    (reply,) = [c.body for c in outside.comments(pull.repository, pull.place)]
    assert "The policy on the default branch cannot be read" in reply


def test_a_repository_that_does_not_answer_is_asked_again(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    policy(outside, pull.repository, "{backends: [docker]}")
    outside.source.fail(*[Retryable("the remote does not answer")] * 2)
    controller.told_comment(pull)
    controller.resolve()
    assert controller.open_triggers() == 1
    outside.clock.advance(60)
    controller.work()
    assert controller.runs() == []


def test_an_author_whose_spec_cannot_be_read_hears_of_that(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    sha = outside.tag(repository, "v1", {**FILES, "reprise.yaml": "version: [1\n"})
    outside.source.set_head(repository, sha)
    controller.told_tag(repository, "v1")
    controller.work()
    assert reason(controller.run()) is Reason.SPEC_INVALID
