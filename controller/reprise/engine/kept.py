"""What the controller itself keeps: files of runs, bodies of deliveries, steps of ended runs.

Of a run's files those stay that its verdict rests on: what the spec declares (metric files and
artifacts, each with its digest in ``collected.json``), and the result of each trial.
"""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from reprise import removal, uses
from reprise.domain.errors import UserError
from reprise.domain.paths import parts_inside
from reprise.domain.retention import Item, Kind
from reprise.domain.run import RunId
from reprise.engine.durable import Engine
from reprise.engine.workflow import RESCUE
from reprise.engine.world import World
from reprise.sizes import bytes_in
from reprise.store import retention as rows
from reprise.store.retention import Over

_GOES_ON = "its run goes on"
_UNKNOWN = "its run is not in the database"
_EVIDENCE = "a verdict rests on it"


class RunFiles:
    """The Storage port on ``<state>/runs`` and on what no run needs below ``<state>/builds``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def kept(self) -> Iterator[Item]:
        with self._world.store.read() as connection:
            over, known = rows.over_runs(connection), rows.known_runs(connection)
        for folder in _folders(self._world.folders.all_results):
            run = over.get(RunId(folder.name))
            needed = None if run is not None else _GOES_ON if folder.name in known else _UNKNOWN
            used = run.ended_at if run is not None else _changed(folder)
            whole = bytes_in(folder)
            logs = sum(bytes_in(path) if path.is_dir() else _size(path) for path in _spare(folder, run))
            if logs:
                yield Item(Kind.LOGS, folder.name, logs, used, needed)
            if whole > logs:
                yield Item(Kind.EVIDENCE, folder.name, whole - logs, used, _EVIDENCE)
        for folder in _folders(self._world.folders.all_builds):
            unfinished = folder.name in known and folder.name not in over
            needed = _GOES_ON if unfinished else None
            yield Item(Kind.LEFTOVER, folder.name, bytes_in(folder), _changed(folder), needed)

    def remove(self, item: Item) -> bool:
        run_id = RunId(item.name)
        with self._world.store.read() as connection:
            run = rows.over_runs(connection, run_id).get(run_id)
            known = item.name in rows.known_runs(connection)
        if item.kind is Kind.LEFTOVER:
            if run is None and known:
                return False
            uses.remove_whole(self._world.folders.build(run_id))
            return True
        if run is None:
            return False
        folder = self._world.folders.results(run_id)
        for path in list(_spare(folder, run)):
            removal.remove_tree(path)
        for path in _empty_folders(folder):
            path.rmdir()
        return True

    def tidy(self) -> None:
        uses.sweep(self._world.folders.all_builds)


class DeliveryBodies:
    """The Storage port on what the forge sent, a day at a time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def kept(self) -> Iterator[Item]:
        with self._world.store.read() as connection:
            days = rows.days_of_deliveries(connection)
        for day in days:
            needed = "a tag or comment of that day is not looked at yet" if day.open else None
            yield Item(Kind.DELIVERY, day.day.isoformat(), day.bytes, day.last, needed)

    def remove(self, item: Item) -> bool:
        with self._world.store.write() as connection:
            rows.forget_bodies(connection, date.fromisoformat(item.name))
        return True

    def tidy(self) -> None:
        """Rows are whole or not there."""


class WorkflowSteps:
    """The Storage port on the durable engine's own rows."""

    def __init__(self, world: World, engine: Engine) -> None:
        self._world = world
        self._engine = engine

    def kept(self) -> Iterator[Item]:
        with self._world.store.read() as connection:
            over, known = rows.over_runs(connection), rows.known_runs(connection)
        for workflow in self._engine.ended():
            run_id = RunId(workflow.removesuffix(RESCUE))
            run = over.get(run_id)
            needed = None if run is not None else _GOES_ON if run_id in known else _UNKNOWN
            used = run.ended_at if run is not None else self._world.clock.now()
            yield Item(Kind.WORKFLOW, workflow, 0, used, needed)

    def remove(self, item: Item) -> bool:
        run_id = RunId(item.name.removesuffix(RESCUE))
        with self._world.store.read() as connection:
            if not rows.over_runs(connection, run_id):
                return False
        self._engine.forget(item.name)
        return True

    def tidy(self) -> None:
        """Rows are whole or not there."""


def _spare(folder: Path, run: Over | None) -> Iterator[Path]:
    """What no verdict rests on. What a job logged to MLflow stays while it is nowhere else."""
    yield from _existing(folder / "build.log")
    for trial in _folders(folder / "trials"):
        yield from _existing(trial / "log.txt", trial / "collect.lock")
        if run is None or run.recorded:
            yield from _existing(trial / "mlruns")
        declared = _declared(trial)
        if declared is not None:
            files = trial / "files"
            for folder_path, _, names in os.walk(files):
                found = (Path(folder_path, name) for name in names)
                yield from (path for path in found if str(path.relative_to(files)) not in declared)


def _declared(trial: Path) -> set[str] | None:
    """Paths that the spec declares, None when nobody knows."""
    try:
        described: dict[str, Any] = json.loads((trial / "collected.json").read_bytes())
        return {"/".join(parts_inside(path)) for path in described["found"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError, UserError):
        return None


def _empty_folders(folder: Path) -> Iterator[Path]:
    """Below ``files``, deepest first, each once it is empty."""
    for files in folder.glob("trials/*/files"):
        for path, _, _ in os.walk(files, topdown=False):
            if Path(path) != files and not os.listdir(path):
                yield Path(path)


def _existing(*paths: Path) -> Iterable[Path]:
    return (path for path in paths if path.exists() or path.is_symlink())


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    found = (path for path in parent.iterdir() if path.is_dir() and not path.is_symlink())
    return sorted(path for path in found if not path.name.startswith("."))


def _size(path: Path) -> int:
    return path.lstat().st_size


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
