"""GitHub as an App sees it, behind the `responses` library: installations, tokens, a few repositories."""

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import jwt
import responses
from tests.keys import public_key

API = "https://api.github.com:443"
APP_ID = 7
SLUG = "reprise-lab"
LONG = "eyJhbGciOiJSUzI1NiJ9." + "eyJpc3MiOiI3Iiwi_-" * 26
"""What makes a token 520 characters long, with the dots, dashes and underscores of the new form."""
Reply = tuple[int, dict[str, str], str]


@dataclass
class Hub:
    """Whoever asks with another signature or a token that is not living is refused as GitHub does."""

    homes: dict[str, int] = field(default_factory=dict)
    """repository → installation"""
    suspended: set[int] = field(default_factory=set)
    lifetime: timedelta = timedelta(hours=1)
    minted: list[tuple[int, Any]] = field(default_factory=list)
    """(installation, limits) of each token that was asked for"""
    living: dict[str, int] = field(default_factory=dict)
    """token → installation"""
    lookups: list[str] = field(default_factory=list)
    written: int = 0
    minting: Reply | None = None
    """In place of a token."""
    claims: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, mock: responses.RequestsMock) -> None:
        routes = {
            ("GET", r"/app"): self._app,
            ("GET", r"/app/installations"): self._installations,
            ("GET", r"/repos/([^/]+/[^/]+)/installation"): self._home,
            ("GET", r"/(?:users|orgs)/([^/]+)/installation"): self._owner,
            ("POST", r"/app/installations/(\d+)/access_tokens"): self._mint,
        }
        for (method, path), answer in routes.items():
            pattern = re.compile(rf"{API}{path}(\?.*)?$")
            mock.add_callback(method, pattern, partial(self._signed, pattern, answer))
        installed = re.compile(rf"{API}/installation/repositories")
        mock.add_callback("GET", installed, lambda asked: self.by_token(asked, self._given))

    def by_token(self, asked: Any, answer: Any) -> Reply:
        with self.lock:
            home = self.living.get(asked.headers["Authorization"].removeprefix("token "))
            if home is None:
                return refusal(401, "Bad credentials")
            found: Reply = answer(asked, home)
            return found

    def post(self, asked: Any, home: int) -> Reply:
        self.written += 1
        return reply({"id": 9}, 201)

    def revoke(self) -> None:
        self.living.clear()

    def _signed(self, pattern: re.Pattern[str], answer: Any, asked: Any) -> Reply:
        with self.lock:
            try:
                signature = asked.headers["Authorization"].removeprefix("Bearer ")
                self.claims.append(jwt.decode(signature, public_key(), algorithms=["RS256"]))
            except jwt.PyJWTError:
                return refusal(401, "A JSON web token could not be decoded")
            match = pattern.match(str(asked.url))
            assert match is not None
            found: Reply = answer(asked, match[1])
            return found

    def _app(self, asked: Any, _: str) -> Reply:
        return reply({"id": APP_ID, "slug": SLUG, "html_url": f"https://github.com/apps/{SLUG}"})

    def _installations(self, asked: Any, _: str) -> Reply:
        owners = {home: name.partition("/")[0] for name, home in self.homes.items()}
        return reply([self._one(home, owner) for home, owner in sorted(owners.items())])

    def _home(self, asked: Any, name: str) -> Reply:
        self.lookups.append(name)
        home = self.homes.get(name)
        return refusal(404, "Not Found") if home is None else reply(self._one(home, name.partition("/")[0]))

    def _owner(self, asked: Any, owner: str) -> Reply:
        found = {home for name, home in self.homes.items() if name.startswith(f"{owner}/")}
        return reply(self._one(found.pop(), owner)) if found else refusal(404, "Not Found")

    def _one(self, home: int, owner: str) -> dict[str, Any]:
        since = "2026-01-01T00:00:00Z" if home in self.suspended else None
        return {"id": home, "account": {"login": owner}, "suspended_at": since}

    def _mint(self, asked: Any, number: str) -> Reply:
        home = int(number)
        if self.minting is not None:
            return self.minting
        if home in self.suspended:
            return refusal(403, "This installation has been suspended")
        if home not in self.homes.values():
            return refusal(404, "Not Found")
        self.minted.append((home, json.loads(asked.body or "null")))
        token = f"ghs_{APP_ID}_{len(self.minted):04}_{LONG}"
        self.living[token] = home
        ends = (datetime.now(UTC) + self.lifetime).strftime("%Y-%m-%dT%H:%M:%SZ")
        return reply({"token": token, "expires_at": ends}, 201)

    def _given(self, asked: Any, home: int) -> Reply:
        names = sorted(name for name, of in self.homes.items() if of == home)
        page = int(asked.params["page"]) - 1
        shown = names[100 * page : 100 * page + 100]
        return reply({"total_count": len(names), "repositories": [listed(name) for name in shown]})


def listed(name: str) -> dict[str, Any]:
    number = sum(map(ord, name))
    return {"id": number, "full_name": name, "clone_url": f"https://github.com/{name}.git", "private": True}


def reply(body: Any, status: int = 200) -> Reply:
    return status, {}, json.dumps(body)


def refusal(status: int, message: str) -> Reply:
    return status, {}, json.dumps({"message": message})
