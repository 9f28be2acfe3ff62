"""Signing in to a site and calling its services, by OpenStack's own client library, which nothing else uses.

The services themselves are spoken to in plain REST, so that their own words, which alone tell why something
was refused, reach `refusals`. One session serves all threads; sites share nothing.
"""

import json as json_text
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

from keystoneauth1 import exceptions
from keystoneauth1.access.access import AccessInfo
from keystoneauth1.session import Session as Keystone

from reprise.adapters.chameleon import refusals
from reprise.adapters.chameleon.login import APPLICATION_CREDENTIAL, Login
from reprise.adapters.chameleon.plugin import identity_url, plugin_of
from reprise.domain.errors import Retryable
from reprise.domain.leasing.refusal import CloudRefused, Refusal

T = TypeVar("T")
_VERSIONED = re.compile(r"/v\d+(\.\d+)?(/[0-9a-zA-Z_-]+)?$")


class Service(Enum):
    """Type in the catalogue, and the version of its API that we speak."""

    IDENTITY = ("identity", "v3")
    COMPUTE = ("compute", "v2.1")
    NETWORK = ("network", "v2.0")
    IMAGE = ("image", "v2")
    LEASES = ("reservation", "v1")


NAMES = {
    Service.IDENTITY: "the identity service",
    Service.COMPUTE: "the compute service",
    Service.NETWORK: "the network service",
    Service.IMAGE: "the image service",
    Service.LEASES: "the reservation service",
}


class Absent(CloudRefused):
    """What was asked for is not there, by the service's own word."""


class Faulty(Retryable):
    """The service itself said that something went wrong inside it."""


