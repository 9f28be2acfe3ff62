"""The read-only JSON API: the object of ``reprise run --json``, and more."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response, StreamingResponse

from reprise.domain.result import result_object
from reprise.engine.turns import wait_of
from reprise.engine.view import EVIDENCE, run_view
from reprise.store import audit, runs
from reprise.store.audit import Filter
from reprise.store.codec import dump
from reprise.store.runs import Run
from reprise.web.audit import line_object
from reprise.web.context import Context
from reprise.web.logs import Position, follow, newest_log, whole
from reprise.web.query import API, read_query, whole_number

_MOST_RUNS = 500
_EVENTS = "text/event-stream"
_LIVE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def api_routes(context: Context) -> APIRouter:
    router = APIRouter(prefix=API)
    world = context.world

    @router.get("/runs")
    def list_runs(request: Request) -> dict[str, Any]:
        limit = whole_number(read_query(request, "limit"), "limit", 50, least=1, most=_MOST_RUNS)
        with world.store.read() as connection:
            found = runs.recent_runs(connection, limit)
        return {"runs": [summary(run) for run in found]}

    @router.get("/runs/{run_id}")
    def show_run(request: Request, run_id: str) -> dict[str, Any]:
        read_query(request)
        run = find_run(context, run_id)
        with world.store.read() as connection:
            times = runs.phase_times(connection, run.id)
            lines = audit.lines(connection, Filter(run_id=run.id))
            wait = wait_of(world, connection, run)
        view = run_view(world, run)
        own = EVIDENCE.format(run.id) if run.evidence is not None else None
        return {
            **result_object(view),
            **summary(run),
            "evidence": view.links.evidence or own,
            "evidence_sha256": run.evidence,
            "evidence_problem": run.evidence_problem,
            "place": wait.place if wait is not None else None,
            "waits_for": wait.why if wait is not None else None,
            "phases": {phase.value: at.isoformat() for phase, at in times.items()},
            "submodules": [asdict(each) for each in run.submodules or ()],
            "findings": dump(run.linted)["noticed"] if run.linted is not None else None,
            "environment": view.environment,
            "backend": run.backend,
            "image": dump(run.built.image) if run.built is not None and run.built.image is not None else None,
            "tracking": run.tracked.url if run.tracked is not None else None,
            "tracking_problem": run.tracking_problem,
            "reporting_problem": run.reporting_problem,
            "audit": [line_object(line) for line in lines],
        }

    @router.get("/runs/{run_id}/log")
    def show_log(request: Request, run_id: str) -> Response:
        """Plain text, or events for a program that asks for them."""
        query = read_query(request, "trial")
        trial = whole_number(query, "trial", 0, least=0) if "trial" in query else None
        run = find_run(context, run_id)
        if _EVENTS in request.headers.get("accept", ""):
            after = Position.parse(request.headers.get("last-event-id", ""))
            return StreamingResponse(
                follow(world, run.id, trial, after, context.stopping), 200, _LIVE, _EVENTS
            )
        text = whole(newest_log(world, run.id, trial))
        return StreamingResponse(text, 200, _LIVE, "text/plain; charset=utf-8")

    return router


def find_run(context: Context, run_id: str) -> Run:
    with context.world.store.read() as connection:
        run = runs.get_run(connection, run_id)
    if run is None:
        raise HTTPException(404, f"there is no run {run_id[:60]!r}: / and {API}/runs list them")
    return run


def is_public(context: Context, run_id: str) -> bool:
    """Whether anybody may read about it; no for a run that is not there."""
    with context.world.store.read() as connection:
        run = runs.get_run(connection, run_id)
    return run is not None and run.repository.public


def summary(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "repository": run.repository.full_name,
        "ref": run.ref,
        "commit": run.commit,
        "experiment": run.experiment,
        "trigger": run.trigger,
        "who": run.who,
        "phase": run.phase.value,
        "verdict": run.judgement.verdict.value if run.judgement is not None else None,
        "message": run.judgement.message if run.judgement is not None else None,
        "created_at": run.created_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at is not None else None,
    }
