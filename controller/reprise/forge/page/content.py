"""What the pages show, gathered from rows and git."""

from dataclasses import dataclass

from reprise.forge.access import Call
from reprise.forge.api.statuses import latest_of_each, newest_first
from reprise.forge.records import Comment, Delivery, Hook, Reaction, ReactionContent, Repository, Status
from reprise.forge.replies.commits import combined_state

MOST_TAGS = 30
MOST_COMMITS = 10
MOST_DELIVERIES = 15
TAGS = "refs/tags/"
SYMBOLS: dict[ReactionContent, str] = {
    ReactionContent.PLUS_ONE: "👍",
    ReactionContent.MINUS_ONE: "👎",
    ReactionContent.LAUGH: "😄",
    ReactionContent.CONFUSED: "😕",
    ReactionContent.HEART: "❤️",
    ReactionContent.HOORAY: "🎉",
    ReactionContent.ROCKET: "🚀",
    ReactionContent.EYES: "👀",
}


@dataclass(frozen=True, slots=True)
class ShownCommit:
    sha: str
    title: str
    body: str
    author: str
    date: str
    statuses: tuple[Status, ...]
    """The latest of each context, in the order in which the contexts first appeared."""
    comments: int

    @property
    def state(self) -> str | None:
        return combined_state([status.state for status in self.statuses]) if self.statuses else None

    @property
    def pending(self) -> bool:
        return any(status.state == "pending" for status in self.statuses)


@dataclass(frozen=True, slots=True)
class ShownTag:
    name: str
    commit: ShownCommit


@dataclass(frozen=True, slots=True)
class ShownComment:
    comment: Comment
    anchor: str
    reactions: tuple[tuple[str, str, int], ...]
    """symbol, word and how many"""


@dataclass(frozen=True, slots=True)
class ShownDelivery:
    hook: Hook
    delivery: Delivery

    @property
    def pending(self) -> bool:
        return self.delivery.pending


def commit(call: Call, where: Repository, sha: str) -> ShownCommit:
    found = call.git(where).commit(sha)
    title, _, body = found.message.partition("\n")
    return ShownCommit(
        sha=sha,
        title=title,
        body=body.strip(),
        author=found.author.name,
        date=found.committer.date,
        statuses=_statuses(call, where, sha),
        comments=len(call.store.all(Comment, repository_id=where.id, sha=sha)),
    )


def _statuses(call: Call, where: Repository, sha: str) -> tuple[Status, ...]:
    every = newest_first(call.store, where.id, sha)
    latest = {status.context.lower(): status for status in latest_of_each(every)}
    return tuple(latest[context] for context in dict.fromkeys(s.context.lower() for s in every[::-1]))


def tags(call: Call, where: Repository) -> list[ShownTag]:
    """Newest first by the date of their commits."""
    git = call.git(where)
    peeled = [(ref.name.removeprefix(TAGS), git.resolve(ref.sha)) for ref in git.refs(TAGS)]
    shown = [ShownTag(name, commit(call, where, sha)) for name, sha in peeled if sha]
    return sorted(shown, key=lambda tag: (tag.commit.date, tag.name), reverse=True)[:MOST_TAGS]


def recent_commits(call: Call, where: Repository) -> list[ShownCommit]:
    git = call.git(where)
    head = git.ref(f"refs/heads/{where.default_branch}")
    if head is None:
        return []
    return [commit(call, where, each.sha) for each in git.log(head.sha, limit=MOST_COMMITS)]


def comments(
    call: Call, where: Repository, *, sha: str | None = None, number: int | None = None
) -> list[ShownComment]:
    """On a commit or in a conversation, oldest first."""
    found = call.store.all(Comment, repository_id=where.id, sha=sha, number=number)
    kind = "commitcomment" if sha else "issuecomment"
    return [ShownComment(each, f"{kind}-{each.id}", _reactions(call, each)) for each in found]


def _reactions(call: Call, comment: Comment) -> tuple[tuple[str, str, int], ...]:
    given = [r.content for r in call.store.all(Reaction, comment_id=comment.id)]
    counted = [
        (SYMBOLS[kind], kind.name.lower().replace("_", " "), given.count(kind.value))
        for kind in ReactionContent
    ]
    return tuple(each for each in counted if each[2])


def deliveries(call: Call, where: Repository) -> list[ShownDelivery]:
    """The newest of all hooks together."""
    found = [
        ShownDelivery(hook, delivery)
        for hook in call.store.all(Hook, repository_id=where.id)
        for delivery in call.store.recent_deliveries(hook.id, limit=MOST_DELIVERIES)
    ]
    return sorted(found, key=lambda each: each.delivery.id, reverse=True)[:MOST_DELIVERIES]
