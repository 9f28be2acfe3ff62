"""Starts a box, says where it is, and takes it away when whoever asked for it is gone, however they went."""

import json
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO

from tests.box import daemons
from tests.box.caching import note_seconds
from tests.box.keeper import heed, leave
from tests.openstack import content, leftovers, mariadb, services, settings
from tests.openstack.api import Api
from tests.openstack.machines import MACHINES
from tests.openstack.place import PEOPLE, REGION, Place, take_number
from tests.openstack.portal import Portal
from tests.openstack.preparing import Prepared, begin, prepare


def keep(asker: BinaryIO, say: Callable[[Mapping[str, Any]], None]) -> None:
    """Until ``asker`` ends or a signal comes. Raises Lacking."""
    heed(leave)
    prepared = prepare()
    with leftovers.box_folder() as folder, ExitStack() as stack:
        number, claim = take_number()
        stack.enter_context(claim)
        try:
            with note_seconds("start of OpenStack"):
                facts = start(Place(folder, number), prepared, stack)
            say(facts)
            while asker.read(4096):
                pass
        finally:
            heed(signal.SIG_IGN)  # taking it away takes seconds, and whoever is in a hurry asks twice


def start(place: Place, prepared: Prepared, stack: ExitStack) -> Mapping[str, Any]:
    running: list[daemons.Daemon] = []
    stack.callback(daemons.end, running)
    shutil.copytree(prepared.state, place.state)
    place.knobs.mkdir()
    settings.write_all(place, prepared.environment)
    stack.enter_context(Portal(place))
    running.append(mariadb.start(place))
    move_here(place)
    begin(place, prepared.environment, (*services.EARLY, *services.MIDDLE), running)
    with Api(place) as api:
        begin(place, prepared.environment, services.LATE, running)
        content.add_floating_ips(api, place)
        content.await_machines(api)
    return facts(place)


def move_here(place: Place) -> None:
    """The catalogue of services has addresses, and they were another box's."""
    before = (place.state / "host").read_text()
    mariadb.run(place, f"update keystone.endpoint set url = replace(url, '//{before}:', '//{place.host}:');")


def facts(place: Place) -> Mapping[str, Any]:
    return {
        "folder": str(place.folder),
        "number": place.number,
        "auth_url": f"{place.url('keystone')}/v3",
        "region": REGION,
        "people": json.loads((place.state / PEOPLE).read_text()),
        "machines": {machine.name: machine.uid for machine in MACHINES},
        "portal": place.url("portal"),
        "floating_range": place.floating_range,
    }
