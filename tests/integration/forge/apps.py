"""An App in the forge's tests: registered, installed, and asking with its key or its tokens."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
from tests.integration.forge.world import World

from reprise.forge import server
from reprise.forge.registering import NewApp

USED: Mapping[str, str] = {
    "contents": "read",
    "checks": "write",
    "issues": "write",
    "pull_requests": "read",
    "statuses": "write",
}
EVENTS = ("push", "create", "issue_comment", "pull_request")
NAMES = iter(f"Reprise {number}" for number in range(10_000))


@dataclass(frozen=True)
class TestApp:
    __test__ = False
    world: World
    made: NewApp

    @classmethod
    def register(
        cls,
        world: World,
        *,
        permissions: Mapping[str, str] = USED,
        events: Sequence[str] = EVENTS,
        hook_url: str | None = None,
    ) -> "TestApp":
        made = server.add_app(
            world.state, "ada", next(NAMES), permissions=permissions, events=events, hook_url=hook_url
        )
        return cls(world, made)

    @property
    def id(self) -> int:
        return self.made.app.id

    def install(self, *repositories: str, on: str = "ada") -> int:
        """On these repositories, or on all of the account when none is named."""
        return server.install_app(self.world.state, self.made, on, repositories or None)

    def jwt(self, **claims: Any) -> str:
        now = int(time.time())
        said = {"iat": now - 60, "exp": now + 540, "iss": str(self.id), **claims}
        return jwt.encode({k: v for k, v in said.items() if v is not None}, self.made.pem, algorithm="RS256")

    def ask(self, method: str, path: str, json: Any = None, *, token: str | None = None) -> httpx.Response:
        """With the App's own JWT when no token is given."""
        headers = {"Authorization": f"Bearer {token or self.jwt()}"}
        return self.world.http.request(method, f"{self.world.url}/api/v3{path}", json=json, headers=headers)

    def token(self, installation: int, **limits: Any) -> str:
        reply = self.ask("POST", f"/app/installations/{installation}/access_tokens", json=limits or None)
        assert reply.status_code == 201, reply.text
        token: str = reply.json()["token"]
        return token
