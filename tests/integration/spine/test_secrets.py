"""Whatever happens, no secret of a setting is found anywhere afterwards, nor from inside of a job."""

import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests import ordinary
from tests.integration.spine import prying
from tests.integration.spine.controller import Controller
from tests.integration.spine.papers import tiny
from tests.integration.spine.town import SECRET, Paper, Town

from reprise.removal import remove_tree
from reprise.sign_in import FILE

pytestmark = pytest.mark.real

OPERATOR = "c4n4ry-of-the-operator-0123456789"
TRACKING = "c4n4ry-of-the-tracking-server"
SURROUNDING = "c4n4ry-in-the-controllers-own-variables"
FORGE = "c4n4ry-of-the-forge"
DATABASE = "c4n4ry-of-the-database"


@dataclass
class Found:
    """What was left behind, and what must not be in it."""

    texts: dict[str, bytes] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def holding(self) -> list[tuple[str, str]]:
        return [
            (n, where)
            for where, text in self.texts.items()
            for n, s in self.secrets.items()
            if _holds(text, s)
        ]


def _attack(
    controller: Controller, town: Town, paper: Paper, folders: list[Path], *, networks: tuple[str, ...]
) -> Found:
    """Push jobs that pry and a broken spec, wait, and gather every text."""
    addresses = [f"{controller.url}{path}" for path in ("/", "/api/v1/runs", "/metrics", "/login", "/readyz")]
    addresses += [f"{town.url}/api/v3/{path}" for path in ("user", f"repos/{paper.name}/hooks")]
    looked_at = [*folders, town.folder, Path.home(), Path("/run"), Path("/etc")]
    found = Found(secrets={"token": town.tokens["bot"], "webhook": SECRET, "surrounding": SURROUNDING})
    with controller:
        pushed = {
            network: paper.push_tag(prying.paper(looked_at, addresses, network=network), network)
            for network in networks
        }
        broken = tiny("broken") | {"reprise.yaml": "version: 1\nnonsense: 1\n"}
        pushed["broken"] = paper.push_tag(broken, "broken")
        runs = [controller.await_run(tag) for tag in pushed]
        said = [(run["verdict"], run["message"]) for run in runs]
        assert [verdict for verdict, _ in said] == ["reproduced"] * len(networks) + ["not_run"], said
        if (controller.state / FILE).exists():
            found.secrets["start"] = (controller.state / FILE).read_text().strip()
        pages = ["/", "/metrics", "/readyz", "/login", "/api/v1/runs"]
        for run in runs:
            pages += [f"/runs/{run['run_id']}", f"/api/v1/runs/{run['run_id']}"]
        found.texts |= {path: controller.page(path).content for path in pages}
        for sha in pushed.values():
            found.texts[f"posted on {sha}"] = json.dumps(paper.statuses(sha) + paper.comments(sha)).encode()
    assert controller.log.stat().st_size > 0
    for below in folders:
        found.texts |= {str(path): path.read_bytes() for path in _files(below)}
    _saw_much(controller, addresses, networks)
    return found


def _saw_much(controller: Controller, addresses: list[str], networks: tuple[str, ...]) -> None:
    """The jobs' own views are among what is searched; with a network, every door was asked and shut."""
    views = [path.read_text(errors="replace") for path in (controller.state / "runs").rglob("seen.txt")]
    assert len(views) == len(networks)
    for text in views:
        assert "REPRISE_SEED" in text
        assert "/maps: " in text
    opened = "".join(views)
    for address in addresses[:3]:
        assert f"GET {address}: 401" in opened
    assert "200 ready" in opened or "503 not ready" in opened


def test_no_secret_is_in_any_log_row_file_page_status_comment_or_view_of_a_job(
    controller: Controller, town: Town, paper: Paper, cache: Path, tmp_path: Path
) -> None:
    watched = controller.with_settings(
        REPRISE_HTTP__OPERATOR_TOKEN=OPERATOR, AWS_SECRET_ACCESS_KEY=SURROUNDING, REPRISE_PROCESS__SLOTS="3"
    )
    folders = [tmp_path / "controller", cache]
    found = _attack(watched, town, paper, folders, networks=("fetch-only", "open"))
    found.secrets["operator"] = OPERATOR
    assert found.holding() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="the test above is that of an ordinary user already")
