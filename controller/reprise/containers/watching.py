"""Looks at what a running container uses: processor and memory by the Engine, the disk by its folders."""

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reprise.containers.engine import Engine, Used
from reprise.jobs import layout
from reprise_runner import job_files

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
    def __init__(self, engine: Engine, disk_bytes: int) -> None:
        self._engine = engine
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

    def too_much(self, folder: Path) -> str | None:
        """The end of a sentence when the job wrote more than it may; None while it is within its bound."""
        times = self._of(folder)
        began = time.monotonic()
        if began < times.disk_at:
            return None
        wrote = sum(job_files.disk_bytes(str(folder / name)) for name in ("tree", "trial", *layout.WRITABLE))
        ended = time.monotonic()
        times.disk_at = ended + max(DISK_SECONDS, DISK_SHARE * (ended - began))
        if wrote <= self._disk_bytes:
            return None
        return f"wrote more than the {self._disk_bytes / 1e9:.3g} GB of disk that a trial may take"

    def _of(self, folder: Path) -> _Times:
        with self._lock:
            return self._times.setdefault(folder, _Times())
