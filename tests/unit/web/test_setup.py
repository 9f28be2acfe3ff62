"""/setup: who sees it, what it sends to GitHub, and what comes of what GitHub answers."""

import json
import re
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import responses
import respx
from tests.deliveries import tag_pushed
from tests.keys import private_key
from tests.unit.github.hub import APP_ID, SLUG, Hub
from tests.unit.web.site import HOOK, SECRET, TOKEN, Site

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import TokenCredentials
from reprise.adapters.github.needs import EVENTS, PERMISSIONS
from reprise.adapters.github.onboarding import Onboarding
from reprise.adapters.github.registration import FILE, Registration

API = "https://api.github.com"
ASKED = f"{API}/app-manifests/c0de/conversions"
PUBLIC = "https://reprise.example"
MADE = {
    "id": APP_ID,
    "slug": SLUG,
    "html_url": f"https://github.com/apps/{SLUG}",
    "pem": private_key(),
    "webhook_secret": "the App's own",
}


@dataclass
class Lab:
    site: Site
    state: Path
    learnt: list[Registration]
    looked: list[None]
    hub: Hub

    async def get(self, path: str, token: str | None = TOKEN) -> httpx.Response:
        async with self.site.client(token=token) as client:
            return await client.get(path, headers={"accept": "text/html"})

    async def asked(self) -> tuple[str, dict[str, object]]:
        """Where the form goes, and the manifest in it."""
        text = (await self.get("/setup")).text
        (action,) = re.findall(r'<form method="post" action="([^"]+)"', text)
        (manifest,) = re.findall(r'name="manifest" value="([^"]+)"', text)
        return unescape(action), json.loads(unescape(manifest))

    async def state_of_form(self) -> str:
        return parse_qs(urlsplit((await self.asked())[0]).query)["state"][0]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        made = Hub()
        made.serve(mock)
        yield made


@asynccontextmanager
async def opened(
    folder: Path, empty: Path, hub: Hub, pages: str | None = PUBLIC, *, polls: bool = False
) -> AsyncIterator[Lab]:
    forge = GitHubForge(API, TokenCredentials(None), timeout=5, write_spacing=0)
    learnt: list[Registration] = []
    looked: list[None] = []
    onboarding = Onboarding(folder, API, forge, timeout=5, learnt=learnt.append)
    site = Site(
        folder, empty, pages=pages, onboarding=onboarding, look=lambda: looked.append(None), polls=polls
    )
    async with site.serving():
        yield Lab(site, folder, learnt, looked, hub)
    site.store.close()
    forge.close()


@pytest.fixture
async def lab(tmp_path: Path, empty: Path, hub: Hub) -> AsyncIterator[Lab]:
    async with opened(tmp_path, empty, hub) as made:
        yield made


async def make(lab: Lab) -> httpx.Response:
    state = await lab.state_of_form()
    with respx.mock:
        respx.post(ASKED).respond(201, json=MADE)
        return await lab.get(f"/setup/created?code=c0de&state={state}")


# --- before there is an App -----------------------------------------------------------------------


async def test_nobody_sees_it_who_is_not_signed_in(lab: Lab) -> None:
    for path in ("/setup", "/setup/created?code=c0de&state=x"):
        reply = await lab.get(path, token=None)
        assert (reply.status_code, reply.headers["location"].partition("?")[0]) == (303, "/login")
    assert (await lab.get("/setup", token=None)).headers["location"] == "/login?next=/setup"
    async with lab.site.client("192.0.2.7") as elsewhere:
        assert (await elsewhere.get("/setup")).status_code == 403


async def test_one_button_posts_the_manifest_to_github_and_nowhere_else(lab: Lab) -> None:
    action, manifest = await lab.asked()
    assert action.startswith("https://github.com/settings/apps/new?state=")
    assert manifest["default_permissions"] == {name: need.level for name, need in PERMISSIONS.items()}
    assert manifest["default_events"] == list(EVENTS)
    assert manifest["hook_attributes"] == {"url": f"{PUBLIC}/webhooks/github", "active": True}
    assert manifest["redirect_url"] == "http://127.0.0.1:8400/setup/created"
    policy = (await lab.get("/setup")).headers["content-security-policy"]
    assert "form-action 'self' https://github.com;" in policy


async def test_the_browser_comes_back_to_where_it_is_signed_in(lab: Lab) -> None:
    async with lab.site.client(base_url=PUBLIC) as client:
        text = unescape((await client.get("/setup")).text)
    assert f'"redirect_url": "{PUBLIC}/setup/created"' in text


async def test_an_organisation_has_its_own_page_and_an_odd_name_none(lab: Lab) -> None:
    text = (await lab.get("/setup?organization=acme")).text
    assert 'action="https://github.com/organizations/acme/settings/apps/new?state=' in text
    assert "Create the GitHub App for acme" in text
    odd = await lab.get('/setup?organization="><script>')
    assert odd.status_code == 400
    assert "is not the name of an organisation" in odd.text
    assert "<script>" not in odd.text


async def test_without_a_public_address_it_says_what_will_be_missing(
    tmp_path: Path, empty: Path, hub: Hub
) -> None:
    async with opened(tmp_path, empty, hub, pages=None) as lab:
        assert "REPRISE_HTTP__PUBLIC_URL" in (await lab.get("/setup")).text
        assert "hook_attributes" not in (await lab.asked())[1]


