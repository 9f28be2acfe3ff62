"""Real environments of real builds: who keeps them, and what happens when one goes while others begin."""

import multiprocessing
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests import jobs, packages
from tests.jobs import until
from tests.unit.process_build.test_process_builder import builder, built, output, request

from reprise.adapters.process.provider import ProcessProvider
from reprise.adapters.process.storage import LIVES, ProcessStorage, Rehearsals
from reprise.domain.errors import Retryable
from reprise.domain.retention import Item, Kind
from reprise.domain.run import RunId
from reprise.locks import locked

LATER = datetime.now(UTC) + timedelta(days=1)


def environments(storage: ProcessStorage) -> list[Item]:
    return [item for item in storage.kept() if item.kind is Kind.ENVIRONMENT]


def later(item: Item) -> Item:
    """As if decided after every use so far."""
    return Item(item.kind, item.name, item.bytes, LATER)


def test_an_environment_stays_as_long_as_the_tree_that_it_was_built_for(tmp_path: Path) -> None:
    storage = ProcessStorage(tmp_path / "cache")
    for name in ("one", "two"):
        packages.uv_project(tmp_path / name / "tree")
        location = built(builder(tmp_path).build(request(tmp_path / name / "tree"))).location
    for name in ("one", "two"):
        (item,) = environments(storage)
        assert item.needed is not None
        assert item.needed.endswith("/tree uses it")
        assert not storage.remove(later(item))
        shutil.rmtree(tmp_path / name)
    (item,) = environments(storage)
    assert item.needed is None
    assert item.bytes > 1000
    assert storage.remove(item)
    assert not Path(location).exists()
    assert environments(storage) == []


def test_a_removed_environment_is_built_again_and_works(tmp_path: Path) -> None:
    storage = ProcessStorage(tmp_path / "cache")
    first, second = tmp_path / "one" / "tree", tmp_path / "two" / "tree"
    packages.uv_project(first)
    packages.uv_project(second)
    builder(tmp_path).build(request(first))
    shutil.rmtree(first)
    for item in list(storage.kept()):
        assert storage.remove(later(item))
    assert list(storage.kept()) == []
    again = built(builder(tmp_path).build(request(second)))
    assert output(again, "import tinyone; print(tinyone.VERSION)") == "1.0"
    assert storage.remove(later(environments(storage)[0])) is False


def test_what_was_used_since_the_decision_stays(tmp_path: Path) -> None:
    storage = ProcessStorage(tmp_path / "cache")
    tree = tmp_path / "one" / "tree"
    packages.uv_project(tree)
    builder(tmp_path).build(request(tree))
    (decided,) = environments(storage)
    builder(tmp_path).build(request(tree))
    shutil.rmtree(tree)
    assert not storage.remove(decided)
    (now,) = environments(storage)
    assert now.needed is None
    assert now.used_at > decided.used_at
    assert storage.remove(now)


def _remove_until(cache: Path, stop: threading.Event, removed: list[str]) -> None:
    storage = ProcessStorage(cache)
    while not stop.is_set():
        for item in environments(storage):
            if storage.remove(later(item)):
                removed.append(item.name)


def _build_and_use(folder: Path, name: str, times: int) -> None:
    """In a process of its own. Ends with an error when its environment goes away while it is used."""
    for number in range(times):
        tree = folder / f"{name}-{number}" / "tree"
        packages.uv_project(tree)
        made = built(builder(folder).build(request(tree)))
        for _ in range(3):
            assert output(made, "import tinyone; print(tinyone.VERSION)") == "1.0"
        shutil.rmtree(tree)


def test_builds_of_other_processes_and_a_greedy_remover_do_not_meet(tmp_path: Path) -> None:
    """The remover takes whatever is free at every moment; no build ever misses what it was given."""
    stop, removed = threading.Event(), list[str]()
    (tmp_path / "cache").mkdir()
    remover = threading.Thread(target=_remove_until, args=(tmp_path / "cache", stop, removed))
    spawned = multiprocessing.get_context("spawn")
    others = [spawned.Process(target=_build_and_use, args=(tmp_path, name, 2)) for name in ("a", "b")]
    remover.start()
    try:
        for other in others:
            other.start()
        for other in others:
            other.join(60)
    finally:
        stop.set()
        remover.join(30)
    assert [other.exitcode for other in others] == [0, 0]
    assert removed


def test_downloads_stay_while_something_is_installed(tmp_path: Path) -> None:
    storage = ProcessStorage(tmp_path / "cache")
    tree = tmp_path / "one" / "tree"
    packages.uv_project(tree)
    builder(tmp_path).build(request(tree))
    (uv,) = (item for item in storage.kept() if item.name == "uv")
    assert (uv.needed, uv.kind) == (None, Kind.DOWNLOADS)
    with locked(tmp_path / "cache" / "downloads.lock", timeout=0, shared=True):
        assert not storage.remove(uv)
    assert storage.remove(uv)
    assert not (tmp_path / "cache" / "uv").exists()


def test_an_old_rehearsal_goes_with_what_still_runs_in_it(tmp_path: Path) -> None:
    state = tmp_path / "rehearsals" / "killed"
    provider = ProcessProvider(state)
    provider.request(RunId("run-1"), jobs.spec())
    trial = state / "work" / "run-1" / "trials" / "0-1"
    trial.mkdir()
    variables = {"REPRISE_OUTPUT_DIR": str(trial / "output")}
    job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=variables)
    try:
        (item,) = Rehearsals(tmp_path / "rehearsals").kept()
        assert Rehearsals(tmp_path / "rehearsals").remove(item)
        assert list((tmp_path / "rehearsals").iterdir()) == []
        until(lambda: job.poll() is not None)
    finally:
        job.kill()
        job.wait()


@pytest.mark.parametrize("lives", [True, False])
def test_a_rehearsal_that_goes_on_stays(tmp_path: Path, lives: bool) -> None:
    state = tmp_path / "rehearsals" / "abc"
    state.mkdir(parents=True)
    storage = Rehearsals(tmp_path / "rehearsals")
    with locked(state / LIVES, timeout=0) if lives else locked(tmp_path / "other", timeout=0):
        (item,) = storage.kept()
        assert (item.needed is not None) is lives
        assert storage.remove(item) is not lives


def test_what_the_killed_hold_is_given_back_and_asked_again_where_that_failed(tmp_path: Path) -> None:
    """Also on other backends, here one that does not answer for two of them."""
    folder, asked, deaf = tmp_path / "rehearsals", list[str](), {"a-deaf", "d-deaf"}
    for name in ("a-deaf", "b-lives", "c-killed", "d-deaf"):
        ProcessProvider(folder / name).request(RunId("run-1"), jobs.spec())

    def elsewhere(state: Path) -> None:
        asked.append(state.name)
        if state.name in deaf:
            raise Retryable("the Engine did not answer")

    storage = Rehearsals(folder, elsewhere=elsewhere)
    with locked(folder / "b-lives" / LIVES, timeout=0):
        storage.give_back_killed()
        assert asked == ["a-deaf", "c-killed", "d-deaf"]
        assert ProcessProvider(folder / "b-lives").owned() == (RunId("run-1"),)
        assert ProcessProvider(folder / "c-killed").owned() == ()
    with pytest.raises(Retryable):
        storage.remove(next(storage.kept()))
    assert (folder / "a-deaf").is_dir(), "who forgets the folder forgets the container"
