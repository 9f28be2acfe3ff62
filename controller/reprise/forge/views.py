"""Records as JSON together with what belongs to them: looks up owners, authors and counts for `replies`."""

from reprise.forge.access import Call
from reprise.forge.checks import Annotation, CheckRun, CheckSuite, suite_state
from reprise.forge.records import App, Comment, Hook, Installation, Pull, Reaction, Repository, Status, User
from reprise.forge.replies import apps, checks, commits, conversation, hooks, people
from reprise.forge.replies import repository as repositories
from reprise.forge.replies.people import JSON


def repository(call: Call, what: Repository) -> JSON:
    store = call.store
    return repositories.repository(
        call.links,
        what,
        call.person(what.owner),
        role=call.role(what),
        forks=len(store.all(Repository, fork_of=what.id)),
        open_pulls=len(store.all(Pull, repository_id=what.id, state="open")),
    )


def full_repository(call: Call, what: Repository) -> JSON:
    return repositories.full_repository(repository(call, what))


def app(call: Call, what: App) -> JSON:
    there = call.store.all(Installation, app_id=what.id, deleted_at=None)
    return apps.app(call.links, what, call.person(what.owner), installations=len(there))


def installation(call: Call, what: Installation) -> JSON:
    by = call.person(what.suspended_by) if what.suspended_by else None
    app = call.store.get(App, what.app_id)
    return apps.installation(call.links, what, app, call.person(what.account), by)


def user(call: Call, login: str) -> JSON:
    return people.user(call.links, call.person(login))


def commit(call: Call, where: Repository, sha: str) -> JSON:
    store = call.store
    found = call.git(where).commit(sha)
    return commits.commit(
        call.links,
        where,
        found,
        author=store.one(User, email=found.author.email),
        committer=store.one(User, email=found.committer.email),
        comments=len(store.all(Comment, repository_id=where.id, sha=sha)),
    )


def commit_in_push(call: Call, where: Repository, sha: str) -> JSON:
    git = call.git(where)
    return commits.commit_in_push(call.links, where, git.commit(sha), git.file_changes(sha))


def status(call: Call, where: Repository, what: Status) -> JSON:
    return commits.status(call.links, where, what, call.person(what.creator))


def comment(call: Call, where: Repository, what: Comment) -> JSON:
    return conversation.comment(
        call.links,
        where,
        what,
        call.person(what.author),
        association=association(call, where, what.author),
        reactions=call.store.all(Reaction, comment_id=what.id),
    )


def association(call: Call, where: Repository, login: str) -> str:
    if login.lower() == where.owner.lower():
        return "OWNER"
    return "COLLABORATOR" if call.store.is_member(where, login) else "NONE"


def reaction(call: Call, what: Reaction) -> JSON:
    return conversation.reaction(call.links, what, call.person(what.author))


def pull(call: Call, where: Repository, what: Pull) -> JSON:
    return conversation.pull_request(call.links, where, what, _pull_facts(call, where, what))


def simple_pull(call: Call, where: Repository, what: Pull) -> JSON:
    return conversation.simple_pull_request(call.links, where, what, _pull_facts(call, where, what))


def issue(call: Call, where: Repository, what: Pull) -> JSON:
    return conversation.issue(call.links, where, what, _pull_facts(call, where, what))


def _pull_facts(call: Call, where: Repository, what: Pull) -> conversation.PullFacts:
    head = call.store.get(Repository, what.head_repository_id)
    files, additions, deletions = call.git(where).line_changes(what.base_sha, what.head_sha)
    return conversation.PullFacts(
        author=call.person(what.author),
        association=association(call, where, what.author),
        base=repository(call, where),
        base_owner=call.person(where.owner),
        head=repository(call, head) if head.owner else None,
        head_owner=call.person(head.owner or what.author),
        comments=len(call.store.all(Comment, repository_id=where.id, number=what.number)),
        commits=call.git(where).count(what.base_sha, what.head_sha),
        changed_files=files,
        additions=additions,
        deletions=deletions,
    )


def hook(call: Call, where: Repository, what: Hook) -> JSON:
    recent = call.store.recent_deliveries(what.id, limit=5)
    last = next((each for each in recent if not each.pending), None)
    return hooks.hook(call.links, where, what, last)


def check_run(call: Call, where: Repository, what: CheckRun) -> JSON:
    return checks.check_run(call.links, where, what, _check_facts(call, where, what))


def check_run_in_event(call: Call, where: Repository, what: CheckRun) -> JSON:
    """With its whole suite, where replies only have the suite's number."""
    suite = call.store.get(CheckSuite, what.suite_id)
    parents = call.git(where).commit(what.sha).parents
    facts = _check_facts(call, where, what)
    inside = checks.suite_in_event(
        call.links,
        where,
        suite,
        facts,
        state=suite_state(call.store.all(CheckRun, suite_id=suite.id)),
        before=parents[0] if parents else None,
        updated_at=what.updated_at,
    )
    return {**checks.check_run(call.links, where, what, facts), "check_suite": inside}


def _check_facts(call: Call, where: Repository, what: CheckRun) -> checks.CheckFacts:
    here = {"repository_id": where.id, "head_repository_id": where.id}
    pulls = call.store.all(Pull, **here, head_sha=what.sha, state="open")
    made_by = app(call, call.store.get(App, what.app_id))
    made_by.pop("installations_count")  # an App is told this of itself alone
    return checks.CheckFacts(
        app=made_by,
        pulls=[checks.pull_in_check(call.links, where, each) for each in pulls],
        annotations=len(call.store.all(Annotation, check_run_id=what.id)),
    )


def annotation(call: Call, where: Repository, run: CheckRun, what: Annotation) -> JSON:
    return checks.annotation(call.links, where, what, run.sha)
