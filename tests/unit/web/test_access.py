"""Who gets in, how a person signs in, and what does not help."""

import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.deliveries import sample
from tests.fakes.clock import FakeClock
from tests.unit.web import runs as make
from tests.unit.web.site import TOKEN, Site

from reprise.engine.life import settle_changes
from reprise.sign_in import FILE, Key, forget_key, kept_key, key_of_start, sign_in_address
from reprise.store import repositories
from reprise.web.access import LIFETIME, Guard, own_page, submitted

PATHS = (
    "/",
    "/runs/r1",
    "/api/v1/runs",
    "/api/v1/runs/r1",
    "/api/v1/runs/r1/log",
    "/metrics",
    "/api/v1/audit",
    "/api/v1/spent",
)
OPERATORS = Key(TOKEN, anywhere=True)
COOKIE = "reprise_session_8400"
PUBLIC = "https://reprise.example"
HTML = {"Accept": "text/html"}


@pytest.fixture
async def guarded(tmp_path: Path, empty: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path, empty, pages=PUBLIC, key=OPERATORS)
    async with made.serving():
        make.ended(made, make.REPRODUCED)
        yield made
    made.store.close()


def _away(site: Site) -> httpx.AsyncClient:
    return site.client("192.0.2.7", base_url=PUBLIC, token=None)


@pytest.mark.parametrize("path", PATHS)
async def test_the_token_opens_everything_from_anywhere(guarded: Site, path: str) -> None:
    async with _away(guarded) as client:
        reply = await client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert reply.status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "header",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer \u00fc".encode("latin-1")},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Cookie": f"{COOKIE}=9999999999.{'0' * 64}"},
        {"Cookie": f"{COOKIE}=."},
        {"Cookie": f"{COOKIE}=x"},
    ],
    ids=str,
)
async def test_without_it_nobody_reads_not_even_this_machine(
    guarded: Site, path: str, header: dict[str, str | bytes]
) -> None:
    """Jobs of the process backend run on this machine."""
    sent = [(name.encode(), v if isinstance(v, bytes) else v.encode()) for name, v in header.items()]
    for host in ("127.0.0.1", "192.0.2.7"):
        async with guarded.client(host, token=None) as client:
            reply = await client.get(path, headers=sent)
        assert reply.status_code == 401
        assert reply.headers["WWW-Authenticate"] == "Bearer"
        assert "table-2" not in reply.text


async def test_a_person_is_led_to_the_form_and_back(guarded: Site) -> None:
    async with _away(guarded) as client:
        asked = await client.get("/runs/r1", headers=HTML)
        assert (asked.status_code, asked.headers["Location"]) == (303, "/login?next=/runs/r1")
        form = await client.get(asked.headers["Location"])
        assert 'name="next" value="/runs/r1"' in form.text
        assert "form-action 'self'" in form.headers["Content-Security-Policy"]
        done = await client.post("/login", data={"token": TOKEN, "next": "/runs/r1"})
        assert (done.status_code, done.headers["Location"]) == (303, "/runs/r1")
        assert (await client.get("/runs/r1")).status_code == 200


async def test_the_cookie_is_kept_from_scripts_and_other_sites_and_does_not_hold_the_token(
    guarded: Site,
) -> None:
    async with _away(guarded) as client:
        cookie = (await client.post("/login", data={"token": TOKEN})).headers["Set-Cookie"]
    for wanted in ("HttpOnly", "SameSite=lax", "Secure", "Max-Age=604800"):
        assert wanted in cookie
    assert TOKEN not in cookie


async def test_a_wrong_token_gets_the_form_again_and_no_cookie(guarded: Site) -> None:
    async with _away(guarded) as client:
        reply = await client.post("/login", data={"token": "guess", "next": "/runs/r1"})
    assert reply.status_code == 401
    assert "not the token of this controller" in reply.text
    assert "Set-Cookie" not in reply.headers


async def test_a_huge_or_broken_form_is_refused(guarded: Site) -> None:
    async with _away(guarded) as client:
        assert (await client.post("/login", content=b"token=" + b"x" * 5000)).status_code == 413
        assert (await client.post("/login", content=b"\xff\xfe")).status_code == 401
        assert (await client.post("/login", content=b"a=1&" * 9)).status_code == 401


# --- the token of a start -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
async def test_this_machine_needs_the_token_of_the_start(site: Site, path: str) -> None:
    """A job may reach loopback."""
    make.ended(site, make.REPRODUCED)
    async with site.client(token=None) as client:
        refused = await client.get(path)
        read = await client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (refused.status_code, read.status_code) == (401, 200)
    assert FILE in refused.text
    assert "table-2" not in refused.text


