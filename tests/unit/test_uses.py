"""Uses of shared folders: they last as long as their user, and nothing in use is removed."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reprise import uses
from reprise.locks import if_free, is_free, locked

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "shared" / "key"
    folder.mkdir(parents=True)
    (folder / "file").write_text("content")
    return folder


def test_a_use_lasts_as_long_as_its_user(place: Path, tmp_path: Path) -> None:
    user = tmp_path / "run"
    user.mkdir()
    uses.use(place, user)
    assert uses.user_of(place) == user
    assert not uses.remove_unused(place, since=LATER)
    assert (place / "file").read_text() == "content"
    user.rmdir()
    assert uses.user_of(place) is None
    assert uses.remove_unused(place, since=LATER)
    assert [path.name for path in place.parent.iterdir()] == ["uses.lock"]


def test_a_use_may_come_before_what_is_used(tmp_path: Path) -> None:
    uses.use(tmp_path / "key", tmp_path)
    (tmp_path / "key").mkdir()
    assert not uses.remove_unused(tmp_path / "key", since=LATER)


def test_what_was_used_since_the_decision_stays(place: Path) -> None:
    decided = uses.last_use(place)
    os.utime(place, (0, 0))
    assert uses.last_use(place) == datetime.fromtimestamp(0, UTC)
    uses.touch(place)
    assert uses.last_use(place) > decided - timedelta(seconds=5)
    assert not uses.remove_unused(place, since=datetime.fromtimestamp(0, UTC))
    assert place.exists()


def test_removing_what_is_gone_is_fine(place: Path) -> None:
    assert uses.remove_unused(place, since=LATER)
    assert uses.remove_unused(place, since=LATER)


def test_an_interrupted_removal_is_finished_and_uses_of_what_is_gone_are_forgotten(place: Path) -> None:
    uses.touch(place)
    trash = uses.set_aside(place)
    assert not place.exists()
    assert trash is not None
    assert (trash / "file").exists()
    uses.sweep(place.parent)
    assert [path.name for path in place.parent.iterdir()] == ["uses.lock"]


def test_a_link_is_removed_and_not_followed(place: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("stays")
    (place / "link").symlink_to(precious)
    assert uses.remove_unused(place, since=LATER)
    assert (precious / "file").read_text() == "stays"


def test_whoever_begins_to_use_while_others_remove_either_keeps_it_or_finds_it_gone(place: Path) -> None:
    """Never a place that vanishes after its use was noted."""
    broken = []

    def begin(number: int) -> None:
        user = place.parent.parent / f"run-{number}"
        user.mkdir()
        uses.use(place, user)
        there = place.exists()
        if there and not (place / "file").exists():
            broken.append(number)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    gone = uses.remove_unused(place, since=LATER)
    for thread in threads:
        thread.join()
    assert broken == []
    assert gone is not place.exists()


def test_locks_are_shared_or_held_alone(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert is_free(lock)
    assert not lock.exists()
    with locked(lock, timeout=0, shared=True), locked(lock, timeout=0, shared=True):
        assert not is_free(lock)
        with if_free(lock) as free:
            assert not free
    with if_free(lock) as free:
        assert free
        assert not is_free(lock)
    assert is_free(lock)
