"""The pages for people: all runs, and one run with its verdict, claims, trials, phases, log and links."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from reprise.domain import comparison, figures, scatter
from reprise.domain.advice import next_step
from reprise.domain.audit import sentence
from reprise.domain.claims import LEVEL_TEXT, worst_first
from reprise.domain.forge import State
from reprise.domain.image_words import origin
from reprise.domain.leasing.bill import bill_lines
from reprise.domain.ledger import ledger_line, why_not_counted
from reprise.domain.lint.noticed import counted_findings
from reprise.domain.run import REASON_TEXT, ClaimJudgement, Judgement, Phase, Reason, Verdict
from reprise.domain.sections import SHOWN_CLAIMS, rehearse_command
from reprise.domain.statuses import state_of
from reprise.domain.text import clean_line, for_terminal
from reprise.domain.trials import counted, trial_names
from reprise.domain.view import PhaseTime, RunView
from reprise.domain.words import PHASE_TEXT, VERDICT_TEXT, duration, outcome, size
from reprise.engine.view import EVIDENCE, read_tail, run_view
from reprise.masking import mask
from reprise.ports import Tracked
from reprise.store import audit, runs
from reprise.store.audit import Filter
from reprise.store.runs import Trial
from reprise.web.access import Guard
from reprise.web.api import find_run, is_public
from reprise.web.context import Context
from reprise.web.logs import newest_log
from reprise.web.tracking import link_to

_SHOWN_RUNS = 100
_LOG_TAIL = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LIVE_SECONDS = 2
_IDLE_SECONDS = 15
"""How often a page loads itself again while something happens, or may begin to."""
_TONE: dict[State, str] = {
    State.SUCCESS: "good",
    State.FAILURE: "bad",
    State.ERROR: "unsure",
    State.PENDING: "soft",
}


def page_routes(context: Context, guard: Guard) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/", dependencies=[Depends(guard)])
    def overview() -> HTMLResponse:
        with context.world.store.read() as connection:
            found = runs.recent_runs(connection, _SHOWN_RUNS)
        live = any(run.ended_at is None for run in found)
        return page(
            "runs.html",
            runs=found,
            watched=context.watched.entries,
            tracking=link_to(context, guard),
            refresh=_LIVE_SECONDS if live else _IDLE_SECONDS,
        )

    @router.get("/runs/{run_id}")
    def one(request: Request, run_id: str) -> HTMLResponse:
        """Of a public repository for everybody; whether there is another run is told to nobody else."""
        signed_in = guard.lets_in(request)
        if not signed_in and not is_public(context, run_id):
            guard(request)
        run = find_run(context, run_id)
        with context.world.store.read() as connection:
            trials = runs.trials_of(connection, run.id)
            lines = audit.lines(connection, Filter(run_id=run.id))
        view = run_view(context.world, run)
        return page(
            "run.html",
            run=run,
            signed_in=signed_in,
            tracking=_tracking_link(context, guard, run.tracked, signed_in=signed_in),
            view=view,
            claims=worst_first(run.judgement.claims) if run.judgement is not None else (),
            single=_single_values(view),
            why=_why(view),
            trials=list(zip(_names(trials), trials, strict=True)),
            cost=bill_lines(view.bill) if view.bill is not None else (),
            problems=view.problems if _has_problems(run.judgement) else (),
            phases=_bars(view.phases),
            deeds=[line.deed for line in lines],
            log=shown(newest_log(context.world, run.id, None)),
            build_log=shown(context.world.folders.build_log(run.id)),
            evidence=EVIDENCE.format(run.id) if run.evidence is not None else None,
            signed=context.world.archive.signed(run.evidence) if run.evidence is not None else None,
            refresh=_LIVE_SECONDS if run.ended_at is None else None,
        )

    return router


def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(_TEMPLATES.get_template(name).render({"refresh": None, **values}), status, _HEADERS)


def shown(log: Path | None) -> str:
    """The end of a log: no colours, controls, overwritten progress, nothing that looks like a secret."""
    text = read_tail(log, _LOG_TAIL) if log is not None else ""
    return mask("\n".join(map(clean_line, text.split("\n"))))


def _tracking_link(context: Context, guard: Guard, tracked: Tracked | None, *, signed_in: bool) -> str | None:
    if tracked is None:
        return None
    return link_to(context, guard, tracked) if signed_in else tracked.url


def _has_problems(judgement: Judgement | None) -> bool:
    return judgement is not None and judgement.reason is Reason.SPEC_INVALID


def _single_values(view: RunView) -> list[tuple[str, str]]:
    """Claim and every value of it: a mean or the worst one hides what the others were."""
    claims = worst_first(view.judgement.claims)[:SHOWN_CLAIMS] if view.judgement is not None else ()
    found = [(claim, scatter.single_values(claim, counted(view.trials))) for claim in claims]
    return [(claim.id, f"{values}{scatter.summed_up(claim)}") for claim, values in found if values]


def _why(view: RunView) -> list[list[str]]:
    """The report's section, line by line; of each the running text and the code in it by turns."""
    if view.comparison is None:
        return []
    told = for_terminal(comparison.body(view.comparison, rehearse_command(view)))
    lines = (line.removeprefix("- ").split("`") for line in told.splitlines() if line)
    return [
        [part if place % 2 else part.replace("**", "") for place, part in enumerate(line)] for line in lines
    ]


def _names(trials: list[Trial]) -> list[str]:
    """What the report calls them too."""
    return trial_names([trial.plan for trial in trials])


def _bars(phases: tuple[PhaseTime, ...]) -> list[tuple[PhaseTime, float]]:
    """Each phase with its share of the whole time in percent."""
    whole = sum(phase.seconds for phase in phases) or 1.0
    return [(phase, 100 * max(phase.seconds, 0.0) / whole) for phase in phases]


def _tone(judgement: Judgement | None) -> str:
    return _TONE[state_of(judgement)] if judgement is not None else "soft"


def _claim_tone(claim: ClaimJudgement) -> str:
    if claim.verdict in (Verdict.REPRODUCED, Verdict.NOT_JUDGED):
        return "good"
    return "bad" if claim.verdict is Verdict.NOT_REPRODUCED else "unsure"


def _upper(text: str) -> str:
    """Names inside keep their capitals, unlike with Jinja's own filter."""
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    """Messages may begin with a path, which has no capitals to give."""
    return text if not text or text.endswith((".", "?", "!", "…")) else f"{text}."


def _environment(filters: Mapping[str, Any], words: Mapping[str, Any]) -> Environment:
    made = Environment(
        loader=PackageLoader("reprise.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= filters
    made.globals |= words
    return made


_TEMPLATES = _environment(
    {"duration": duration, "origin": origin, "size": size, "upper_first": _upper, "sentence": _sentence},
    {
        "outcome": outcome,
        "ledger_line": ledger_line,
        "why_not_counted": why_not_counted,
        "figures": figures,
        "counted_findings": counted_findings,
        "remark": scatter.remark,
        "why_title": comparison.TITLE,
        "next_step": next_step,
        "did": sentence,
        "tone": _tone,
        "claim_tone": _claim_tone,
        "phase_text": PHASE_TEXT,
        "verdict_text": VERDICT_TEXT,
        "level_text": LEVEL_TEXT,
        "reason_text": REASON_TEXT,
        "queued": Phase.QUEUED,
    },
)
