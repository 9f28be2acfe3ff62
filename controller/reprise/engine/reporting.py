"""What a run says on the forge: pending at the start, phases now and then, the whole answer at the end.

Level-triggered: what stands there is compared with what should, and only differences are written.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from reprise.domain import statuses
from reprise.domain.artifacts import check_artifacts
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import OnCommit, OnPullRequest, Place, Status
from reprise.domain.report import conversation_marker, render_conversation
from reprise.domain.spec.model import Spec
from reprise.engine.checks import put_check, told_by_check
from reprise.engine.turns import look
from reprise.engine.view import links, run_view, spec_of
from reprise.engine.world import World
from reprise.store import repositories, runs
from reprise.store.ledger import verifications
from reprise.store.runs import Run

log = structlog.get_logger()

QUIET = timedelta(seconds=15)
"""Phases that change faster than this are shown together."""

PROMPT = timedelta(seconds=1)
"""A run that is granted sooner need not say that it waits."""
_SHOWN_WAITING = 100
_REMEMBERED = 2_000
"""Statuses, a few for each run that lives."""

_WRITING = threading.Lock()
"""One writes at a time. Otherwise two runs of one commit that end together would both find no comment
yet, and what was true when it was decided could be posted after what came later."""


WORTH_WAITING = 4.0
"""Seconds; a forge that wants to be left alone for longer does not keep a run from its start."""


def announce(world: World, run: Run) -> None:
    """Say that it begins, as a check and as a pending status, and in the comment where somebody asked.

    The id of the first of them is the coin.
    """
    try:
        _say_pending(world, run)
        _shown(world, run)
        if run.asked_by_comment and _talks(world, run):
            _mention(world, run)
    except Retryable as error:
        if error.after <= WORTH_WAITING:
            raise
        log.info("announcement left out", why=str(error))


def _say_pending(world: World, run: Run, *, detail: str = "") -> None:
    coins = _put_check(world, run), _put_pending(world, run, detail=detail)
    coin = next((coin for coin in coins if coin is not None), None)
    if coin is not None:
        with world.store.write() as connection:
            runs.keep_coin(connection, run.id, str(coin))


def _put_check(world: World, run: Run) -> int | None:
    """A courtesy while the run lives: what an App may not write, the status says."""
    try:
        return put_check(world, run)
    except Refused as error:
        log.warning("check refused", run_id=run.id, why=str(error))
        return None


def show_waiting(world: World) -> None:
    """Say once that a run waits, and where: a courtesy for those that were not granted at once."""
    with world.store.read() as connection:
        waiting = runs.untold_waiting(connection, _SHOWN_WAITING)
        waits = look(world, connection).waits if waiting else {}
    for run in waiting:
        if world.clock.now() - run.created_at < PROMPT:
            continue
        try:
            _say_pending(world, run, detail=str(waits.get(run.id, "")))
        except (Retryable, Refused) as error:
            log.info("waiting not shown", run_id=run.id, why=str(error))
        _shown(world, run)


def show_phase(world: World, run: Run) -> None:
    """A courtesy, once for a phase and at most every 15 s: whatever the forge answers, the run goes on."""
    if world.rehearsal or not _is_news(world, run):
        return
    try:
        _put_check(world, run)
        _put_pending(world, run)
        if run.asked_by_comment and _talks(world, run):
            _mention(world, run)
    except (Retryable, Refused) as error:
        log.info("phase not shown", why=str(error))
    _shown(world, run)


def _is_news(world: World, run: Run) -> bool:
    if run.shown_at is None:
        return True
    with world.store.read() as connection:
        entered = runs.phase_times(connection, run.id)[run.phase]
    return run.shown_at <= entered and world.clock.now() - run.shown_at >= QUIET


def _just_said(world: World, run: Run) -> bool:
    """Whether the comment was edited for another live run of the same place: a reader can wait 15 s.

    Verdicts do not wait, and bring along whatever was left out.
    """
    with world.store.read() as connection:
        others = runs.runs_at(connection, run.repository.id, run.place)
        stands = repositories.comment_at(connection, run.repository.id, run.place) is not None
    shown = [each.shown_at for each in others if each.id != run.id and each.ended_at is None]
    return stands and any(at is not None and world.clock.now() - at < QUIET for at in shown)


def publish(world: World, run: Run) -> None:
    """The verdict's statuses and the report. One that is refused does not keep the others back."""
    refusals = [_refusal(_put_verdict, world, run), _refusal(put_check, world, run)]
    # A check that may not be changed any more says something old.
    report = _put_report if refusals[-1] is None else put_comment
    refusals.append(_refusal(report, world, run))
    # A repository out of reach refuses all three with the same sentence.
    said = "; ".join(dict.fromkeys(each for each in refusals if each is not None))
    if said:
        raise Refused(said)


def _refusal(tell: Callable[[World, Run], object], world: World, run: Run) -> str | None:
    try:
        tell(world, run)
    except Refused as error:
        return str(error)
    return None


