"""What there is to lease: images, flavors, networks and machines, made once and kept.

Floating IPs belong to a box, so they are made at each start.
"""

import time
from collections.abc import Callable

from tests.box.lacking import Lacking
from tests.openstack.api import Api
from tests.openstack.machines import (
    ATTACHED,
    FLAVORS,
    GPU_TRAIT,
    IMAGES,
    KVM_TRAIT,
    LOOSE,
    MACHINES,
    OUTSIDE,
    RESERVABLE,
    VIRTUAL,
)
from tests.openstack.place import Place

PATIENCE = 120


def fill(api: Api) -> None:
    for image in IMAGES:
        add_image(api, image)
    for flavor in FLAVORS:
        api.post("nova", "/flavors", {"flavor": {**flavor.described(), "id": flavor.name}})
        api.post("nova", f"/flavors/{flavor.name}/os-extra_specs", {"extra_specs": dict(flavor.specs)})
    api.post("nova", "/os-aggregates", {"aggregate": {"name": "freepool"}})
    add_networks(api)


def add_image(api: Api, name: str) -> None:
    formats = {"disk_format": "raw", "container_format": "bare", "visibility": "public"}
    made = api.post("glance", "/images", {"name": name, **formats})
    api.put("glance", f"/images/{made['id']}/file", b"a made-up image")


def add_networks(api: Api) -> None:
    outside = {"name": OUTSIDE, "router:external": True, "provider:network_type": "flat"}
    attached = {"name": ATTACHED, "shared": True, "provider:network_type": "flat"}
    for wanted, physical in ((outside, "public"), (attached, "physnet1")):
        api.post("neutron", "/networks", {"network": {**wanted, "provider:physical_network": physical}})
    subnet = {"name": ATTACHED, "ip_version": 4, "cidr": "10.140.80.0/22", "enable_dhcp": False}
    inside = {**subnet, "network_id": network_id(api, ATTACHED)}
    made = api.post("neutron", "/subnets", {"subnet": inside})["subnet"]["id"]
    router = api.post("neutron", "/routers", {"router": {"name": ATTACHED}})["router"]["id"]
    api.put("neutron", f"/routers/{router}/add_router_interface", {"subnet_id": made})


def add_machines(api: Api) -> None:
    """To Blazar, once Nova shows them."""
    await_machines(api)
    add_traits(api)
    for machine in MACHINES:
        api.post("blazar", "/os-hosts", {"name": machine.uid, **machine.described()})


def add_traits(api: Api) -> None:
    """Traits of what Nova's driver does not know of stay, because they are not its own."""
    found = api.get("placement", f"/resource_providers?name={VIRTUAL.uid}")["resource_providers"][0]
    path = f"/resource_providers/{found['uuid']}/traits"
    there = api.get("placement", path)
    for trait in (GPU_TRAIT, KVM_TRAIT):
        api.put("placement", f"/traits/{trait}")
    generation = there["resource_provider_generation"]
    wanted = {"traits": [*there["traits"], GPU_TRAIT, KVM_TRAIT], "resource_provider_generation": generation}
    api.put("placement", path, wanted)


def add_floating_ips(api: Api, place: Place) -> None:
    """In a loopback range, so that this machine reaches them without anything further."""
    outside = network_id(api, OUTSIDE)
    pool = {"start": place.floating(LOOSE[0]), "end": place.floating(LOOSE[1])}
    subnet = {"network_id": outside, "name": OUTSIDE, "ip_version": 4, "cidr": place.floating_range}
    closed = {"gateway_ip": place.host, "enable_dhcp": False, "allocation_pools": [pool]}
    api.post("neutron", "/subnets", {"subnet": {**subnet, **closed}})
    router = api.get("neutron", f"/routers?name={ATTACHED}")["routers"][0]["id"]
    gateway = {"external_gateway_info": {"network_id": outside}}
    api.put("neutron", f"/routers/{router}", {"router": gateway})
    for last in range(RESERVABLE[0], RESERVABLE[1] + 1):
        address = {"floating_network_id": outside, "floating_ip_address": place.floating(last)}
        api.post("blazar", "/floatingips", address)


def network_id(api: Api, name: str) -> str:
    return str(api.get("neutron", f"/networks?name={name}")["networks"][0]["id"])


def await_machines(api: Api) -> None:
    """Until Nova calls every one of them up. Raises Lacking."""
    wanted = {machine.uid for machine in MACHINES}
    await_truth(lambda: wanted <= up(api), "Nova shows its machines")


def up(api: Api) -> set[str]:
    shown = api.get("nova", "/os-hypervisors/detail")["hypervisors"]
    return {one["hypervisor_hostname"] for one in shown if one["state"] == "up"}


def await_truth(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise Lacking(f"waited {PATIENCE} s in vain until {what}")
        time.sleep(0.3)
