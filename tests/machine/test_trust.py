"""No commit runs that was not asked for, or approved, by somebody who might write at that moment."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from tests.machine.histories import Histories, many
from tests.machine.test_seeded import _with
from tests.machine.trust import Move, Step, TrustHistories, histories

from reprise.domain.forge import Permission, PullRequest
from reprise.domain.run import Repository, Sha
from reprise.engine.world import World

HISTORIES = 120
MIX = {
    Move.PUSH: 5,
    Move.SAY: 4,
    Move.ASK: 12,
    Move.EDIT: 2,
    Move.DELETE: 1,
    Move.APPROVE: 6,
    Move.ROLE: 5,
    Move.CLOSE: 1,
    Move.DELIVER: 3,
    Move.DOUBLE: 1,
    Move.DROP: 1,
    Move.SWEEP: 1,
    Move.INTAKE: 3,
    Move.GRANT: 1,
    Move.WORK: 1,
    Move.CRASH: 1,
    Move.FUSE: 1,
    Move.MEANWHILE: 2,
    Move.CLOCK: 1,
}


@pytest.fixture
def watched(lived: Histories) -> Iterator[TrustHistories]:
    watched = TrustHistories(lived.folder, lived.tables)
    yield watched
    print(f"\n{watched.tally}\nplans: {watched.plans}, approved {watched.approved}")


def test_nothing_runs_without_somebody_who_may(watched: TrustHistories) -> None:
    @many(HISTORIES)
    @given(steps=histories(MIX))
    def history(steps: list[Step]) -> None:
        watched.live_trust(steps)

    history()
    assert watched.tally.histories >= HISTORIES
    assert all(watched.moves[move] >= 5 for move in MIX)
    assert watched.plans >= 50
    assert watched.approved >= 10


# --- that it would be noticed --------------------------------------------------------------------------


def believes_everybody(world: World) -> World:
    return _with(world, "forge", "permission", lambda repository, login: Permission.WRITE)


def remembers_roles(world: World) -> World:
    known: dict[str, Permission] = {}

    def permission(repository: Repository, login: str) -> Permission:
        return known.setdefault(login, world.conversation.permission(repository, login))

    return _with(world, "forge", "permission", permission)


def remembers_heads(world: World) -> World:
    @functools.cache
    def pull_request(repository: Repository, number: int) -> PullRequest:
        return world.conversation.pull_request(repository, number)

    return _with(world, "forge", "pull_request", pull_request)


def knows_no_forks(world: World) -> World:
    def pull_request(repository: Repository, number: int) -> PullRequest:
        return replace(world.conversation.pull_request(repository, number), head_repository_id=repository.id)

    return _with(world, "forge", "pull_request", pull_request)


def takes_any_name_for_the_head(world: World) -> World:
    class Head(str):
        __slots__ = ()

        def startswith(self, *_: object) -> bool:
            return True

    def pull_request(repository: Repository, number: int) -> PullRequest:
        pull = world.conversation.pull_request(repository, number)
        return replace(pull, head_sha=Sha(Head(pull.head_sha)))

    return _with(world, "forge", "pull_request", pull_request)


@pytest.mark.parametrize(
    "defect",
    [
        believes_everybody,
        remembers_roles,
        remembers_heads,
        knows_no_forks,
        takes_any_name_for_the_head,
    ],
)
def test_a_seeded_defect_is_found(watched: TrustHistories, defect: Callable[[World], World]) -> None:
    @settings(many(400), phases=[Phase.generate])
    @given(steps=histories(MIX))
    def history(steps: list[Step]) -> None:
        watched.live_trust(steps)

    watched.spoil = defect
    with pytest.raises(AssertionError):
        history()
