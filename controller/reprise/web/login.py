"""``/login``: a person gives the token, or a ticket made from it, once and gets a cookie that proves it."""

from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reprise.sign_in import FILE
from reprise.web.access import LIFETIME, Guard, cookie_name, may_follow, submitted
from reprise.web.pages import page

log = structlog.get_logger()

_MAX_FORM = 4096
_QUIET = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def login_routes(guard: Guard, public_url: str | None) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    over_tls = public_url is not None and urlsplit(public_url).scheme == "https"

    @router.get("/login")
    async def form(request: Request, next: str = "/", ticket: str = "") -> Response:  # the query's own words
        guard.admit(request)
        to = next if may_follow(next) else "/"
        if not ticket:
            return _form(guard, to, 200, "")
        if guard.takes(ticket):
            return welcome(request, to)
        if guard.lets_in(request):
            return RedirectResponse(to, 303, _QUIET)
        return _form(guard, to, 401, "This address was used, or is of an earlier start.")

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        guard.admit(request)
        token, to = submitted(await _read(request))
        if guard.knows(token):
            return welcome(request, to)
        log.warning("login refused", client=request.client.host if request.client else None)
        return _form(guard, to, 401, "This is not the token of this controller.")

    def welcome(request: Request, to: str) -> Response:
        reply = RedirectResponse(to, 303, _QUIET)
        reply.set_cookie(
            cookie_name(request),
            guard.new_session(),
            max_age=int(LIFETIME.total_seconds()),
            httponly=True,
            samesite="lax",  # strict would ask whoever follows a link on the forge to sign in again
            secure=over_tls or request.url.scheme == "https",
        )
        return reply

    return router


def _form(guard: Guard, to: str, status: int, problem: str) -> HTMLResponse:
    reply = page(
        "login.html", status, to=to, problem=problem, operator=guard.wants_operators_token, file=FILE
    )
    policy = reply.headers["Content-Security-Policy"]
    reply.headers["Content-Security-Policy"] = policy.replace("form-action 'none'", "form-action 'self'")
    return reply


async def _read(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            raise HTTPException(413, "this form is larger than any token")
    return body
