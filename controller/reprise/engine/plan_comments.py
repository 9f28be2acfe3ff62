"""Makes the one comment with the plans of a pull request say how they stand. Level-triggered: rows decide."""

from datetime import datetime, timedelta

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import OnPullRequest
from reprise.domain.plan import render_plans
from reprise.domain.report import conversation_marker
from reprise.engine.world import World
from reprise.store import plans, repositories

log = structlog.get_logger()

_AGAIN = timedelta(seconds=15)
_GIVE_UP = timedelta(days=7)


def tell(world: World) -> None:
    """Make each comment say how the plans stand. A forge that does not answer is asked again later."""
    now = world.clock.now()
    with world.store.read() as connection:
        expired = plans.any_expired(connection, now)
    if expired:
        with world.store.write() as connection:
            plans.expire(connection, now)
    with world.store.read() as connection:
        places = plans.untold(connection, now)
    for repository_id, number in places:
        _tell(world, repository_id, number, now)


def _tell(world: World, repository_id: int, number: int, now: datetime) -> None:
    with world.store.read() as connection:
        untold = plans.untold_at(connection, repository_id, number)
        shown = plans.newest_at(connection, repository_id, number)
        known = plans.shown_in(connection, repository_id, number)
        repository = repositories.find(connection, repository_id)
    if repository is None:
        return
    marker = conversation_marker(f"plans:{number}")
    place, body = OnPullRequest(number), render_plans(marker, shown)
    comment: int | None = None
    try:
        comment = world.conversation.put_comment(repository, place, marker=marker, body=body, known_id=known)
    except Retryable as error:
        log.warning("plans not told", repository=repository.full_name, number=number, why=str(error))
        if any(now - each.since < _GIVE_UP for each in untold):
            with world.store.write() as connection:
                plans.tell_later(connection, untold, now + _AGAIN)
            return
    except Refused as error:
        log.warning("plans refused", repository=repository.full_name, number=number, why=str(error))
    with world.store.write() as connection:
        plans.told(connection, untold, comment)
