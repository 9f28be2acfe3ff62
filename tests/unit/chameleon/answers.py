"""A site that answers as tests say: its identity service, and whatever else they add."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import responses

from reprise.adapters.chameleon.login import APPLICATION_CREDENTIAL, Login
from reprise.adapters.chameleon.site import SiteCloud

PORTS = {"reservation": 1234, "compute": 8774, "network": 9696, "image": 9292}
SECRET = "s3cr3t-0123456789"


class Answers:
    def __init__(self, mock: responses.RequestsMock, host: str = "uc.example", site: str = "CHI@UC") -> None:
        self.mock = mock
        self.host = host
        self.site = site
        self.token = f"token-of-{host}"
        self.restricted = False

    def login(self) -> Login:
        return Login(
            self.site,
            APPLICATION_CREDENTIAL,
            {
                "auth_url": f"https://{self.host}:5000",
                "application_credential_id": "1",
                "application_credential_secret": SECRET,
            },
            self.site,
        )

    def cloud(self) -> SiteCloud:
        return SiteCloud(self.login(), timeout=5)

    def sign_in(self) -> None:
        token = {
            "methods": ["application_credential"],
            "expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
            "issued_at": datetime.now(UTC).isoformat(),
            "user": {"id": "u1", "name": "ada", "domain": {"id": "default", "name": "Default"}},
            "project": {"id": "p1", "name": "CHI-1", "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "1", "name": "reader"}, {"id": "2", "name": "member"}],
            "application_credential": {"id": "c1", "name": "reprise", "restricted": self.restricted},
            "catalog": [self._service(kind, port) for kind, port in PORTS.items()],
        }
        self.mock.post(
            f"https://{self.host}:5000/v3/auth/tokens",
            status=201,
            json={"token": token},
            headers={"X-Subject-Token": self.token},
        )

    def refuse_sign_in(self, status: int, message: str) -> None:
        body = {"error": {"code": status, "message": message, "title": "no"}}
        self.mock.post(f"https://{self.host}:5000/v3/auth/tokens", status=status, json=body)

    def add(
        self,
        method: str,
        kind: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``body``: text and bytes as they are, else as JSON."""
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        self.mock.add(method, self.url(kind) + path, body=content, status=status, headers=dict(headers or {}))

    def url(self, kind: str) -> str:
        versions = {"reservation": "/v1", "compute": "/v2.1", "network": "/v2.0", "image": "/v2"}
        return f"https://{self.host}:{PORTS[kind]}{versions[kind]}"

    def sent(self, path: str) -> list[Any]:
        """Bodies of the requests to what ends like this."""
        asked = (call.request for call in self.mock.calls)
        return [json.loads(each.body) for each in asked if each.body and (each.url or "").endswith(path)]

    def _service(self, kind: str, port: int) -> dict[str, Any]:
        """Some name a version, some only their root, as real catalogues do."""
        version = "/v2.1" if kind == "compute" else ""
        endpoint = {
            "id": kind,
            "interface": "public",
            "region": self.site,
            "region_id": self.site,
            "url": f"https://{self.host}:{port}{version}",
        }
        return {"id": kind, "type": kind, "name": kind, "endpoints": [endpoint]}
