"""The commit that a comment means, and whose code that is. Called by commands."""

from dataclasses import dataclass
from typing import assert_never

from reprise.domain import trust
from reprise.domain.command import Reproduce
from reprise.domain.forge import OnCommit, OnPullRequest, Permission, PullRequest
from reprise.domain.run import Sha
from reprise.domain.trust import Kind, Named
from reprise.engine import conversation
from reprise.engine.asking import Asked, refuse, reply
from reprise.engine.settled import Settled
from reprise.engine.world import World


@dataclass(frozen=True, slots=True)
class Target:
    kind: Kind
    sha: Sha
    ref: str
    """What people know it by: ``#7``, or the tag that names it."""
    named: Named = Named.NOTHING
    from_fork: bool = False
    tagged: frozenset[Sha] = frozenset()

    def question(self, permission: Permission) -> trust.Asked:
        return trust.Asked(self.kind, permission, self.from_fork, self.named)


def find(world: World, asked: Asked, command: Reproduce) -> Target | Settled:
    match asked.place:
        case OnPullRequest(number):
            return _of_pull_request(world, asked, command, number)
        case OnCommit(sha):
            return _of_commit(world, asked, command, sha)
        case _:
            assert_never(asked.place)


def named(pull: PullRequest, sha: Sha | None) -> Named:
    """``sha``: 7 to 40 digits."""
    if sha is None:
        return Named.NOTHING
    return Named.HEAD if pull.head_sha.startswith(sha) else Named.OTHER


def _of_pull_request(world: World, asked: Asked, command: Reproduce, number: int) -> Target | Settled:
    pull = world.conversation.pull_request(asked.repository, number)
    if not pull.open:
        return refuse(world, asked, conversation.CLOSED)
    what = named(pull, command.sha)
    kind = Kind.COMMENT if asked.comment_id is not None else Kind.BUTTON
    head = Target(kind, pull.head_sha, f"#{number}", what, pull.from_fork)
    if command.sha is None or what is Named.HEAD or pull.from_fork or asked.by_outsider:
        return head
    sha = world.conversation.commit(asked.repository, command.sha)
    if sha is None:
        return reply(world, asked, conversation.no_commit(command.sha))
    return Target(kind, sha, f"#{number}", Named.HEAD if sha == pull.head_sha else what)


def _of_commit(world: World, asked: Asked, command: Reproduce, sha: Sha) -> Target | Settled:
    """Only what a tag names now: anything else may be a stranger's, brought here by a fork's pull request."""
    if command.sha is not None and not sha.startswith(command.sha):
        return reply(world, asked, conversation.another_commit(command.sha, sha))
    tags = world.source.tags(asked.repository)
    names = sorted(name for name, tagged in tags.items() if tagged == sha)
    if not names:
        return reply(world, asked, conversation.not_tagged(sha), refused=True)
    kind = Kind.COMMIT_COMMENT if asked.comment_id is not None else Kind.BUTTON
    return Target(kind, sha, names[-1], tagged=frozenset(tags.values()))
