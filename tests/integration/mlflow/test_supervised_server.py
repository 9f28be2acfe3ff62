"""The care for the server process, with a small program in the server's place so that it takes no time."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reprise.adapters.mlflow import gate, processes
from reprise.adapters.mlflow.access import Access
from reprise.adapters.mlflow.keeper import ServerKeeper
from reprise.adapters.mlflow.server import TrackingServer
from reprise.domain.errors import Retryable

MLFLOW = """
import http.server, json, os, subprocess, sys, time
if "--child" not in sys.argv:
    sys.exit(subprocess.run([sys.executable, *sys.argv, "--child"]).returncode)
port = int(sys.argv[sys.argv.index("--port") + 1])
json.dump(dict(os.environ), open("variables.json", "w"))
if os.path.exists("broken"):
    sys.exit("the database is too old")
import reprise_gate
while os.path.exists("slow"):
    time.sleep(0.02)
secret = open(reprise_gate.TOKEN).read().strip()
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.path.exists("silent") else 200)
        challenge = self.headers[reprise_gate.CHALLENGE]
        self.send_header(reprise_gate.PROOF, reprise_gate.proof(secret, challenge))
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", port), Health).serve_forever()
"""


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.01
        return self.now


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    binaries = tmp_path / "environment" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "mlflow").write_text(MLFLOW)
    return binaries.parent


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state" / "mlflow"
    processes.end_all(tmp_path / "state" / "mlflow")


Open = Callable[..., TrackingServer]


@pytest.fixture
def controller(folder: Path, environment: Path) -> Iterator[Open]:
    """Each call is a new controller; what they started is ended with the test."""
    opened: list[TrackingServer] = []

    def open_server(**settings: Any) -> TrackingServer:
        opened.append(TrackingServer(folder, environment, **settings))
        return opened[-1]

    yield open_server
    for server in opened:
        server.stop()


@pytest.fixture
def server(controller: Open) -> TrackingServer:
    return controller()


def ready(server: TrackingServer) -> str:
    server.start()
    return server.wait_ready(20)


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_started_server_answers_and_a_stopped_one_leaves_no_process(
    server: TrackingServer, folder: Path
) -> None:
    ready(server)
    assert server.check()
    assert len(processes.members(folder)) == 2
    server.stop()
    assert processes.members(folder) == ()
    server.stop()


def test_no_secret_of_ours_reaches_it(
    server: TrackingServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_GITHUB__TOKEN", "ghp_hunter2")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    ready(server)
    variables = json.loads((folder / "variables.json").read_text())
    assert "hunter2" not in json.dumps(variables)
    assert variables["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert variables["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert variables["HOME"] == str(folder)


def test_the_port_is_kept_from_one_start_to_the_next(folder: Path, controller: Open) -> None:
    first = controller()
    uri = ready(first)
    first.stop()
    assert ready(controller()) == uri


def test_a_taken_port_is_named(folder: Path, controller: Open) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Retryable, match=f"port {port} .* is used by another program"):
            controller(port=port).start()


@pytest.mark.parametrize("which", [0, 1], ids=["first process", "second process"])
def test_a_crashed_server_is_started_again(server: TrackingServer, folder: Path, which: int) -> None:
    uri = ready(server)
    before = processes.members(folder)
    os.kill(sorted(before)[which], signal.SIGKILL)
    eventually(lambda: server.check() and not set(before) & set(processes.members(folder)))
    assert server.uri == uri
    eventually(lambda: len(processes.members(folder)) == 2)


def test_one_that_cannot_start_is_tried_ever_more_seldom_and_says_why(folder: Path, controller: Open) -> None:
    clock = Hands()
    server = controller(monotonic=clock)
    folder.mkdir(parents=True)
    (folder / "broken").touch()
    server.start()
    eventually(lambda: not server.check() and "too old" in server.last_words())
    with pytest.raises(Retryable, match="the database is too old"):
        server.wait_ready(0.05)
    (folder / "broken").unlink()
    clock.now += 60
    server.wait_ready(20)


def test_words_of_an_earlier_server_are_not_quoted(folder: Path, controller: Open) -> None:
    folder.mkdir(parents=True)
    (folder / "server.log").write_text("the database is too old\n")
    server = controller()
    server.start()
    assert "too old" not in server.last_words()
    server.wait_ready(20)
    assert "too old" not in server.last_words()
    assert "too old" in server.log_file.read_text()


def test_a_server_that_falls_silent_is_replaced(folder: Path, controller: Open) -> None:
    clock = Hands()
    server = controller(monotonic=clock)
    ready(server)
    before = processes.members(folder)
    (folder / "silent").touch()
    assert not server.check()
    assert processes.members(folder) == before
    clock.now += 60
    server.check()
    (folder / "silent").unlink()
    eventually(server.check)
    assert not set(before) & set(processes.members(folder))


OWNER = """
import sys
from pathlib import Path
from reprise.adapters.mlflow.server import TrackingServer
server = TrackingServer(Path(sys.argv[1]), Path(sys.argv[2]))
server.start()
if len(sys.argv) > 3:
    server.wait_ready(20)
