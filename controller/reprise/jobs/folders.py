"""A folder per run on this machine, and what the run asked for. Shared by the providers that work here."""

import json
import re
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import RunId
from reprise.domain.spec.model import Network, Resources, Spec
from reprise.domain.words import cores, size
from reprise.jobs import layout

REQUEST = "request.json"
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a spec asks of a machine."""

    cpus: int | None
    memory_bytes: int | None
    network: Network
    gpus: int = 0
    gpu_memory_bytes: int | None = None
    """Of each, at least."""
    gpu_arch: tuple[str, ...] = ()
    """Any of them will do."""


WANTED = TypeAdapter(Wanted)


def wanted_by(spec: Spec) -> Wanted:
    asked: Resources = spec.resources
    return Wanted(
        asked.cpus,
        asked.memory_bytes,
        spec.environment.network,
        asked.gpus,
        asked.gpu_memory_bytes,
        asked.gpu_arch,
    )


@dataclass(frozen=True, slots=True)
class Lent:
    """What a machine may lend to a run."""

    cpus: int
    memory_bytes: int
    gpus: int = 0
    gpu_memory_bytes: int | None = None
    """Of each; None = nobody said."""
    gpu_arch: str | None = None

    def lacking(self, wanted: Wanted) -> str | None:
        """Why a run that wants so much cannot have it, in a sentence; None when it can."""
        if wanted.cpus is not None and wanted.cpus > self.cpus:
            return (
                f"the spec asks for {cores(wanted.cpus)}, this machine lends {self.cpus}: "
                "lower `resources.cpus` or use a larger machine"
            )
        if wanted.memory_bytes is not None and wanted.memory_bytes > self.memory_bytes:
            return (
                f"the spec asks for {size(wanted.memory_bytes)} of memory, this machine has "
                f"{size(self.memory_bytes)}: lower `resources.memory` or use a larger machine"
            )
        return self._lacking_gpus(wanted)

    def _lacking_gpus(self, wanted: Wanted) -> str | None:
        if wanted.gpus > self.gpus:
            return (
                f"the spec asks for {gpus(wanted.gpus)}, this machine has {gpus(self.gpus)}: "
                "lower `resources.gpus` or use another backend"
            )
        least, arch = wanted.gpu_memory_bytes, wanted.gpu_arch
        if least is not None and (self.gpu_memory_bytes or 0) < least:
            there = "an unknown size" if self.gpu_memory_bytes is None else size(self.gpu_memory_bytes)
            return f"the spec asks for GPUs with {size(least)} of memory, those of this machine have {there}"
        if arch and (self.gpu_arch or "") not in arch:
            there = self.gpu_arch or "of an unknown architecture"
            return f"the spec asks for a GPU that is {' or '.join(arch)}, those of this machine are {there}"
        return None


class Folders:
    """The folders of all runs that this machine holds something for."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self._numbering = threading.Lock()

    def of(self, run_id: RunId) -> Path:
        """Raises Refused when the id could name another folder than one of ours."""
        if not RUN_ID.fullmatch(run_id):
            raise Refused(f"{run_id!r} is no run id")
        return self.work / run_id

    def make(self, run_id: RunId, wanted: Wanted) -> None:
        """Create or adopt. Raises Retryable when the folder cannot be made."""
        folder = self.of(run_id)
        try:
            (folder / layout.TRIALS).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._number(folder)
            text = json.dumps({**asdict(wanted), "network": wanted.network.value})
            (folder / f"{REQUEST}.new").write_text(text)
            (folder / f"{REQUEST}.new").replace(folder / REQUEST)
        except OSError as error:
            raise Retryable(f"{folder} could not be made: {error.strerror}") from error

    def wanted(self, run_id: RunId) -> Wanted | None:
        """What `make` was told; None when there is no such folder."""
        try:
            return WANTED.validate_json((self.of(run_id) / REQUEST).read_bytes())
        except FileNotFoundError:
            return None

    def runs(self) -> tuple[RunId, ...]:
        if not self.work.is_dir():
            return ()
        names = (path.name for path in self.work.iterdir() if path.is_dir())
        return tuple(sorted(RunId(name) for name in names if RUN_ID.fullmatch(name)))

    def _number(self, folder: Path) -> None:
        """The smallest slot that no other run has: it says which throw-away user its jobs are."""
        with self._numbering:
            if (folder / layout.SLOT).exists():
                return
            taken = {layout.slot(other) for other in self.work.iterdir() if (other / layout.SLOT).exists()}
            free = next(number for number in range(len(taken) + 1) if number not in taken)
            (folder / layout.SLOT).write_text(str(free))


def gpus(count: int) -> str:
    return {0: "no GPU", 1: "1 GPU"}.get(count, f"{count} GPUs")
