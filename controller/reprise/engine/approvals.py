"""Approves plans, once each and for one commit, and voids those whose pull request went on. Repeatable."""

from dataclasses import replace
from datetime import datetime

from reprise.domain import trust
from reprise.domain.backend import Unfit, needs_of
from reprise.domain.forge import OnPullRequest, PullRequest, Reaction
from reprise.domain.plan import Plan
from reprise.domain.run import Repository
from reprise.domain.spec.asked import with_arguments
from reprise.domain.spec.model import BadSpec
from reprise.domain.trust import Allowed, Cost, Standing
from reprise.engine import stopping
from reprise.engine.asking import Asked, react, refuse
from reprise.engine.policies import Policies
from reprise.engine.settled import Settled, run_id
from reprise.engine.specs import read_spec
from reprise.engine.world import World
from reprise.store import plans, runs
from reprise.store.intake import COMMENT, Trigger
from reprise.store.runs import NewRun

_FREE = Cost()
"""For questions whose answer does not depend on it."""


def approve(world: World, asked: Asked, plan_id: str, policies: Policies) -> Settled:
    with world.store.read() as connection:
        plan = plans.find(connection, plan_id)
    if plan is None or (plan.repository_id, OnPullRequest(plan.pull_request)) != (
        asked.repository.id,
        asked.place,
    ):
        return _cannot(
            world, asked, trust.approve(asked.permission, Standing.UNKNOWN, world.policy, _FREE, 0)
        )
    run = _run(asked, plan)
    with world.store.read() as connection:
        if runs.get_run(connection, run.id) is not None:
            return Settled(f"plan {plan.id} was approved by this comment before")
    first = trust.approve(asked.permission, Standing.OPEN, world.policy, _FREE, 0)
    if not isinstance(first, Allowed):
        return _cannot(world, asked, first)
    pull = world.conversation.pull_request(asked.repository, plan.pull_request)
    standing = _standing(plan, pull, world.clock.now())
    decision = _decide(world, asked, plan, standing, policies)
    if not isinstance(decision, Allowed):
        _void_if_moved(world, plan, standing)
        return _cannot(world, asked, _with_why(decision, plan))
    react(world, asked, Reaction.EYES)
    approved = replace(run, spend_limit=decision.limit)
    return Settled(f"plan {plan.id} approved", (approved,), approves=plan)


def _cannot(world: World, asked: Asked, decision: Allowed | trust.Refused) -> Settled:
    return refuse(world, asked, decision.reason)


def _with_why(decision: trust.Refused, plan: Plan) -> trust.Refused:
    """A plan that is void knows why; one whose spec cannot be read any more was not ended by anybody."""
    if decision.reason != trust.CANNOT_APPROVE[Standing.VOID]:
        return decision
    why = (plan.ending or "its spec cannot be read any more").removeprefix("void: ")
    return trust.Refused(f"That plan is void: {why}. {trust.AGAIN}")


def _decide(
    world: World, asked: Asked, plan: Plan, standing: Standing, policies: Policies
) -> Allowed | trust.Refused:
    policy = policies.policy(asked.repository, plan.spec_file)
    if standing is not Standing.OPEN:
        return trust.approve(asked.permission, standing, policy, _FREE, 0)
    world.source.fetch(asked.repository, plan.commit)
    file = read_spec(world.source, asked.repository, plan.commit, plan.spec_file)
    if file is None or isinstance(file.spec, BadSpec):
        return trust.approve(asked.permission, Standing.VOID, policy, _FREE, 0)
    spec = with_arguments(file.spec, plan.seeds, plan.claims)
    cost = policies.cost(asked.repository, spec, policy, plan.facts.backend)
    decision = trust.approve(asked.permission, standing, policy, cost, plan.facts.most)
    if not isinstance(decision, Allowed):
        return decision
    # What was looked at and approved includes where it runs.
    needs = needs_of(spec, untrusted=plan.from_fork)
    where = policies.backend(needs, policy, wanted=plan.facts.backend)
    return trust.Refused(f"{where.why} {trust.AGAIN}") if isinstance(where, Unfit) else decision


def _standing(plan: Plan, pull: PullRequest, now: datetime) -> Standing:
    if plan.approved_by is not None:
        return Standing.APPROVED
    if plan.ended_at is not None:
        return Standing.EXPIRED if plan.ended_at >= plan.expires_at else Standing.VOID
    if plan.expires_at <= now:
        return Standing.EXPIRED
    if not pull.open:
        return Standing.CLOSED
    return Standing.OPEN if pull.head_sha == plan.commit else Standing.MOVED


def _run(asked: Asked, plan: Plan) -> NewRun:
    generation = f"{COMMENT}:{asked.comment_id}"
    repository = asked.repository.id
    return NewRun(
        id=run_id(repository, plan.commit, plan.experiment, generation),
        repository_id=repository,
        commit=plan.commit,
        experiment=plan.experiment,
        generation=generation,
        spec_file=plan.spec_file,
        ref=f"#{plan.pull_request}",
        pull_request=plan.pull_request,
        trigger=f"/reproduce approve {plan.id} on #{plan.pull_request}, asked for by {plan.asked_by}",
        who=asked.trigger.who,
        seeds=plan.seeds,
        claims=plan.claims,
        untrusted=plan.from_fork,
        backend=plan.facts.backend,
    )


def on_change(world: World, repository: Repository, trigger: Trigger) -> Settled:
    """The pull request has a new head, or was closed: plans are void, and a fork's code ends."""
    number = trigger.pull_request or 0
    place = OnPullRequest(number)
    with world.store.read() as connection:
        here = plans.open_at(connection, repository.id, number)
        going = [run for run in stopping.cancellable(connection, repository.id, place) if run.untrusted]
    if not here and not going:
        return Settled("no open plan and no fork's code there")
    pull = world.conversation.pull_request(repository, number)
    now = world.clock.now()
    gone = [
        (plan, standing) for plan in here if (standing := _standing(plan, pull, now)) is not Standing.OPEN
    ]
    for plan, standing in gone:
        _void_if_moved(world, plan, standing)
    return Settled(f"{len(gone)} plan(s) void", closed=None if pull.open else place)


_WHY = {
    Standing.MOVED: "void: there are new commits",
    Standing.CLOSED: "void: the pull request was closed",
}


def _void_if_moved(world: World, plan: Plan, standing: Standing) -> None:
    why = _WHY.get(standing)
    if why is None:
        return
    with world.store.write() as connection:
        plans.void(connection, (plan.id,), world.clock.now(), why)
