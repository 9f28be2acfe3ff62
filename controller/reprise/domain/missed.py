"""Which of the comments that a look finds are to be acted on. Pure; the same rules as for a delivery.

A delivery tells of a comment once, when it is written. A look finds what stands there: whether somebody
has changed it since, and how long ago that was, has to be asked too.
"""

from datetime import datetime, timedelta

from reprise.domain import command
from reprise.domain.forge import PostedComment

OLDEST = timedelta(days=3)
"""As long as GitHub keeps deliveries: whoever asked longer ago has asked again, or wants it no more."""


def look_since(cursor: datetime | None, now: datetime) -> datetime:
    """From when on comments are asked for. It stays the same as long as nothing comes, so that a forge may
    answer that nothing has changed."""
    midnight = (now - OLDEST).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if cursor is None else max(cursor, midnight)


def why_not(comment: PostedComment, now: datetime) -> str | None:
    """Why nothing comes of this comment; None when it holds a command to act on."""
    if command.parse(comment.body) is None:
        return "comment without a command"
    if comment.author is None or comment.by_bot:
        return "comment by a bot, or by nobody any more"
    if comment.updated_at != comment.created_at:
        return "comment edited"
    if comment.created_at < now - OLDEST:
        return "comment too old"
    return None
