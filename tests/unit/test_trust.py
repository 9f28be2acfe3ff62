"""Who may start what: every combination, against rules that are stated here and not in the code."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from reprise.domain.forge import Permission
from reprise.domain.policy import SU_SECONDS, Policy, Unreadable, stricter
from reprise.domain.spec.keys import SECTIONS
from reprise.domain.trust import (
    Allowed,
    Asked,
    Cost,
    Decision,
    Kind,
    Named,
    NeedsApproval,
    Refused,
    Standing,
    approve,
    decide,
)

OUTSIDERS = (Permission.NONE, Permission.READ)
BOUNDS = (None, 1.0)
POLICIES = tuple(
    Policy(who, run, month, backends)
    for who, run, month, backends in product(
        (Permission.WRITE, Permission.ADMIN),
        BOUNDS,
        BOUNDS,
        (None, ("process", "docker"), ("docker",)),
    )
)
LOST = Unreadable("The policy cannot be read: reprise.yaml:3:1: unknown key 'whom'")
HOUR = SU_SECONDS
COSTS = tuple(
    Cost(expected, most, spent, reserved)
    for (expected, most), spent, reserved in product(
        ((None, 0.0), (0.5 * HOUR, 2 * HOUR), (2 * HOUR, 4 * HOUR)),
        (0.0, 0.8 * HOUR),
        (0.0, 0.5 * HOUR),
    )
)
ASKED = tuple(
    Asked(kind, permission, from_fork, named)
    for kind, permission, from_fork, named in product(Kind, Permission, (False, True), Named)
)
FREE = Cost()
Rule = Callable[[Asked, Policy, Cost, Decision], bool]


def rank(decision: Decision) -> int:
    match decision:
        case Refused():
            return 0
        case NeedsApproval():
            return 1
        case Allowed():
            return 2


def outsiders_never_start(asked: Asked, policy: Policy, cost: Cost, decision: Decision) -> bool:
    return not (asked.permission in OUTSIDERS and isinstance(decision, Allowed))


def a_fork_runs_at_its_named_head_only(asked: Asked, policy: Policy, cost: Cost, decision: Decision) -> bool:
    if not asked.from_fork or not isinstance(decision, Allowed):
        return True
    return asked.named is Named.HEAD and asked.kind in (Kind.COMMENT, Kind.BUTTON)


def only_a_pull_request_gets_plans(asked: Asked, policy: Policy, cost: Cost, decision: Decision) -> bool:
    return asked.kind is Kind.COMMENT or not isinstance(decision, NeedsApproval)


def a_plan_is_of_the_head(asked: Asked, policy: Policy, cost: Cost, decision: Decision) -> bool:
    return not (isinstance(decision, NeedsApproval) and asked.named is Named.OTHER)


def only_who_may_approve_is_told_to_name_the_commit(
    asked: Asked, policy: Policy, cost: Cost, decision: Decision
) -> bool:
    if not (isinstance(decision, NeedsApproval) and decision.themself):
        return True
    named = Asked(asked.kind, asked.permission, asked.from_fork, Named.HEAD)
    return asked.from_fork and isinstance(decide(named, policy, cost), Allowed)


def where_administrators_start_writers_do_not(
    asked: Asked, policy: Policy, cost: Cost, decision: Decision
) -> bool:
    if policy.who is not Permission.ADMIN or asked.kind in (Kind.TAG, Kind.SWEEP):
        return True
    return asked.permission is Permission.ADMIN or not isinstance(decision, Allowed)


def too_dear_a_run_is_refused(asked: Asked, policy: Policy, cost: Cost, decision: Decision) -> bool:
    most = policy.max_su_per_run
    dear = most is not None and cost.expected is not None and cost.expected > most * HOUR
    return not dear or isinstance(decision, Refused)


def a_spent_month_runs_nothing(asked: Asked, policy: Policy, cost: Cost, decision: Decision) -> bool:
    month = policy.max_su_per_month
    gone = month is not None and cost.spent + cost.reserved >= month * HOUR and cost.most > 0
    return not gone or isinstance(decision, Refused)


def no_run_may_take_more_than_is_left(asked: Asked, policy: Policy, cost: Cost, decision: Decision) -> bool:
    if not isinstance(decision, Allowed):
        return True
    run, month = policy.max_su_per_run, policy.max_su_per_month
    if run is None and month is None:
        return decision.limit is None
    assert decision.limit is not None
    left = None if month is None else max(month * HOUR - cost.spent - cost.reserved, 0)
    return (
        decision.limit <= cost.most
        and (run is None or decision.limit <= run * HOUR)
        and (left is None or decision.limit <= left)
    )


def a_writer_with_no_policy_is_not_kept(asked: Asked, policy: Policy, cost: Cost, decision: Decision) -> bool:
    if policy != Policy() or not asked.permission.may_write or asked.from_fork:
        return True
    return isinstance(decision, Allowed)


def anybody_gets_a_plan_of_a_head(asked: Asked, policy: Policy, cost: Cost, decision: Decision) -> bool:
    if policy != Policy() or asked.kind is not Kind.COMMENT or asked.permission not in OUTSIDERS:
        return True
    return isinstance(decision, NeedsApproval) or asked.named is Named.OTHER


RULES: tuple[Rule, ...] = (
    outsiders_never_start,
    a_fork_runs_at_its_named_head_only,
    only_a_pull_request_gets_plans,
    a_plan_is_of_the_head,
    only_who_may_approve_is_told_to_name_the_commit,
    where_administrators_start_writers_do_not,
    too_dear_a_run_is_refused,
    a_spent_month_runs_nothing,
    no_run_may_take_more_than_is_left,
    a_writer_with_no_policy_is_not_kept,
    anybody_gets_a_plan_of_a_head,
)


def test_every_combination_keeps_to_every_rule() -> None:
    seen = set()
    for asked, policy, cost in product(ASKED, POLICIES, COSTS):
        decision = decide(asked, policy, cost)
        seen.add(type(decision))
        broken = [rule.__name__ for rule in RULES if not rule(asked, policy, cost, decision)]
        assert not broken, f"{broken}: {asked} {policy} {cost} → {decision}"
    assert seen == {Allowed, NeedsApproval, Refused}


def test_who_may_more_is_never_allowed_less() -> None:
    for kind, from_fork, named in product(Kind, (False, True), Named):
        for policy in POLICIES:
            ranks = [rank(decide(Asked(kind, p, from_fork, named), policy, FREE)) for p in Permission]
            assert ranks == sorted(ranks), (kind, from_fork, named, policy, ranks)


def test_a_stricter_policy_never_allows_more() -> None:
    cost = Cost(HOUR, 2 * HOUR, spent=0.5 * HOUR)
    for asked, one, other in product(ASKED, POLICIES, POLICIES):
        both = stricter(one, other)
        most = min(rank(decide(asked, one, cost)), rank(decide(asked, other, cost)))
        assert rank(decide(asked, both, cost)) <= most, (asked, one, other)


def test_both_policies_together_are_as_strict_as_either_and_in_any_order() -> None:
    for one, other in product(POLICIES, POLICIES):
        both, back = stricter(one, other), stricter(other, one)
        assert (both.who, both.max_su_per_run, both.max_su_per_month) == (
            back.who,
            back.max_su_per_run,
            back.max_su_per_month,
        )
        assert set(both.backends or ()) == set(back.backends or ())
        assert stricter(both, one) == both


def test_naming_the_head_is_never_worse_than_naming_nothing_or_something_else() -> None:
    for kind, permission, from_fork in product(Kind, Permission, (False, True)):
        ranks = {n: rank(decide(Asked(kind, permission, from_fork, n), Policy(), FREE)) for n in Named}
        assert ranks[Named.HEAD] == max(ranks.values())


def test_a_policy_that_nobody_can_read_allows_nothing() -> None:
    for asked in ASKED:
        decision = decide(asked, LOST, FREE)
        assert isinstance(decision, Refused)
        assert "reprise.yaml:3:1" in decision.reason
    for permission, standing in product(Permission, Standing):
        assert isinstance(approve(permission, standing, LOST, FREE, 1.0), Refused)


def test_a_dearer_machine_reaches_the_same_bound_earlier() -> None:
    """At 4 SU an hour an hour costs what four hours of others do."""
    asked = Asked(Kind.TAG, Permission.WRITE, from_fork=False, named=Named.NOTHING)
    cost = Cost(HOUR, 10 * HOUR, spent=8 * HOUR, rate=4)
    assert decide(asked, Policy(max_su_per_run=4, max_su_per_month=100), cost) == Allowed(
        "pushed by somebody who may write", HOUR
    )
    assert isinstance(decide(asked, Policy(max_su_per_run=3.9), cost), Refused)
    refused = decide(asked, Policy(max_su_per_month=11), cost)
    assert isinstance(refused, Refused)
    assert "Of the 2 h 45 min of one machine" in refused.reason
    assert "2 h are spent" in refused.reason


def test_every_refusal_is_a_sentence_that_says_what_to_do_next() -> None:
    policies: tuple[Policy | Unreadable, ...] = (*POLICIES, LOST)
    reasons = {
        decision.reason
        for asked, policy, cost in product(ASKED, policies, COSTS)
        if not isinstance(decision := decide(asked, policy, cost), Allowed)
    }
    asking = ("ask", "comment there", "look at", "leave the commit out", "mended", "raise", "name the commit")
    for reason in reasons:
        assert reason[0].isupper(), reason
        assert reason.endswith("."), reason
        assert any(word in reason for word in asking), reason


# --- approving -----------------------------------------------------------------------------------------


def test_every_approval_is_by_somebody_who_may_of_a_plan_that_stands() -> None:
    for permission, standing, policy, cost in product(Permission, Standing, POLICIES, COSTS):
        decision = approve(permission, standing, policy, cost, 2 * HOUR)
        if isinstance(decision, Refused):
            assert decision.reason.endswith(".")
            continue
        assert permission not in OUTSIDERS
        assert permission.covers(policy.who)
        assert standing is Standing.OPEN
        assert decision.limit is not None
        assert decision.limit <= 2 * HOUR
        asked = Asked(Kind.COMMENT, permission, True, Named.HEAD)
        assert isinstance(decide(asked, policy, cost), Allowed), "an approval overrides no policy"


@pytest.mark.parametrize("standing", [each for each in Standing if each is not Standing.OPEN])
def test_a_plan_that_does_not_stand_is_refused_with_its_reason(standing: Standing) -> None:
    decision = approve(Permission.ADMIN, standing, Policy(), FREE, 1.0)
    assert isinstance(decision, Refused)
    assert "plan" in decision.reason


# --- docs/trust.md -------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs/trust.md").read_text(encoding="utf-8")
ROWS = {
    "a tag": (Kind.TAG, False, Named.NOTHING),
    "`/reproduce` on a pull request of a branch here": (Kind.COMMENT, False, Named.NOTHING),
    "`/reproduce` on a fork's pull request": (Kind.COMMENT, True, Named.NOTHING),
    "`/reproduce SHA` on a fork's pull request": (Kind.COMMENT, True, Named.HEAD),
    "`/reproduce` on a tagged commit, a check's button": (Kind.COMMIT_COMMENT, False, Named.NOTHING),
}
SAID = {
    "runs": (Allowed, False),
    "the answer is the command": (NeedsApproval, True),
    "a plan": (NeedsApproval, False),
    "[a plan]": (NeedsApproval, False),
    "refused": (Refused, False),
    "the forge takes none": (Refused, False),
}
"""How a cell begins → what is decided, and whether whoever asked may approve it."""


def test_the_table_of_the_page_is_what_is_decided() -> None:
    rows = {row[0]: row[1:] for row in re.findall(r"^\| (.*) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)}
    for name, (kind, from_fork, named) in ROWS.items():
        for cell, permissions in zip(
            rows[name], ((Permission.WRITE, Permission.ADMIN), OUTSIDERS), strict=True
        ):
            (wanted,) = [meant for words, meant in SAID.items() if cell.startswith(words)]
            for permission in permissions:
                decision = decide(Asked(kind, permission, from_fork, named), Policy(), FREE)
                themself = isinstance(decision, NeedsApproval) and decision.themself
                assert (type(decision), themself) == wanted, f"{name}: {cell}, but {decision}"


def test_the_page_names_every_key_of_a_policy() -> None:
    assert [key for key in SECTIONS["policy"].keys if f"`{key}" not in PAGE] == []
