"""The webhook under pressure: endless bodies, a database that takes nothing, hundreds at once."""

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event, text
from structlog.testing import capture_logs
from tests.deliveries import Delivery, tag_pushed
from tests.fakes.clock import START
from tests.unit.web.site import HOOK, SECRET, Site

from reprise.domain.errors import Retryable
from reprise.store.intake import Delivery as Stored
from reprise.web.webhook import MAX_BODY
from reprise.web.writer import DeliveryWriter

CHUNK = 2**20


async def test_an_endless_body_is_413_and_reading_stops_at_the_limit(site: Site) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b" " * CHUNK

    async with site.client() as client:
        reply = await client.post(HOOK, content=endless(), headers=tag_pushed().headers(SECRET, "guid-1"))
    assert (reply.status_code, reply.json()["message"]) == (413, "the payload is larger than 25 MiB")
    assert taken == MAX_BODY // CHUNK + 1
    assert site.deliveries() == []


async def test_a_body_that_announces_too_much_is_not_read_at_all(site: Site) -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b" ")
        yield read[-1]

    headers = {**tag_pushed().headers(SECRET, "guid-1"), "Content-Length": str(MAX_BODY + 1)}
    async with site.client() as client:
        reply = await client.post(HOOK, content=body(), headers=headers)
    assert (reply.status_code, read) == (413, [])


async def test_the_largest_payload_is_taken(site: Site) -> None:
    largest = b" " * (MAX_BODY - 2) + b"{}"
    digest = hmac.new(SECRET.encode(), largest, hashlib.sha256).hexdigest()
    headers = {**tag_pushed().headers(SECRET, "guid-1"), "X-Hub-Signature-256": f"sha256={digest}"}
    async with site.client() as client:
        reply = await client.post(HOOK, content=largest, headers=headers)
    assert reply.status_code == 202


