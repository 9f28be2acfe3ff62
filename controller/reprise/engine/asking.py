"""One comment or click that asks for something, and the ways to answer it. Used by commands and plans.

Every answer may be repeated.
"""

import hashlib
from dataclasses import dataclass, replace

import structlog

from reprise.domain import command
from reprise.domain.errors import Refused
from reprise.domain.forge import OnPullRequest, Permission, Place, Reaction
from reprise.domain.run import Repository
from reprise.domain.text import code
from reprise.engine.settled import Settled
from reprise.engine.world import World
from reprise.store.intake import CHECK, COMMENT, Trigger

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    trigger: Trigger
    repository: Repository
    place: Place
    comment_id: int | None
    """None: somebody clicked and wrote nothing, so there is nothing to react to."""
    permission: Permission
    """Of whoever asks, as the forge said when this was looked at."""

    @property
    def name(self) -> str:
        """Of this request among all, the same whenever it is looked at."""
        return f"{COMMENT}:{self.comment_id}" if self.comment_id else f"{CHECK}:{self.trigger.number}"

    @property
    def words(self) -> str:
        return "/reproduce" if self.comment_id else "a click"

    @property
    def by_outsider(self) -> bool:
        return not self.permission.may_write


def react(world: World, asked: Asked, reaction: Reaction) -> None:
    """A courtesy: a token that may not react keeps nobody from a run."""
    if asked.comment_id is None:
        return
    try:
        world.conversation.react(asked.repository, asked.place, asked.comment_id, reaction)
    except Refused as error:
        log.warning("reaction refused", repository=asked.repository.full_name, why=str(error))


def reply(world: World, asked: Asked, text: str, *, refused: bool = False) -> Settled:
    """A comment of its own, found again by its marker if this is repeated.

    An outsider has one for all that they ask in a pull request, so that nobody can make us flood it.
    """
    marker = f"<!-- reprise:reply:{_about(asked)} -->"
    body = f"{_heard(asked)}\n\n{text}\n\n{marker}"
    try:
        world.conversation.put_comment(asked.repository, asked.place, marker=marker, body=body, known_id=None)
    except Refused as error:
        if asked.comment_id is not None:
            raise
        log.warning("answer to a click refused", repository=asked.repository.full_name, why=str(error))
    return Settled(text if refused else "answered", refused=refused)


def refuse(world: World, asked: Asked, why: str, *, text: str | None = None) -> Settled:
    """On a commit, below which anybody may write, and for a click outsiders get no text of ours."""
    if asked.by_outsider and (asked.comment_id is None or not isinstance(asked.place, OnPullRequest)):
        return confused(world, asked, why)
    answered = reply(world, asked, text or why)
    return replace(answered, text=why, refused=True)


def confused(world: World, asked: Asked, why: str) -> Settled:
    react(world, asked, Reaction.CONFUSED)
    return Settled(why, refused=True)


def _heard(asked: Asked) -> str:
    """What is answered, so that a reply can be understood among others."""
    said = code(command.written(asked.trigger.body or ""), 80) if asked.comment_id else "a click"
    return f"To {said} by {code(asked.trigger.who)}:"


def _about(asked: Asked) -> str:
    if not asked.by_outsider:
        return str(asked.comment_id or asked.name)
    return "of-" + hashlib.sha256(asked.trigger.who.lower().encode()).hexdigest()[:12]
