"""Everything that is made once: Debian packages, the environment, and services with content, put to sleep."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.box import daemons
from tests.box.caching import note_seconds, replace_folder
from tests.box.daemons import Daemon
from tests.box.lacking import Lacking
from tests.openstack import accounts, content, leftovers, mariadb, schemas, services, settings
from tests.openstack.api import Api
from tests.openstack.caching import CACHE, HERE, alone, key_of
from tests.openstack.environment import LOCK, environment
from tests.openstack.place import PEOPLE, Place, take_number
from tests.openstack.portal import Portal
from tests.sshd import machine

DECIDING = (
    LOCK,
    *(HERE / f"{name}.py" for name in ("accounts", "content", "machines", "place", "schemas")),
)
"""What a kept state is made by."""


@dataclass(frozen=True)
class Prepared:
    environment: Path
    state: Path
    """The services' folders; with who has accounts, and ``host``: where it was made."""


def prepare() -> Prepared:
    """Raises Lacking."""
    if os.geteuid() != 0:
        raise Lacking("an OpenStack of its own needs root, for its machines' networks")
    machine.prepare()
    with alone():
        mariadb.install_missing()
        installed = environment()
        kept = CACHE / f"state-{key_of(*DECIDING)}"
        if not kept.is_dir():
            with note_seconds("OpenStack's first start"), replace_folder(kept) as making:
                first_start(installed, making)
        return Prepared(installed, kept)


def first_start(installed: Path, to: Path) -> None:
    with leftovers.box_folder() as folder:
        number, claim = take_number()
        place = Place(folder, number)
        running: list[Daemon] = []
        with claim, Portal(place):
            try:
                fill(place, installed, running)
            finally:
                database = running[:1]
                daemons.end(running[1:])
                daemons.end(database)
        shutil.copytree(place.state, to, dirs_exist_ok=True)


def fill(place: Place, installed: Path, running: list[Daemon]) -> None:
    place.state.mkdir()
    place.knobs.mkdir()
    services.home(place)
    settings.write_all(place, installed)
    mariadb.create(place)
    running.append(mariadb.start(place))
    mariadb.create_databases(place)
    with note_seconds("tables"):
        schemas.make_all(place, installed)
    begin(place, installed, services.EARLY, running)
    with Api(place) as api:
        accounts.add_services(api, place)
        people = accounts.add_people(api, place)
        begin(place, installed, services.MIDDLE, running)
        content.fill(api)
        begin(place, installed, services.LATE, running)
        content.add_machines(api)
    (place.state / PEOPLE).write_text(json.dumps(people))
    (place.state / "host").write_text(place.host)


def begin(place: Place, installed: Path, names: tuple[str, ...], running: list[Daemon]) -> None:
    started = [services.start(place, installed, name) for name in names]
    running += started
    services.await_answers(place, started)
