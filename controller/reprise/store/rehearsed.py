"""What rehearsals leave for later ones of the same experiment: a small file in each one's state folder.

Every rehearsal has a database of its own, so an earlier one is found by its file. One that cannot be read
is of another version or was cut short: it is passed over, since nothing hangs on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reprise.domain.run import RunId, Sha, Value, Verdict

NAME = "rehearsed.json"
_MOST_BYTES = 1 << 20
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Rehearsed:
    repository_id: int
    experiment: str
    run_id: RunId
    commit: Sha
    ended_at: datetime
    verdict: Verdict
    values: dict[str, Value]
    """claim id → value of trial 0"""
    varied: str | None
    """``seed=3``; None when nothing was varied."""
    record: str
    """Of trial 0's environment, from the state folder; it may be gone or never have been written."""
    backend: str = ""
    """Empty in what an older version left."""


_FILE = TypeAdapter(Rehearsed)


def remember(state: Path, left: Rehearsed) -> None:
    """Whole or not at all."""
    new = state / f"{NAME}.new"
    new.write_bytes(_FILE.dump_json(left))
    new.replace(state / NAME)


def earlier(rehearsals: Path, repository_id: int, experiment: str) -> Iterator[tuple[Path, Rehearsed]]:
    """(state folder, what it left), the newest first."""
    files = sorted(rehearsals.glob(f"*/{NAME}"), key=_changed, reverse=True)[:_LOOKED_AT]
    for file in files:
        left = _read(file)
        if left is not None and (left.repository_id, left.experiment) == (repository_id, experiment):
            yield file.parent, left


def unvaried(rehearsals: Path, repository_id: int, experiment: str) -> Iterator[tuple[Path, Rehearsed]]:
    """Of `earlier` those in which nothing was changed."""
    found = earlier(rehearsals, repository_id, experiment)
    return ((state, left) for state, left in found if left.varied is None)


def alike(
    rehearsals: Path, repository_id: int, experiment: str, backend: str
) -> list[tuple[Path, Rehearsed]]:
    """Of `unvaried` those on this backend first: what differs then is less than between two backends."""
    found = unvaried(rehearsals, repository_id, experiment)
    return sorted(found, key=lambda each: each[1].backend != backend)


def _read(file: Path) -> Rehearsed | None:
    try:
        with file.open("rb") as opened:
            return _FILE.validate_json(opened.read(_MOST_BYTES))
    except (OSError, ValidationError):
        return None


def _changed(file: Path) -> float:
    """0 for one that a cleaner removed meanwhile."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