@pytest.mark.parametrize("path", [*PATHS, "/login", "/login?ticket=x"])
async def test_the_token_of_a_start_opens_nothing_from_elsewhere(site: Site, path: str) -> None:
    make.ended(site, make.REPRODUCED)
    for host, forwarded in (("192.0.2.7", {}), ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"})):
        async with site.client(host) as client:
            refused = await client.get(path, headers=forwarded)
        assert refused.status_code == 403
        assert "REPRISE_HTTP__OPERATOR_TOKEN" in refused.text
    async with site.client("192.0.2.7") as client:
        assert (await client.post("/login", data={"token": TOKEN})).status_code == 403


async def test_the_form_says_where_the_token_of_a_start_stands(site: Site) -> None:
    async with site.client(token=None) as client:
        form = await client.get("/login")
        done = await client.post("/login", data={"token": TOKEN})
        assert (done.status_code, done.headers["Location"]) == (303, "/")
        assert (await client.get("/")).status_code == 200
    assert FILE in form.text


async def test_an_address_signs_one_browser_in_once(site: Site) -> None:
    address = sign_in_address("http://127.0.0.1:8400", Key(TOKEN, anywhere=False))
    assert TOKEN not in address
    async with site.client(token=None) as first, site.client(token=None) as second:
        done = await first.get(address)
        assert (done.status_code, done.headers["Location"]) == (303, "/")
        assert done.headers["Referrer-Policy"] == "no-referrer"
        assert (await first.get("/")).status_code == 200
        assert (await first.get(address)).headers["Location"] == "/", "a reload of it does no harm"
        again = await second.get(address)
        assert again.status_code == 401
        assert "Set-Cookie" not in again.headers
        assert (await second.get("/")).status_code == 401


@pytest.mark.parametrize("ticket", ["x", ".", "x.", f"{'0' * 32}.{'0' * 64}", TOKEN, "\u00fc.\u00fc"])
async def test_an_invented_ticket_opens_nothing(site: Site, ticket: str) -> None:
    async with site.client(token=None) as client:
        reply = await client.get("/login", params={"ticket": ticket})
    assert reply.status_code == 401
    assert "Set-Cookie" not in reply.headers


def test_each_start_draws_a_token_of_its_own_that_only_its_user_reads(tmp_path: Path) -> None:
    first, second = key_of_start(tmp_path), key_of_start(tmp_path)
    assert first.token != second.token
    assert len(second.token) >= 43
    assert kept_key(tmp_path) == second
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert second.token not in repr(second)
    forget_key(tmp_path)
    assert kept_key(tmp_path) is None
    forget_key(tmp_path)


# --- public repositories ------------------------------------------------------------------------------


@pytest.fixture
async def public(tmp_path: Path, empty: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path, empty)
    async with made.serving():
        make.ended(made, make.REPRODUCED, tracking_problem="http://10.0.0.7 is down")
        with made.store.write() as connection:
            repositories.remember(connection, replace(make.REPOSITORY, public=True))
        yield made
    made.store.close()


async def test_the_run_page_of_a_public_repository_is_open_to_everybody_with_its_log(public: Site) -> None:
    for host, name in (("127.0.0.1", "http://127.0.0.1:8400"), ("192.0.2.7", PUBLIC)):
        async with public.client(host, base_url=name, token=None) as client:
            page = await client.get("/runs/r1")
        assert page.status_code == 200
        assert "Reproduced at level B" in page.text
        assert "epoch 1" in page.text


async def test_a_run_page_is_hidden_as_soon_as_its_repository_is_made_private(public: Site) -> None:
    assert (await public.deliver(sample("repository", "repository_privatized"))).status_code == 202
    public.clock.advance((datetime.now(UTC) - public.clock.now()).total_seconds() + 60)
    assert settle_changes(public.world)
    async with public.client(token=None) as client:
        assert (await client.get("/runs/r1")).status_code == 401


async def test_a_visitor_sees_no_links_that_ask_and_nothing_of_the_operators(public: Site) -> None:
    async with public.client(token=None) as client:
        visitor = (await client.get("/runs/r1")).text
    async with public.client() as client:
        operator = (await client.get("/runs/r1")).text
    for part in ("/api/v1/", "10.0.0.7"):
        assert part not in visitor
        assert part in operator


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/runs/r1"])
async def test_all_else_of_a_public_repository_asks(public: Site, path: str) -> None:
    async with public.client(token=None) as client:
        assert (await client.get(path)).status_code == 401
    async with public.client("192.0.2.7", token=None) as client:
        assert (await client.get(path)).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7"])
async def test_a_private_run_looks_as_if_there_were_none(site: Site, host: str) -> None:
    make.ended(site, make.REPRODUCED)
    await _look_the_same(site.client(host, token=None))


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7"])
async def test_nor_does_an_operators_token_tell_them_apart(guarded: Site, host: str) -> None:
    await _look_the_same(guarded.client(host, token=None))


async def _look_the_same(stranger: httpx.AsyncClient) -> None:
    async with stranger as client:
        for header in ({}, HTML):
            there, none = [await client.get(f"/runs/{name}", headers=header) for name in ("r1", "r2")]
            assert there.status_code == none.status_code
            assert there.status_code in (303, 401, 403)
            assert there.text == none.text
            assert _headers(there) == _headers(none)


def _headers(reply: httpx.Response) -> dict[str, str]:
    return {name: value.replace("r2", "r1") for name, value in reply.headers.items()}


# --- sessions -----------------------------------------------------------------------------------------


async def test_a_session_ends(guarded: Site) -> None:
    async with _away(guarded) as client:
        await client.post("/login", data={"token": TOKEN})
        guarded.clock.advance(LIFETIME.total_seconds() - 1)
        assert (await client.get("/")).status_code == 200
        guarded.clock.advance(2)
        assert (await client.get("/")).status_code == 401


def test_a_session_ends_with_its_token() -> None:
    clock = FakeClock()
    old, new = (
        Guard(None, Key(token, anywhere=True), clock.now) for token in (TOKEN, "another-token-of-ours")
    )
    assert old.new_session() != new.new_session()


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "/runs/../x", "/login", "", "runs/r1"]
)
def test_nobody_is_sent_to_another_site_after_signing_in(to: str) -> None:
    assert not own_page(to)
    assert submitted(urlencode({"token": "t", "next": to}).encode()) == ("t", "/")


@given(st.binary(max_size=200))
def test_any_body_of_the_form_is_read_without_an_error(body: bytes) -> None:
    _, to = submitted(body)
    assert own_page(to)
