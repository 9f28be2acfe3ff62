"""Where a cloud's promises are tried: on the simulator, whose clock tests move, and on real services."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reprise.ports.cloud import Cloud, HostsWish, Image, Lease, LeaseWish, Server, ServerWish

NODE_TYPE = "compute_skylake"
"""There is exactly one free machine of it."""
IMAGE = "CC-Ubuntu24.04-CUDA"
NETWORK = "sharednet1"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl reprise"


class World(Protocol):
    """A cloud of one's own, with nothing of ours in it when a test begins."""

    @property
    def cloud(self) -> Cloud: ...
    @property
    def restricted(self) -> Cloud:
        """The same with a credential that may not lease."""
        ...

    @property
    def flavor_id(self) -> str:
        """At least one virtual machine of it is free."""
        ...

    def now(self) -> datetime: ...
    def until(self, reached: Callable[[], bool]) -> None:
        """Time passes until then; a minute or two at most."""
        ...

    def portal(
        self, *, down: bool = False, project_sus: float = 1000.0, user_sus: float | None = None
    ) -> None:
        """What whoever counts service units grants from now on."""
        ...


@dataclass(frozen=True, slots=True)
class Cast:
    """Makes what several tests begin with."""

    world: World

    def wish(self, name: str, *, start: datetime | None = None, end: datetime, uid: str = "") -> LeaseWish:
        return LeaseWish(name, HostsWish(NODE_TYPE, uids=(uid,) if uid else ()), start, end)

    def active(self, wish: LeaseWish) -> Lease:
        return self.awaited(self.world.cloud.create_lease(wish))

    def awaited(self, made: Lease) -> Lease:
        """Once it is ACTIVE."""

        def is_active() -> bool:
            seen = self.world.cloud.lease(made.id)
            return seen is not None and seen.state is type(seen.state).ACTIVE

        self.world.until(is_active)
        seen = self.world.cloud.lease(made.id)
        assert seen is not None
        return seen

    def server(self, lease: Lease, name: str, run_id: str = "r1") -> Server:
        keys = {each.name for each in self.world.cloud.keypairs()}
        if "reprise-r1" not in keys:
            self.world.cloud.create_keypair("reprise-r1", PUBLIC_KEY)
        wish = ServerWish(name, lease.reservations[0], self.image().id, "reprise-r1", NETWORK, run_id)
        return self.world.cloud.create_server(wish)

    def image(self) -> Image:
        found = self.world.cloud.image(IMAGE)
        assert found is not None
        return found

    def seen(self, server_id: str) -> Server | None:
        return next((each for each in self.world.cloud.servers() if each.id == server_id), None)
