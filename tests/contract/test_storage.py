"""What holds for everything that keeps something: the fake, the caches, rehearsals and a controller's own."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.fakes.storage import FakeStorage
from tests.repositories import write_files

from reprise import uses
from reprise.adapters.data.storage import DataStorage
from reprise.adapters.git.storage import CloneStorage
from reprise.adapters.images import records
from reprise.adapters.images.places import Place
from reprise.adapters.images.registry import Credentials, Registries
from reprise.adapters.images.storage import ImageStorage
from reprise.adapters.mlflow.environment import folder_of
from reprise.adapters.mlflow.storage import ServerStorage
from reprise.adapters.process.environments import build_lock
from reprise.adapters.process.storage import LIVES, ProcessStorage, Rehearsals
from reprise.domain.image import Image
from reprise.domain.image import Kind as ImageKind
from reprise.domain.retention import Item, Kind
from reprise.locks import locked
from reprise.ports import Storage

LONG_AGO = datetime(2024, 5, 1, tzinfo=UTC)
KEY = "a1" * 32


@dataclass(frozen=True)
class Case:
    """A storage that keeps one thing, unused since `LONG_AGO`."""

    storage: Storage
    kind: Kind
    name: str
    bytes: int
    use: Callable[[], object]
    """Makes it needed or used again."""


def _old(folder: Path, *files: str) -> Path:
    write_files(folder, dict.fromkeys(files, "x" * 100))
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (LONG_AGO.timestamp(),) * 2)
    return folder


def _fake(folder: Path) -> Case:
    item = Item(Kind.ENVIRONMENT, "e", 100, LONG_AGO)
    storage = FakeStorage(item)

    def use() -> None:
        storage.items["e"] = Item(Kind.ENVIRONMENT, "e", 100, datetime.now(UTC))

    return Case(storage, Kind.ENVIRONMENT, "e", 100, use)


def _environment(folder: Path) -> Case:
    place = _old(folder / "environments" / KEY, "1/bin/python", "1.json")
    return Case(ProcessStorage(folder), Kind.ENVIRONMENT, KEY, 200, lambda: uses.use(place, folder))


def _downloads(folder: Path) -> Case:
    _old(folder / "uv", "wheels/a", "wheels/b")
    lock = locked(folder / "downloads.lock", timeout=0, shared=True)
    return Case(ProcessStorage(folder), Kind.DOWNLOADS, "uv", 200, lock.__enter__)


def _bench(folder: Path) -> Case:
    _old(folder / "build-x", "plan.json")
    lock = locked(folder / "downloads.lock", timeout=0, shared=True)
    return Case(ProcessStorage(folder), Kind.LEFTOVER, "build-x", 100, lock.__enter__)


def _image(folder: Path) -> Case:
    """A ready one, of which only the record is ours."""
    place = folder / "images" / KEY
    image = Image(ImageKind.IMAGE, f"sha256:{KEY}", (), "", generated=False)
    records.save(place, records.Record(f"r.example/a@sha256:{KEY}", image, "3.11.2", {}, 0, pushed=False))
    (size,) = (path.stat().st_size for path in _old(place).iterdir())
    nowhere = Place(Registries(Credentials()), None, None)
    storage = ImageStorage(folder, nowhere)
    return Case(storage, Kind.ENVIRONMENT, KEY, size, lambda: uses.use(place, folder))


def _clone(folder: Path) -> Case:
    place = _old(folder / "7.git", "objects/pack/a.pack")
    return Case(CloneStorage(folder), Kind.CLONE, "7.git", 100, lambda: uses.touch(place))


def _submodule(folder: Path) -> Case:
    place = _old(folder / "submodules" / "abc.git", "objects/pack/a.pack")
    return Case(CloneStorage(folder), Kind.CLONE, "submodules/abc.git", 100, lambda: uses.touch(place))


def _server(folder: Path) -> Case:
    place = _old(folder / "mlflow-0123", "complete", "bin/mlflow")
    return Case(ServerStorage(folder, None), Kind.SERVER, "mlflow-0123", 200, lambda: uses.touch(place))


def _rehearsal(folder: Path) -> Case:
    place = _old(folder / "abc", "reprise.db", "runs/r1/log.txt")
    lock = locked(place / LIVES, timeout=0)
    return Case(Rehearsals(folder), Kind.REHEARSAL, "abc", 200, lock.__enter__)


def _data(folder: Path) -> Case:
    place = _old(folder / "data" / "open", KEY) / KEY
    return Case(DataStorage(folder), Kind.DATA, f"open/{KEY}", 100, lambda: uses.use(place, folder))


def _part(folder: Path) -> Case:
    part = _old(folder / "data" / "open" / ".parts", KEY) / KEY
    name = f"open/.parts/{KEY}"
    lock = locked(part.with_suffix(".lock"), timeout=0)
    return Case(DataStorage(folder), Kind.LEFTOVER, name, 100, lock.__enter__)


MAKERS = (
    _fake,
    _environment,
    _image,
    _downloads,
    _bench,
    _clone,
    _submodule,
    _server,
    _rehearsal,
    _data,
    _part,
)


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__.strip("_"))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    made: Case = request.param(tmp_path)
    return made


def kept(case: Case) -> list[Item]:
    return sorted(case.storage.kept(), key=lambda item: item.name)


def test_what_is_kept_is_told_and_looking_changes_nothing(case: Case, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    (item,) = kept(case)
    assert (item.kind, item.name, item.bytes, item.needed) == (case.kind, case.name, case.bytes, None)
    assert item.used_at == LONG_AGO
    assert kept(case) == [item]
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_removed_is_gone_and_removing_it_again_is_fine(case: Case, tmp_path: Path) -> None:
    (item,) = kept(case)
    assert case.storage.remove(item)
    assert kept(case) == []
    assert case.storage.remove(item)
    case.storage.tidy()
    assert all(path.suffix == ".lock" for path in tmp_path.rglob("*") if path.is_file())


def test_what_is_used_since_it_was_decided_stays(case: Case) -> None:
    (item,) = kept(case)
    case.use()
    assert not case.storage.remove(item)
    (after,) = kept(case)
    assert after.needed is not None or after.used_at > LONG_AGO + timedelta(days=1)
    assert after.bytes >= case.bytes


def test_what_a_crash_left_of_a_removal_is_finished(case: Case, tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.glob("*/")):
        if (parent / case.name.rpartition("/")[2]).exists():
            uses.set_aside(parent / case.name.rpartition("/")[2])
    case.storage.tidy()
    assert not list(tmp_path.rglob(f"{uses.GONE}*"))


def test_an_environment_that_is_being_built_stays(tmp_path: Path) -> None:
    case = _environment(tmp_path)
    (item,) = kept(case)
    with locked(build_lock(tmp_path / "environments" / KEY), timeout=0):
        (building,) = kept(case)
        assert building.needed == "it is being built"
        assert not case.storage.remove(item)
    assert case.storage.remove(item)


def test_our_own_mlflow_server_keeps_its_environment(tmp_path: Path) -> None:
    """And says so to other controllers that share the cache."""
    python = Path(sys.executable)
    own = _old(folder_of(tmp_path, python), "complete")
    other = _old(tmp_path / "mlflow-older", "complete")
    storage = ServerStorage(tmp_path, python)
    told = {item.name: item.needed is not None for item in storage.kept()}
    assert told == {own.name: True, other.name: False}
    storage.tidy()
    assert uses.last_use(own) > LONG_AGO + timedelta(days=1)
    assert uses.last_use(other) == LONG_AGO
