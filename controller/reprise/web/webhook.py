"""``POST /webhooks/github``: verify, parse, store, answer 202. Nothing else happens in the request."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from reprise.adapters.github.webhook import parse_delivery, verify_signature
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.event import Event
from reprise.engine.told import delivery_of
from reprise.web.context import Context
from reprise.web.metrics import Metrics, Outcome

log = structlog.get_logger()

MAX_BODY = 25 * 2**20
"""GitHub never sends more."""


def webhook_routes(context: Context, metrics: Metrics) -> APIRouter:
    router = APIRouter()

    @router.post("/webhooks/github", status_code=202)
    async def receive(request: Request) -> JSONResponse:
        answer = await _take(request, context)
        metrics.delivery(request.headers.get("x-github-event", ""), answer.outcome)
        return JSONResponse({"message": answer.message}, answer.status, answer.headers)

    return router


@dataclass(frozen=True, slots=True)
class _Answer:
    outcome: Outcome
    status: int
    message: str
    headers: dict[str, str] | None = None


async def _take(request: Request, context: Context) -> _Answer:
    try:
        body = await _read(request)
    except ClientDisconnect:
        return _Answer(Outcome.MALFORMED, 400, "the connection ended before the payload did")
    if body is None:
        return _Answer(Outcome.TOO_LARGE, 413, f"the payload is larger than {MAX_BODY // 2**20} MiB")
    secrets = context.webhook_secrets()
    if not secrets:
        return _Answer(Outcome.BAD_SIGNATURE, 401, "no webhook secret is set here: nothing can be verified")
    signature = _raw_header(request, b"x-hub-signature-256")
    if not any(verify_signature(secret, body, signature) for secret in secrets):
        log.warning("signature refused", client=request.client.host if request.client else None)
        return _Answer(Outcome.BAD_SIGNATURE, 401, "the signature does not fit: check the webhook's secret")
    name = request.headers.get("x-github-event", "")
    guid = request.headers.get("x-github-delivery", "")
    if not name or not guid or len(guid) > 100 or len(name) > 100:
        return _Answer(Outcome.MALFORMED, 400, "X-GitHub-Event and X-GitHub-Delivery are needed")
    try:
        event = parse_delivery(name, body)
    except UserError as error:
        return _Answer(Outcome.MALFORMED, 400, str(error))
    return await _store(context, guid, name, body, event)


async def _read(request: Request) -> bytes | None:
    """The raw body; None as soon as it is, or says that it is, too large."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > MAX_BODY:
        return None
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _raw_header(request: Request, name: bytes) -> bytes | None:
    """As it came: a header that is not ASCII is a wrong signature, not an error of ours."""
    return next((value for key, value in request.scope["headers"] if key == name), None)


async def _store(context: Context, guid: str, name: str, body: bytes, event: Event) -> _Answer:
    watches = partial(context.sweeps.watches, context.watched)
    delivery = delivery_of(guid, name, body, event, watches=watches, received_at=datetime.now(UTC))
    try:
        new = await context.writer.record(delivery)
    except Retryable as error:
        later = {"Retry-After": str(max(1, round(error.after)))}
        return _Answer(Outcome.NOT_STORED, 503, str(error), later)
    except Refused as error:
        return _Answer(Outcome.NOT_STORED, 500, str(error))
    outcome = delivery.outcome if new else "already known"
    log.info("delivery", id=guid, delivery_event=name, repository=event.repository, outcome=outcome)
    if not new:
        return _Answer(Outcome.KNOWN, 202, outcome)
    return _Answer(Outcome.TRIGGER if delivery.trigger is not None else Outcome.IGNORED, 202, outcome)
