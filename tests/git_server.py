"""Real git over HTTP on loopback, with a door that can be shut. For tests of the git adapter."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.repositories import ENVIRONMENT


@dataclass
class GitServer:
    root: Path
    """Repositories below it are served by their path."""
    authorization: str | None = None
    """The only header value that is let in."""
    answer: int | None = None
    """Answer everything with this status instead."""
    silent: threading.Event | None = None
    """Answer nothing until it is set."""
    location: str = ""
    """Where a redirecting answer leads."""
    url: str = ""
    seen: list[str] = field(default_factory=list)
    """Authorization header of each request, empty when there was none."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and Authorization header of each request."""


@contextmanager
def serving(root: Path) -> Iterator[GitServer]:
    state = GitServer(root)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        if state.silent is not None:
            state.silent.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(state: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _serve(self, body: bytes) -> None:
            state.seen.append(self.headers.get("Authorization", ""))
            state.asked.append((urlsplit(self.path).path, state.seen[-1]))
            if state.silent is not None:
                state.silent.wait(30)
                return
            status = state.answer
            if status is None and state.authorization not in (None, state.seen[-1]):
                status = 401
            if status is not None:
                self.send_response(status)
                if state.location:
                    self.send_header("Location", state.location + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._backend(body)

        def _backend(self, body: bytes) -> None:
            address = urlsplit(self.path)
            variables = {
                **ENVIRONMENT,
                "GIT_PROJECT_ROOT": str(state.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "PATH_INFO": address.path,
                "QUERY_STRING": address.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            }
            done = subprocess.run(
                ["git", "http-backend"], env=variables, input=body, capture_output=True, timeout=30
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
