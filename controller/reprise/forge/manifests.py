"""The manifest flow: what another program asks an App to be, and the code that brings it the App's secrets.

The code is good once and for an hour; until it is used the private key waits here, afterwards nowhere.
"""

import json
import secrets
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from pydantic import AfterValidator, Field

from reprise.domain.loopback import is_loopback
from reprise.forge.api.bodies import Body, parse
from reprise.forge.problems import invalid, not_found
from reprise.forge.records import App, ManifestCode, User
from reprise.forge.registering import NewApp, Wanted, register
from reprise.forge.store import Store, digest, now

CODE_LIFE = timedelta(hours=1)


def _web(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError("must be a web address")
    return url


Web = Annotated[str, AfterValidator(_web)]


class HookAttributes(Body):
    url: Web
    active: bool = True


class Manifest(Body):
    name: str = ""
    url: Web
    hook_attributes: HookAttributes | None = None
    redirect_url: Web | None = None
    callback_urls: list[str] = Field(default_factory=list, max_length=10)
    setup_url: Web | None = None
    description: str | None = None
    public: bool = False
    default_events: list[str] = Field(default_factory=list)
    default_permissions: dict[str, str] = Field(default_factory=dict)


def read(text: str) -> Manifest:
    """Raises Problem 400 or 422 for what is no manifest, or one whose hook this forge could not reach."""
    manifest = parse(Manifest, text.encode(), "Integration")
    hook = urlsplit(manifest.hook_attributes.url) if manifest.hook_attributes else None
    if hook and (hook.scheme != "http" or not is_loopback(hook.hostname or "")):
        says = "this forge reaches only http:// on this machine's loopback"
        raise invalid("Integration", "hook_attributes.url", "custom", says)
    return manifest


def create(store: Store, owner: User, manifest: Manifest, name: str) -> tuple[App, str]:
    """The App, and the code that its maker exchanges for the rest."""
    hook = manifest.hook_attributes
    made = register(
        store,
        owner,
        Wanted(
            name=name.strip() or manifest.name,
            url=manifest.url,
            permissions=manifest.default_permissions,
            events=manifest.default_events,
            description=manifest.description,
            public=manifest.public,
            hook_url=hook.url if hook else None,
            hook_active=hook.active if hook else False,
            setup_url=manifest.setup_url,
        ),
    )
    return made.app, _code(store, made)


def _code(store: Store, made: NewApp) -> str:
    _forget_late_ones(store)
    code = secrets.token_hex(20)
    kept = {
        "client_secret": made.client_secret,
        "webhook_secret": made.webhook_secret,
        "pem": made.pem,
    }
    store.add(
        ManifestCode,
        sha256=digest(code),
        app_id=made.app.id,
        secrets=json.dumps(kept),
        expires_at=now(later=CODE_LIFE),
    )
    return code


def _forget_late_ones(store: Store) -> None:
    """Keys that nobody came for do not lie here for good."""
    for each in store.all(ManifestCode):
        if each.secrets and each.expires_at <= now():
            store.change(ManifestCode, each.id, secrets="")


def redeem(store: Store, code: str) -> tuple[App, dict[str, Any]]:
    """The App and its secrets, once. Raises Problem 404 for a code that is unknown, used or over."""
    with store.changing():
        found = store.one(ManifestCode, sha256=digest(code))
        if found is None or not found.secrets:
            raise not_found()
        store.change(ManifestCode, found.id, secrets="")
        if found.expires_at <= now():
            raise not_found()
    kept: dict[str, Any] = json.loads(found.secrets)
    return store.get(App, found.app_id), kept


def back(redirect_url: str, code: str, state: str) -> str:
    """Where the browser goes with the code; what the address asked already stays in it."""
    added = urlencode({"code": code, **({"state": state} if state else {})})
    return f"{redirect_url}{'&' if urlsplit(redirect_url).query else '?'}{added}"
