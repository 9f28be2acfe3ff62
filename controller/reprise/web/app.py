"""The HTTP surface: the webhook, health, run pages and the read-only API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse

from reprise import __version__
from reprise.web.api import api_routes
from reprise.web.context import Context
from reprise.web.pages import page_routes
from reprise.web.webhook import webhook_routes


def create_app(context: Context) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        context.writer.start()
        yield
        await context.writer.stop()

    app = FastAPI(title="Reprise", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.include_router(webhook_routes(context))
    local = [Depends(only_from_here)]
    app.include_router(api_routes(context), dependencies=local)
    app.include_router(page_routes(context), dependencies=local)

    @app.get("/healthz", response_class=PlainTextResponse)
    async def alive() -> str:
        return "ok\n"

    @app.get("/readyz", response_class=PlainTextResponse)
    def ready() -> str:
        with context.world.store.read():
            return "ready\n"

    return app


def only_from_here(request: Request) -> None:
    """Pages and API have no sign-in yet, so only this machine may read them.

    A proxy in front makes everybody look local, so a forwarded request is not.
    """
    forwarded = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    if forwarded or request.client is None or not ip_address(request.client.host).is_loopback:
        raise HTTPException(403, "only reachable from the machine itself for now")
