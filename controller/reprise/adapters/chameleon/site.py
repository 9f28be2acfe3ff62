"""The port Cloud on one site's real services. Sites share nothing, and each serves several threads."""

from dataclasses import replace
from datetime import datetime

from reprise.adapters.chameleon import identity, refusals
from reprise.adapters.chameleon.addresses import Addresses
from reprise.adapters.chameleon.login import Login
from reprise.adapters.chameleon.machines import Machines
from reprise.adapters.chameleon.reservations import Reservations
from reprise.adapters.chameleon.session import Session
from reprise.domain.leasing.refusal import Refusal
from reprise.ports.cloud import (
    Credential,
    Flavor,
    FloatingIp,
    Host,
    Image,
    Keypair,
    Lease,
    LeaseWish,
    Opening,
    Server,
    ServerWish,
    Taken,
)


class SiteCloud:
    def __init__(
        self,
        login: Login,
        *,
        timeout: float = 60.0,
        external_network: str = "public",
        whole_machine: str = "baremetal",
    ) -> None:
        """Asks nobody yet. ``whole_machine``: name of the flavor of servers on whole machines."""
        self.session = Session(login, timeout=timeout)
        self._whole_machine = whole_machine
        self._reservations = Reservations(self.session)
        self._machines = Machines(self.session)
        self._addresses = Addresses(self.session, external=external_network)

    @property
    def site(self) -> str:
        return self.session.site

    def credential(self) -> Credential:
        return identity.credential(self.session)

    def hosts(self) -> tuple[Host, ...]:
        return self._reservations.hosts()

    def taken(self) -> tuple[Taken, ...]:
        return self._reservations.taken()

    def flavors(self) -> tuple[Flavor, ...]:
        found = self._machines.flavors()
        return tuple(flavor for flavor in found if flavor.name != self._whole_machine)

    def openings(self, flavor_id: str, start: datetime, end: datetime) -> tuple[Opening, ...] | None:
        return self._reservations.openings(flavor_id, start, end)

    def leases(self) -> tuple[Lease, ...]:
        return self._reservations.leases()

    def lease(self, lease_id: str) -> Lease | None:
        return self._reservations.lease(lease_id)

    def create_lease(self, wish: LeaseWish) -> Lease:
        return self._reservations.create(wish)

    def move_end(self, lease_id: str, end: datetime) -> None:
        self._reservations.move_end(lease_id, end)

    def delete_lease(self, lease_id: str) -> None:
        self._reservations.delete(lease_id)

    def servers(self) -> tuple[Server, ...]:
        found = self._machines.servers()
        if not found:
            return ()
        floating = self._addresses.of_servers()
        return tuple(
            replace(server, floating_address=floating.get(server.id, server.floating_address))
            for server in found
        )

    def create_server(self, wish: ServerWish) -> Server:
        reserved = wish.reservation.flavor_id
        return self._machines.create_server(
            wish,
            flavor_id=reserved or self._whole_machine_id(),
            network_id=self._addresses.network_id(wish.network),
            # Whole machines have no security groups: their own firewall lets SSH in.
            groups=[self._addresses.ssh_group()] if reserved is not None else [],
        )

    def delete_server(self, server_id: str) -> None:
        self._machines.delete_server(server_id)

    def floating_ips(self) -> tuple[FloatingIp, ...]:
        return self._addresses.floating_ips()

    def create_floating_ip(self, tag: str) -> FloatingIp:
        return self._addresses.create(tag)

    def attach(self, floating_ip_id: str, server_id: str) -> None:
        self._addresses.attach(floating_ip_id, server_id)

    def delete_floating_ip(self, floating_ip_id: str) -> None:
        self._addresses.delete(floating_ip_id)

    def keypairs(self) -> tuple[Keypair, ...]:
        return self._machines.keypairs()

    def create_keypair(self, name: str, public_key: str) -> None:
        self._machines.create_keypair(name, public_key)

    def delete_keypair(self, name: str) -> None:
        self._machines.delete_keypair(name)

    def image(self, name: str) -> Image | None:
        return self._machines.image(name)

    def close(self) -> None:
        self.session.close()

    def _whole_machine_id(self) -> str:
        """Raises CloudRefused where the site has virtual machines only."""
        found = (flavor.id for flavor in self._machines.flavors() if flavor.name == self._whole_machine)
        flavor_id = next(found, None)
        if flavor_id is None:
            said = f"there is no flavor {self._whole_machine}"
            raise refusals.refused(self.site, Refusal.NO_SUCH_TYPE, said)
        return flavor_id
