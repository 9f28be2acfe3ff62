"""Turns triggers into runs: resolve the ref, read the specs at that commit, insert one row each.

Runs in the leader only. Everything here may be repeated: a run's id follows from what it is.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

import structlog

from reprise.domain import command as commands
from reprise.domain.command import BadValue, Cancel, NotYet, Reproduce, ShowHelp, ShowStatus, Unknown
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import OnPullRequest, Reaction
from reprise.domain.run import Reason, Repository, RunId, Sha
from reprise.domain.spec.model import BadSpec, Spec
from reprise.domain.spec.names import spec_matches
from reprise.engine import conversation, stopping
from reprise.engine.conversation import wrong_argument
from reprise.engine.specs import SpecFile, read_specs
from reprise.engine.world import World
from reprise.store import intake as inbox
from reprise.store import repositories
from reprise.store.database import Connection
from reprise.store.intake import Trigger
from reprise.store.runs import NewRun, add_run, newest_generation

log = structlog.get_logger()

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=15)
_GIVE_UP_AFTER = 400
"""Attempts at one trigger, about four days."""


def resolve_due(world: World) -> int:
    """Look at every trigger whose time has come; returns how many runs were added."""
    with world.store.read() as connection:
        due = inbox.due_triggers(connection, world.clock.now())
    return sum(resolve(world, trigger) for trigger in due)


def resolve(world: World, trigger: Trigger) -> int:
    """Settle or postpone one trigger; returns how many runs were added."""
    try:
        outcome = _on_tag(world, trigger) if trigger.kind == inbox.TAG else _on_comment(world, trigger)
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
    with world.store.write() as connection:
        added = [_add(world, connection, run, outcome.tagged) for run in outcome.runs]
        if outcome.cancels is not None:
            inbox.settle_older(connection, trigger, f"cancelled by {trigger.who}")
            stopping.cancel(world, connection, trigger.repository_id, outcome.cancels, trigger.who)
        inbox.settle(connection, trigger.number, outcome.text)
    return sum(added)


def _add(world: World, connection: Connection, run: NewRun, tagged: frozenset[Sha]) -> bool:
    """Whether it is new; then older runs make room for it."""
    new = _again(connection, run) if run.generation == inbox.TAG else run
    if not add_run(connection, new, at=world.clock.now()):
        return False
    stopping.supersede(world, connection, new, tagged)
    return True


def _again(connection: Connection, run: NewRun) -> NewRun:
    """A tag that came back to a commit whose run was superseded meanwhile wants it run after all."""
    before = newest_generation(connection, run)
    if before is None or before.stop_requested is None:
        return run
    if before.stop_requested.reason is not Reason.SUPERSEDED:
        return run
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


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a trigger."""

    text: str
    runs: tuple[NewRun, ...] = ()
    tagged: frozenset[Sha] = frozenset()
    """The commits that tags named when this was decided."""
    cancels: int | None = None
    """Pull request whose runs, and commands that are not settled yet, are to end."""


def _on_tag(world: World, trigger: Trigger) -> Settled:
    repository = known_repository(world, trigger.repository, trigger.repository_id)
    tags = world.source.tags(repository)
    sha = tags.get(trigger.ref)
    if sha is None:
        return Settled("the tag is gone or names no commit")
    with world.store.write() as connection:
        repositories.see_tag(connection, repository.id, trigger.ref, sha, at=world.clock.now())
    files = read_specs(world.source, repository, sha)
    if not files:
        return Settled(f"no spec at {sha[:7]}")
    wanted = [file for file in files if _runs_on(file.spec, trigger.ref)]
    if not wanted:
        return Settled(f"no experiment at {sha[:7]} runs on this tag")
    runs = tuple(
        _new_run(repository, sha, file, trigger, generation=inbox.TAG, why=f"tag {trigger.ref}")
        for file in wanted
    )
    return Settled(f"{len(runs)} experiment(s) at {sha[:7]}", runs, frozenset(tags.values()))


def _runs_on(spec: Spec | BadSpec, tag: str) -> bool:
    """A spec that cannot be read cannot say which tags it wants, so its author hears of every one."""
    return isinstance(spec, BadSpec) or spec_matches(spec, tag)


