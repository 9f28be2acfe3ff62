"""The check run of a run: its phase while it lives, the whole report at its end, a button to repeat it.

Only an App has check runs. For anybody else the forge answers with None, and the report stands in a comment.
"""

import hashlib
import json
import threading

from reprise.domain.check import Check, check_of
from reprise.domain.run import Phase, Reason
from reprise.domain.spec.model import BadSpec, Problem
from reprise.engine.view import run_view, spec_of
from reprise.engine.world import World
from reprise.store import checks, runs
from reprise.store.codec import dump
from reprise.store.runs import Run

_WRITING = threading.Lock()
"""One at a time, each with what is true then: a phase must not come after the verdict."""


def put_check(world: World, run: Run) -> int | None:
    """Let the check of this run say what is true now; its id, None when it has none.

    It is made once and only before that of a newer run: the forge takes the last one made for the one that
    counts. Raises Retryable or Refused.
    """
    with _WRITING:
        with world.store.read() as connection:
            now = runs.get_run(connection, run.id) or run
            known = checks.check_of(connection, run.id)
            late = known is None and checks.newer_speaks(connection, now)
        if late:
            return None
        check = _check(world, now)
        said = _digest(check)
        if known is not None and known.said == said:
            return known.id
        found = world.conversation.put_check(now.repository, check, known.id if known is not None else None)
        if found is not None:
            with world.store.write() as connection:
                checks.keep_check(connection, run.id, found, said)
        return found


def told_by_check(world: World, run: Run) -> bool:
    """Whether people find its report in a check, its own or that of a newer run in its place."""
    with world.store.read() as connection:
        return checks.check_of(connection, run.id) is not None or checks.newer_speaks(connection, run)


def _check(world: World, run: Run) -> Check:
    with world.store.read() as connection:
        entered = runs.phase_times(connection, run.id)
    return check_of(
        run_view(world, run),
        claims=run.claims,
        problems=_problems(world, run),
        started_at=run.granted_at,
        ended_at=run.ended_at or entered.get(Phase.EVALUATING),
        heard=not world.unheard.is_set(),
    )


def _problems(world: World, run: Run) -> tuple[Problem, ...]:
    if run.judgement is None or run.judgement.reason is not Reason.SPEC_INVALID:
        return ()
    spec = spec_of(world, run)
    return spec.problems if isinstance(spec, BadSpec) else ()


def _digest(check: Check) -> str:
    """Of all that people see, so that the same is not written twice."""
    return hashlib.sha256(json.dumps(dump(check), sort_keys=True).encode()).hexdigest()
