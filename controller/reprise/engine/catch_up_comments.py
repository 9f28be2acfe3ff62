"""Commands that no delivery told us of: the comments of a repository since the last look. Part of the sweep.

A comment is acted on once, by its number: here nothing is added that a delivery told us of, and where the
two cross, the intake takes the first of them. What stands there at the first look is older than the watch
and is set aside, by the same number: clocks differ.
"""

from collections.abc import Sequence

import structlog

from reprise.domain import command, missed
from reprise.domain.forge import OnPullRequest, PostedComment
from reprise.domain.run import Repository
from reprise.engine.world import World
from reprise.store import catch_up, runs
from reprise.store import intake as inbox
from reprise.store.database import Connection
from reprise.store.intake import NewTrigger

log = structlog.get_logger()


def catch_up_comments(world: World, repository: Repository) -> int:
    """How many commands were found. Raises what `Forge.comments_since` raises."""
    name = f"comments:{repository.id}"
    with world.store.read() as connection:
        cursor = catch_up.cursor(connection, name)
    since = missed.look_since(cursor, world.clock.now())
    found = world.conversation.comments_since(repository, since)
    reached = found[-1].updated_at if found else since
    commands = _commands(world, repository, found)
    if cursor is not None:
        commands = _in_open_places(world, repository, commands)
    if not commands and reached == cursor:
        return 0
    with world.store.write() as connection:
        catch_up.move_cursor(connection, name, reached)
        if cursor is None:
            _set_aside(connection, commands)
            return 0
        return _add(world, connection, repository, commands)


def _commands(world: World, repository: Repository, found: Sequence[PostedComment]) -> list[NewTrigger]:
    now = world.clock.now()
    wanted = [_trigger(repository, comment) for comment in found if missed.why_not(comment, now) is None]
    with world.store.read() as connection:
        return [new for new in wanted if not catch_up.knows_comment(connection, new)]


def _trigger(repository: Repository, comment: PostedComment) -> NewTrigger:
    return inbox.comment_trigger(
        repository.id,
        repository.full_name,
        comment.place,
        comment_id=comment.id,
        body=comment.body,
        who=comment.author or "",
    )


def _in_open_places(world: World, repository: Repository, commands: list[NewTrigger]) -> list[NewTrigger]:
    """Without those on issues and on pull requests that are closed by now; nothing is asked without need.

    What is closed and ran something here is no issue: there the commands that start nothing still count.
    """
    if all(new.pull_request is None for new in commands):
        return commands
    open_ = world.conversation.open_pull_requests(repository)
    return [
        new
        for new in commands
        if new.pull_request is None or new.pull_request in open_ or _stands(world, new, new.pull_request)
    ]


def _stands(world: World, new: NewTrigger, number: int) -> bool:
    if not command.works_when_closed(command.parse(new.body or "")):
        return False
    with world.store.read() as connection:
        return bool(runs.runs_at(connection, new.repository_id, OnPullRequest(number)))


def _set_aside(connection: Connection, commands: Sequence[NewTrigger]) -> None:
    for new in commands:
        catch_up.set_aside(connection, new)


def _add(world: World, connection: Connection, repository: Repository, commands: Sequence[NewTrigger]) -> int:
    """Some may have been delivered since they were looked at."""
    fresh = [new for new in commands if not catch_up.knows_comment(connection, new)]
    for new in fresh:
        inbox.add_trigger(connection, new, at=world.clock.now())
    if fresh:
        log.info("comments found", repository=repository.full_name, on=[new.ref for new in fresh])
    return len(fresh)
