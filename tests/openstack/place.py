"""Where one box is: its folder and its part of the loopback range, so that several can run on a machine."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.box.lacking import Lacking

PORTS = {
    "keystone": 5000,
    "placement": 8778,
    "glance": 9292,
    "neutron": 9696,
    "nova": 8774,
    "blazar": 1234,
    "portal": 8080,
}
REGION = "CHI@Box"
PASSWORD = "box"
"""Of every account; only this machine's loopback reaches them."""

DATABASES = ("keystone", "placement", "glance", "neutron", "nova", "nova_api", "nova_cell0", "blazar")
PEOPLE = "people.json"
"""In the state: what tests are told of the accounts."""

CANDIDATES = range(1, 255)


@dataclass(frozen=True)
class Place:
    folder: Path
    number: int
    """Of the /24 below 127.66 that is this box's: services at .1, floating IPs from .10 on."""

    @property
    def host(self) -> str:
        return f"127.66.{self.number}.1"

    @property
    def floating_range(self) -> str:
        return f"127.66.{self.number}.0/24"

    @property
    def state(self) -> Path:
        """What is kept between boxes."""
        return self.folder / "state"

    @property
    def settings(self) -> Path:
        return self.folder / "settings"

    @property
    def knobs(self) -> Path:
        return self.folder / "knobs"

    def url(self, service: str) -> str:
        return f"http://{self.host}:{PORTS[service]}"

    def floating(self, last: int) -> str:
        return f"127.66.{self.number}.{last}"


def take_number() -> tuple[int, socket.socket]:
    """A number that no living box of this machine has, for as long as the socket is open. Raises Lacking."""
    for number in CANDIDATES:
        claim = socket.socket(socket.AF_UNIX)
        with suppress(OSError):
            claim.bind(f"\0reprise-openstack-{number}")
            return number, claim
        claim.close()
    raise Lacking("there are as many clouds on this machine as the loopback range has room for")
