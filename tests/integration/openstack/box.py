"""One OpenStack for all tests here: what it offers, and how it is asked for."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.openstack.api import Api, Refusal, by_credential, by_password
from tests.openstack.knobs import Knobs
from tests.openstack.place import Place

PROJECT = Path(__file__).parents[3]
ENDING_LIMIT = 90
CLEARING_LIMIT = 90


@dataclass(frozen=True)
class Secret:
    """An application credential."""

    id: str
    secret: str


@dataclass(frozen=True)
class Person:
    name: str
    user_id: str
    project: str
    project_id: str
    restricted: Secret
    """Cannot create leases, as at the sites."""
    unrestricted: Secret


@dataclass(frozen=True)
class CloudBox:
    folder: Path
    """With a log of each service, e.g. ``blazar.log``."""
    place: Place
    auth_url: str
    region: str
    portal: str
    people: Mapping[str, Person]
    """``alice`` and ``bob``, each with a project of their own."""
    machines: Mapping[str, str]
    """``gpu-1``, ``gpu-2`` (gpu_rtx_6000), ``cpu-1`` (compute_skylake), ``kvm-1`` (flavors): to their uid."""
    knobs: Knobs

    def admin(self) -> Api:
        return Api(self.place)

    def person(self, name: str = "alice") -> Api:
        """With the password, so that nothing of a credential stands in a test's way."""
        return Api(self.place, by_password(name, self.people[name].project))

    def holder(self, secret: Secret) -> Api:
        return Api(self.place, by_credential(secret.id, secret.secret))

    def clouds_yaml(self, secret: Secret) -> dict[str, Any]:
        """The entry of a cloud, as Chameleon's dashboard hands it out."""
        return {
            "auth_type": "v3applicationcredential",
            "auth": {
                "auth_url": self.auth_url,
                "application_credential_id": secret.id,
                "application_credential_secret": secret.secret,
            },
            "region_name": self.region,
            "interface": "public",
            "identity_api_version": 3,
        }

    def charges(self) -> list[dict[str, Any]]:
        """What the portal has counted of this test's leases."""
        found: list[dict[str, Any]] = httpx.get(f"{self.portal}/charges", timeout=30).json()["charges"]
        return found

    def forget_charges(self) -> None:
        httpx.delete(f"{self.portal}/charges", timeout=30).raise_for_status()

    def pid(self, service: str) -> int:
        return int((self.folder / f"{service}.pid").read_text())

    @contextmanager
    def paused(self, service: str) -> Iterator[None]:
        """It takes connections and says nothing, until this is over."""
        os.kill(self.pid(service), signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid(service), signal.SIGCONT)

    def left_over(self, name: str = "alice") -> list[str]:
        """Everything that a person still has, in words."""
        with self.person(name) as api:
            return [str(one) for one in belongings(api)]

    def clear(self, name: str) -> None:
        """Takes away all that a person has. Raises TimeoutError."""
        deadline = time.monotonic() + CLEARING_LIMIT
        with self.person(name) as api:
            while left := belongings(api):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"still there: {', '.join(map(str, left))}")
                remove(api, left)
                time.sleep(0.3)


@dataclass(frozen=True)
class Belonging:
    kind: str
    name: str
    service: str
    path: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def belongings(api: Api) -> list[Belonging]:
    """Leases that ended by themselves stay listed and are none."""
    servers = api.get("nova", "/servers")["servers"]
    leases = api.get("blazar", "/leases")["leases"]
    addresses = api.get("neutron", "/floatingips")["floatingips"]
    keypairs = [one["keypair"] for one in api.get("nova", "/os-keypairs")["keypairs"]]
    return [
        *(Belonging("server", one["name"], "nova", f"/servers/{one['id']}") for one in servers),
        *(
            Belonging("lease", one["name"], "blazar", f"/leases/{one['id']}")
            for one in leases
            if one["status"] != "TERMINATED"
        ),
        *(
            Belonging("floating IP", one["floating_ip_address"], "neutron", f"/floatingips/{one['id']}")
            for one in addresses
        ),
        *(Belonging("keypair", one["name"], "nova", f"/os-keypairs/{one['name']}") for one in keypairs),
    ]


def remove(api: Api, left: list[Belonging]) -> None:
    """Leases wait for the servers to be gone; what is refused is asked again later."""
    waiting = any(one.kind == "server" for one in left)
    for one in left:
        if not (waiting and one.kind == "lease"):
            with suppress(Refusal):
                api.delete(one.service, one.path)


@contextmanager
def opened() -> Iterator[CloudBox | str]:
    """A box, or the sentence that says why this machine cannot have one."""
    keeper = start_keeper()
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    with keeper.stdin, keeper.stdout:
        try:
            yield read_facts(keeper.stdout.readline())
        finally:
            keeper.stdin.close()
            keeper.wait(ENDING_LIMIT)


def start_keeper() -> subprocess.Popen[bytes]:
    """In a session of its own: what is meant for the tests' process group does not reach it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.openstack"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def read_facts(line: bytes) -> CloudBox | str:
    assert line, "the box ended without a word; what happened is above"
    facts: dict[str, Any] = json.loads(line)
    if "lacking" in facts:
        return str(facts["lacking"])
    place = Place(Path(facts["folder"]), facts["number"])
    return CloudBox(
        folder=place.folder,
        place=place,
        auth_url=facts["auth_url"],
        region=facts["region"],
        portal=facts["portal"],
        people={name: read_person(one) for name, one in facts["people"].items()},
        machines=facts["machines"],
        knobs=Knobs(place.knobs),
    )


def read_person(facts: Mapping[str, Any]) -> Person:
    return Person(
        name=facts["name"],
        user_id=facts["user_id"],
        project=facts["project"],
        project_id=facts["project_id"],
        restricted=Secret(**facts["credentials"]["restricted"]),
        unrestricted=Secret(**facts["credentials"]["unrestricted"]),
    )


def may_be_skipped() -> bool:
    """Where changes are judged, a box that cannot be had is a failure."""
    return not os.environ.get("CI")
