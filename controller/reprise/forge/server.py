"""Runs the forge, for the command line (`main`) or inside another program (`start`), and makes accounts.

A folder belongs to one running forge. Accounts are made through the folder, not over HTTP, so nothing that
merely reaches the port can make itself one.
"""

import fcntl
import re
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import uvicorn
from starlette.types import ASGIApp

from reprise.domain.errors import UserError
from reprise.forge.app import close_app, create_app
from reprise.forge.loopback import is_loopback
from reprise.forge.store import Store

LOGIN = re.compile(r"(?!api$|avatars$)[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}")
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


class Running:
    """A forge that serves from a thread of its own until `stop`."""

    def __init__(self, folder: Path, host: str, port: int, wrap: Wrap) -> None:
        self._lock = _take(folder)
        self._socket = _listen(host, port)
        self._app = create_app(folder)
        self._server = _server(wrap(self._app))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="forge", daemon=True
        )
        self.folder = folder
        self.url = _url(self._socket)
        self._thread.start()

    def stop(self) -> None:
        """End it within a few seconds. Everything is kept in the folder."""
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        close_app(self._app)
        self._socket.close()
        self._lock.close()


def start(folder: Path, *, host: str = "127.0.0.1", port: int = 0, wrap: Wrap = lambda app: app) -> Running:
    """Serve from a thread; port 0 takes a free one. ``wrap`` puts another ASGI application around it.

    Raises UserError when the host is not loopback, the port is taken or the folder is in use.
    """
    return Running(folder, host, port, wrap)


def serve(folder: Path, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve from this thread until SIGINT or SIGTERM; ``ready`` is told the URL once it answers.

    Raises UserError as `start` does.
    """
    lock = _take(folder)
    listening = _listen(host, port)
    app = create_app(folder)
    try:
        ready(_url(listening))
        _server(app).run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # uvicorn raises it again after its own clean end
    finally:
        close_app(app)
        listening.close()
        lock.close()


def main(
    folder: Path, host: str, port: int, *, users: Sequence[str] = (), say: Callable[[str], None] = print
) -> None:
    """What `reprise forge` does: a token for each of these users, the address, and then serve."""
    tokens = {login: add_user(folder, login) for login in users}

    def ready(url: str) -> None:
        say(f"forge: {url}")
        say(f"api:   {url}/api/v3")
        for login, token in tokens.items():
            say(f"token of {login}, shown once: {token}")

    serve(folder, host, port, ready)


def _listen(host: str, port: int) -> socket.socket:
    if not is_loopback(host):
        raise UserError(f"the forge serves loopback only, not {host}: use 127.0.0.1.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        says = f"cannot listen on {host} port {port}: {error.strerror}. Use another, or 0 for a free one."
        raise UserError(says) from error


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _take(folder: Path) -> IO[str]:
    """Hold the folder for as long as the returned file is open."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = (folder / "lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise UserError(f"another forge is using {folder}: stop it, or choose another folder.") from None
    return lock


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
