"""`reprise doctor` on the docker backend: what is found for each state, and what the next step is."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reprise.doctor.docker import (
    buildkit_finding,
    engine_findings,
    examine_docker,
    gpu_finding,
    registry_finding,
)
from reprise.domain.errors import Retryable
from reprise.settings import Settings
from reprise.settings.containers import Docker, Images


@dataclass(frozen=True)
class Told:
    version: str = "27.3.1"
    cpus: int = 8
    memory_bytes: int = 32_000_000_000
    rootless: bool = False
    storage_driver: str = "overlay2"
    cgroup: str = "2"


def test_a_controller_without_docker_is_asked_nothing(tmp_path: Path) -> None:
    assert list(examine_docker(Settings(state_dir=tmp_path))) == []


def test_settings_of_docker_that_nothing_names_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    images = {"registry": "127.0.0.1:9/reprise"}
    (found,) = examine_docker(Settings.model_validate({"state_dir": tmp_path, "images": images}))
    assert (found.ok, "REPRISE_BACKENDS does not name it" in found.said) == (True, True)
    assert "`reprise doctor docker`" in (found.next_step or "")


def test_an_engine_that_answers_is_described() -> None:
    found = {each.name: each for each in engine_findings(Docker(), lambda: Told())}
    assert all(each.ok and each.next_step is None for each in found.values())
    assert found["docker"].said == "Engine 27.3.1 with 8 cores, 32.0 GB"
    assert found["docker storage"].said == "overlay2"


def test_an_engine_that_does_not_answer_is_a_problem_with_a_step() -> None:
    def silent() -> Told:
        raise Retryable("the Docker Engine at unix:///x.sock does not answer")

    (found,) = engine_findings(Docker(host="unix:///x.sock"), silent)
    assert not found.ok
    assert found.next_step is not None
    assert "REPRISE_DOCKER__HOST" in found.next_step


def test_what_is_slow_or_limits_nothing_is_named() -> None:
    odd = Told(storage_driver="vfs", cgroup="1", rootless=True)
    found = {each.name: each for each in engine_findings(Docker(), lambda: odd)}
    assert found["docker storage"].next_step is not None
    assert not found["docker limits"].ok


@pytest.mark.parametrize(
    ("setting", "vendor", "ok", "said"),
    [
        ("none", None, True, "none are lent; no GPU here"),
        ("none", "nvidia", True, "none are lent; 2 NVIDIA GPUs here"),
        ("nvidia", "nvidia", True, "2 NVIDIA GPUs lent"),
        ("nvidia", None, False, "NVIDIA GPUs are to be lent, and there is no GPU here"),
        ("rocm", "nvidia", False, "AMD GPUs are to be lent, and there is 2 NVIDIA GPUs here"),
    ],
)
def test_gpus_that_are_lent_have_to_be_there(setting: str, vendor: str | None, ok: bool, said: str) -> None:
    found = gpu_finding(Docker.model_validate({"gpus": setting}), vendor, 2 if vendor else 0)
    assert (found.ok, found.said) == (ok, said)


def test_a_machine_without_buildkit_is_told_what_to_install(tmp_path: Path) -> None:
    found = buildkit_finding(Images(), path=str(tmp_path))
    assert not found.ok
    assert found.said == "there is no BuildKit here"
    assert found.next_step is not None
    assert "REPRISE_IMAGES__BUILDKIT" in found.next_step


class Registry(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/v2/" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(("status", "ok"), [(200, True), (401, True), (500, False)])
def test_a_registry_answers_asks_who_is_there_or_is_none(
    server: ThreadingHTTPServer, status: int, ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "status", status)
    found = registry_finding(f"127.0.0.1:{server.server_port}/reprise")
    assert found.ok is ok
    assert (found.next_step is None) == (status == 200)


def test_a_registry_that_is_not_there_is_a_problem() -> None:
    found = registry_finding("127.0.0.1:9/reprise")
    assert not found.ok
    assert "does not answer (ConnectError)" in found.said
