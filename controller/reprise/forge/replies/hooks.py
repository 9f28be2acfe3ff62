"""Webhooks and their deliveries as JSON. The secret never leaves."""

import json

from reprise.forge.links import Links
from reprise.forge.records import Delivery, Hook, Repository
from reprise.forge.replies.people import JSON


def hook(links: Links, repository: Repository, what: Hook, last: Delivery | None) -> JSON:
    url = f"{links.api(repository)}/hooks/{what.id}"
    return {
        "type": "Repository",
        "id": what.id,
        "name": "web",
        "active": what.active,
        "events": what.events.split(","),
        "config": {
            "url": what.url,
            "content_type": "json",
            "insecure_ssl": "0",
            **({"secret": "********"} if what.secret else {}),
        },
        "updated_at": what.created_at,
        "created_at": what.created_at,
        "url": url,
        "test_url": f"{url}/tests",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": _last_response(last),
    }


def _last_response(last: Delivery | None) -> JSON:
    if last is None or last.pending:
        return {"code": None, "status": "unused", "message": None}
    status = "active" if last.ok else "misconfigured"
    return {"code": last.code or None, "status": status, "message": last.answer}


def config(what: Hook) -> JSON:
    """Of an App's one hook."""
    secret = {"secret": "********"} if what.secret else {}
    return {"content_type": "json", "insecure_ssl": "0", "url": what.url, **secret}


def delivery_item(what: Delivery) -> JSON:
    return {
        "id": what.id,
        "guid": what.guid,
        "delivered_at": what.delivered_at,
        "redelivery": what.redelivery,
        "duration": round(what.seconds, 3),
        "status": what.answer,
        "status_code": what.code,
        "event": what.event,
        "action": what.action,
        "installation_id": what.installation_id,
        "repository_id": what.repository_id,
        "throttled_at": None,
    }


def delivery(what: Delivery, hook: Hook) -> JSON:
    answered = what.answer_headers is not None
    return {
        **delivery_item(what),
        "url": hook.url,
        "request": {"headers": json.loads(what.headers or "null"), "payload": json.loads(what.payload)},
        "response": {
            "headers": json.loads(what.answer_headers or "null"),
            "payload": what.answer if answered else None,
        },
    }