def _on_comment(world: World, trigger: Trigger) -> Settled:
    if trigger.pull_request is None or trigger.comment_id is None:
        return Settled("a comment without a pull request")
    repository = known_repository(world, trigger.repository, trigger.repository_id)
    command = commands.parse(trigger.body or "")
    if command is None:
        return Settled("no command in this comment")
    if not world.conversation.permission(repository, trigger.who).may_write:
        world.conversation.react(repository, trigger.comment_id, Reaction.CONFUSED)
        return Settled(f"{trigger.who} may not write to this repository")
    match command:
        case ShowHelp():
            return _reply(world, repository, trigger, conversation.HELP)
        case ShowStatus():
            text = conversation.status(world, repository.id, trigger.pull_request)
            return _reply(world, repository, trigger, text)
        case Cancel():
            return _cancel(world, repository, trigger)
        case Unknown() | NotYet() | BadValue():
            return _reply(world, repository, trigger, conversation.wrong_word(command))
        case Reproduce():
            return _reproduce(world, repository, trigger, command)
        case _:
            assert_never(command)


def _reply(world: World, repository: Repository, trigger: Trigger, text: str) -> Settled:
    """A reply of its own, found again by its marker if this is repeated."""
    marker = f"<!-- reprise:reply:{trigger.comment_id} -->"
    place = OnPullRequest(trigger.pull_request or 0)
    world.conversation.put_comment(
        repository, place, marker=marker, body=f"{text}\n\n{marker}", known_id=None
    )
    return Settled("answered")


def _cancel(world: World, repository: Repository, trigger: Trigger) -> Settled:
    """The answer is a reaction, and later the edited report."""
    pull_request = trigger.pull_request or 0
    with world.store.read() as connection:
        going = stopping.cancellable(connection, repository.id, pull_request)
        older = inbox.open_before(connection, trigger)
    if not going and not older:
        return _reply(world, repository, trigger, conversation.NOTHING_TO_CANCEL)
    world.conversation.react(repository, trigger.comment_id or 0, Reaction.THUMBS_UP)
    return Settled(f"{len(going)} run(s) stopping", cancels=pull_request)


def _reproduce(world: World, repository: Repository, trigger: Trigger, command: Reproduce) -> Settled:
    pull = world.conversation.pull_request(repository, trigger.pull_request or 0)
    if not pull.open:
        return _reply(world, repository, trigger, conversation.CLOSED)
    if pull.from_fork:
        return _reply(world, repository, trigger, conversation.FORK)
    sha = pull.head_sha if command.sha is None else world.conversation.commit(repository, command.sha)
    if sha is None:
        return _reply(world, repository, trigger, conversation.no_commit(command.sha or ""))
    files = [f for f in read_specs(world.source, repository, sha) if _asked_for(f, command)]
    if not files:
        return _reply(world, repository, trigger, conversation.no_experiment(command, sha))
    if wrong := next(filter(None, (wrong_argument(file.spec, command) for file in files)), None):
        return _reply(world, repository, trigger, wrong)
    world.conversation.react(repository, trigger.comment_id or 0, Reaction.EYES)
    generation = f"comment:{trigger.comment_id}"
    why = f"/reproduce on #{trigger.pull_request}"
    runs = tuple(
        replace(
            _new_run(repository, sha, file, trigger, generation=generation, why=why),
            seeds=command.seeds,
            claims=command.claims,
        )
        for file in files
    )
    return Settled(f"{len(runs)} experiment(s) at {sha[:7]}", runs)


def _asked_for(file: SpecFile, command: Reproduce) -> bool:
    if command.everything:
        return True
    return file.is_root if command.experiment is None else file.spec.name == command.experiment


def _new_run(
    repository: Repository, sha: Sha, file: SpecFile, trigger: Trigger, *, generation: str, why: str
) -> NewRun:
    name = file.spec.name
    return NewRun(
        id=run_id(repository.id, sha, name, generation),
        repository_id=repository.id,
        commit=sha,
        experiment=name,
        generation=generation,
        spec_file=file.path,
        ref=trigger.ref,
        pull_request=trigger.pull_request,
        trigger=why,
        who=trigger.who,
    )


def run_id(repository_id: int, commit: Sha, experiment: str, generation: str) -> RunId:
    """Follows from what is run and on whose request, so that a repetition is no new run."""
    identity = f"{repository_id}|{commit}|{experiment}|{generation}"
    return RunId("r" + hashlib.sha256(identity.encode()).hexdigest()[:12])


def known_repository(world: World, full_name: str, repository_id: int | None = None) -> Repository:
    """From our table, else from the forge, which is asked once per repository."""
    with world.store.read() as connection:
        known = repositories.find(connection, repository_id) if repository_id is not None else None
    if known is not None and known.full_name == full_name:
        return known
    repository = world.conversation.repository(full_name)
    with world.store.write() as connection:
        repositories.remember(connection, repository)
    return repository
