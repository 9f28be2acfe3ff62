"""Looks now and then whether a job uses the GPUs of its node. What was seen survives the controller."""

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reprise.domain.leasing import idle
from reprise.domain.leasing.idle import Idle
from reprise.ports import JobRequest
from reprise.ports.nodes import Node

ASK = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")
EVERY_SECONDS = 60.0
LOOKS = 10
"""At least so many before a job is ended, however short it may be idle."""
TIMEOUT_SECONDS = 30.0
FILE = "idle.json"
"""In a trial's folder."""
_IDLE = TypeAdapter(Idle)


class Unused:
    """One look after the other; a driver that tells nothing ends no job."""

    def __init__(self, node: Node, after: timedelta | None) -> None:
        """``after``: how long every GPU may be idle, None = for ever."""
        self._node = node
        self._after = after
        self._due = 0.0

    def look(self, job: JobRequest) -> str | None:
        """The end of a sentence about a job that is to be ended; None while it is not, or it is not time."""
        if self._after is None or not job.spec.resources.gpus or time.monotonic() < self._due:
            return None
        self._due = time.monotonic() + min(EVERY_SECONDS, self._after.total_seconds() / LOOKS)
        said = self._node.run(ASK, timeout=TIMEOUT_SECONDS)
        now = datetime.now(UTC)
        state = idle.seen(_read(job.folder), idle.parse_percent(said.out) if said.code == 0 else (), now)
        _write(job.folder, state)
        return idle.too_long(state, now, after=self._after)


def _read(folder: Path) -> Idle:
    try:
        return _IDLE.validate_json((folder / FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return Idle()


def _write(folder: Path, state: Idle) -> None:
    new = folder / f"{FILE}.new"
    new.write_text(json.dumps(asdict(state), default=datetime.isoformat))
    new.replace(folder / FILE)
