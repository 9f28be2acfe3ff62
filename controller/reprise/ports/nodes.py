"""A leased machine, spoken to over SSH. Calls raise `Retryable` when it does not answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int = 22
    user: str = "cc"


@dataclass(frozen=True, slots=True)
class Access:
    """How a node is reached. What is pinned is compared at every contact."""

    address: Address
    private_key: Path
    host_key: str | None
    """One line as in known_hosts without the names; None = first contact, take what it shows."""
    jump: Address | None = None
    jump_host_key: str | None = None
    jump_key: Path | None = None
    """The private key for the jump host; None = the same as for the node."""


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


class Node(Protocol):
    """One connection, made again when it breaks. Safe to call from several threads."""

    @property
    def host_key(self) -> str:
        """What it showed, one line."""
        ...

    @property
    def jump_host_key(self) -> str | None:
        """What the jump host showed; None without one."""
        ...

    def run(
        self,
        argv: tuple[str, ...],
        *,
        timeout: float,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
    ) -> Said:
        """Run a program there; output beyond 1 MB each is cut. Raises Retryable when it takes longer."""
        ...

    def put(self, local: Path, remote: PurePosixPath, *, timeout: float) -> None:
        """Copy a file or a whole folder (links as links, modes kept); what is there is replaced."""
        ...

    def get(self, remote: PurePosixPath, local: Path, *, timeout: float, limit: int) -> None:
        """Copy back; nothing lands outside ``local``, devices and FIFOs are left out.

        Raises Refused where it is more than ``limit`` bytes; what is absent leaves nothing.
        """
        ...

    def socket(self, remote: PurePosixPath) -> Path:
        """A socket of this machine that leads to one there, for as long as the node is not closed."""
        ...

    def close(self) -> None: ...


class Nodes(Protocol):
    def reachable(self, access: Access, *, timeout: float) -> str | None:
        """None when its SSH answers and lets us in, else why not, in words."""
        ...

    def connect(self, access: Access) -> Node:
        """Raises Refused when its host key is another than the pinned one, or our key is not let in."""
        ...
