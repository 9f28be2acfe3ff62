"""A package made in a process of its own: what ends it is told, and tried again where that helps."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.evidence.examples import ENDINGS

from reprise.adapters.evidence.archive import ZipArchive
from reprise.adapters.evidence.keys import Keys
from reprise.adapters.evidence.sealer import ProcessArchive
from reprise.domain.errors import Refused, Retryable


def archive(folder: Path, program: str | None = None, *, seconds: float = 60) -> ProcessArchive:
    keys = Keys(folder / "keys")
    keys.make()
    zips = ZipArchive(folder / "evidence", keys)
    if program is None:
        return ProcessArchive(zips)
    return ProcessArchive(zips, timeout=timedelta(seconds=seconds), command=(sys.executable, "-c", program))


def test_a_process_makes_the_same_bytes(tmp_path: Path) -> None:
    record = ENDINGS["reproduced"](tmp_path / "results")
    there = archive(tmp_path / "there")
    here = ZipArchive(tmp_path / "here", Keys(tmp_path / "there" / "keys"))

    sealed = there.seal(record)

    assert sealed.path.read_bytes() == here.seal(record).path.read_bytes()
    assert sealed.signed


def test_what_cannot_be_packed_is_refused_with_its_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "reprise.key").write_text("no key")
    zips = ZipArchive(tmp_path / "evidence", Keys(tmp_path / "keys"))

    with pytest.raises(Refused, match="is no Ed25519 key"):
        ProcessArchive(zips).seal(ENDINGS["reproduced"](tmp_path / "results"))


def test_a_disk_that_does_not_take_it_may_take_it_later(tmp_path: Path) -> None:
    blocked = archive(tmp_path)
    (tmp_path / "evidence").write_text("a file where the folder would be")

    with pytest.raises(Retryable, match="cannot be written"):
        blocked.seal(ENDINGS["reproduced"](tmp_path / "results"))


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import os; os.kill(os.getpid(), 9)", r"packing the evidence broke off \(signal 9\)"),
        ("raise SystemExit(3)", r"packing the evidence broke off \(exit 3\)"),
        ("import time; time.sleep(60)", r"it took longer than 0.3 s"),
    ],
)
def test_a_process_that_ends_otherwise_is_told(tmp_path: Path, program: str, told: str) -> None:
    with pytest.raises(Retryable, match=told):
        archive(tmp_path, program, seconds=0.3 if "sleep" in program else 60).seal(
            ENDINGS["reproduced"](tmp_path / "results")
        )


def test_an_answer_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nobody could read"):
        archive(tmp_path, "print('{}')").seal(ENDINGS["reproduced"](tmp_path / "results"))


def test_nothing_is_packed_once_it_is_closed(tmp_path: Path) -> None:
    closed = archive(tmp_path)
    closed.close()

    with pytest.raises(Retryable, match="Reprise was stopped meanwhile"):
        closed.seal(ENDINGS["reproduced"](tmp_path / "results"))
    assert not (tmp_path / "evidence").exists()
