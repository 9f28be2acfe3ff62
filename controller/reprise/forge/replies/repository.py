"""Repositories as JSON: the full form, and the few changes that push payloads make to it."""

from datetime import datetime

from reprise.domain.forge import Permission
from reprise.forge.links import Links
from reprise.forge.records import Repository, User
from reprise.forge.replies.people import JSON, PERMISSIONS, node_id, user

URL_TEMPLATES = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def repository(
    links: Links,
    what: Repository,
    owner: User,
    *,
    role: Permission = Permission.READ,
    forks: int = 0,
    open_pulls: int = 0,
) -> JSON:
    api = links.api(what)
    return {
        "id": what.id,
        "node_id": node_id("R", what.id),
        "name": what.name,
        "full_name": what.full_name,
        "owner": user(links, owner),
        "private": what.private,
        "visibility": "private" if what.private else "public",
        "html_url": links.page(what),
        "description": what.description,
        "fork": what.fork_of is not None,
        "url": api,
        **{name: api + template for name, template in URL_TEMPLATES.items()},
        "git_url": links.clone(what),
        "ssh_url": links.clone(what),
        "clone_url": links.clone(what),
        "svn_url": links.page(what),
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "topics": [],
        "custom_properties": {},
        "default_branch": what.default_branch,
        "permissions": PERMISSIONS[role],
        **_counts(forks, open_pulls),
        **_switches(),
        "archived": what.archived,
        "created_at": what.created_at,
        "updated_at": what.pushed_at,
        "pushed_at": what.pushed_at,
    }


def _counts(forks: int, open_pulls: int) -> JSON:
    return {
        "forks_count": forks,
        "forks": forks,
        "open_issues_count": open_pulls,
        "open_issues": open_pulls,
        "stargazers_count": 0,
        "watchers_count": 0,
        "watchers": 0,
        "size": 0,
    }


def _switches() -> JSON:
    on = ("has_issues", "allow_forking")
    off = (
        "has_projects",
        "has_wiki",
        "has_pages",
        "has_discussions",
        "has_downloads",
        "disabled",
        "is_template",
        "web_commit_signoff_required",
    )
    return {**dict.fromkeys(on, True), **dict.fromkeys(off, False)}


def full_repository(listed: JSON) -> JSON:
    """As the call for one repository answers; elsewhere two counts are left out."""
    return {**listed, "network_count": listed["forks_count"], "subscribers_count": 0}


def repository_in_push(full: JSON) -> JSON:
    """Push payloads write two times as seconds since 1970, and name the owner twice."""
    owner = full["owner"]
    return {
        **full,
        "url": full["html_url"],
        "owner": {**owner, "name": owner["login"], "email": None},
        "created_at": _seconds(full["created_at"]),
        "pushed_at": _seconds(full["pushed_at"]),
        "stargazers": 0,
        "master_branch": full["default_branch"],
    }


def _seconds(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp())
