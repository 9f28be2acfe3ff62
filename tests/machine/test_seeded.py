"""The histories would notice: each defect that is seeded here is found by some of them."""

from collections.abc import Callable
from itertools import count
from typing import Any, cast

import pytest
from hypothesis import Phase, given, settings
from tests.engine.watch import with_ports
from tests.machine.histories import Histories, Step, histories, many
from tests.machine.test_tags import MIX

from reprise.domain.forge import Place
from reprise.domain.run import Repository
from reprise.engine.world import World
from reprise.ports import Failed, JobRequest

NUMBERS = count()


class Spoiled:
    """A port of which one method does something else."""

    def __init__(self, inner: object, name: str, instead: Callable[..., Any]) -> None:
        self._inner = inner
        self._name = name
        self._instead = instead

    def __getattr__(self, name: str) -> Any:
        return self._instead if name == self._name else getattr(self._inner, name)


def keeps_machines(world: World) -> World:
    return _with(world, "provider", "release", lambda run_id: None)


def looks_at_no_status(world: World) -> World:
    return _with(world, "forge", "statuses", lambda repository, sha: {})


def finds_no_comment_again(world: World) -> World:
    def put(repository: Repository, place: Place, *, marker: str, body: str, known_id: int | None) -> int:
        return world.conversation.put_comment(
            repository, place, marker=f"<!-- {next(NUMBERS)} -->", body=body, known_id=None
        )

    return _with(world, "forge", "put_comment", put)


def adopts_no_job(world: World) -> World:
    runner = world.backend(world.default).runner

    def start(job: JobRequest) -> Failed | None:
        cast(Any, runner)._inner._states.pop(job.folder, None)
        return runner.start(job)

    return _with(world, "runner", "start", start)


def concludes_nothing(world: World) -> World:
    return _with(world, "tracker", "conclude", lambda tracked, tags, report: None)


def _with(world: World, port: str, name: str, instead: Callable[..., Any]) -> World:
    return with_ports(world, lambda _, inner: Spoiled(inner, name, instead), (port,))


@pytest.mark.parametrize(
    "defect",
    [keeps_machines, looks_at_no_status, finds_no_comment_again, adopts_no_job, concludes_nothing],
)
def test_a_seeded_defect_is_found(lived: Histories, defect: Callable[[World], World]) -> None:
    @settings(many(400), phases=[Phase.generate])
    @given(steps=histories(MIX))
    def history(steps: list[Step]) -> None:
        lived.live(steps)

    lived.spoil = defect
    with pytest.raises(AssertionError):
        history()
