"""Calls as a GitHub App: its signature, its installations' tokens, and what each is good for."""

import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import responses
from tests.keys import private_key
from tests.openapi import check_calls
from tests.unit.github.hub import API, APP_ID, SLUG, Hub, refusal, reply

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import AppCredentials, TokenCredentials
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.forge import OnPullRequest, Permission, State, Status
from reprise.domain.run import Repository, Sha
from reprise.log import Redactor

WINE = Repository(1, "ada/wine", "https://github.com/ada/wine.git")
SHA = Sha("a" * 40)
STATUS = Status("reprise/wine", State.PENDING, "queued", None)


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    """Every request of a test is one that GitHub's description allows."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as made:
        yield made
        check_calls(made.calls)


@pytest.fixture
def hub(mock: responses.RequestsMock) -> Hub:
    """ada installed the App on wine and maps, bob on beer."""
    made = Hub({"ada/wine": 11, "ada/maps": 11, "bob/beer": 22})
    made.serve(mock)
    can_write = lambda asked, home: reply({"permission": "write"})  # noqa: E731
    mock.add_callback(
        "GET", re.compile(f"{API}/repos/.*/collaborators/"), lambda a: made.by_token(a, can_write)
    )
    mock.add_callback("POST", re.compile(f"{API}/repos/.*/statuses/"), lambda a: made.by_token(a, made.post))
    return made


@pytest.fixture
def forge() -> Iterator[GitHubForge]:
    made = GitHubForge("https://api.github.com", app(), timeout=5, write_spacing=0)
    yield made
    made.close()


def app() -> AppCredentials:
    return AppCredentials(APP_ID, private_key())


def ask(forge: GitHubForge) -> Permission:
    return forge.permission(WINE, "wendy")


# --- the signature --------------------------------------------------------------------------------


def test_the_signature_names_the_app_and_lives_for_nine_minutes_from_a_minute_ago(
    hub: Hub, forge: GitHubForge
) -> None:
    before = time.time()
    forge.login()
    (claims,) = hub.claims
    assert claims["iss"] == str(APP_ID)
    assert before - 62 <= claims["iat"] <= time.time() - 60
    assert claims["exp"] - claims["iat"] == 540


def test_a_key_that_is_none_is_refused_before_any_call() -> None:
    for key in (
        "",
        "secret",
        private_key()[:-200],
        "-----BEGIN RSA PRIVATE KEY-----\nAA\n-----END RSA PRIVATE KEY-----",
    ):
        with pytest.raises(UserError, match="no RSA key in PEM form: download a new one"):
            AppCredentials(APP_ID, key)


def test_the_key_is_not_shown() -> None:
    assert "PRIVATE" not in repr(app())
    assert "secret" not in repr(TokenCredentials("secret"))


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (401, "A JSON web token could not be decoded", "The private key does not belong to this App"),
        (
            401,
            "'Issued at' claim ('iat') must be an Integer",
            "The clock of this machine is wrong",
        ),
        (
            401,
            "'Expiration time' claim ('exp') is too far in the future",
            "The clock of this machine is wrong",
        ),
        (404, "Integration not found", "There is no such App"),
    ],
)
def test_a_refused_signature_says_why(
    status: int, message: str, said: str, mock: responses.RequestsMock, forge: GitHubForge
) -> None:
    mock.add_callback("GET", f"{API}/app", lambda _: refusal(status, message))
    with pytest.raises(Refused, match=said):
        forge.login()


def test_the_app_writes_as_its_bot(hub: Hub, mock: responses.RequestsMock, forge: GitHubForge) -> None:
    assert forge.login() == f"{SLUG}[bot]"
    theirs = [
        {"id": n, "url": f"{API}/x", "body": "<!-- m -->", "user": {"login": login, "id": n, "type": "Bot"}}
        for n, login in ((1, "other[bot]"), (2, f"{SLUG}[bot]"))
    ]
    mock.add_callback("GET", re.compile(f"{API}/repos/ada/wine/issues/1/comments"), lambda _: reply(theirs))
    assert (
        forge.put_comment(WINE, OnPullRequest(1), marker="<!-- m -->", body="<!-- m -->", known_id=None) == 2
    )


# --- tokens of installations ----------------------------------------------------------------------


def test_eight_threads_that_start_together_look_up_once_and_fetch_one_token(
    hub: Hub, forge: GitHubForge
) -> None:
    together = threading.Barrier(8)

    def work(_: int) -> Permission:
        together.wait(10)
        return ask(forge)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(8))) == [Permission.WRITE] * 8
    assert hub.minted == [(11, None)]
    assert hub.lookups == ["ada/wine"]


def test_each_owner_has_a_token_and_all_repositories_of_one_share_it(hub: Hub, forge: GitHubForge) -> None:
    for name in ("ada/wine", "ada/maps", "bob/beer", "ada/wine"):
        forge.permission(Repository(1, name, ""), "wendy")
    assert hub.minted == [(11, None), (22, None)]


def test_a_token_is_replaced_minutes_before_its_end(hub: Hub, forge: GitHubForge) -> None:
    hub.lifetime = timedelta(minutes=9)
    ask(forge)
    ask(forge)
    assert len(hub.minted) == 2


def test_a_revoked_token_is_replaced_once(hub: Hub, forge: GitHubForge) -> None:
    ask(forge)
    hub.revoke()
    assert ask(forge) is Permission.WRITE
    assert len(hub.minted) == 2


def test_tokens_that_are_refused_again_and_again_are_not_fetched_for_ever(
    hub: Hub, mock: responses.RequestsMock, forge: GitHubForge
) -> None:
    ask(forge)
    mock.add_callback(
        "GET", re.compile(f"{API}/repos/ada/wine/commits"), lambda _: refusal(401, "Bad credentials")
    )
    with pytest.raises(Refused, match="The App's token was not taken, twice"):
        forge.commit(WINE, "v1")
    assert len(hub.minted) == 2


def test_a_write_after_a_revoked_token_is_made_once(
    hub: Hub, mock: responses.RequestsMock, forge: GitHubForge
) -> None:
    ask(forge)
    hub.revoke()
    assert forge.post_status(WINE, SHA, STATUS) == 9
    assert sum("/statuses/" in str(call.request.url) for call in mock.calls) == 2
    assert hub.written == 1


def test_an_app_that_was_installed_anew_is_found_again(hub: Hub, forge: GitHubForge) -> None:
    ask(forge)
    hub.homes = {"ada/wine": 33}
    hub.revoke()
    assert ask(forge) is Permission.WRITE
    assert [home for home, _ in hub.minted] == [11, 33]


def test_where_the_app_is_not_installed_it_is_said_how(hub: Hub, forge: GitHubForge) -> None:
    said = "reprise-lab is not installed on eve/tea: its owner can do that at https://github.com/apps/reprise-lab/installations/new"
    with pytest.raises(Refused, match=said):
        forge.repository("eve/tea")
    with pytest.raises(Refused, match="is not installed for eve"):
        forge.repositories("eve")


def test_a_suspended_installation_is_called_so(hub: Hub, forge: GitHubForge) -> None:
    hub.suspended.add(11)
    with pytest.raises(Refused, match="Its owner suspended the App"):
        ask(forge)


def test_a_missing_permission_is_to_be_given_and_accepted(
    hub: Hub, mock: responses.RequestsMock, forge: GitHubForge
) -> None:
    mock.add_callback(
        "GET",
        re.compile(f"{API}/repos/ada/wine/commits"),
        lambda _: refusal(403, "Resource not accessible by integration"),
    )
    with pytest.raises(
        Refused, match="Give the App commit statuses: read on its page, and have the owner accept"
    ):
        forge.statuses(WINE, SHA)


def test_installations_do_not_wait_for_each_others_writes(hub: Hub) -> None:
    forge = GitHubForge("https://api.github.com", app(), timeout=5, write_spacing=60)
    before = time.monotonic()
    forge.post_status(WINE, SHA, STATUS)
    forge.post_status(Repository(2, "bob/beer", ""), SHA, STATUS)
    assert time.monotonic() - before < 30
    forge.close()


def test_a_name_that_would_climb_is_never_asked_about(
    hub: Hub, mock: responses.RequestsMock, forge: GitHubForge
) -> None:
    for name in ("..", "ada/..", "ada/wine/x", "ada/wi ne", "ada/wine?x"):
        with pytest.raises(Refused, match="is not the name of a repository"):
            forge.permission(Repository(1, name, ""), "wendy")
        assert forge.clone_token(name) is None
    assert len(mock.calls) == 0


@pytest.mark.parametrize(
    ("status", "headers", "after"),
    [(502, {}, 0.0), (429, {"Retry-After": "30"}, 30.0), (403, {"Retry-After": "9"}, 9.0)],
)
def test_a_token_that_is_not_to_be_had_now_is_worth_another_try(
    status: int,
    headers: dict[str, str],
    after: float,
    hub: Hub,
    forge: GitHubForge,
) -> None:
    hub.minting = status, headers, '{"message": "later"}'
    with pytest.raises(Retryable, match="could not get a token of our GitHub App's installation") as failure:
        forge.post_status(WINE, SHA, STATUS)
    assert failure.value.after == after
    assert hub.written == 0


# --- tokens for git -------------------------------------------------------------------------------


def test_git_gets_a_token_that_reads_one_repository(hub: Hub, forge: GitHubForge) -> None:
    wine = forge.clone_token("ada/wine")
    assert forge.clone_token("ada/wine") == wine
    assert hub.minted == [(11, {"repositories": ["wine"], "permissions": {"contents": "read"}})]
    assert forge.clone_token("ada/maps") not in (wine, None)
    assert hub.minted[1][1]["repositories"] == ["maps"]


def test_git_gets_none_where_the_app_is_not_installed(hub: Hub, forge: GitHubForge) -> None:
    assert forge.clone_token("eve/tea") is None


def test_a_persons_token_is_given_as_it_is() -> None:
    forge = GitHubForge("https://api.github.com", TokenCredentials("t"))
    assert forge.clone_token("ada/wine") == "t"
    assert not forge.is_app


# --- what it was given ----------------------------------------------------------------------------


def test_all_repositories_of_all_installations_are_listed_but_of_suspended_ones(
    hub: Hub, forge: GitHubForge
) -> None:
    hub.homes |= {f"cyd/r{n:03}": 33 for n in range(205)}
    hub.suspended.add(22)
    found = [repository.full_name for repository in forge.installed()]
    assert found[:2] == ["ada/maps", "ada/wine"]
    assert len(found) == len(set(found)) == 207
    assert hub.lookups == []


def test_where_a_listed_repository_belongs_is_not_asked_again(hub: Hub, forge: GitHubForge) -> None:
    forge.installed()
    ask(forge)
    assert hub.lookups == []


def test_an_owners_repositories_are_those_of_the_installation(hub: Hub, forge: GitHubForge) -> None:
    assert [repository.full_name for repository in forge.repositories("ada")] == ["ada/maps", "ada/wine"]
    assert not forge.repositories("ada")[0].public


def test_a_token_has_nothing_installed_and_may_not_ask_as_an_app() -> None:
    assert GitHubForge("https://api.github.com", TokenCredentials("t")).installed() == ()


# --- any form of token ----------------------------------------------------------------------------


def test_a_long_token_goes_through_whole_and_into_no_log(hub: Hub, forge: GitHubForge) -> None:
    ask(forge)
    (token,) = hub.living
    assert len(token) >= 500
    assert set("._-") <= set(token)
    hide = Redactor(())
    for text in (
        token,
        f"token {token}",
        f"https://x-access-token:{token}@github.com/ada/wine",
        json.dumps({"t": token}),
    ):
        assert token[8:40] not in hide.text(text)
        assert token[-40:] not in hide.text(text)


def test_credentials_can_be_exchanged_while_calls_go_on(hub: Hub, mock: responses.RequestsMock) -> None:
    forge = GitHubForge("https://api.github.com", TokenCredentials("old"), timeout=5)
    with pytest.raises(Refused):
        ask(forge)
    forge.use(app())
    assert ask(forge) is Permission.WRITE
    assert forge.is_app
    forge.close()
