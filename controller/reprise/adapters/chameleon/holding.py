"""What is held at a site, run by run: for people who want to see it, and for what gives it back by hand."""

from dataclasses import dataclass

from reprise.adapters.chameleon import names
from reprise.domain.run import RunId
from reprise.ports.cloud import Cloud, FloatingIp, Lease, Server


@dataclass(frozen=True, slots=True)
class Holding:
    run_id: RunId
    site: str
    leases: tuple[Lease, ...]
    servers: tuple[Server, ...]
    addresses: tuple[FloatingIp, ...]
    keypairs: tuple[str, ...]


def holdings(cloud: Cloud) -> tuple[Holding, ...]:
    """Of every run, whichever controller's; only what carries a run's name. Raises Retryable, Refused."""
    leases, servers = cloud.leases(), cloud.servers()
    addresses = cloud.floating_ips()
    keypairs = [each.name for each in cloud.keypairs()]
    carried = [*(each.name for each in leases), *(each.name for each in servers), *keypairs]
    found = {*map(names.run_of, carried), *(names.run_of_tags(each.tags) for each in addresses)}
    return tuple(
        Holding(
            run_id,
            cloud.site,
            tuple(each for each in leases if names.is_of(run_id, each.name)),
            tuple(each for each in servers if names.is_of(run_id, each.name)),
            tuple(each for each in addresses if names.tag(run_id) in each.tags),
            tuple(each for each in keypairs if names.is_of(run_id, each)),
        )
        for run_id in sorted(filter(None, found))
    )
