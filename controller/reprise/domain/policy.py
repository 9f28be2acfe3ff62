"""Who may start runs, on which backends, and what they may cost: of a repository, and of this controller.

Pure. A repository's policy is the key ``policy:`` of its default branch, never that of the commit that is
run: else a stranger's pull request would write its own. The stricter of all that apply wins.
"""

from dataclasses import dataclass

from reprise.domain.forge import Permission

SU_SECONDS = 3600.0
"""Machine seconds of one service unit, where a backend has no price of its own: one machine for an hour."""

BACKENDS = ("process", "docker", "chameleon", "kubernetes")
"""That a policy may name, whether this release has them or not."""

WHO = {"write": Permission.WRITE, "admin": Permission.ADMIN}
"""Nobody with less ever starts a run alone."""


@dataclass(frozen=True, slots=True)
class Policy:
    who: Permission = Permission.WRITE
    """The weakest that may start a run, or approve one."""
    max_su_per_run: float | None = None
    max_su_per_month: float | None = None
    """Of one repository in a calendar month, UTC."""
    backends: tuple[str, ...] | None = None
    """None = any."""


UNRESTRICTED = Policy()
"""Where nobody wrote one."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """There is a policy, and nobody knows what it says: then nothing may start."""

    why: str
    """One sentence that names the file."""


def stricter(first: Policy, second: Policy) -> Policy:
    return Policy(
        who=max(first.who, second.who, key=list(Permission).index),
        max_su_per_run=_least(first.max_su_per_run, second.max_su_per_run),
        max_su_per_month=_least(first.max_su_per_month, second.max_su_per_month),
        backends=_both(first.backends, second.backends),
    )


def _least(first: float | None, second: float | None) -> float | None:
    bounds = [bound for bound in (first, second) if bound is not None]
    return min(bounds, default=None)


def _both(first: tuple[str, ...] | None, second: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if first is None or second is None:
        return second if first is None else first
    return tuple(name for name in first if name in second)
