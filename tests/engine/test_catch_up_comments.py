"""Commands that no delivery told us of are found by looking, and each is acted on once."""

from datetime import timedelta

import pytest
from tests.engine.harness import Controller, Outside, Pull, assert_clean, pull_request
from tests.engine.test_sweep import commits

from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import OnCommit, OnPullRequest, Permission, Reaction
from reprise.domain.missed import OLDEST
from reprise.domain.watch import read_watch
from reprise.engine.sweep import Sweeps, sweep

WINE = read_watch(("ada/wine",))


def look(controller: Controller, sweeps: Sweeps | None = None) -> int:
    return sweep(controller.world, WINE, sweeps=sweeps)


@pytest.fixture
def pull(controller: Controller, outside: Outside) -> Pull:
    """Of a repository whose watch began an hour ago."""
    made = pull_request(outside)
    assert look(controller) == 0
    outside.clock.advance(3600)
    return made


def say(
    outside: Outside, pull: Pull, text: str = "/reproduce", *, who: str = "ada", bot: bool = False
) -> int:
    return outside.forge.add_comment(pull.repository, pull.place, text, who=who, by_bot=bot)


def test_a_command_written_while_the_controller_was_down_runs_after_its_start(
    controller: Controller, outside: Outside, pull: Pull
) -> None:
    controller.stop()
    comment = say(outside, pull)
    later = controller.next_life()
    assert look(later) == 1
    later.work()
    later.stop()
    run = later.run()
    assert (run.commit, run.who, run.generation) == (pull.sha, "ada", f"comment:{comment}")
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.EYES]
    assert_clean(later)


def test_a_command_on_a_tagged_commit_is_found_too(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.forge.set_permission(repository, "ada", Permission.WRITE)
    sha = outside.tag(repository, "v1")
    assert look(controller) == 0
    outside.forge.add_comment(repository, OnCommit(sha), "/reproduce", who="ada")
    assert look(controller) == 1
    controller.work()
    assert commits(controller) == [sha]


@pytest.mark.parametrize("delivered_first", [True, False])
def test_a_comment_that_is_told_twice_is_acted_on_once(
    controller: Controller, outside: Outside, pull: Pull, delivered_first: bool
) -> None:
    if delivered_first:
        controller.told_comment(pull)
        assert look(controller) == 0
    else:
        say(outside, pull)
        assert look(controller) == 1
    controller.resolve()
    assert look(controller) == 0
    assert controller.resolve() == 0
    assert len(controller.runs()) == 1


def test_a_cancel_that_is_told_twice_stops_nothing_that_came_after_it(
    controller: Controller, outside: Outside, pull: Pull
) -> None:
    say(outside, pull, "/reproduce cancel")
    assert look(controller) == 1
    controller.resolve()
    outside.clock.advance(60)
    say(outside, pull)
    for _ in range(3):
        look(controller)
        controller.resolve()
    (run,) = controller.runs()
    assert run.stop_requested is None


def test_a_delivery_that_comes_after_the_look_changes_nothing(
    controller: Controller, outside: Outside, pull: Pull
) -> None:
    comment = say(outside, pull, "/reproduce cancel")
    look(controller)
    controller.resolve()
    answers = outside.comments(pull.repository, pull.place)
    say(outside, pull)
    look(controller)
    controller.resolve()
    controller.told_again(pull, comment, "/reproduce cancel")
    controller.resolve()
    assert outside.comments(pull.repository, pull.place) == answers
    assert [run.stop_requested for run in controller.runs()] == [None]


def test_nothing_comes_of_comments_that_a_delivery_would_not_be_heard_for(
    controller: Controller, outside: Outside, pull: Pull
) -> None:
    say(outside, pull, "Nice!")
    say(outside, pull, "> /reproduce")
    say(outside, pull, who="ci[bot]", bot=True)
    edited = say(outside, pull, "Nice!")
    outside.clock.advance(10)
    outside.forge.edit_comment(pull.repository, edited, "/reproduce")
    closed = outside.forge.add_pull_request(pull.repository, 8, pull.sha, open=False)
    outside.forge.add_comment(pull.repository, OnPullRequest(closed.number), "/reproduce", who="ada")
    outside.forge.add_comment(pull.repository, OnPullRequest(99), "/reproduce", who="ada")  # an issue
    assert look(controller) == 0
    assert controller.open_triggers() == 0


def test_comments_older_than_the_watch_or_than_three_days_are_left(
    controller: Controller, outside: Outside
) -> None:
    made = pull_request(outside)
    say(outside, made)
    outside.clock.advance(600)
    assert look(controller) == 0
    say(outside, made)
    outside.clock.advance(OLDEST.total_seconds() + 60)
    assert look(controller) == 0
    say(outside, made)
    assert look(controller) == 1


@pytest.mark.parametrize(
    ("said", "answer"), [("/reproduce", Reaction.EYES), ("/reproduce cancel", Reaction.CONFUSED)]
)
def test_somebody_who_may_not_write_is_answered_as_for_a_delivery(
    controller: Controller, outside: Outside, pull: Pull, said: str, answer: Reaction
) -> None:
    comment = say(outside, pull, said, who="bob")
    assert look(controller) == 1
    controller.resolve()
    assert controller.runs() == []
    assert outside.forge.reactions_to(pull.repository, comment) == [answer]


def test_pull_requests_are_asked_for_only_when_there_is_a_command(
    controller: Controller, outside: Outside, pull: Pull
) -> None:
    say(outside, pull, "Nice!")
    look(controller)
    assert "open_pull_requests" not in outside.forge.calls


def test_the_same_is_asked_as_long_as_nothing_comes(
    controller: Controller, outside: Outside, pull: Pull
) -> None:
    say(outside, pull, "Nice!")
    look(controller)
    asked = len(outside.forge.since)
    for _ in range(3):
        outside.clock.advance(300)
        look(controller)
    assert len(set(outside.forge.since[asked:])) == 1


@pytest.mark.parametrize("error", [Retryable("no answer"), Refused("the token may not read issues")])
def test_comments_that_cannot_be_read_keep_no_tag_back(
    controller: Controller, outside: Outside, pull: Pull, error: Retryable | Refused
) -> None:
    sweeps = Sweeps()
    outside.forge.fail("comments_since", error)
    tagged = outside.tag(pull.repository, "v1", {"reprise.yaml": "x"})
    say(outside, pull)
    assert look(controller, sweeps) == 1
    assert sweeps.trouble == {"ada/wine": str(error)}
    assert look(controller, sweeps) == 1
    assert sweeps.trouble == {}
    controller.resolve()
    assert set(commits(controller)) == {tagged, pull.sha}


def test_a_look_that_was_late_by_days_still_finds_what_is_not_too_old(
    controller: Controller, outside: Outside, pull: Pull
) -> None:
    outside.clock.advance(timedelta(days=30).total_seconds())
    say(outside, pull)
    outside.clock.advance(timedelta(days=2, hours=23).total_seconds())
    assert look(controller) == 1
