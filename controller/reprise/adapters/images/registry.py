"""Registries over HTTP: from a name to a digest, whether a digest is there, its removal.

The only place that speaks to registries; pushing and pulling are BuildKit's. Loopback ones answer over HTTP.
"""

import base64
import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from reprise.domain.errors import Retryable
from reprise.domain.images.references import Reference
from reprise.domain.loopback import is_loopback
from reprise.domain.run import Reason
from reprise.ports import Failed

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ACCEPT = ", ".join((*INDEXES, *MANIFESTS))
LARGEST = 8 * 1024**2
"""Bytes of a manifest or a token's answer."""
ATTEMPTS = 3
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of the operator, as ``docker login`` keeps them: host → user and password."""

    of: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    def for_host(self, host: str) -> tuple[str, str] | None:
        return self.of.get(host)


def read_credentials(folder: Path | None) -> Credentials:
    """Of ``config.json`` in Docker's configuration folder; credential helpers are not asked."""
    file = folder / "config.json" if folder is not None else None
    if file is None or not file.is_file():
        return Credentials()
    try:
        held = json.loads(file.read_text()).get("auths", {})
        decoded = {
            host: base64.b64decode(each["auth"]).decode() for host, each in held.items() if each.get("auth")
        }
    except (ValueError, AttributeError, TypeError, KeyError):
        raise Retryable(f"{file} cannot be read: log in to the registry again, or remove the file") from None
    pairs = {host: tuple(text.split(":", 1)) for host, text in decoded.items() if ":" in text}
    return Credentials({_host(name): (pair[0], pair[1]) for name, pair in pairs.items()})


def _host(name: str) -> str:
    return "docker.io" if name in _HUB_KEYS else urlsplit(name).netloc or name


