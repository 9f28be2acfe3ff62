"""The App's delivery log over HTTP: pages by cursor, and one delivery whole."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from tests.keys import private_key
from tests.openapi import check_calls

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import AppCredentials, TokenCredentials
from reprise.domain.errors import Refused, Retryable
from reprise.ports import Attempt, LogPage

LOG = "https://api.github.com:443/app/hook/deliveries"
APP = "https://api.github.com:443/app"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def github() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
        check_calls(mock.calls)


@pytest.fixture
def forge() -> Iterator[GitHubForge]:
    made = GitHubForge("https://api.github.com", AppCredentials(7, private_key()), timeout=5, write_spacing=0)
    yield made
    made.close()


def item(number: int, code: int | None = 202, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "guid": f"guid-{number}",
        "delivered_at": "2026-01-02T04:04:05+01:00",
        "redelivery": False,
        "duration": 0.1,
        "status": "OK",
        "status_code": code,
        "event": "push",
        "action": None,
        "installation_id": 1,
        "repository_id": 2,
        **more,
    }


def attempt(number: int, *, ok: bool) -> Attempt:
    return Attempt(number, f"guid-{number}", "push", AT, ok)


def test_pages_are_followed_by_their_cursor(github: responses.RequestsMock, forge: GitHubForge) -> None:
    link = f'<{LOG}?per_page=100&cursor=v1_12%3D>; rel="next"'
    github.get(LOG, json=[item(2), item(1)], headers={"Link": link})
    assert forge.delivery_log(None) == LogPage((attempt(2, ok=True), attempt(1, ok=True)), "v1_12=")
    forge.delivery_log("v1_12=")
    asked = str(github.calls[-1].request.url)
    assert "cursor=v1_12%3D" in asked
    assert "status" not in asked


@pytest.mark.parametrize("code", [None, 0, 301, 401, 404, 500, 503])
def test_only_success_is_success(
    github: responses.RequestsMock, forge: GitHubForge, code: int | None
) -> None:
    github.get(LOG, json=[item(1, code)])
    assert forge.delivery_log(None) == LogPage((attempt(1, ok=False),), None)


def test_a_delivery_brings_its_payload(github: responses.RequestsMock, forge: GitHubForge) -> None:
    payload = {"ref": "refs/tags/ü", "zen": None}
    github.get(f"{LOG}/1", json={**item(1), "request": {"headers": {}, "payload": payload}})
    assert json.loads(forge.delivery_payload(attempt(1, ok=False))) == payload


def test_a_delivery_without_payload_is_an_error_to_repeat(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    github.get(f"{LOG}/1", json={**item(1), "request": {"headers": None, "payload": None}})
    with pytest.raises(Retryable):
        forge.delivery_payload(attempt(1, ok=False))


def test_a_delivery_that_is_forgotten_is_refused(github: responses.RequestsMock, forge: GitHubForge) -> None:
    github.get(f"{LOG}/1", status=404, json={"message": "Not Found"})
    with pytest.raises(Refused):
        forge.delivery_payload(attempt(1, ok=False))


def test_an_app_without_a_webhook_has_no_log(github: responses.RequestsMock, forge: GitHubForge) -> None:
    github.get(LOG, status=404, json={"message": "Not Found"})
    whole = {"id": 7, "slug": "lab", "html_url": "https://github.com/apps/lab"}
    github.get(APP, json=whole | {"permissions": {}, "events": []})
    assert forge.delivery_log(None) is None


def test_an_app_that_does_not_exist_is_no_app_without_a_log(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    for address in (LOG, APP):
        github.get(address, status=404, json={"message": "Not Found"})
    with pytest.raises(Refused, match="id and key belong together"):
        forge.delivery_log(None)


def test_a_token_has_no_log_and_does_not_ask() -> None:
    plain = GitHubForge("https://api.github.com", TokenCredentials("t"), timeout=5, write_spacing=0)
    assert plain.delivery_log(None) == LogPage((), None)
    plain.close()
