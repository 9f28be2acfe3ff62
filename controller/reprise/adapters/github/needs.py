"""What a GitHub App must be granted and be told of, and what does not work without each.

The manifest of ``/setup`` asks for exactly this, and `reprise doctor github` compares it with what each
installation has. Adding one later takes every owner's consent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

READ = "read"
WRITE = "write"
_LEVELS = {READ: 1, WRITE: 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Need:
    level: str
    without: str
    """The rest of a sentence that begins with ``without it``."""


PERMISSIONS: dict[str, Need] = {
    "metadata": Need(READ, "no repository can be seen, and nobody's role in one"),
    "contents": Need(READ, "no commit can be fetched, so nothing runs"),
    "checks": Need(WRITE, "no check run appears: no live phase, no report on a tag, no Reproduce button"),
    "issues": Need(WRITE, "no comment is answered, by text or by a reaction"),
    "pull_requests": Need(READ, "no /reproduce on a pull request works"),
    "statuses": Need(WRITE, "no verdict appears on commits"),
    "merge_queues": Need(READ, "a merge queue that requires our check waits for it in vain"),
}
"""GitHub's name → what we need."""

EVENTS: dict[str, str] = {
    "push": "tags are found by the sweep only, minutes late",
    "create": "a tag of which no push tells is found by the sweep only, minutes late",
    "delete": "the run of a deleted tag goes on until the sweep, minutes later",
    "issue_comment": "/reproduce on a pull request is found by the sweep only, minutes late",
    "commit_comment": "/reproduce on a commit is found by the sweep only, minutes late",
    "pull_request": (
        "a new push to a pull request voids its approvals only when they are used, "
        "and closing one ends a fork's code at the next look"
    ),
    "merge_group": "a merge queue that requires our check waits for it in vain",
    "repository": "a renamed, moved or hidden repository is noticed by the sweep only",
}
"""GitHub's name of an event → what happens when it is not sent. Its prerequisites stand above."""

AUTOMATIC = frozenset({"ping", "installation", "installation_repositories", "check_run", "check_suite"})
"""Sent to every App that may have them; a manifest that names one of them is refused."""


def missing_permissions(granted: Mapping[str, str]) -> dict[str, Need]:
    """A higher level includes the lower ones."""
    return {
        name: need
        for name, need in PERMISSIONS.items()
        if _LEVELS.get(granted.get(name, ""), 0) < _LEVELS[need.level]
    }


def missing_events(sent: Iterable[str]) -> dict[str, str]:
    known = set(sent)
    return {name: without for name, without in EVENTS.items() if name not in known}
