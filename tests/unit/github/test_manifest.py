"""What /setup asks GitHub for, and what becomes of GitHub's answer."""

import json
import stat
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx
from tests.keys import private_key
from tests.openapi import DESCRIPTION, description

from reprise.adapters.github.exchange import exchange
from reprise.adapters.github.manifest import Addresses, manifest, new_app_page, site, webhook_url
from reprise.adapters.github.needs import AUTOMATIC, EVENTS, PERMISSIONS, missing_events, missing_permissions
from reprise.adapters.github.registration import FILE, Registration, keep_app, kept_app
from reprise.adapters.github.webhook import READERS
from reprise.domain.errors import Refused, RepriseError, Retryable, UserError

API = "https://api.github.com"
ASKED = f"{API}/app-manifests/c0de/conversions"
HERE = Addresses("https://lab.example/setup/created", "https://lab.example/setup", "https://lab.example")


def answer(**changes: Any) -> dict[str, Any]:
    made = {
        "id": 7,
        "slug": "reprise-3fa2c1",
        "html_url": "https://github.com/apps/reprise-3fa2c1",
        "pem": private_key(),
        "webhook_secret": "hush",
        "client_id": "Iv1",
    }
    return made | changes


def registration(**changes: Any) -> Registration:
    found = {
        "api_url": API,
        "private_key": private_key(),
        "id": 7,
        "slug": "reprise",
        "html_url": "https://x",
    }
    return Registration.model_validate(found | {"webhook_secret": "hush"} | changes)


# --- the manifest ---------------------------------------------------------------------------------


def test_every_permission_is_one_of_githubs_at_a_level_that_it_has() -> None:
    known = description()["components"]["schemas"]["app-permissions"]["properties"]
    for name, need in PERMISSIONS.items():
        assert need.level in known[name]["enum"], name


def test_every_event_is_one_of_githubs_and_none_comes_by_itself() -> None:
    known = json.loads((DESCRIPTION.parent / "events.json").read_text(encoding="utf-8"))
    assert set(EVENTS) | AUTOMATIC <= set(known)
    assert not set(EVENTS) & AUTOMATIC


def test_every_event_that_is_read_is_asked_for() -> None:
    assert set(READERS) <= set(EVENTS) | AUTOMATIC


def test_the_manifest_asks_for_exactly_that() -> None:
    asked = manifest(HERE, API, suffix="3fa2c1")
    assert asked["default_permissions"] == {name: need.level for name, need in PERMISSIONS.items()}
    assert asked["default_events"] == list(EVENTS)
    assert asked["hook_attributes"] == {"url": "https://lab.example/webhooks/github", "active": True}
    assert asked["redirect_url"] == "https://lab.example/setup/created"
    assert asked["public"] is False
    assert len(asked["name"]) <= 34


@pytest.mark.parametrize("public", [None, "http://127.0.0.1:8400", "http://localhost:8400"])
def test_an_address_that_github_cannot_reach_is_left_out(public: str | None) -> None:
    here = Addresses("http://127.0.0.1:8400/setup/created", "http://127.0.0.1:8400/setup", public)
    assert "hook_attributes" not in manifest(here, API, suffix="x")


def test_a_forge_on_this_machine_reaches_this_machine() -> None:
    hook = webhook_url("http://127.0.0.1:8400", "http://127.0.0.1:9000/api/v3")
    assert hook == "http://127.0.0.1:8400/webhooks/github"


@pytest.mark.parametrize(
    ("api", "found"),
    [
        (API, "https://github.com"),
        ("https://git.lab.example/api/v3", "https://git.lab.example"),
        ("https://api.lab.ghe.com", "https://lab.ghe.com"),
        ("http://127.0.0.1:9000/api/v3", "http://127.0.0.1:9000"),
    ],
)
def test_people_look_at_another_site_than_programs(api: str, found: str) -> None:
    assert site(api) == found


def test_the_page_is_the_persons_own_or_the_organisations() -> None:
    mine = urlsplit(new_app_page(API, "st&te"))
    assert (mine.netloc, mine.path) == ("github.com", "/settings/apps/new")
    assert parse_qs(mine.query) == {"state": ["st&te"]}
    assert urlsplit(new_app_page(API, "s", "acme-lab")).path == "/organizations/acme-lab/settings/apps/new"
    for odd in ("a/b", "..", "a b", "-a", "x" * 40, "a?b"):
        with pytest.raises(UserError, match="is not the name of an organisation"):
            new_app_page(API, "s", odd)


