"""A proxy in front of a forge that can misbehave in every way in which servers and networks do."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LINGER = 60.0
"""Seconds that a connection which gets no answer is held at most."""


@dataclass
class Call:
    """One request, in the hands of a fault."""

    client: socket.socket
    ask: Callable[[], bytes]
    """The whole reply of the server behind; asking is what makes it act."""
    healed: threading.Event
    """Set when the misbehaviour ends."""

    def answer(self, status: str, body: bytes, *headers: str) -> None:
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        self.client.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)


Fault = Callable[[Call], None]


def answering(status: str, body: str, *headers: str) -> Fault:
    """Without asking the server."""
    return lambda call: call.answer(status, body.encode(), *headers)


def silent(call: Call) -> None:
    """Takes the connection and never says a word."""
    call.healed.wait(LINGER)


def late(call: Call) -> None:
    """The server acts at once; what it says comes after everybody's patience."""
    reply = call.ask()
    call.healed.wait(LINGER)
    call.client.sendall(reply)


def half(call: Call) -> None:
    """The server acts; the connection ends in the middle of what it says."""
    reply = call.ask()
    call.client.sendall(reply[: reply.index(b"\r\n\r\n") + 8])


def reset(call: Call) -> None:
    """The server acts; then the connection is torn down."""
    call.ask()
    call.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def cut(call: Call) -> None:
    """The server acts; what it says is whole by its length, and half of a JSON document."""
    body = call.ask().partition(b"\r\n\r\n")[2]
    call.answer("200 OK", body[: len(body) // 2])


def failing(status: str, *headers: str) -> Fault:
    """The server acts; a gateway before it says that it failed."""

    def meet(call: Call) -> None:
        call.ask()
        call.answer(status, b'{"message": "Server Error"}', "Content-Type: application/json", *headers)

    return meet


def first(times: int, fault: Fault) -> Fault:
    """So many requests meet it, the others pass."""
    left = iter(range(times))

    def meet(call: Call) -> None:
        if next(left, None) is None:
            call.client.sendall(call.ask())
        else:
            fault(call)

    return meet


def trickle(call: Call) -> None:
    """A byte of the head now and then, for ever."""
    call.client.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not call.healed.wait(0.1):
        call.client.sendall(b"x")


def dripping(call: Call) -> None:
    """A byte of the body now and then, for ever."""
    call.client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
    while not call.healed.wait(0.1):
        call.client.sendall(b" ")


def endless(call: Call) -> None:
    """A body without an end, as fast as it is taken."""
    call.client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
    while not call.healed.is_set():
        call.client.sendall(b" " * 65536)


WRONG = json.dumps({"id": "seven", "statuses": {"a": 1}, "body": 5, "login": 7, "clone_url": None})
FAULTS: dict[str, Fault] = {
    "500": answering("500 Internal Server Error", '{"message": "Server Error"}'),
    "502 after success": failing("502 Bad Gateway"),
    "502 in HTML": answering("502 Bad Gateway", "<html>Bad gateway</html>", "Content-Type: text/html"),
    "HTML": answering("200 OK", "<html>Sign in</html>", "Content-Type: text/html"),
    "wrong types": answering("200 OK", WRONG, "Content-Type: application/json"),
    "a list": answering("200 OK", "[[[]]]", "Content-Type: application/json"),
    "429": answering("429 Too Many Requests", '{"message": "Too many"}', "Retry-After: 2"),
    "403": answering("403 Forbidden", '{"message": "secondary rate limit"}', "Retry-After: 2"),
    "silent": silent,
    "late": late,
    "half": half,
    "reset": reset,
    "cut": cut,
    "trickle": trickle,
    "dripping": dripping,
    "endless": endless,
}


@dataclass
class Misbehaviour:
    fault: Fault
    healed: threading.Event = field(default_factory=threading.Event)
    hits: list[str] = field(default_factory=list)
    """``METHOD path`` of each request that met it."""


class Faulty:
    """Lets everything through but what it is told to `misbehave` on."""

    def __init__(self, upstream: str) -> None:
        """``upstream`` is the URL of the server behind; the proxy gets one of its own."""
        self.url = ""
        self._upstream = urlsplit(upstream)
        self._listening: socket.socket | None = None
        self._wrong: dict[str, Misbehaviour] = {}
        self.asked: list[str] = []
        """``METHOD path`` of every request that came."""

    def open(self) -> None:
        """Also again, under the same address, after `close`."""
        port = urlsplit(self.url).port or 0
        self._listening = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def close(self) -> None:
        """Connections are refused from now on."""
        if self._listening is not None:
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()

    def misbehave(self, fault: Fault, on: str = "/") -> Misbehaviour:
        """To every request of the API that has ``on`` in its path."""
        made = self._wrong[on] = Misbehaviour(fault)
        return made

    def heal(self, on: str = "/") -> None:
        if on in self._wrong:
            self._wrong.pop(on).healed.set()

    def heal_all(self) -> None:
        for on in list(self._wrong):
            self.heal(on)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            request = _read_request(client)
            if not request:
                return
            asked = request.partition(b" HTTP/")[0].decode(errors="replace")
            self.asked.append(asked)
            wrong = next((self._wrong[on] for on in list(self._wrong) if _meant(asked, on)), None)
            call = Call(client, lambda: self._forward(request), wrong.healed if wrong else threading.Event())
            if wrong is None:
                client.sendall(call.ask())
                return
            wrong.hits.append(asked)
            wrong.fault(call)

    def _forward(self, request: bytes) -> bytes:
        address = (self._upstream.hostname or "", self._upstream.port or 80)
        with socket.create_connection(address, timeout=LINGER) as server:
            head, _, body = request.partition(b"\r\n\r\n")
            kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            server.sendall(b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n" + body)
            chunks = []
            while chunk := server.recv(65536):
                chunks.append(chunk)
        return b"".join(chunks)


def _meant(asked: str, on: str) -> bool:
    """git is left alone."""
    return on in asked and ".git/" not in asked


@contextmanager
def faulty(upstream: str) -> Iterator[Faulty]:
    made = Faulty(upstream)
    made.open()
    try:
        yield made
    finally:
        made.heal_all()
        made.close()


def _read_request(client: socket.socket) -> bytes:
    """Head and body as they came; empty when the client left."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = client.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
    while missing > 0 and (chunk := client.recv(65536)):
        data, missing = data + chunk, missing - len(chunk)
    return data
