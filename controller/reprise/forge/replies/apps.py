"""Apps, installations and their tokens as JSON."""

import json

from reprise.forge.links import Links
from reprise.forge.records import App, Installation, User
from reprise.forge.replies.people import JSON, node_id, user


def app(links: Links, what: App, owner: User, *, installations: int) -> JSON:
    return {
        "id": what.id,
        "slug": what.slug,
        "node_id": node_id("A", what.id),
        "client_id": what.client_id,
        "owner": user(links, owner),
        "name": what.name,
        "description": what.description,
        "external_url": what.url,
        "html_url": links.app_page(what.slug),
        "created_at": what.created_at,
        "updated_at": what.created_at,
        "permissions": json.loads(what.permissions),
        "events": listed(what.events),
        "installations_count": installations,
    }


def installation(links: Links, what: Installation, app: App, account: User, by: User | None) -> JSON:
    """``by``: who suspended it."""
    return {
        "id": what.id,
        "account": user(links, account),
        "repository_selection": what.selection,
        "access_tokens_url": f"{links.api_root}/app/installations/{what.id}/access_tokens",
        "repositories_url": f"{links.api_root}/installation/repositories",
        "html_url": links.installation_page(what.id),
        "app_id": app.id,
        "client_id": app.client_id,
        "app_slug": app.slug,
        "target_id": account.id,
        "target_type": account.kind,
        "permissions": what.grants,
        "events": listed(what.events),
        "created_at": what.created_at,
        "updated_at": what.updated_at,
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_at": what.suspended_at,
        "suspended_by": user(links, by) if by else None,
    }


def listed(events: str) -> list[str]:
    return [each for each in events.split(",") if each]
