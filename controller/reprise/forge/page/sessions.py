"""Signing in on the pages: a token is shown once, a cookie stands for it from then on.

Cookies of a loopback address reach every port of it, so the cookie holds a key of its own and never the
token, and a form that changes something counts only when the browser says that it came from these pages.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from reprise.forge.access import Call, asked, called, forge_of, links_of
from reprise.forge.api.bodies import read_body
from reprise.forge.problems import Problem
from reprise.forge.records import Session, User
from reprise.forge.store import Store, digest

COOKIE = "forge_session"
LASTS = timedelta(days=30)
TICKET_LASTS = timedelta(hours=12)


def open_session(store: Store, user: User) -> str:
    """A new key for the cookie of this user. Only its digest is kept."""
    return _new_key(store, user, LASTS, once=False)


def new_ticket(store: Store, user: User) -> str:
    """Signs one browser in, once: it may stand in an address, which browsers remember."""
    return _new_key(store, user, TICKET_LASTS, once=True)


def _new_key(store: Store, user: User, lasts: timedelta, *, once: bool) -> str:
    key = secrets.token_urlsafe(32)
    until = (datetime.now(UTC) + lasts).isoformat(timespec="seconds")
    store.add(Session, sha256=digest(key), user_id=user.id, expires_at=until, once=once)
    return key


def session_user(store: Store, key: str | None) -> User | None:
    return _user_of_key(store, key, once=False) if key else None


def ticket_user(store: Store, key: str) -> User | None:
    """Whom this ticket signs in; it is worth nothing from now on."""
    with store.changing():
        found = _user_of_key(store, key, once=True)
        store.remove(Session, sha256=digest(key), once=True)
    return found


def _user_of_key(store: Store, key: str, *, once: bool) -> User | None:
    found = store.one(Session, sha256=digest(key), once=once)
    if found is None or datetime.fromisoformat(found.expires_at) <= datetime.now(UTC):
        return None
    return store.get(User, found.user_id)


def visitor(request: Request) -> Call:
    """Whoever looks at a page: somebody who signed in, or nobody in particular."""
    forge = forge_of(request)
    user = session_user(forge.store, request.cookies.get(COOKIE))
    return called(forge, links_of(request), user, writes=False, asked=asked(request))


Visiting = Annotated[Call, Depends(visitor)]


@dataclass(frozen=True, slots=True)
class Form:
    """What a form of these pages sent, and who sent it."""

    call: Call
    user: User
    fields: dict[str, str]


async def any_form(request: Request) -> dict[str, str]:
    """The fields of a form, after the browser said that one of our own pages held it (else Problem 403)."""
    require_own_page(request)
    text = (await read_body(request)).decode(errors="replace")
    return dict(parse_qsl(text, keep_blank_values=True))


def require_own_page(request: Request) -> None:
    if request.headers.get("origin") != links_of(request).origin:
        raise Problem(403, "This form did not come from a page of this forge.")


async def signed_form(request: Request) -> Form:
    """A form of somebody who is signed in. Raises Problem 403 for everybody else."""
    fields = await any_form(request)
    call = await run_in_threadpool(visitor, request)
    if call.user is None:
        raise Problem(403, "Sign in first.")
    return Form(replace(call, writes=True), call.user, fields)


Sent = Annotated[Form, Depends(signed_form)]
AnyForm = Annotated[dict[str, str], Depends(any_form)]


def signed_in(call: Call, user: User, to: str) -> Response:
    """Go to this path of ours, from now on as this user."""
    reply = RedirectResponse(own_path(to), 303)
    reply.set_cookie(
        COOKIE,
        open_session(call.store, user),
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
    )
    return reply


def signed_out(call: Call, key: str | None) -> Response:
    if key:
        call.store.remove(Session, sha256=digest(key))
    reply = RedirectResponse("/", 303)
    reply.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return reply


def own_path(text: str) -> str:
    """A path on this forge, whatever was asked for: ``//host`` and ``\\`` would lead elsewhere."""
    fine = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if fine else "/"
