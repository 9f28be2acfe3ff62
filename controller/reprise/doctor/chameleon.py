"""What the credentials for Chameleon's sites can do and see, and what each site's documentation leaves open.

Nothing is changed there.
"""

import stat
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Protocol

from reprise.backends import NO_CHAMELEON
from reprise.doctor.finding import Finding
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.ports.cloud import Cloud, Credential, Host, LeaseState, Taken
from reprise.settings import Settings
from reprise.settings.chameleon import Chameleon

MOST_SKEW = 30.0
"""Seconds; leases begin and end by the minute."""
MOST_TYPES = 40
"""Of machines in one line."""
_AGAIN = "then try again"


class Tour(Protocol):
    """What is asked of a site beyond what leasing needs."""

    def clock_ahead(self) -> float | None: ...
    def leases_come_in_pages(self) -> bool | None: ...
    def floating_addresses(self) -> int | None: ...
    def has_network(self, name: str) -> bool: ...
    def lists_s3_keys(self) -> None: ...
    def told_limits(self) -> tuple[str, ...]: ...
    def address(self, kind: str) -> str | None: ...
    def public_availability(self) -> str: ...


def examine_chameleon(settings: Settings, now: datetime) -> Iterator[Finding]:
    try:
        from reprise.adapters.chameleon import opening, probes
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "keystoneauth1":
            raise
        said, _, step = NO_CHAMELEON.partition(": ")
        yield Finding("chameleon", False, said, step)
        return
    try:
        clouds = opening.open_sites(settings.chameleon)
    except UserError as error:
        said, _, step = str(error).partition(": ")
        yield Finding("chameleon", False, said, step or None)
        return
    yield from files_findings(settings.chameleon)
    for cloud in clouds:
        yield from site_findings(cloud, probes.Probes(cloud.session), settings.chameleon, now)
        cloud.close()


def files_findings(chosen: Chameleon) -> Iterator[Finding]:
    """What in them lets anybody spend the project's service units."""
    for file in chosen.secret_files():
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            yield Finding(file.name, False, f"others may read {file}", f"chmod 600 {file}")
        else:
            yield Finding(file.name, True, str(file))


def site_findings(cloud: Cloud, tour: Tour, chosen: Chameleon, now: datetime) -> Iterator[Finding]:
    """Where signing in fails, nothing else can be asked."""
    site = cloud.site
    try:
        known = cloud.credential()
    except (Refused, Retryable) as error:
        yield _problem(site, error)
        return
    yield Finding(site, True, f"{known.user} in the project {known.project}, {_roles(known)}")
    yield credential_finding(f"{site} credential", known, chosen, now)
    looks: dict[str, Callable[[], Finding]] = {
        "clock": lambda: _clock(site, tour),
        "machines": lambda: machines_finding(f"{site} machines", cloud.hosts(), cloud.taken(), now),
        "flavors": lambda: _flavors(site, cloud, now),
        "images": lambda: _images(site, cloud, chosen),
        "network": lambda: _network(site, cloud, tour, chosen),
        "leases": lambda: _leases(site, cloud, tour),
        "limits": lambda: _limits(site, tour),
        "storage": lambda: _storage(site, tour),
        "calendar": lambda: Finding(f"{site} calendar", True, tour.public_availability()),
    }
    for name, look in looks.items():
        try:
            yield look()
        except (Refused, Retryable) as error:
            yield _problem(f"{site} {name}", error)


def _problem(name: str, error: Exception) -> Finding:
    if isinstance(error, Retryable):
        return Finding(name, False, str(error), _AGAIN)
    said, _, step = str(error).rpartition(": ")
    return Finding(name, False, said, step)


def _roles(known: Credential) -> str:
    return f"roles {', '.join(known.roles)}" if known.roles else "roles not told"


def credential_finding(name: str, known: Credential, chosen: Chameleon, now: datetime) -> Finding:
    """Leases need a trust, which a restricted application credential cannot create."""
    if known.unrestricted is False:
        step = "create another one with *Unrestricted* ticked"
        return Finding(name, False, "is restricted, so it can make no lease", step)
    left = known.expires_at - now if known.expires_at is not None else None
    if left is not None and left <= timedelta(0):
        return Finding(name, False, f"expired on {known.expires_at:%Y-%m-%d %H:%M} UTC", "create a new one")
    if left is not None and left <= timedelta(days=chosen.warn_days):
        said = f"expires on {known.expires_at:%Y-%m-%d %H:%M} UTC, in {_days(left)}"
        return Finding(name, False, said, "create a new one before then")
    ends = f"expires in {_days(left)}" if left is not None else "never expires, as far as is told"
    kind = "unrestricted, can make leases" if known.unrestricted else "no application credential"
    hint = None if "reader" in known.roles else "add the role reader if a list below is refused"
    return Finding(name, True, f"{kind}; {ends}", hint)


