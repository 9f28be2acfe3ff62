"""What programs read: lists, one run, its log whole and while it is written."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import START
from tests.unit.web import runs as make
from tests.unit.web.site import Site

from reprise.domain.result import result_object
from reprise.domain.run import RunId, TrialPlan
from reprise.engine.view import run_view
from reprise.store import runs
from reprise.web.logs import Position, follow

PROBE = TrialPlan(1, 7, True)


async def test_runs_are_listed_newest_first_and_as_many_as_asked_for(site: Site) -> None:
    for name in ("r1", "r2", "r3"):
        make.queued(site, name)
    listed = (await _get(site, "/api/v1/runs?limit=2"))["runs"]
    assert [run["run_id"] for run in listed] == ["r3", "r2"]
    assert listed[0]["phase"] == "queued"
    assert (listed[0]["verdict"], listed[0]["ended_at"]) == (None, None)


async def test_no_limit_is_beyond_bounds(site: Site) -> None:
    async with site.client() as client:
        for limit in ("0", "-5", "501", "x", "", "\u0665", "9" * 5000):
            reply = await client.get("/api/v1/runs", params={"limit": limit})
            said = f"'limit' takes a whole number from 1 to 500, not {limit[:60]!r}"
            assert (reply.status_code, reply.json()) == (400, {"message": said})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("runs?limit=1&limit=2", "'limit' stands there twice: give it once"),
        ("runs?since=1", "'since' is no parameter here: there is limit"),
        ("runs/r1?verbose", "'verbose' is no parameter here: there is none"),
        ("runs/r1/log?trial=-1", "'trial' takes a whole number from 0 on, not '-1'"),
        ("audit?after=-1", "'after' takes a whole number from 0 on, not '-1'"),
        ("audit?limit=1001", "'limit' takes a whole number from 1 to 1000, not '1001'"),
        ("audit?user=ada", "'user' is no parameter here: there is after, limit, repository, who, action"),
        ("spent?action=spent", "'action' is no parameter here: there is repository, who"),
    ],
)
async def test_what_is_asked_and_not_understood_is_named(site: Site, query: str, said: str) -> None:
    make.queued(site)
    async with site.client() as client:
        reply = await client.get(f"/api/v1/{query}")
    assert (reply.status_code, reply.json()) == (400, {"message": said})


async def test_an_ended_run_answers_like_the_command_and_says_more(site: Site) -> None:
    make.ended(site, make.REPRODUCED, tracked=make.TRACKED)
    answer = await _get(site, "/api/v1/runs/r1")
    with site.store.read() as connection:
        run = runs.get_run(connection, "r1")
    assert run is not None
    said = result_object(run_view(site.world, run))
    assert {name: answer[name] for name in said} == said
    assert answer["phases"]["running"] == (START + timedelta(seconds=5)).isoformat()
    assert answer["ended_at"] == (START + timedelta(seconds=12)).isoformat()
    assert (answer["tracking"], answer["place"]) == (make.TRACKED.url, None)
    assert (answer["repository"], answer["ref"], answer["who"]) == ("Codertocat/Hello-World", "v1.0", "ada")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"cpu": {"model": "Xeon", "flags": ["avx", "avx2"]}}',
            {"cpu.flags": "avx, avx2", "cpu.model": "Xeon"},
        ),
        ("[]", {"missing.record": "environment.json is not an environment record: it is not a JSON object"}),
        (None, {}),
    ],
)
async def test_an_ended_run_tells_the_environment_of_its_first_trial(
    site: Site, text: str | None, expected: dict[str, str]
) -> None:
    run_id = make.ended(site, make.REPRODUCED)
    results = site.world.folders.trial(run_id, 0, 1)
    results.mkdir(parents=True, exist_ok=True)
    if text is not None:
        (results / "environment.json").write_text(text)

    assert (await _get(site, "/api/v1/runs/r1"))["environment"] == expected


async def test_a_waiting_run_has_a_place_until_it_is_stopped(site: Site) -> None:
    make.queued(site, "r1")
    make.queued(site, "r2")
    assert (await _get(site, "/api/v1/runs/r2"))["place"] == 2
    make.finish(site, RunId("r1"), make.CANCELLED)
    assert (await _get(site, "/api/v1/runs/r1"))["place"] is None
    assert (await _get(site, "/api/v1/runs/r2"))["place"] == 1


async def test_what_is_not_there_is_404_with_a_sentence(site: Site) -> None:
    async with site.client() as client:
        for path in ("/api/v1/runs/nope", "/api/v1/runs/nope/log"):
            reply = await client.get(path)
            assert reply.status_code == 404
            assert reply.json() == {"message": "there is no run 'nope': / and /api/v1/runs list them"}
        assert (await client.get("/api/v1/nothing")).json() == {"message": "there is nothing at this address"}
        assert (await client.post("/api/v1/runs")).status_code == 405


# --- the log ----------------------------------------------------------------------------------------


async def test_the_log_is_plain_text_of_the_newest_trial_or_of_the_one_asked_for(site: Site) -> None:
    run_id = make.running(site, log="<b>first</b>\n")
    make.begin(site, run_id, PROBE, log="probe\n")
    async with site.client() as client:
        newest = await client.get("/api/v1/runs/r1/log")
        first = await client.get("/api/v1/runs/r1/log?trial=0")
        none = await client.get("/api/v1/runs/r1/log?trial=9")
    assert (newest.text, first.text, none.text) == ("probe\n", "<b>first</b>\n", "")
    for reply in (newest, first, none):
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_log_that_is_kept_no_longer_is_not_taken_for_an_empty_one(site: Site) -> None:
    run_id = make.running(site, log="epoch 1\n")
    folder = site.world.folders.trial(run_id, 0, 1)
    (folder / "result.json").write_text("{}")
    (folder / "log.txt").unlink()
    async with site.client() as client:
        assert "kept no longer" in (await client.get("/api/v1/runs/r1/log")).text


async def test_a_log_that_grows_while_it_is_sent_is_whole_up_to_where_it_was(site: Site) -> None:
    run_id = make.running(site, log="x" * 200_000)
    async with site.client() as client, client.stream("GET", "/api/v1/runs/r1/log") as reply:
        make.write(site, run_id, "more")
        assert len(await reply.aread()) >= 200_000


async def test_events_tell_every_trial_from_its_first_line_to_the_end_of_the_run(site: Site) -> None:
    run_id = make.running(site, log="\x1b[31mone\x1b[0m\ntwo\n")
    make.end_trial(site, run_id)
    make.begin(site, run_id, PROBE, log="unfinished")
    make.end_trial(site, run_id, PROBE)
    make.finish(site, run_id, make.REPRODUCED)
    async with site.client() as client:
        reply = await client.get("/api/v1/runs/r1/log", headers={"Accept": "text/event-stream"})
        again = await client.get(
            "/api/v1/runs/r1/log", headers={"Accept": "text/event-stream", "Last-Event-ID": "0-1-12"}
        )
    assert reply.headers["Content-Type"].startswith("text/event-stream")
    assert reply.text == (
        "id: 0-1-17\ndata: one\ndata: two\n\nid: 1-1-10\ndata: unfinished\n\nevent: end\ndata:\n\n"
    )
    assert again.text.startswith("id: 0-1-17\ndata: \ndata: two\n\n")


async def test_events_wait_for_the_job(site: Site) -> None:
    run_id = make.running(site, log="one\nhalf a li")
    events = follow(site.world, run_id, None, Position(), lambda: False)
    assert await anext(events) == "id: 0-1-4\ndata: one\n\n"
    waiting = asyncio.ensure_future(anext(events))
    make.write(site, run_id, "ne\n")
    assert await asyncio.wait_for(waiting, 10) == "id: 0-1-16\ndata: half a line\n\n"
    make.end_trial(site, run_id)
    make.finish(site, run_id, make.REPRODUCED)
    assert await anext(events) == "event: end\ndata:\n\n"


async def test_a_reader_leaves_when_the_controller_stops(site: Site) -> None:
    run_id = make.running(site, log="one\n")
    stopping = False
    events = follow(site.world, run_id, None, Position(), lambda: stopping)
    await anext(events)
    stopping = True
    assert [event async for event in events] == []


async def test_no_line_of_a_job_can_pretend_to_be_an_event(site: Site) -> None:
    run_id = make.running(site, log="a\rdata: b\r\n\nevent: end\n")
    events = follow(site.world, run_id, None, Position(), lambda: False)
    assert await anext(events) == "id: 0-1-23\ndata: data: b\ndata: \ndata: event: end\n\n"


@given(st.text(max_size=40))
def test_any_text_is_a_position(text: str) -> None:
    assert Position.parse(text) >= Position()


@given(st.builds(Position, *[st.integers(0, 10**12)] * 3))
def test_a_position_is_read_back(position: Position) -> None:
    assert Position.parse(str(position)) == position


async def _get(site: Site, path: str) -> Any:
    async with site.client() as client:
        reply = await client.get(path)
    assert reply.status_code == 200, reply.text
    return reply.json()
