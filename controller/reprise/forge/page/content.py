"""What the pages show, gathered from rows and git."""

from dataclasses import dataclass

from reprise.forge import views
from reprise.forge.access import Call
from reprise.forge.checks import Annotation, CheckRun
from reprise.forge.page import checks
from reprise.forge.page.checks import Checks
from reprise.forge.records import Comment, Delivery, Hook, Pull, Reaction, ReactionContent, Repository, User

MOST_TAGS = 30
MOST_COMMITS = 10
MOST_DELIVERIES = 15
MOST_LINES = 12
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
    login: str | None
    """The author's account, if the address of the commit is one's."""
    checks: Checks
    comments: int


@dataclass(frozen=True, slots=True)
class ShownTag:
    name: str
    commit: ShownCommit


@dataclass(frozen=True, slots=True)
class ShownComment:
    comment: Comment
    anchor: str
    badges: tuple[str, ...]
    mine: bool
    """Whether the visitor may change it."""
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
    account = call.store.one(User, email=found.author.email)
    return ShownCommit(
        sha=sha,
        title=title,
        body=body.strip(),
        author=found.author.name,
        date=found.committer.date,
        login=account.login if account else None,
        checks=checks.of_commit(call, where, sha),
        comments=len(call.store.all(Comment, repository_id=where.id, sha=sha)),
    )


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


@dataclass(frozen=True, slots=True)
class ShownPull:
    pull: Pull
    head: Repository
    checks: Checks
    comments: int


def pulls(call: Call, where: Repository) -> list[ShownPull]:
    """Newest first."""
    return [
        ShownPull(
            each,
            call.store.get(Repository, each.head_repository_id),
            checks.of_commit(call, where, each.head_sha),
            len(call.store.all(Comment, repository_id=where.id, number=each.number)),
        )
        for each in call.store.all(Pull, repository_id=where.id)[::-1]
    ]


def pull_commits(call: Call, where: Repository, pull: Pull) -> list[ShownCommit]:
    """Those that it brings, oldest first."""
    found = call.git(where).log(pull.head_sha, f"^{pull.base_sha}", limit=MOST_COMMITS)
    return [commit(call, where, each.sha) for each in found[::-1]]


def comments(
    call: Call, where: Repository, *, sha: str | None = None, pull: Pull | None = None
) -> list[ShownComment]:
    """On a commit or in a conversation, oldest first."""
    number = pull.number if pull else None
    found = call.store.all(Comment, repository_id=where.id, sha=sha, number=number)
    kind = "commitcomment" if sha else "issuecomment"
    return [
        ShownComment(
            each,
            f"{kind}-{each.id}",
            badges(call, where, each.author, opener=pull.author if pull else None),
            _may_change(call, where, each),
            _reactions(call, each),
        )
        for each in found
    ]


def badges(call: Call, where: Repository, login: str, *, opener: str | None) -> tuple[str, ...]:
    """What somebody is here, in a word or two."""
    user = call.store.one(User, login=login)
    found = {
        "bot": user is not None and user.kind == "Bot",
        "Author": login == opener,
        views.association(call, where, login).title(): True,
    }
    return tuple(word for word, fits in found.items() if fits and word != "None")


def _may_change(call: Call, where: Repository, comment: Comment) -> bool:
    return call.user is not None and (call.user.login == comment.author or call.role(where).may_write)


def _reactions(call: Call, comment: Comment) -> tuple[tuple[str, str, int], ...]:
    given = [r.content for r in call.store.all(Reaction, comment_id=comment.id)]
    counted = [
        (SYMBOLS[kind], kind.name.lower().replace("_", " "), given.count(kind.value))
        for kind in ReactionContent
    ]
    return tuple(each for each in counted if each[2])


def deliveries(call: Call, where: Repository) -> list[ShownDelivery]:
    """The newest of all hooks together, those of Apps too."""
    newest = call.store.deliveries_about(where.id, limit=MOST_DELIVERIES)
    return [ShownDelivery(call.store.get(Hook, each.hook_id), each) for each in newest]


@dataclass(frozen=True, slots=True)
class ShownAnnotation:
    annotation: Annotation
    place: str
    """``reprise.yaml:12`` or ``reprise.yaml:12-14``"""
    lines: tuple[tuple[int, str, bool], ...]
    """The file's lines around it: number, text and whether it is meant."""


def annotations(call: Call, where: Repository, run: CheckRun) -> list[ShownAnnotation]:
    git = call.git(where)
    found = call.store.all(Annotation, check_run_id=run.id)
    texts = {path: git.text(run.sha, path) for path in {each.path for each in found}}
    return [ShownAnnotation(each, _place(each), _around(each, texts[each.path])) for each in found]


def _place(what: Annotation) -> str:
    end = f"-{what.end_line}" if what.end_line > what.start_line else ""
    return f"{what.path}:{what.start_line}{end}"


def _around(what: Annotation, text: str | None) -> tuple[tuple[int, str, bool], ...]:
    """Two lines more on both sides, at most a dozen altogether."""
    lines = (text or "").splitlines()
    first = max(1, what.start_line - 2)
    last = min(len(lines), what.end_line + 2, first + MOST_LINES - 1)
    meant = range(what.start_line, what.end_line + 1)
    return tuple((number, lines[number - 1], number in meant) for number in range(first, last + 1))