def _days(left: timedelta) -> str:
    days = left.total_seconds() / 86_400
    return f"{days:.0f} days" if days >= 2 else f"{left.total_seconds() / 3600:.0f} hours"


def _clock(site: str, tour: Tour) -> Finding:
    ahead = tour.clock_ahead()
    name = f"{site} clock"
    if ahead is None:
        return Finding(name, True, "is not told")
    if abs(ahead) <= MOST_SKEW:
        return Finding(name, True, "agrees with this machine's")
    word = "ahead of" if ahead > 0 else "behind"
    said = f"{abs(ahead):.0f} s {word} this machine's"
    return Finding(name, False, said, "let NTP set the clock here: leases begin and end by it")


def machines_finding(name: str, hosts: tuple[Host, ...], taken: tuple[Taken, ...], now: datetime) -> Finding:
    """Types of machines that can be leased, with how many are free this minute and their price."""
    busy = {entry.host_id for entry in taken if entry.start <= now < entry.end}
    usable = [host for host in hosts if host.usable and host.node_type]
    if not usable:
        return Finding(name, True, "none can be leased here")
    there = Counter(host.node_type for host in usable)
    free = Counter(host.node_type for host in usable if host.id not in busy)
    prices = {host.node_type: host.properties.get("su_factor") for host in usable}
    told = [
        f"{kind} {free[kind]} of {count} free{_price(prices[kind])}" for kind, count in sorted(there.items())
    ]
    more = f" and {len(told) - MOST_TYPES} more types" if len(told) > MOST_TYPES else ""
    return Finding(name, True, ", ".join(told[:MOST_TYPES]) + more)


def _price(factor: str | None) -> str:
    return f" at {factor} SU an hour" if factor is not None else ""


def _flavors(site: str, cloud: Cloud, now: datetime) -> Finding:
    name = f"{site} flavors"
    found = cloud.flavors()
    if not found:
        return Finding(name, True, "no virtual machines here")
    openings = cloud.openings(found[0].id, now, now + timedelta(days=7))
    told = "the site tells when each is free" if openings is not None else "when each is free is not told"
    return Finding(name, True, f"{', '.join(flavor.name for flavor in found[:MOST_TYPES])}; {told}")


def _images(site: str, cloud: Cloud, chosen: Chameleon) -> Finding:
    """Not every site has every kind of machine, so one that is missing is no problem."""
    wanted = dict.fromkeys(
        (chosen.images.nvidia, chosen.images.slice, chosen.images.amd, chosen.images.plain)
    )
    there = [name for name in wanted if cloud.image(name) is not None]
    missing = [name for name in wanted if name not in there]
    if not there:
        step = "name images of this site below REPRISE_CHAMELEON__IMAGES"
        return Finding(f"{site} images", False, f"has none of {', '.join(wanted)}", step)
    absent = f"; not {', '.join(missing)}" if missing else ""
    return Finding(f"{site} images", True, f"{', '.join(there)}{absent}")


def _network(site: str, cloud: Cloud, tour: Tour, chosen: Chameleon) -> Finding:
    name = f"{site} network"
    missing = [each for each in (chosen.network, chosen.external_network) if not tour.has_network(each)]
    if missing:
        step = "correct REPRISE_CHAMELEON__NETWORK or REPRISE_CHAMELEON__EXTERNAL_NETWORK"
        return Finding(name, False, f"there is no network {' and no '.join(missing)}", step)
    most, used = tour.floating_addresses(), len(cloud.floating_ips())
    bound = f"of at most {most}" if most is not None else "with no bound told"
    said = f"{chosen.network} and {chosen.external_network}; {used} floating addresses in use {bound}"
    if most is not None and used >= most:
        return Finding(name, False, said, "release unused ones, or set REPRISE_CHAMELEON__JUMP")
    return Finding(name, True, said)


def _leases(site: str, cloud: Cloud, tour: Tour) -> Finding:
    found = cloud.leases()
    living = [each for each in found if each.state is not LeaseState.TERMINATED]
    pages = {True: "told in pages", False: "told all at once", None: "too few to see whether in pages"}
    said = f"{len(living)} of the project now or later, {len(found) - len(living)} ended"
    return Finding(f"{site} leases", True, f"{said}; {pages[tour.leases_come_in_pages()]}")


def _limits(site: str, tour: Tour) -> Finding:
    """What a site never tells is said, too, so that nobody looks for it."""
    told = ", ".join(tour.told_limits()) or "no bound on requests is told"
    hidden = "what is left of the project's service units and when idle leases end is told nowhere"
    return Finding(f"{site} limits", True, f"{told}; {hidden}")


def _storage(site: str, tour: Tour) -> Finding:
    name = f"{site} storage"
    if tour.address("object-store") is None:
        return Finding(name, True, "no object store here")
    try:
        tour.lists_s3_keys()
    except Refused:
        return Finding(name, True, "an object store; this credential may not see S3 keys, so it speaks Swift")
    return Finding(name, True, "an object store; this credential may see S3 keys")
