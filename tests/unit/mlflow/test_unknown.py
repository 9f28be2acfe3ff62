"""What a server's 401 means: a wrong password for the operator's own, a new start for ours."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import pytest

from reprise.adapters.mlflow.client import Client
from reprise.domain.errors import Refused, Retryable

RUN = {
    "info": {"run_id": "r", "experiment_id": "1", "artifact_uri": "mlflow-artifacts:/1/r/artifacts"},
    "data": {},
}


class _Unknown(BaseHTTPRequestHandler):
    """Tells where a run's files are, and knows nobody who wants more."""

    def do_GET(self) -> None:
        known = self.path.startswith("/api/2.0/mlflow/runs/get")
        body = {"run": RUN} if known else {"error_code": "UNAUTHENTICATED", "message": "who are you?"}
        data = json.dumps(body).encode()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_PUT = do_GET

    def log_message(self, *_: object) -> None:
        """Not to the test's output."""


@pytest.fixture
def uri() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Unknown) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://reprise:old-secret@127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(("changes", "error"), [(False, Refused), (True, Retryable)])
def test_it_is_a_refusal_unless_the_secret_changes_with_each_start(
    uri: str, changes: bool, error: type[Exception], tmp_path: Path
) -> None:
    client = Client(uri, secret_changes=changes)
    with pytest.raises(error, match="who are you") as raised:
        client.ensure_experiment("ada/paper")
    assert "old-secret" not in str(raised.value)
    (tmp_path / "log.txt").write_text("a line")
    with pytest.raises(error, match="401") as raised:
        client.log_file("r", tmp_path / "log.txt", PurePosixPath("log.txt"))
    assert "old-secret" not in str(raised.value)


def test_a_run_is_written_to_where_the_server_is_now(uri: str, tmp_path: Path) -> None:
    """MLflow itself remembers the address at which it first wrote a file of a run."""
    (tmp_path / "log.txt").write_text("a line")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Unknown) as gone:
        threading.Thread(target=gone.serve_forever, daemon=True).start()
        old = Client(f"http://reprise:older@127.0.0.1:{gone.server_port}")
        with pytest.raises(Refused, match="401"):
            old.log_file("r", tmp_path / "log.txt", PurePosixPath("log.txt"))
        gone.shutdown()
    with pytest.raises(Retryable, match="401"):
        Client(uri, secret_changes=True).log_file("r", tmp_path / "log.txt", PurePosixPath("log.txt"))
