"""Asks every site what it could lease, and lets `domain.leasing.choice` decide."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reprise.adapters.chameleon.kept import Kept
from reprise.domain.errors import Retryable
from reprise.domain.leasing.choice import Choice, Limits, Nothing, choose
from reprise.domain.leasing.refusal import CloudRefused
from reprise.domain.leasing.supply import FlavorFact, HostFact, Supply, of_flavor, of_hosts
from reprise.domain.leasing.windows import Room, Span
from reprise.ports.cloud import Cloud, Flavor, Host, Taken


@dataclass(slots=True)
class Offered:
    """What the sites could lease, and which of them said nothing of it."""

    supplies: list[Supply] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)
    """Sites that did not answer, and how."""
    refused: dict[str, str] = field(default_factory=dict)
    """Sites that let us do nothing, and why."""

    def machines(self, site: str, name: str) -> int | None:
        """How many of a type a site has; None of a flavor, which nobody counts."""
        alike = [each for each in self.supplies if (each.machine.site, each.machine.name) == (site, name)]
        return sum(len(each.hosts) for each in alike) or None


def ask(clouds: Sequence[Cloud], kept: Kept, until: datetime) -> Offered:
    """One site that is out of order keeps nobody from the others. ``until``: the latest start of use."""
    offered = Offered()
    for cloud in clouds:
        try:
            flavors = _flavors(cloud, kept.asked_at, until + kept.need.length)
            offered.supplies += [of_flavor(cloud.site, fact) for fact in flavors]
            offered.supplies += _hosts(cloud, kept.avoided)
        except Retryable as error:
            offered.silent[cloud.site] = str(error)
        except CloudRefused as error:
            offered.refused[cloud.site] = str(error)
    return offered


def choices(offered: Offered, kept: Kept, *, now: datetime, latest: datetime) -> tuple[Choice, ...] | Nothing:
    """The best first."""
    return choose(
        kept.need.resources,
        offered.supplies,
        now=now,
        length=kept.need.length,
        limits=Limits(latest, kept.need.most_su),
        published=kept.need.published,
    )


def _hosts(cloud: Cloud, avoided: tuple[str, ...]) -> list[Supply]:
    taken = cloud.taken()
    hosts = cloud.hosts()
    facts = [_fact(host, taken) for host in hosts if host.usable and host.uid not in avoided]
    wanting = {host.node_type for host in hosts if host.uid in avoided}
    return [
        replace(supply, all_of_type=False) if supply.machine.name in wanting else supply
        for supply in of_hosts(cloud.site, facts)
    ]


def _fact(host: Host, taken: tuple[Taken, ...]) -> HostFact:
    busy = tuple(Span(each.start, each.end) for each in taken if each.host_id == host.id)
    return HostFact(host.uid, host.node_type, host.properties, busy)


def _flavors(cloud: Cloud, now: datetime, until: datetime) -> list[FlavorFact]:
    horizon = min(until, now + timedelta(days=30))
    return [_flavor_fact(cloud, flavor, now, horizon) for flavor in cloud.flavors()]


def _flavor_fact(cloud: Cloud, flavor: Flavor, now: datetime, until: datetime) -> FlavorFact:
    openings = cloud.openings(flavor.id, now, until)
    rooms = None if openings is None else tuple(Room(each.start, each.end, each.free) for each in openings)
    return FlavorFact(flavor.id, flavor.name, flavor.cpus, flavor.memory_bytes, flavor.specs, rooms)
