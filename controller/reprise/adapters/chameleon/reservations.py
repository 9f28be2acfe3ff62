"""Hosts, their calendar, and leases: Blazar, version 1 of its API."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from reprise.adapters.chameleon import identity, refusals, times
from reprise.adapters.chameleon.session import Absent, Faulty, Service, Session
from reprise.domain.leasing.refusal import CloudRefused, Refusal
from reprise.ports.cloud import (
    FlavorWish,
    Host,
    HostsWish,
    Lease,
    LeaseState,
    LeaseWish,
    Opening,
    Reservation,
    Taken,
)

_OVER = (LeaseState.TERMINATED, LeaseState.TERMINATING, LeaseState.DELETING)
_NO = ("false", "0", "none", "")


class Reservations:
    def __init__(self, session: Session) -> None:
        self._session = session

    def hosts(self) -> tuple[Host, ...]:
        access = self._session.access()
        names = {name for name in (access.project_id, access.project_name) if name}
        return self._session.get(
            Service.LEASES, "/os-hosts", lambda told: tuple(host_of(each, names) for each in told["hosts"])
        )

    def taken(self) -> tuple[Taken, ...]:
        return self._session.get(
            Service.LEASES,
            "/os-hosts/allocations",
            lambda told: tuple(entry for each in told["allocations"] for entry in taken_of(each)),
        )

    def openings(self, flavor_id: str, start: datetime, end: datetime) -> tuple[Opening, ...] | None:
        asked = {
            "flavor_id": flavor_id,
            "start_date": times.written(start),
            "end_date": times.written(end),
        }
        try:
            return self._session.get(
                Service.LEASES, "/flavor-instances/availability", openings_of, params=asked
            )
        except Absent:
            return None

    def leases(self) -> tuple[Lease, ...]:
        ours = self._session.access().project_id

        def read(told: Any) -> tuple[Lease, ...]:
            return tuple(lease_of(each) for each in told["leases"] if each.get("project_id", ours) == ours)

        return self._session.get(Service.LEASES, "/leases", read)

    def lease(self, lease_id: str) -> Lease | None:
        try:
            return self._session.get(
                Service.LEASES, f"/leases/{lease_id}", lambda told: lease_of(told["lease"])
            )
        except Absent:
            return None

    def create(self, wish: LeaseWish) -> Lease:
        if isinstance(wish.what, HostsWish):
            return self._of_hosts(wish, wish.what)
        return self._send(wish, reservation_of_flavor(wish.what))

    def move_end(self, lease_id: str, end: datetime) -> None:
        """Looked at first: within the minute of its end the service would extend what has ended."""
        seen = self.lease(lease_id)
        if seen is None or seen.state in _OVER:
            said = "the lease is gone" if seen is None else "the lease has ended"
            raise refusals.refused(self._session.site, Refusal.WRONG_STATE, said)
        body = {"end_date": times.written(end)}
        self._session.send("PUT", Service.LEASES, f"/leases/{lease_id}", body)

    def delete(self, lease_id: str) -> None:
        self._session.delete(Service.LEASES, f"/leases/{lease_id}")

    def _of_hosts(self, wish: LeaseWish, what: HostsWish) -> Lease:
        """The service knows no "or", so acceptable hosts are tried one by one."""
        hosts = self.hosts()
        problem = unknown(what, hosts)
        if problem is not None:
            raise refusals.refused(self._session.site, Refusal.NO_SUCH_TYPE, problem)
        named = [host for uid in what.uids for host in hosts if host.uid == uid and host.usable]
        choices: list[Host | None] = [*named] if named else [None]
        *others, last = choices
        for host in others:
            try:
                return self._send(wish, reservation_of_hosts(what, host))
            except CloudRefused as error:
                if error.refusal is not Refusal.FULL:
                    raise
        return self._send(wish, reservation_of_hosts(what, last))

    def _send(self, wish: LeaseWish, reservation: Mapping[str, Any]) -> Lease:
        body = lease_body(wish, reservation, datetime.now(UTC))
        try:
            return self._session.post(Service.LEASES, "/leases", body, lambda told: lease_of(told["lease"]))
        except Faulty as error:
            if identity.unrestricted(self._session) is False:
                # A lease needs a trust, which such a credential cannot create. All the service says is 500.
                raise refusals.refused(self._session.site, Refusal.RESTRICTED_CREDENTIAL) from error
            raise


def lease_body(wish: LeaseWish, reservation: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A start that has passed meanwhile would be refused."""
    start = "now" if wish.start is None or wish.start <= now else times.written(wish.start)
    return {
        "name": wish.name,
        "start_date": start,
        "end_date": times.written(wish.end),
        "reservations": [reservation],
        "events": [],
    }


