"""Apps as GitHub has them: a JWT for the App, an hour's token for each installation, enforced permissions."""

import sqlite3
import time
from contextlib import closing

import jwt
import pytest
from github import Auth, Github, GithubException, GithubIntegration
from tests.integration.forge.apps import USED, TestApp
from tests.integration.forge.world import World

from reprise.domain.errors import UserError
from reprise.forge import server
from reprise.forge.tokens import new_key

NOT_ACCESSIBLE = (403, "Resource not accessible by integration")


@pytest.fixture
def app(world: World) -> TestApp:
    world.make()
    return TestApp.register(world)


def github(world: World, token: str) -> Github:
    return world.github_with(token)


def refusal(error: pytest.ExceptionInfo[GithubException]) -> tuple[int, str]:
    return error.value.status, error.value.data["message"]


def test_an_app_knows_itself_and_where_it_is_installed(world: World, app: TestApp) -> None:
    installation = app.install(world.name)
    me = app.ask("GET", "/app").json()
    assert (me["id"], me["slug"], me["owner"]["login"]) == (app.id, app.made.app.slug, "ada")
    assert me["permissions"] == {**USED, "metadata": "read"}
    assert me["installations_count"] == 1
    assert [each["id"] for each in app.ask("GET", "/app/installations").json()] == [installation]
    for path in (f"/repos/{world.full_name}", "/users/ada"):
        assert app.ask("GET", f"{path}/installation").json()["id"] == installation
    assert app.ask("GET", "/orgs/ada/installation").status_code == 404


def test_pygithub_finds_its_way_from_the_key_to_a_status(world: World) -> None:
    clone = world.make()
    app = TestApp.register(world)
    app.install(world.name)
    auth = Auth.AppAuth(app.id, app.made.pem)
    with GithubIntegration(auth=auth, base_url=f"{world.url}/api/v3", retry=None) as integration:
        found = integration.get_repo_installation("ada", world.name)
        token = integration.get_access_token(found.id).token
    commit = world.github_with(token).get_repo(world.full_name).get_commit(clone.sha("HEAD"))
    commit.create_status("success", context="reprise/paper")
    assert world.repository().get_commit(clone.sha("HEAD")).get_combined_status().state == "success"


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"exp": int(time.time()) - 300}, "'exp'"),
        ({"exp": int(time.time()) + 3_600}, "too far in the future"),
        ({"exp": None}, "'exp'"),
        ({"iat": int(time.time()) + 600}, "'iat'"),
        ({"iat": None}, "'iat'"),
    ],
)
def test_a_jwt_outside_its_ten_minutes_is_401(
    world: World, app: TestApp, claims: dict[str, int | None], says: str
) -> None:
    reply = app.ask("GET", "/app", token=app.jwt(**claims))
    assert reply.status_code == 401
    assert says in reply.json()["message"]


def test_a_jwt_of_another_key_is_401_and_of_no_app_404(world: World, app: TestApp) -> None:
    now = int(time.time())
    claims = {"iat": now, "exp": now + 300, "iss": str(app.id)}
    forged = jwt.encode(claims, new_key().private, algorithm="RS256")
    assert app.ask("GET", "/app", token=forged).status_code == 401
    unsigned = jwt.encode(claims, "", algorithm="none")
    assert app.ask("GET", "/app", token=unsigned).status_code == 401
    assert app.ask("GET", "/app", token=app.jwt(iss="99999")).status_code == 404
    assert app.ask("GET", "/app", token=app.jwt(iss=app.made.app.client_id)).json()["id"] == app.id


def test_other_credentials_are_not_the_apps(world: World, app: TestApp) -> None:
    installation = app.install()
    for token in (world.tokens["ada"], app.token(installation)):
        reply = app.ask("GET", "/app", token=token)
        assert (reply.status_code, reply.json()["message"]) == (401, "A JSON web token could not be decoded")
    assert app.ask("GET", f"/repos/{world.full_name}").status_code == 403


