"""Networks, floating addresses, and the one security group that lets SSH in: Neutron."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from reprise.adapters.chameleon import refusals
from reprise.adapters.chameleon.session import Absent, Service, Session
from reprise.domain.leasing.refusal import CloudRefused, Refusal
from reprise.ports.cloud import FloatingIp

T = TypeVar("T")
TAG = "reprise:"
"""Beginning of tags, and of descriptions that stand for them."""
GROUP = "reprise-ssh"
_SSH = 22


class Addresses:
    def __init__(self, session: Session, *, external: str) -> None:
        """``external``: name of the network that floating addresses are of."""
        self._session = session
        self._external = external
        self._networks: dict[str, str] = {}

    def floating_ips(self) -> tuple[FloatingIp, ...]:
        return self._of_all(lambda found: tuple(map(floating_ip_of, found)))

    def of_servers(self) -> Mapping[str, str]:
        """Server's id → its floating address; known here before the compute service hears of it."""

        def read(found: list[Any]) -> dict[str, str]:
            told = ((each, (each.get("port_details") or {}).get("device_id")) for each in found)
            return {device: each["floating_ip_address"] for each, device in told if device}

        return self._of_all(read)

    def create(self, tag: str) -> FloatingIp:
        """Described in the same call, because tags need one of their own, which may not come to pass."""
        body = {"floating_network_id": self.network_id(self._external), "description": tag}
        made = self._session.post(
            Service.NETWORK,
            "/floatingips",
            {"floatingip": body},
            lambda told: floating_ip_of(told["floatingip"]),
        )
        with suppress(Absent):  # a site without tags has the description
            path = f"/floatingips/{made.id}/tags"
            self._session.send("PUT", Service.NETWORK, path, {"tags": [tag]})
        return made

    def attach(self, floating_ip_id: str, server_id: str) -> None:
        ports = self._session.get(
            Service.NETWORK,
            "/ports",
            lambda told: [str(port["id"]) for port in told["ports"]],
            params={"device_id": server_id},
        )
        if not ports:
            said = f"the server {server_id} is on no network yet"
            raise refusals.refused(self._session.site, Refusal.WRONG_STATE, said)
        body = {"floatingip": {"port_id": ports[0]}}
        self._session.send("PUT", Service.NETWORK, f"/floatingips/{floating_ip_id}", body)

    def delete(self, floating_ip_id: str) -> None:
        self._session.delete(Service.NETWORK, f"/floatingips/{floating_ip_id}")

    def network_id(self, name: str) -> str:
        """Raises CloudRefused when the site has none of that name."""
        if name not in self._networks:
            found = self._session.get(
                Service.NETWORK,
                "/networks",
                lambda told: [str(network["id"]) for network in told["networks"]],
                params={"name": name},
            )
            if not found:
                said = f"there is no network {name}"
                raise refusals.refused(self._session.site, Refusal.NO_SUCH_SITE, said)
            self._networks[name] = found[0]
        return self._networks[name]

    def ssh_group(self) -> str:
        """Id of the security group for virtual machines, whose own lets nobody in. Made once in a project."""
        found = self._session.get(
            Service.NETWORK,
            "/security-groups",
            lambda told: sorted(map(group_of, told["security_groups"])),
            params={"name": GROUP},
        )
        group_id, open_already = found[0] if found else self._new_group()
        if not open_already:
            self._let_ssh_in(group_id)
        return group_id

    def _new_group(self) -> tuple[str, bool]:
        body = {"name": GROUP, "description": "SSH to machines that Reprise leased"}
        return self._session.post(
            Service.NETWORK,
            "/security-groups",
            {"security_group": body},
            lambda told: group_of(told["security_group"]),
        )

    def _let_ssh_in(self, group_id: str) -> None:
        rule = {
            "security_group_id": group_id,
            "direction": "ingress",
            "ethertype": "IPv4",
            "protocol": "tcp",
            "port_range_min": _SSH,
            "port_range_max": _SSH,
        }
        try:
            self._session.send(
                "POST", Service.NETWORK, "/security-group-rules", {"security_group_rule": rule}
            )
        except CloudRefused as error:
            if error.refusal is not Refusal.NAME_TAKEN:  # somebody else was quicker
                raise

    def _of_all(self, read: Callable[[list[Any]], T]) -> T:
        """Of the project's; an administrator is told others' too."""
        ours = self._session.access().project_id

        def page(told: Any) -> T:
            return read([each for each in told["floatingips"] if each.get("project_id", ours) == ours])

        return self._session.get(Service.NETWORK, "/floatingips", page)


def floating_ip_of(told: Mapping[str, Any]) -> FloatingIp:
    """A description of ours counts as the tag that could not be set with it."""
    description = str(told.get("description") or "")
    tags = [str(tag) for tag in told.get("tags") or ()]
    if description.startswith(TAG) and description not in tags:
        tags.append(description)
    return FloatingIp(
        id=told["id"],
        address=told["floating_ip_address"],
        tags=tuple(tags),
        attached=told.get("port_id") is not None,
    )


def group_of(told: Mapping[str, Any]) -> tuple[str, bool]:
    """Its id, and whether it lets SSH in."""
    return str(told["id"]), any(_lets_ssh_in(rule) for rule in told.get("security_group_rules") or ())


def _lets_ssh_in(rule: Mapping[str, Any]) -> bool:
    return (
        rule.get("direction") == "ingress"
        and rule.get("protocol") == "tcp"
        and rule.get("port_range_min") == _SSH
        and rule.get("remote_ip_prefix") in (None, "0.0.0.0/0")
        and rule.get("remote_group_id") is None
    )
