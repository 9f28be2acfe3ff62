"""The few calls that fill the services: as somebody with a password, to the services of one box."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx
from tests.openstack.place import PASSWORD, Place

TIMEOUT = 60
ROOTS = {
    "keystone": "/v3",
    "placement": "",
    "glance": "/v2",
    "neutron": "/v2.0",
    "nova": "/v2.1",
    "blazar": "/v1",
}
VERSIONS = {"OpenStack-API-Version": "compute 2.53, placement 1.30", "X-OpenStack-Nova-API-Version": "2.53"}
Answer = dict[str, Any]


class Refusal(Exception):
    """A service said no; with the request and its words."""


def by_password(user: str, project: str) -> Answer:
    domain = {"id": "default"}
    who = {"name": user, "domain": domain, "password": PASSWORD}
    return {
        "identity": {"methods": ["password"], "password": {"user": who}},
        "scope": {"project": {"name": project, "domain": domain}},
    }


def by_credential(identifier: str, secret: str) -> Answer:
    """An application credential."""
    named = {"id": identifier, "secret": secret}
    return {"identity": {"methods": ["application_credential"], "application_credential": named}}


ADMIN = by_password("admin", "admin")


class Api:
    """Close it, or use it in a ``with``."""

    def __init__(self, place: Place, who: Answer = ADMIN) -> None:
        """Signs in. Raises Refusal, or httpx's errors where Keystone does not answer."""
        self._place = place
        self._client = httpx.Client(timeout=TIMEOUT, headers=VERSIONS, trust_env=False)
        answer = self._client.post(f"{place.url('keystone')}/v3/auth/tokens", json={"auth": who})
        if answer.status_code != 201:
            self._client.close()
            raise Refusal(f"signing in: {answer.status_code} {answer.text}")
        self._client.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, service: str, path: str) -> Answer:
        return self._ask("GET", service, path)

    def post(self, service: str, path: str, body: Mapping[str, Any]) -> Answer:
        return self._ask("POST", service, path, json=body)

    def put(self, service: str, path: str, body: Mapping[str, Any] | bytes | None = None) -> Answer:
        if isinstance(body, bytes):
            return self._ask(
                "PUT", service, path, content=body, headers={"Content-Type": "application/octet-stream"}
            )
        return self._ask("PUT", service, path, json=body)

    def delete(self, service: str, path: str) -> None:
        self._ask("DELETE", service, path)

    def _ask(self, method: str, service: str, path: str, **options: Any) -> Answer:
        url = f"{self._place.url(service)}{ROOTS[service]}{path}"
        answer = self._client.request(method, url, **options)
        if answer.is_error:
            raise Refusal(f"{method} {url}: {answer.status_code} {answer.text}")
        found: Answer = answer.json() if answer.content else {}
        return found
