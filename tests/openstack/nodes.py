"""What stands for a machine: for each server with a floating IP, a real SSH server that answers there.

It looks every second, comes up when the server is ACTIVE, lets in the server's keypair and nobody else, and
ends with the server.
"""

import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.box.lacking import Lacking
from tests.openstack.api import Api, Refusal
from tests.openstack.machines import MACHINES
from tests.openstack.place import Place
from tests.sshd.machine import Machine, machine
from tests.sshd.recorded import nvidia_smi

INTERVAL = 1.0
NAMES = {one.uid: one.name for one in MACHINES}
Dress = Callable[[Machine, str], None]
"""Makes a machine look like the one with that name, e.g. ``gpu-1``, before anybody reaches it."""


def as_promised(made: Machine, on: str) -> None:
    """With the cards that its type says."""
    if on.startswith("gpu-"):
        made.program("nvidia-smi", nvidia_smi(1))
    if on.startswith("kvm-"):
        made.program("nvidia-smi", nvidia_smi(1, name="NVIDIA H100 SXM5", memory_mib=95_830, compute="9.0"))


@dataclass
class Node:
    """A server's machine while the server is there."""

    server_id: str
    on: str
    """Name of the machine that Nova put the server on."""
    machine: Machine
    end: ExitStack
    addresses: set[str] = field(default_factory=set)


class Nodes:
    """A thread of its own from ``start`` to ``close``."""

    def __init__(self, place: Place, dress: Dress = as_promised, *, engine: Path | None = None) -> None:
        """``engine``: a Docker Engine's socket of this machine, each node's own there."""
        self._place = place
        self._engine = engine
        self._dress = dress
        self._nodes: dict[str, Node] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._trouble: Exception | None = None
        self._thread = threading.Thread(target=self._watch, name="openstack nodes")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Raises what went wrong when it last looked. Before that, a test may have stopped a service."""
        self._ending.set()
        self._thread.join()
        for node in self._nodes.values():
            node.end.close()
        if self._trouble is not None:
            raise self._trouble

    def of(self, server_id: str) -> Machine | None:
        """To cut its cable, stop it, or read what its sshd says."""
        with self._lock:
            node = self._nodes.get(server_id)
            return None if node is None else node.machine

    def _watch(self) -> None:
        with Api(self._place) as api:
            while not self._ending.wait(INTERVAL):
                try:
                    self._look(api)
                    self._trouble = None
                except (Refusal, httpx.HTTPError, Lacking, subprocess.SubprocessError) as problem:
                    self._trouble = problem

    def _look(self, api: Api) -> None:
        wanted = attached(api)
        for server_id in self._nodes.keys() - wanted.keys():
            if not exists(api, server_id):
                self._remove(server_id)
        for server_id in wanted.keys() - self._nodes.keys():
            self._add(api, server_id)
        for server_id, node in self._nodes.items():
            answer_at(node, wanted.get(server_id, set()))

    def _add(self, api: Api, server_id: str) -> None:
        server = active(api, server_id)
        if server is None:
            return
        end = ExitStack()
        made = end.enter_context(machine(engine=self._engine))
        on = NAMES[server["OS-EXT-SRV-ATTR:hypervisor_hostname"]]
        self._dress(made, on)
        if server["key_name"]:
            made.authorize(public_key(api, server))
        with self._lock:
            self._nodes[server_id] = Node(server_id, on, made, end)

    def _remove(self, server_id: str) -> None:
        with self._lock:
            node = self._nodes.pop(server_id)
        node.end.close()


def answer_at(node: Node, addresses: set[str]) -> None:
    for gone in node.addresses - addresses:
        node.machine.not_at(gone)
    for new in addresses - node.addresses:
        node.machine.at(new)
    node.addresses = addresses


def attached(api: Api) -> dict[str, set[str]]:
    """Floating IPs by server."""
    found: dict[str, set[str]] = {}
    for floating in api.get("neutron", "/floatingips")["floatingips"]:
        if floating["port_id"]:
            device = floating["port_details"]["device_id"]
            found.setdefault(device, set()).add(floating["floating_ip_address"])
    return found


def exists(api: Api, server_id: str) -> bool:
    try:
        api.get("nova", f"/servers/{server_id}")
    except Refusal:
        return False
    return True


def active(api: Api, server_id: str) -> dict[str, Any] | None:
    try:
        server: dict[str, Any] = api.get("nova", f"/servers/{server_id}")["server"]
    except Refusal:
        return None
    return server if server["status"] == "ACTIVE" else None


def public_key(api: Api, server: dict[str, Any]) -> str:
    path = f"/os-keypairs/{server['key_name']}?user_id={server['user_id']}"
    return str(api.get("nova", path)["keypair"]["public_key"])