class Registries:
    """Safe for several threads."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        platform: tuple[str, str] = ("linux", "amd64"),
        timeout: float = 20.0,
    ) -> None:
        """``timeout``: seconds for one request."""
        self._credentials = credentials
        self._platform = platform
        # A few requests each minute: no connection is kept that nobody would close.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(timeout=timeout, limits=limits, headers={"User-Agent": "reprise"})

    def close(self) -> None:
        self._client.close()

    def resolve(self, reference: Reference, *, trusted: bool = True) -> str | Failed:
        """``sha256:…`` of the bytes that the registry has for this name now.

        A stranger's names are asked for without the operator's credentials, and not on this machine.
        """
        if not trusted and _is_near(reference.host):
            return Failed(Reason.REFUSED, f"{reference.full} is in a private network; name another")
        answer = self._get(reference, trusted=trusted)
        if isinstance(answer, Failed):
            return answer
        digest = digest_of(answer)
        if reference.digest is not None and reference.digest != digest:
            return Failed(
                Reason.INFRASTRUCTURE,
                f"{reference.host} answered for {reference.full} with {digest}; try again",
            )
        missing = self._lacks_platform(answer)
        if missing:
            return Failed(
                Reason.ENVIRONMENT_FAILED, f"{reference.full} is not made for {missing}; name one that is"
            )
        return digest

    def holds(self, reference: Reference) -> bool:
        """Whether this digest is there. Raises Retryable when that cannot be told."""
        response = self._ask("HEAD", reference, trusted=True)
        if response.status_code not in (200, 404):
            raise Retryable(f"{reference.host} answered {response.status_code} for {reference.full}")
        return response.status_code == 200

    def size(self, reference: Reference) -> int:
        """Bytes of its layers and its configuration; 0 where the registry does not say."""
        answer = self._get(reference, trusted=True)
        try:
            described = {} if isinstance(answer, Failed) else json.loads(answer)
            parts = (described.get("config", {}), *described.get("layers", ()))
            return sum(int(part.get("size", 0)) for part in parts)
        except (ValueError, AttributeError, TypeError):
            return 0

    def remove(self, reference: Reference) -> None:
        """Gone is fine. Raises Retryable when it does not answer."""
        self._ask("DELETE", reference, trusted=True)

    def _get(self, reference: Reference, *, trusted: bool) -> bytes | Failed:
        try:
            response = self._ask("GET", reference, trusted=trusted)
        except Retryable as error:
            return Failed(Reason.INFRASTRUCTURE, str(error))
        if response.status_code in (401, 403, 404):
            return Failed(
                Reason.ENVIRONMENT_FAILED,
                f"{reference.full} is not there, or not for everybody ({reference.host} answered "
                f"{response.status_code}); correct the name, or log in to {reference.host} on this machine",
            )
        if response.status_code != 200 or len(response.content) > LARGEST:
            what = f"{response.status_code}" if response.status_code != 200 else "more than any manifest has"
            return Failed(
                Reason.INFRASTRUCTURE, f"{reference.host} answered {what} for {reference.full}; try again"
            )
        told = response.headers.get("docker-content-digest", "")
        if told.startswith("sha256:") and told != digest_of(response.content):
            return Failed(
                Reason.INFRASTRUCTURE,
                f"{reference.host} sent other bytes for {reference.full} than it says; try again",
            )
        return response.content

    def _ask(self, method: str, reference: Reference, *, trusted: bool) -> httpx.Response:
        address = f"{reference.api}/v2/{reference.path}/manifests/{reference.wanted}"
        headers = {"Accept": ACCEPT}
        response = self._send(method, address, headers)
        challenge = response.headers.get("www-authenticate", "")
        if response.status_code != 401 or not challenge:
            return response
        allowed = self._allowed(reference, challenge, trusted=trusted)
        return (
            response
            if allowed is None
            else self._send(method, address, {**headers, "Authorization": allowed})
        )

    def _allowed(self, reference: Reference, challenge: str, *, trusted: bool) -> str | None:
        """The header that opens it: the token that the registry's service gives, else user and password."""
        pair = self._credentials.for_host(reference.host) if trusted else None
        basic = None if pair is None else _basic(*pair)
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            return basic
        parameters = dict(_PARAMETER.findall(rest))
        realm = parameters.pop("realm", "")
        near = is_loopback(urlsplit(reference.api).hostname or "")
        if urlsplit(realm).scheme != "https" and not near:
            return None
        parameters.setdefault("scope", f"repository:{reference.path}:pull")
        parameters.pop("error", None)
        headers = {} if basic is None else {"Authorization": basic}
        response = self._send("GET", str(httpx.URL(realm, params=parameters)), headers)
        if response.status_code != 200:
            return None
        token = _token(response)
        return None if token is None else f"Bearer {token}"

    def _send(self, method: str, address: str, headers: Mapping[str, str]) -> httpx.Response:
        """Raises Retryable when there is no answer."""
        host = urlsplit(address).netloc
        why = ""
        for attempt in range(ATTEMPTS):
            try:
                response = self._client.request(method, address, headers=dict(headers))
            except httpx.HTTPError as error:
                why = str(error) or type(error).__name__
            else:
                if response.status_code < 500 and response.status_code != 429:
                    return response
                why = f"it answered {response.status_code}"
            if attempt + 1 < ATTEMPTS:
                time.sleep(0.2 * 2**attempt)
        raise Retryable(f"the registry {host} cannot be reached: {why[:200]}", after=60.0)

    def _lacks_platform(self, manifest: bytes) -> str | None:
        """The platform, where a list of images has none for it."""
        try:
            described = json.loads(manifest)
        except ValueError:
            return None
        if not isinstance(described, dict) or described.get("mediaType") not in INDEXES:
            return None
        offered = [_platform(each) for each in described.get("manifests", ())]
        return None if self._platform in offered else "/".join(self._platform)


def digest_of(manifest: bytes) -> str:
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def _platform(entry: Any) -> tuple[str, str]:
    platform = entry.get("platform", {}) if isinstance(entry, dict) else {}
    return str(platform.get("os", "")), str(platform.get("architecture", ""))


def _token(response: httpx.Response) -> str | None:
    try:
        answer = response.json()
    except ValueError:
        return None
    token = answer.get("token") or answer.get("access_token") if isinstance(answer, dict) else None
    return token if isinstance(token, str) and token.isprintable() else None


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _is_near(host: str) -> bool:
    name = (host.rpartition(":")[0] if re.search(r":\d+$", host) else host).strip("[]")
    if is_loopback(name):
        return True
    try:
        return not ip_address(name).is_global
    except ValueError:
        return False
