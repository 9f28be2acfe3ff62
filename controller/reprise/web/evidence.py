"""Evidence for strangers: the package of a run, and the key that packages are signed with."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response

from reprise.domain.errors import Refused
from reprise.web.access import Guard
from reprise.web.api import find_run, is_public
from reprise.web.context import Context
from reprise.web.query import API, knows, read_query

_CONTENT = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
_ASK_AGAIN = {"Cache-Control": "private, no-cache"}
"""A repository may stop being public."""


def evidence_routes(context: Context, guard: Guard) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.api_route(f"{API}/runs/{{run_id}}/evidence.zip", methods=["GET", "HEAD"])
    def package(request: Request, run_id: str) -> Response:
        """For whoever may read the run's page; the same bytes for ever."""
        if not is_public(context, run_id):
            guard(request)
        read_query(request)
        run = find_run(context, run_id)
        digest = run.evidence
        kept = context.world.archive.path(digest) if digest is not None else None
        if digest is None or kept is None:
            why = run.evidence_problem or "it is sealed when a run ends"
            raise HTTPException(404, f"there is no evidence of run {run.id}: {why}")
        headers = {**_CONTENT, **_ASK_AGAIN, "ETag": f'"{digest}"'}
        if knows(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        name = f"reprise-{run.id}.zip"
        return FileResponse(kept, headers=headers, media_type="application/zip", filename=name)

    @router.get("/.well-known/reprise.pub")
    def key() -> Response:
        """For everybody, also from elsewhere: it is what signatures are checked with."""
        try:
            pem = context.world.archive.public_key()
        except Refused:
            pem = None
        if pem is None:
            raise HTTPException(
                404, "evidence of this controller is not signed: its operator has made no key"
            )
        return Response(pem, headers=_CONTENT, media_type="application/x-pem-file")

    return router
