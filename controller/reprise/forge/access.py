"""Who is asking and what they may do: the first lines of every handler.

GitHub answers 401 to a wrong token, 404 for what somebody may not even see, 403 for what they may see but
not do. The same here.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Annotated, assert_never

from fastapi import Depends, Request

from reprise.domain.forge import Permission
from reprise.forge import conditional, permissions
from reprise.forge.delivery import Dispatcher
from reprise.forge.faults import Faults
from reprise.forge.granted import Grant, grant_of
from reprise.forge.limits import Meter, caller
from reprise.forge.links import API_PREFIX, Links
from reprise.forge.problems import Moved, Problem, bad_credentials, no_permission, not_accessible, not_found
from reprise.forge.records import App, Installation, OldName, Repository, User, at_least
from reprise.forge.repositories import GitRepository
from reprise.forge.store import Store
from reprise.forge.tokens import UNREADABLE, app_of_jwt, is_jwt

ARCHIVED = "Repository was archived so is read-only."
API_VERSIONS = ("2022-11-28", "2026-03-10")
Sender = User | App | Grant


@dataclass(frozen=True, slots=True)
class Forge:
    """What one running forge consists of."""

    store: Store
    dispatcher: Dispatcher
    meter: Meter = field(default_factory=Meter)
    faults: Faults = field(default_factory=Faults)

    def git(self, repository: Repository) -> GitRepository:
        return GitRepository(self.store.folder / "git" / f"{repository.id}.git")


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the forge, the host it came to, and who sent it (None: nobody in particular).

    A person has ``user``; an installation has ``user`` (the App's bot), ``app``, ``installation`` and
    ``grant``; an App that speaks for itself, with a JWT, has ``app`` alone.
    """

    forge: Forge
    links: Links
    user: User | None
    app: App | None = None
    grant: Grant | None = None
    writes: bool = False
    """Whether the request is of a kind that changes something."""
    asked: str = ""
    """The path and query of the request, as they came."""

    @property
    def installation(self) -> Installation | None:
        return self.grant.installation if self.grant else None

    @property
    def store(self) -> Store:
        return self.forge.store

    def signed_in(self) -> User:
        if self.user is None:
            raise Problem(401, "Requires authentication")
        return self.user

    def as_app(self) -> App:
        """The App that signed the request with its own key."""
        if self.app is None or self.grant is not None:
            raise Problem(401, UNREADABLE)
        return self.app

    def role(self, repository: Repository) -> Permission:
        if self.grant is not None:
            return self.grant.role(repository)
        return self.store.role(repository, self.user.login if self.user else None)

    def repository(
        self, owner: str, name: str, needs: Permission = Permission.READ, *, archived_too: bool = False
    ) -> Repository:
        """The repository, if the caller may do this much with it. Raises Moved when that is an old name."""
        found = self.find(owner, name)
        if found is None or not at_least(self.role(found), Permission.READ):
            raise not_found()
        if found.archived and self.writes and not archived_too:
            raise Problem(403, ARCHIVED)
        if self.grant is not None:
            return self._of_installation(self.grant, found, needs)
        if needs is not Permission.READ:
            self.signed_in()
        if not at_least(self.role(found), needs):
            raise no_permission()
        return found

    def find(self, owner: str, name: str) -> Repository | None:
        """Raises Moved when this is the old name of one that the caller may read."""
        if found := self.store.one(Repository, owner=owner, name=name):
            return found
        old = self.store.one(OldName, owner=owner, name=name)
        there = self.store.get(Repository, old.repository_id) if old else None
        if there is not None and at_least(self.role(there), Permission.READ):
            raise Moved(self.links.now_at(there, self.asked, owner, name), again=self.writes)
        return None

    def _of_installation(self, grant: Grant, found: Repository, needs: Permission) -> Repository:
        """What the call needs was looked at before; here is where the App is installed."""
        if not grant.covers(found) and (self.writes or needs is not Permission.READ):
            raise not_accessible()
        if not at_least(grant.role(found), needs):
            raise not_accessible()
        return found

    def person(self, login: str) -> User:
        found = self.store.one(User, login=login)
        if found is None:
            raise not_found()
        return found

    def git(self, repository: Repository) -> GitRepository:
        return self.forge.git(repository)


def forge_of(request: Request) -> Forge:
    forge: Forge = request.app.state.forge
    return forge


def links_of(request: Request) -> Links:
    return Links(f"{request.url.scheme}://{request.headers.get('host', '')}")


def call_of(request: Request) -> Call:
    """For REST: who asks, after the two headers that GitHub insists on."""
    if not request.headers.get("user-agent"):
        raise Problem(403, "Please make sure your request has a User-Agent header.")
    version = request.headers.get("x-github-api-version")
    if version is not None and version not in API_VERSIONS:
        raise Problem(
            400, f"API version {version} is not supported; supported are {', '.join(API_VERSIONS)}."
        )
    forge = forge_of(request)
    who = sender(forge.store, request.headers.get("authorization"))
    path = request.scope["path"].removeprefix(API_PREFIX)
    if path != "/rate_limit":
        _count(request, forge.meter, who)
    if isinstance(who, Grant):
        need = permissions.needed(request.method, path)
        if need is None or not who.allows(need):
            raise not_accessible()
    if isinstance(who, App) and not permissions.for_app_itself(path):
        raise not_accessible()
    writes = request.method not in ("GET", "HEAD")
    return called(forge, links_of(request), who, writes=writes, asked=asked(request))


def _count(request: Request, meter: Meter, who: Sender | None) -> None:
    """Leaves what is left for the reply's headers. Raises Problem 403 when nothing is."""
    name = caller(who)
    reading = meter.take(name)
    setattr(request.state, conditional.READING, reading)
    setattr(request.state, conditional.CALLER, name)
    if reading.over:
        raise Problem(403, f"API rate limit exceeded for {name}.")


def asked(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def called(forge: Forge, links: Links, who: Sender | None, *, writes: bool, asked: str) -> Call:
    match who:
        case Grant():
            return Call(forge, links, who.bot, who.app, who, writes, asked)
        case App():
            return Call(forge, links, None, who, None, writes, asked)
        case User() | None:
            return Call(forge, links, who, None, None, writes, asked)
        case _:
            assert_never(who)


Asking = Annotated[Call, Depends(call_of)]


def sender(store: Store, authorization: str | None) -> Sender | None:
    """Who an Authorization header is from (token, Bearer, or Basic with the token as password).

    None without a header; raises Problem 401 when the token is nobody's.
    """
    if authorization is None:
        return None
    scheme, _, value = authorization.partition(" ")
    token = _basic_password(value) if scheme.lower() == "basic" else value.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise bad_credentials()
    if is_jwt(token):
        return app_of_jwt(store, token)
    found = store.user_of_token(token) or grant_of(store, token)
    if found is None:
        raise bad_credentials()
    return found


def _basic_password(value: str) -> str:
    """Some clients send the token as user name and no password, or with ``x-oauth-basic``."""
    try:
        login, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise bad_credentials() from None
    return login if password in ("", "x-oauth-basic") else password