def _put_verdict(world: World, run: Run) -> None:
    if run.judgement is None:
        raise Refused("the run has no judgement")
    spec = spec_of(world, run)
    with world.store.read() as connection:
        results = runs.results_of(runs.trials_of(connection, run.id))
        ledger = verifications(connection, run)
    checks = check_artifacts(spec.artifacts, results) if isinstance(spec, Spec) else ()
    wanted = statuses.statuses_for(
        run.judgement,
        run.experiment,
        links=links(world, run),
        artifacts=checks,
        only=run.claims,
        ledger=ledger,
    )
    with _WRITING:
        ours = _still_ours(world, run, wanted)
        if not ours:
            return
        standing = world.conversation.statuses(run.repository, run.commit).values()
        for status in ours:
            if status not in standing:
                _post(world, run, status)


def _put_report(world: World, run: Run) -> None:
    if _talks(world, run):
        put_comment(world, run)
        return
    with world.store.read() as connection:
        stands = repositories.comment_at(connection, run.repository.id, run.place) is not None
    if stands:  # of the time before we were an App, which may not be allowed to edit it
        try:
            put_comment(world, run)
        except Refused as error:
            log.warning("older comment left as it is", run_id=run.id, why=str(error))


def _talks(world: World, run: Run) -> bool:
    """Whether its report belongs into a comment: on a pull request, and where no check tells it.

    An App that may read a repository may comment on its commits, but not edit what it said there.
    """
    return run.pull_request is not None or not told_by_check(world, run)


def put_comment(world: World, run: Run) -> None:
    """The one comment of this pull request or commit."""
    with _WRITING:
        _put_comment(world, run)


def _mention(world: World, run: Run) -> None:
    """A live run in its comment, unless that was written just now: asked under the lock, because runs that
    begin together would else all find nothing written yet."""
    with _WRITING:
        if not _just_said(world, run):
            _put_comment(world, run)


def _put_comment(world: World, run: Run) -> None:
    place = run.place
    with world.store.read() as connection:
        told = _told(runs.runs_at(connection, run.repository.id, place))
        known = repositories.comment_at(connection, run.repository.id, place)
    marker = conversation_marker(_name(place))
    body = render_conversation(marker, [run_view(world, each) for each in told])
    comment = world.conversation.put_comment(run.repository, place, marker=marker, body=body, known_id=known)
    with world.store.write() as connection:
        repositories.keep_comment(connection, run.repository.id, place, comment)


def _told(found: Sequence[Run]) -> list[Run]:
    """Of each experiment the newest run that judges all claims, and after it a newer one of only some."""
    newest = {run.experiment: run for run in found}
    whole = {run.experiment: run for run in found if run.claims is None}
    return [*whole.values(), *(run for run in newest.values() if run.claims is not None)]


def _name(place: Place) -> str:
    match place:
        case OnPullRequest(number):
            return f"pull:{number}"
        case OnCommit(sha):
            return f"commit:{sha}"


def _put_pending(world: World, run: Run, *, detail: str = "") -> int | None:
    """Post unless it stands there already; the id of the one that stands. None when it came too late."""
    claim = run.claims[0] if run.claims is not None else None
    wanted = statuses.pending(run.experiment, run.phase, links=links(world, run), detail=detail, claim=claim)
    with _WRITING:
        if not _still_ours(world, run, (wanted,)) or _moved_on(world, run):
            return None
        if _last_said(world, run, wanted.context) in (None, wanted):
            for posted in world.conversation.statuses(run.repository, run.commit).values():
                if posted == wanted and posted.id is not None:
                    return posted.id
        return _post(world, run, wanted)


def _last_said(world: World, run: Run, context: str) -> Status | None:
    return world.said.get((run.repository.id, run.commit, context))


def _post(world: World, run: Run, status: Status) -> int:
    """Remembered only once its answer is here: before, nobody knows what stands there."""
    key = run.repository.id, run.commit, status.context
    world.said.pop(key, None)
    posted = world.conversation.post_status(run.repository, run.commit, status)
    while len(world.said) >= _REMEMBERED:
        world.said.pop(next(iter(world.said)))
    world.said[key] = status
    return posted


def _still_ours(world: World, run: Run, wanted: Sequence[Status]) -> list[Status]:
    """Without those for which a newer run of the same experiment speaks on this commit now."""
    with world.store.read() as connection:
        newer = runs.newer_claims(connection, run)
    if None in newer:
        return []
    taken = {statuses.context(run.experiment, claim) for claims in newer for claim in claims or ()}
    return [status for status in wanted if status.context not in taken]


def _moved_on(world: World, run: Run) -> bool:
    """Whether a run that waited when this was decided has been granted, or has ended, since."""
    with world.store.read() as connection:
        now = runs.get_run(connection, run.id)
    waited = run.granted_at is None and run.ended_at is None
    return now is not None and waited and (now.granted_at is not None or now.ended_at is not None)


def _shown(world: World, run: Run) -> None:
    with world.store.write() as connection:
        runs.save(connection, run.id, shown_at=world.clock.now())
