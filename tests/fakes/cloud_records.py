"""What the simulated cloud remembers of a lease and of a server."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reprise.ports.cloud import (
    FlavorWish,
    Lease,
    LeaseState,
    LeaseWish,
    Reservation,
    ServerState,
    ServerWish,
)


@dataclass(slots=True)
class HeldLease:
    id: str
    wish: LeaseWish
    created_at: datetime
    start: datetime
    end: datetime
    host_ids: tuple[str, ...]
    rate: float
    """Service units an hour, of all that it holds."""
    deleted_at: datetime | None = None

    @property
    def name(self) -> str:
        return self.wish.name

    @property
    def flavor_id(self) -> str | None:
        return self.wish.what.flavor_id if isinstance(self.wish.what, FlavorWish) else None

    @property
    def amount(self) -> int:
        return self.wish.what.count

    @property
    def reservation_id(self) -> str:
        return f"reservation-{self.id}"

    def lease(self, now: datetime, activation: timedelta) -> Lease:
        state = self._state(now, activation)
        reserved = f"flavor-{self.id}" if self.flavor_id is not None else None
        status = {LeaseState.PENDING: "pending", LeaseState.ACTIVE: "active"}.get(state, "deleted")
        reservation = Reservation(self.reservation_id, status, reserved)
        return Lease(self.id, self.name, state, self.start, self.end, (reservation,))

    def cost(self, now: datetime) -> float:
        """Service units until now: a lease that was deleted costs no more from then on."""
        until = min(filter(None, (self.end, self.deleted_at, now)))
        return self._hours(until) * self.rate

    def price(self) -> float:
        """Service units that are set aside for it: all of it, unless it was deleted."""
        return self._hours(min(filter(None, (self.end, self.deleted_at)))) * self.rate

    def _hours(self, until: datetime) -> float:
        return max(0.0, (until - self.start).total_seconds() / 3600)

    def _state(self, now: datetime, activation: timedelta) -> LeaseState:
        if now >= self.end:
            return LeaseState.TERMINATED
        begun = max(self.start, self.created_at) + activation
        return LeaseState.ACTIVE if now >= begun else LeaseState.PENDING


@dataclass(slots=True)
class HeldServer:
    id: str
    wish: ServerWish
    created_at: datetime
    host_uid: str | None
    fault: str | None
    gone_at: datetime | None = None

    def state(self, now: datetime, building: timedelta) -> ServerState:
        if self.gone_at is not None:
            return ServerState.OTHER
        if now < self.created_at + building:
            return ServerState.BUILDING
        return ServerState.ACTIVE if self.fault is None else ServerState.ERROR


def overlap(start: datetime, end: datetime, other_start: datetime, other_end: datetime) -> bool:
    return start < other_end and other_start < end
