"""What ``/setup`` asks GitHub for: the manifest of an App, and the page on GitHub that takes it. Pure."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from reprise.adapters.github.needs import EVENTS, PERMISSIONS
from reprise.domain.errors import UserError
from reprise.domain.loopback import is_loopback

WEBHOOK = "/webhooks/github"
_ORGANISATION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Of this controller."""

    back: str
    """Where GitHub sends the browser with the code."""
    home: str
    """The page that shows what is left to do."""
    public: str | None
    """Where GitHub itself reaches us; None when it does not."""


def manifest(addresses: Addresses, api_url: str, *, suffix: str) -> dict[str, Any]:
    """``suffix`` makes a name that nobody else has; people may change it on GitHub's page."""
    asked: dict[str, Any] = {
        "name": f"Reprise {suffix}",
        "url": addresses.public or addresses.home,
        "redirect_url": addresses.back,
        "setup_url": addresses.home,
        "public": False,
        "default_permissions": {name: need.level for name, need in PERMISSIONS.items()},
        "default_events": list(EVENTS),
    }
    hook = webhook_url(addresses.public, api_url)
    # GitHub refuses an address that it cannot reach; without one the App simply has no webhook.
    return asked if hook is None else asked | {"hook_attributes": {"url": hook, "active": True}}


def webhook_url(public: str | None, api_url: str) -> str | None:
    """Where deliveries go; None when GitHub reaches nothing of ours. A forge on loopback reaches loopback."""
    if public is None or (is_loopback(urlsplit(public).hostname or "") and not _on_loopback(api_url)):
        return None
    return f"{public.rstrip('/')}{WEBHOOK}"


def new_app_page(api_url: str, state: str, organisation: str = "") -> str:
    """For the person's own account, or an organisation's. Raises UserError when it cannot be one's name."""
    if organisation and not _ORGANISATION.fullmatch(organisation):
        raise UserError(f"{organisation!r} is not the name of an organisation")
    owner = f"/organizations/{quote(organisation)}" if organisation else ""
    return f"{site(api_url)}{owner}/settings/apps/new?{urlencode({'state': state})}"


def site(api_url: str) -> str:
    """Where people look at what the API serves: github.com for api.github.com, a server without /api/v3."""
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


def _on_loopback(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")