def test_the_same_holds_for_an_ordinary_users_controller_and_a_tracking_server_that_refuses(
    town: Town, paper: Paper
) -> None:
    cache = ordinary.ROOT / ".cache"
    folder = Path(tempfile.mkdtemp(prefix="secrets-", dir=cache))
    with _tracking_server() as asked:
        uri = f"http://reprise:{TRACKING}@127.0.0.1:{asked.port}"
        made = Controller(folder / "controller", town, folder / "controller/cache", watch=paper.name)
        paper.hook(made.url)
        made.with_settings(
            REPRISE_TRACKING__URI=uri,
            AWS_SECRET_ACCESS_KEY=SURROUNDING,
            UV_PYTHON=sys.executable,
            PYTHONPYCACHEPREFIX="",  # a fresh one would have everything compiled again
        )
        folder.chmod(0o755)
        try:
            found = _attack(made.as_ordinary_user(), town, paper, [folder], networks=("open",))
        finally:
            kept = folder.rename(folder.with_name(f"{folder.name}-gone"))
            remove_tree(kept)
    found.secrets["tracking"] = TRACKING
    basic = base64.b64encode(f"reprise:{TRACKING}".encode()).decode()
    assert f"Basic {basic}" in asked.authorizations, "the password was used"
    assert found.holding() == []


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    settings = {
        "REPRISE_STATE_DIR": str(tmp_path / "state"),
        "REPRISE_DATABASE_URL": f"postgresql+psycopg://reprise:{DATABASE}@127.0.0.1:1/reprise",
        "REPRISE_GITHUB__API_URL": "http://127.0.0.1:1/api/v3",
        "REPRISE_GITHUB__TOKEN": FORGE,
        "REPRISE_GITHUB__WEBHOOK_SECRET": SECRET,
        "REPRISE_WATCH": "ada/paper",
        "REPRISE_HTTP__PORT": "0",
    }
    done = subprocess.run(
        (sys.executable, "-m", "reprise", "serve"),
        env={**os.environ, **settings},
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert b"database" in said.lower()
    assert not [secret for secret in (DATABASE, FORGE, SECRET) if _holds(said, secret)], said.decode()


@pytest.mark.parametrize("before", ["", "x", "xy", "bot:"])
def test_the_search_finds_a_secret_in_every_form_in_which_it_travels(before: str) -> None:
    basic = base64.b64encode(f"{before}{OPERATOR}".encode())
    assert _holds(b"Authorization: Basic " + basic + b"\n", OPERATOR)
    assert _holds(json.dumps({"x": before + OPERATOR}).encode(), OPERATOR)
    assert not _holds(base64.b64encode(b"something else of about this length"), OPERATOR)


class _tracking_server:
    """Lets nobody in, and keeps what they showed."""

    def __enter__(self) -> "_tracking_server":
        self.authorizations: list[str] = []
        kept = self.authorizations

        class Refusal(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kept.append(self.headers.get("Authorization", ""))
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.dumps({"error_code": "UNAUTHENTICATED", "message": f"{self.headers}"}).encode()
                self.send_response(401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PATCH = do_PUT = do_GET

            def log_message(self, *_: object) -> None:
                """Not to the test's output."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        if "bytecode" in folders:
            folders.remove("bytecode")  # of the project and its packages
        for name in names:
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _holds(text: bytes, secret: str) -> bool:
    return any(form in text for form in _forms(secret.encode()))


def _forms(secret: bytes) -> Iterator[bytes]:
    """As it is, and inside base64 at each of the three alignments, without the characters it shares."""
    yield secret
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret)
        yield encoded[4 if shift else 0 : len(encoded) - 4]