print("ready", flush=True)
sys.stdin.read()
"""


def killed_owner(folder: Path, environment: Path, *more: str) -> None:
    """A controller that started a server and was killed with −9."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), str(environment), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as owner:
        assert owner.stdout is not None
        while (line := owner.stdout.readline()) != b"ready\n":
            assert line, "the owner ended"
        owner.kill()


def test_the_server_of_a_killed_controller_is_adopted(
    folder: Path, environment: Path, controller: Open
) -> None:
    killed_owner(folder, environment, "wait")
    before = processes.members(folder)
    assert len(before) == 2
    server = controller()
    server.start()
    assert server.check()
    assert processes.members(folder) == before
    server.stop()
    assert processes.members(folder) == ()


def test_a_server_that_was_not_ready_when_its_controller_died_is_replaced(
    folder: Path, environment: Path, controller: Open
) -> None:
    (folder).mkdir(parents=True)
    (folder / "silent").touch()
    killed_owner(folder, environment)
    eventually(lambda: len(processes.members(folder)) == 2)
    before = processes.members(folder)
    (folder / "silent").unlink()
    ready(controller())
    assert not set(before) & set(processes.members(folder))


def test_its_secret_is_taken_over_too_and_another_start_draws_another(
    folder: Path, environment: Path, controller: Open
) -> None:
    killed_owner(folder, environment, "wait")
    secret = (folder / gate.TOKEN).read_text().strip()
    server = controller()
    server.start()
    assert server.access == Access(server.uri, secret)
    for pid in processes.members(folder):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: server.check() and server.access.secret != secret)
    assert (folder / gate.TOKEN).read_text().strip() == server.access.secret


@pytest.mark.parametrize("kept", [None, "another"])
def test_a_server_whose_secret_is_lost_is_replaced(
    folder: Path, environment: Path, controller: Open, kept: str | None
) -> None:
    killed_owner(folder, environment, "wait")
    before = processes.members(folder)
    (folder / gate.TOKEN).unlink()
    if kept is not None:
        (folder / gate.TOKEN).write_text(kept)
    ready(controller())
    assert not set(before) & set(processes.members(folder))


def test_a_server_with_another_gate_is_replaced(folder: Path, controller: Open) -> None:
    ready(controller())
    before = processes.members(folder)
    file = folder / "server.json"
    told = json.loads(file.read_text())
    named = [f"{part}0" if part.startswith("reprise-private-") else part for part in told["command"]]
    assert named != told["command"]
    file.write_text(json.dumps({**told, "command": named}))
    ready(controller())
    assert not set(before) & set(processes.members(folder))


def test_whoever_took_the_port_is_neither_believed_nor_shown_the_secret(
    folder: Path, controller: Open
) -> None:
    folder.mkdir(parents=True)
    (folder / "slow").touch()
    server = controller()
    server.start()
    with impostor(server) as heard:
        for _ in range(3):
            assert not server.check()
    assert len(heard) == 3
    assert server.access.secret not in "".join(heard)
    (folder / "slow").unlink()
    server.wait_ready(20)


