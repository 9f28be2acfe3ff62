"""From one click on another program's page to an installed App, as on GitHub."""

import json
import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from tests.integration.forge.apps import NAMES
from tests.integration.forge.world import Receiver, World

from reprise.domain.errors import UserError
from reprise.forge import server


def manifest(**more: Any) -> dict[str, Any]:
    return {
        "name": next(NAMES),
        "url": "http://127.0.0.1:8400",
        "hook_attributes": {"url": "http://127.0.0.1:8400/webhooks/github"},
        "redirect_url": "http://127.0.0.1:8400/setup/created?from=forge",
        "default_permissions": {"contents": "read", "checks": "write"},
        "default_events": ["push", "check_run"],
        **more,
    }


def send(world: World, path: str, fields: dict[str, Any], *, origin: str | None = None) -> httpx.Response:
    headers = {"Origin": origin or world.url}
    return world.http.post(world.url + path, data=fields, headers=headers)


def create(world: World, wanted: dict[str, Any], login: str = "ada", **more: str) -> httpx.Response:
    fields = {"manifest": json.dumps(wanted), "name": wanted["name"], "token": world.tokens[login], **more}
    return send(world, "/settings/apps", fields)


def convert(world: World, reply: httpx.Response) -> httpx.Response:
    (code,) = parse_qs(urlsplit(reply.headers["location"]).query)["code"]
    return world.http.post(f"{world.url}/api/v3/app-manifests/{code}/conversions")


def test_the_page_shows_what_is_asked_for_and_makes_nothing(world: World) -> None:
    wanted = manifest()
    fields = {"manifest": json.dumps(wanted)}
    page = send(world, "/settings/apps/new?state=abc", fields, origin="http://127.0.0.1:8400")
    assert page.status_code == 200
    for text in (
        wanted["name"],
        "Read</strong> access to contents",
        "write</strong> access to checks",
        "push",
        "Create GitHub App",
        "abc",
    ):
        assert text in page.text
    slug = wanted["name"].lower().replace(" ", "-")
    assert world.http.get(f"{world.url}/apps/{slug}").status_code == 404


def test_one_click_leads_back_with_a_code_for_the_secrets(world: World) -> None:
    wanted = manifest()
    reply = create(world, wanted, state="a b")
    assert reply.status_code == 303
    back = urlsplit(reply.headers["location"])
    assert back.netloc == "127.0.0.1:8400"
    query = parse_qs(back.query)
    assert (query["from"], query["state"]) == (["forge"], ["a b"])
    made = convert(world, reply)
    assert made.status_code == 201
    told = made.json()
    assert (told["name"], told["owner"]["login"]) == (wanted["name"], "ada")
    assert told["permissions"] == {"checks": "write", "contents": "read", "metadata": "read"}
    assert (told["events"], len(told["webhook_secret"])) == (["push", "check_run"], 40)
    assert told["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    signed = jwt.encode({"iat": 0, "exp": 1, "iss": told["client_id"]}, told["pem"], algorithm="RS256")
    late = world.http.get(f"{world.url}/api/v3/app", headers={"Authorization": f"Bearer {signed}"})
    assert (late.status_code, "'exp'" in late.json()["message"]) == (401, True)


def test_a_code_is_good_once_and_for_an_hour(lonely: World) -> None:
    reply = create(lonely, manifest())
    assert convert(lonely, reply).status_code == 201
    assert convert(lonely, reply).status_code == 404
    late = create(lonely, manifest())
    with closing(sqlite3.connect(lonely.state / "forge.db")) as db, db:
        db.execute("UPDATE manifest_codes SET expires_at = '2020-01-01T00:00:00Z'")
        assert db.execute("SELECT count(*) FROM manifest_codes WHERE secrets = ''").fetchone() == (1,)
    assert convert(lonely, late).status_code == 404
    assert lonely.http.post(f"{lonely.url}/api/v3/app-manifests/none/conversions").status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": None}, "url"),
        ({"url": "javascript:alert(1)"}, "must be a web address"),
        ({"hook_attributes": {"url": "https://example.org/"}}, "loopback"),
        ({"default_permissions": {"coffee": "read"}}, "no such permission: coffee"),
        ({"default_events": ["issue_comment"]}, "Default events unsupported: issue_comment"),
        ({"name": "x" * 35}, "1 to 34"),
    ],
)
def test_what_github_would_not_create_is_said_on_the_page(
    world: World, change: dict[str, Any], says: str
) -> None:
    reply = create(world, manifest(**change))
    assert (reply.status_code, says in reply.text) == (422, True)


def test_only_the_forges_own_page_and_an_account_create_one(world: World) -> None:
    wanted = manifest()
    fields = {"manifest": json.dumps(wanted), "name": wanted["name"], "token": world.tokens["ada"]}
    assert send(world, "/settings/apps", fields, origin="http://127.0.0.1:1").status_code == 403
    assert send(world, "/settings/apps", {**fields, "token": "ghp_nobody"}).status_code == 403
    assert create(world, wanted, login="eve", account="ada").status_code == 403


def test_an_organisations_app_is_made_by_its_owner(world: World) -> None:
    server.add_organization(world.state, "lab", "ada")
    wanted = manifest()
    page = world.http.post(
        f"{world.url}/organizations/lab/settings/apps/new", data={"manifest": json.dumps(wanted)}
    )
    assert "for lab" in page.text
    assert create(world, wanted, login="eve", account="lab").status_code == 403
    told = convert(world, create(world, wanted, account="lab")).json()
    assert (told["owner"]["login"], told["owner"]["type"]) == ("lab", "Organization")


