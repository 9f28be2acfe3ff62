"""The HTTP surface: the webhook, health, run pages and the read-only API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from reprise import __version__
from reprise.store import runs
from reprise.web.api import API, api_routes
from reprise.web.context import Context
from reprise.web.local import only_from_here
from reprise.web.pages import page, page_routes
from reprise.web.webhook import webhook_routes

_TITLES = {403: "Not from here", 404: "Not here"}


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
    app.include_router(webhook_routes(context))
    local = [Depends(only_from_here(context.world.pages))]
    app.include_router(api_routes(context), dependencies=local)
    app.include_router(page_routes(context), dependencies=local)
    app.add_exception_handler(HTTPException, _explain)

    @app.get("/healthz", response_class=PlainTextResponse)
    async def alive() -> str:
        return "ok\n"

    @app.get("/readyz", response_class=PlainTextResponse)
    def ready() -> str:
        with context.world.store.read() as connection:
            runs.recent_runs(connection, 1)
        return "ready\n"

    return app


async def _explain(request: Request, error: Exception) -> Response:
    """Programs get JSON, people a page."""
    if not isinstance(error, HTTPException):
        raise error
    if request.method not in ("GET", "HEAD") or request.url.path.startswith(API):
        return JSONResponse({"message": _message(error)}, error.status_code, error.headers)
    title = _TITLES.get(error.status_code, "This did not work")
    return page("problem.html", error.status_code, title=title, message=_message(error))


def _message(error: HTTPException) -> str:
    """The framework's own words for an unknown path help nobody."""
    return "there is nothing at this address" if error.detail == "Not Found" else error.detail
