"""Gives back what a run has in a site's cloud, and notes until when it was paid for."""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from reprise.adapters.chameleon import names
from reprise.adapters.chameleon.kept import Memory
from reprise.domain.errors import Refused, Retryable
from reprise.domain.leasing.choice import Choice
from reprise.domain.leasing.life import (
    AwaitServers,
    DeleteLeases,
    DeleteRest,
    DeleteServers,
    Gone,
)
from reprise.domain.leasing.money import Charge
from reprise.domain.run import RunId
from reprise.ports.cloud import Cloud, Lease

log = structlog.get_logger()

SHORTENED = timedelta(minutes=15)
"""What a lease keeps whose servers do not go: it ends by itself then, whatever becomes of us."""


def remove(
    memory: Memory,
    cloud: Cloud,
    run_id: RunId,
    removal: DeleteServers | AwaitServers | DeleteLeases | DeleteRest | Gone,
    now: datetime,
) -> None:
    """One kind of thing. Raises Retryable, CloudRefused."""
    match removal:
        case DeleteServers(ids):
            for each in ids:
                cloud.delete_server(each)
        case DeleteLeases(ids):
            for each in ids:
                _delete_lease(memory, cloud, run_id, each, now)
        case DeleteRest(addresses, keypairs):
            for each in addresses:
                cloud.delete_floating_ip(each)
            for each in keypairs:
                cloud.delete_keypair(each)
        case AwaitServers() | Gone():
            pass


def shorten(memory: Memory, cloud: Cloud, run_id: RunId, lease_ids: tuple[str, ...], now: datetime) -> None:
    """Of leases that cannot be deleted yet. A refusal changes nothing: they have their own ends."""
    end = (now + SHORTENED).replace(second=0, microsecond=0)
    for lease_id in lease_ids:
        try:
            lease = cloud.lease(lease_id)
            if lease is not None and lease.start < now and end < lease.end - SHORTENED:
                cloud.move_end(lease_id, end)
                _note(memory, run_id, replace(_charge(memory, cloud, run_id, lease), end=end))
        except (Refused, Retryable) as error:
            log.warning("lease not shortened", run_id=run_id, lease=lease_id, why=str(error))


def _delete_lease(memory: Memory, cloud: Cloud, run_id: RunId, lease_id: str, now: datetime) -> None:
    """Noted before it is done: afterwards the cloud knows nothing of it, and we may not live to tell."""
    lease = cloud.lease(lease_id)
    if lease is None:
        return
    charge = _charge(memory, cloud, run_id, lease)
    _note(memory, run_id, replace(charge, end=lease.end, ended_at=min(now, lease.end)))
    cloud.delete_lease(lease_id)
    log.info("lease given back", run_id=run_id, lease=lease_id, site=cloud.site)


def _note(memory: Memory, run_id: RunId, charge: Charge) -> None:
    memory.charge(run_id, charge)


def _charge(memory: Memory, cloud: Cloud, run_id: RunId, lease: Lease) -> Charge:
    """What is remembered of it or was intended; else what the calendar says."""
    known = (each for each in memory.charges(run_id) if each.lease_id == lease.id)
    found = next(known, None) or _intended(memory, cloud, run_id, lease)
    if found is not None:
        return found
    held = {each.host_id for each in cloud.taken() if each.lease_id == lease.id}
    hosts = [host for host in cloud.hosts() if host.id in held]
    rate = sum(_price(host.properties.get("su_factor", "1")) for host in hosts)
    what = ", ".join(sorted({host.node_type for host in hosts})) or "a machine"
    return Charge(lease.id, cloud.site, f"{max(len(hosts), 1)} × {what}", rate, lease.start, lease.end)


def _intended(memory: Memory, cloud: Cloud, run_id: RunId, lease: Lease) -> Charge | None:
    kept = memory.load(run_id)
    if kept is None or kept.choice is None or lease.name != names.name(run_id, kept.attempt):
        return None
    return charge_for(kept.choice, lease)


def charge_for(choice: Choice, lease: Lease) -> Charge:
    machine = choice.machine
    what = f"1 × {machine.name}"
    return Charge(lease.id, machine.site, what, machine.rate.high, lease.start, lease.end)


def _price(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0
