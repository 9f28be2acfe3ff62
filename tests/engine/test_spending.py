"""Leases cost service units: asked before the first one, looked at while it lives, kept and told."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    SPEC,
    Controller,
    Outside,
    assert_clean,
    pull_request,
    reason,
    spec_with,
)
from tests.fakes.clock import FakeClock
from tests.fakes.provider import FakeProvider
from tests.fakes.runner import FakeJob

from reprise.domain.audit import Action, Unit
from reprise.domain.forge import OnCommit, Permission
from reprise.domain.leasing.choice import Nothing
from reprise.domain.leasing.length import Length
from reprise.domain.leasing.money import Charge
from reprise.domain.leasing.quote import Estimate
from reprise.domain.policy import Policy
from reprise.domain.run import Reason, Repository, RunId
from reprise.domain.spec.model import Spec
from reprise.engine import spending, stopping
from reprise.engine.reaper import Reaper
from reprise.engine.view import run_view
from reprise.ports import Allocation, Failed, Pending
from reprise.store import charges
from reprise.store.runs import Run

HOUR = timedelta(hours=1)
QUOTE = Estimate(1.0, 2.0, 6.0, 4.0, ("gpu_rtx_6000",), Length(2 * HOUR), guessed=False)
"""Two hours at 2 SU an hour, or at 3."""


@dataclass(slots=True)
class Lessor(FakeProvider):
    """Leases for two hours at 2 SU an hour, or at another price."""

    clock: FakeClock = field(default_factory=FakeClock)
    su_per_hour: float = 2.0
    broken: int = 0
    """First leases of each run that serve nothing."""
    asked: dict[RunId, Spec] = field(default_factory=dict)
    used_before: list[timedelta | None] = field(default_factory=list)

    def quote(self, spec: Spec, usual: timedelta | None) -> Estimate | Nothing | None:
        self.used_before.append(usual)
        return self.estimate

    def request(self, run_id: RunId, spec: Spec) -> None:
        self.asked[run_id] = spec
        FakeProvider.request(self, run_id, spec)

    def observe(self, run_id: RunId) -> Pending | Allocation | Failed:
        if not self.leased.get(run_id):
            self.leased[run_id] = tuple(
                self._charge(f"l{number}", fault="one GPU short" if number < self.broken else None)
                for number in range(self.broken + 1)
            )
        return FakeProvider.observe(self, run_id)

    def release(self, run_id: RunId) -> None:
        FakeProvider.release(self, run_id)
        now = self.clock.now()
        self.leased[run_id] = tuple(
            replace(each, ended_at=each.ended_at or now) for each in self.leased.get(run_id, ())
        )

    def _charge(self, lease_id: str, fault: str | None) -> Charge:
        now = self.clock.now()
        ended = now + HOUR / 2 if fault else None
        return Charge(
            lease_id, "CHI@UC", "1 × gpu_rtx_6000", self.su_per_hour, now, now + 2 * HOUR, ended, fault
        )


@pytest.fixture
def lessor(outside: Outside, tmp_path: Path) -> Lessor:
    made = Lessor(tmp_path / "leased", leases=True, estimate=QUOTE, clock=outside.clock)
    outside.provider = made
    return made


@pytest.fixture
def controller(make: Make, lessor: Lessor) -> Controller:
    assert lessor.leases
    return make()


def tagged(controller: Controller, repository: Repository, tag: str = "v1", *, who: str = "ada") -> Run:
    """Judged."""
    controller.outside.tag(repository, tag, {**FILES, "which": tag})
    controller.told_tag(repository, tag, who=who)
    controller.work()
    assert_clean(controller)
    return next(run for run in controller.runs() if run.ref == tag)


def allowed(outside: Outside, repository: Repository, written: str) -> None:
    """The policy of the default branch."""
    files = {"reprise.yaml": f"{SPEC}policy: {written}\n"}
    outside.source.set_head(repository, outside.commit(repository, files))


def kept(controller: Controller, run: Run) -> tuple[Charge, ...]:
    with controller.world.store.read() as connection:
        return charges.of_run(connection, run.id)


def test_a_lease_is_kept_told_and_closed(controller: Controller, outside: Outside, lessor: Lessor) -> None:
    repository = outside.repository()
    run = tagged(controller, repository)
    assert reason(run) is Reason.COMPLETED
    (charge,) = kept(controller, run)
    assert charge == lessor.leased[run.id][0]
    assert charge.ended_at is not None
    (spent,) = [deed for deed in controller.audit(run) if deed.action is Action.SPENT]
    assert spent.unit is Unit.SERVICE_UNITS
    hours = (charge.ended_at - charge.start) / HOUR
    assert spent.amount == pytest.approx(2 * hours)
    (report,) = outside.comments(repository, OnCommit(run.commit))
    assert "expected were about 2.0 SU (1.0 to 6.0): 1 × gpu_rtx_6000 of CHI@" in report.body


def test_what_faults_cost_is_told_apart_and_on_nobody_s_account(
    make: Make, outside: Outside, lessor: Lessor
) -> None:
    lessor.broken = 1
    controller = make(policy=Policy(max_su_per_run=4))
    run = tagged(controller, outside.repository())
    assert reason(run) is Reason.COMPLETED, "the fault's unit would be one too many"
    (spent,) = [deed for deed in controller.audit(run) if deed.action is Action.SPENT]
    assert ", and " in spent.detail
    assert "SU on faults of the infrastructure" in spent.detail
    bill = run_view(controller.world, run).bill
    assert bill is not None
    assert bill.faults > 0
    assert len(bill.served) == 1


@pytest.mark.parametrize("where", ["operator", "repository"])
def test_a_run_that_would_cost_more_than_one_may_gets_no_lease(
    make: Make, outside: Outside, lessor: Lessor, where: str
) -> None:
    controller = make(policy=Policy(max_su_per_run=3.5) if where == "operator" else Policy())
    repository = outside.repository()
    if where == "repository":
        allowed(outside, repository, "{max_su_per_run: 3.5}")
    run = tagged(controller, repository)
    assert reason(run) is Reason.OVER_BUDGET
    assert run.judgement is not None
    assert run.judgement.message.startswith(
        "A lease for this run reserves at least 4.0 SU (gpu_rtx_6000 for 2 h)"
    )
    assert (lessor.asked, kept(controller, run)) == ({}, ())


def test_the_provider_is_told_how_much_a_lease_may_cost(make: Make, outside: Outside, lessor: Lessor) -> None:
    controller = make(policy=Policy(max_su_per_run=5), wrap_world=lambda w: replace(w, su_per_user_month=4.5))
    run = tagged(controller, outside.repository())
    assert lessor.asked[run.id].policy.max_su_per_run == 4.5
    assert run.su_limit == 4.5
    assert run.quoted == QUOTE


def test_a_lease_that_costs_more_all_the_same_is_given_back(
    make: Make, outside: Outside, lessor: Lessor
) -> None:
    lessor.su_per_hour = 2.5
    run = tagged(make(policy=Policy(max_su_per_run=4.5)), outside.repository())
    assert reason(run) is Reason.OVER_BUDGET
    assert run.judgement is not None
    assert run.judgement.message == "its leases reserve 5.0 SU, and it may cost 4.5 SU"
    assert lessor.released == [run.id]
    assert outside.runner.started == []


def test_a_month_s_budget_is_used_up_by_leases(make: Make, outside: Outside, lessor: Lessor) -> None:
    controller = make(policy=Policy(max_su_per_month=7))
    repository, other = outside.repository(), outside.repository("ada/other")
    outside.provider.wait_seconds = 0
    first = tagged(controller, repository)
    paid = [replace(each, ended_at=each.end) for each in kept(controller, first)]
    with controller.world.store.write() as connection:
        charges.keep(connection, first, paid)  # as if it had lasted to its end
    second = tagged(controller, repository, "v2")
    assert (reason(first), reason(second)) == (Reason.COMPLETED, Reason.OVER_BUDGET)
    assert second.judgement is not None
    assert "7 SU that the policy allows this repository in a month 3.0 are left" in second.judgement.message
    assert reason(tagged(controller, other, "v3")) is Reason.COMPLETED


def test_a_person_s_budget_counts_in_every_repository(make: Make, outside: Outside, lessor: Lessor) -> None:
    controller = make(wrap_world=lambda world: replace(world, su_per_user_month=7.0))
    first = tagged(controller, outside.repository())
    paid = [replace(each, ended_at=each.end) for each in kept(controller, first)]
    with controller.world.store.write() as connection:
        charges.keep(connection, first, paid)
    second = tagged(controller, outside.repository("ada/other"), "v2")
    assert reason(second) is Reason.OVER_BUDGET
    assert second.judgement is not None
    assert "that this controller allows ada in a month 3.0 are left" in second.judgement.message
    third = tagged(controller, outside.repository("bob/paper"), "v3", who="bob")
    assert reason(third) is Reason.COMPLETED


def test_what_no_machine_has_ends_before_a_request(
    controller: Controller, outside: Outside, lessor: Lessor
) -> None:
    lessor.estimate = Nothing(Reason.NO_CAPACITY, "No machine has all that.")
    run = tagged(controller, outside.repository())
    assert (reason(run), lessor.asked) == (Reason.NO_CAPACITY, {})


def test_how_long_leases_lasted_is_told_the_next_time(
    controller: Controller, outside: Outside, lessor: Lessor
) -> None:
    repository = outside.repository()
    first = tagged(controller, repository)
    tagged(controller, repository, "v2")
    assert lessor.used_before[0] is None
    (charge,) = kept(controller, first)
    assert charge.ended_at is not None
    assert lessor.used_before[-1] == pytest.approx(charge.ended_at - charge.start, abs=timedelta(seconds=1))


def test_the_reaper_closes_the_account_of_an_orphan(
    controller: Controller, outside: Outside, lessor: Lessor
) -> None:
    run = tagged(controller, outside.repository())
    lessor.request(run.id, lessor.asked[run.id])
    lessor.leased[run.id] = ()
    lessor.observe(run.id)
    again = replace(lessor.leased[run.id][0], lease_id="l9")
    lessor.leased[run.id] = (again,)
    reaper = Reaper()
    reaper.reap(controller.world)
    assert reaper.reap(controller.world) == (run.id,)
    assert all(each.ended_at is not None for each in kept(controller, run))
    assert "l9" in [each.lease_id for each in kept(controller, run)]


def test_whoever_asks_again_is_promised_the_same(make: Make, outside: Outside, lessor: Lessor) -> None:
    """After a crash between the promise and the request."""
    controller = make(policy=Policy(max_su_per_month=4.5))
    run = tagged(controller, outside.repository())
    spec = lessor.asked[run.id]
    for _ in range(2):
        again = spending.allow(controller.world, run, spec)
        assert not isinstance(again, Failed)
        assert again.policy.max_su_per_run == pytest.approx(4.5)


def test_an_extension_is_seen_while_the_job_runs(
    controller: Controller, outside: Outside, lessor: Lessor
) -> None:
    outside.runner.script = lambda job: FakeJob(forever=True)
    repository = outside.repository()
    sha = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.start()
    controller.until(lambda: outside.runner.started)
    (run,) = controller.runs()
    (charge,) = lessor.leased[run.id]
    longer = replace(charge, end=charge.end + HOUR)
    lessor.leased[run.id] = (longer,)
    Reaper().reap(controller.world)
    assert kept(controller, run) == (longer,)
    with controller.world.store.write() as connection:
        stopping.cancel(controller.world, connection, repository.id, OnCommit(sha), "ada")
    controller.work()
    assert_clean(controller)
    (ended,) = kept(controller, run)
    assert ended.ended_at is not None


def test_a_machine_that_is_there_anyway_has_no_account(make: Make, outside: Outside) -> None:
    controller = make()
    run = tagged(controller, outside.repository())
    assert (run.quoted, run.su_limit, kept(controller, run)) == (None, None, ())
    (spent,) = [deed for deed in controller.audit(run) if deed.action is Action.SPENT]
    assert spent.unit is Unit.MACHINE_SECONDS


def test_waiting_for_a_lease_makes_no_run_look_long(make: Make, outside: Outside, lessor: Lessor) -> None:
    lessor.pending_looks, lessor.wait_seconds = 1, 80_000
    controller = make(policy=Policy(max_su_per_run=5))
    repository = outside.repository()
    assert reason(tagged(controller, repository)) is Reason.COMPLETED
    assert reason(tagged(controller, repository, "v2")) is Reason.COMPLETED


def test_a_plan_tells_what_leases_would_cost(
    controller: Controller, outside: Outside, lessor: Lessor
) -> None:
    pull = pull_request(outside)
    outside.forge.set_permission(pull.repository, "eve", Permission.READ)
    controller.told_comment(pull, who="eve")
    controller.work()
    (comment,) = outside.comments(pull.repository, pull.place)
    assert "| service units | about 2.0 SU (1.0 to 6.0), on one of `gpu_rtx_6000` |" in comment.body
    assert lessor.asked == {}


def test_a_dearer_machine_is_given_less_time_for_the_same_budget(
    make: Make, outside: Outside, lessor: Lessor
) -> None:
    """Two hours at most, at 2 SU an hour."""
    controller = make(policy=Policy(max_su_per_run=4.5))
    repository = outside.repository()
    hour = spec_with({"run:\n": "resources: {duration: 1h}\nrun:\n"})
    outside.tag(repository, "v1", hour)
    controller.told_tag(repository, "v1")
    controller.work()
    (run,) = controller.runs()
    assert run.spend_limit == 2.25 * 3600
