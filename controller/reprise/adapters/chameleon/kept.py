"""What this disk remembers of a run's machine, in ``<state>/leased/<run id>``, for provider and runner.

The cloud is the memory that counts; this one spares looking there, and holds what no cloud knows: why an
attempt was given up, which host key was pinned, when what was paid for ended. Written before and after each
step, so that whoever comes next finds at least what was intended.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reprise.domain.errors import Refused, Retryable
from reprise.domain.leasing.choice import Choice
from reprise.domain.leasing.life import Known
from reprise.domain.leasing.money import Charge
from reprise.domain.leasing.windows import Span
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import Hardware, Resources
from reprise.jobs.folders import RUN_ID
from reprise.ports.nodes import Access
from reprise.removal import remove_tree

LEASED = "leased"
"""In the state folder."""
NODE = "node.json"
KEY = "key"
PUBLIC = "key.pub"
CHARGED = ".charged"
"""Beside the runs' folders: what each run's leases cost, which is asked for after all else is gone."""
KEPT_CHARGES = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Need:
    """What a run asks of a machine, from its spec."""

    resources: Resources
    length: timedelta
    """Of the lease."""
    most_su: float | None = None
    published: Hardware | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The run gets no machine."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Proved:
    """What a node was found to be."""

    words: str
    """For people, e.g. ``1 x Quadro RTX 6000 24 GB, driver 560.35, Docker 27.1``."""
    cpus: int
    """Cores that jobs may have."""


@dataclass(frozen=True, slots=True)
class Kept:
    need: Need
    asked_at: datetime
    open_network: bool = False
    attempt: int = 1
    choice: Choice | None = None
    lease_id: str | None = None
    lease_end: datetime | None = None
    """When the machine is lost at the latest; later once it was extended."""
    server_id: str | None = None
    keyed: bool = False
    access: Access | None = None
    """How the node is reached; its host key is pinned from the first contact on."""
    proved: Proved | None = None
    extension: str | None = None
    """What became of the attempt to extend the lease, in a sentence; None = none was made for good."""
    failing: str | None = None
    ended: Ended | None = None
    tried_sites: tuple[str, ...] = ()
    """Where something may have been made."""
    closed_sites: tuple[str, ...] = ()
    """That refused us altogether."""
    avoided: tuple[str, ...] = ()
    """Uids of hosts that failed."""
    passed: int = 0
    """Choices that were taken by others when we came, best first."""
    refusals: tuple[str, ...] = ()
    """What sites said no with, the newest last."""

    def known(self, longest_wait: timedelta) -> Known:
        return Known(
            asked_at=self.asked_at,
            longest_wait=longest_wait,
            attempt=self.attempt,
            chosen=self.choice is not None,
            leased=self.lease_id is not None,
            served=self.server_id is not None,
            keyed=self.keyed,
            answered=self.access is not None,
            proved=self.proved is not None,
            extended=self.extension is not None,
            failing=self.failing,
        )


_KEPT = TypeAdapter(Kept)
_CHARGES = TypeAdapter(tuple[Charge, ...])


class Memory:
    """The folders of all runs that have or want a leased machine."""

    def __init__(self, state: Path) -> None:
        self.work = state / LEASED

    def folder(self, run_id: RunId) -> Path:
        """Raises Refused when the id could name another folder than one of ours."""
        if not RUN_ID.fullmatch(run_id):
            raise Refused(f"{run_id!r} is no run id")
        return self.work / run_id

    def key(self, run_id: RunId) -> Path:
        return self.folder(run_id) / KEY

    def public_key(self, run_id: RunId) -> Path:
        return self.folder(run_id) / PUBLIC

    def load(self, run_id: RunId) -> Kept | None:
        """Raises Refused when it cannot be understood."""
        path = self.folder(run_id) / NODE
        try:
            return _KEPT.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            first = error.errors()[0]["msg"]
            raise Refused(f"{path} is not what was written there ({first}): remove it") from None

    def save(self, run_id: RunId, kept: Kept) -> None:
        _write(self.folder(run_id) / NODE, _KEPT.dump_json(kept, indent=1))

    def forget(self, run_id: RunId) -> None:
        """All but what it cost. Gone is fine."""
        folder = self.folder(run_id)
        if folder.exists():
            remove_tree(folder)

    def runs(self) -> tuple[RunId, ...]:
        if not self.work.is_dir():
            return ()
        names = (path.name for path in self.work.iterdir() if path.is_dir())
        return tuple(sorted(RunId(name) for name in names if RUN_ID.fullmatch(name)))

    def charges(self, run_id: RunId) -> tuple[Charge, ...]:
        try:
            return _CHARGES.validate_json(self._charged(run_id).read_bytes())
        except FileNotFoundError:
            return ()

    def charge(self, run_id: RunId, charge: Charge) -> None:
        """What is known of one lease, instead of what was."""
        others = [each for each in self.charges(run_id) if each.lease_id != charge.lease_id]
        _write(self._charged(run_id), _CHARGES.dump_json((*others, charge), indent=1))

    def held(self, node_type: str, *, besides: RunId) -> list[Span]:
        """When other runs had, have or booked a machine of this type."""
        spans: list[Span] = []
        for path in self._all_charged():
            if (run_id := RunId(path.stem)) != besides:
                leases = [each for each in self.charges(run_id) if each.what.endswith(f" × {node_type}")]
                spans += [Span(each.start, min(each.end, each.ended_at or each.end)) for each in leases]
        return spans

    def forget_charges(self, before: datetime) -> None:
        """Of runs whose leases changed last before this: whoever keeps accounts has read them long ago."""
        for path in self._all_charged():
            if path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)

    def _charged(self, run_id: RunId) -> Path:
        return self.work / CHARGED / f"{self.folder(run_id).name}.json"

    def _all_charged(self) -> Iterator[Path]:
        return (self.work / CHARGED).glob("*.json")


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, for its owner only. Raises Retryable when the disk refuses."""
    new = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise Retryable(f"{path} could not be written: {error.strerror}") from error
