"""What `reprise serve` needs to be told, and what it warns of."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from reprise.adapters.github.registration import Registration, keep_app
from reprise.domain.errors import UserError
from reprise.serve import check, unprotected
from reprise.settings import GitHub, Http, Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "reprise.example"])
def test_what_others_reach_without_tls_is_warned_of_with_the_way_out(host: str) -> None:
    for public in (None, "http://reprise.example"):
        said = unprotected(Http(host=host, public_url=public)) or ""
        assert said.startswith(f"{host} is not loopback")
        assert "REPRISE_HTTP__PUBLIC_URL" in said
    assert unprotected(Http(host=host, public_url="https://reprise.example")) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
def test_loopback_needs_no_tls(host: str) -> None:
    assert unprotected(Http(host=host)) is None


WHOLE = {"github": {"token": "t", "webhook_secret": "s"}, "watch": ["ada/wine"]}
APP = {"app_id": 7, "private_key": "k"}


@pytest.mark.parametrize(
    "enough",
    [
        WHOLE,
        {},
        {"watch": ["ada/wine"]},
        {"github": {**APP, "webhook_secret": "s"}},
        {"github": {**APP, "intake": "polling"}},
        {"github": {"token": "t", "intake": "polling"}, "watch": ["ada/wine"]},
    ],
)
def test_serve_starts_with_a_token_and_a_watch_with_an_app_or_with_nothing_for_setup(
    enough: dict[str, Any], tmp_path: Path
) -> None:
    check(Settings(state_dir=tmp_path, **enough))


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"github": {"token": "t", "webhook_secret": "s"}}, "REPRISE_WATCH is not set"),
        ({"github": {"token": "t"}, "watch": ["ada/wine"]}, "REPRISE_GITHUB__WEBHOOK_SECRET is not set"),
        ({"github": APP}, "REPRISE_GITHUB__WEBHOOK_SECRET is not set"),
    ],
)
def test_serve_says_what_it_still_needs(given: dict[str, Any], missing: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=missing):
        check(Settings(state_dir=tmp_path, **given))


def test_an_app_of_setup_brings_its_secret_and_what_is_watched(tmp_path: Path) -> None:
    api = "https://api.github.com"
    made = Registration(
        api_url=api, id=7, slug="s", html_url="https://x", private_key="k", webhook_secret="hush"
    )
    keep_app(tmp_path, made)
    check(Settings(state_dir=tmp_path))
    check(Settings(state_dir=tmp_path, github=GitHub(token=SecretStr("t"), webhook_secret=SecretStr("s"))))
