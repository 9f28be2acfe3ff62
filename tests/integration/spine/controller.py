"""`reprise serve` as a process of its own: started, watched, killed, started again."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
from tests import ordinary
from tests.integration.spine.town import SECRET, Town

from reprise.adapters.mlflow.client import Client
from reprise.adapters.process.provider import ProcessProvider
from reprise.sign_in import FILE

T = TypeVar("T")
START_SECONDS = 90.0
END_SECONDS = 120.0
"""For a busy machine; what is waited for takes a tenth of this."""


class Controller:
    def __init__(
        self,
        folder: Path,
        town: Town,
        cache: Path,
        *,
        watch: str,
        program: Sequence[str] = ("-m", "reprise", "serve"),
        **settings: str,
    ) -> None:
        """``settings`` are names and values of further ``REPRISE_…`` variables."""
        folder.mkdir(parents=True, exist_ok=True)
        self._program = program
        self.state = folder / "state"
        self.store = _empty_store(cache, folder)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.watching = watch
        self._folder = folder
        self._settings = {
            "REPRISE_STATE_DIR": str(self.state),
            "REPRISE_CACHE_DIR": str(cache),
            "REPRISE_WATCH": watch,
            "REPRISE_HTTP__PORT": self.url.rpartition(":")[2],
            "REPRISE_HTTP__PUBLIC_URL": self.url,
            "REPRISE_TRACKING__URI": self.store,
            "REPRISE_GITHUB__API_URL": f"{town.url}/api/v3",
            "REPRISE_GITHUB__TOKEN": town.tokens["bot"],
            "REPRISE_GITHUB__WEBHOOK_SECRET": SECRET,
            "REPRISE_GITHUB__WRITE_SPACING": "0",
            "REPRISE_PROCESS__SHARE": json.dumps([str(folder.parent / "outside")]),
            "UV_OFFLINE": "1",
            # Compiled once for all starts, also where Python is told not to write beside its sources.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(cache / "bytecode"),
            **settings,
        }
        self._http = httpx.Client(base_url=self.url, timeout=30)
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._runner: tuple[str, ...] = ()

    def with_settings(self, **settings: str) -> Self:
        """The same with other ``REPRISE_…`` variables, before it starts."""
        self._settings |= settings
        return self

    def as_ordinary_user(self) -> Self:
        """Although the tests are of root. Its folders lie below the checkout, where that user may go."""
        for root, _, files in os.walk(self._folder):
            for path in (root, *(os.path.join(root, name) for name in files)):
                os.chown(path, ordinary.UID, ordinary.UID)
        self._runner = (sys.executable, ordinary.__file__)
        return self.with_settings(HOME=str(self._folder), PYTHONPATH=str(ordinary.ROOT))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends everything and fails when a process of this folder is left."""
        if self._process is not None and self._process.poll() is None:
            self.terminate()
        provider = ProcessProvider(self.state)  # jobs outlive their controller on purpose
        for run_id in provider.owned():
            provider.release(run_id)
        self._http.close()
        nothing_left_in(self._folder)

    # --- the process ----------------------------------------------------------------------------

    def start(self) -> None:
        """Returns when it answers."""
        self._starts += 1
        self._process = self.spawn(self.log, {})
        until(self._answers, seconds=START_SECONDS, what=lambda: f"no start:\n{self.log.read_text()}")

    def spawn(self, log: Path, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("REPRISE_")}
        with log.open("wb") as output:
            return subprocess.Popen(
                [*self._runner, sys.executable, *self._program],
                env={**inherited, **self._settings, **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9"""
        self._own.kill()
        assert self._own.wait(10) == -signal.SIGKILL

    @property
    def died(self) -> bool:
        """Whether a kill -9 has ended it."""
        code = self._own.poll()
        assert code in (None, -signal.SIGKILL), f"exit code {code}:\n{self.log.read_text()}"
        return code is not None

    def terminate(self) -> float:
        """SIGTERM; seconds until the end, which has to be a clean one."""
        begun = time.monotonic()
        self._own.terminate()
        code = self._own.wait(30)
        assert code == 0, f"exit code {code}:\n{self.log.read_text()}"
        return time.monotonic() - begun

    @property
    def pid(self) -> int:
        return self._own.pid

    @property
    def _own(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    def _answers(self) -> bool:
        assert self._own.poll() is None, self.log.read_text()
        try:
            return self._http.get("/healthz", timeout=5).is_success
        except httpx.HTTPError:
            return False

    # --- what it says ---------------------------------------------------------------------------

    @property
    def log(self) -> Path:
        """Of the latest start."""
        return self._folder / f"controller-{self._starts}.log"

    def said(self, event: str, **fields: object) -> list[dict[str, Any]]:
        """Lines of the latest start's log with this event and these values."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        wanted = {"event": event, **fields}
        return [line for line in lines if wanted.items() <= line.items()]

    def await_said(self, event: str, **fields: object) -> dict[str, Any]:
        return until(lambda: self.said(event, **fields), what=self.log.read_text)[0]

    def get(self, path: str) -> Any:
        return self.page(f"/api/v1{path}").json()

    def page(self, path: str) -> httpx.Response:
        """As its operator reads it."""
        reply = self.asked(path)
        assert reply.is_success, reply.text
        return reply

    def asked(self, path: str) -> httpx.Response:
        return self._http.get(path, headers={"Authorization": f"Bearer {self._token()}"})

    def _token(self) -> str:
        return self._settings.get("REPRISE_HTTP__OPERATOR_TOKEN") or (self.state / FILE).read_text().strip()

    def runs(self) -> dict[str, dict[str, Any]]:
        """tag → its run"""
        return {run["ref"]: run for run in self.get("/runs?limit=200")["runs"]}

    def await_run(self, tag: str, *, phase: str = "done") -> dict[str, Any]:
        """The whole run once it is in this phase."""

        def there() -> dict[str, Any] | None:
            run = self.runs().get(tag)
            return run if run is not None and run["phase"] == phase else None

        found = until(there, what=lambda: f"{tag} is not {phase}: {self.log.read_text()}", pause=0.15)
        whole: dict[str, Any] = self.get(f"/runs/{found['run_id']}")
        return whole


def until(
    condition: Callable[[], T | None],
    *,
    seconds: float = END_SECONDS,
    what: Callable[[], str] = str,
    pause: float = 0.03,
) -> T:
    """The first true answer; a failure that tells ``what`` when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(pause)
    raise AssertionError(f"not within {seconds} s: {what()}")


def _empty_store(cache: Path, folder: Path) -> str:
    """MLflow needs seconds to create one, so it does that once."""
    made = cache / "empty" / "mlflow.db"
    if not made.exists():
        Client(f"sqlite:///{made}")
    store = folder / "mlflow.db"
    with closing(sqlite3.connect(made)) as whole, closing(sqlite3.connect(store)) as copy:
        whole.backup(copy)
    return f"sqlite:///{store}"


def processes_in(folder: Path) -> dict[int, str]:
    """pid → command of every process that was started with this folder in its argv, variables or cwd."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            told = command + (entry / "environ").read_bytes() + os.fsencode(os.readlink(entry / "cwd"))
        except OSError:
            continue  # it has ended meanwhile
        if os.fsencode(folder) in told:
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def nothing_left_in(folder: Path) -> None:
    """Soon, at least: a program that was just being started ends a moment after its controller."""
    until(lambda: not processes_in(folder), seconds=2, what=lambda: f"left: {processes_in(folder)}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
