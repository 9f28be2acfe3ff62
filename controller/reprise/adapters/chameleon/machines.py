"""Servers with their images, flavors and keypairs: Nova and Glance."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from reprise.adapters.chameleon import times
from reprise.adapters.chameleon.session import Service, Session
from reprise.ports.cloud import Flavor, Image, Keypair, Server, ServerState, ServerWish

T = TypeVar("T")
RUN = "reprise_run"
"""Key in a server's metadata."""
_WITH_SPECS = "2.61"
"""Flavors tell their extra specs from this version on."""
_MOST_PAGES = 100
_STATES = {"BUILD": ServerState.BUILDING, "ACTIVE": ServerState.ACTIVE, "ERROR": ServerState.ERROR}
_MIB = 1 << 20
_GIB = 1 << 30


class Machines:
    def __init__(self, session: Session) -> None:
        self._session = session

    def flavors(self) -> tuple[Flavor, ...]:
        """Without those that belong to a reservation."""
        made = self._list("/flavors/detail", "flavors", flavor_of, microversion=_WITH_SPECS)
        return tuple(flavor for flavor in made if not flavor.name.startswith("reservation:"))

    def servers(self) -> tuple[Server, ...]:
        made = self._list("/servers/detail", "servers", server_of)
        return tuple(server for server in made if server.run_id is not None)

    def create_server(
        self, wish: ServerWish, *, flavor_id: str, network_id: str, groups: list[str]
    ) -> Server:
        body = server_body(wish, flavor_id=flavor_id, network_id=network_id, groups=groups)
        made = self._session.post(Service.COMPUTE, "/servers", body, lambda told: str(told["server"]["id"]))
        return self._session.get(Service.COMPUTE, f"/servers/{made}", lambda told: server_of(told["server"]))

    def delete_server(self, server_id: str) -> None:
        self._session.delete(Service.COMPUTE, f"/servers/{server_id}")

    def keypairs(self) -> tuple[Keypair, ...]:
        return self._session.get(Service.COMPUTE, "/os-keypairs", keypairs_of)

    def create_keypair(self, name: str, public_key: str) -> None:
        body = {"keypair": {"name": name, "public_key": public_key.strip()}}
        self._session.send("POST", Service.COMPUTE, "/os-keypairs", body)

    def delete_keypair(self, name: str) -> None:
        self._session.delete(Service.COMPUTE, f"/os-keypairs/{quote(name, safe='')}")

    def image(self, name: str) -> Image | None:
        def read(told: Any) -> Image | None:
            exact = (each for each in told["images"] if each["name"] == name)
            return next((Image(each["id"], each["name"]) for each in exact), None)

        asked = {"name": name, "status": "active", "sort": "created_at:desc"}
        return self._session.get(Service.IMAGE, "/images", read, params=asked)

    def _list(
        self, path: str, key: str, read: Callable[[Any], T], *, microversion: str | None = None
    ) -> list[T]:
        """All of a list that the service cuts where it likes."""
        found: list[T] = []
        marker: str | None = None

        def page(told: Any) -> str | None:
            found.extend(read(each) for each in told[key])
            more = any(link["rel"] == "next" for link in told.get(f"{key}_links") or ())
            return str(told[key][-1]["id"]) if more and told[key] else None

        for _ in range(_MOST_PAGES):
            params = {"marker": marker} if marker is not None else {}
            marker = self._session.get(Service.COMPUTE, path, page, params=params, microversion=microversion)
            if marker is None:
                break
        return found


def server_body(wish: ServerWish, *, flavor_id: str, network_id: str, groups: list[str]) -> dict[str, Any]:
    """A reserved flavor leads to its reservation by itself; a whole machine needs the hint."""
    server: dict[str, Any] = {
        "name": wish.name,
        "flavorRef": flavor_id,
        "key_name": wish.keypair,
        "networks": [{"uuid": network_id}],
        "metadata": {RUN: wish.run_id},
    }
    if groups:
        server["security_groups"] = [{"name": group} for group in groups]
    if wish.user_data:
        server["user_data"] = base64.b64encode(wish.user_data.encode()).decode("ascii")
    if wish.root_gb is None:
        server["imageRef"] = wish.image_id
    else:
        server["block_device_mapping_v2"] = [_volume(wish.image_id, wish.root_gb)]
    body: dict[str, Any] = {"server": server}
    if wish.reservation.flavor_id is None:
        body["os:scheduler_hints"] = {"reservation": wish.reservation.id}
    return body


def _volume(image_id: str, gigabytes: int) -> dict[str, Any]:
    """Goes with its server."""
    return {
        "boot_index": 0,
        "uuid": image_id,
        "source_type": "image",
        "destination_type": "volume",
        "volume_size": gigabytes,
        "delete_on_termination": True,
    }


def keypairs_of(told: Mapping[str, Any]) -> tuple[Keypair, ...]:
    inner = (each["keypair"] for each in told["keypairs"])
    return tuple(Keypair(each["name"], each["fingerprint"]) for each in inner)


def server_of(told: Mapping[str, Any]) -> Server:
    fault = told.get("fault") or {}
    return Server(
        id=told["id"],
        name=told["name"],
        state=_state(told),
        run_id=(told.get("metadata") or {}).get(RUN),
        fault=fault.get("message"),
        fixed_address=_address(told, "fixed"),
        floating_address=_address(told, "floating"),
        host_uid=told.get("OS-EXT-SRV-ATTR:hypervisor_hostname"),
        created_at=times.read(told["created"]),
    )


def _state(told: Mapping[str, Any]) -> ServerState:
    if told.get("OS-EXT-STS:task_state") == "deleting":
        return ServerState.OTHER
    return _STATES.get(str(told["status"]), ServerState.OTHER)


def _address(told: Mapping[str, Any], kind: str) -> str | None:
    found = (each for network in (told.get("addresses") or {}).values() for each in network)
    return next((each["addr"] for each in found if each.get("OS-EXT-IPS:type") == kind), None)


def flavor_of(told: Mapping[str, Any]) -> Flavor:
    return Flavor(
        id=told["id"],
        name=told.get("name") or told.get("original_name") or "",
        cpus=int(told["vcpus"]),
        memory_bytes=int(told["ram"]) * _MIB,
        disk_bytes=int(told["disk"]) * _GIB,
        specs={key: str(value) for key, value in (told.get("extra_specs") or {}).items()},
    )
