"""The services' processes: one each, with everything of a service inside."""

import contextlib
import http.client
import os
from functools import partial
from pathlib import Path

from tests.box import daemons
from tests.box.daemons import Daemon
from tests.openstack.caching import HERE
from tests.openstack.machines import MACHINES
from tests.openstack.place import PORTS, Place

PROGRAMS = HERE / "programs"
START_LIMIT = 150.0
"""On two busy cores, all of them at once."""

TICK = 1
"""Seconds between two looks of Blazar at its events; 10 at the sites."""

EARLY = ("keystone",)
MIDDLE = ("placement", "neutron", "nova", "glance")
LATE = ("blazar",)
"""Its plugins ask Nova and Neutron while they load, and one that fails then is only logged."""


def start(place: Place, environment: Path, service: str) -> Daemon:
    """Do not trust it before ``await_answers``."""
    variables = {
        "PYTHONPATH": str(PROGRAMS / "extension"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SPT_NOENV": "1",  # Neutron would write its title over the mark by which leftovers are found
        "REPRISE_KNOBS": str(place.knobs),
        "OS_KEYSTONE_CONFIG_FILES": f"{place.settings}/keystone/keystone.conf",
        "OS_PLACEMENT_CONFIG_DIR": f"{place.settings}/placement",
        "OS_GLANCE_CONFIG_DIR": f"{place.settings}/glance",
        "OS_NEUTRON_CONFIG_DIR": f"{place.settings}/neutron",
        "OS_NEUTRON_CONFIG_FILES": "neutron.conf",
        "OS_NOVA_CONFIG_DIR": f"{place.settings}/nova",
        "OS_BLAZAR_CONFIG_DIR": f"{place.settings}/blazar",
    }
    named = [f"{name}={value}" for name, value in variables.items()]
    python = environment / "bin" / "python"
    return daemons.start(place.folder, service, ["env", *named, python, *command(place, service)])


def command(place: Place, service: str) -> list[str | Path]:
    where = [place.host, str(PORTS[service])]
    match service:
        case "nova":
            return [PROGRAMS / "run_nova.py", *where, *(machine.name for machine in MACHINES)]
        case "blazar":
            return [PROGRAMS / "run_blazar.py", *where, str(TICK)]
        case _:
            return [PROGRAMS / "serve.py", f"{service}.wsgi.api:application", *where]


def await_answers(place: Place, running: list[Daemon]) -> None:
    """Raises Lacking with the end of the log of one that does not come."""
    for daemon in running:
        daemons.await_answer(daemon, partial(answers, place.host, PORTS[daemon.name]), START_LIMIT)


def answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    return False


def home(place: Place) -> None:
    """What the services expect to find. Nova's computes do not start again without a name of their own."""
    for folder in ("glance/images", "glance/staging", "glance/tasks", "neutron", "nova/instances", "blazar"):
        (place.state / folder).mkdir(parents=True)
    (place.state / "nova" / "compute_id").write_text("5d9ff5a6-70e2-4f43-a2b8-9c0f8f6f2d9c\n")
    for keys in ("fernet-keys", "credential-keys"):
        os.mkdir(place.state / keys, mode=0o700)
