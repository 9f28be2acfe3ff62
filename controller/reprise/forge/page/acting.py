"""Who acts on the pages of Apps, and what their forms sent."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from reprise.forge.access import Call
from reprise.forge.api.bodies import read_body
from reprise.forge.problems import Problem
from reprise.forge.records import User


async def sent(request: Request) -> list[tuple[str, str]]:
    return parse_qsl((await read_body(request)).decode(errors="replace"), keep_blank_values=True)


def person(call: Call, fields: dict[str, str]) -> User:
    """Whoever signed in, or else the account whose token the form shows. Raises Problem 403 for nobody."""
    found = call.user or call.store.user_of_token(fields.get("token", "").strip())
    if found is None:
        raise Problem(403, "Sign in first, or give the token of an account.")
    return found


def owner_of(call: Call, user: User, account: str) -> User:
    """The account that is to own something: one's own, or an organisation that one owns."""
    if account and not call.store.owns(user.login, account):
        raise Problem(403, f"{user.login} does not own {account}.")
    return call.person(account or user.login)


def by_level(permissions: Mapping[str, str]) -> dict[str, list[str]]:
    """Levels with the permissions that have them, as GitHub lists what is asked for."""
    levels: dict[str, list[str]] = {}
    for name, level in sorted(permissions.items()):
        levels.setdefault(level, []).append(name.replace("_", " "))
    return levels
