"""Which permission of an App each call needs, as GitHub's table of them says, and what an event needs. Pure.

A call that is not in `RULES` is not for installations at all. GitHub is more generous in one place: public
repositories can be read without the permission. Here it is asked for always, so that a permission that is
missing shows before somebody installs the App on a private repository.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

REPOSITORY = r"/repos/[^/]+/[^/]+"
LEVELS = ("read", "write", "admin")


@dataclass(frozen=True, slots=True)
class Need:
    """One of these permissions, at this level; none at all is needed when there are no names."""

    names: tuple[str, ...]
    level: str = "read"

    def met_by(self, granted: Mapping[str, str]) -> bool:
        return not self.names or any(enough(granted.get(name), self.level) for name in self.names)


NOTHING = Need(())
METADATA = Need(("metadata",))
TALK = ("issues", "pull_requests")

RULES: tuple[tuple[str, str, Need], ...] = (
    ("GET", "/rate_limit", NOTHING),
    ("GET", "/users/[^/]+(/repos)?", NOTHING),
    ("GET", "/orgs/[^/]+/repos", METADATA),
    ("POST", "/orgs/[^/]+/repos", Need(("administration",), "write")),
    ("GET", "/apps/[^/]+", NOTHING),
    ("GET", "/installation/repositories", METADATA),
    ("DELETE", "/installation/token", NOTHING),
    ("POST", "/app-manifests/[^/]+/conversions", NOTHING),
    ("[A-Z]+", "/app(/.*)?", NOTHING),  # refused there, in words of its own
    ("GET", REPOSITORY, METADATA),
    ("PATCH|DELETE", REPOSITORY, Need(("administration",), "write")),
    ("POST", REPOSITORY + "/transfer", Need(("administration",), "write")),
    ("GET", REPOSITORY + "/collaborators(/.*)?", METADATA),
    ("PUT|DELETE", REPOSITORY + "/collaborators/[^/]+", Need(("administration",), "write")),
    ("GET", REPOSITORY + "/(tags|forks)", METADATA),
    ("POST", REPOSITORY + "/forks", Need(("contents",))),
    ("GET", REPOSITORY + "/hooks(/.*)?", Need(("repository_hooks",))),
    ("POST|PATCH|DELETE", REPOSITORY + "/hooks(/.*)?", Need(("repository_hooks",), "write")),
    ("GET", REPOSITORY + "/commits/.+/check-(runs|suites)", Need(("checks",))),
    ("GET", REPOSITORY + "/check-(runs|suites)/.*", Need(("checks",))),
    ("POST|PATCH", REPOSITORY + "/check-(runs|suites)(/.*)?", Need(("checks",), "write")),
    ("GET", REPOSITORY + "/(commits/.+/status(es)?|statuses/.+)", Need(("statuses",))),
    ("POST", REPOSITORY + "/statuses/[^/]+", Need(("statuses",), "write")),
    # Comments on commits: anybody who reads may write one, but only `contents: write` edits or reacts.
    ("GET", REPOSITORY + "/(commits/.+/)?comments(/.*)?", METADATA),
    ("POST", REPOSITORY + "/commits/[^/]+/comments", Need(("contents",))),
    ("POST|PATCH|DELETE", REPOSITORY + "/comments/.+", Need(("contents",), "write")),
    ("GET", REPOSITORY + "/(commits|git|contents|branches|compare)(/.*)?", Need(("contents",))),
    ("POST|PUT|PATCH|DELETE", REPOSITORY + "/(git|contents)/.*", Need(("contents",), "write")),
    # Reactions to a comment are under Issues alone, also in the conversation of a pull request.
    ("GET", REPOSITORY + "/issues/comments/[^/]+/reactions", Need(("issues",))),
    ("POST|DELETE", REPOSITORY + "/issues/comments/[^/]+/reactions(/.*)?", Need(("issues",), "write")),
    ("GET", REPOSITORY + "/issues(/.*)?", Need(TALK)),
    ("POST|PATCH|DELETE", REPOSITORY + "/issues/.*", Need(TALK, "write")),
    ("GET", REPOSITORY + "/pulls(/.*)?", Need(("pull_requests",))),
    ("POST|PUT|PATCH", REPOSITORY + "/pulls(/.*)?", Need(("pull_requests",), "write")),
)
"""The first line whose method and path fit counts."""

COMPILED = tuple((re.compile(method), re.compile(path), need) for method, path, need in RULES)
WITH_JWT = re.compile(
    r"/app(/.*)?|/apps/[^/]+|/app-manifests/.*|/rate_limit|(/repos/[^/]+|/orgs|/users)/[^/]+/installation"
)

EVENT_NEEDS: dict[str, Need] = {
    "push": Need(("contents",)),
    "create": Need(("contents",)),
    "delete": Need(("contents",)),
    "release": Need(("contents",)),
    "commit_comment": Need(("contents",)),
    "issue_comment": Need(TALK),
    "pull_request": Need(("pull_requests",)),
    "check_run": Need(("checks",)),
    "check_suite": Need(("checks",)),
    "status": Need(("statuses",)),
    "repository": METADATA,
    "merge_group": Need(("merge_queues",)),
}
"""What an App may subscribe to, and the permission without which it cannot."""


def enough(granted: str | None, wanted: str) -> bool:
    return granted in LEVELS and LEVELS.index(granted) >= LEVELS.index(wanted)


def needed(method: str, path: str) -> Need | None:
    """For an installation's call, ``path`` without ``/api/v3``. None: it is not for installations."""
    method = "GET" if method == "HEAD" else method
    return next((n for m, p, n in COMPILED if m.fullmatch(method) and p.fullmatch(path)), None)


def for_app_itself(path: str) -> bool:
    """Whether an App's JWT is any use there."""
    return WITH_JWT.fullmatch(path) is not None


def within(wanted: Mapping[str, str], granted: Mapping[str, str]) -> bool:
    """Whether a token may have these: never more than its installation has."""
    return all(enough(granted.get(name), level) for name, level in wanted.items() if level in LEVELS) and all(
        level in LEVELS for level in wanted.values()
    )