def test_a_token_is_long_lives_an_hour_and_is_kept_as_a_digest(world: World, app: TestApp) -> None:
    installation = app.install()
    reply = app.ask("POST", f"/app/installations/{installation}/access_tokens").json()
    assert 480 < len(reply["token"]) < 560
    assert reply["token"].startswith(f"ghs_{app.id}_ey")
    lives = time.mktime(time.strptime(reply["expires_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())
    assert 3_500 < lives <= 3_600
    written = b"".join(path.read_bytes() for path in world.state.iterdir() if path.is_file())
    assert reply["token"].encode() not in written


def test_what_an_installation_writes_is_its_bots(world: World) -> None:
    clone = world.make()
    app = TestApp.register(world)
    repository = github(world, app.token(app.install(world.name))).get_repo(world.full_name)
    status = repository.get_commit(clone.sha("HEAD")).create_status("success")
    assert (status.creator.login, status.creator.type) == (app.made.app.bot, "Bot")
    number = world.pull(clone)
    comment = repository.get_pull(number).create_issue_comment("hello")
    assert comment.user.login == app.made.app.bot
    comment.edit("hello again")
    comment.create_reaction("eyes")
    assert github(world, world.tokens["eve"]).get_user(app.made.app.bot).type == "Bot"


def test_a_permission_that_was_not_granted_is_403(world: World) -> None:
    clone = world.make()
    app = TestApp.register(world, permissions={"contents": "read", "statuses": "read"}, events=())
    repository = github(world, app.token(app.install(world.name))).get_repo(world.full_name)
    assert repository.get_commit(clone.sha("HEAD")).get_combined_status().state == "pending"
    with pytest.raises(GithubException) as error:
        repository.get_commit(clone.sha("HEAD")).create_status("success")
    assert refusal(error) == NOT_ACCESSIBLE
    with pytest.raises(GithubException) as error:
        list(repository.get_pulls())
    assert refusal(error) == NOT_ACCESSIBLE


def test_other_repositories_are_out_of_reach(world: World, app: TestApp) -> None:
    other = world.for_test(world.folder / "other")
    other.folder.mkdir()
    secret = world.for_test(world.folder / "secret")
    secret.folder.mkdir()
    clone = other.make()
    secret.make(private=True)
    token = app.token(app.install(world.name))
    commit = github(world, token).get_repo(other.full_name).get_commit(clone.sha("HEAD"))
    assert commit.sha  # public: anybody reads it
    with pytest.raises(GithubException) as error:
        commit.create_status("success")
    assert refusal(error) == NOT_ACCESSIBLE
    with pytest.raises(GithubException) as error:
        commit.create_comment("hello")
    assert refusal(error) == NOT_ACCESSIBLE
    assert app.ask("GET", f"/repos/{secret.full_name}", token=token).status_code == 404
    listed = app.ask("GET", "/installation/repositories", token=token).json()
    assert [each["full_name"] for each in listed["repositories"]] == [world.full_name]
    other.close_clients()
    secret.close_clients()


def test_a_token_can_be_made_for_less(world: World) -> None:
    clone = world.make(private=True)
    app = TestApp.register(world)
    installation = app.install()
    token = app.token(installation, repositories=[world.name], permissions={"contents": "read"})
    listed = app.ask("GET", "/installation/repositories", token=token).json()
    assert (listed["total_count"], listed["repository_selection"]) == (1, "selected")
    with pytest.raises(GithubException) as error:
        github(world, token).get_repo(world.full_name).get_commit(clone.sha("HEAD")).create_status("success")
    assert refusal(error) == NOT_ACCESSIBLE
    remote = world.url.replace("http://", f"http://x-access-token:{token}@") + f"/{world.full_name}.git"
    assert clone.git("ls-remote", remote, "refs/heads/main").startswith(clone.sha("HEAD"))
    pushed = clone.run("push", remote, "HEAD:refs/heads/other")
    assert pushed.returncode != 0
    assert "denied" in pushed.stderr


@pytest.mark.parametrize(
    "limits",
    [{"repositories": ["no-such"]}, {"repository_ids": [999_999]}, {"permissions": {"contents": "write"}}],
)
def test_a_token_cannot_be_made_for_more(world: World, app: TestApp, limits: dict[str, object]) -> None:
    installation = app.install(world.name)
    reply = app.ask("POST", f"/app/installations/{installation}/access_tokens", json=limits)
    assert reply.status_code == 422


def test_without_contents_git_is_refused(world: World) -> None:
    clone = world.make(private=True)
    app = TestApp.register(world, permissions={"statuses": "write"}, events=())
    token = app.token(app.install(world.name))
    remote = world.url.replace("http://", f"http://x-access-token:{token}@") + f"/{world.full_name}.git"
    assert clone.run("ls-remote", remote).returncode != 0


def test_a_suspended_installation_can_do_nothing_until_it_is_back(world: World, app: TestApp) -> None:
    installation = app.install(world.name)
    token = app.token(installation)
    assert app.ask("PUT", f"/app/installations/{installation}/suspended").status_code == 204
    for reply in (
        app.ask("GET", "/installation/repositories", token=token),
        app.ask("POST", f"/app/installations/{installation}/access_tokens"),
    ):
        assert (reply.status_code, reply.json()["message"]) == (403, "This installation has been suspended")
    shown = app.ask("GET", f"/app/installations/{installation}").json()
    assert shown["suspended_by"]["login"] == "ada"
    assert app.ask("DELETE", f"/app/installations/{installation}/suspended").status_code == 204
    assert app.ask("GET", "/installation/repositories", token=token).status_code == 200


def test_an_uninstalled_app_has_nothing_left(world: World, app: TestApp) -> None:
    installation = app.install(world.name)
    token = app.token(installation)
    assert app.ask("DELETE", f"/app/installations/{installation}").status_code == 204
    assert app.ask("GET", "/installation/repositories", token=token).status_code == 401
    assert app.ask("GET", f"/repos/{world.full_name}/installation").status_code == 404
    assert app.ask("POST", f"/app/installations/{installation}/access_tokens").status_code == 404


def test_expired_and_revoked_tokens_are_401(lonely: World) -> None:
    lonely.make()
    app = TestApp.register(lonely)
    installation = app.install()
    expired, revoked = app.token(installation), app.token(installation)
    assert app.ask("DELETE", "/installation/token", token=revoked).status_code == 204
    assert app.ask("GET", "/installation/repositories", token=revoked).status_code == 401
    with closing(sqlite3.connect(lonely.state / "forge.db")) as db, db:
        db.execute("UPDATE installation_tokens SET expires_at = '2020-01-01T00:00:00Z'")
    reply = app.ask("GET", "/installation/repositories", token=expired)
    assert (reply.status_code, reply.json()["message"]) == (401, "Bad credentials")


def test_installed_on_all_includes_what_is_made_later(world: World, app: TestApp) -> None:
    token = app.token(app.install())
    later = world.for_test(world.folder / "later")
    later.folder.mkdir()
    later.make()
    assert app.ask("GET", f"/repos/{later.full_name}/collaborators/ada/permission", token=token).is_success
    names = set()
    for page in (1, 2, 3):
        path = f"/installation/repositories?per_page=100&page={page}"
        names |= {each["name"] for each in app.ask("GET", path, token=token).json()["repositories"]}
    assert {world.name, later.name} <= names
    later.close_clients()


def test_users_have_no_installation_endpoints_and_installations_no_user(world: World, app: TestApp) -> None:
    assert app.ask("GET", "/installation/repositories", token=world.tokens["ada"]).status_code == 403
    token = app.token(app.install(world.name))
    for method, path in (("GET", "/user"), ("GET", "/user/repos"), ("POST", "/user/repos")):
        reply = app.ask(method, path, json={"name": "x"} if method == "POST" else None, token=token)
        assert reply.status_code == 403


@pytest.mark.parametrize(
    ("permissions", "events", "says"),
    [
        ({"contents": "all"}, (), "read or write"),
        ({"coffee": "read"}, (), "no such permission"),
        ({"contents": "read"}, ("check_run",), "Default events unsupported: check_run"),
        ({}, ("star",), "Default events unsupported: star"),
    ],
)
def test_an_app_that_github_would_not_take(
    world: World, permissions: dict[str, str], events: tuple[str, ...], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        server.add_app(world.state, "ada", "Impossible", permissions=permissions, events=events)


def test_a_name_is_taken_once(world: World) -> None:
    server.add_app(world.state, "ada", "Taken Once", permissions={})
    with pytest.raises(UserError, match="already been taken"):
        server.add_app(world.state, "eve", "taken once", permissions={})
