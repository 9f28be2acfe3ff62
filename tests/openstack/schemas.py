"""The databases' tables, by each service's own migrations. They are the longest part of a first start."""

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.box import packages
from tests.box.lacking import Lacking
from tests.box.leftovers import MARK
from tests.openstack.place import PASSWORD, REGION, Place
from tests.openstack.settings import database

LIMIT = 400
Command = Sequence[str]


def make_all(place: Place, environment: Path) -> None:
    """The services' programs in several chains, because each waits more than it computes. Raises Lacking."""
    chains = (keystone(place), nova(place), neutron(place), others(place))
    with ThreadPoolExecutor(len(chains)) as pool:
        for ended in [pool.submit(run_chain, place, environment, chain) for chain in chains]:
            ended.result()


def run_chain(place: Place, environment: Path, chain: Sequence[Command]) -> None:
    for program, *words in chain:
        done = subprocess.run(
            [environment / "bin" / program, *words],
            env={"PATH": packages.SYSTEM_PATH, "HOME": os.environ.get("HOME", "/"), MARK: str(place.folder)},
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        if done.returncode != 0:
            raise Lacking(f"{program} {words[2]} failed: {(done.stdout + done.stderr).strip()[-800:]}")


def keystone(place: Place) -> Sequence[Command]:
    program = ("keystone-manage", "--config-file", f"{place.settings}/keystone/keystone.conf")
    owner = ("--keystone-user", "root", "--keystone-group", "root")
    url = f"{place.url('keystone')}/v3"
    return (
        (*program, "fernet_setup", *owner),
        (*program, "credential_setup", *owner),
        (*program, "db_sync"),
        (
            *(*program, "bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", REGION),
            *("--bootstrap-public-url", url, "--bootstrap-internal-url", url, "--bootstrap-admin-url", url),
        ),
    )


def nova(place: Place) -> Sequence[Command]:
    program = ("nova-manage", "--config-file", f"{place.settings}/nova/nova.conf")
    return (
        (*program, "api_db", "sync"),
        (*program, "cell_v2", "map_cell0", "--database_connection", database("nova_cell0")),
        (*program, "db", "sync"),
        (*program, "cell_v2", "create_cell", "--name", "cell1"),
    )


def neutron(place: Place) -> Sequence[Command]:
    settings = f"{place.settings}/neutron/neutron.conf"
    return (("neutron-db-manage", "--config-file", settings, "upgrade", "heads"),)


def others(place: Place) -> Sequence[Command]:
    folder = place.settings
    return (
        ("placement-manage", "--config-file", f"{folder}/placement/placement.conf", "db", "sync"),
        ("glance-manage", "--config-file", f"{folder}/glance/glance-api.conf", "db_sync"),
        ("blazar-db-manage", "--config-file", f"{folder}/blazar/blazar.conf", "upgrade", "head"),
    )
