"""The key of a run: made once, complete, nobody else's to read."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reprise.adapters.chameleon import key
from reprise.domain.errors import Refused


def test_a_key_is_made_once_and_only_ours_to_read(tmp_path: Path) -> None:
    first = key.ensure(tmp_path / "run" / "key")

    assert first.startswith("ssh-ed25519 ")
    assert key.ensure(tmp_path / "run" / "key") == first
    assert (tmp_path / "run" / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["key"]


def test_those_who_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(key.ensure, [tmp_path / "key"] * 16))) == 1


def test_openssh_reads_it_too(tmp_path: Path) -> None:
    public = key.ensure(tmp_path / "key")

    shown = subprocess.run(
        ["ssh-keygen", "-y", "-f", tmp_path / "key"], capture_output=True, text=True, timeout=20, check=True
    )

    assert shown.stdout.split()[:2] == public.split()


def test_a_file_that_is_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hello")

    with pytest.raises(Refused, match="is not the private key"):
        key.ensure(tmp_path / "key")
