"""The read-only JSON API: the object of ``reprise run --json``, and more."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, PlainTextResponse, Response

from reprise.domain.result import result_object
from reprise.engine.view import run_view
from reprise.store import runs
from reprise.store.runs import Run
from reprise.web.context import Context


def api_routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/api/v1")
    world = context.world

    @router.get("/runs")
    def list_runs(limit: int = 50) -> dict[str, Any]:
        with world.store.read() as connection:
            found = runs.recent_runs(connection, max(1, min(limit, 500)))
        return {"runs": [summary(run) for run in found]}

    @router.get("/runs/{run_id}")
    def show_run(run_id: str) -> dict[str, Any]:
        run = find_run(context, run_id)
        with world.store.read() as connection:
            times = runs.phase_times(connection, run.id)
            place = runs.place_in_queue(connection, run) if run.granted_at is None else None
        return {
            **result_object(run_view(world, run)),
            **summary(run),
            "place": place,
            "phases": {phase.value: at.isoformat() for phase, at in times.items()},
            "tracking": run.tracked.url if run.tracked is not None else None,
            "tracking_problem": run.tracking_problem,
            "reporting_problem": run.reporting_problem,
        }

    @router.get("/runs/{run_id}/log")
    def show_log(run_id: str, trial: int | None = None) -> Response:
        log = newest_log(context, find_run(context, run_id), trial)
        if log is None:
            return PlainTextResponse("", headers={"X-Content-Type-Options": "nosniff"})
        return FileResponse(
            log, media_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"}
        )

    return router


def find_run(context: Context, run_id: str) -> Run:
    with context.world.store.read() as connection:
        run = runs.get_run(connection, run_id)
    if run is None:
        raise HTTPException(404, f"there is no run {run_id!r}: /api/v1/runs lists them")
    return run


def newest_log(context: Context, run: Run, trial: int | None) -> Path | None:
    """Of the last attempt at this trial, or at the last trial so far."""
    with context.world.store.read() as connection:
        trials = [t for t in runs.trials_of(connection, run.id) if trial is None or t.plan.index == trial]
    if not trials:
        return None
    log = context.world.folders.trial(run.id, trials[-1].plan.index, trials[-1].attempt) / "log.txt"
    return log if log.is_file() else None


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
