"""What leases may cost and what they did: asked before the first, looked at while it lives, kept for good.

Only of backends that lease: a machine that is there anyway costs nothing but its time.
"""

import threading
from dataclasses import replace
from datetime import datetime

from reprise.domain.leasing import budget
from reprise.domain.leasing.bill import Bill, units
from reprise.domain.leasing.budget import Bound, Whose
from reprise.domain.leasing.choice import Nothing
from reprise.domain.leasing.money import Charge, kept
from reprise.domain.policy import SU_SECONDS, Policy, Unreadable, stricter
from reprise.domain.queue import NOBODY
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import Spec
from reprise.engine import accounts, auditing
from reprise.engine.policies import Policies
from reprise.engine.world import Backend, World
from reprise.ports import Failed, Provider
from reprise.store import charges, runs
from reprise.store.database import Connection
from reprise.store.runs import Run

_ASKING = threading.Lock()
"""One run asks at a time, so that no two are promised the same units. Only the leader's runs ask."""


def allow(world: World, run: Run, spec: Spec) -> Spec | Failed:
    """The spec with the policy that counts, its bound narrowed to what this run may cost.

    Asked again after a crash, it answers for the same run alike: its own leases count in no sum.
    """
    quoted = accounts.quote(world, run.repository, spec, run.backend)
    if quoted is None:
        return spec
    if isinstance(quoted, Nothing):
        return Failed(quoted.reason, quoted.why)
    policy = _policy(world, run, spec)
    if isinstance(policy, Unreadable):
        return Failed(Reason.REFUSED, policy.why)
    with _ASKING, world.store.write() as connection:
        bounds = _bounds(world, connection, run, policy)
        most = budget.most(bounds)
        refused = budget.refusal(quoted, bounds)
        if refused is None:
            runs.save(connection, run.id, quoted=quoted, su_limit=most)
    if refused is not None:
        return Failed(Reason.OVER_BUDGET, refused)
    return replace(spec, policy=replace(policy, max_su_per_run=most))


def look(world: World, run: Run) -> Failed | None:
    """Keep what its leases cost by now; why it is to end, where that is more than it may."""
    found = _charges(world.backend(run.backend).provider, run.id)
    with world.store.read() as connection:
        news = set(found) - set(charges.of_run(connection, run.id))
    if news:
        with world.store.write() as connection:
            charges.keep(connection, run, news)
    keeps = kept(charge for charge in found if charge.fault is None)
    if run.su_limit is None or keeps <= run.su_limit:
        return None
    return Failed(
        Reason.OVER_BUDGET,
        f"its leases reserve {units(keeps)} SU, and it may cost {units(run.su_limit)} SU",
    )


def released(world: World, run: Run) -> None:
    """Everything was given back: what it cost stands from now on."""
    found, now = _charges(world.backend(run.backend).provider, run.id), world.clock.now()
    with world.store.write() as connection:
        auditing.machine_released(connection, run, now, _settled(connection, run, found, now))


def orphan_released(world: World, backend: Backend, run_id: RunId) -> None:
    """The same of what no run worked with any more; the run may be one that we do not know."""
    found, now = _charges(backend.provider, run_id), world.clock.now()
    with world.store.write() as connection:
        run = runs.get_run(connection, run_id)
        settled = _settled(connection, run, found, now) if run is not None else ()
        auditing.orphan_released(connection, run_id, run, now, settled)


def _settled(
    connection: Connection, run: Run, found: tuple[Charge, ...], now: datetime
) -> tuple[Charge, ...]:
    """Also those that the provider has forgotten meanwhile."""
    charges.keep(connection, run, found)
    charges.close(connection, run.id, now)
    return charges.of_run(connection, run.id)


def bill(world: World, run: Run) -> Bill:
    with world.store.read() as connection:
        found = charges.of_run(connection, run.id)
    return Bill(run.quoted, found, world.clock.now())


def _charges(provider: Provider, run_id: RunId) -> tuple[Charge, ...]:
    return provider.charges(run_id) if provider.leases else ()


def _policy(world: World, run: Run, spec: Spec) -> Policy | Unreadable:
    """In a rehearsal it is one's own folder that says."""
    if world.rehearsal:
        return stricter(world.policy, spec.policy)
    return Policies(world).policy(run.repository, run.spec_file)


def _bounds(world: World, connection: Connection, run: Run, policy: Policy) -> list[Bound]:
    now = world.clock.now()
    bounds = []
    if policy.max_su_per_run is not None:
        bounds.append(Bound(Whose.RUN, policy.max_su_per_run))
    if policy.max_su_per_month is not None:
        found = accounts.taken(connection, run.repository, now, besides=run.id)
        units_taken = (found.spent + found.reserved) / SU_SECONDS
        bounds.append(Bound(Whose.REPOSITORY, policy.max_su_per_month, units_taken))
    if world.su_per_user_month is not None and run.who not in NOBODY:
        theirs = charges.of_user(connection, run.who, accounts.month_of(now), besides=run.id)
        bounds.append(Bound(Whose.USER, world.su_per_user_month, theirs, run.who))
    return bounds