class Session:
    """Safe to use from several threads. Every call ends within ``timeout`` seconds without an answer."""

    def __init__(
        self, login: Login, *, timeout: float, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Asks nobody yet. Raises UserError when the login lacks something."""
        self.site = login.site
        self.expires_at: datetime | None = None
        """Of the credential, once somebody learnt it."""
        self._login = login
        self._now = now
        self._auth = plugin_of(login)
        self._timeout = timeout
        self._keystone = Keystone(
            auth=self._auth,
            timeout=timeout,
            verify=login.certificates or True,
            redirect=False,  # a token goes nowhere but where the catalogue says
            app_name="reprise",
        )

    @property
    def uses_application_credential(self) -> bool:
        return self._login.kind == APPLICATION_CREDENTIAL

    def access(self) -> AccessInfo:
        """Who we are there, what we may and which services there are. Raises CloudRefused, Retryable."""
        try:
            return self._auth.get_access(self._keystone)
        except exceptions.ClientException as error:
            raise self._sign_in_trouble(error) from error

    def get(
        self,
        service: Service,
        path: str,
        read: Callable[[Any], T],
        *,
        params: Mapping[str, str] | None = None,
        microversion: str | None = None,
    ) -> T:
        """What ``read`` makes of the answer. Raises Absent, CloudRefused and Retryable."""
        told, _ = self.reply("GET", service, path, params=params, microversion=microversion)
        return self._shaped(service, read, told)

    def post(self, service: Service, path: str, body: object, read: Callable[[Any], T]) -> T:
        told, _ = self.reply("POST", service, path, body)
        return self._shaped(service, read, told)

    def send(self, method: str, service: Service, path: str, body: object = None) -> None:
        self.reply(method, service, path, body)

    def delete(self, service: Service, path: str) -> None:
        """Gone is fine."""
        with suppress(Absent):
            self.reply("DELETE", service, path)

    def reply(
        self,
        method: str,
        service: Service,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, str] | None = None,
        microversion: str | None = None,
    ) -> tuple[Any, Mapping[str, str]]:
        """The answer's JSON, None where it is empty, and its headers."""
        self.access()
        headers = {"Accept": "application/json"}
        if microversion is not None:
            headers["OpenStack-API-Version"] = f"{service.value[0]} {microversion}"
        try:
            answer = self._keystone.request(
                self.url(service) + path,
                method,
                json=body,
                params=dict(params or {}),
                headers=headers,
                authenticated=True,
                raise_exc=False,
                log=False,
            )
        except exceptions.ClientException as error:
            raise self._trouble(error, NAMES[service]) from error
        if answer.status_code < 300:
            return _json(answer.content, self.site, service), answer.headers
        raise self._no(service, answer.status_code, answer.content, answer.headers)

    def _shaped(self, service: Service, read: Callable[[Any], T], told: Any) -> T:
        try:
            return read(told)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            said = f"in a shape that is not known here ({type(error).__name__}: {error})"
            raise Retryable(f"{NAMES[service]} of {self.site} answered {said}") from error

    def url(self, service: Service) -> str:
        """Raises CloudRefused when the catalogue lacks it."""
        kind, version = service.value
        if service is Service.IDENTITY:
            return identity_url(self._login.auth_url)
        found = self.address(kind)
        if found is None:
            region = f" in the region {self._login.region}" if self._login.region else ""
            raise refusals.refused(self.site, Refusal.NO_SUCH_SITE, f"no service of type {kind}{region}")
        return versioned(found, version)

    def address(self, kind: str) -> str | None:
        """Of a service in the catalogue, by its type."""
        catalogue = self.access().service_catalog
        try:
            return catalogue.url_for(
                service_type=kind, interface=self._login.interface, region_name=self._login.region
            )
        except exceptions.CatalogException:
            return None

    def services(self) -> tuple[str, ...]:
        """Types in the catalogue."""
        kinds = (entry.get("type") for entry in self.access().service_catalog.catalog)
        return tuple(sorted({kind for kind in kinds if isinstance(kind, str)}))

    def close(self) -> None:
        self._keystone.session.close()

    def _no(
        self, service: Service, status: int, body: bytes, headers: Mapping[str, str]
    ) -> CloudRefused | Retryable:
        said = refusals.words(body)
        name = f"{NAMES[service]} of {self.site}"
        if said is None or status in (401, 429, 503):
            # Not the service's own words, or ones that ask for patience.
            told = f": {said}" if said else ""
            return Retryable(f"{name} answered {status}{told}", _after(headers))
        refusal = refusals.classify(said)
        if refusal is not None:
            return refusals.refused(self.site, refusal, refusals.quoted(said))
        if status == 404:
            return Absent(
                Refusal.WRONG_STATE,
                f"{name} has nothing like that ({refusals.quoted(said)}): look it up again",
            )
        if status >= 500:
            return Faulty(f"{name} failed: {said}", _after(headers))
        return refusals.refused(self.site, Refusal.UNKNOWN, refusals.quoted(said))

    def _sign_in_trouble(self, error: exceptions.ClientException) -> CloudRefused | Retryable:
        if not isinstance(error, exceptions.HttpError):
            return self._trouble(error, NAMES[Service.IDENTITY])
        said = error.message or ""
        known = refusals.classify(said)
        if known is not None:
            return refusals.refused(self.site, known)
        if isinstance(error, exceptions.Unauthorized):
            over = self.expires_at is not None and self.expires_at <= self._now()
            return refusals.refused(self.site, Refusal.EXPIRED_CREDENTIAL if over else Refusal.WRONG_SECRET)
        if isinstance(error, exceptions.NotFound):
            return refusals.refused(
                self.site, Refusal.NO_SUCH_SITE, f"{self._login.auth_url} is no identity service"
            )
        if error.http_status >= 500 or error.http_status == 429:
            return Retryable(f"{NAMES[Service.IDENTITY]} of {self.site} answered {error.http_status}")
        return refusals.refused(self.site, Refusal.UNKNOWN, refusals.quoted(said))

    def _trouble(self, error: exceptions.ClientException, name: str) -> CloudRefused | Retryable:
        if isinstance(error, exceptions.Unauthorized | exceptions.HttpError):
            return self._sign_in_trouble(error)
        if isinstance(error, exceptions.CatalogException | exceptions.DiscoveryFailure):
            return refusals.refused(self.site, Refusal.NO_SUCH_SITE)
        if isinstance(error, exceptions.ConnectTimeout):
            return Retryable(f"{name} of {self.site} did not answer within {self._timeout:g} s")
        if isinstance(error, exceptions.SSLError):
            return Retryable(f"{name} of {self.site} shows a certificate that cannot be trusted")
        return Retryable(f"{name} of {self.site} cannot be reached ({type(error).__name__})")


def versioned(url: str, version: str) -> str:
    """Catalogues name the root of a service or one version of it."""
    url = url.rstrip("/")
    return url if _VERSIONED.search(url) else f"{url}/{version}"


def _json(body: bytes, site: str, service: Service) -> Any:
    if not body.strip():
        return None
    try:
        return json_text.loads(body)
    except (ValueError, RecursionError):
        raise Retryable(f"{NAMES[service]} of {site} answered with something that is no JSON") from None


def _after(headers: Mapping[str, str]) -> float:
    """Seconds to wait, where the service says so in that form."""
    told = headers.get("Retry-After", "")
    return float(told) if told.isdigit() else 0.0
