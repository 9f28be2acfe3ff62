"""PyGithub's connections with an end: of their time and of what they may bring. `client` puts them in place.

The timeout of `requests` bounds silence only: a server that says a byte now and then would keep a call for
ever, and one that does not stop talking would fill our memory. Here one clock runs over a whole exchange,
all its attempts, from connecting to the last byte; when it runs out, the socket ends under whoever reads it.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry

from reprise.adapters.github.remembered import Answer, Remembered

MAX_BODY = 8 << 20
"""Bytes of one reply; a page of a hundred comments has at most seven million."""
MAX_EXCHANGES = 60
"""In one call; the longest list that we read has thirty pages."""
_CHUNK = 1 << 16
_local = threading.local()
"""The clock of this thread's exchange, how many its call may still make: urllib3 hands nothing through."""
_NEVER = Retry(total=0, read=False, raise_on_status=False, respect_retry_after_header=False)


@contextmanager
def one_call(remembered: Remembered | None = None) -> Iterator[None]:
    """Also a list whose every page names a next one has an end: a ValueError.

    ``remembered``: answers to ask about before they are sent again.
    """
    _local.left, _local.remembered = MAX_EXCHANGES, remembered
    try:
        yield
    finally:
        _local.left = _local.remembered = None


@contextmanager
def repeating(may_repeat: bool) -> Iterator[None]:
    """Whether what may have been done although its answer was lost is asked for again."""
    _local.once = not may_repeat
    try:
        yield
    finally:
        _local.once = False


class Clock:
    """Ends the sockets of an exchange when its time is over."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, opened: socket.socket) -> None:
        """Raises TimeoutError when it is too late for another attempt."""
        with self._lock:
            if self.over:
                raise TimeoutError("the time for this call is over")
            # A descriptor of our own: TLS takes the socket over, and a closed one's number is used again.
            self._sockets.append(socket.socket(fileno=os.dup(opened.fileno())))

    def stop(self) -> None:
        self._timer.cancel()
        with self._lock:
            for watched in self._sockets:
                watched.close()
            self._sockets.clear()

    def _end(self) -> None:
        with self._lock:
            self.over = True
            for watched in self._sockets:
                with suppress(OSError):  # the server was faster
                    watched.shutdown(socket.SHUT_RDWR)


def _watch(opened: socket.socket | None) -> None:
    clock: Clock | None = getattr(_local, "clock", None)
    if clock is not None and opened is not None:
        clock.watch(opened)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        opened = super()._new_conn()
        try:
            _watch(opened)
        except TimeoutError:
            opened.close()
            raise
        return opened

    def request(self, *args: Any, **named: Any) -> None:
        _watch(self.sock)  # kept from an earlier exchange
        super().request(*args, **named)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class BoundedAdapter(HTTPAdapter):
    """Reads the whole reply itself. Raises requests' own exceptions."""

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> requests.Response:
        _count()
        seconds = named["timeout"]
        known = _ask_about(request)
        with _limited(seconds) as clock, self._patience():
            try:
                response = super().send(request, *args, **{**named, "stream": True})
                _read(response)
            except (requests.RequestException, OSError) as error:
                if clock.over:
                    raise requests.Timeout(f"no whole answer within {seconds} s", request=request) from error
                raise
            if clock.over:  # what ends early can look whole
                response.close()
                raise requests.Timeout(f"no whole answer within {seconds} s", request=request)
        _remember(request, response, known)
        return response

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Its session, and so this adapter, serves one thread at a time."""
        usual = self.max_retries
        if getattr(_local, "once", False):
            self.max_retries = _NEVER
        try:
            yield
        finally:
            self.max_retries = usual


def _ask_about(request: requests.PreparedRequest) -> Answer | None:
    """Let the server say that what it answered before still holds."""
    remembered: Remembered | None = getattr(_local, "remembered", None)
    if remembered is None or request.method != "GET" or request.url is None:
        return None
    known = remembered.get(request.url)
    if known is not None:
        request.headers["If-None-Match"] = known.etag
    return known


def _remember(request: requests.PreparedRequest, response: requests.Response, known: Answer | None) -> None:
    """What has not changed looks like an answer that came whole."""
    remembered: Remembered | None = getattr(_local, "remembered", None)
    if remembered is None or request.method != "GET" or request.url is None:
        return
    if response.status_code == 304 and known is not None:
        response.status_code, response.reason = 200, "OK"
        response.headers = CaseInsensitiveDict({**known.headers, **_limits(response)})
        response._content = known.body
    elif response.status_code == 200:
        remembered.put(request.url, response.headers, response.content)


def _limits(response: requests.Response) -> dict[str, str]:
    """How many calls are left is news in every answer."""
    return {name: value for name, value in response.headers.items() if name.lower().startswith("x-ratelimit")}


def _count() -> None:
    left: int | None = getattr(_local, "left", None)
    if left is None:
        return  # nobody's call: who uses PyGithub beside us counts for themselves
    if left == 0:
        raise ValueError(f"a list that goes on after {MAX_EXCHANGES} pages")
    _local.left = left - 1


@contextmanager
def _limited(seconds: float) -> Iterator[Clock]:
    clock = _local.clock = Clock(seconds)
    try:
        yield clock
    finally:
        _local.clock = None
        clock.stop()


def _read(response: requests.Response) -> None:
    """Keep the body where `requests` looks for it."""
    body = bytearray()  # given back to the system at once, which many small chunks are not
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > MAX_BODY:
            response.close()
            raise requests.ConnectionError(f"an answer of more than {MAX_BODY >> 20} MiB")
    response._content = bytes(body)


class _Http(HTTPRequestsConnectionClass):
    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.session.mount("http://", BoundedAdapter(max_retries=self.retry))


class _Https(HTTPSRequestsConnectionClass):
    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.session.mount("https://", BoundedAdapter(max_retries=self.retry))


def install() -> None:
    """For every PyGithub object that is made from now on."""
    Requester.injectConnectionClasses(_Http, _Https)
    # It takes injected classes for test doubles, and would connect anew for every call.
    setattr(Requester, "_Requester__persist", True)  # noqa: B010
