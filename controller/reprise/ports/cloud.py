"""One site of a cloud that leases machines: hosts, leases, servers, addresses. Times are aware, UTC.

Calls raise `CloudRefused` when the cloud says no, and `Retryable` when it does not answer.
Creating is not repeatable by itself: whoever calls looks first for what carries the name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Host:
    """A machine that can be leased."""

    id: str
    """Of the reservation service."""
    uid: str
    """Of the node itself, the same everywhere: what a reservation names it by."""
    node_type: str
    name: str
    properties: Mapping[str, str]
    """Everything that the service says of it."""
    usable: bool
    """False while it is out of service or kept for other projects."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A host is somebody's from ``start`` to ``end``."""

    host_id: str
    lease_id: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Flavor:
    id: str
    name: str
    cpus: int
    memory_bytes: int
    disk_bytes: int
    specs: Mapping[str, str]
    """Extra specs, e.g. traits that tell of GPUs."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Between ``start`` and ``end``, ``free`` more of a flavor can be leased."""

    start: datetime
    end: datetime
    free: int


class LeaseState(Enum):
    """Of the reservation service; the first four stay, the others pass."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    TERMINATED = "TERMINATED"
    ERROR = "ERROR"
    CREATING = "CREATING"
    STARTING = "STARTING"
    UPDATING = "UPDATING"
    TERMINATING = "TERMINATING"
    DELETING = "DELETING"


@dataclass(frozen=True, slots=True)
class HostsWish:
    """Whole machines. ``uids`` names the acceptable ones, in any order; empty = any of the type."""

    node_type: str
    count: int = 1
    uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlavorWish:
    """Virtual machines of one flavor."""

    flavor_id: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class LeaseWish:
    name: str
    what: HostsWish | FlavorWish
    start: datetime | None
    """None = now."""
    end: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    id: str
    status: str
    flavor_id: str | None = None
    """What servers of a reserved flavor are made with; None for whole machines."""


@dataclass(frozen=True, slots=True)
class Lease:
    id: str
    name: str
    state: LeaseState
    start: datetime
    end: datetime
    reservations: tuple[Reservation, ...]
    degraded: bool = False


class ServerState(Enum):
    BUILDING = "building"
    ACTIVE = "active"
    ERROR = "error"
    OTHER = "other"
    """Stopped, deleting: nothing that we asked for."""


@dataclass(frozen=True, slots=True)
class ServerWish:
    name: str
    reservation: Reservation
    image_id: str
    keypair: str
    network: str
    """Name of the network that it is attached to."""
    run_id: str
    """Written into its metadata: what is ours is found by it."""
    root_gb: int | None = None
    """Boot from a new volume of this size; None = from the machine's own disk."""
    user_data: str = ""
    """For cloud-init."""


@dataclass(frozen=True, slots=True)
class Server:
    id: str
    name: str
    state: ServerState
    run_id: str | None
    fault: str | None
    """Why it is in ERROR, in the cloud's words."""
    fixed_address: str | None
    floating_address: str | None
    host_uid: str | None
    """The machine that it runs on, where the cloud tells."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FloatingIp:
    id: str
    address: str
    tags: tuple[str, ...]
    attached: bool


@dataclass(frozen=True, slots=True)
class Keypair:
    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Image:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Credential:
    """What the cloud says of the credential that we use."""

    project: str
    user: str
    roles: tuple[str, ...]
    expires_at: datetime | None
    """None = never, or not told."""
    unrestricted: bool | None
    """Whether it may create trusts, which leases need; None = not told."""
    services: tuple[str, ...] = field(default=())
    """Types of services in the catalogue."""


class Cloud(Protocol):
    """Safe to call from several threads."""

    @property
    def site(self) -> str:
        """e.g. ``CHI@UC``"""
        ...

    def credential(self) -> Credential: ...

    def hosts(self) -> tuple[Host, ...]: ...

    def taken(self) -> tuple[Taken, ...]:
        """The calendar of all hosts: what has not ended yet."""
        ...

    def flavors(self) -> tuple[Flavor, ...]:
        """That can be leased."""
        ...

    def openings(self, flavor_id: str, start: datetime, end: datetime) -> tuple[Opening, ...] | None:
        """None where the site does not tell."""
        ...

    def leases(self) -> tuple[Lease, ...]:
        """All of the project, ended ones too."""
        ...

    def lease(self, lease_id: str) -> Lease | None: ...

    def create_lease(self, wish: LeaseWish) -> Lease:
        """Refusals: FULL, NAME_TAKEN, OVER_BUDGET, TOO_LONG, RESTRICTED_CREDENTIAL …"""
        ...

    def move_end(self, lease_id: str, end: datetime) -> None:
        """Extend or shorten."""
        ...

    def delete_lease(self, lease_id: str) -> None:
        """Gone is fine. Whoever calls has seen its servers gone."""
        ...

    def servers(self) -> tuple[Server, ...]:
        """All of the project that carry a run id of ours in their metadata."""
        ...

    def create_server(self, wish: ServerWish) -> Server: ...

    def delete_server(self, server_id: str) -> None:
        """Gone is fine; it may take a while until it is."""
        ...

    def floating_ips(self) -> tuple[FloatingIp, ...]: ...

    def create_floating_ip(self, tag: str) -> FloatingIp:
        """Tagged in the same call where the cloud can. Refusal: NO_FLOATING_IP."""
        ...

    def attach(self, floating_ip_id: str, server_id: str) -> None: ...

    def delete_floating_ip(self, floating_ip_id: str) -> None:
        """Gone is fine."""
        ...

    def keypairs(self) -> tuple[Keypair, ...]: ...

    def create_keypair(self, name: str, public_key: str) -> None:
        """One line as in authorized_keys. Refusal: NAME_TAKEN."""
        ...

    def delete_keypair(self, name: str) -> None:
        """Gone is fine."""
        ...

    def image(self, name: str) -> Image | None:
        """The newest that has exactly this name."""
        ...

    def close(self) -> None: ...
