"""A real forge on a free port, with GitHub's description checking every reply that passes."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.integration.forge.world import Clone, Received, Receiver, World
from tests.openapi import Recorder

UNDESCRIBED = re.compile(r"/api/v3/(repositories/\d+|repos/[^/]+/[^/]+/statuses/[^/]+$)")
"""GitHub answers these and PyGithub uses them, but the description leaves them out (reading ``statuses``)."""


class Except:
    """Passes by the checks what the description does not know, and requests that are wrong on purpose."""

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self.app = app
        self.recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        undescribed = UNDESCRIBED.match(scope["path"]) and scope["method"] != "POST"
        wrong_on_purpose = (b"x-wrong-on-purpose", b"1") in scope["headers"]
        checked = not (undescribed or wrong_on_purpose)
        await (self.recorder if checked else self.app)(scope, receive, send)


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A repository with one commit, to be copied."""
    made = Clone.create(tmp_path_factory.mktemp("first") / "clone")
    made.commit("first")
    return made


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, first: Clone) -> Iterator[World]:
    """One forge for all tests; each makes repositories of its own."""
    with serving(tmp_path_factory.mktemp("forge"), first) as made:
        yield made


@pytest.fixture
def world(shared: World, tmp_path: Path) -> Iterator[World]:
    """`ada` owns what is made, `bot` may be given a role, `eve` is a stranger."""
    yield from checked(shared.for_test(tmp_path))


@pytest.fixture
def lonely(tmp_path: Path, first: Clone) -> Iterator[World]:
    """A forge that nobody else uses, to be stopped and started."""
    with serving(tmp_path, first) as made:
        yield from checked(made)


@contextmanager
def serving(folder: Path, first: Clone) -> Iterator[World]:
    problems: list[str] = []

    def recorded(app: ASGIApp) -> ASGIApp:
        return Except(app, Recorder(app, base="/api/v3", problems=problems))

    made = World(folder, recorded, problems, first)
    try:
        yield made
    finally:
        made.running.stop()


def checked(world: World) -> Iterator[World]:
    world.problems.clear()
    yield world
    world.close_clients()
    assert not world.problems, "\n".join(world.problems)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Records what hooks are told; answers with `receiver.code`."""
    received: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(Received(dict(self.headers.items()), body))
            made.before_answer()
            self.send_response(made.code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{httpd.server_port}/hook", received)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join(5)
