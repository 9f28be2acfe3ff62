"""Commands that no delivery told us of: the comments of a repository since the last look. Part of the sweep.

A comment is acted on once, by its number: here nothing is added that a delivery told us of, and where the
two cross, the intake takes the first of them.
"""

import structlog

from reprise.domain import missed
from reprise.domain.forge import OnPullRequest, PostedComment
from reprise.domain.run import Repository
from reprise.engine.world import World
from reprise.store import catch_up, repositories
from reprise.store import intake as inbox
from reprise.store.intake import NewTrigger

log = structlog.get_logger()


def catch_up_comments(world: World, repository: Repository) -> int:
    """How many commands were found. Raises what `Forge.comments_since` raises."""
    name = f"comments:{repository.id}"
    with world.store.read() as connection:
        cursor = catch_up.cursor(connection, name)
    found = world.conversation.comments_since(repository, missed.look_since(cursor, world.clock.now()))
    commands = _in_open_places(world, repository, _commands(world, repository, found))
    if not commands and (not found or found[-1].updated_at == cursor):
        return 0
    with world.store.write() as connection:
        fresh = [new for new in commands if not catch_up.knows_comment(connection, new)]
        for new in fresh:
            inbox.add_trigger(connection, new, at=world.clock.now())
        if found:
            catch_up.move_cursor(connection, name, found[-1].updated_at)
    if fresh:
        log.info("comments found", repository=repository.full_name, on=[new.ref for new in fresh])
    return len(fresh)


def _commands(
    world: World, repository: Repository, found: tuple[PostedComment, ...]
) -> dict[PostedComment, NewTrigger]:
    now = world.clock.now()
    with world.store.read() as connection:
        watched_at = repositories.baseline_at(connection, repository.id) or now
        wanted = {
            comment: _trigger(repository, comment)
            for comment in found
            if missed.why_not(comment, watched_at=watched_at, now=now) is None
        }
        return {
            comment: new for comment, new in wanted.items() if not catch_up.knows_comment(connection, new)
        }


def _trigger(repository: Repository, comment: PostedComment) -> NewTrigger:
    return inbox.comment_trigger(
        repository.id,
        repository.full_name,
        comment.place,
        comment_id=comment.id,
        body=comment.body,
        who=comment.author or "",
    )


def _in_open_places(
    world: World, repository: Repository, commands: dict[PostedComment, NewTrigger]
) -> list[NewTrigger]:
    """Without those on issues and on pull requests that are closed by now; nothing is asked without need."""
    if not any(isinstance(comment.place, OnPullRequest) for comment in commands):
        return list(commands.values())
    open_ = world.conversation.open_pull_requests(repository)
    return [new for new in commands.values() if new.pull_request is None or new.pull_request in open_]