async def test_a_sender_that_hangs_up_stores_nothing(site: Site) -> None:
    """The raw protocol: half a body, then the connection is gone."""
    incoming: list[Any] = [
        {"type": "http.request", "body": tag_pushed().body[:100], "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[dict[str, Any]] = []

    async def receive() -> Any:
        return incoming.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    headers = tag_pushed().headers(SECRET, "guid-1").items()
    scope = {
        "type": "http",
        "method": "POST",
        "path": HOOK,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": ("192.0.2.7", 1),
    }
    await site.app(scope, receive, send)
    assert answered[0]["status"] == 400
    assert site.deliveries() == []


async def test_while_the_database_takes_nothing_the_sender_is_asked_to_come_back(site: Site) -> None:
    _run(site, "ALTER TABLE deliveries RENAME TO elsewhere")
    reply = await site.deliver(tag_pushed(), "guid-1")
    assert reply.status_code == 503
    assert int(reply.headers["Retry-After"]) > 0
    assert "redeliver" in reply.json()["message"]
    assert site.nudges == 0
    _run(site, "ALTER TABLE elsewhere RENAME TO deliveries")
    again = await site.deliver(tag_pushed(), "guid-1")
    assert (again.status_code, again.json()["message"]) == (202, "tag v1")
    assert len(site.triggers()) == 1


async def test_a_delivery_that_no_database_can_take_does_not_stop_the_next_ones(site: Site) -> None:
    refusal = "BEGIN SELECT RAISE(ABORT, 'no'); END"
    _run(site, f"CREATE TRIGGER choosy BEFORE INSERT ON triggers WHEN NEW.ref = 'odd' {refusal}")
    wanted = [tag_pushed("v1"), tag_pushed("odd"), tag_pushed("v2")]
    with capture_logs() as logs:
        replies = await asyncio.gather(*(site.deliver(each, f"guid-{n}") for n, each in enumerate(wanted)))
    assert {
        "ids": ["guid-1"],
        "exc_info": True,
        "event": "deliveries not stored",
        "log_level": "error",
    } in logs
    assert [reply.status_code for reply in replies] == [202, 500, 202]
    assert [trigger.ref for trigger in site.triggers()] == ["v1", "v2"]
    assert (await site.deliver(tag_pushed("v3"), "guid-3")).status_code == 202


@pytest.mark.parametrize(
    "odd", [{"repository_id": 2**70}, {"repository_id": -1}, {"tag": "v1\0"}, {"tag": "v1\nv2"}], ids=str
)
async def test_what_git_and_github_cannot_have_sent_is_recorded_and_starts_nothing(
    site: Site, odd: dict[str, Any]
) -> None:
    reply = await site.deliver(tag_pushed(**{"tag": "v1", **odd}))
    assert (reply.status_code, reply.json()["message"]) == (202, "ignored: fields not understood")
    assert len(site.deliveries()) == 1
    assert site.triggers() == []


async def test_five_hundred_at_once_are_stored_by_few_commits_and_each_answer_follows_its_own(
    site: Site,
) -> None:
    commits = _count_commits(site.store.engine)

    async def one(client: httpx.AsyncClient, number: int) -> bool:
        guid = f"guid-{number}"
        delivery = tag_pushed(f"v{number}")
        reply = await client.post(HOOK, content=delivery.body, headers=delivery.headers(SECRET, guid))
        return reply.status_code == 202 and site.stored(guid)

    async with site.client() as client:
        assert all(await asyncio.gather(*(one(client, number) for number in range(500))))
    assert len(site.triggers()) == 500
    assert len(commits) < 100


async def test_more_than_can_wait_is_refused_with_a_time_to_come_back(site: Site) -> None:
    writer = DeliveryWriter(site.store, lambda: None)  # never started: nothing is taken off its queue
    waiting = [asyncio.create_task(writer.record(_stored(number))) for number in range(2000)]
    await asyncio.sleep(0)
    with pytest.raises(Retryable) as refused:
        await writer.record(_stored(2000))
    assert refused.value.after > 0
    for task in waiting:
        task.cancel()


async def test_what_waits_when_the_controller_ends_is_still_stored(site: Site) -> None:
    writer = DeliveryWriter(site.store, lambda: None)
    waiting = [asyncio.create_task(writer.record(_stored(number))) for number in range(300)]
    await asyncio.sleep(0)
    writer.start()
    await writer.stop()
    assert all(await asyncio.gather(*waiting))
    assert len(site.deliveries()) == 300


async def test_a_database_that_somebody_else_writes_to_keeps_only_the_deliveries_waiting(site: Site) -> None:
    held, over = threading.Event(), threading.Event()

    def other_writer() -> None:
        with site.store.write():
            held.set()
            over.wait(30)

    elsewhere = asyncio.create_task(asyncio.to_thread(other_writer))
    await asyncio.to_thread(held.wait, 30)
    async with site.client() as client:
        delivery = tag_pushed("v1")
        post = client.post(HOOK, content=delivery.body, headers=delivery.headers(SECRET, "guid-1"))
        answer = asyncio.create_task(post)
        assert (await client.get("/healthz")).status_code == 200
        assert not answer.done()
        over.set()
        assert (await answer).status_code == 202
    await elsewhere
    assert site.stored("guid-1")


async def test_after_a_slow_commit_the_next_ones_keep_nobody_else_waiting_until_one_is_quick(
    site: Site,
) -> None:
    threads: list[str] = []

    @event.listens_for(site.store.engine, "commit")
    def _(_connection: object) -> None:
        threads.append(threading.current_thread().name)

    seconds = iter([0.0, 0.5, 1.0, 1.001, 2.0, 2.001])  # before and after each commit
    writer = DeliveryWriter(site.store, lambda: None, lambda: next(seconds))
    writer.start()
    for number in range(3):
        assert await writer.record(_stored(number))
    await writer.stop()
    here = threading.current_thread().name
    assert [name == here for name in threads] == [True, False, True]


def _stored(number: int) -> Stored:
    delivery = Delivery("ping", {"number": number})
    return Stored(
        f"guid-{number}", "ping", START, "ignored: ping", json.dumps(delivery.payload).encode(), None
    )


def _run(site: Site, statement: str) -> None:
    with site.store.engine.begin() as connection:
        connection.execute(text(statement))


def _count_commits(engine: Engine) -> list[object]:
    commits: list[object] = []

    @event.listens_for(engine, "commit")
    def _(connection: object) -> None:
        commits.append(connection)

    return commits
