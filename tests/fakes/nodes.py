"""Nodes whose disk is a folder here and whose programs are functions; silent when told to be."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from reprise.domain.errors import Refused, Retryable
from reprise.ports.nodes import Access, Address, Said

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake"
NVIDIA_SMI = "0, Quadro RTX 6000, 24576 MiB, 560.35.05, 7.5\n"

Program = Callable[[tuple[str, ...], bytes], Said]


def says(out: str, *, code: int = 0, err: str = "") -> Program:
    return lambda argv, stdin: Said(code, out, err)


@dataclass(slots=True)
class Machine:
    disk: Path
    host_key: str = HOST_KEY
    silent: str | None = None
    """Why its SSH does not answer; None = it does."""
    locked: bool = False
    """Whether it refuses our key."""
    programs: dict[str, Program] = field(default_factory=lambda: {"nvidia-smi": says(NVIDIA_SMI)})
    """By name; any other is not found."""
    ran: list[tuple[str, ...]] = field(default_factory=list)
    sockets: dict[str, Path] = field(default_factory=dict)
    """Path there → a socket here that stands for it."""

    def path(self, remote: PurePosixPath) -> Path:
        return self.disk / str(remote).lstrip("/")


@dataclass(slots=True)
class FakeNodes:
    machines: dict[str, Machine] = field(default_factory=dict)
    """By host name or address."""
    find: Callable[[Address], Machine | None] | None = None
    """Instead of `machines`: None = nobody is there."""
    opened: int = 0
    """Connections that nobody has closed."""

    def reachable(self, access: Access, *, timeout: float) -> str | None:
        machine = self._at(access.address)
        if machine is None:
            return f"nothing answers at {access.address.host}:{access.address.port}"
        if machine.locked:
            return f"{access.address.host} does not let our key in"
        return machine.silent

    def connect(self, access: Access) -> "FakeNode":
        machine = self._at(access.address)
        if machine is None or machine.silent is not None:
            why = machine.silent if machine is not None and machine.silent else "nothing answers"
            raise Retryable(f"{access.address.host}: {why}")
        if access.host_key is not None and access.host_key != machine.host_key:
            raise Refused(f"{access.address.host} shows another host key than the one that was pinned")
        if machine.locked:
            raise Refused(f"{access.address.host} does not let our key in")
        self.opened += 1
        return FakeNode(self, machine, access)

    def _at(self, address: Address) -> Machine | None:
        return self.find(address) if self.find is not None else self.machines.get(address.host)


@dataclass(slots=True)
class FakeNode:
    nodes: FakeNodes
    machine: Machine
    access: Access
    _open: bool = True

    @property
    def host_key(self) -> str:
        return self.machine.host_key

    @property
    def jump_host_key(self) -> str | None:
        return self.access.jump_host_key or (HOST_KEY if self.access.jump is not None else None)

    def run(
        self,
        argv: tuple[str, ...],
        *,
        timeout: float,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
    ) -> Said:
        self._check()
        self.machine.ran.append(argv)
        program = self.machine.programs.get(argv[0])
        return Said(127, "", f"{argv[0]}: command not found\n") if program is None else program(argv, stdin)

    def put(self, local: Path, remote: PurePosixPath, *, timeout: float) -> None:
        self._check()
        target = self.machine.path(remote)
        _remove(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(local, target)

    def get(self, remote: PurePosixPath, local: Path, *, timeout: float, limit: int) -> None:
        self._check()
        source = self.machine.path(remote)
        if not source.exists():
            return
        size = sum(path.stat().st_size for path in (source, *source.rglob("*")) if path.is_file())
        if size > limit:
            raise Refused(f"{remote} has {size:,} bytes, more than the {limit:,} that may be copied")
        _copy(source, local)

    def socket(self, remote: PurePosixPath) -> Path:
        self._check()
        if str(remote) not in self.machine.sockets:
            raise Retryable(f"there is no socket {remote} on {self.access.address.host}")
        return self.machine.sockets[str(remote)]

    def close(self) -> None:
        if self._open:
            self._open = False
            self.nodes.opened -= 1

    def _check(self) -> None:
        found = self.nodes.find(self.access.address) if self.nodes.find is not None else self.machine
        if found is not self.machine or self.machine.silent is not None:
            raise Retryable(f"{self.access.address.host} does not answer: {self.machine.silent or 'gone'}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
