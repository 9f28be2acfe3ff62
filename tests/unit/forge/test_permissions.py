"""Which call needs which permission; that the forge and GitHub's description know the same words."""

import re
import sqlite3
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from tests.openapi import description

from reprise.forge import permissions
from reprise.forge.app import ROUTERS
from reprise.forge.permissions import EVENT_NEEDS, RULES, enough, for_app_itself, needed, within
from reprise.forge.registering import PERMISSIONS, slug_of
from reprise.forge.store import Store

R = "/repos/ada/paper"


@pytest.mark.parametrize(
    ("method", "path", "names", "level"),
    [
        ("GET", R, ("metadata",), "read"),
        ("GET", R + "/collaborators/eve/permission", ("metadata",), "read"),
        ("GET", R + "/commits/refs/tags/v1", ("contents",), "read"),
        ("GET", R + "/commits/v1/status", ("statuses",), "read"),
        ("GET", R + "/commits/v1/check-runs", ("checks",), "read"),
        ("GET", R + "/commits/v1/comments", ("metadata",), "read"),
        ("GET", R + "/git/matching-refs/tags/", ("contents",), "read"),
        ("POST", R + "/statuses/abc", ("statuses",), "write"),
        ("POST", R + "/check-runs", ("checks",), "write"),
        ("PATCH", R + "/check-runs/7", ("checks",), "write"),
        ("POST", R + "/issues/7/comments", ("issues", "pull_requests"), "write"),
        ("PATCH", R + "/issues/comments/7", ("issues", "pull_requests"), "write"),
        ("POST", R + "/issues/comments/7/reactions", ("issues",), "write"),
        ("POST", R + "/commits/abc/comments", ("contents",), "read"),
        ("PATCH", R + "/comments/7", ("contents",), "write"),
        ("POST", R + "/comments/7/reactions", ("contents",), "write"),
        ("GET", R + "/pulls/7", ("pull_requests",), "read"),
        ("POST", R + "/hooks", ("repository_hooks",), "write"),
        ("PATCH", R, ("administration",), "write"),
        ("HEAD", R, ("metadata",), "read"),
        ("GET", "/rate_limit", (), "read"),
    ],
)
def test_what_a_call_needs(method: str, path: str, names: tuple[str, ...], level: str) -> None:
    need = needed(method, path)
    assert need is not None
    assert (need.names, need.level) == (names, level)


@pytest.mark.parametrize(("method", "path"), [("GET", "/user"), ("POST", "/user/repos"), ("GET", "/nothing")])
def test_what_is_not_for_installations(method: str, path: str) -> None:
    assert needed(method, path) is None


def test_every_call_of_the_forge_is_decided() -> None:
    """A new path must say what it needs, else an App is refused without anybody having thought of it."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    calls = {(method, route.path) for route in routes for method in route.methods or ()}
    undecided = {call for call in calls if needed(call[0], re.sub(r"\{[^}]+\}", "7", call[1])) is None}
    people_only = {("GET", "/user"), ("GET", "/user/repos"), ("POST", "/user/repos")}
    assert {each for each in undecided if not each[1].endswith("/installation")} == people_only


def test_permissions_are_githubs() -> None:
    known = set(description()["components"]["schemas"]["app-permissions"]["properties"])
    assert known >= PERMISSIONS
    assert {name for need in EVENT_NEEDS.values() for name in need.names} <= known


@pytest.mark.parametrize(
    ("granted", "wanted", "met"),
    [("write", "read", True), ("read", "write", False), (None, "read", False), ("read", "read", True)],
)
def test_write_includes_read(granted: str | None, wanted: str, met: bool) -> None:
    assert enough(granted, wanted) is met


def test_a_token_has_no_more_than_its_installation() -> None:
    granted = {"contents": "read", "statuses": "write"}
    assert within({"contents": "read", "statuses": "read"}, granted)
    assert not within({"contents": "write"}, granted)
    assert not within({"checks": "read"}, granted)
    assert not within({"contents": "everything"}, granted)


@pytest.mark.parametrize(
    ("path", "useful"), [("/app/hook/deliveries", True), (R + "/installation", True), (R, False)]
)
def test_where_an_apps_own_token_is_of_use(path: str, useful: bool) -> None:
    assert for_app_itself(path) is useful


def test_slugs() -> None:
    assert slug_of("Reprise of the Lab, no. 2!") == "reprise-of-the-lab-no-2"


def test_rules_name_real_levels() -> None:
    assert {need.level for _, _, need in RULES} <= set(permissions.LEVELS)


def test_a_folder_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "forge.db") as db:
        db.executescript(
            """CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT NOT NULL UNIQUE,
                 name TEXT NOT NULL, email TEXT NOT NULL);
               CREATE TABLE repositories (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL,
                 name TEXT NOT NULL, description TEXT, private INTEGER NOT NULL, default_branch TEXT NOT NULL,
                 fork_of INTEGER, created_at TEXT NOT NULL, pushed_at TEXT NOT NULL, UNIQUE (owner, name));
               CREATE TABLE hooks (id INTEGER PRIMARY KEY AUTOINCREMENT,
                 repository_id INTEGER NOT NULL REFERENCES repositories(id), url TEXT NOT NULL,
                 secret TEXT NOT NULL, events TEXT NOT NULL, active INTEGER NOT NULL,
                 created_at TEXT NOT NULL);
               CREATE TABLE deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT,
                 hook_id INTEGER NOT NULL REFERENCES hooks(id), guid TEXT NOT NULL, event TEXT NOT NULL,
                 action TEXT, redelivery INTEGER NOT NULL, payload TEXT NOT NULL, created_at TEXT NOT NULL,
                 delivered_at TEXT, code INTEGER NOT NULL, answer TEXT NOT NULL, seconds REAL NOT NULL);
               INSERT INTO users VALUES (1, 'ada', 'ada', 'ada@example.org');
               INSERT INTO repositories VALUES (3, 'ada', 'paper', NULL, 0, 'main', NULL, 'then', 'then');
               INSERT INTO hooks VALUES (5, 3, 'http://127.0.0.1:1/', 's', 'push', 1, 'then');
               INSERT INTO deliveries VALUES
                 (7, 5, 'g', 'push', NULL, 0, '{}', 'then', 'then', 202, 'OK', 0);"""
        )
    db.close()
    for _ in range(2):
        store = Store(tmp_path)
        (delivery,) = store.recent_deliveries(5, limit=9)
        assert (delivery.id, delivery.repository_id, delivery.installation_id) == (7, 3, None)
        user = store.add_user("ada", name="", email="")
        assert (user.id, user.kind) == (1, "User")
        store.close()
