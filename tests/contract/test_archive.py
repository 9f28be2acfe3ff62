"""What every Archive promises, held against the fake and the zips on a disk."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes.archive import FakeArchive
from tests.unit.evidence.examples import ENDINGS

from reprise.adapters.evidence.archive import ZipArchive
from reprise.adapters.evidence.keys import Keys
from reprise.adapters.evidence.sealer import ProcessArchive
from reprise.ports import Archive

Make = Callable[[Path], Archive]


def fake(folder: Path) -> Archive:
    return FakeArchive(folder / "evidence", key=b"-----BEGIN PUBLIC KEY-----\n")


def on_disk(folder: Path) -> Archive:
    keys = Keys(folder / "keys")
    keys.make()
    return ZipArchive(folder / "evidence", keys)


def in_a_process(folder: Path) -> Archive:
    keys = Keys(folder / "keys")
    keys.make()
    return ProcessArchive(ZipArchive(folder / "evidence", keys))


@pytest.fixture(params=[fake, on_disk, in_a_process])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    made: Archive = request.param(tmp_path)
    return made


def test_what_is_sealed_is_kept_under_its_digest(archive: Archive, tmp_path: Path) -> None:
    sealed = archive.seal(ENDINGS["reproduced"](tmp_path / "results"))

    assert archive.path(sealed.sha256) == sealed.path
    assert sealed.path.name == f"{sealed.sha256}.zip"
    assert sealed.path.stat().st_size == sealed.size
    assert archive.path("0" * 64) is None


def test_sealing_twice_is_sealing_once(archive: Archive, tmp_path: Path) -> None:
    record = ENDINGS["not_reproduced"](tmp_path / "results")

    assert archive.seal(record) == archive.seal(record)


def test_only_a_clean_tree_is_signed(archive: Archive, tmp_path: Path) -> None:
    assert archive.public_key() is not None
    clean = archive.seal(ENDINGS["reproduced"](tmp_path / "clean"))
    dirty = archive.seal(ENDINGS["dirty"](tmp_path / "dirty"))
    assert (clean.signed, archive.signed(clean.sha256)) == (True, True)
    assert (dirty.signed, archive.signed(dirty.sha256)) == (False, False)
    assert archive.signed("0" * 64) is None
