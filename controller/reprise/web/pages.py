"""The pages for people: all runs, and one run with phases, claims, trials, log and links."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from reprise.domain import figures
from reprise.domain.claims import worst_first
from reprise.domain.words import PHASE_TEXT, duration, outcome, size
from reprise.engine.view import read_tail, run_view
from reprise.store import runs
from reprise.web.api import find_run, newest_log
from reprise.web.context import Context

_LOG_TAIL = 64 * 1024
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def page_routes(context: Context) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    templates = Environment(
        loader=PackageLoader("reprise.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals |= {"duration": duration, "size": size, "outcome": outcome, "figures": figures}

    def page(name: str, **values: Any) -> HTMLResponse:
        return HTMLResponse(templates.get_template(name).render(values), headers=_SECURITY)

    @router.get("/")
    def overview() -> HTMLResponse:
        with context.world.store.read() as connection:
            found = runs.recent_runs(connection, 100)
        return page(
            "runs.html",
            runs=found,
            watched=sorted(context.watched),
            phase_text=PHASE_TEXT,
            tracking=context.tracking_url,
            live=any(run.ended_at is None for run in found),
        )

    @router.get("/runs/{run_id}")
    def one(run_id: str) -> HTMLResponse:
        run = find_run(context, run_id)
        with context.world.store.read() as connection:
            trials = runs.trials_of(connection, run.id)
            place = runs.place_in_queue(connection, run) if run.granted_at is None else None
        return page(
            "run.html",
            run=run,
            place=place,
            phases=run_view(context.world, run).phases,
            phase_text=PHASE_TEXT,
            claims=worst_first(run.judgement.claims) if run.judgement is not None else (),
            trials=trials,
            isolation=context.world.isolation,
            log=shown(newest_log(context, run, None)),
            build_log=shown(context.world.folders.build_log(run.id)),
            live=run.ended_at is None,
        )

    return router


def shown(log: Path | None) -> str:
    """The end of a log as text; control characters would otherwise reach the page."""
    text = read_tail(log, _LOG_TAIL) if log is not None else ""
    return "".join(c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
