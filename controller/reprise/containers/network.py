"""The network of a trial: none, unless the spec opens it; then all but the cloud's metadata.

For an open one a guard goes first: a container that holds the network namespace and has closed the way to
metadata in it (see `guard`). It must not run a stranger's program, so its image is empty and it mounts the
Engine's machine's own Python, read-only. It alone has a right over routes, and no other.
"""

import io
import tarfile
import time
from pathlib import Path
from typing import Any

from reprise.containers import guard, names
from reprise.containers.engine import Engine, NoImage
from reprise.containers.own_python import OwnPython
from reprise.containers.place import Place
from reprise.containers.wish import Mount, mounted
from reprise.domain.errors import Refused
from reprise.domain.spec import model
from reprise.ports import JobRequest

EMPTY = "reprise/empty:1"
GUARD = "/guard.py"
READY_SECONDS = 20.0
LOOK_SECONDS = 0.05
MEMORY_BYTES = 64_000_000


class NoNetwork(Exception):
    """The network that the spec asks for cannot be had here; a sentence."""


class Network:
    def __init__(self, engine: Engine, state: Path, place: Place) -> None:
        self._engine = engine
        self._state = state
        self._place = place

    def of(self, job: JobRequest) -> str:
        """What the Engine calls it; made or adopted. Raises NoNetwork when it cannot be made safe."""
        if job.spec.environment.network is not model.Network.OPEN:
            return "none"
        network = names.network(self._state, job.run_id)
        name = self._guard(job)
        labels = names.of_trial(self._state, job.run_id, job.folder)
        self._engine.create_network(network, names.of_run(self._state, job.run_id))
        python = self._place.python()
        if self._engine.image(EMPTY) is None:
            self._engine.load(EMPTY, _empty(python))
        program = self._place.lend(job.run_id, Mount(Path(guard.__file__), Path(GUARD)))
        try:
            self._engine.create(name, _config(network, labels, python, program))
            self._engine.start(name)
            self._wait_until_closed(name)
        except (Refused, NoImage) as error:
            raise NoNetwork(
                "the spec has `environment.network: open`, and the way to this machine's cloud metadata "
                f"could not be closed for it ({error}): use `fetch-only`"
            ) from error
        return f"container:{name}"

    def leave(self, job: JobRequest) -> None:
        """The trial has ended: nobody needs its guard. Gone is fine."""
        if job.spec.environment.network is model.Network.OPEN:
            self._engine.remove(self._guard(job))

    def _guard(self, job: JobRequest) -> str:
        return f"{names.container(self._state, job.run_id, job.folder)}-net"

    def _wait_until_closed(self, name: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            said = [each.data for each in self._engine.log(name, follow=False, idle_seconds=READY_SECONDS)]
            if f"{guard.READY}\n".encode() in said:
                return
            state = self._engine.inspect(name)
            if state is None or state.ended:
                raise Refused(b"".join(said).decode(errors="replace").strip()[-200:] or "it ended")
            time.sleep(LOOK_SECONDS)
        raise Refused(f"it took longer than {READY_SECONDS:g} s")


def _config(network: str, labels: dict[str, str], python: OwnPython, program: Mount) -> dict[str, Any]:
    """``program``: our guard."""
    return {
        "Image": EMPTY,
        "Entrypoint": [python.program, "-I", "-S", GUARD],
        "Cmd": [],
        "User": "0:0",
        "Labels": labels,
        "HostConfig": {
            "NetworkMode": network,
            "CapDrop": ["ALL"],
            "CapAdd": ["NET_ADMIN"],
            "SecurityOpt": ["no-new-privileges:true"],
            "ReadonlyRootfs": True,
            "IpcMode": "private",
            "Memory": MEMORY_BYTES,
            "MemorySwap": MEMORY_BYTES,
            "PidsLimit": 8,
            "Mounts": [
                mounted(each) for each in (*(Mount(Path(of), Path(of)) for of in python.places), program)
            ],
            "LogConfig": {
                "Type": "local",
                "Config": {"max-size": "1m", "max-file": "1", "compress": "false"},
            },
        },
    }


def _empty(python: OwnPython) -> bytes:
    """A root file system with the links that the machine has, and nothing else."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, target in python.links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        folder = tarfile.TarInfo("usr")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
    return written.getvalue()
