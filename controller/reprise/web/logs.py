"""What jobs wrote: a log as plain text, or all trials of a run as server-sent events while they write."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reprise.domain.log_text import readable
from reprise.domain.run import RunId
from reprise.domain.text import clean_line
from reprise.engine.world import Folders, World
from reprise.masking import mask
from reprise.store import runs
from reprise.store.runs import Trial

_CHUNK = 64 * 1024
_REMOVED = b"== This log is kept no longer. Verdict, results and declared files are.\n"
_PAUSE = 0.5
_SIGN_OF_LIFE = 15.0
"""Seconds after which silence is broken, so that nobody in between closes the connection."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Up to where somebody has read; what an event stream calls an id."""

    trial: int = 0
    attempt: int = 0
    offset: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """The beginning, when it is not one of ours."""
        parts = text.split("-")
        if len(parts) == 3 and all(part.isdecimal() and len(part) < 16 for part in parts):
            return cls(*map(int, parts))
        return cls()

    def __str__(self) -> str:
        return f"{self.trial}-{self.attempt}-{self.offset}"


def newest_log(world: World, run_id: RunId, trial: int | None) -> Path | None:
    """Of the last attempt at this trial, or at the last trial so far."""
    trials = _trials(world, run_id, trial)
    return _file(world.folders, run_id, trials[-1]) if trials else None


def whole(log: Path | None) -> Iterator[bytes]:
    """What stands in the file now; it may grow meanwhile."""
    if log is not None and not log.is_file() and (log.parent / "result.json").is_file():
        yield _REMOVED
    if log is None or not log.is_file():
        return
    with log.open("rb") as handle:
        left = log.stat().st_size
        while left > 0 and (chunk := handle.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


async def follow(
    world: World, run_id: RunId, trial: int | None, after: Position, stopping: Callable[[], bool]
) -> AsyncIterator[str]:
    """Events with lines of text, one trial after the other; ``end`` when the run has ended.

    Without one the reader is to come back: the controller is ``stopping``.
    """
    spoken = time.monotonic()
    while not stopping():
        ended = await asyncio.to_thread(_ended, world, run_id)
        text, after = await asyncio.to_thread(_read_on, world, run_id, trial, after)
        if text:
            yield _event(text, after)
        elif ended:
            yield "event: end\ndata:\n\n"
            return
        elif time.monotonic() - spoken > _SIGN_OF_LIFE:
            yield ": still there\n\n"
        else:
            await asyncio.sleep(_PAUSE)
            continue
        spoken = time.monotonic()


def _event(text: str, position: Position) -> str:
    shown = mask("\n".join(map(clean_line, text.removesuffix("\n").split("\n"))))
    lines = "".join(f"data: {line}\n" for line in shown.split("\n"))
    return f"id: {position}\n{lines}\n"


def _read_on(world: World, run_id: RunId, trial: int | None, after: Position) -> tuple[str, Position]:
    """The next piece of text, empty when there is none yet."""
    for each in _trials(world, run_id, trial):
        here = Position(each.plan.index, each.attempt)
        if here < Position(after.trial, after.attempt):
            continue
        offset = after.offset if (after.trial, after.attempt) == (here.trial, here.attempt) else 0
        data = _piece(_file(world.folders, run_id, each), offset, last=_is_over(each))
        if data:
            return readable(data), Position(here.trial, here.attempt, offset + len(data))
    return "", after


def _piece(log: Path, offset: int, *, last: bool) -> bytes:
    """Whole lines, unless nothing will follow or one line is all too long."""
    if not log.is_file():
        return b""
    with log.open("rb") as handle:
        handle.seek(offset)
        data = handle.read(_CHUNK)
    if last or len(data) == _CHUNK:
        return data
    return data[: data.rfind(b"\n") + 1]


def _trials(world: World, run_id: RunId, trial: int | None) -> list[Trial]:
    with world.store.read() as connection:
        return [t for t in runs.trials_of(connection, run_id) if trial is None or t.plan.index == trial]


def _ended(world: World, run_id: RunId) -> bool:
    with world.store.read() as connection:
        run = runs.get_run(connection, run_id)
    return run is None or run.ended_at is not None


def _file(folders: Folders, run_id: RunId, trial: Trial) -> Path:
    return folders.trial(run_id, trial.plan.index, trial.attempt) / "log.txt"


def _is_over(trial: Trial) -> bool:
    return trial.result is not None or trial.lost is not None