def reservation_of_hosts(what: HostsWish, named: Host | None) -> dict[str, Any]:
    """``before_end`` empty: no e-mail about the end of what a program ends by itself."""
    wanted = [["=", "$node_type", what.node_type]]
    by_name = ""
    if named is not None and "uid" in named.properties:
        wanted.append(["=", "$uid", named.uid])
    elif named is not None:
        by_name = json.dumps(["=", "$hypervisor_hostname", named.uid])
    return {
        "resource_type": "physical:host",
        "min": what.count,
        "max": what.count,
        "hypervisor_properties": by_name,
        "resource_properties": json.dumps(wanted[0] if len(wanted) == 1 else ["and", *wanted]),
        "before_end": "",
    }


def reservation_of_flavor(what: FlavorWish) -> dict[str, Any]:
    """``affinity`` has to be there and has to be nothing."""
    return {
        "resource_type": "flavor:instance",
        "flavor_id": what.flavor_id,
        "amount": what.count,
        "affinity": None,
        "before_end": "",
    }


def unknown(what: HostsWish, hosts: Iterable[Host]) -> str | None:
    """Why no host at all can be meant, in words; None when one can.

    The service says "not enough" also where there is no such thing, so it is looked up before.
    """
    if what.uids and what.count != 1:
        return "one machine at a time is leased by its name"
    of_type = [host for host in hosts if host.node_type == what.node_type]
    if not of_type:
        return f"there is no {what.node_type}"
    usable = [host for host in of_type if host.usable]
    if not usable:
        return f"every {what.node_type} is out of service or kept for other projects"
    if what.uids and not any(host.uid in what.uids for host in usable):
        return f"no {what.node_type} that is in service is called {' or '.join(what.uids)}"
    return None


def host_of(told: Mapping[str, Any], project: set[str]) -> Host:
    """``project``: id and name of ours."""
    properties = {key: str(value) for key, value in told.items() if value is not None}
    return Host(
        id=str(told["id"]),
        uid=properties.get("uid") or properties.get("hypervisor_hostname", ""),
        node_type=properties.get("node_type", ""),
        name=properties.get("node_name") or properties.get("hypervisor_hostname", ""),
        properties=properties,
        usable=_usable(properties, project),
    )


def _usable(properties: Mapping[str, str], project: set[str]) -> bool:
    if properties.get("reservable", "true").lower() in _NO:
        return False
    if properties.get("disabled", "false").lower() not in _NO:
        return False
    kept_for = properties.get("authorized_projects", "").replace(",", " ").split()
    return not kept_for or bool(project & set(kept_for))


def taken_of(told: Mapping[str, Any]) -> tuple[Taken, ...]:
    return tuple(
        Taken(
            host_id=str(told["resource_id"]),
            lease_id=str(each.get("lease_id", "")),
            start=times.read(each["start_date"]),
            end=times.read(each["end_date"]),
        )
        for each in told["reservations"]
    )


def openings_of(told: Mapping[str, Any]) -> tuple[Opening, ...]:
    return tuple(
        Opening(times.read(each["start"]), times.read(each["end"]), int(each["available"]))
        for flavor in told["flavor_instances"]
        for each in flavor["availability"]
    )


def lease_of(told: Mapping[str, Any]) -> Lease:
    return Lease(
        id=str(told["id"]),
        name=str(told["name"]),
        state=_state(told.get("status")),
        start=times.read(told["start_date"]),
        end=times.read(told["end_date"]),
        reservations=tuple(reservation_told(each) for each in told.get("reservations") or ()),
        degraded=bool(told.get("degraded", False)),
    )


def _state(text: Any) -> LeaseState:
    """A state that is newer than this program passes, as far as we know."""
    known = {state.value: state for state in LeaseState}
    return known.get(str(text), LeaseState.UPDATING if text else LeaseState.CREATING)


def reservation_told(told: Mapping[str, Any]) -> Reservation:
    flavor = told.get("flavor_id") if told.get("resource_type") == "flavor:instance" else None
    return Reservation(str(told["id"]), str(told.get("status") or ""), str(flavor) if flavor else None)
