"""What to do next for a run that needs a leased machine: from nothing to a node that was proved. Pure.

The provider looks, asks here, does one thing, and looks again: whatever happened in between (a crash, a lost
answer, a lease that ended) is seen, not remembered. Money runs from the lease's start, so an attempt that
does not get on is given back, and tried once more on another host.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from reprise.domain.run import Reason

SOON = timedelta(seconds=5)
"""Between two looks at what changes within seconds: a lease that begins is noticed within ten."""
LATER = timedelta(seconds=15)
"""Between two looks at a machine that boots."""
SELDOM = timedelta(minutes=10)
"""The longest between two looks at a lease that begins some day."""

ATTEMPTS = 2
"""Leases that a run may have, one after the other, before its node counts as not to be had."""


class Lease(Enum):
    NONE = "none"
    COMING = "coming"
    ACTIVE = "active"
    OVER = "over"
    BROKEN = "broken"


class Server(Enum):
    NONE = "none"
    COMING = "coming"
    ACTIVE = "active"
    BROKEN = "broken"
    GOING = "going"
    """Being deleted, or stopped."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When an attempt that does not get on is given back."""

    begins: timedelta = timedelta(minutes=15)
    """From a lease's start until it has to be active."""
    served: timedelta = timedelta(minutes=30)
    """From a lease's start until a server has to be asked for. Idle leases are warned of after six hours
    and ended after nine."""
    builds: timedelta = timedelta(minutes=45)
    """From asking for a server until it has to be ACTIVE: 10 to 30 minutes are usual for whole machines."""
    boots: timedelta = timedelta(minutes=30)
    """From then until SSH has to answer and the node has to be proved."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a run between two looks."""

    asked_at: datetime
    longest_wait: timedelta
    """Until a lease has to have been granted that begins in time."""
    attempt: int = 1
    chosen: bool = False
    """Whether a site and a window were chosen for this attempt."""
    leased: bool = False
    """Whether this attempt had a lease."""
    served: bool = False
    """Whether this attempt had a server."""
    keyed: bool = False
    """Whether the key that the cloud has under our name is the one that we hold."""
    answered: bool = False
    """Whether SSH let us in, so that its host key is pinned."""
    proved: bool = False
    """Whether the node was found to be what was promised."""
    extended: bool = False
    """Whether an extension was granted or refused for good: it is tried once."""
    failing: str | None = None
    """Why this attempt is being given back."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What of this attempt is in the cloud now."""

    lease: Lease = Lease.NONE
    start: datetime | None = None
    end: datetime | None = None
    server: Server = Server.NONE
    server_since: datetime | None = None
    fault: str | None = None
    address: bool = False
    """Whether a floating address is set aside for this run."""
    attached: bool = False


# --- what to do -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choose:
    """Look for a site, a type and a window."""


@dataclass(frozen=True, slots=True)
class TakeLease:
    """Ask for what was chosen."""


@dataclass(frozen=True, slots=True)
class BringKey: ...


@dataclass(frozen=True, slots=True)
class StartServer: ...


@dataclass(frozen=True, slots=True)
class TakeAddress: ...


@dataclass(frozen=True, slots=True)
class Attach: ...


@dataclass(frozen=True, slots=True)
class Knock:
    """Try SSH."""


@dataclass(frozen=True, slots=True)
class Prove:
    """See whether the node is what was promised, and make it ready for containers."""


@dataclass(frozen=True, slots=True)
class Extend: ...


@dataclass(frozen=True, slots=True)
class HandOver:
    """The node can be used."""


@dataclass(frozen=True, slots=True)
class Wait:
    why: str
    after: timedelta


