"""An HTTP server on loopback that hands out files well or badly: ranges, cuts, redirects, delays, lies."""

import hashlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Seen:
    method: str
    path: str
    """With its query."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


@dataclass
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Content:
    """A file as this server keeps it."""

    data: bytes
    tag: str | None = "auto"
    """Its ETag, with quotes; None = none; ``auto`` = of its content."""
    cuts: list[int] = field(default_factory=list)
    """Of the next answers: close the connection after so many bytes."""
    ranges: bool = True
    """False: ignores that it is asked for a part."""
    statuses: list[int] = field(default_factory=list)
    """Of the next answers, in place of the file."""
    wants: str | None = None
    """The Authorization that opens it."""
    chunked: bool = False
    """Without a length."""

    @property
    def etag(self) -> str | None:
        return f'"{hashlib.md5(self.data).hexdigest()}"' if self.tag == "auto" else self.tag


Route = Content | Answer | Callable[[Seen], Answer]


@dataclass
class DataServer:
    url: str = ""
    routes: dict[str, Route] = field(default_factory=dict)
    """By path, without the query."""
    seen: list[Seen] = field(default_factory=list)
    dripping: threading.Event = field(default_factory=threading.Event)
    """Ends the answers that never end."""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def asked(self, path: str) -> list[Seen]:
        return [each for each in self.seen if each.path.partition("?")[0] == path]


class Endless(Answer):
    """Bytes without end, at once or drop by drop."""

    def __init__(self, *, seconds_between: float = 0.0, head: bool = True) -> None:
        super().__init__()
        self.seconds_between = seconds_between
        self.head = head
        """False: it is the header that never ends."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what these tests are about."""


@contextmanager
def serving(host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> Iterator[DataServer]:
    state = DataServer()
    server = _Server((host, 0), _handler(state))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    state.url = f"{'http' if tls is None else 'https'}://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.dripping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(state: DataServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_HEAD(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, body)
            state.seen.append(seen)
            route = state.routes.get(self.path.partition("?")[0], Answer(404))
            try:
                if isinstance(route, Content):
                    self._content(route, headers)
                    return
                answer = route if isinstance(route, Answer) else route(seen)
                if isinstance(answer, Endless):
                    self._endless(answer)
                else:
                    self._plain(answer.status, answer.headers, answer.body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _content(self, content: Content, headers: dict[str, str]) -> None:
            if content.statuses:
                self._plain(content.statuses.pop(0), {}, b"")
                return
            if content.wants is not None and headers.get("authorization") != content.wants:
                self._plain(401, {}, b"")
                return
            told = {"ETag": content.etag} if content.etag else {}
            start = self._start(content, headers)
            if start is not None and start >= len(content.data):
                self._plain(416, {**told, "Content-Range": f"bytes */{len(content.data)}"}, b"")
                return
            data = content.data[start or 0 :]
            if start is not None:
                whole = len(content.data)
                told["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
            cut = content.cuts.pop(0) if content.cuts else None
            self._plain(200 if start is None else 206, told, data, cut=cut, length=not content.chunked)

        def _start(self, content: Content, headers: dict[str, str]) -> int | None:
            found = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
            current = headers.get("if-range") in (None, content.etag)
            return int(found[1]) if found and content.ranges and current else None

        def _plain(
            self,
            status: int,
            headers: dict[str, str],
            body: bytes,
            *,
            cut: int | None = None,
            length: bool = True,
        ) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if length:
                self.send_header("Content-Length", str(len(body)))
            else:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body if cut is None else body[:cut])
            if cut is not None:
                self.close_connection = True

        def _endless(self, answer: Endless) -> None:
            self.close_connection = True
            if answer.head:
                self.send_response(200)
                self.end_headers()
            else:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            piece = b"x" * (1 if answer.seconds_between else 65536)
            while not state.dripping.wait(answer.seconds_between):
                self.wfile.write(piece)
                self.wfile.flush()

    return Handler