def test_what_an_installation_lacks_is_found_whatever_else_it_has() -> None:
    full = {name: need.level for name, need in PERMISSIONS.items()}
    assert missing_permissions(full | {"checks": "admin", "pages": "write"}) == {}
    assert list(missing_permissions(full | {"contents": "write", "statuses": "read"})) == ["statuses"]
    assert list(missing_permissions({})) == list(PERMISSIONS)
    assert list(missing_events([*EVENTS, "fork"])) == []
    assert list(missing_events([e for e in EVENTS if e != "push"])) == ["push"]


# --- the exchange ---------------------------------------------------------------------------------


@respx.mock
def test_the_code_is_exchanged_for_the_app() -> None:
    sent = respx.post(ASKED).respond(201, json=answer())
    made = exchange(API, "c0de", timeout=5)
    assert sent.call_count == 1
    assert (made.id, made.slug, made.webhook_secret) == (7, "reprise-3fa2c1", "hush")
    assert made.credentials.app_id == 7
    assert "PRIVATE" not in repr(made)
    assert "hush" not in repr(made)


@respx.mock
def test_an_app_without_a_webhook_has_no_secret() -> None:
    respx.post(ASKED).respond(201, json=answer(webhook_secret=None))
    assert exchange(API, "c0de", timeout=5).webhook_secret == ""


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (
            httpx.Response(404, json={"message": "Not Found"}),
            Refused,
            "it was used, or is older than an hour",
        ),
        (httpx.Response(422, json={"message": "Validation Failed"}), Refused, "does not take the code"),
        (httpx.Response(302, headers={"Location": "https://evil.example"}), Refused, r"\(302\)"),
        (httpx.Response(502, text="<html>"), Retryable, "answered 502.*load this page again"),
        (httpx.Response(429, text=""), Retryable, "answered 429.*load this page again"),
        (httpx.Response(201, text="<html>"), Refused, "not GitHub's"),
        (httpx.Response(201, json={"id": 7}), Refused, "not GitHub's"),
        (httpx.ConnectTimeout("no"), Retryable, "gave no answer.*ConnectTimeout"),
        (httpx.ReadError("cut"), Retryable, "gave no answer.*ReadError"),
    ],
)
@respx.mock
def test_an_exchange_that_fails_says_what_to_do(
    reply: httpx.Response | Exception, kind: type[RepriseError], said: str
) -> None:
    if isinstance(reply, Exception):
        respx.post(ASKED).mock(side_effect=reply)
    else:
        respx.post(ASKED).mock(return_value=reply)
    with pytest.raises(kind, match=said):
        exchange(API, "c0de", timeout=5)


@respx.mock
def test_an_odd_code_is_never_sent() -> None:
    for odd in ("", "a/b", "a?b", "x" * 300, "é\n"):
        with pytest.raises(Refused, match="no code of GitHub's"):
            exchange(API, odd, timeout=5)
    assert not respx.calls


# --- keeping it -----------------------------------------------------------------------------------


def test_the_app_is_kept_for_this_user_only_and_read_again(tmp_path: Path) -> None:
    keep_app(tmp_path, registration())
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert kept_app(tmp_path, API) == registration()
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_a_half_written_file_of_a_crash_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.new").write_text("{")
    keep_app(tmp_path, registration())
    assert kept_app(tmp_path, API) == registration()


def test_an_app_of_another_github_is_not_used_here(tmp_path: Path) -> None:
    keep_app(tmp_path, registration())
    assert kept_app(tmp_path, "https://git.lab.example/api/v3") is None
    assert kept_app(tmp_path / "none", API) is None


def test_a_file_that_holds_none_is_called_so(tmp_path: Path) -> None:
    for text in ("", "{}", "no JSON"):
        (tmp_path / FILE).write_text(text)
        with pytest.raises(UserError, match="does not hold a GitHub App: restore it from a backup"):
            kept_app(tmp_path, API)
