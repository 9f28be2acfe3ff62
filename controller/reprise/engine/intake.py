"""Turns triggers into runs: resolve the ref, read the specs at that commit, insert one row each.

Runs in the leader only. Everything here may be repeated: a run's id follows from what it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

import structlog

from reprise.domain import standing, trust
from reprise.domain.command import Reproduce
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import Permission
from reprise.domain.run import Repository, Sha
from reprise.domain.spec.model import BadSpec, Spec
from reprise.domain.spec.names import spec_matches
from reprise.engine import approvals, auditing, life, stopping
from reprise.engine.commands import on_click, on_comment
from reprise.engine.merge_queue import on_merge_queue
from reprise.engine.policies import Policies
from reprise.engine.settled import Settled, new_run, run_id
from reprise.engine.specs import read_specs
from reprise.engine.world import World
from reprise.store import intake as inbox
from reprise.store import plans, repositories
from reprise.store.database import Connection
from reprise.store.intake import Trigger
from reprise.store.runs import NewRun, add_run, gave_way, newest_standing

log = structlog.get_logger()

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=15)
_GIVE_UP_AFTER = 400
"""Attempts at one trigger, about four days."""


def resolve_due(world: World) -> int:
    """Look at every trigger whose time has come; returns how many runs were added."""
    with world.store.read() as connection:
        due = inbox.due_triggers(connection, world.clock.now())
    return resolve_all(world, due)


def resolve_all(world: World, triggers: Sequence[Trigger]) -> int:
    """Settle or postpone each; returns how many runs were added.

    The tags of a repository are listed once for all of them, and triggers that ask about the same tag are
    one: a thousand pushed tags would else be a thousand lists of a thousand tags. What is listed is younger
    than every trigger that it answers.
    """
    with world.store.read() as connection:
        newest = inbox.newest_trigger(connection)
    look = _Look(cache(world.source.tags), newest, Policies(world))
    return sum(_resolve(world, trigger, look) for trigger in _distinct(triggers))


@dataclass(frozen=True, slots=True)
class _Look:
    """What triggers that are looked at together share."""

    tags: Callable[[Repository], dict[str, Sha]]
    """Raises what `Source.tags` raises, and then asks again for the next trigger."""
    newest: int
    """The last trigger that was there before any tag was listed."""
    policies: Policies


def _distinct(triggers: Sequence[Trigger]) -> list[Trigger]:
    """Without tag triggers that an older one of these settles too."""
    first = {(each.repository_id, each.ref): each for each in reversed(triggers) if each.kind == inbox.TAG}
    return [
        each for each in triggers if each.kind != inbox.TAG or first[each.repository_id, each.ref] is each
    ]


def _resolve(world: World, trigger: Trigger, look: _Look) -> int:
    try:
        outcome = _settle(world, trigger, look)
    except Retryable as error:
        _postpone(world, trigger, error)
        return 0
    except Refused as error:
        outcome = Settled(str(error))
    except Exception as error:
        # Otherwise one trigger that shows a bug would keep every later one waiting for ever.
        log.exception("trigger broke", repository=trigger.repository, ref=trigger.ref)
        _postpone(world, trigger, Retryable(f"a bug in Reprise ({type(error).__name__})"))
        return 0
    log.info(
        "trigger settled",
        repository=trigger.repository,
        ref=trigger.ref,
        outcome=outcome.text,
        runs=[run.id for run in outcome.runs],
    )
    try:
        return _keep(world, trigger, outcome, look)
    except _Changed:
        _postpone(world, trigger, Retryable("the plan changed meanwhile"))
        return 0


class _Changed(Exception):
    """What was decided from is not so any more; undoes what was written."""


def _keep(world: World, trigger: Trigger, outcome: Settled, look: _Look) -> int:
    """All that comes of a trigger, in one transaction; returns how many runs were added."""
    with world.store.write() as connection:
        if outcome.approves is not None:
            _use_up(world, connection, trigger, outcome)
        if outcome.seen is not None:
            # Together with its runs, or a tag that comes back would seem to have some.
            name, sha = outcome.seen
            repositories.see_tag(connection, trigger.repository_id, name, sha, at=world.clock.now())
        added = [_add(world, connection, trigger, run, outcome) for run in outcome.runs]
        if outcome.refused:
            auditing.refused(connection, trigger, outcome.text, world.clock.now())
        if outcome.cancels is not None:
            inbox.settle_older(connection, trigger, f"cancelled by {trigger.who}")
            stopping.cancel(world, connection, trigger.repository_id, outcome.cancels, trigger.who)
        if outcome.closed is not None:
            stopping.close(world, connection, trigger.repository_id, outcome.closed, trigger.who)
        if outcome.gone is not None:
            where = trigger.repository_id, outcome.gone
            stopping.untag(world, connection, *where, tagged=outcome.tagged, who=trigger.who)
        inbox.settle(connection, trigger.number, outcome.text)
        if trigger.kind == inbox.TAG:
            inbox.settle_same(connection, trigger, look.newest, outcome.text)
    return sum(added)


def _use_up(world: World, connection: Connection, trigger: Trigger, outcome: Settled) -> None:
    plan, now = outcome.approves, world.clock.now()
    if plan is None or not plans.approve(connection, plan.id, trigger.who, now):
        raise _Changed
    for run in outcome.runs:
        auditing.approved(connection, trigger, plan, run, now)


def _add(world: World, connection: Connection, trigger: Trigger, run: NewRun, outcome: Settled) -> bool:
    """Whether it is new; then older runs make room for it."""
    new = _again(connection, run) if run.generation == inbox.TAG else run
    now = world.clock.now()
    if new is None or not add_run(connection, new, at=now):
        return False
    auditing.requested(connection, new, trigger.repository, now, trigger=trigger)
    stopping.supersede(world, connection, new, outcome.tagged)
    if why := outcome.refusals.get(run.id):
        stopping.refuse(world, connection, new.id, why)
    return True


def _again(connection: Connection, run: NewRun) -> NewRun | None:
    """A tag joins the run that stands at its commit (None), also one that a comment asked for.

    One that came back to a commit whose run was superseded meanwhile, or ended with its tag, wants it run
    after all.
    """
    before = newest_standing(connection, run)
    if before is None:
        return run
    if not gave_way(before.stop_requested):
        return None
    generation = f"{inbox.TAG}:{before.number}"
    again = run_id(run.repository_id, run.commit, run.experiment, generation)
    return replace(run, id=again, generation=generation)


def _postpone(world: World, trigger: Trigger, error: Retryable) -> None:
    if trigger.attempts >= _GIVE_UP_AFTER:
        log.error("trigger given up", repository=trigger.repository, ref=trigger.ref, why=str(error))
        with world.store.write() as connection:
            inbox.settle(connection, trigger.number, f"given up: {error}")
        return
    grown = _FIRST_PAUSE * 2 ** min(trigger.attempts, 12)
    pause = max(min(grown, _LONGEST_PAUSE), timedelta(seconds=error.after))
    log.warning("trigger postponed", repository=trigger.repository, ref=trigger.ref, why=str(error))
    with world.store.write() as connection:
        inbox.postpone(connection, trigger.number, until=world.clock.now() + pause, why=str(error))


def _settle(world: World, trigger: Trigger, look: _Look) -> Settled:
    repository = known_repository(world, trigger.repository, trigger.repository_id)
    if (why := standing.why_left_alone(repository)) is not None:
        return Settled(why)
    if trigger.kind == inbox.TAG:
        return _on_tag(world, repository, trigger, look)
    if trigger.kind == inbox.CHANGE:
        return approvals.on_change(world, repository, trigger)
    if trigger.kind == inbox.CHECK:
        return on_click(world, repository, trigger, look.policies)
    if trigger.kind == inbox.QUEUE:
        return on_merge_queue(world, repository, trigger)
    with world.store.read() as connection:
        if inbox.told_before(connection, trigger):
            return Settled("told twice")
    return on_comment(world, repository, trigger, look.policies)


def _on_tag(world: World, repository: Repository, trigger: Trigger, look: _Look) -> Settled:
    tags = look.tags(repository)
    sha = tags.get(trigger.ref)
    if sha is None:
        return Settled("the tag is gone", tagged=frozenset(tags.values()), gone=trigger.ref)
    seen = trigger.ref, sha
    try:
        files = read_specs(world.source, repository, sha)
    except Refused as error:
        return Settled(str(error), seen=seen)
    if not files:
        return Settled(f"no spec at {sha[:7]}", seen=seen)
    wanted = [file for file in files if runs_on(file.spec, trigger.ref)]
    if not wanted:
        return Settled(f"no experiment at {sha[:7]} runs on this tag", seen=seen)
    decided = look.policies.decide(_asked(trigger), repository, sha, wanted, Reproduce())
    runs = tuple(
        replace(
            new_run(
                repository,
                sha,
                file,
                trigger,
                ref=trigger.ref,
                generation=inbox.TAG,
                why=f"tag {trigger.ref}",
            ),
            spend_limit=answer.decision.limit if isinstance(answer.decision, trust.Allowed) else None,
            backend=answer.backend,
        )
        for file, answer in zip(wanted, decided, strict=True)
    )
    refusals = {
        run.id: answer.decision.reason
        for run, answer in zip(runs, decided, strict=True)
        if not isinstance(answer.decision, trust.Allowed)
    }
    text = f"{len(runs)} experiment(s) at {sha[:7]}"
    return Settled(text, runs, frozenset(tags.values()), seen, refusals=refusals)


def _asked(trigger: Trigger) -> trust.Asked:
    """A forge takes tags only from people who may write, whom nobody can name for what the sweep finds."""
    kind = trust.Kind.SWEEP if trigger.delivery is None else trust.Kind.TAG
    return trust.Asked(kind, Permission.WRITE, False, trust.Named.NOTHING)


def runs_on(spec: Spec | BadSpec, tag: str) -> bool:
    """A spec that cannot be read cannot say which tags it wants, so its author hears of every one."""
    return isinstance(spec, BadSpec) or spec_matches(spec, tag)


def known_repository(world: World, full_name: str, repository_id: int) -> Repository:
    """From our table, else from the forge, which is asked once per name.

    Numbers stay, names do not: what is called so may be another repository by now, or this one by a name
    that it had before. Raises what `Forge.repository` raises, and Refused when nothing has this number.
    """
    with world.store.read() as connection:
        known = repositories.find(connection, repository_id)
    if known is not None and (known.full_name == full_name or known.standing in standing.LOST):
        return known
    asked_at = world.clock.now()
    try:
        found = world.conversation.repository(full_name)
    except Refused:
        if known is None:
            raise
        return known
    if found.id == repository_id:
        return life.learn(world, found, asked_at=asked_at)
    if known is None:
        raise Refused(f"{full_name} is another repository by now")
    return known
