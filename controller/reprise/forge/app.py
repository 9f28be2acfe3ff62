"""The forge as one ASGI application: REST under ``/api/v3``, git and pages under ``/owner/name``."""

import re
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from reprise.forge import transport
from reprise.forge.access import Forge
from reprise.forge.api import (
    app_hooks,
    apps,
    checks,
    comment_lists,
    comments,
    commits,
    hooks,
    life,
    manifests,
    pulls,
    repositories,
    statuses,
    trying,
)
from reprise.forge.conditional import Conditional
from reprise.forge.delivery import Dispatcher
from reprise.forge.faults import Troubled
from reprise.forge.links import API_PREFIX
from reprise.forge.loopback import LoopbackNamesOnly
from reprise.forge.page import forms, installing, new_app
from reprise.forge.page import routes as pages
from reprise.forge.page.rendering import problem_page
from reprise.forge.page.sessions import visitor
from reprise.forge.problems import Moved, Problem, not_found
from reprise.forge.records import Repository
from reprise.forge.store import Store

# `commits` is last: its path of a ref would also take what ends in /status, /check-runs or /comments;
# the lists of comments come before single ones: one would look like the number of an issue.
PARTS = (
    comment_lists,
    apps,
    app_hooks,
    manifests,
    life,
    repositories,
    statuses,
    checks,
    comments,
    pulls,
    hooks,
    commits,
)
ROUTERS = tuple(part.router for part in PARTS)
BY_ID = re.compile(r"(?P<prefix>.*)/repositories/(?P<id>[0-9]{1,15})(?P<rest>/.*)?")


def create_app(folder: Path) -> FastAPI:
    """The forge that keeps everything in ``folder``; close it with `close_app`."""
    store = Store(folder)
    forge = Forge(store, Dispatcher(store))
    app = FastAPI(openapi_url=None)
    app.state.forge = forge
    app.mount(API_PREFIX, ById(Conditional(_rest(forge), forge.meter), store))
    app.include_router(transport.router)
    app.include_router(forms.router)
    app.include_router(trying.router)
    # Before `pages`, whose /owner/name would take /apps/name.
    app.include_router(new_app.router)
    app.include_router(installing.router)
    app.include_router(pages.router)
    app.exception_handler(Problem)(_problem_for_people)
    app.add_middleware(Troubled, faults=forge.faults)
    app.add_middleware(LoopbackNamesOnly)
    return app


def close_app(app: FastAPI) -> None:
    """Let a delivery in progress end, then close the files. What waits is sent after the next start."""
    forge: Forge = app.state.forge
    forge.dispatcher.stop()
    forge.store.close()


def _rest(forge: Forge) -> FastAPI:
    rest = FastAPI(openapi_url=None)
    rest.state.forge = forge
    for router in ROUTERS:
        rest.include_router(router)
    rest.exception_handler(Problem)(_json_problem)
    rest.exception_handler(HTTPException)(_json_http_error)
    rest.exception_handler(RequestValidationError)(_json_not_found)
    return rest


class ById:
    """``/repositories/7/…`` means ``/repos/owner/name/…``, for every call, as on GitHub."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self.app = app
        self.store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if found := BY_ID.fullmatch(scope["path"]):
            repository = self.store.one(Repository, id=int(found["id"]))
            if repository is not None:
                path = f"{found['prefix']}/repos/{repository.full_name}{found['rest'] or ''}"
                scope = {**scope, "path": path}
        await self.app(scope, receive, send)


def _json_problem(_: Request, error: Problem) -> Response:
    return JSONResponse(error.body(), error.status, error.headers)


def _json_http_error(request: Request, error: HTTPException) -> Response:
    """Unknown paths and methods: GitHub says Not Found to both."""
    if error.status_code in (404, 405):
        return _json_problem(request, not_found())
    return _json_problem(request, Problem(error.status_code, str(error.detail)))


def _json_not_found(request: Request, _: RequestValidationError) -> Response:
    """A path with text where a number belongs."""
    return _json_problem(request, not_found())


def _problem_for_people(request: Request, error: Problem) -> Response:
    """A page for browsers; git prints the text of a refusal to its user."""
    if isinstance(error, Moved):
        return RedirectResponse(error.url, error.status)
    if "text/html" in request.headers.get("accept", ""):
        return problem_page(visitor(request), error)
    ask = {"WWW-Authenticate": 'Basic realm="GitHub"'} if error.status == 401 else {}
    return PlainTextResponse(f"{error.message}\n", error.status, headers=ask)
