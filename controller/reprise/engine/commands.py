"""Does what a comment on a pull request or a tagged commit asks for, or a click on a check run of ours.

Called by intake; may be repeated.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

import structlog

from reprise.domain import command as commands
from reprise.domain.command import (
    BadValue,
    Cancel,
    Command,
    NotYet,
    Reproduce,
    ShowHelp,
    ShowStatus,
    Twice,
    Unknown,
)
from reprise.domain.errors import Refused
from reprise.domain.forge import OnCommit, OnPullRequest, Place, Reaction
from reprise.domain.run import Repository, Sha
from reprise.engine import conversation, stopping
from reprise.engine.conversation import wrong_argument
from reprise.engine.settled import Settled, new_run
from reprise.engine.specs import SpecFile, read_specs
from reprise.engine.world import World
from reprise.store import intake as inbox
from reprise.store.intake import CHECK, COMMENT, Trigger
from reprise.store.runs import get_run

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One comment and where it stands, or a click on the check of a run there."""

    trigger: Trigger
    repository: Repository
    place: Place
    comment_id: int | None
    """None: nobody wrote anything, so there is nothing to react to."""

    @property
    def name(self) -> str:
        """Of this request among all, the same whenever it is looked at."""
        return f"{COMMENT}:{self.comment_id}" if self.comment_id else f"{CHECK}:{self.trigger.number}"

    @property
    def words(self) -> str:
        return "/reproduce" if self.comment_id else "a click"


@dataclass(frozen=True, slots=True)
class _Target:
    """The commit that a comment means."""

    sha: Sha
    ref: str
    """What people know it by: ``#7``, or the tag that names it."""
    tagged: frozenset[Sha] = frozenset()


def on_comment(world: World, repository: Repository, trigger: Trigger) -> Settled:
    if trigger.place is None or trigger.comment_id is None:
        return Settled("a comment without a place")
    command = commands.parse(trigger.body or "")
    if command is None:
        return Settled("no command in this comment")
    return _obey(world, _Asked(trigger, repository, trigger.place, trigger.comment_id), command)


def on_click(world: World, repository: Repository, trigger: Trigger) -> Settled:
    """As if whoever clicked had written the command that makes the same run again."""
    with world.store.read() as connection:
        run = get_run(connection, trigger.ref)
    if run is None or (run.repository.id, run.commit) != (repository.id, trigger.commit):
        return Settled("a click on a check that is not ours")
    command = Reproduce(run.experiment, sha=run.commit, seeds=run.seeds, claims=run.claims)
    there = replace(trigger, pull_request=run.pull_request)
    return _obey(world, _Asked(there, repository, run.place, None), command)


def _obey(world: World, asked: _Asked, command: Command) -> Settled:
    trigger, repository = asked.trigger, asked.repository
    if not world.conversation.permission(repository, trigger.who).may_write:
        _react(world, asked, Reaction.CONFUSED)
        return Settled(f"{trigger.who} may not write to this repository", refused=True)
    match command:
        case ShowHelp():
            return _reply(world, asked, conversation.help_text(asked.place))
        case ShowStatus():
            return _reply(world, asked, conversation.status(world, repository.id, asked.place))
        case Cancel():
            return _cancel(world, asked)
        case Unknown() | NotYet() | Twice() | BadValue():
            return _reply(world, asked, conversation.wrong_word(command))
        case Reproduce():
            return _reproduce(world, asked, command)
        case _:
            assert_never(command)


def _react(world: World, asked: _Asked, reaction: Reaction) -> None:
    """A courtesy: a token that may not react keeps nobody from a run."""
    if asked.comment_id is None:
        return
    try:
        world.conversation.react(asked.repository, asked.place, asked.comment_id, reaction)
    except Refused as error:
        log.warning("reaction refused", repository=asked.repository.full_name, why=str(error))


def _reply(world: World, asked: _Asked, text: str, *, refused: bool = False) -> Settled:
    """A reply of its own, found again by its marker if this is repeated."""
    marker = f"<!-- reprise:reply:{asked.comment_id or asked.name} -->"
    try:
        world.conversation.put_comment(
            asked.repository, asked.place, marker=marker, body=f"{text}\n\n{marker}", known_id=None
        )
    except Refused as error:
        if asked.comment_id is not None:
            raise
        log.warning("answer to a click refused", repository=asked.repository.full_name, why=str(error))
    return Settled(text if refused else "answered", refused=refused)


def _cancel(world: World, asked: _Asked) -> Settled:
    """The answer is a reaction, and later the edited report."""
    with world.store.read() as connection:
        going = stopping.cancellable(connection, asked.repository.id, asked.place)
        older = inbox.open_before(connection, asked.trigger)
    if not going and not older:
        return _reply(world, asked, conversation.nothing_to_cancel(asked.place))
    _react(world, asked, Reaction.THUMBS_UP)
    return Settled(f"{len(going)} run(s) stopping", cancels=asked.place)


def _reproduce(world: World, asked: _Asked, command: Reproduce) -> Settled:
    target = _target(world, asked, command)
    if isinstance(target, Settled):
        return target
    files = _wanted(read_specs(world.source, asked.repository, target.sha), command)
    if not files:
        return _reply(world, asked, conversation.no_experiment(command, target.sha))
    if wrong := next(filter(None, (wrong_argument(file.spec, command) for file in files)), None):
        return _reply(world, asked, wrong)
    _react(world, asked, Reaction.EYES)
    why = f"{asked.words} on {target.ref}"
    runs = tuple(
        replace(
            new_run(
                asked.repository,
                target.sha,
                file,
                asked.trigger,
                ref=target.ref,
                generation=asked.name,
                why=why,
            ),
            seeds=command.seeds,
            claims=command.claims,
        )
        for file in files
    )
    return Settled(f"{len(runs)} experiment(s) at {target.sha[:7]}", runs, target.tagged)


def _target(world: World, asked: _Asked, command: Reproduce) -> _Target | Settled:
    match asked.place:
        case OnPullRequest(number):
            return _of_pull_request(world, asked, command, number)
        case OnCommit(sha):
            return _of_commit(world, asked, command, sha)
        case _:
            assert_never(asked.place)


def _of_pull_request(world: World, asked: _Asked, command: Reproduce, number: int) -> _Target | Settled:
    pull = world.conversation.pull_request(asked.repository, number)
    if not pull.open:
        return _reply(world, asked, conversation.CLOSED)
    if pull.from_fork:
        return _reply(world, asked, conversation.FORK, refused=True)
    if command.sha is None:
        return _Target(pull.head_sha, f"#{number}")
    sha = world.conversation.commit(asked.repository, command.sha)
    if sha is None:
        return _reply(world, asked, conversation.no_commit(command.sha))
    return _Target(sha, f"#{number}")


def _of_commit(world: World, asked: _Asked, command: Reproduce, sha: Sha) -> _Target | Settled:
    """Only what a tag names now: anything else may be a stranger's, brought here by a fork's pull request."""
    if command.sha is not None and not sha.startswith(command.sha):
        return _reply(world, asked, conversation.another_commit(command.sha, sha))
    tags = world.source.tags(asked.repository)
    names = sorted(name for name, tagged in tags.items() if tagged == sha)
    if not names:
        return _reply(world, asked, conversation.not_tagged(sha), refused=True)
    return _Target(sha, names[-1], frozenset(tags.values()))


def _wanted(files: Iterable[SpecFile], command: Reproduce) -> list[SpecFile]:
    if command.everything:
        return list(files)
    if command.experiment is None:
        return [file for file in files if file.is_root]
    return [file for file in files if file.spec.name == command.experiment]
