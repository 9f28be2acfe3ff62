"""Users as JSON, and the words for what somebody is to a repository."""

from typing import Any

from reprise.domain.forge import Permission
from reprise.forge.links import Links
from reprise.forge.records import User

JSON = dict[str, Any]


def node_id(kind: str, id: int) -> str:
    return f"{kind}_{id:08d}"


def user(links: Links, who: User) -> JSON:
    api = links.user_api(who.login)
    return {
        "login": who.login,
        "id": who.id,
        "node_id": node_id("U", who.id),
        "avatar_url": links.avatar(who.login),
        "gravatar_id": "",
        "url": api,
        "html_url": links.user_page(who.login),
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": who.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def public_user(links: Links, who: User, *, repositories: int, since: str) -> JSON:
    return {
        **user(links, who),
        "name": who.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": who.email,
        "hireable": None,
        "bio": None,
        "public_repos": repositories,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": since,
        "updated_at": since,
    }


PERMISSIONS: dict[Permission, JSON] = {
    role: {
        "pull": role is not Permission.NONE,
        "triage": role.may_write,
        "push": role.may_write,
        "maintain": role is Permission.ADMIN,
        "admin": role is Permission.ADMIN,
    }
    for role in Permission
}


def collaborator(links: Links, who: User, role: Permission) -> JSON:
    return {
        "permission": role.value,
        "role_name": role.value,
        "user": {**user(links, who), "permissions": PERMISSIONS[role], "role_name": role.value},
    }
