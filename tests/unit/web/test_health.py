"""What a monitor and a load balancer hear, and what a stranger does not."""

import shutil
from dataclasses import replace
from pathlib import Path

from tests.unit.web.site import Site

from reprise.domain.watch import read_watch
from reprise.engine.readiness import Lack, lacks
from reprise.engine.sweep import Sweeps
from reprise.store.database import Database


async def _ready(site: Site, host: str = "127.0.0.1") -> tuple[int, str]:
    async with site.client(host) as client:
        reply = await client.get("/readyz")
    return reply.status_code, reply.text


async def test_what_is_missing_is_told_with_503_until_it_is_there(site: Site) -> None:
    site.lacks = (Lack("MLflow's server is not ready", ("it is being installed",)),)
    told = "not ready:\n- MLflow's server is not ready\n  - it is being installed\nintake: webhook\n"
    assert await _ready(site) == (503, told)
    site.lacks = ()
    site.clock.advance(1)
    assert await _ready(site) == (200, "ready\nintake: webhook\n")


async def test_strangers_hear_what_is_missing_but_no_names(site: Site) -> None:
    site.lacks = (Lack("1 of 2 watched repositories not swept since the start", ("ada/secret: gone",)),)
    status, text = await _ready(site, "192.0.2.7")
    assert status == 503
    assert "1 of 2 watched repositories" in text
    assert "secret" not in text


async def test_an_answer_younger_than_a_second_is_given_again(site: Site) -> None:
    assert await _ready(site) == (200, "ready\nintake: webhook\n")
    site.lacks = (Lack("the database does not take writes"),)
    assert (await _ready(site))[0] == 200
    site.clock.advance(-3600)  # a clock that is set back must not keep it for an hour
    assert (await _ready(site))[0] == 503


async def test_a_live_process_is_alive_whatever_it_lacks(site: Site) -> None:
    site.lacks = (Lack("the database does not take writes"),)
    async with site.client("192.0.2.7") as client:
        reply = await client.get("/healthz")
    assert (reply.status_code, reply.text) == (200, "ok\n")


def test_each_missing_part_is_named(site: Site) -> None:
    sweeps = Sweeps(done={"ada/wine": site.clock.now()}, trouble={"ada/gone": "no such repository"})
    watched = read_watch(("ada/wine", "ada/gone", "ada/slow"))
    found = lacks(site.world, watched, sweeps, leads=False, tracking="it is being installed")
    assert found == (
        Lack("this process does not hold the lock of its state folder"),
        Lack("MLflow's server is not ready", ("it is being installed",)),
        Lack(
            "2 of the watched repositories not swept since the start",
            ("ada/gone: no such repository", "ada/slow: its first sweep has not ended"),
        ),
    )


def test_nothing_is_missing_when_everything_is_there(site: Site) -> None:
    sweeps = Sweeps(done={"ada/wine": site.clock.now()})
    assert lacks(site.world, read_watch(("ada/wine",)), sweeps, leads=True, tracking=None) == ()


def test_a_database_that_takes_no_write_is_missing(site: Site, tmp_path: Path, empty: Path) -> None:
    shutil.copyfile(empty, tmp_path / "other.db")
    store = Database(f"sqlite:///file:{tmp_path / 'other.db'}?mode=ro&uri=true")
    site.context.world.store.check_writable()
    world = replace(site.world, store=store)
    (found,) = lacks(world, read_watch(()), Sweeps(), leads=True, tracking=None)
    assert found.what == "the database does not take writes"
    assert "readonly" in found.details[0]
    store.close()
