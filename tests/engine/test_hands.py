"""Triggers of several repositories at a time, those of one in their order."""

import threading
from collections.abc import Callable

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import FILES, Controller, Outside, wait_for
from tests.fakes.source import FakeSource
from tests.jobs import until

from reprise.domain.run import Repository, Sha
from reprise.engine.hands import HANDS, Hands, rest_after


class CountingSource(FakeSource):
    def __init__(self) -> None:
        super().__init__()
        self.listings = 0

    def tags(self, repository: Repository) -> dict[str, Sha]:
        self.listings += 1
        return super().tags(repository)


class SlowSource(FakeSource):
    """Some remotes answer only when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.slow: set[int] = set()
        self.go = threading.Event()
        self.asked = threading.Event()

    def tags(self, repository: Repository) -> dict[str, Sha]:
        self.asked.set()
        if repository.id in self.slow:
            wait_for(self.go)
        return super().tags(repository)


def hands_of(controller: Controller) -> Hands:
    return Hands(controller.world, added=lambda: None)


def look_until(hands: Hands, condition: Callable[[], bool]) -> None:
    def looked() -> bool:
        hands.look()
        return condition()

    until(looked)


def tagged(controller: Controller, name: str, *tags: str) -> Repository:
    repository = controller.outside.repository(name)
    for tag in tags:
        controller.outside.tag(repository, tag, {**FILES, "x": tag})
        controller.told_tag(repository, tag)
    return repository


def test_a_repository_that_does_not_answer_keeps_no_other_waiting(make: Make, outside: Outside) -> None:
    outside.source = source = SlowSource()
    controller = make()
    stuck = tagged(controller, "eve/stuck", *(f"v{number}" for number in range(120)))
    source.slow.add(stuck.id)
    tagged(controller, "ada/wine", "v1")
    hands = hands_of(controller)
    try:
        hands.look()
        look_until(hands, lambda: [run.repository.full_name for run in controller.runs()] == ["ada/wine"])
        assert controller.open_triggers() == 120
    finally:
        source.go.set()
    look_until(hands, lambda: len(controller.runs()) == 121)
    hands.finish(5)
    assert controller.open_triggers() == 0


def test_triggers_of_one_repository_are_settled_in_their_order(controller: Controller) -> None:
    names = [f"v{number}" for number in range(12)]
    tagged(controller, "ada/wine", *names)
    hands = hands_of(controller)
    look_until(hands, lambda: controller.open_triggers() == 0)
    hands.finish(5)
    assert [run.ref for run in controller.runs()] == names


def test_there_are_never_more_hands_than_allowed(make: Make, outside: Outside) -> None:
    outside.source = source = SlowSource()
    controller = make()
    for number in range(HANDS + 3):
        source.slow.add(tagged(controller, f"eve/stuck{number}", "v1").id)
    hands = hands_of(controller)
    for _ in range(3):
        hands.look()
    working = [thread for thread in threading.enumerate() if thread.name == "hand"]
    source.go.set()
    assert len(working) == HANDS
    look_until(hands, lambda: len(controller.runs()) == HANDS + 3)
    hands.finish(5)


def test_many_tags_of_a_repository_are_listed_once(make: Make, outside: Outside) -> None:
    outside.source = source = CountingSource()
    controller = make()
    tagged(controller, "ada/wine", *(f"v{number}" for number in range(9)))
    tagged(controller, "eve/cheese", "v1")
    assert controller.resolve() == 10
    assert source.listings == 2


def test_one_tag_told_very_often_is_looked_at_once(controller: Controller) -> None:
    repository = tagged(controller, "ada/wine", "v1")
    for _ in range(300):  # more than are looked at together
        controller.told_tag(repository, "v1")
    assert controller.resolve() == 1
    assert controller.open_triggers() == 0


def test_what_was_told_after_the_tags_were_listed_is_looked_at_again(make: Make, outside: Outside) -> None:
    outside.source = source = SlowSource()
    controller = make()
    repository = tagged(controller, "ada/wine", "v1")
    source.slow.add(repository.id)
    hands = hands_of(controller)
    hands.look()
    wait_for(source.asked)
    controller.told_tag(repository, "v1")
    source.go.set()
    hands.finish(5)
    assert controller.open_triggers() == 1


@pytest.mark.parametrize(
    ("worked", "triggers", "rests"), [(0.3, 1, 0.3), (0.3, 4, 1.2), (0.3, 100, 3.0), (60.0, 1, 3.0)]
)
def test_a_repository_rests_the_longer_the_more_it_asks_at_once(
    worked: float, triggers: int, rests: float
) -> None:
    assert rest_after(worked, triggers) == pytest.approx(rests)
