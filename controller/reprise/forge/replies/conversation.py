"""Comments, reactions, issues and pull requests as JSON."""

from dataclasses import dataclass

from reprise.forge.links import Links
from reprise.forge.records import Comment, Pull, Reaction, ReactionContent, Repository, User
from reprise.forge.replies.people import JSON, node_id, user


def reaction(links: Links, what: Reaction, author: User) -> JSON:
    return {
        "id": what.id,
        "node_id": node_id("REA", what.id),
        "user": user(links, author),
        "content": what.content,
        "created_at": what.created_at,
    }


def rollup(url: str, reactions: list[Reaction]) -> JSON:
    """How many there are of each kind."""
    contents = [r.content for r in reactions]
    return {
        "url": f"{url}/reactions",
        "total_count": len(contents),
        **{kind.value: contents.count(kind.value) for kind in ReactionContent},
    }


def comment(
    links: Links,
    repository: Repository,
    what: Comment,
    author: User,
    *,
    association: str,
    reactions: list[Reaction],
) -> JSON:
    url = links.comment_api(what, repository)
    return {
        "url": url,
        "html_url": links.comment_page(what, repository),
        "id": what.id,
        "node_id": node_id("CC" if what.sha else "IC", what.id),
        "user": user(links, author),
        "created_at": what.created_at,
        "updated_at": what.updated_at,
        "body": what.body,
        "author_association": association,
        "reactions": rollup(url, reactions),
        **_place(links, repository, what),
    }


def _place(links: Links, repository: Repository, what: Comment) -> JSON:
    if what.sha is not None:
        return {"commit_id": what.sha, "path": None, "position": None, "line": None}
    return {"issue_url": f"{links.api(repository)}/issues/{what.number}", "performed_via_github_app": None}


@dataclass(frozen=True, slots=True)
class PullFacts:
    """What a pull request's JSON needs besides its row."""

    author: User
    association: str
    base: JSON
    """Repository as JSON."""
    base_owner: User
    head: JSON | None
    """None when the fork was deleted."""
    head_owner: User
    comments: int
    commits: int
    changed_files: int
    additions: int
    deletions: int


def issue(links: Links, repository: Repository, pull: Pull, facts: PullFacts) -> JSON:
    """The conversation's side of a pull request: `pull_request` in it is how one tells it from an issue."""
    url = f"{links.api(repository)}/issues/{pull.number}"
    pull_api = f"{links.api(repository)}/pulls/{pull.number}"
    page = links.pull_page(pull, repository)
    return {
        "url": url,
        "repository_url": links.api(repository),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "html_url": page,
        "pull_request": {
            "url": pull_api,
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": None,
        },
        "comments": facts.comments,
        "reactions": rollup(url, []),
        **_common(links, pull, facts),
    }


def pull_request(links: Links, repository: Repository, pull: Pull, facts: PullFacts) -> JSON:
    url = f"{links.api(repository)}/pulls/{pull.number}"
    return {
        **simple_pull_request(links, repository, pull, facts),
        "merged": False,
        "mergeable": True,
        "rebaseable": None,
        "mergeable_state": "clean",
        "merged_by": None,
        "comments": facts.comments,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": facts.commits,
        "additions": facts.additions,
        "deletions": facts.deletions,
        "changed_files": facts.changed_files,
        "url": url,
    }


def simple_pull_request(links: Links, repository: Repository, pull: Pull, facts: PullFacts) -> JSON:
    """The form in lists."""
    page = links.pull_page(pull, repository)
    urls = _pull_urls(links, repository, pull)
    return {
        **urls,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": None,
        "merge_commit_sha": None,
        "requested_reviewers": [],
        "requested_teams": [],
        "draft": False,
        "auto_merge": None,
        "head": _side(links, facts.head, facts.head_owner, pull.head_ref, pull.head_sha),
        "base": _side(links, facts.base, facts.base_owner, pull.base_ref, pull.base_sha),
        "_links": _relations(urls, page),
        **_common(links, pull, facts),
    }


def _common(links: Links, pull: Pull, facts: PullFacts) -> JSON:
    return {
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "number": pull.number,
        "state": pull.state,
        "title": pull.title,
        "body": pull.body,
        "user": user(links, facts.author),
        "author_association": facts.association,
        "labels": [],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "closed_at": pull.closed_at,
    }


def _pull_urls(links: Links, repository: Repository, pull: Pull) -> JSON:
    api = links.api(repository)
    url = f"{api}/pulls/{pull.number}"
    return {
        "url": url,
        "issue_url": f"{api}/issues/{pull.number}",
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{api}/pulls/comments{{/number}}",
        "comments_url": f"{api}/issues/{pull.number}/comments",
        "statuses_url": f"{api}/statuses/{pull.head_sha}",
    }


def _relations(urls: JSON, page: str) -> JSON:
    hrefs = {name.removesuffix("_url"): url for name, url in urls.items() if name != "url"}
    return {name: {"href": url} for name, url in {**hrefs, "self": urls["url"], "html": page}.items()}


def _side(links: Links, repository: JSON | None, owner: User, ref: str, sha: str) -> JSON:
    return {
        "label": f"{owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(links, owner),
        "repo": repository,
    }
