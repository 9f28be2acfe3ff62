"""Runs the MLflow server as a process of its own on loopback. Driven by `keeper`.

The server outlives a controller that is killed; its successor finds it and takes it over. Its folder
holds the database, the artifacts, ``server.json`` (who it is), ``server.token`` (what opens it) and
``server.log``.
"""

import hmac
import http.client
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from reprise.adapters.mlflow import access, gate, launch, processes
from reprise.adapters.mlflow.access import Access
from reprise.adapters.mlflow.client import SQLITE, prepare_database
from reprise.adapters.mlflow.creation import discard_half_made, mark_whole
from reprise.adapters.mlflow.processes import Record
from reprise.adapters.mlflow.supervision import Action, Watch, decide
from reprise.domain.errors import Retryable
from reprise.processes import alive

HOST = "127.0.0.1"
HEALTH_SECONDS = 5.0
POLL_SECONDS = 0.2
MAX_LOG_BYTES = 10_000_000
LOG_TAIL = 400

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")

log = structlog.get_logger()


class TrackingServer:
    """One server for one folder. Not thread-safe: one thread drives it."""

    def __init__(
        self,
        folder: Path,
        environment: Path,
        *,
        port: int = 0,
        public_url: str | None = None,
        pages: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``port`` 0 = the one of last time when it is free, else any. ``public_url``: its host is let in,
        and one that is not of this machine lets everybody read. ``pages``: where people sign in."""
        self._folder = folder.absolute()
        self._environment = environment
        self._wanted_port = port
        self._public_url = public_url
        self._pages = pages
        self._monotonic = monotonic
        self._child: subprocess.Popen[bytes] | None = None
        self._port = port
        self._secret = ""
        self._log_begins = 0
        """Where the lines begin in the log that servers of ours wrote; an adopted one may have all of it."""
        self._watch = Watch(started_at=0.0)

    @property
    def uri(self) -> str:
        """Where it answers once it is ready."""
        return f"http://{HOST}:{self._port}"

    @property
    def access(self) -> Access:
        """Of the present start."""
        return Access(self.uri, self._secret)

    @property
    def log_file(self) -> Path:
        return self._folder / "server.log"

    @property
    def _database(self) -> Path:
        return self._folder / "mlflow.db"

    @property
    def _record_file(self) -> Path:
        return self._folder / "server.json"

    def start(self) -> None:
        """Adopt a healthy server of an earlier controller, else start one. Does not wait for it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._watch = Watch(started_at=self._monotonic())
        self._tell_pages()
        record = processes.read_record(self._record_file)
        secret = access.kept_secret(self._folder)
        if record and secret and self._is_ours(record) and _is_healthy(record.port, secret):
            self._port, self._secret = record.port, secret
            log.info("mlflow server adopted", uri=self.uri, pid=record.pid)
            return
        self._log_begins = self.log_file.stat().st_size if self.log_file.exists() else 0
        self._start_new()

    def check(self) -> bool:
        """Whether it answers. A dead or silent one is started again, with growing delay between starts."""
        healthy = self._is_alive() and _is_healthy(self._port, self._secret)
        if healthy:
            mark_whole(self._database)
        self._watch, action = decide(
            self._watch, alive=self._is_alive(), healthy=healthy, now=self._monotonic()
        )
        if action is Action.START:
            log.warning("mlflow server is gone, starting it again", said=self.last_words())
            self._start_new()
        return healthy

    def wait_ready(self, seconds: float) -> str:
        """Its address, as soon as it answers. Raises Retryable with its last words after ``seconds``."""
        deadline = self._monotonic() + seconds
        while not self.check():
            if self._monotonic() >= deadline:
                raise Retryable(
                    f"MLflow's server does not answer at {self.uri} yet (log: {self.log_file}): "
                    f"{self.last_words()}"
                )
            time.sleep(POLL_SECONDS)
        return self.uri

    def stop(self) -> None:
        """End it and everything it started; at most 15 s. Already gone is fine."""
        processes.end_all(self._folder)
        self._reap()
        access.forget_secret(self._folder)

    def last_words(self) -> str:
        """Not of servers before our start, whose troubles may be over; of one that just died, to say why."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(self._log_begins, self.log_file.stat().st_size - 4 * LOG_TAIL))
                return " ".join(file.read().decode("utf-8", "replace").split())[-LOG_TAIL:]
        except FileNotFoundError:
            return ""

    def _start_new(self) -> None:
        self.stop()
        if discard_half_made(self._database):
            log.warning("mlflow store was half made, starting it over", file=str(self._database))
        prepare_database(self._database)
        self._port = self._choose_port()
        self._prepare_gate()
        self._trim_log()
        argv = [str(self._environment / "bin" / "python"), "-I", str(launch.__file__)]
        with self.log_file.open("ab") as output:
            try:
                self._child = subprocess.Popen(
                    [*argv, str(self._record_file), str(self._port), *self._command(self._port)],
                    cwd=self._folder,
                    env=self._variables(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise Retryable(f"MLflow's server could not be started: {error}") from error
        log.info("mlflow server started", uri=self.uri, pid=self._child.pid)

    def _prepare_gate(self) -> None:
        try:
            access.install_gate(self._folder)
            self._secret = access.draw_secret(self._folder)
        except OSError as error:
            raise Retryable(f"{self._folder} cannot be written for MLflow's server: {error}") from error

    def _tell_pages(self) -> None:
        try:
            access.tell_pages(self._folder, self._pages)
        except OSError as error:
            raise Retryable(f"{self._folder} cannot be written for MLflow's server: {error}") from error

    def _command(self, port: int) -> list[str]:
        binaries = self._environment / "bin"
        command = [
            *(str(binaries / "python"), str(binaries / "mlflow"), "server"),
            *("--host", HOST, "--port", str(port), "--workers", "1"),
            *("--backend-store-uri", f"{SQLITE}{self._database}"),
            *("--artifacts-destination", str(self._folder / "artifacts")),
            *("--uvicorn-opts", "--no-access-log --timeout-graceful-shutdown 3"),
            *("--app-name", access.app_name(everybody_reads=access.everybody_reads(self._public_url))),
        ]
        return command + self._let_in()

    def _let_in(self) -> list[str]:
        """Without this the pages answer 403 under the name that people know."""
        parts = urlsplit(self._public_url or "")
        if parts.hostname in (None, HOST, "localhost"):
            return []
        hosts = f"localhost:*,{HOST}:*,{parts.netloc.rpartition('@')[2]}"
        return ["--allowed-hosts", hosts, "--cors-allowed-origins", f"{parts.scheme}://{parts.netloc}"]

    def _variables(self) -> dict[str, str]:
        """Nothing of ours: no token, no setting."""
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {
            **passed,
            "HOME": str(self._folder),
            "PYTHONSAFEPATH": "1",
            "PYTHONPATH": access.FOLDER,  # relative: a path may hold a colon, which would end it here
            processes.MARK: str(self._folder),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # serves other features, at 1.3 GB
        }

    def _choose_port(self) -> int:
        if self._wanted_port:
            if _bound(self._wanted_port) is None:
                raise Retryable(f"port {self._wanted_port} for MLflow's server is used by another program")
            return self._wanted_port
        record = processes.read_record(self._record_file)
        port = (_bound(record.port) if record else None) or _bound(0)
        if port is None:
            raise Retryable("there is no free port for MLflow's server on loopback")
        return port

    def _is_ours(self, record: Record) -> bool:
        """Alive and started as we would start it now: same environment, port and hosts."""
        wanted = self._wanted_port or record.port
        return alive(record) and record.command == self._command(wanted)

    def _is_alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        record = processes.read_record(self._record_file)
        return record is not None and alive(record)

    def _reap(self) -> None:
        if self._child is not None:
            try:
                self._child.wait(timeout=1)
            except subprocess.TimeoutExpired:
                log.error("mlflow server cannot be ended", pid=self._child.pid)
            self._child = None

    def _trim_log(self) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > MAX_LOG_BYTES:
            self.log_file.replace(self._folder / "server.log.1")
            self._log_begins = 0


def _is_healthy(port: int, secret: str) -> bool:
    """Asked every other second for ever, hence the cheapest client there is.

    The secret goes to this port next: it has to show first that it is the server's, by a proof that
    does not tell it.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=HEALTH_SECONDS)
    challenge = secrets.token_hex(16)
    try:
        connection.request("GET", "/health", headers={gate.CHALLENGE: challenge})
        answer = connection.getresponse()
        proved = hmac.compare_digest(
            answer.getheader(gate.PROOF, "").encode(), gate.proof(secret, challenge).encode()
        )
        return answer.status == 200 and proved
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _bound(port: int) -> int | None:
    """The port that binding gives, None when it is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
