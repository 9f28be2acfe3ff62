"""Deliveries that never arrived are taken from the App's log, each once, as if they came to the webhook."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select
from tests.deliveries import Delivery, comment_posted, sample, tag_pushed
from tests.engine.harness import Controller, Outside, assert_clean, pull_request
from tests.engine.test_sweep import WINE

from reprise.adapters.github.webhook import parse_delivery
from reprise.domain.errors import Refused, Retryable
from reprise.domain.missed import OLDEST
from reprise.domain.run import Repository, Standing
from reprise.engine.catch_up_deliveries import PAGES, TRIES, DeliveryLog, Look
from reprise.engine.life import settle_changes
from reprise.engine.sweep import Sweeps, sweep
from reprise.engine.told import delivery_of
from reprise.store import repositories
from reprise.store.intake import record_deliveries
from reprise.store.tables import deliveries


@pytest.fixture(autouse=True)
def app(outside: Outside) -> None:
    outside.forge.is_app = True


def log_of(controller: Controller) -> DeliveryLog:
    """As a process has it that has just started."""
    known = Sweeps()
    return DeliveryLog(
        controller.world, parse_delivery, lambda number, name: known.watches(WINE, number, name)
    )


def kept(controller: Controller) -> int:
    with controller.world.store.read() as connection:
        return connection.execute(select(func.count()).select_from(deliveries)).scalar_one()


def tried(outside: Outside, delivery: Delivery, guid: str = "guid-1", *, ok: bool = False) -> None:
    outside.forge.attempt(guid, delivery.event, delivery.body, ok=ok)


def pushed(repository: Repository, tag: str = "v1") -> Delivery:
    return tag_pushed(tag, repository_id=repository.id, repository=repository.full_name)


def came(controller: Controller, delivery: Delivery, guid: str) -> bool:
    """To the webhook; whether it was new."""
    new = delivery_of(
        guid,
        delivery.event,
        delivery.body,
        parse_delivery(delivery.event, delivery.body),
        watches=lambda *_: True,
        received_at=controller.outside.clock.now(),
    )
    return record_deliveries(controller.world.store, [new])[0]


def test_what_never_arrived_runs_and_a_later_redelivery_is_known(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    tried(outside, pushed(repository))
    assert log_of(controller).look().found == 1
    assert not came(controller, pushed(repository), "guid-1")
    controller.work()
    assert controller.run().ref == "v1"
    assert controller.audit(controller.run())[0].delivery == "guid-1"
    assert_clean(controller)


@pytest.mark.parametrize("order", [(False, True), (True, False)])
def test_what_arrived_at_any_attempt_is_left_alone(
    controller: Controller, outside: Outside, order: tuple[bool, ...]
) -> None:
    repository = outside.repository()
    for ok in order:
        tried(outside, pushed(repository), ok=ok)
    look = log_of(controller).look()
    assert (look.found, look.whole) == (0, True)
    assert "delivery_payload" not in outside.forge.calls


def test_many_attempts_of_one_delivery_are_one(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    for _ in range(4):
        tried(outside, pushed(repository))
    log = log_of(controller)
    assert [log.look().found, log.look().found] == [1, 0]
    assert kept(controller) == 1


def test_what_we_stored_although_the_answer_was_lost_is_left_alone(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    assert came(controller, pushed(repository), "guid-1")
    tried(outside, pushed(repository))
    assert log_of(controller).look().found == 0
    assert "delivery_payload" not in outside.forge.calls


def test_a_comment_in_the_log_and_in_the_sweep_is_acted_on_once(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    sweep(controller.world, WINE)
    comment = outside.forge.add_comment(pull.repository, pull.place, "/reproduce", who="ada")
    said = comment_posted(
        "/reproduce",
        who="ada",
        number=7,
        comment_id=comment,
        repository_id=pull.repository.id,
        repository=pull.repository.full_name,
    )
    tried(outside, said)
    assert sweep(controller.world, WINE) == 1
    assert log_of(controller).look().found == 1
    controller.work()
    assert len(controller.runs()) == 1


def test_a_long_log_is_walked_in_pieces_also_through_restarts(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    outside.forge.log_page = 3
    whole = 3 * PAGES * 2 + 1
    for number in range(whole):
        tried(outside, pushed(repository, f"v{number}"), f"guid-{number}")
    looks = [log_of(controller).look() for _ in range(3)]
    assert [look.whole for look in looks] == [False, False, True]
    assert sum(look.found for look in looks) == kept(controller) == whole
    again = len(outside.forge.calls)
    assert log_of(controller).look().found == 0
    assert "delivery_payload" not in outside.forge.calls[again:]


def test_the_next_walk_ends_where_the_last_one_began(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.forge.log_page = 1
    for number in range(3):
        tried(outside, pushed(repository, f"v{number}"), f"guid-{number}")
    outside.clock.advance(3600)
    log = log_of(controller)
    while not log.look().whole:
        pass
    outside.clock.advance(3600)
    tried(outside, pushed(repository, "newer"), "guid-newer")
    before = outside.forge.calls.count("delivery_log")
    assert log.look().found == 1
    assert outside.forge.calls.count("delivery_log") - before == 2


def test_nothing_older_than_three_days_is_taken(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    tried(outside, pushed(repository, "old"), "guid-old")
    outside.clock.advance(OLDEST.total_seconds() + 60)
    tried(outside, pushed(repository, "new"), "guid-new")
    assert log_of(controller).look().found == 1


def test_a_forge_that_does_not_answer_is_asked_again_at_the_same_place(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    for number in range(4):
        tried(outside, pushed(repository, f"v{number}"), f"guid-{number}")
    outside.forge.fail("delivery_payload", Retryable("no answer"))
    log = log_of(controller)
    with pytest.raises(Retryable):
        log.look()
    assert log.look().whole
    assert kept(controller) == 4


def test_a_delivery_that_cannot_be_read_holds_up_no_other(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    tried(outside, pushed(repository, "v1"), "guid-1")
    tried(outside, replace(pushed(repository), payload=[]), "guid-2")  # type: ignore[arg-type] # no object
    tried(outside, pushed(repository, "v3"), "guid-3")
    log = log_of(controller)
    outside.forge.fail("delivery_payload", *[Retryable("too large")] * TRIES)
    for _ in range(TRIES - 1):
        with pytest.raises(Retryable):
            log.look()
    assert log.look().whole
    assert kept(controller) == 1


def test_a_log_that_is_refused_is_said(controller: Controller, outside: Outside) -> None:
    outside.forge.fail("delivery_log", Refused("the key is not the App's"))
    with pytest.raises(Refused):
        log_of(controller).look()


def test_an_app_without_a_webhook_has_no_log_until_it_gets_one(
    controller: Controller, outside: Outside
) -> None:
    outside.forge.app_has_hook = False
    tried(outside, pushed(outside.repository()))
    log = log_of(controller)
    assert log.look() == Look(0, whole=True, absent=True)
    assert controller.world.unheard.is_set()
    outside.forge.app_has_hook = True
    assert log.look() == Look(1, whole=True)
    assert not controller.world.unheard.is_set()


def test_without_an_app_there_is_no_log(controller: Controller, outside: Outside) -> None:
    outside.forge.is_app = False
    assert log_of(controller).look().whole
    assert outside.forge.calls == []


def test_an_old_event_does_not_undo_a_later_one(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    sweep(controller.world, WINE)
    suspended = sample("installation", "installation_suspend")
    suspended.payload["installation"]["account"]["login"] = "ada"
    restored = sample("installation", "installation_unsuspend")
    restored.payload["installation"]["account"]["login"] = "ada"
    tried(outside, suspended, "guid-1")
    outside.clock.advance(60)
    came(controller, restored, "guid-2")
    settle_changes(controller.world)
    log_of(controller).look()
    settle_changes(controller.world)
    with controller.world.store.read() as connection:
        known = repositories.find(connection, repository.id)
    assert known is not None
    assert known.standing is Standing.ACTIVE
