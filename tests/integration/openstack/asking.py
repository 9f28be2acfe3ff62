"""The services' own requests, as plain as they are: what the project's client is compared with."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.openstack.api import Api
from tests.openstack.machines import ATTACHED, IMAGES, OUTSIDE

LIMIT = 60
STAMP = "%Y-%m-%d %H:%M"


def hosts_wish(node_type: str) -> dict[str, Any]:
    return {
        "resource_type": "physical:host",
        "min": 1,
        "max": 1,
        "hypervisor_properties": "",
        "resource_properties": json.dumps(["=", "$node_type", node_type]),
        "before_end": "",
    }


def flavor_wish(flavor_id: str) -> dict[str, Any]:
    return {"resource_type": "flavor:instance", "flavor_id": flavor_id, "amount": 1, "affinity": None}


def lease(
    api: Api, name: str, wish: Mapping[str, Any], *, hours: float = 1, start: str = "now"
) -> dict[str, Any]:
    """Raises Refusal."""
    begins = datetime.now(UTC) if start == "now" else datetime.strptime(start, STAMP).replace(tzinfo=UTC)
    ends = (begins + timedelta(hours=hours)).strftime(STAMP)
    wanted = {"name": name, "start_date": start, "end_date": ends, "reservations": [wish], "events": []}
    made: dict[str, Any] = api.post("blazar", "/leases", wanted)["lease"]
    return made


def active_lease(api: Api, name: str, wish: Mapping[str, Any], *, hours: float = 1) -> dict[str, Any]:
    made = lease(api, name, wish, hours=hours)
    return until(
        lambda: api.get("blazar", f"/leases/{made['id']}")["lease"], lambda found: found["status"] == "ACTIVE"
    )


def server(
    api: Api, name: str, *, reservation: str, flavor: str = "baremetal", key: str | None = None
) -> dict[str, Any]:
    """When it is no longer being built."""
    image = api.get("glance", f"/images?name={IMAGES[0]}")["images"][0]["id"]
    wanted = {
        "name": name,
        "imageRef": image,
        "flavorRef": flavor,
        "networks": [{"uuid": network(api, ATTACHED)}],
    }
    named = {} if key is None else {"key_name": key}
    hints = {"os:scheduler_hints": {"reservation": reservation}} if flavor == "baremetal" else {}
    made = api.post("nova", "/servers", {"server": {**wanted, **named}, **hints})["server"]
    return until(
        lambda: api.get("nova", f"/servers/{made['id']}")["server"], lambda found: found["status"] != "BUILD"
    )


def floating_ip(api: Api, server_id: str) -> str:
    """Its address, attached."""
    port = api.get("neutron", f"/ports?device_id={server_id}")["ports"][0]["id"]
    wanted = {"floating_network_id": network(api, OUTSIDE), "port_id": port}
    made = api.post("neutron", "/floatingips", {"floatingip": wanted})["floatingip"]
    return str(made["floating_ip_address"])


def network(api: Api, name: str) -> str:
    return str(api.get("neutron", f"/networks?name={name}")["networks"][0]["id"])


def until(
    look: Callable[[], dict[str, Any]], enough: Callable[[dict[str, Any]], bool], limit: float = LIMIT
) -> dict[str, Any]:
    deadline = time.monotonic() + limit
    while not enough(found := look()):
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.3)
    return found
