"""Digests of base images come from what a registry sends, all of them or none."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import pin

MANIFEST = b'{"schemaVersion": 2, "manifests": []}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
PUBLIC = "/v2/library/python/manifests/3.12"
GUARDED = "/v2/nvidia/cuda/manifests/12.6"


class _Registry(BaseHTTPRequestHandler):
    """Speaks as much of the distribution protocol as looking up a tag takes; one repository wants a token."""

    lies = False

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if place.path == "/token":
            asked = parse_qs(place.query)
            self.answer(200, json.dumps({"token": f"for {asked['service'][0]} {asked['scope'][0]}"}).encode())
        elif place.path == PUBLIC or (place.path == GUARDED and self.headers["Authorization"] == TOKEN):
            assert "application/vnd.oci.image.index.v1+json" in self.headers["Accept"]
            told = "sha256:" + "0" * 64 if self.lies else DIGEST
            self.answer(200, MANIFEST, {"Docker-Content-Digest": told})
        elif place.path == GUARDED:
            realm = f"http://{self.headers['Host']}/token"
            asks = f'Bearer realm="{realm}",service="the registry",scope="repository:nvidia/cuda:pull"'
            self.answer(401, b"", {"WWW-Authenticate": asks})
        else:
            self.answer(404, b"{}")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


TOKEN = "Bearer for the registry repository:nvidia/cuda:pull"


class _Liar(_Registry):
    lies = True


@pytest.fixture(params=[_Registry])
def host(request: pytest.FixtureRequest) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), request.param) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run(folder: Path, bases: str, *words: str) -> int:
    (folder / "bases.txt").write_text(bases)
    return pin.main([*words, "--bases", str(folder / "bases.txt"), "--pinned", str(folder / "pinned.txt")])


def test_every_base_is_written_with_the_digest_of_what_was_sent(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bases = f"# a comment\ncpu {host}/library/python:3.12\n\ncuda {host}/nvidia/cuda:12.6  # wants a token\n"

    assert run(tmp_path, bases) == 0

    lines = [f"cpu {host}/library/python:3.12@{DIGEST}", f"cuda {host}/nvidia/cuda:12.6@{DIGEST}"]
    assert (tmp_path / "pinned.txt").read_text().splitlines() == lines
    assert capsys.readouterr().out.splitlines() == lines
    assert run(tmp_path, bases, "show", "cuda") == 0
    assert capsys.readouterr().out == f"{host}/nvidia/cuda:12.6@{DIGEST}\n"


def test_one_that_is_not_there_pins_none(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pinned.txt").write_text("cpu before\n")

    assert run(tmp_path, f"cpu {host}/library/python:3.12\nrocm {host}/rocm/dev:9\n") == 1

    assert (tmp_path / "pinned.txt").read_text() == "cpu before\n"
    said = capsys.readouterr().err
    assert said.startswith(f"nothing was pinned: {host}/rocm/dev:9 is not there, or not for everybody")


@pytest.mark.parametrize("host", [_Liar], indirect=True)
def test_a_digest_that_is_only_said_is_not_believed(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, f"cpu {host}/library/python:3.12\n") == 1

    assert "sent other bytes for" in capsys.readouterr().err
    assert not (tmp_path / "pinned.txt").exists()


@pytest.mark.parametrize(
    ("bases", "why"),
    [
        ("cpu", "line 1: a line is a new name"),
        ("cpu python:3\ncpu python:4", "line 2: a line is a new name"),
        (f"cpu python:3@{DIGEST}", "line 1: a line is a new name, then an image with its tag and no digest"),
        ("cpu python", "python: write it as [host/]name:tag"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(
    tmp_path: Path, bases: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, bases) == 1
    assert why in capsys.readouterr().err


def test_a_build_before_anything_was_pinned_is_told_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "cpu python:3\n", "show", "cpu") == 1
    assert capsys.readouterr().err == "pinned.txt is not there: run make pin-images first\n"


# --- what is committed ------------------------------------------------------------------------------


def test_every_base_has_a_dockerfile_that_starts_from_what_it_is_told() -> None:
    bases = pin.read_bases(pin.BASES.read_text())
    files = {path.name.partition(".")[0]: path.read_text() for path in pin.HERE.glob("*.Dockerfile")}

    assert set(files) == set(bases)
    for text in files.values():
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert lines[:2] == ["ARG BASE", "FROM ${BASE}"]
        assert "sha256:" not in text
    for image in bases.values():
        pin.parse(image)
