"""What no delivery told us of is found by looking, and the same runs come of it."""

from io import StringIO

import pytest
from tests.engine.harness import FILES, Controller, Outside, assert_clean, reason

from reprise.domain.errors import Moved, Refused, Retryable
from reprise.domain.run import Reason, Repository, Verdict
from reprise.domain.watch import read_watch
from reprise.engine.readiness import unswept
from reprise.engine.sweep import Sweeps, sweep

WINE = read_watch(("ada/wine",))


def commits(controller: Controller) -> list[str]:
    return [run.commit for run in controller.runs()]


def watched(controller: Controller, outside: Outside) -> Repository:
    """A repository whose baseline was taken while it had no tag."""
    repository = outside.repository()
    assert sweep(controller.world, read_watch(("ada/wine",))) == 0
    return repository


def test_tags_older_than_the_watch_never_run(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    for _ in range(3):
        assert sweep(controller.world, read_watch(("ada/wine",))) == 0
        controller.resolve()
    assert controller.runs() == []
    newer = outside.tag(repository, "v2", {**FILES, "x": "2"})
    assert sweep(controller.world, read_watch(("ada/wine",))) == 1
    controller.resolve()
    assert commits(controller) == [newer]


def test_a_tag_that_was_delivered_before_the_first_sweep_runs(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    delivered = outside.tag(repository, "v2", {**FILES, "x": "2"})
    controller.told_tag(repository, "v2")
    sweep(controller.world, read_watch(("ada/wine",)))
    controller.resolve()
    assert commits(controller) == [delivered]


def test_a_delivered_tag_whose_trigger_is_still_open_makes_one_run(
    controller: Controller, outside: Outside
) -> None:
    repository = watched(controller, outside)
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    sweep(controller.world, read_watch(("ada/wine",)))
    controller.resolve()
    assert len(controller.runs()) == 1
    assert sweep(controller.world, read_watch(("ada/wine",))) == 0


def test_tags_pushed_while_the_controller_was_down_run_after_its_start(
    controller: Controller, outside: Outside
) -> None:
    repository = watched(controller, outside)
    controller.stop()
    pushed = {outside.tag(repository, f"v{n}", {**FILES, "x": str(n)}) for n in range(3)}
    later = controller.next_life()
    assert sweep(later.world, read_watch(("ada/wine",))) == 3
    later.work()
    later.stop()
    assert set(commits(later)) == pushed
    assert {run.judgement.verdict for run in later.runs() if run.judgement} == {Verdict.REPRODUCED}
    assert_clean(later)


def test_a_moved_tag_makes_a_new_run_and_the_old_verdict_stays(
    controller: Controller, outside: Outside
) -> None:
    repository = watched(controller, outside)
    old = outside.tag(repository, "v1")
    sweep(controller.world, read_watch(("ada/wine",)))
    controller.work()
    before = outside.statuses(repository, old)
    new = outside.tag(repository, "v1", {**FILES, "x": "2"})
    assert sweep(controller.world, read_watch(("ada/wine",))) == 1
    controller.work()
    assert commits(controller) == [old, new]
    assert outside.statuses(repository, old) == before
    assert_clean(controller)


def test_a_tag_that_moves_back_joins_the_first_run_when_that_has_its_verdict(
    controller: Controller, outside: Outside
) -> None:
    repository = watched(controller, outside)
    old = outside.tag(repository, "v1")
    sweep(controller.world, read_watch(("ada/wine",)))
    controller.work()
    outside.tag(repository, "v1", {**FILES, "x": "2"})
    sweep(controller.world, read_watch(("ada/wine",)))
    controller.resolve()
    outside.source.tag(repository, "v1", old)
    controller.told_tag(repository, "v1")
    assert sweep(controller.world, read_watch(("ada/wine",))) == 0
    controller.resolve()
    assert len(controller.runs()) == 2


def test_a_deleted_tag_leaves_its_run(controller: Controller, outside: Outside) -> None:
    repository = watched(controller, outside)
    outside.tag(repository, "v1")
    sweep(controller.world, read_watch(("ada/wine",)))
    outside.source.delete_tag(repository, "v1")
    controller.resolve()
    assert controller.runs() == []
    assert sweep(controller.world, read_watch(("ada/wine",))) == 0


@pytest.mark.parametrize("error", [Retryable("git did not answer"), Refused("no such repository")])
def test_one_unreadable_repository_does_not_stop_the_others(
    controller: Controller, outside: Outside, error: Retryable | Refused
) -> None:
    watched(controller, outside)
    other = outside.repository("bob/beer")
    sweep(controller.world, read_watch(("bob/beer",)))
    outside.tag(other, "v1")
    outside.source.fail(error)
    assert sweep(controller.world, read_watch(("ada/wine", "bob/beer"))) == 1


def test_a_repository_that_does_not_exist_does_not_stop_the_others(
    controller: Controller, outside: Outside
) -> None:
    other = outside.repository("bob/beer")
    sweep(controller.world, read_watch(("bob/beer",)))
    outside.tag(other, "v1")
    assert sweep(controller.world, read_watch(("nobody/nothing", "bob/beer"))) == 1


# --- triggers that cannot be resolved yet --------------------------------------------------------------


def test_a_trigger_waits_for_git_with_a_growing_pause(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    outside.source.fail(*[Retryable("git did not answer")] * 3)
    waited: list[int] = []
    while not controller.resolve():
        assert len(waited) < 10_000
        waited.append(1)
        outside.clock.advance(0.5)
    assert 1 + 2 + 4 <= len(waited) * 0.5 <= 1 + 2 + 4 + 2
    assert len(controller.runs()) == 1


def test_a_trigger_waits_as_long_as_it_is_asked_to(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    outside.forge.fail("repository", Retryable("too many calls", after=120))
    controller.resolve()
    outside.clock.advance(119)
    assert controller.resolve() == 0
    outside.clock.advance(2)
    assert controller.resolve() == 1


def test_a_trigger_with_a_bug_does_not_stop_the_others(controller: Controller, outside: Outside) -> None:
    first, second = outside.repository("ada/wine"), outside.repository("bob/beer")
    outside.tag(first, "v1")
    sha = outside.tag(second, "v1")
    controller.told_tag(first, "v1")
    controller.told_tag(second, "v1")
    outside.source.fail(ZeroDivisionError("division by zero"))
    controller.resolve()
    assert commits(controller) == [sha]
    outside.clock.advance(2)
    controller.resolve()
    assert len(controller.runs()) == 2, "the first one is tried again"


def test_a_trigger_that_never_works_is_given_up(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    controller.told_tag(repository, "v1")
    outside.source.fail(*[Retryable("git did not answer")] * 1000)
    tries = 0
    while controller.open_triggers():
        controller.resolve()
        outside.clock.advance(3600)
        tries += 1
        assert tries < 1000
    assert tries > 300


def test_backfill_runs_each_older_tag_once(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    older = [outside.tag(repository, f"v{number}", {**FILES, "x": str(number)}) for number in (1, 2)]
    assert sweep(controller.world, read_watch(("ada/wine",)), backfill=True) == 2
    controller.resolve()
    assert commits(controller) == older
    assert sweep(controller.world, read_watch(("ada/wine",)), backfill=True) == 0
    assert sweep(controller.world, read_watch(("ada/wine",))) == 0


def test_backfill_also_runs_what_was_set_aside_when_the_watch_began(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    older = outside.tag(repository, "v1")
    assert sweep(controller.world, read_watch(("ada/wine",))) == 0
    assert sweep(controller.world, read_watch(("ada/wine",)), backfill=True) == 1
    controller.resolve()
    assert commits(controller) == [older]


def test_backfill_leaves_out_an_older_tag_that_is_gone_or_was_delivered(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    outside.tag(repository, "gone")
    sweep(controller.world, read_watch(("ada/wine",)))
    outside.source.delete_tag(repository, "gone")
    delivered = outside.repository("ada/other")
    outside.tag(delivered, "v1")
    controller.told_tag(delivered, "v1")
    assert sweep(controller.world, read_watch(("ada/wine", "ada/other")), backfill=True) == 0


def test_sweeps_are_remembered_with_what_kept_them_from_succeeding(
    controller: Controller, outside: Outside
) -> None:
    outside.repository()
    sweeps = Sweeps()
    sweep(controller.world, read_watch(("ada/wine", "ada/nothing")), sweeps=sweeps)
    assert sweeps.done == {"ada/wine": outside.clock.now()}
    assert list(sweeps.trouble) == ["ada/nothing"]
    outside.repository("ada/nothing")
    sweep(controller.world, read_watch(("ada/wine", "ada/nothing")), sweeps=sweeps)
    assert set(sweeps.done) == {"ada/wine", "ada/nothing"}
    assert sweeps.trouble == {}


def test_a_tag_that_moved_back_unheard_gets_its_verdict_after_all(
    controller: Controller, outside: Outside
) -> None:
    """The run of its first commit was superseded meanwhile."""
    repository = outside.repository()
    sweep(controller.world, WINE)
    first = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    outside.tag(repository, "v1", {**FILES, "moved": ""})
    controller.told_tag(repository, "v1")
    controller.resolve()
    outside.source.tag(repository, "v1", first)
    assert sweep(controller.world, WINE) == 1
    assert sweep(controller.world, WINE) == 0, "found twice"
    controller.work()
    assert sweep(controller.world, WINE) == 0
    assert [(run.commit == first, reason(run)) for run in controller.runs()] == [
        (True, Reason.SUPERSEDED),
        (False, Reason.SUPERSEDED),
        (True, Reason.COMPLETED),
    ]


def test_a_tag_that_had_moved_when_it_was_looked_at_and_came_back_unheard_is_found(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    sweep(controller.world, WINE)
    first = outside.tag(repository, "v1")
    assert sweep(controller.world, WINE) == 1
    outside.tag(repository, "v1", {**FILES, "moved": ""})
    controller.work()
    outside.source.tag(repository, "v1", first)
    assert sweep(controller.world, WINE) == 1
    controller.work()
    assert [(run.commit == first, reason(run)) for run in controller.runs()] == [
        (False, Reason.COMPLETED),
        (True, Reason.COMPLETED),
    ]


def test_an_older_tag_that_moved_and_came_back_counts_as_pushed(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    first = outside.tag(repository, "v1")
    sweep(controller.world, WINE)
    outside.tag(repository, "v1", {**FILES, "moved": ""})
    assert sweep(controller.world, WINE) == 1
    controller.work()
    outside.source.tag(repository, "v1", first)
    assert sweep(controller.world, WINE) == 1
    controller.work()
    assert [run.commit == first for run in controller.runs()] == [False, True]
    assert sweep(controller.world, WINE) == 0


def test_a_sweep_that_got_no_answer_is_repeated_sooner_and_ever_more_rarely(
    controller: Controller, outside: Outside
) -> None:
    watched(controller, outside)
    known = Sweeps()
    pauses = []
    for _ in range(6):
        outside.source.fail(Retryable("the forge is down"))
        sweep(controller.world, WINE, sweeps=known)
        pauses.append(known.pause(300, 0))
    assert pauses == [15, 30, 60, 120, 240, 300]
    assert known.pause(300, 1) == 300
    sweep(controller.world, WINE, sweeps=known)
    assert known.pause(300, 0.5) == 300


def test_a_sweep_that_was_refused_is_not_repeated_sooner(controller: Controller, outside: Outside) -> None:
    known = Sweeps()
    sweep(controller.world, read_watch(("nobody/here",)), sweeps=known)
    assert list(known.trouble) == ["nobody/here"]
    assert known.pause(300, 0.5) == 300


def test_without_a_watch_what_the_app_was_given_is_swept(controller: Controller, outside: Outside) -> None:
    wine, beer = outside.repository("ada/wine"), outside.repository("bob/beer")
    outside.forge.install(wine)
    everything = read_watch(())
    assert sweep(controller.world, everything) == 0
    outside.tag(wine, "v1")
    outside.tag(beer, "v1")
    assert sweep(controller.world, everything) == 1
    outside.forge.install(beer)
    assert sweep(controller.world, everything) == 0
    outside.tag(beer, "v2", {**FILES, "x": "2"})
    assert sweep(controller.world, everything) == 1


def test_an_app_whose_installations_cannot_be_listed_keeps_us_from_being_ready(
    controller: Controller, outside: Outside
) -> None:
    sweeps = Sweeps()
    outside.forge.fail("installed", Retryable("GitHub failed with 502"))
    sweep(controller.world, read_watch(()), sweeps=sweeps)
    assert unswept(read_watch(()), sweeps) == ("the installations of the GitHub App",)
    sweep(controller.world, read_watch(()), sweeps=sweeps)
    assert unswept(read_watch(()), sweeps) == ()


@pytest.mark.parametrize(
    ("entries", "warned"),
    [((), False), (("ada/*",), False), (("ada/wine",), True), (("ada/wine", "ada/*"), True)],
    ids=["installed", "pattern", "named", "both"],
)
def test_a_repository_that_moved_since_it_was_listed_asks_nothing_of_anybody(
    controller: Controller, outside: Outside, logs: StringIO, entries: tuple[str, ...], warned: bool
) -> None:
    everything, sweeps = read_watch(entries), Sweeps()
    wine = outside.repository()
    outside.forge.install(wine)
    outside.source.fail(Moved("ada/wine has moved; watch it under its new name"))
    sweep(controller.world, everything, sweeps=sweeps)
    assert ("watch it under its new name" in logs.getvalue()) == warned
    assert ("ada/wine" in sweeps.trouble) == warned
    sweep(controller.world, everything, sweeps=sweeps)
    assert "ada/wine" in sweeps.done
