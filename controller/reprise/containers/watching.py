"""Looks at what a running container uses: processor and memory by the Engine, the disk by its place."""

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reprise.containers.engine import Engine, Used
from reprise.containers.place import Place
from reprise.ports import JobRequest

USED = "used.json"
SAMPLE_SECONDS = 2.0
DISK_SECONDS = 1.0
DISK_SHARE = 10
"""Counting takes at most this part of the time, however many files there are."""
USED_TYPE = TypeAdapter(Used)
NOTHING = Used(0.0, 0)


@dataclass(slots=True)
class _Times:
    sample_at: float = 0.0
    disk_at: float = 0.0


class Watching:
    def __init__(self, engine: Engine, place: Place, disk_bytes: int) -> None:
        self._engine = engine
        self._place = place
        self._disk_bytes = disk_bytes
        self._times: dict[Path, _Times] = {}
        self._lock = threading.Lock()

    def look(self, folder: Path, container: str) -> None:
        """Note what it has used so far, if it is time: an ended container tells nothing any more."""
        times = self._of(folder)
        if time.monotonic() < times.sample_at:
            return
        times.sample_at = time.monotonic() + SAMPLE_SECONDS
        now = self._engine.used(container)
        if now is None:
            return
        before = self.used(folder)
        most = Used(max(before.cpu_seconds, now.cpu_seconds), max(before.memory_bytes, now.memory_bytes))
        new = folder / f"{USED}.new"
        new.write_text(json.dumps(asdict(most)))
        new.replace(folder / USED)

    def used(self, folder: Path) -> Used:
        """The most that was noted."""
        try:
            return USED_TYPE.validate_json((folder / USED).read_bytes())
        except (FileNotFoundError, ValidationError):
            return NOTHING

    def too_much(self, job: JobRequest) -> str | None:
        """The end of a sentence when the job wrote more than it may; None while it is within its bound."""
        times = self._of(job.folder)
        began = time.monotonic()
        if began < times.disk_at:
            return None
        wrote = self._place.wrote(job)
        ended = time.monotonic()
        times.disk_at = ended + max(DISK_SECONDS, DISK_SHARE * (ended - began))
        if wrote <= self._disk_bytes:
            return None
        return f"wrote more than the {self._disk_bytes / 1e9:.3g} GB of disk that a trial may take"

    def _of(self, folder: Path) -> _Times:
        with self._lock:
            return self._times.setdefault(folder, _Times())
