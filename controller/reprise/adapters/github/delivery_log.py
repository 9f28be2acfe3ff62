"""The App's delivery log: what GitHub tried to tell us, newest first. Called by `api`, as the App itself.

It is read unfiltered. Its filter for failures goes by the code of the answer, and a controller that was down
gave none.
"""

import json
import re
from datetime import UTC
from typing import Annotated, Any
from urllib.parse import unquote

from github import Github
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from reprise.adapters.github.app import PER_PAGE
from reprise.adapters.github.client import UnexpectedReply
from reprise.ports import Attempt, LogPage

_NEXT = re.compile(r'<[^>]*[?&]cursor=([^&>]{1,200})[^>]*>;\s*rel="next"')
_UTC = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]


class _Item(BaseModel):
    id: int
    guid: str = Field(min_length=1, max_length=100)
    event: str = Field(min_length=1, max_length=100)
    delivered_at: _UTC
    status_code: int | None = None
    """0, or none, when nobody answered."""


class _Request(BaseModel):
    payload: dict[str, Any] | None = None


class _Delivery(BaseModel):
    request: _Request


def page(github: Github, cursor: str | None) -> LogPage:
    query: dict[str, str | int] = {"per_page": PER_PAGE}
    if cursor is not None:
        query["cursor"] = cursor
    path = "/app/hook/deliveries"
    headers, reply = github.requester.requestJsonAndCheck("GET", path, parameters=query)
    match = _NEXT.search(headers.get("link", ""))
    attempts = tuple(_attempt(_Item.model_validate(each)) for each in reply)
    return LogPage(attempts, unquote(match[1]) if match else None)


def payload(github: Github, attempt: Attempt) -> bytes:
    """As GitHub sent it, but for white space."""
    _, reply = github.requester.requestJsonAndCheck("GET", f"/app/hook/deliveries/{attempt.id}")
    found = _Delivery.model_validate(reply).request.payload
    if found is None:
        raise UnexpectedReply("a delivery without its payload")
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _attempt(item: _Item) -> Attempt:
    ok = item.status_code is not None and 200 <= item.status_code < 300
    return Attempt(item.id, item.guid, item.event, item.delivered_at, ok)
