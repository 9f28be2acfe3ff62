"""Commits, tags, refs and statuses as JSON."""

from datetime import UTC, datetime

from reprise.forge.links import Links
from reprise.forge.records import Repository, Status, User
from reprise.forge.replies.people import JSON, node_id, user
from reprise.forge.repositories import Commit, FileChanges, Person, Ref, TagObject

UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def _date(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _person(who: Person) -> JSON:
    return {"name": who.name, "email": who.email, "date": _date(who.date)}


def commit(
    links: Links,
    repository: Repository,
    what: Commit,
    *,
    author: User | None,
    committer: User | None,
    comments: int,
) -> JSON:
    api = links.api(repository)
    url = f"{api}/commits/{what.sha}"
    return {
        "sha": what.sha,
        "node_id": f"C_{what.sha}",
        "commit": {
            "author": _person(what.author),
            "committer": _person(what.committer),
            "message": what.message,
            "tree": {"sha": what.tree, "url": f"{api}/git/trees/{what.tree}"},
            "url": f"{api}/git/commits/{what.sha}",
            "comment_count": comments,
            "verification": UNSIGNED,
        },
        "url": url,
        "html_url": links.commit_page(repository, what.sha),
        "comments_url": f"{url}/comments",
        "author": user(links, author) if author else None,
        "committer": user(links, committer) if committer else None,
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": links.commit_page(repository, sha)}
            for sha in what.parents
        ],
    }


def commit_in_push(links: Links, repository: Repository, what: Commit, files: FileChanges) -> JSON:
    """The shorter form that push payloads use."""
    return {
        "id": what.sha,
        "tree_id": what.tree,
        "distinct": True,
        "message": what.message,
        "timestamp": what.committer.date,
        "url": links.commit_page(repository, what.sha),
        "author": {"name": what.author.name, "email": what.author.email},
        "committer": {"name": what.committer.name, "email": what.committer.email},
        "added": list(files.added),
        "removed": list(files.removed),
        "modified": list(files.modified),
    }


def _object(links: Links, repository: Repository, kind: str, sha: str) -> JSON:
    return {"sha": sha, "type": kind, "url": f"{links.api(repository)}/git/{kind}s/{sha}"}


def ref(links: Links, repository: Repository, what: Ref) -> JSON:
    return {
        "ref": what.name,
        "node_id": f"REF_{repository.id}_{what.name}",
        "url": f"{links.api(repository)}/git/{what.name}",
        "object": _object(links, repository, what.type, what.sha),
    }


def tag_object(links: Links, repository: Repository, what: TagObject) -> JSON:
    nobody = Person("", "", "1970-01-01T00:00:00+00:00")
    return {
        "node_id": f"TA_{what.sha}",
        "tag": what.name,
        "sha": what.sha,
        "url": f"{links.api(repository)}/git/tags/{what.sha}",
        "message": what.message,
        "tagger": _person(what.tagger or nobody),
        "object": _object(links, repository, what.target_type, what.target),
        "verification": UNSIGNED,
    }


def listed_tag(links: Links, repository: Repository, name: str, commit_sha: str) -> JSON:
    api = links.api(repository)
    return {
        "name": name,
        "commit": {"sha": commit_sha, "url": f"{api}/commits/{commit_sha}"},
        "zipball_url": f"{api}/zipball/refs/tags/{name}",
        "tarball_url": f"{api}/tarball/refs/tags/{name}",
        "node_id": f"REF_{repository.id}_refs/tags/{name}",
    }


def simple_status(links: Links, repository: Repository, what: Status) -> JSON:
    return {
        "url": f"{links.api(repository)}/statuses/{what.sha}",
        "avatar_url": links.avatar(what.creator),
        "id": what.id,
        "node_id": node_id("SC", what.id),
        "state": what.state,
        "description": what.description,
        "target_url": what.target_url,
        "context": what.context,
        "created_at": what.created_at,
        "updated_at": what.created_at,
    }


def status(links: Links, repository: Repository, what: Status, creator: User) -> JSON:
    return {**simple_status(links, repository, what), "creator": user(links, creator)}


def combined_state(states: list[str]) -> str:
    """failure if any failed or erred, pending if there is none or any is pending, else success."""
    if any(state in ("error", "failure") for state in states):
        return "failure"
    return "success" if states and all(state == "success" for state in states) else "pending"
