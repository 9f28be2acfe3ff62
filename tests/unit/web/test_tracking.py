"""The way from Reprise's pages to those of its own MLflow server."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.web import runs as make
from tests.unit.web.site import TOKEN, Site

from reprise.sign_in import Key, sign_in_address
from reprise.web.app import create_app

SEALED = "http://127.0.0.1:5000/reprise/sign-in?ticket=a.b.c"
URL = "http://127.0.0.1:8400"
OURS = "/mlflow#/experiments/7/runs/abc"
Page = Callable[[], str | None]


def _with(site: Site, page: Page | None, url: str | None = None, key: Key | None = None) -> Site:
    key = key or site.context.key
    site.context = replace(site.context, tracking_page=page, tracking_url=url, key=key)
    site.app = create_app(site.context)
    return site


@pytest.fixture
async def ours(site: Site) -> Site:
    return _with(site, lambda: SEALED)


async def test_who_is_signed_in_is_sent_on_by_the_sealed_address(ours: Site) -> None:
    async with ours.client() as client:
        reply = await client.get("/mlflow")
    assert (reply.status_code, reply.headers["location"]) == (303, SEALED)
    assert reply.headers["cache-control"] == "no-store"


async def test_nobody_else_learns_it(ours: Site) -> None:
    async with ours.client(token=None) as client:
        program = await client.get("/mlflow")
        person = await client.get("/mlflow", headers={"Accept": "text/html"})
    assert program.status_code == 401
    assert person.headers["location"] == "/login?next=/mlflow"
    assert "ticket" not in program.text + person.text + str(person.headers)


async def test_an_address_from_the_terminal_leads_there_in_one_step(ours: Site) -> None:
    async with ours.client(token=None) as client:
        address = sign_in_address(URL, Key(TOKEN, anywhere=False), to="/mlflow")
        first = await client.get(address)
        again = await client.get(address)
        there = await client.get(first.headers["location"])
    assert first.headers["location"] == again.headers["location"] == "/mlflow"
    assert there.headers["location"] == SEALED


async def test_signing_in_by_the_form_stays_here_since_browsers_let_no_form_end_elsewhere(ours: Site) -> None:
    async with ours.client(token=None) as client:
        reply = await client.post("/login", data={"token": TOKEN, "next": "/mlflow"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/")


async def test_a_server_that_is_not_ready_is_said_so(site: Site) -> None:
    async with _with(site, lambda: None).client() as client:
        reply = await client.get("/mlflow", headers={"Accept": "text/html"})
    assert (reply.status_code, "not ready yet" in reply.text) == (503, True)


async def test_a_server_of_the_operators_is_linked_as_it_is(site: Site) -> None:
    async with _with(site, None, "https://mlflow.example").client() as client:
        assert (await client.get("/mlflow")).headers["location"] == "https://mlflow.example"
        assert 'href="https://mlflow.example"' in (await client.get("/")).text
    async with _with(site, None).client() as client:
        assert (await client.get("/mlflow")).status_code == 404
        assert "MLflow" not in (await client.get("/")).text


async def test_pages_link_there_for_those_who_may_go(ours: Site) -> None:
    tracked = replace(make.TRACKED, experiment_id="7", run_id="abc")
    make.ended(ours, make.REPRODUCED, tracked=tracked)
    async with ours.client() as client:
        overview, run = (await client.get("/")).text, (await client.get("/runs/r1")).text
    assert 'href="/mlflow"' in overview
    assert f'href="{OURS}"' in run
    assert "ticket" not in overview + run


async def test_from_elsewhere_no_link_leads_to_an_address_of_this_machine_only(
    site: Site, tmp_path: Path
) -> None:
    make.ended(site, make.REPRODUCED, tracked=replace(make.TRACKED, url=None))
    operators = _with(site, lambda: SEALED, key=Key(TOKEN, anywhere=True))
    async with operators.client("192.0.2.7", base_url="https://reprise.example") as client:
        assert "MLflow" not in (await client.get("/")).text + (await client.get("/runs/r1")).text
