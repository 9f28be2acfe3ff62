"""Keeps the MLflow server of `reprise serve` running. Built by `bootstrap` when no tracking URI is set.

Installing takes a minute at first and starting ten seconds, so both happen in a thread of their own;
whoever needs the server asks for its address and waits a bounded while.
"""

import threading
from pathlib import Path

import structlog

from reprise.adapters.mlflow.access import Access, everybody_reads
from reprise.adapters.mlflow.environment import ensure_environment
from reprise.adapters.mlflow.server import TrackingServer
from reprise.domain.errors import Refused, Retryable

CHECK_SECONDS = 2.0
"""Between two looks at a server that answers."""
STARTING_SECONDS = 0.2
"""Between two looks at one that does not."""
INSTALL_AGAIN_SECONDS = 30.0
STOP_SECONDS = 20.0

log = structlog.get_logger()


class ServerKeeper:
    def __init__(
        self,
        folder: Path,
        *,
        cache: Path,
        uv: Path,
        python: Path,
        port: int = 0,
        public_url: str | None = None,
        pages: str | None = None,
        patience_seconds: float = 60.0,
    ) -> None:
        """``patience_seconds``: how long `uri` waits for a server that is not ready. ``pages``: those of
        Reprise, where people sign in."""
        self._folder = folder
        self._cache = cache
        self._uv = uv
        self._python = python
        self._port = port
        self._public_url = public_url
        self._pages = pages
        self._patience = patience_seconds
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._access: Access | None = None
        self._state = "it was not started"
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns at once; installs, starts and watches in the background."""
        self._thread = threading.Thread(target=self._keep, name="mlflow-server", daemon=True)
        self._tell(None, "it is being started")
        self._thread.start()

    def uri(self) -> str:
        """The server's address. Raises Retryable, saying what it is waiting for, after the patience."""
        return self._wait().uri

    def client_uri(self) -> str:
        """The same with the secret of its present start, for MLflow's client. Raises Retryable likewise."""
        return self._wait().with_secret

    def page(self) -> str | None:
        """Where a person who is signed in at Reprise opens its pages, once, at once; None when not ready."""
        if everybody_reads(self._public_url):
            return self._public_url
        with self._changed:
            return self._access.sign_in_address(self._public_url) if self._access else None

    def lack(self) -> str | None:
        """What is waited for, at once; None when the server answers."""
        with self._changed:
            return self._state if self._access is None else None

    def stop(self) -> None:
        """End the server; no process of it is left. Nothing started is fine. At most 20 s."""
        self._stopping.set()
        self._tell(None, "it is being stopped")
        if self._thread is not None:
            self._thread.join(timeout=STOP_SECONDS)
        self._tell(None, "it was stopped")

    def _wait(self) -> Access:
        with self._changed:
            self._changed.wait_for(
                lambda: self._access is not None or self._stopping.is_set(), timeout=self._patience
            )
            if self._access is None:
                raise Retryable(f"MLflow's server is not ready: {self._state}")
            return self._access

    def _keep(self) -> None:
        environment = self._install()
        if environment is None:
            return
        server = TrackingServer(
            self._folder, environment, port=self._port, public_url=self._public_url, pages=self._pages
        )
        try:
            self._serve(server)
        finally:
            self._tell(None, "it was stopped")
            server.stop()

    def _install(self) -> Path | None:
        """None when we stop before it is there."""
        while not self._stopping.is_set():
            self._tell(None, f"its environment is being installed (log: {self._cache}/mlflow-*.log)")
            try:
                return ensure_environment(
                    self._cache, self._uv, self._python, cancelled=self._stopping.is_set
                )
            except Retryable as error:
                log.warning("mlflow server not installed", why=str(error))
                self._tell(None, str(error))
            self._stopping.wait(INSTALL_AGAIN_SECONDS)
        return None

    def _serve(self, server: TrackingServer) -> None:
        started = False
        while not self._stopping.is_set():
            healthy = False
            try:
                if not started:
                    server.start()
                    started = True
                healthy = server.check()
                words = server.last_words()
                said = f"it is starting (log: {server.log_file})" + (f": {words}" if words else "")
                self._tell(server.access if healthy else None, said)
            except (Retryable, Refused) as error:
                log.warning("mlflow server not started", why=str(error))
                self._tell(None, str(error))
            self._stopping.wait(CHECK_SECONDS if healthy else STARTING_SECONDS)

    def _tell(self, access: Access | None, state: str) -> None:
        with self._changed:
            self._access, self._state = access, state
            self._changed.notify_all()
