"""The forge and the controller of a demo, as processes of their own that never outlive it."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import httpx

from reprise.adapters.process import groups
from reprise.adapters.process.provider import ProcessProvider
from reprise.domain.errors import UserError
from reprise.forge.server import add_user
from reprise.forge.server import sign_in_address as forge_sign_in_address
from reprise.sign_in import Key, kept_key, sign_in_address

_START_SECONDS = 60
_STOP_SECONDS = 20


@contextmanager
def undisturbed() -> Iterator[None]:
    """A signal that comes now is acted on afterwards: between a program's start and our note of it, it would
    leave a process that nobody ends. The program itself gets the default handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals go to the main thread
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in came[:1]:
            os.kill(os.getpid(), late)


class Services:
    """Started one after the other; everything is ended when the ``with`` block is left."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self._cache = cache
        self._started: list[subprocess.Popen[bytes]] = []
        self.forge_url = f"http://127.0.0.1:{free_port()}"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.tracking_url = f"http://127.0.0.1:{free_port()}"
        self.secret = secrets.token_hex(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._started):
            end(process)
        provider = ProcessProvider(
            self.state, groups=groups.find()
        )  # jobs outlive their controller on purpose
        for run_id in provider.owned():
            provider.release(run_id)

    @property
    def state(self) -> Path:
        return self.folder / "controller"

    def start_forge(self) -> None:
        port = self.forge_url.rsplit(":", 1)[1]
        self._start("forge", ["forge", str(self.folder / "forge"), "--port", port], {})
        self._await("forge", self.forge_url)

    def account(self, login: str) -> str:
        """A token of this login on the forge."""
        return add_user(self.folder / "forge", login)

    def start_controller(
        self, *, watch: str, token: str, more: Mapping[str, str] = MappingProxyType({})
    ) -> "subprocess.Popen[bytes]":
        """``more``: settings besides the demo's own, as variables."""
        settings = {
            "REPRISE_STATE_DIR": str(self.state),
            "REPRISE_CACHE_DIR": str(self._cache),
            "REPRISE_WATCH": watch,
            "REPRISE_HTTP__PORT": self.url.rsplit(":", 1)[1],
            "REPRISE_HTTP__PUBLIC_URL": self.url,
            "REPRISE_TRACKING__PORT": self.tracking_url.rsplit(":", 1)[1],
            "REPRISE_TRACKING__PUBLIC_URL": self.tracking_url,
            "REPRISE_GITHUB__API_URL": f"{self.forge_url}/api/v3",
            "REPRISE_GITHUB__TOKEN": token,
            "REPRISE_GITHUB__WEBHOOK_SECRET": self.secret,
            "REPRISE_GITHUB__WRITE_SPACING": "0",
            **more,
        }
        process = self._start("controller", ["serve"], settings)
        self._await("controller", f"{self.url}/healthz")
        return process

    def api(self) -> httpx.Client:
        """The running controller's, with its token."""
        headers = {"Authorization": f"Bearer {self._key().token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=30)

    def forge_address(self, login: str, page: str) -> str:
        """A page of the forge for one browser, signed in as this account."""
        return forge_sign_in_address(self.folder / "forge", self.forge_url, login, to=page)

    def sign_in_address(self, to: str = "/") -> str:
        return sign_in_address(self.url, self._key(), to=to)

    def badge_address(self, name: str) -> str:
        """Of a repository, ``owner/name``; everybody may read it."""
        return f"{self.url}/badge/{name}.svg"

    def _key(self) -> Key:
        key = kept_key(self.state)
        if key is None:
            raise UserError(f"the controller has ended; the end of {self.log('controller')} says why")
        return key

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _start(
        self, name: str, arguments: list[str], settings: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("REPRISE_")}
        with self.log(name).open("wb") as log, undisturbed():
            process = subprocess.Popen(
                [sys.executable, "-m", "reprise", *arguments],
                env={**inherited, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            self._started.append(process)
        return process

    def _await(self, name: str, url: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._started[-1].poll() is None:
            try:
                httpx.get(url, timeout=2).raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.05)
        last = self.log(name).read_text(errors="replace")[-800:]
        raise UserError(f"the {name} did not start; the end of {self.log(name)}:\n{last}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask, wait, then insist on the whole group."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_STOP_SECONDS)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
