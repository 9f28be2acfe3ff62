"""A server or a network that misbehaves below HTTP's surface: every call ends in time, and says why."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.faulty import FAULTS, Call, Faulty, answering, faulty
from tests.jobs import until

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import TokenCredentials
from reprise.domain.errors import Retryable
from reprise.domain.forge import OnCommit, State, Status
from reprise.domain.run import Repository, Sha

WINE = Repository(7, "ada/wine", "https://github.com/ada/wine.git")
SHA = Sha("a" * 40)
STATUS = Status("reprise/wine", State.PENDING, "queued", None)
SHAPES = ("half", "reset", "silent", "late", "trickle", "dripping", "endless")
"""Faults that only a real connection shows; the others are in test_faults."""
CALLS: dict[str, Callable[[GitHubForge], object]] = {
    "a read": lambda forge: forge.statuses(WINE, SHA),
    "a write": lambda forge: forge.post_status(WINE, SHA, STATUS),
    "a list": lambda forge: forge.put_comment(WINE, OnCommit(SHA), marker="x", body="x", known_id=None),
}


@pytest.fixture
def behind() -> Iterator[Faulty]:
    """Answers everything with the same."""
    with faulty("") as server:
        server.misbehave(answering("200 OK", '{"id": 1, "statuses": [], "login": "bot", "body": "x"}'))
        yield server


def test_every_call_ends_within_its_timeout_whatever_the_connection_does(behind: Faulty) -> None:
    """All at once, because most of it is waiting."""
    ended: dict[tuple[str, str], object] = {}

    def meet(shape: str, call: str) -> None:
        with faulty(behind.url) as server:
            server.misbehave(FAULTS[shape])
            forge = GitHubForge(server.url, TokenCredentials("token"), timeout=1, write_spacing=0)
            try:
                CALLS[call](forge)
            except Retryable as error:
                ended[shape, call] = error
            finally:
                forge.close()

    begun = time.monotonic()
    pairs = [(shape, call) for shape in SHAPES for call in CALLS]
    threads = [threading.Thread(target=meet, args=pair, daemon=True) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, begun + 4 - time.monotonic()))
    assert set(pairs) - set(ended) == set()
    for shape in ("silent", "late", "trickle", "dripping"):
        assert "gave no answer within 1 s" in str(ended[shape, "a read"])


def kept() -> tuple[int, int]:
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def test_a_list_whose_pages_have_no_end_is_no_answer() -> None:
    theirs = b'[{"id": 1, "body": "hello", "user": {"login": "ada"}}]'

    def page(call: Call) -> None:
        call.answer("200 OK", theirs, f'Link: <{server.url}/next?page=2>; rel="next"')

    with faulty("") as server:
        server.misbehave(answering("200 OK", '{"login": "bot"}'), "/user")
        server.misbehave(page)
        forge = GitHubForge(server.url, TokenCredentials("token"), timeout=5, write_spacing=0)
        with pytest.raises(Retryable, match=r"not GitHub's .*a list that goes on after 60 pages"):
            forge.put_comment(WINE, OnCommit(SHA), marker="x", body="x", known_id=None)
        forge.close()


class KeptAlive(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def do_GET(self) -> None:
        reply = b'{"statuses": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_calls_of_many_threads_one_after_the_other_keep_one_connection_and_nothing_else() -> None:
    """The engine makes every step in a thread of its own."""
    KeptAlive.connections = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), KeptAlive) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        forge = GitHubForge(
            f"http://127.0.0.1:{server.server_port}", TokenCredentials("token"), timeout=5, write_spacing=0
        )
        forge.statuses(WINE, SHA)
        before = kept()
        for _ in range(20):
            thread = threading.Thread(target=forge.statuses, args=(WINE, SHA))
            thread.start()
            thread.join(5)
        until(lambda: kept() <= before or None, seconds=5)
        forge.close()
        server.shutdown()
    assert KeptAlive.connections == 1
