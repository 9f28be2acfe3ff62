"""What of a run is in a site's cloud: in its words to act, in `domain.leasing.life`'s to decide."""

from dataclasses import dataclass

from reprise.adapters.chameleon import names
from reprise.adapters.chameleon.kept import Kept
from reprise.domain.leasing import life
from reprise.domain.leasing.life import Left, Seen
from reprise.domain.run import RunId
from reprise.ports.cloud import Cloud, FloatingIp, Lease, LeaseState, Server, ServerState

_LEASES: dict[LeaseState, life.Lease] = {
    LeaseState.PENDING: life.Lease.COMING,
    LeaseState.CREATING: life.Lease.COMING,
    LeaseState.STARTING: life.Lease.COMING,
    LeaseState.ACTIVE: life.Lease.ACTIVE,
    LeaseState.UPDATING: life.Lease.ACTIVE,
    LeaseState.TERMINATING: life.Lease.OVER,
    LeaseState.TERMINATED: life.Lease.OVER,
    LeaseState.DELETING: life.Lease.OVER,
    LeaseState.ERROR: life.Lease.BROKEN,
}
_SERVERS: dict[ServerState, life.Server] = {
    ServerState.BUILDING: life.Server.COMING,
    ServerState.ACTIVE: life.Server.ACTIVE,
    ServerState.ERROR: life.Server.BROKEN,
    ServerState.OTHER: life.Server.GOING,
}


@dataclass(frozen=True, slots=True)
class Found:
    """Of the attempt that a run is at."""

    lease: Lease | None = None
    server: Server | None = None
    address: FloatingIp | None = None

    def seen(self, *, without_address: bool) -> Seen:
        """``without_address``: the node is reached through another one, and needs no address of its own."""
        lease, server = self.lease, self.server
        has_address = server is not None and server.floating_address is not None
        by_jump = without_address and server is not None and server.fixed_address is not None
        return Seen(
            lease=life.Lease.NONE if lease is None else _LEASES[lease.state],
            start=None if lease is None else lease.start,
            end=None if lease is None else lease.end,
            server=life.Server.NONE if server is None else _SERVERS[server.state],
            server_since=None if server is None else server.created_at,
            fault=None if server is None else server.fault,
            address=self.address is not None,
            attached=has_address or by_jump,
        )


def look(cloud: Cloud, run_id: RunId, kept: Kept) -> Found:
    """No more calls than what is there allows a next step for. Raises Retryable, CloudRefused."""
    lease = _lease(cloud, run_id, kept)
    if lease is None or _LEASES[lease.state] is life.Lease.COMING:
        return Found(lease)
    server = _server(cloud, run_id, kept)
    if server is None or server.state is not ServerState.ACTIVE or server.floating_address is not None:
        return Found(lease, server)
    ours = (ip for ip in cloud.floating_ips() if names.tag(run_id) in ip.tags)
    return Found(lease, server, next(ours, None))


def left(cloud: Cloud, run_id: RunId) -> Left:
    """All that a run has there, of every attempt."""
    servers = [server for server in cloud.servers() if server.run_id == run_id]
    return Left(
        servers=tuple(server.id for server in servers),
        servers_going=tuple(server.id for server in servers if server.state is ServerState.OTHER),
        leases=tuple(lease.id for lease in cloud.leases() if names.is_of(run_id, lease.name)),
        addresses=tuple(ip.id for ip in cloud.floating_ips() if names.tag(run_id) in ip.tags),
        keypairs=tuple(key.name for key in cloud.keypairs() if key.name == names.keypair(run_id)),
    )


def runs_in(cloud: Cloud) -> frozenset[RunId]:
    """Every run that something there is for, whoever's it is."""
    by_name = [lease.name for lease in cloud.leases()] + [key.name for key in cloud.keypairs()]
    found = {names.run_of(name) for name in by_name}
    found |= {names.run_of_tags(ip.tags) for ip in cloud.floating_ips()}
    found |= {names.run_of(server.name) for server in cloud.servers()}
    return frozenset(run for run in found if run is not None)


def _lease(cloud: Cloud, run_id: RunId, kept: Kept) -> Lease | None:
    if kept.lease_id is not None:
        return cloud.lease(kept.lease_id)
    name = names.name(run_id, kept.attempt)
    return next((lease for lease in cloud.leases() if lease.name == name), None)


def _server(cloud: Cloud, run_id: RunId, kept: Kept) -> Server | None:
    """The best of those that carry the attempt's name: an answer that got lost can have made two."""
    name = names.name(run_id, kept.attempt)
    ours = [each for each in cloud.servers() if each.run_id == run_id and each.name == name]
    order = [ServerState.ACTIVE, ServerState.BUILDING, ServerState.OTHER, ServerState.ERROR]
    return min(ours, key=lambda server: order.index(server.state), default=None)
