"""`reprise doctor github` with an App: what it finds, and whose turn it is."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.keys import private_key

from reprise.adapters.github.app import App, Installation
from reprise.adapters.github.needs import EVENTS, PERMISSIONS
from reprise.adapters.github.registration import Registration, keep_app
from reprise.cli import invoke
from reprise.doctor.app import MAX_NAMES, examine_app
from reprise.doctor.finding import Finding
from reprise.domain.errors import Refused
from reprise.domain.run import Repository, Standing
from reprise.settings import Settings

PAGE = "https://github.com/apps/reprise-lab"
FULL = {name: need.level for name, need in PERMISSIONS.items()}
HOOK = "https://lab.example/webhooks/github"


class Account:
    """An App on a forge in memory."""

    def __init__(self, *installations: Installation, **app: Any) -> None:
        asked = {"id": 7, "slug": "reprise-lab", "html_url": PAGE, "permissions": FULL, "events": [*EVENTS]}
        self.app = App.model_validate(asked | app)
        self.installations = installations
        self.hook: str | None = HOOK
        self.given: tuple[Repository, ...] = ()
        self.standing = Standing.ACTIVE
        self.broken: Exception | None = None

    def whose(self) -> tuple[App, tuple[Installation, ...]]:
        if self.broken is not None:
            raise self.broken
        return self.app, self.installations

    def app_hook(self) -> str | None:
        return self.hook

    def repository(self, full_name: str) -> Repository:
        if full_name != "ada/wine":
            raise Refused(f"the GitHub App reprise-lab is not installed on {full_name}")
        return Repository(1, full_name, "", standing=self.standing)

    def repositories(self, owner: str) -> tuple[Repository, ...]:
        if owner != "ada":
            raise Refused(f"the GitHub App reprise-lab is not installed for {owner}")
        return self.given


def installed(login: str = "ada", **changes: Any) -> Installation:
    whole = {"id": 11, "account": {"login": login}, "permissions": FULL, "events": [*EVENTS]}
    return Installation.model_validate(
        whole | {"html_url": "https://github.com/settings/installations/11"} | changes
    )


def settings(**changes: Any) -> Settings:
    return Settings(**{"http": {"public_url": "https://lab.example"}} | changes)


def problems(account: Account, *, secret: bool = True, **changes: Any) -> list[Finding]:
    return [f for f in examine_app(settings(**changes), account, secret=secret) if not f.ok]


def test_an_app_with_everything_is_fine() -> None:
    found = list(examine_app(settings(watch=["ada/wine"]), Account(installed()), secret=True))
    assert all(finding.ok for finding in found)
    assert [finding.name for finding in found] == [
        "app",
        "app webhook",
        "app at ada",
        "app at ada",
        "ada/wine",
    ]
    assert found[2].said == f"has all {len(PERMISSIONS)} permissions and {len(EVENTS)} events"


@pytest.mark.parametrize("name", PERMISSIONS)
def test_a_permission_that_the_owner_has_yet_to_accept_is_named_with_what_does_not_work(name: str) -> None:
    lacking = {each: level for each, level in FULL.items() if each != name}
    (found,) = problems(Account(installed(permissions=lacking)))
    assert found.said.startswith(f"lacks the permission {name.replace('_', ' ')}: ")
    assert PERMISSIONS[name].without in found.said
    assert found.next_step == "ada has to accept it: https://github.com/settings/installations/11"


def test_a_permission_that_was_never_asked_for_is_added_first() -> None:
    lacking = FULL | {"checks": "read"}
    (found,) = problems(Account(installed(permissions=lacking), permissions=lacking))
    assert (found.next_step or "").startswith(f"add it on the App's page ({PAGE}), then ada has to accept it")


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_that_is_not_sent_is_named_with_what_happens_without(name: str) -> None:
    (found,) = problems(Account(installed(events=[each for each in EVENTS if each != name])))
    assert found.said == f"is not sent the event {name}; without it {EVENTS[name]}"
    assert PAGE in (found.next_step or "")


def test_a_suspended_installation_hides_no_other() -> None:
    off = installed("bob", suspended_at=datetime(2026, 1, 1, tzinfo=UTC), permissions={})
    (found,) = problems(Account(installed(), off))
    assert (found.name, found.said) == ("app at bob", "suspended: nothing there is seen or answered")


def test_an_app_that_is_installed_nowhere_is_to_be_installed() -> None:
    (found,) = problems(Account())
    assert found.next_step == f"install it: {PAGE}/installations/new"


def test_a_watched_repository_without_the_app_is_named() -> None:
    name, owner = problems(Account(installed()), watch=["ada/wine", "eve/tea", "ada/*", "eve/*"])
    assert "is not installed on eve/tea" in name.said
    assert "is not installed for eve" in owner.said


def test_a_token_beside_the_app_is_said_not_to_count() -> None:
    found, *_ = examine_app(settings(github={"token": "t"}), Account(installed()), secret=True)
    assert found.ok
    assert "a token too, which is not used: the App counts" in found.said


@pytest.mark.parametrize(
    ("hook", "secret", "changes", "said"),
    [
        (None, True, {}, f"is not set, not to {HOOK}"),
        ("https://old.example/webhooks/github", True, {}, "leads to https://old.example"),
        (HOOK, False, {}, "no secret is set"),
        (HOOK, True, {"http": {}}, "GitHub cannot reach this controller"),
        (
            HOOK,
            True,
            {"http": {"public_url": "http://127.0.0.1:8400"}},
            "GitHub cannot reach this controller",
        ),
    ],
)
def test_a_webhook_that_brings_nothing_is_a_problem(
    hook: str | None, secret: bool, changes: dict[str, Any], said: str
) -> None:
    account = Account(installed())
    account.hook = hook
    (found,) = problems(account, secret=secret, **changes)
    assert said in found.said


def test_who_polls_needs_no_webhook() -> None:
    account = Account(installed())
    account.hook = None
    assert problems(account, secret=False, github={"intake": "polling"}) == []
    _, hook, *_ = examine_app(settings(github={"intake": "polling"}), account, secret=False)
    assert "a click on a check run is not heard" in hook.said


def test_what_an_installation_sees_is_named_with_a_bound() -> None:
    account = Account(installed())
    account.given = tuple(Repository(n, f"ada/r{n}", "") for n in range(MAX_NAMES + 2))
    account.given = (replace(account.given[0], standing=Standing.ARCHIVED), *account.given[1:])
    seen = list(examine_app(settings(), account, secret=True))[-1]
    assert (seen.name, seen.ok) == ("app at ada", True)
    assert seen.said.startswith("sees ada/r0 (archived: nothing is run), ada/r1, ")
    assert seen.said.endswith(f"ada/r{MAX_NAMES - 1} and 2 more")


def test_a_watched_repository_that_was_archived_is_said_to_be() -> None:
    account = Account(installed())
    account.standing = Standing.ARCHIVED
    found = list(examine_app(settings(watch=["ada/wine"]), account, secret=True))[-1]
    assert (found.name, found.said.partition(":")[0]) == ("ada/wine", "is archived")


def test_a_key_that_does_not_fit_is_the_only_finding() -> None:
    account = Account(installed())
    account.broken = Refused("GitHub refused … The private key does not belong to this App")
    (found,) = examine_app(settings(), account, secret=True)
    assert "The private key does not belong to this App" in found.said


def test_half_an_app_and_a_key_that_is_none_are_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REPRISE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("REPRISE_GITHUB__APP_ID", "7")
    assert invoke(["doctor", "github"]) == 1
    assert (
        "REPRISE_GITHUB__APP_ID is set without REPRISE_GITHUB__PRIVATE_KEY; set both"
        in capsys.readouterr().out
    )
    monkeypatch.setenv("REPRISE_GITHUB__PRIVATE_KEY", "no key")
    assert invoke(["doctor", "github", "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert "no RSA key in PEM form" in found["said"]


def test_another_system_cannot_be_looked_at_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["doctor", "git"]) == 64
    assert "'git' is not one of 'github'" in capsys.readouterr().err


def test_an_app_of_setup_is_used_without_any_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = "http://127.0.0.1:1/api/v3"
    monkeypatch.setenv("REPRISE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("REPRISE_GITHUB__API_URL", api)
    made = {"api_url": api, "id": 7, "slug": "s", "html_url": PAGE, "webhook_secret": "hush"}
    keep_app(tmp_path, Registration.model_validate(made | {"private_key": private_key()}))
    assert invoke(["doctor", "github"]) == 1
    assert "could not ask which GitHub App this is" in capsys.readouterr().out
