"""``/login``: a person gives the operator token once and gets a cookie that proves it."""

from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reprise.web.access import COOKIE, LIFETIME, Guard, own_page, submitted
from reprise.web.pages import page

log = structlog.get_logger()

_MAX_FORM = 4096


def login_routes(guard: Guard, public_url: str | None) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    over_tls = public_url is not None and urlsplit(public_url).scheme == "https"

    @router.get("/login")
    def form(next: str = "/") -> HTMLResponse:  # the query's own word
        _offered(guard)
        return _form(next if own_page(next) else "/", 200, "")

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        _offered(guard)
        token, to = submitted(await _read(request))
        if not guard.knows(token):
            log.warning("login refused", client=request.client.host if request.client else None)
            return _form(to, 401, "This is not the operator token of this controller.")
        reply = RedirectResponse(to, 303)
        secure = over_tls or request.url.scheme == "https"
        reply.set_cookie(
            COOKIE,
            guard.new_session(),
            max_age=int(LIFETIME.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=secure,
        )
        return reply

    return router


def _offered(guard: Guard) -> None:
    if not guard.asks_for_token:
        raise HTTPException(404, "there is nothing to sign in with: no operator token is set")


def _form(to: str, status: int, problem: str) -> HTMLResponse:
    reply = page("login.html", status, to=to, problem=problem)
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
