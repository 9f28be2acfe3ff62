"""May this be run? A decision with a reason that says what to do next. Pure; docs/trust.md is its table.

Intake asks before it adds a run, and again when somebody approves a plan. Whatever is asked for by somebody
who may not start runs needs the approval of somebody who may, bound to one commit.
"""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from reprise.domain.forge import Permission
from reprise.domain.policy import SU_SECONDS, Policy, Unreadable
from reprise.domain.words import duration


class Kind(Enum):
    """What asks."""

    TAG = "tag"
    SWEEP = "sweep"
    COMMENT = "comment on a pull request"
    COMMIT_COMMENT = "comment on a commit"
    BUTTON = "button of a check"


class Named(Enum):
    """Which commit was asked for, seen from the head of the pull request as it is now."""

    NOTHING = "no commit was named"
    HEAD = "the current head"
    OTHER = "another commit"


@dataclass(frozen=True, slots=True)
class Asked:
    kind: Kind
    permission: Permission
    """As the forge says now; of a tag what its push needed."""
    from_fork: bool
    """The commit comes from another repository, or nobody knows from which."""
    named: Named

    @property
    def untrusted(self) -> bool:
        """Other commits may be a fork's too: a forge finds those in the repository that was forked."""
        return self.from_fork or self.named is Named.OTHER


@dataclass(frozen=True, slots=True)
class Cost:
    """Machine seconds. A spec that cannot be read costs nothing."""

    expected: float | None = None
    """None = unknown."""
    most: float = 0.0
    """When every trial takes all of its time."""
    spent: float = 0.0
    """By this repository this month."""
    reserved: float = 0.0
    """The limits of its runs that have not ended."""
    rate: float = 1.0
    """Service units an hour of the machine that it would get; of the other two they cost one."""


@dataclass(frozen=True, slots=True)
class Allowed:
    reason: str
    limit: float | None = None
    """Machine seconds after which the run is ended; None = no policy bounds it."""


@dataclass(frozen=True, slots=True)
class NeedsApproval:
    reason: str
    themself: bool = False
    """Whoever asked may give it, by naming the commit."""


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str


Decision = Allowed | NeedsApproval | Refused


def decide(asked: Asked, policy: Policy | Unreadable, cost: Cost) -> Decision:
    if isinstance(policy, Unreadable):
        return Refused(f"{policy.why}; until it is mended on the default branch nothing is run here.")
    if refused := _out_of_place(asked) or over_budget(policy, cost):
        return refused
    return _by(asked, policy, limit(policy, cost))


def limit(policy: Policy, cost: Cost) -> float | None:
    """Machine seconds that a run may take; None where no policy bounds it."""
    if policy.max_su_per_run is None and policy.max_su_per_month is None:
        return None
    bounds = [cost.most, _seconds(policy.max_su_per_run, cost), _left(policy, cost)]
    return min(bound for bound in bounds if bound is not None)


def over_budget(policy: Policy, cost: Cost) -> Refused | None:
    run, left = _seconds(policy.max_su_per_run, cost), _left(policy, cost)
    if run is not None and cost.expected is not None and cost.expected > run:
        return Refused(
            f"This is expected to take {duration(cost.expected)} of one machine, and the policy allows "
            f"{duration(run)} per run: ask for less, or raise `policy.max_su_per_run` on the default branch."
        )
    if left is not None and cost.most > 0 and (left <= 0 or (cost.expected or 0.0) > left):
        return Refused(_month(policy, cost))
    return None


def _month(policy: Policy, cost: Cost) -> str:
    allowed = duration(_seconds(policy.max_su_per_month, cost) or 0.0)
    going_on = duration(cost.reserved / cost.rate)
    reserved = f" and {going_on} are reserved for runs that go on" if cost.reserved else ""
    return (
        f"Of the {allowed} of one machine that the policy allows this repository in a month, "
        f"{duration(cost.spent / cost.rate)} are spent{reserved}, which leaves too little: wait for the next "
        "month, or raise `policy.max_su_per_month` on the default branch."
    )


def _seconds(service_units: float | None, cost: Cost) -> float | None:
    return None if service_units is None else service_units * SU_SECONDS / cost.rate


