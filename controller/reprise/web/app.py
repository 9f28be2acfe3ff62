"""The HTTP surface: the webhook, health, run pages and the read-only API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from reprise import __version__
from reprise.web.access import Guard
from reprise.web.api import api_routes
from reprise.web.audit import audit_routes
from reprise.web.badge import badge_routes
from reprise.web.context import Context
from reprise.web.evidence import evidence_routes
from reprise.web.health import health_routes
from reprise.web.login import login_routes
from reprise.web.metrics import Metrics, metrics_routes
from reprise.web.pages import page, page_routes
from reprise.web.query import API
from reprise.web.setup import setup_routes
from reprise.web.tracking import tracking_routes
from reprise.web.webhook import webhook_routes

_TITLES = {303: "Sign in first", 401: "Sign in first", 403: "Not from here", 404: "Not here"}


def create_app(context: Context) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        context.writer.start()
        yield
        await context.writer.stop()

    app = FastAPI(
        title="Reprise",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    guard = Guard(context.world.pages, context.key, context.world.clock.now)
    metrics = Metrics(context)
    app.include_router(webhook_routes(context, metrics))
    app.include_router(health_routes(context, guard))
    app.include_router(badge_routes(context))
    app.include_router(login_routes(guard, context.world.pages))
    app.include_router(page_routes(context, guard))
    app.include_router(evidence_routes(context, guard))
    app.include_router(tracking_routes(context, guard))
    if context.onboarding is not None:
        app.include_router(setup_routes(context, context.onboarding, guard))
    for routes in (api_routes(context), audit_routes(context), metrics_routes(metrics)):
        app.include_router(routes, dependencies=[Depends(guard)])
    app.add_exception_handler(HTTPException, _explain)

    return app


async def _explain(request: Request, error: Exception) -> Response:
    """Programs get JSON, people a page."""
    if not isinstance(error, HTTPException):
        raise error
    if request.method not in ("GET", "HEAD") or request.url.path.startswith(API):
        return JSONResponse({"message": _message(error)}, error.status_code, error.headers)
    title = _TITLES.get(error.status_code, "This did not work")
    shown = page("problem.html", error.status_code, title=title, message=_message(error))
    shown.headers.update(error.headers or {})
    return shown


def _message(error: HTTPException) -> str:
    """The framework's own words for an unknown path help nobody."""
    return "there is nothing at this address" if error.detail == "Not Found" else error.detail
