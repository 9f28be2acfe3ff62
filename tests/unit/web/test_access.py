"""With an operator token: who gets in, how a person signs in, and what does not help."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import FakeClock
from tests.unit.web import runs as make
from tests.unit.web.site import Site

from reprise.web.access import COOKIE, LIFETIME, Guard, own_page, submitted

TOKEN = "correct-horse-battery-staple"
PATHS = ("/", "/runs/r1", "/api/v1/runs", "/api/v1/runs/r1", "/api/v1/runs/r1/log", "/metrics")
PUBLIC = "https://reprise.example"
HTML = {"Accept": "text/html"}


@pytest.fixture
async def guarded(tmp_path: Path, empty: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path, empty, pages=PUBLIC, operator_token=TOKEN)
    async with made.serving():
        make.ended(made, make.REPRODUCED)
        yield made
    made.store.close()


def _away(site: Site) -> httpx.AsyncClient:
    return site.client("192.0.2.7", base_url=PUBLIC)


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
        async with guarded.client(host) as client:
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
    for wanted in ("HttpOnly", "SameSite=strict", "Secure", "Max-Age=604800"):
        assert wanted in cookie
    assert TOKEN not in cookie


async def test_a_wrong_token_gets_the_form_again_and_no_cookie(guarded: Site) -> None:
    async with _away(guarded) as client:
        reply = await client.post("/login", data={"token": "guess", "next": "/runs/r1"})
    assert reply.status_code == 401
    assert "not the operator token" in reply.text
    assert "Set-Cookie" not in reply.headers


async def test_a_huge_or_broken_form_is_refused(guarded: Site) -> None:
    async with _away(guarded) as client:
        assert (await client.post("/login", content=b"token=" + b"x" * 5000)).status_code == 413
        assert (await client.post("/login", content=b"\xff\xfe")).status_code == 401
        assert (await client.post("/login", content=b"a=1&" * 9)).status_code == 401


async def test_without_a_token_there_is_nothing_to_sign_in_with(site: Site) -> None:
    async with site.client() as client:
        assert (await client.get("/login")).status_code == 404
        assert (await client.post("/login", data={"token": ""})).status_code == 404
        refused = await client.get("/", headers={"X-Forwarded-For": "192.0.2.7"})
    assert refused.status_code == 403
    assert "REPRISE_HTTP__OPERATOR_TOKEN" in refused.text


async def test_a_session_ends(guarded: Site) -> None:
    async with _away(guarded) as client:
        await client.post("/login", data={"token": TOKEN})
        guarded.clock.advance(LIFETIME.total_seconds() - 1)
        assert (await client.get("/")).status_code == 200
        guarded.clock.advance(2)
        assert (await client.get("/")).status_code == 401


def test_a_session_ends_with_its_token() -> None:
    clock = FakeClock()
    old, new = (Guard(None, token, clock.now) for token in (TOKEN, "another-token-of-ours"))
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
