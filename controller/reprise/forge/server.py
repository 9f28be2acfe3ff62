"""Runs the forge, for the command line (`main`) or inside another program (`start`), and makes accounts.

A folder belongs to one running forge. Accounts are made through the folder, not over HTTP, so nothing that
merely reaches the port can make itself one.
"""

import fcntl
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from reprise.domain.errors import UserError
from reprise.domain.loopback import is_loopback
from reprise.forge.app import close_app, create_app
from reprise.forge.installing import install
from reprise.forge.page.sessions import new_ticket
from reprise.forge.problems import Problem
from reprise.forge.records import Repository, User
from reprise.forge.registering import NewApp, Wanted, register
from reprise.forge.store import Store

LOGIN = re.compile(
    r"(?!(?:api|avatars|login|logout|apps|settings|organizations)$)[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}"
)
STOP_SECONDS = 15
Wrap = Callable[[ASGIApp], ASGIApp]


def add_user(folder: Path, login: str, *, name: str | None = None, email: str | None = None) -> str:
    """A new token for this login; the account is made when there is none. Works while the forge runs.

    ``email`` links commits to the account. Raises UserError for a login that GitHub would not take.
    """
    if not LOGIN.fullmatch(login):
        raise UserError(f"{login!r} cannot be a login: use letters, digits and single hyphens, at most 39.")
    store = Store(folder)
    try:
        user = store.add_user(login, name=name or login, email=email or f"{login}@users.noreply.localhost")
        return store.add_token(user)
    finally:
        store.close()


def add_organization(folder: Path, login: str, owner: str) -> None:
    """An account that nobody signs in to: ``owner`` acts for it. Made again, it has one more owner.

    Raises UserError as `add_user` does, and when there is no account ``owner``.
    """
    if not LOGIN.fullmatch(login):
        raise UserError(f"{login!r} cannot be a login: use letters, digits and single hyphens, at most 39.")
    store = Store(folder)
    try:
        who = _account(store, owner)
        found = store.one(User, login=login) or store.add(
            User, login=login, name=login, email=f"{login}@users.noreply.localhost", kind="Organization"
        )
        if found.kind != "Organization":
            raise UserError(f"{login} is the account of a person, not an organisation: choose another login.")
        store.add_owner(found, who)
    finally:
        store.close()


def sign_in_address(folder: Path, url: str, login: str, *, to: str = "/") -> str:
    """Where a browser is signed in as this account, once; ``to`` is the page that it leads to."""
    store = Store(folder)
    try:
        ticket = new_ticket(store, _account(store, login))
    finally:
        store.close()
    return f"{url}/login?{urlencode({'ticket': ticket, 'to': to}, safe='/')}"


def add_app(
    folder: Path,
    owner: str,
    name: str,
    *,
    permissions: Mapping[str, str],
    events: Sequence[str] = (),
    hook_url: str | None = None,
) -> NewApp:
    """Register an App without the manifest's pages: its key and its secrets are shown only here.

    Raises UserError for what GitHub would not register. Works while the forge runs.
    """
    store = Store(folder)
    wanted = Wanted(name, "http://localhost", permissions, events, hook_url=hook_url)
    try:
        return register(store, _account(store, owner), wanted)
    except Problem as error:
        raise UserError(f"the App {name!r} cannot be made: {error.sentence}.") from error
    finally:
        store.close()


def install_app(folder: Path, app: NewApp, account: str, repositories: Sequence[str] | None = None) -> int:
    """Install it on these repositories of the account (names; None: on all); returns the installation's id.

    Nobody is told: the `installation` event belongs to the page that people use.
    """
    store = Store(folder)
    try:
        owner = _account(store, account)
        named = repositories or ()
        chosen = [each for each in store.all(Repository, owner=owner.login) if each.name in named]
        return install(store, app.app, owner, None if repositories is None else chosen).id
    finally:
        store.close()


def _account(store: Store, login: str) -> User:
    if (found := store.one(User, login=login)) is None:
        raise UserError(f"there is no account {login!r}: make it with --user {login}.")
    return found


@dataclass(frozen=True)
class Running:
    """A forge that serves from a thread of its own until `stop`."""

    folder: Path
    url: str
    _server: uvicorn.Server
    _thread: threading.Thread
    _held: ExitStack

    def stop(self) -> None:
        """End it within a few seconds. Everything is kept in the folder."""
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        self._held.close()


def start(folder: Path, *, host: str = "127.0.0.1", port: int = 0, wrap: Wrap = lambda app: app) -> Running:
    """Serve from a thread; port 0 takes a free one. ``wrap`` puts another ASGI application around it.

    Raises UserError when the host is not loopback, the port is taken or the folder is in use.
    """
    with ExitStack() as opening:
        app, listening = opening.enter_context(_prepared(folder, host, port))
        server = _server(wrap(app))
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="forge", daemon=True
        )
        thread.start()
        return Running(folder, _url(listening), server, thread, opening.pop_all())


def serve(folder: Path, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve from this thread until SIGINT or SIGTERM; ``ready`` is told the URL once it takes connections.

    Raises UserError as `start` does.
    """
    with _prepared(folder, host, port) as (app, listening), _signals_as_interrupt():
        ready(_url(listening))
        _server(app).run(sockets=[listening])


def main(
    folder: Path,
    host: str,
    port: int,
    *,
    users: Sequence[str] = (),
    organizations: Sequence[str] = (),
    say: Callable[[str], None] = partial(print, flush=True),
) -> None:
    """What `reprise forge` does: a token for each of these users, the address, and then serve.

    ``organizations`` are written ``LOGIN=OWNER``.
    """
    tokens = {login: add_user(folder, login) for login in users}
    for each in organizations:
        login, _, owner = each.partition("=")
        add_organization(folder, login, owner)

    def ready(url: str) -> None:
        say(f"forge: {url}")
        say(f"api:   {url}/api/v3")
        for login, token in tokens.items():
            say(f"token of {login}, shown once: {token}")
            say(f"pages as {login}, once: {sign_in_address(folder, url, login)}")

    serve(folder, host, port, ready)


@contextmanager
def _signals_as_interrupt() -> Iterator[None]:
    """uvicorn ends cleanly and then raises the signal again; SIGTERM would kill us before we closed files."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _prepared(folder: Path, host: str, port: int) -> Iterator[tuple[FastAPI, socket.socket]]:
    """The application and the socket that it is to serve, for as long as the context lasts."""
    with _listening(host, port) as listening, _taken(folder):
        app = create_app(folder)
        try:
            yield app, listening
        finally:
            close_app(app)


def _listening(host: str, port: int) -> socket.socket:
    if not is_loopback(host):
        raise UserError(f"the forge serves loopback only, not {host}: use 127.0.0.1.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        says = f"cannot listen on {host} port {port}: {error.strerror}. Use another, or 0 for a free one."
        raise UserError(says) from error
    # asyncio does this only for sockets that it opened itself; without it every reply takes 40 ms more.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _taken(folder: Path) -> Iterator[None]:
    """Hold the folder: two forges would send every delivery twice."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"another forge is using {folder}: stop it, or choose another folder.") from None
        yield


def _server(app: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=5,
        )
    )
