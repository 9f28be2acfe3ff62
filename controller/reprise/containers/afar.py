"""The Engine is on another machine: through it a trial's folders are brought there and fetched back.

Each trial has a volume there, and beside its own a container that never starts: through that files go in and
out, with the Engine's rights and whoever owns them. What was fetched lies where the trial would have left it
on this machine, so that whoever collects sees no difference.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from reprise.containers import folders, names
from reprise.containers.engine import Engine
from reprise.containers.mirrored import THERE, TREE, Mirror
from reprise.containers.own_python import OwnPython
from reprise.containers.packing import END, Entry, empty_file, packed
from reprise.containers.wish import Mount
from reprise.domain.errors import Refused
from reprise.domain.run import RunId
from reprise.jobs import layout
from reprise.ports import JobRequest

NOTHING = "reprise/nothing:1"
"""An image without a file."""
WHOLE = ".whole"
"""Beside what was lent, once all of it is there."""
EMPTY_ARCHIVE = bytes(10_240)


class Afar:
    """A place that only the Engine reaches."""

    ours = False

    def __init__(
        self, engine: Engine, state: Path, *, disk_bytes: int, python: Callable[[], OwnPython]
    ) -> None:
        """``state``: the controller's folder. ``disk_bytes``: the most that is fetched of a trial.

        ``python`` asks the Engine's machine.
        """
        self._engine = engine
        self._state = state
        self._mirror = Mirror(engine, disk_bytes)
        self._ask_python = python
        self._lending = threading.Lock()

    def user(self, job: JobRequest, *, rootless: bool) -> str:
        return "0:0" if rootless else f"{folders.FIRST_UID}:{folders.FIRST_UID}"

    def lend(self, run_id: RunId, mount: Mount) -> Mount:
        name = f"{names.network(self._state, run_id)}-lent"
        key = _key(mount.source)
        with self._lending:
            volume = self._volume(name, names.of_run(self._state, run_id))
            if self._engine.seen(name, f"{THERE / key}{WHOLE}") is None:
                self._engine.put(name, _lent(mount.source, key))
        return replace(mount, source=Path(volume, key), of_engine=True)

    def bring(self, job: JobRequest, user: str, mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
        name = self._name(job)
        self.leave(job)
        volume = self._volume(name, names.of_trial(self._state, job.run_id, job.folder))
        self._engine.put(name, _brought(job, user))
        return tuple(self._there(job, each, Path(volume)) for each in mounts)

    def free_bytes(self, job: JobRequest) -> int:
        return 0

    def wrote(self, job: JobRequest) -> int:
        return self._engine.volume_bytes(self._name(job))

    def began(self, job: JobRequest) -> bool:
        return self._engine.seen(self._name(job), str(THERE / folders.TRIAL / layout.CLAIM)) is not None

    def fetch_told(self, job: JobRequest) -> None:
        self._mirror.told(job, self._still(job))

    def fetch(self, job: JobRequest) -> None:
        self._mirror.left(job, self._still(job))

    def fetch_checkpoint(self, job: JobRequest) -> None:
        self._mirror.checkpoint(job, self._still(job))

    def leave(self, job: JobRequest) -> None:
        name = self._name(job)
        self._engine.remove(name)
        self._engine.remove_volume(name)
        self._mirror.forget(job)

    def python(self) -> OwnPython:
        return self._ask_python()

    # --- there ----------------------------------------------------------------------------------

    def _name(self, job: JobRequest) -> str:
        """Of the trial's volume and of the container beside it."""
        return f"{names.container(self._state, job.run_id, job.folder)}-files"

    def _still(self, job: JobRequest) -> str:
        """Raises Refused when it is gone: nothing could then be told from what the job left."""
        name = self._name(job)
        if self._engine.inspect(name) is None:
            raise Refused(f"the trial's files are gone from its machine: somebody removed {name}")
        return name

    def _volume(self, name: str, labels: dict[str, str]) -> str:
        """The volume's folder there. It and its container are made or adopted."""
        volume = self._engine.create_volume(name, labels)
        if self._engine.image(NOTHING) is None:
            self._engine.load(NOTHING, EMPTY_ARCHIVE)
        self._engine.create(name, _beside(name, labels))
        return volume

    def _there(self, job: JobRequest, mount: Mount, volume: Path) -> Mount:
        if mount.source == job.tree:
            return replace(mount, source=volume / TREE, of_engine=True)
        if mount.source.is_relative_to(job.folder):
            return replace(mount, source=volume / mount.source.relative_to(job.folder), of_engine=True)
        return self.lend(job.run_id, mount)


def _beside(volume: str, labels: dict[str, str]) -> dict[str, object]:
    mount = {
        "Type": "volume", "Source": volume, "Target": str(THERE), "VolumeOptions": {"NoCopy": True},
    }  # fmt: skip
    return {
        "Image": NOTHING,
        "Entrypoint": ["/nothing"],
        "Cmd": [],
        "Labels": labels,
        "HostConfig": {"NetworkMode": "none", "CapDrop": ["ALL"], "Mounts": [mount]},
    }


def _brought(job: JobRequest, user: str) -> Iterator[bytes]:
    """The folders that the trial mounts. A link that leads out of them leads nowhere of ours there."""
    uid, _, gid = user.partition(":")
    there = PurePosixPath(THERE.name)
    writable = [(TREE, job.tree), *((name, job.folder / name) for name in (folders.TRIAL, *layout.WRITABLE))]
    entries = [Entry(folder, there / name, int(uid), int(gid)) for name, folder in writable]
    yield from packed([*entries, Entry(job.folder / layout.HOOK, there / layout.HOOK)])
    yield END


def _lent(path: Path, key: str) -> Iterator[bytes]:
    there = PurePosixPath(THERE.name)
    yield from packed([Entry(path.resolve(), there / key, readable=True)])
    yield empty_file(there / f"{key}{WHOLE}")
    yield END


def _key(path: Path) -> str:
    """Of what is there now."""
    seen = path.stat()
    return hashlib.sha256(f"{path} {seen.st_size} {seen.st_mtime_ns}".encode()).hexdigest()[:32]