async def test_who_polls_is_told_to_set_nothing(tmp_path: Path, empty: Path, hub: Hub) -> None:
    async with opened(tmp_path, empty, hub, pages=None, polls=True) as lab:
        before = (await lab.get("/setup")).text
        await make(lab)
        after = (await lab.get("/setup")).text
    for text in (before, after):
        assert "polling every 60 s (<code>github.poll_interval</code>)" in " ".join(text.split())
        assert "REPRISE_" not in text
    assert "cannot" not in after


# --- what GitHub brings back ----------------------------------------------------------------------


async def test_the_app_is_kept_and_counts_at_once(lab: Lab) -> None:
    reply = await make(lab)
    assert (reply.status_code, reply.headers["location"]) == (303, "/setup")
    kept = lab.state / FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["id"] == APP_ID
    assert [each.slug for each in lab.learnt] == [SLUG]
    after = (await lab.get("/setup")).text
    assert f"The GitHub App {SLUG} is in use" in after
    assert f"https://github.com/apps/{SLUG}/installations/new" in after
    assert "PRIVATE KEY" not in after
    assert "the App's own" not in unescape(after)


async def test_its_deliveries_are_genuine_and_those_of_the_old_webhook_too(lab: Lab) -> None:
    pushed = tag_pushed()
    assert (await deliver(lab, pushed, "the App's own", "guid-1")).status_code == 401
    await make(lab)
    assert (await deliver(lab, pushed, "the App's own", "guid-2")).status_code == 202
    assert (await deliver(lab, pushed, SECRET, "guid-3")).status_code == 202
    assert (await deliver(lab, pushed, "another", "guid-4")).status_code == 401


async def deliver(lab: Lab, delivery: Any, secret: str, guid: str) -> httpx.Response:
    async with lab.site.client("192.0.2.7", base_url=PUBLIC) as client:
        return await client.post(HOOK, content=delivery.body, headers=delivery.headers(secret, guid))


@pytest.mark.parametrize("state", ["", "guessed", "x" * 5000])
async def test_a_code_that_nobody_asked_for_is_not_exchanged(lab: Lab, state: str) -> None:
    with respx.mock:
        reply = await lab.get(f"/setup/created?code=c0de&state={state}")
        assert not respx.calls
    assert reply.status_code == 400
    assert "This page did not ask for that App" in reply.text
    assert not (lab.state / FILE).exists()


async def test_a_state_is_good_once(lab: Lab) -> None:
    state = await lab.state_of_form()
    with respx.mock:
        sent = respx.post(ASKED).respond(201, json=MADE)
        await lab.get(f"/setup/created?code=c0de&state={state}")
        again = await lab.get(f"/setup/created?code=c0de&state={state}")
        assert sent.call_count == 1
    assert again.status_code == 400
    assert "in use already, and nothing is left to do" in again.text


async def test_when_github_does_not_answer_the_same_page_may_be_loaded_again(lab: Lab) -> None:
    state = await lab.state_of_form()
    with respx.mock:
        respx.post(ASKED).mock(side_effect=[httpx.ReadTimeout("late"), httpx.Response(201, json=MADE)])
        first = await lab.get(f"/setup/created?code=c0de&state={state}")
        assert "load this page again" in first.text
        assert (await lab.get(f"/setup/created?code=c0de&state={state}")).status_code == 303


async def test_a_second_app_is_not_taken(lab: Lab) -> None:
    first, second = await lab.state_of_form(), await lab.state_of_form()
    with respx.mock:
        sent = respx.post(ASKED).respond(201, json=MADE)
        await lab.get(f"/setup/created?code=c0de&state={first}")
        reply = await lab.get(f"/setup/created?code=c0de&state={second}")
        assert sent.call_count == 1
    assert "stays in use: delete the new one on GitHub" in reply.text


async def test_a_key_that_cannot_be_kept_is_told_with_what_to_do(lab: Lab) -> None:
    state = await lab.state_of_form()
    (lab.state / f"{FILE}.new").mkdir()
    with respx.mock:
        respx.post(ASKED).respond(201, json=MADE)
        reply = await lab.get(f"/setup/created?code=c0de&state={state}")
    assert "could not be kept" in reply.text
    assert "delete the App on GitHub" in reply.text


# --- afterwards -----------------------------------------------------------------------------------


async def test_a_restarted_controller_has_its_app_again(tmp_path: Path, empty: Path, hub: Hub) -> None:
    async with opened(tmp_path, empty, hub) as lab:
        await make(lab)
    onboarding = Onboarding(tmp_path, API, GitHubForge(API, TokenCredentials(None)), timeout=5)
    assert onboarding.webhook_secret == b"the App's own"


async def test_whoever_comes_from_installing_it_is_not_kept_waiting_for_the_next_sweep(lab: Lab) -> None:
    await lab.get("/setup?installation_id=11&setup_action=install")
    assert lab.looked == []
    await make(lab)
    await lab.get("/setup?installation_id=11&setup_action=install")
    assert len(lab.looked) == 1


async def test_each_installation_is_shown_with_what_it_lacks(lab: Lab) -> None:
    lab.hub.homes = {"ada/wine": 11, "bob/beer": 22}
    lab.hub.suspended.add(22)
    await make(lab)
    text = re.sub(r"<[^>]+>|\s+", " ", (await lab.get("/setup")).text)
    assert "ada" in text
    assert "lacks metadata, contents, checks" in text
    assert "suspended by its owner" in text