@contextmanager
def impostor(server: TrackingServer) -> Iterator[list[str]]:
    """Listens where the server is not yet and says what it would say, as far as it knows."""
    heard: list[str] = []

    class Yes(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.path}\n{self.headers}")
            self.send_response(200)
            self.send_header(gate.PROOF, "0" * 64)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not to the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", int(server.uri.rpartition(":")[2])), Yes) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield heard
        listening.shutdown()


def test_one_with_other_settings_is_replaced(folder: Path, controller: Open) -> None:
    ready(controller())
    before = processes.members(folder)
    port = free_port()
    assert ready(controller(port=port)) == f"http://127.0.0.1:{port}"
    assert not set(before) & set(processes.members(folder))


def test_an_adopted_server_that_crashes_is_started_again(
    folder: Path, environment: Path, controller: Open
) -> None:
    killed_owner(folder, environment, "wait")
    server = controller()
    server.start()
    before = set(processes.members(folder))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: server.check() and not before & set(processes.members(folder)))
    assert processes.members(folder)


def test_a_process_that_only_has_the_old_id_is_left_alone(folder: Path, controller: Open) -> None:
    """Process ids are used again: ours must not be mistaken for the server."""
    ready(controller())
    told = json.loads((folder / "server.json").read_text())
    processes.end_all(folder)
    (folder / "server.json").write_text(json.dumps({**told, "pid": os.getpid()}))
    ready(controller())
    assert processes.members(folder)


def test_names_that_people_use_are_let_in(folder: Path, controller: Open) -> None:
    ready(controller(public_url="https://mlflow.example:8443/"))
    command = json.loads((folder / "server.json").read_text())["command"]
    hosts = command[command.index("--allowed-hosts") + 1]
    assert hosts == "localhost:*,127.0.0.1:*,mlflow.example:8443"
    assert command[command.index("--cors-allowed-origins") + 1] == "https://mlflow.example:8443"


class Keeping:
    """A keeper whose installer puts the small program there."""

    def __init__(self, tmp_path: Path, folder: Path, patience_seconds: float = 60) -> None:
        self.uv = tmp_path / "uv"
        self.uv.write_text(
            "#!/bin/sh\n"
            f'if [ "$1" = venv ]; then for last; do :; done; cp -r {tmp_path}/environment "$last"; fi\n'
        )
        self.uv.chmod(0o755)
        self.keeper = ServerKeeper(
            folder,
            cache=tmp_path / "cache",
            uv=self.uv,
            python=Path(sys.executable),
            patience_seconds=patience_seconds,
        )


def test_the_keeper_installs_starts_and_ends_it(tmp_path: Path, folder: Path, environment: Path) -> None:
    keeper = Keeping(tmp_path, folder).keeper
    started = time.monotonic()
    keeper.start()
    assert time.monotonic() - started < 1
    assert keeper.uri().startswith("http://127.0.0.1:")
    keeper.stop()
    assert processes.members(folder) == ()
    with pytest.raises(Retryable, match="it was stopped"):
        keeper.uri()


def test_the_keeper_brings_a_crashed_server_back(tmp_path: Path, folder: Path, environment: Path) -> None:
    keeper = Keeping(tmp_path, folder).keeper
    keeper.start()
    keeper.uri()
    before = processes.members(folder)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(set(processes.members(folder)) - set(before)) == 2)
    assert keeper.uri()
    keeper.stop()


def test_whoever_asks_too_early_learns_what_is_missing(tmp_path: Path, folder: Path) -> None:
    keeping = Keeping(tmp_path, folder, patience_seconds=0.5)
    keeping.uv.write_text("#!/bin/sh\necho no index; exit 1\n")
    keeping.keeper.start()
    eventually(lambda: "no index" in said_by(keeping.keeper))
    keeping.keeper.stop()


def said_by(keeper: ServerKeeper) -> str:
    with pytest.raises(Retryable) as raised:
        keeper.uri()
    return str(raised.value)


def test_stopping_does_not_wait_for_an_installation(tmp_path: Path, folder: Path) -> None:
    keeping = Keeping(tmp_path, folder)
    keeping.uv.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    keeping.keeper.start()
    eventually((tmp_path / "pid").exists)
    started = time.monotonic()
    keeping.keeper.stop()
    assert time.monotonic() - started < 5
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()
