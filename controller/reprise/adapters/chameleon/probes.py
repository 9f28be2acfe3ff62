"""What a site does that its documentation leaves open, asked of the site itself. Nothing is changed there."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from reprise.adapters.chameleon.clouds_yaml import AUTH_URLS
from reprise.adapters.chameleon.session import Absent, Service, Session

PUBLIC = "https://api.chameleoncloud.org"
"""Chameleon's own description of its hardware, which needs no credential."""
_ASIDE = {"KVM@TACC": "kvm"}


class Probes:
    """Calls raise CloudRefused and Retryable."""

    def __init__(self, session: Session, *, public: str = PUBLIC, timeout: float = 15.0) -> None:
        self._session = session
        self._public = public
        self._timeout = timeout

    def clock_ahead(self) -> float | None:
        """Seconds that the site's clock is ahead of ours; None where it tells no time."""
        began = time.monotonic()
        before = datetime.now(UTC)
        _, headers = self._session.reply("GET", Service.LEASES, "/leases")
        told = headers.get("Date")
        if told is None:
            return None
        middle = before.timestamp() + (time.monotonic() - began) / 2
        return parsedate_to_datetime(told).timestamp() - middle

    def leases_come_in_pages(self) -> bool | None:
        """None where there are too few to tell."""
        count = self._count({})
        return self._count({"limit": "1"}) < count if count > 1 else None

    def floating_addresses(self) -> int | None:
        """That the project may have; None = no bound, or not told."""
        project = self._session.access().project_id
        try:
            most = self._session.get(
                Service.NETWORK, f"/quotas/{project}", lambda told: int(told["quota"]["floatingip"])
            )
        except Absent:
            return None
        return most if most >= 0 else None

    def has_network(self, name: str) -> bool:
        return self._session.get(
            Service.NETWORK, "/networks", lambda told: bool(told["networks"]), params={"name": name}
        )

    def lists_s3_keys(self) -> None:
        """Raises CloudRefused where this credential may not even see them."""
        user = self._session.access().user_id
        self._session.get(
            Service.IDENTITY, f"/users/{user}/credentials/OS-EC2", lambda told: told["credentials"]
        )

    def told_limits(self) -> tuple[str, ...]:
        """Headers of an answer that tell how often one may ask."""
        _, headers = self._session.reply("GET", Service.LEASES, "/leases")
        return tuple(f"{name}: {text}" for name, text in headers.items() if "ratelimit" in name.lower())

    def address(self, kind: str) -> str | None:
        """Of a service in the catalogue, by its type."""
        return self._session.address(kind)

    def public_availability(self) -> str:
        """What the public description says of this site, in words; nothing here depends on it."""
        site = self._session.site
        if site not in AUTH_URLS:
            return "no site of Chameleon's, so its public description does not know it"
        name = _ASIDE.get(site, site.partition("@")[2].lower())
        try:
            reply = httpx.get(f"{self._public}/sites/{name}/availability", timeout=self._timeout)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"{self._public} does not answer ({type(error).__name__}), which runs do not need"
        if reply.is_success:
            return f"{self._public} tells this site's, without a credential"
        return f"{self._public} does not tell this site's ({reply.status_code}), which runs do not need"

    def _count(self, params: dict[str, str]) -> int:
        def read(told: Any) -> int:
            return len(told["leases"])

        return self._session.get(Service.LEASES, "/leases", read, params=params)
