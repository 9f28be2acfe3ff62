"""Pull requests from forks: strangers' code, which runs only when somebody who may write named it."""

from dataclasses import replace

import pytest
from tests.engine.harness import (
    FILES,
    Controller,
    Files,
    Outside,
    Pull,
    assert_clean,
    is_report,
    pull_request,
)

from reprise.domain.forge import OnCommit, Permission, State
from reprise.domain.run import Sha
from reprise.store import plans

FORK = 999


def fork(outside: Outside, *, files: Files | None = None) -> Pull:
    pull = pull_request(outside, files=files)
    outside.forge.add_pull_request(pull.repository, pull.number, pull.sha, head_repository_id=FORK)
    return pull


def pushed(outside: Outside, pull: Pull, files: Files) -> Pull:
    sha = outside.commit(pull.repository, {**FILES, **files})
    outside.forge.add_pull_request(pull.repository, pull.number, sha, head_repository_id=FORK)
    return replace(pull, sha=sha)


def replies(outside: Outside, pull: Pull) -> list[str]:
    found = outside.comments(pull.repository, pull.place)
    return [comment.body for comment in found if "reprise:reply" in comment.body]


@pytest.mark.parametrize("said", ["/reproduce", "/reproduce wine", "/reproduce all"])
def test_without_a_commit_the_answer_is_the_command_to_write(
    controller: Controller, outside: Outside, said: str
) -> None:
    pull = fork(outside)
    controller.told_comment(pull, said)
    controller.work()
    assert controller.runs() == []
    (reply,) = replies(outside, pull)
    assert "This is a fork's code: look at it, then name the commit." in reply
    assert f"\n{said} {pull.sha}\n" in reply
    (refused,) = controller.audit()
    assert refused.detail == "This is a fork's code: look at it, then name the commit."


@pytest.mark.parametrize("digits", [7, 12, 40])
def test_the_named_head_runs_as_a_strangers_code(
    controller: Controller, outside: Outside, digits: int
) -> None:
    pull = fork(outside)
    controller.told_comment(pull, f"/reproduce {pull.sha[:digits]}")
    controller.work()
    assert_clean(controller)
    run = controller.run()
    assert (run.commit, run.untrusted) == (pull.sha, True)
    assert outside.statuses(pull.repository, pull.sha)["reprise/wine"].state is State.SUCCESS
    assert {trusted for _, trusted in outside.source.exported} == {False}


def test_a_push_before_we_look_runs_neither_commit(controller: Controller, outside: Outside) -> None:
    pull = fork(outside)
    controller.told_comment(pull, f"/reproduce {pull.sha}")
    newer = pushed(outside, pull, {"train.py": "mine bitcoin"})
    controller.work()
    assert controller.runs() == []
    (reply,) = replies(outside, pull)
    assert "not the head of this pull request:" in reply
    assert f"/reproduce {newer.sha}" in reply


def test_a_push_after_we_looked_changes_nothing_of_the_run(controller: Controller, outside: Outside) -> None:
    pull = fork(outside)
    controller.told_comment(pull, f"/reproduce {pull.sha}")
    controller.resolve()
    pushed(outside, pull, {"train.py": "mine bitcoin"})
    controller.work()
    assert [run.commit for run in controller.runs()] == [pull.sha]


def test_a_deleted_fork_is_a_fork(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    outside.forge.delete_fork(pull.repository, pull.number)
    controller.told_comment(pull)
    controller.work()
    assert controller.runs() == []
    assert "fork's code" in replies(outside, pull)[0]


def test_the_authors_own_request_becomes_a_plan_of_a_forks_code(
    controller: Controller, outside: Outside
) -> None:
    pull = fork(outside)
    controller.told_comment(pull, f"/reproduce {pull.sha[:9]}", who="mallory")
    controller.work()
    assert controller.runs() == []
    with controller.world.store.read() as connection:
        (plan,) = plans.open_at(connection, pull.repository.id, pull.number)
    (comment,) = outside.comments(pull.repository, pull.place)
    assert f"`{pull.sha}`, a fork's code." in comment.body
    controller.told_comment(pull, f"/reproduce approve {plan.id}")
    controller.work()
    assert_clean(controller)
    assert (controller.run().commit, controller.run().untrusted) == (pull.sha, True)


def test_a_forks_policy_does_not_count(controller: Controller, outside: Outside) -> None:
    lax = FILES["reprise.yaml"] + "policy: {who: [write]}\n"  # type: ignore[operator] # a text
    pull = fork(outside, files={**FILES, "reprise.yaml": lax})
    strict = outside.commit(pull.repository, {"reprise.yaml": "policy: {who: [admin]}\n"})
    outside.source.set_head(pull.repository, strict)
    outside.forge.set_permission(pull.repository, "root", Permission.ADMIN)
    controller.told_comment(pull, f"/reproduce {pull.sha}")
    controller.work()
    assert controller.runs() == []
    controller.told_comment(pull, f"/reproduce {pull.sha}", who="root")
    controller.work()
    assert [run.who for run in controller.runs()] == ["root"]


def test_a_commit_that_is_not_the_head_of_an_own_branch_may_be_anybodys(
    controller: Controller, outside: Outside
) -> None:
    """A forge finds a fork's commits in the repository that was forked too."""
    pull = pull_request(outside)
    other = outside.commit(pull.repository, {**FILES, "notes.txt": "older"})
    for sha in (other, pull.sha):
        controller.told_comment(pull, f"/reproduce {sha[:12]}")
        controller.work()
    assert {run.commit: run.untrusted for run in controller.runs()} == {other: True, pull.sha: False}
    assert set(outside.source.exported) == {(other, False), (pull.sha, True)}


def test_a_tag_of_ours_is_trusted(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert {trusted for _, trusted in outside.source.exported} == {True}


def test_a_commit_that_the_forge_does_not_have_any_more_is_told(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    outside.forge.add_pull_request(pull.repository, 9, "ab" * 20, head_repository_id=FORK)
    controller.told_comment(Pull(pull.repository, 9, Sha("ab" * 20)), f"/reproduce {'ab' * 20}")
    controller.work()
    assert controller.runs() == []
    assert all(not is_report(comment) for comment in outside.comments(pull.repository, pull.place))


def test_a_strangers_run_is_in_no_trend_of_ours(controller: Controller, outside: Outside) -> None:
    pull = fork(outside)
    controller.told_comment(pull, f"/reproduce {pull.sha}")
    controller.work()
    assert controller.run().untrusted
    sha = outside.tag(pull.repository, "v9", {**FILES, "README": "ours"})
    controller.told_tag(pull.repository, "v9")
    controller.work()
    [comment] = outside.comments(pull.repository, OnCommit(sha))
    assert "### wine: reproduced" in comment.body
    assert "Earlier runs" not in comment.body