def test_an_organisations_repositories_are_its_owners_to_make(world: World) -> None:
    server.add_organization(world.state, "group", "ada")
    made = world.github("ada").get_organization("group").create_repo(world.name)
    assert (made.full_name, made.owner.type) == (f"group/{world.name}", "Organization")
    assert made.permissions.admin
    listed = world.http.get(f"{world.url}/api/v3/orgs/group/repos").json()
    assert [each["name"] for each in listed] == [world.name]
    headers = {"Authorization": f"token {world.tokens['eve']}"}
    refused = world.http.post(f"{world.url}/api/v3/orgs/group/repos", json={"name": "mine"}, headers=headers)
    assert refused.status_code == 403
    with pytest.raises(UserError, match="account of a person"):
        server.add_organization(world.state, "eve", "ada")


# --- installing ------------------------------------------------------------------------------------


class Setup:
    """An App made through the pages, and a hand on its owner's browser."""

    def __init__(self, world: World, receiver: Receiver, **more: Any) -> None:
        self.world = world
        hook = {"url": receiver.url}
        self.app = convert(world, create(world, manifest(hook_attributes=hook, **more))).json()

    def press(self, path: str, login: str = "ada", **fields: Any) -> httpx.Response:
        return send(self.world, path, {"token": self.world.tokens[login], **fields})

    def install(self, **fields: Any) -> httpx.Response:
        return self.press(f"/apps/{self.app['slug']}/installations/new", **fields)


def test_an_app_is_installed_changed_suspended_and_gone_by_its_pages(
    world: World, receiver: Receiver
) -> None:
    world.make()
    other = world.for_test(world.folder / "other")
    other.folder.mkdir()
    other.make()
    setup = Setup(world, receiver)
    installed = setup.install(selection="selected", repository=[world.name])
    assert installed.status_code == 303
    page = installed.headers["location"]
    setup.press(page, do="save", selection="selected", repository=[other.name])
    setup.press(page, do="suspend")
    setup.press(page, do="unsuspend")
    setup.press(page, do="uninstall")
    told = receiver.wait(6)
    assert [(each.event, each.payload["action"]) for each in told] == [
        ("installation", "created"),
        ("installation_repositories", "added"),
        ("installation_repositories", "removed"),
        ("installation", "suspend"),
        ("installation", "unsuspend"),
        ("installation", "deleted"),
    ]
    created, added, removed = (each.payload for each in told[:3])
    assert [each["full_name"] for each in created["repositories"]] == [world.full_name]
    assert [each["full_name"] for each in added["repositories_added"]] == [other.full_name]
    assert [each["full_name"] for each in removed["repositories_removed"]] == [world.full_name]
    assert {each.payload["sender"]["login"] for each in told} == {"ada"}
    assert world.http.get(world.url + page).status_code == 404
    other.close_clients()


def test_installing_again_changes_where_it_is(world: World, receiver: Receiver) -> None:
    world.make()
    setup = Setup(world, receiver)
    first = setup.install(selection="selected", repository=[world.name])
    name = f"{world.name}-2"
    world.github("ada").get_user().create_repo(name)
    second = setup.install(selection="selected", repository=[world.name, name])
    assert first.headers["location"] == second.headers["location"]
    _, added = receiver.wait(2)
    assert (added.event, added.payload["action"]) == ("installation_repositories", "added")
    assert [each["name"] for each in added.payload["repositories_added"]] == [name]


def test_a_setup_page_is_told_which_installation_it_was(world: World, receiver: Receiver) -> None:
    setup = Setup(world, receiver, setup_url="http://127.0.0.1:8400/setup")
    location = setup.install(selection="all").headers["location"]
    assert location.startswith("http://127.0.0.1:8400/setup?installation_id=")
    assert location.endswith("&setup_action=install")


def test_a_private_app_stays_with_its_owner_and_strangers_change_nothing(
    world: World, receiver: Receiver
) -> None:
    world.make()
    setup = Setup(world, receiver)
    assert setup.install(login="eve", selection="all").status_code == 403
    page = setup.install(selection="selected", repository=[world.name]).headers["location"]
    assert setup.press(page, login="eve", do="uninstall").status_code == 403
    assert setup.install(selection="selected").status_code == 422
    assert "Sign in" in world.http.get(world.url + page).text


def test_a_public_app_can_be_installed_by_everybody(world: World, receiver: Receiver) -> None:
    setup = Setup(world, receiver, public=True)
    assert setup.install(login="eve", selection="all").status_code == 303
    (told,) = receiver.wait(1)
    assert told.payload["installation"]["account"]["login"] == "eve"


def test_the_pages_of_an_app_are_readable(world: World, receiver: Receiver) -> None:
    world.make()
    setup = Setup(world, receiver)
    slug = setup.app["slug"]
    with httpx.Client(verify=False, base_url=world.url, follow_redirects=True) as browser:
        fields = {"token": world.tokens["ada"], "to": f"/apps/{slug}/installations/new"}
        page = browser.post("/login", data=fields, headers={"Origin": world.url})
        assert "Read and write" in page.text
        assert world.name in page.text
        path = f"/apps/{slug}/installations/new"
        shown = browser.post(path, data={"account": "ada", "selection": "all"}, headers={"Origin": world.url})
        assert "Suspend" in shown.text
        assert setup.app["name"] in browser.get("/settings/installations").text
        assert setup.app["name"] in browser.get(f"/apps/{slug}").text
        assert "Manifest" in browser.get("/settings/apps/new").text
    assert "Sign in" in world.http.get(f"{world.url}/settings/installations").text
