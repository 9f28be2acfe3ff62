"""``/badge/{owner}/{repository}.svg``, for everybody: a picture for a README of a public repository.

Nobody signs in here, so that there is one answer: what is private, lost or unknown looks the same, is
looked up by the same question and carries the same headers.
"""

import hashlib
from datetime import UTC

from fastapi import APIRouter, Request
from fastapi.responses import Response

from reprise.domain.badge import Badge, hardware_words, render_badge
from reprise.domain.spec.names import SPEC_FILE
from reprise.engine.view import trial_environment
from reprise.store.badges import shown_run
from reprise.store.runs import Run
from reprise.web.context import Context
from reprise.web.query import knows, read_query

_HEADERS = {
    "Cache-Control": "public, max-age=60",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""A minute: a forge's cache of pictures asks again after that, so a hidden repository is hidden soon."""


def badge_routes(context: Context) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/badge/{owner}/{repository}.svg")
    def show(request: Request, owner: str, repository: str) -> Response:
        """Of the newest tag, or of ``ref``; of the experiment of reprise.yaml, or of ``experiment``."""
        query = read_query(request, "experiment", "ref")
        with context.world.store.read() as connection:
            run = shown_run(
                connection,
                f"{owner}/{repository}",
                SPEC_FILE,
                experiment=query.get("experiment"),
                ref=query.get("ref"),
            )
        picture = render_badge(_badge(context, run)).encode()
        headers = {**_HEADERS, "ETag": f'"{hashlib.sha256(picture).hexdigest()[:32]}"'}
        if knows(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(picture, 200, headers, "image/svg+xml; charset=utf-8")

    return router


def _badge(context: Context, run: Run | None) -> Badge | None:
    if run is None or run.judgement is None:
        return None
    return Badge(
        experiment=None if run.spec_file == SPEC_FILE else run.experiment,
        judgement=run.judgement,
        commit=run.commit,
        day=(run.ended_at or run.created_at).astimezone(UTC).date(),
        hardware=hardware_words(trial_environment(context.world, run), _machine(run)),
    )


def _machine(run: Run) -> str:
    return run.allocation.description if run.allocation is not None else ""
