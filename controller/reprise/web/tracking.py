"""``/mlflow``: opens the pages of our own MLflow server for whoever is signed in here."""

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import RedirectResponse

from reprise.ports import Tracked
from reprise.web.access import TRACKING_PAGE, Guard
from reprise.web.context import Context

_QUIET = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def tracking_routes(context: Context, guard: Guard) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get(TRACKING_PAGE, dependencies=[Depends(guard)])
    def open_pages() -> RedirectResponse:
        """Browsers keep what stands after # in the address, which names the page there."""
        if context.tracking_page is None and context.tracking_url is None:
            raise HTTPException(404, "this controller knows no pages of MLflow")
        to = context.tracking_page() if context.tracking_page is not None else context.tracking_url
        if to is None:
            raise HTTPException(503, "MLflow's server is not ready yet: try again in a few seconds")
        return RedirectResponse(to, 303, _QUIET)

    return router


def link_to(context: Context, guard: Guard, tracked: Tracked | None = None) -> str | None:
    """For somebody who is signed in: MLflow's first page, or a run's.

    Who may be on another machine gets no link to an address that is good on this one only.
    """
    ours = context.tracking_page is not None
    if not ours or (guard.wants_operators_token and context.tracking_url is None):
        return tracked.url if tracked is not None else context.tracking_url
    page = f"#/experiments/{tracked.experiment_id}/runs/{tracked.run_id}" if tracked is not None else ""
    return f"{TRACKING_PAGE}{page}"