def _left(policy: Policy, cost: Cost) -> float | None:
    month = _seconds(policy.max_su_per_month, cost)
    return None if month is None else max(month - (cost.spent + cost.reserved) / cost.rate, 0.0)


def _out_of_place(asked: Asked) -> Refused | None:
    """What nobody may start, whoever asks."""
    match asked.kind:
        case Kind.TAG | Kind.SWEEP | Kind.COMMIT_COMMENT:
            if asked.from_fork:
                return Refused("A fork's commit is run from its pull request only: comment there.")
        case Kind.COMMENT:
            if asked.from_fork and asked.named is Named.OTHER:
                return Refused(MOVED)
        case Kind.BUTTON:
            # A check stands on one commit, which whoever clicks has before them.
            if asked.from_fork and asked.named is not Named.HEAD:
                return Refused(MOVED)
        case _:
            assert_never(asked.kind)
    return None


MOVED = "That is not the head of this pull request: look at its newest commits, then name the head."


def _by(asked: Asked, policy: Policy, most: float | None) -> Decision:
    enough = asked.permission.covers(policy.who)
    match asked.kind:
        case Kind.TAG | Kind.SWEEP:
            return _tag(asked, most)
        case Kind.COMMIT_COMMENT | Kind.BUTTON:
            return Allowed("may start runs", most) if enough else Refused(_ask(policy))
        case Kind.COMMENT:
            return _comment(asked, policy, most, enough=enough)
        case _:
            assert_never(asked.kind)


def _tag(asked: Asked, most: float | None) -> Decision:
    """``policy.who`` is not asked: the forge's own rules for tags say who may push one."""
    if asked.permission.may_write:
        return Allowed("pushed by somebody who may write", most)
    return Refused("Only tags of people who may write are run: ask one of them to push it.")


def _comment(asked: Asked, policy: Policy, most: float | None, *, enough: bool) -> Decision:
    if not enough and asked.named is Named.OTHER:
        return Refused("A plan is made for the head of a pull request only: leave the commit out.")
    if not enough:
        return NeedsApproval(_ask(policy))
    if asked.from_fork and asked.named is Named.NOTHING:
        return NeedsApproval("This is a fork's code: look at it, then name the commit.", themself=True)
    return Allowed("may start runs", most)


def _ask(policy: Policy) -> str:
    who = "an administrator" if policy.who is Permission.ADMIN else "somebody who may write"
    return f"Only {who} may start runs in this repository: ask them to."


# --- approving -----------------------------------------------------------------------------------------


class Standing(Enum):
    """Of a plan that somebody wants to approve."""

    OPEN = "open"
    UNKNOWN = "unknown"
    APPROVED = "approved"
    VOID = "void"
    EXPIRED = "expired"
    MOVED = "the head has moved"
    CLOSED = "the pull request is closed"


AGAIN = "`/reproduce plan` makes a new one."
CANNOT_APPROVE: dict[Standing, str] = {
    Standing.OPEN: "",
    Standing.UNKNOWN: f"There is no such plan in this pull request. {AGAIN}",
    Standing.APPROVED: f"That plan was approved already, and counts once. {AGAIN}",
    Standing.VOID: f"That plan is void. {AGAIN}",
    Standing.EXPIRED: f"That plan has expired. {AGAIN}",
    Standing.MOVED: f"There are new commits since that plan was made, so it is void. {AGAIN}",
    Standing.CLOSED: "This pull request is closed: reopen it, then ask for a new plan.",
}


def approve(
    permission: Permission, standing: Standing, policy: Policy | Unreadable, cost: Cost, planned: float
) -> Allowed | Refused:
    """``planned``: machine seconds that the plan showed as its limit."""
    if isinstance(policy, Unreadable):
        return Refused(f"{policy.why}; until it is mended on the default branch nothing is run here.")
    if not permission.covers(policy.who):
        who = "an administrator" if policy.who is Permission.ADMIN else "somebody who may write"
        return Refused(f"Only {who} may approve a plan in this repository: ask them to.")
    if standing is not Standing.OPEN:
        return Refused(CANNOT_APPROVE[standing])
    if refused := over_budget(policy, cost):
        return refused
    bound = limit(policy, cost)
    return Allowed("approved", planned if bound is None else min(planned, bound))
