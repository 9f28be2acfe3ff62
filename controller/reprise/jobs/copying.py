"""When a trial's checkpoints are copied: now and then while it runs, and once more at its end.

Called by the backends' runners whenever they look at a job. A copy that fails is no end of the job: the
one before it stays, and what is wrong is told with the trial.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path

import structlog

from reprise.domain.errors import RepriseError
from reprise.jobs import checkpoints
from reprise.jobs.checkpoint_folder import Bounds
from reprise.ports import JobRequest

log = structlog.get_logger()

Fetch = Callable[[JobRequest], None]

EVERY = timedelta(seconds=60)
SHARE = 10
"""Copying takes at most about one in so many parts of the time, however large a checkpoint is."""


class Copying:
    """Safe for several threads, one of which looks after a job."""

    def __init__(
        self,
        *,
        every: timedelta = EVERY,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every = every.total_seconds()
        self._bounds = bounds or Bounds()
        self._clock = clock
        self._due: dict[Path, float] = {}
        self._lock = threading.Lock()

    def look(self, job: JobRequest, *, fetch: Fetch | None = None) -> None:
        """Copy if it is time. The first look at a job, also after a restart, starts its clock.

        ``fetch`` brings the folder to this machine, where it is not here anyway.
        """
        if job.spec.checkpoint is None:
            return
        begun = self._clock()
        with self._lock:
            if begun < self._due.setdefault(job.folder, begun + self._every):
                return
            self._due[job.folder] = inf  # nobody else meanwhile
        self._take(job, fetch)
        ended = self._clock()
        with self._lock:
            self._due[job.folder] = ended + max(self._every, SHARE * (ended - begun))

    def end(self, job: JobRequest, *, fetch: Fetch | None = None) -> dict[str, str]:
        """Copy what an ended job left; path → sentence where that cannot be kept."""
        with self._lock:
            self._due.pop(job.folder, None)
        why = self._take(job, fetch)
        return {job.spec.checkpoint.path: why} if why and job.spec.checkpoint is not None else {}

    def _take(self, job: JobRequest, fetch: Fetch | None) -> str:
        """What is wrong; empty when nothing is."""
        if job.spec.checkpoint is None:
            return ""
        try:
            if fetch is not None:
                fetch(job)
            checkpoints.take(job, job.spec.checkpoint, bounds=self._bounds, now=datetime.now(UTC))
        except (RepriseError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            log.warning("checkpoint not kept", folder=str(job.folder), why=why)
            return f"the checkpoint in `{job.spec.checkpoint.path}` was not kept: {why}"
        return ""