@dataclass(frozen=True, slots=True)
class Fail:
    """This attempt does not get on: remember why, so that the next looks give it back."""

    why: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """One thing of an attempt that failed: its server, then its lease."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Nothing of the attempt is left: the next one, on another host."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    reason: Reason
    why: str


Action = (
    Choose
    | TakeLease
    | BringKey
    | StartServer
    | TakeAddress
    | Attach
    | Knock
    | Prove
    | Extend
    | HandOver
    | Wait
    | Fail
    | GiveBack
    | TryAgain
    | GiveUp
)


def next_action(known: Known, seen: Seen, now: datetime, limits: Limits | None = None) -> Action:
    """One thing, after which somebody looks again."""
    limits = limits or Limits()
    if known.failing is not None:
        return _after_failure(known, seen, known.failing)
    match seen.lease:
        case Lease.NONE if known.leased:
            return Fail("its lease is gone: somebody deleted it")
        case Lease.NONE:
            return _without_lease(known, now)
        case Lease.COMING:
            return _coming(seen, now, limits)
        case Lease.OVER:
            return Fail(f"its lease ended at {_clock(seen.end)}")
        case Lease.BROKEN:
            return Fail("the cloud could not carry out its lease")
        case Lease.ACTIVE:
            return _with_lease(known, seen, now, limits)


def _after_failure(known: Known, seen: Seen, why: str) -> Action:
    if seen.lease is not Lease.NONE or seen.server is not Server.NONE:
        return GiveBack()
    if known.proved or known.attempt >= ATTEMPTS:  # work may have begun, and is not begun again here
        return GiveUp(Reason.NODE_FAILED, why)
    return TryAgain()


def _without_lease(known: Known, now: datetime) -> Action:
    if now >= known.asked_at + known.longest_wait:
        return GiveUp(Reason.NO_CAPACITY, f"no machine could be leased within {_length(known.longest_wait)}")
    return TakeLease() if known.chosen else Choose()


def _coming(seen: Seen, now: datetime, limits: Limits) -> Action:
    if seen.start is None or now < seen.start:
        until = SELDOM if seen.start is None else max(seen.start - now, SOON)
        return Wait(f"its lease begins at {_clock(seen.start)}", min(until, SELDOM))
    if now >= seen.start + limits.begins:
        return Fail(f"its lease should have begun at {_clock(seen.start)} and has not")
    return Wait("its lease begins now", SOON)


def _with_lease(known: Known, seen: Seen, now: datetime, limits: Limits) -> Action:
    match seen.server:
        case Server.NONE if known.served:
            return Fail("its server is gone: somebody deleted it")
        case Server.NONE:
            return _without_server(known, seen, now, limits)
        case Server.COMING:
            if _since(seen, now) >= limits.builds:
                return Fail(f"its server did not come up within {_length(limits.builds)}")
            return Wait("the machine is being set up, which takes 10 to 30 minutes", LATER)
        case Server.BROKEN:
            return Fail(f"its server failed: {seen.fault or 'the cloud does not say why'}")
        case Server.GOING:
            return Fail("its server was stopped")
        case Server.ACTIVE:
            return _with_server(known, seen, now, limits)


def _without_server(known: Known, seen: Seen, now: datetime, limits: Limits) -> Action:
    if seen.start is not None and now >= seen.start + limits.served:
        return Fail(f"no server could be asked for within {_length(limits.served)} of its lease")
    return StartServer() if known.keyed else BringKey()


def _with_server(known: Known, seen: Seen, now: datetime, limits: Limits) -> Action:
    if known.proved:
        return Extend() if _runs_out(known, seen, now) else HandOver()
    if _since(seen, now) >= limits.builds + limits.boots:
        return Fail(
            f"the machine says that it is up, and {_lacks(known, seen)} within {_length(limits.boots)}"
        )
    if not seen.attached:
        return Attach() if seen.address else TakeAddress()
    return Prove() if known.answered else Knock()


def _lacks(known: Known, seen: Seen) -> str:
    if not seen.attached:
        return "no address could be given to it"
    return "it was not found to be in order" if known.answered else "its SSH did not answer"


def _runs_out(known: Known, seen: Seen, now: datetime) -> bool:
    if known.extended or seen.start is None or seen.end is None:
        return False
    return now >= seen.end - before_end(seen.end - seen.start)


def before_end(length: timedelta) -> timedelta:
    """How long before its end a lease is extended that is still needed: its last sixth, within bounds.

    A job that takes as long as declared is over by then. Sites allow it in the last 48 hours.
    """
    return min(max(length / 6, timedelta(minutes=10)), timedelta(hours=2), length / 2)


# --- giving everything back -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """What of a run is in the cloud, by kind: ids, and names of keypairs."""

    servers: tuple[str, ...] = ()
    servers_going: tuple[str, ...] = ()
    """Those whose deletion was asked for, or that are about to stop."""
    leases: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    keypairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteServers:
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AwaitServers:
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteLeases:
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteRest:
    addresses: tuple[str, ...]
    keypairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing is left."""


def next_removal(left: Left) -> DeleteServers | AwaitServers | DeleteLeases | DeleteRest | Gone:
    """Servers first: a lease that ends under one leaves it half deleted, and its host out of service."""
    if asked := tuple(each for each in left.servers if each not in left.servers_going):
        return DeleteServers(asked)
    if left.servers:
        return AwaitServers(left.servers)
    if left.leases:
        return DeleteLeases(left.leases)
    if left.addresses or left.keypairs:
        return DeleteRest(left.addresses, left.keypairs)
    return Gone()


def _since(seen: Seen, now: datetime) -> timedelta:
    return timedelta() if seen.server_since is None else now - seen.server_since


def _clock(at: datetime | None) -> str:
    return "a time that is not known" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _length(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    if minutes % (24 * 60) == 0:
        return "a day" if minutes == 24 * 60 else f"{minutes // (24 * 60)} days"
    if minutes % 60 == 0:
        return "an hour" if minutes == 60 else f"{minutes // 60} hours"
    return f"{minutes} minutes"
