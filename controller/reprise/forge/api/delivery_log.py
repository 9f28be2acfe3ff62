"""What a hook was told: newest first by cursor, in full, once more on request. For both kinds of hooks."""

from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.responses import JSONResponse

from reprise.forge.access import Call, links_of
from reprise.forge.api.paging import Page
from reprise.forge.problems import Problem, not_found
from reprise.forge.records import Delivery, Hook
from reprise.forge.replies import hooks
from reprise.forge.replies.people import JSON

CURSOR = "v1_"
CODES: dict[str, range] = {"success": range(200, 400), "failure": range(400, 600)}
"""What the two values of ``status`` mean. A receiver that was down has no code, and is under neither."""


def listed(call: Call, hook: Hook, request: Request) -> JSONResponse:
    """What is still waiting for its turn is not listed, as on GitHub."""
    size = Page(request).size
    codes = CODES.get(request.query_params.get("status", ""), range(1000))
    before = _before(request.query_params.get("cursor"))
    found = [
        each
        for each in call.store.deliveries_before(hook.id, before)
        if not each.pending and each.code in codes
    ]
    shown = found[:size]
    more = {"Link": f'<{_next(request, shown[-1])}>; rel="next"'} if len(found) > size else {}
    return JSONResponse([hooks.delivery_item(each) for each in shown], headers=more)


def _before(cursor: str | None) -> int | None:
    """Cursors are made here, and mean: older than this delivery."""
    if cursor is None:
        return None
    number = cursor.removeprefix(CURSOR)
    if not cursor.startswith(CURSOR) or not (number.isascii() and number.isdigit() and len(number) < 16):
        raise Problem(422, "Invalid cursor")
    return int(number)


def _next(request: Request, last: Delivery) -> str:
    query = dict(parse_qsl(request.url.query)) | {"cursor": f"{CURSOR}{last.id}"}
    return f"{links_of(request).origin}{request.url.path}?{urlencode(query)}"


def shown(call: Call, hook: Hook, delivery_id: int) -> JSON:
    return hooks.delivery(_delivery(call, hook, delivery_id), hook)


def again(call: Call, hook: Hook, delivery_id: int) -> JSON:
    call.forge.dispatcher.again(_delivery(call, hook, delivery_id))
    return {}


def _delivery(call: Call, hook: Hook, delivery_id: int) -> Delivery:
    found = call.store.one(Delivery, id=delivery_id, hook_id=hook.id)
    if found is None or found.pending:
        raise not_found()
    return found
