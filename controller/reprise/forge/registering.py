"""New Apps: what a manifest may ask for, and what its owner is handed once."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprise.forge.permissions import EVENT_NEEDS, LEVELS, RULES
from reprise.forge.problems import invalid
from reprise.forge.records import App, Hook, User
from reprise.forge.store import Store, now
from reprise.forge.tokens import new_key

MAX_NAME = 34
PERMISSIONS = {name for _, _, need in RULES for name in need.names} | {
    "actions",
    "deployments",
    "environments",
    "members",
    "merge_queues",
    "packages",
    "pages",
    "workflows",
}
"""Those that this forge's calls ask for, and others of GitHub's that do no harm."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an App is to be, as its manifest says."""

    name: str
    url: str
    permissions: Mapping[str, str]
    events: Sequence[str] = ()
    description: str | None = None
    public: bool = False
    hook_url: str | None = None
    hook_active: bool = True
    setup_url: str | None = None


@dataclass(frozen=True, slots=True)
class NewApp:
    """Shown once; only the App's record is kept."""

    app: App
    pem: str
    webhook_secret: str | None
    client_secret: str


def slug_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def register(store: Store, owner: User, wanted: Wanted) -> NewApp:
    """Make the App, its bot and its hook. Raises Problem 422 for what GitHub would not register."""
    _refuse(wanted)
    key = new_key()
    secret = secrets.token_hex(20) if wanted.hook_url else None
    slug = slug_of(wanted.name)
    with store.changing():
        if store.one(App, slug=slug):
            raise invalid("Integration", "name", "custom", "Name has already been taken")
        app = store.add(
            App,
            slug=slug,
            name=wanted.name,
            owner=owner.login,
            description=wanted.description,
            url=wanted.url,
            public=wanted.public,
            client_id=f"Iv23li{secrets.token_hex(7)}",
            public_key=key.public,
            permissions=json.dumps({**wanted.permissions, "metadata": "read"}, sort_keys=True),
            events=",".join(wanted.events),
            setup_url=wanted.setup_url,
            created_at=now(),
        )
        store.add(
            User,
            login=app.bot,
            name=app.name,
            email=f"{app.slug}[bot]@users.noreply.localhost",
            kind="Bot",
        )
        if wanted.hook_url:
            _add_hook(store, app, wanted.hook_url, secret or "", active=wanted.hook_active)
    return NewApp(app, key.private, secret, secrets.token_hex(20))


def _add_hook(store: Store, app: App, url: str, secret: str, *, active: bool) -> Hook:
    return store.add(
        Hook,
        repository_id=None,
        app_id=app.id,
        url=url,
        secret=secret,
        events=app.events,
        active=active,
        created_at=now(),
    )


def _refuse(wanted: Wanted) -> None:
    """The first thing that GitHub would not take."""
    if not slug_of(wanted.name) or len(wanted.name) > MAX_NAME:
        raise invalid("Integration", "name", "custom", f"name needs 1 to {MAX_NAME} characters")
    if unknown := sorted(set(wanted.permissions) - PERMISSIONS):
        raise invalid("Integration", "default_permissions", "custom", f"no such permission: {unknown[0]}")
    if wrong := sorted(name for name, level in wanted.permissions.items() if level not in LEVELS):
        raise invalid("Integration", "default_permissions", "custom", f"{wrong[0]} must be read or write")
    granted = {**wanted.permissions, "metadata": "read"}
    for event in wanted.events:
        need = EVENT_NEEDS.get(event)
        if need is None or not need.met_by(granted):
            says = f"Default events unsupported: {event}"
            raise invalid("Integration", "default_events", "custom", says)
