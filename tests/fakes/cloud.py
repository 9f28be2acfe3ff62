"""A Cloud in memory, on a clock that tests move: leases begin and end, servers boot, all of it costs.

It is as strict as the real one: a lease that ends takes its servers along, a host has one lease at a time, a
name is one lease's until that is deleted, a server on a host that is not ours ends in ERROR.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

from tests.fakes.cloud_records import HeldLease, HeldServer, overlap

from reprise.domain.errors import Retryable
from reprise.domain.leasing.refusal import CloudRefused, Refusal
from reprise.ports.cloud import (
    Credential,
    Flavor,
    FlavorWish,
    FloatingIp,
    Host,
    HostsWish,
    Image,
    Keypair,
    Lease,
    LeaseState,
    LeaseWish,
    Opening,
    Server,
    ServerState,
    ServerWish,
    Taken,
)

LONGEST = timedelta(days=7)
WINDOW = timedelta(hours=48)
IMAGES = ("CC-Ubuntu24.04-CUDA", "CC-Ubuntu24.04")
CREDENTIAL = Credential("project", "somebody", ("member", "reader"), None, True, ("compute", "reservation"))


def host(number: int, node_type: str = "gpu_rtx_6000", **properties: str) -> Host:
    """A machine that can be leased; its price is two service units an hour unless told otherwise."""
    uid = f"00000000-0000-4000-8000-{number:012d}"
    return Host(str(number), uid, node_type, f"nc{number}", {"su_factor": "2.0", **properties}, usable=True)


@dataclass(slots=True)
class FakeCloud:
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """Of the cloud's own clock."""
    site: str = "CHI@Fake"
    machines: tuple[Host, ...] = field(default_factory=lambda: (host(1), host(2)))
    offered: tuple[tuple[Flavor, int], ...] = ()
    """Flavors, and how many of each can be leased at the same time."""
    others: list[Taken] = field(default_factory=list)
    """What somebody else has leased."""
    addresses: int = 4
    """Size of the pool of floating addresses."""
    su_left: float | None = None
    """What the project may still spend, leases of this cloud included; None = more than enough."""
    user_su_left: float | None = None
    flavor_rate: float = 1.0
    """Service units an hour of one virtual machine."""
    known: Credential = CREDENTIAL
    portal_up: bool = True
    tells_openings: bool = True
    activation: timedelta = timedelta(seconds=40)
    """From a lease's start, or its creation where that is later, until it is ACTIVE."""
    building: timedelta = timedelta(minutes=5)
    """Until a server is ACTIVE or in ERROR."""
    booting: timedelta = timedelta(minutes=2)
    """From ACTIVE until its SSH answers."""
    removing: timedelta = timedelta(seconds=4)
    """Until a server is gone."""
    broken: set[str] = field(default_factory=set)
    """Uids of hosts on which no server comes up."""
    silent: set[str] = field(default_factory=set)
    """Uids of hosts whose servers say ACTIVE and never answer."""
    on_call: Callable[[str, bool], None] = lambda name, done: None
    """Called with the name of each call before and after it took effect; what it raises, the call raises."""
    keeps_keypairs: bool = False
    """Whether it says yes to their deletion and does nothing."""
    lost: list[str] = field(default_factory=list)
    """Names of servers that a lease took along, by its end or because it was deleted first."""
    calls: list[str] = field(default_factory=list)
    """Names of all calls that took effect."""
    _leases: list[HeldLease] = field(default_factory=list)
    _servers: list[HeldServer] = field(default_factory=list)
    _ips: dict[str, FloatingIp] = field(default_factory=dict)
    _attached: dict[str, str] = field(default_factory=dict)
    """Floating address's id → server's id."""
    _keys: dict[str, Keypair] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # --- what tests ask, beyond the port ---------------------------------------------------------

    def charges(self) -> dict[str, float]:
        """Service units that each lease has cost until now, by its id; deleted ones too."""
        return {held.id: held.cost(self.now()) for held in self._leases}

    def living(self, *, ended: bool = False) -> tuple[Lease, ...]:
        """Leases that take up a machine, now or later; with ``ended`` also the records of those that did."""
        there = [held for held in self._leases if held.deleted_at is None]
        now = self.now()
        return tuple(held.lease(now, self.activation) for held in there if ended or self._holds(held))

    def left(self) -> dict[str, tuple[str, ...]]:
        """What of the project's still exists, except leases that ended; empty = nothing."""
        with self._call("look"):
            found = {
                "leases": tuple(lease.name for lease in self.living()),
                "servers": tuple(server.wish.name for server in self._servers),
                "addresses": tuple(ip.address for ip in self._ips.values()),
                "keypairs": tuple(self._keys),
            }
        return {kind: names for kind, names in found.items() if names}

    def answers(self, address: str) -> bool:
        """Whether a server with this floating address has booted and lets SSH in."""
        with self._call("look"):
            server = self._at(address)
            if server is None or server.host_uid in self.silent:
                return False
            up = server.state(self.now(), self.building) is ServerState.ACTIVE
            return up and self.now() >= server.created_at + self.building + self.booting

    # --- the port --------------------------------------------------------------------------------

    def credential(self) -> Credential:
        with self._call("credential"):
            return self.known

    def hosts(self) -> tuple[Host, ...]:
        with self._call("hosts"):
            return self.machines

    def taken(self) -> tuple[Taken, ...]:
        with self._call("taken"):
            ours = [
                Taken(host_id, held.id, held.start, held.end)
                for held in self._leases
                if self._holds(held)
                for host_id in held.host_ids
            ]
            return tuple(entry for entry in (*ours, *self.others) if entry.end > self.now())

    def flavors(self) -> tuple[Flavor, ...]:
        with self._call("flavors"):
            return tuple(flavor for flavor, _ in self.offered)

    def openings(self, flavor_id: str, start: datetime, end: datetime) -> tuple[Opening, ...] | None:
        with self._call("openings"):
            if not self.tells_openings:
                return None
            held = [each for each in self._leases if self._holds(each) and each.flavor_id == flavor_id]
            edges = {start, end, *(edge for each in held for edge in (each.start, each.end))}
            marks = sorted(edge for edge in edges if start <= edge <= end)
            return tuple(
                Opening(low, high, self._free(flavor_id, low, high)) for low, high in pairwise(marks)
            )

    def leases(self) -> tuple[Lease, ...]:
        with self._call("leases"):
            there = [held for held in self._leases if held.deleted_at is None]
            return tuple(held.lease(self.now(), self.activation) for held in there)

    def lease(self, lease_id: str) -> Lease | None:
        with self._call("lease"):
            held = self._lease(lease_id)
            return None if held is None else held.lease(self.now(), self.activation)

    def create_lease(self, wish: LeaseWish) -> Lease:
        with self._call("create_lease"):
            held = self._granted(wish)
            self._leases.append(held)
            return held.lease(self.now(), self.activation)

    def move_end(self, lease_id: str, end: datetime) -> None:
        with self._call("move_end"):
            held = self._lease(lease_id)
            if held is None or held.end <= self.now():
                raise CloudRefused(Refusal.WRONG_STATE, "Terminated leases can only be renamed")
            self._check_move(held, end)
            held.end = end

    def delete_lease(self, lease_id: str) -> None:
        with self._call("delete_lease"):
            held = self._lease(lease_id)
            if held is not None:
                held.deleted_at = self.now()
                self._take_servers(held)

    def servers(self) -> tuple[Server, ...]:
        with self._call("servers"):
            return tuple(self._shown(server) for server in self._servers)

    def create_server(self, wish: ServerWish) -> Server:
        with self._call("create_server"):
            if wish.keypair not in self._keys:
                raise CloudRefused(Refusal.MALFORMED, f"Invalid key_name provided: {wish.keypair}")
            server = HeldServer(self._id("server"), wish, self.now(), *self._place(wish))
            self._servers.append(server)
            return self._shown(server)

    def delete_server(self, server_id: str) -> None:
        with self._call("delete_server"):
            for server in self._servers:
                if server.id == server_id and server.gone_at is None:
                    server.gone_at = self.now() + self.removing

    def floating_ips(self) -> tuple[FloatingIp, ...]:
        with self._call("floating_ips"):
            return tuple(replace(ip, attached=ip.id in self._attached) for ip in self._ips.values())

    def create_floating_ip(self, tag: str) -> FloatingIp:
        with self._call("create_floating_ip"):
            used = {ip.address for ip in self._ips.values()}
            free = [
                text for text in map("192.0.2.{}".format, range(1, self.addresses + 1)) if text not in used
            ]
            if not free:
                raise CloudRefused(Refusal.NO_FLOATING_IP, "No more IP addresses available on network public")
            ip = FloatingIp(self._id("ip"), free[0], (tag,), attached=False)
            self._ips[ip.id] = ip
            return ip

    def attach(self, floating_ip_id: str, server_id: str) -> None:
        with self._call("attach"):
            server = next((each for each in self._servers if each.id == server_id), None)
            if floating_ip_id not in self._ips or server is None or server.gone_at is not None:
                raise CloudRefused(Refusal.WRONG_STATE, "there is no such server or address")
            self._attached[floating_ip_id] = server_id

    def delete_floating_ip(self, floating_ip_id: str) -> None:
        with self._call("delete_floating_ip"):
            self._ips.pop(floating_ip_id, None)
            self._attached.pop(floating_ip_id, None)

    def keypairs(self) -> tuple[Keypair, ...]:
        with self._call("keypairs"):
            return tuple(self._keys.values())

    def create_keypair(self, name: str, public_key: str) -> None:
        with self._call("create_keypair"):
            if name in self._keys:
                raise CloudRefused(Refusal.NAME_TAKEN, f"Key pair '{name}' already exists.")
            digest = hashlib.md5(public_key.encode(), usedforsecurity=False).hexdigest()
            self._keys[name] = Keypair(name, digest)

    def delete_keypair(self, name: str) -> None:
        with self._call("delete_keypair"):
            if not self.keeps_keypairs:
                self._keys.pop(name, None)

    def image(self, name: str) -> Image | None:
        with self._call("image"):
            return Image(f"image-{name}", name) if name in IMAGES else None

    def close(self) -> None:
        pass

    # --- inside ----------------------------------------------------------------------------------

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        with self._lock:
            if name != "look":
                self.on_call(name, False)
            self._settle()
            yield
            if name != "look":
                self.calls.append(name)
                self.on_call(name, True)

    def _id(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}-of-{self.site}"

    def _settle(self) -> None:
        """What happened since somebody last looked."""
        for held in self._leases:
            if held.end <= self.now():
                self._take_servers(held)
        gone = {server.id for server in self._servers if server.gone_at and server.gone_at <= self.now()}
        self._servers = [server for server in self._servers if server.id not in gone]
        self._attached = {ip: server for ip, server in self._attached.items() if server not in gone}

    def _take_servers(self, held: HeldLease) -> None:
        taken = [server for server in self._servers if server.wish.reservation.id == held.reservation_id]
        self.lost += [server.wish.name for server in taken]
        gone = {server.id for server in taken}
        self._servers = [server for server in self._servers if server.id not in gone]
        self._attached = {ip: server for ip, server in self._attached.items() if server not in gone}

    def _lease(self, lease_id: str) -> HeldLease | None:
        there = (held for held in self._leases if held.deleted_at is None)
        return next((held for held in there if held.id == lease_id), None)

    def _holds(self, held: HeldLease) -> bool:
        return held.deleted_at is None and held.end > self.now()

    def _granted(self, wish: LeaseWish) -> HeldLease:
        """As the real one checks: the name first, then what is free, then the price."""
        if any(held.name == wish.name and held.deleted_at is None for held in self._leases):
            raise CloudRefused(Refusal.NAME_TAKEN, f"The lease with name: {wish.name} already exists")
        if self.known.unrestricted is False:
            raise CloudRefused(Refusal.RESTRICTED_CREDENTIAL, "Internal Server Error")
        start = wish.start or self.now()
        if start < self.now() - timedelta(minutes=1) or wish.end <= start:
            raise CloudRefused(Refusal.MALFORMED, "Start date must be later than current date")
        host_ids, rate = self._chosen(wish, start)
        held = HeldLease(self._id("lease"), wish, self.now(), start, wish.end, host_ids, rate)
        self._check_price(wish.end - start, hours(wish.end - start) * rate)
        return held

    def _chosen(self, wish: LeaseWish, start: datetime) -> tuple[tuple[str, ...], float]:
        match wish.what:
            case HostsWish(node_type, number, uids):
                fitting = [each for each in self.machines if each.node_type == node_type and each.usable]
                named = [each for each in fitting if not uids or each.uid in uids]
                if not named:
                    raise CloudRefused(Refusal.NO_SUCH_TYPE, f"there is no {node_type}")
                free = [each for each in named if self._is_free(each.id, start, wish.end)][:number]
                if len(free) < number:
                    raise CloudRefused(Refusal.FULL, "Not enough hosts available")
                return tuple(each.id for each in free), sum(factor(each) for each in free)
            case FlavorWish(flavor_id, number):
                if self._free(flavor_id, start, wish.end) < number:
                    raise CloudRefused(Refusal.FULL, "Not enough resources available")
                return (), self.flavor_rate * number

    def _is_free(self, host_id: str, start: datetime, end: datetime, except_for: str = "") -> bool:
        ours = [held for held in self._leases if self._holds(held) and held.id != except_for]
        spans = [(each.start, each.end) for each in ours if host_id in each.host_ids]
        spans += [(each.start, each.end) for each in self.others if each.host_id == host_id]
        return not any(overlap(start, end, *span) for span in spans)

    def _free(self, flavor_id: str, start: datetime, end: datetime) -> int:
        room = next((number for flavor, number in self.offered if flavor.id == flavor_id), 0)
        held = [each for each in self._leases if self._holds(each) and each.flavor_id == flavor_id]
        return room - sum(each.amount for each in held if overlap(start, end, each.start, each.end))

    def _check_price(self, length: timedelta, price: float) -> None:
        if not self.portal_up:
            raise CloudRefused(Refusal.PORTAL_DOWN, "External service enforcement filter denied the request.")
        if length > LONGEST + timedelta(seconds=1):
            raise CloudRefused(
                Refusal.TOO_LONG, "Lease duration must be less than the maximum lease duration"
            )
        spent = sum(held.price() for held in self._leases)
        if self.su_left is not None and spent + price > self.su_left:
            left = self.su_left - spent
            raise CloudRefused(Refusal.OVER_BUDGET, f"would spend {price:g} SUs, only {left:g} left")
        if self.user_su_left is not None and spent + price > self.user_su_left:
            raise CloudRefused(Refusal.OVER_USER_BUDGET, f"would spend {price:g} SUs, only few left")

    def _check_move(self, held: HeldLease, end: datetime) -> None:
        if end <= held.end:
            if end < self.now():
                raise CloudRefused(Refusal.MALFORMED, "End date must be later than current and start date.")
            return
        if not all(self._is_free(each, held.end, end, held.id) for each in held.host_ids):
            raise CloudRefused(Refusal.FULL, "Not enough hosts available")
        if held.flavor_id is not None and self._free(held.flavor_id, held.end, end) < held.amount:
            raise CloudRefused(Refusal.FULL, "Not enough resources available")
        if self.now() < held.end - WINDOW:
            why = "Lease can only be extended within 172800 seconds of the leases current end time."
            raise CloudRefused(Refusal.OUTSIDE_WINDOW, why)
        self._check_price(end - held.end, hours(end - held.end) * held.rate)

    def _place(self, wish: ServerWish) -> tuple[str | None, str | None]:
        """The uid of its host, and why it cannot come up."""
        found = [held for held in self._leases if held.reservation_id == wish.reservation.id]
        now, none = self.now(), "No valid host was found. There are not enough hosts available."
        held = next((each for each in found if self._holds(each)), None)
        if held is None or held.lease(now, self.activation).state is not LeaseState.ACTIVE:
            return None, none
        there = [each for each in self._servers if each.wish.reservation.id == held.reservation_id]
        if held.flavor_id is not None:
            return None, none if len(there) >= held.amount else None
        used = {each.host_uid for each in there}
        uids = [each.uid for each in self.machines if each.id in held.host_ids and each.uid not in used]
        if not uids:
            return None, none
        return uids[0], "node failed to deploy: timeout" if uids[0] in self.broken else None

    def _shown(self, server: HeldServer) -> Server:
        state = server.state(self.now(), self.building)
        ip = next((self._ips[ip] for ip, at in self._attached.items() if at == server.id), None)
        return Server(
            server.id,
            server.wish.name,
            state,
            server.wish.run_id,
            server.fault if state is ServerState.ERROR else None,
            "10.0.0.5",
            ip.address if ip is not None else None,
            server.host_uid,
            server.created_at,
        )

    def _at(self, address: str) -> HeldServer | None:
        ids = [self._attached.get(ip.id) for ip in self._ips.values() if ip.address == address]
        return next((server for server in self._servers if server.id in ids), None)


@dataclass(slots=True)
class Faults:
    """What goes wrong with the next calls; use its `strike` as a cloud's ``on_call``."""

    before: dict[str, BaseException] = field(default_factory=dict)
    """Name of a call → what it raises instead of taking effect, once. ``*`` = any."""
    after: dict[str, BaseException] = field(default_factory=dict)
    """The same for a call that took effect and whose answer is lost."""

    def strike(self, name: str, done: bool) -> None:
        waiting = self.after if done else self.before
        error = waiting.pop(name, None) or waiting.pop("*", None)
        if error is not None:
            raise error


def unanswered(name: str = "the reservation service") -> Retryable:
    return Retryable(f"{name} of CHI@Fake did not answer within 30 s")


def hours(length: timedelta) -> float:
    return length.total_seconds() / 3600


def factor(machine: Host) -> float:
    return float(machine.properties.get("su_factor", "1"))


def as_text(cloud: FakeCloud) -> str:
    """Everything that is left, for the message of a failed test."""
    return json.dumps(cloud.left(), indent=1)
