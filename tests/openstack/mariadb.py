"""The one database server: SQLite does not bear what Nova does at once."""

import subprocess
from pathlib import Path

from tests.box import daemons, packages
from tests.box.daemons import Daemon
from tests.box.lacking import Lacking
from tests.openstack.place import DATABASES, Place

PACKAGES = {"mariadbd": "mariadb-server-core", "mariadb": "mariadb-client-core"}
"""The parts without a service, a user or a place in /var."""

LIMIT = 60


def install_missing() -> None:
    """Raises Lacking."""
    wanted = [package for program, package in PACKAGES.items() if packages.find(program) is None]
    if wanted:
        packages.install(*wanted)


def create(place: Place) -> None:
    """Raises Lacking."""
    words = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
    done = subprocess.run(
        [packages.program("mariadb-install-db"), "--user=root", f"--datadir={place.state}/mariadb", *words],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    if done.returncode != 0:
        raise Lacking(f"MariaDB cannot make its folder: {(done.stdout + done.stderr).strip()[-600:]}")


def start(place: Place) -> Daemon:
    program = packages.program("mariadbd")
    daemon = daemons.start(
        place.folder, "mariadb", [program, f"--defaults-file={place.settings}/mariadb.cnf"]
    )
    daemons.await_answer(daemon, lambda: asked(place, "select 1").returncode == 0)
    return daemon


def create_databases(place: Place) -> None:
    run(place, "".join(f"create database {name} character set utf8mb4;" for name in DATABASES))


def run(place: Place, statements: str) -> None:
    done = asked(place, statements)
    if done.returncode != 0:
        raise Lacking(f"MariaDB refused a statement: {done.stderr.decode().strip()[-600:]}")


def asked(place: Place, statements: str) -> subprocess.CompletedProcess[bytes]:
    client: list[str | Path] = [packages.program("mariadb"), "--no-defaults", "--user=root"]
    return subprocess.run(
        [*client, f"--socket={place.folder}/mariadb.sock"],
        input=statements.encode(),
        capture_output=True,
        timeout=LIMIT,
    )
