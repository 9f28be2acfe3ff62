"""The installer is a small script here; the real one runs in tests/integration/mlflow/test_server.py."""

import sys
import threading
import time
from pathlib import Path

import pytest

from reprise.adapters.mlflow.environment import COMPLETE, ensure_environment
from reprise.domain.errors import Retryable

PYTHON = Path(sys.executable)


@pytest.fixture
def uv(tmp_path: Path) -> Path:
    """Writes down how it was called; makes what ``uv venv`` makes; does as the file ``do`` says."""
    script = tmp_path / "uv"
    script.write_text(
        f"""#!/bin/sh
echo "$@" >> {tmp_path}/calls
env > {tmp_path}/variables
if [ "$1" = venv ]; then for last; do :; done; mkdir -p "$last"; exit; fi
test -f {tmp_path}/do && . {tmp_path}/do
exit 0
"""
    )
    script.chmod(0o755)
    return script


def installations(uv: Path) -> int:
    return uv.with_name("calls").read_text().count("pip sync")


def test_it_is_installed_once_and_then_found(tmp_path: Path, uv: Path) -> None:
    first = ensure_environment(tmp_path / "cache", uv, PYTHON)
    assert ensure_environment(tmp_path / "cache", uv, PYTHON) == first
    assert (first / COMPLETE).is_file()
    assert installations(uv) == 1


def test_ten_at_once_install_it_once(tmp_path: Path, uv: Path) -> None:
    (tmp_path / "do").write_text("sleep 0.3")
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(ensure_environment(tmp_path / "cache", uv, PYTHON)))
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert (len(found), len(set(found)), installations(uv)) == (10, 1, 1)


def test_an_interrupted_installation_is_started_over(tmp_path: Path, uv: Path) -> None:
    folder = ensure_environment(tmp_path / "cache", uv, PYTHON)
    (folder / COMPLETE).unlink()
    (folder / "half").touch()
    assert ensure_environment(tmp_path / "cache", uv, PYTHON) == folder
    assert not (folder / "half").exists()


def test_only_hashed_packages_are_installed_and_no_secret_is_passed_on(
    tmp_path: Path, uv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_GITHUB__TOKEN", "ghp_hunter2")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mirror.example/simple")
    ensure_environment(tmp_path / "cache", uv, PYTHON)
    assert "--require-hashes" in (tmp_path / "calls").read_text()
    variables = (tmp_path / "variables").read_text()
    assert "UV_DEFAULT_INDEX=https://mirror.example/simple" in variables
    assert "ghp_hunter2" not in variables


def test_a_failed_installation_says_why_and_where_to_read_on(tmp_path: Path, uv: Path) -> None:
    (tmp_path / "do").write_text("echo no such index; exit 1")
    with pytest.raises(Retryable, match=r"could not be installed \(log: .*\.log\): no such index"):
        ensure_environment(tmp_path / "cache", uv, PYTHON)
    (tmp_path / "do").unlink()
    assert ensure_environment(tmp_path / "cache", uv, PYTHON)


@pytest.mark.parametrize(("given_up", "seconds"), [(True, 60.0), (False, 0.5)])
def test_nobody_waits_for_ever_and_no_installer_stays(
    tmp_path: Path, uv: Path, given_up: bool, seconds: float
) -> None:
    (tmp_path / "do").write_text(f"echo $$ > {tmp_path}/pid; exec sleep 60")
    started = time.monotonic()
    with pytest.raises(Retryable, match="Reprise stops" if given_up else "takes too long"):
        ensure_environment(
            tmp_path / "cache",
            uv,
            PYTHON,
            seconds=seconds,
            cancelled=lambda: given_up and (tmp_path / "pid").exists(),
        )
    assert time.monotonic() - started < 20
    pid = (tmp_path / "pid").read_text().strip() if (tmp_path / "pid").exists() else "none"
    assert not Path("/proc", pid).exists()


@pytest.mark.parametrize(
    ("uv_is_there", "said"), [(False, "uv could not be started"), (True, "does not run")]
)
def test_a_missing_tool_is_named(tmp_path: Path, uv: Path, uv_is_there: bool, said: str) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(Retryable, match=said):
        ensure_environment(tmp_path / "cache", *((uv, absent) if uv_is_there else (absent, PYTHON)))
