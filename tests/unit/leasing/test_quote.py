"""What a run would cost before it starts, whether it may, and what is said of it afterwards."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.records import claim, spec

from reprise.domain.leasing.bill import Bill, bill_lines, bill_object, estimate_words
from reprise.domain.leasing.budget import Bound, Whose, most, refusal
from reprise.domain.leasing.choice import Nothing
from reprise.domain.leasing.inventory import KVM, MACHINES, UC
from reprise.domain.leasing.money import Charge, lost, reserved, total, used
from reprise.domain.leasing.quote import Estimate, quote
from reprise.domain.run import Reason
from reprise.domain.spec.model import Resources, Spec

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OVERHEAD = timedelta(minutes=30)


def wanting(**resources: object) -> Spec:
    made = spec(claim("accuracy"))
    wanted: dict[str, object] = {"cpus": None, "memory_bytes": None, "duration": HOUR, **resources}
    return replace(made, resources=Resources(**wanted))  # type: ignore[arg-type] # any field may be given


def estimate(made: Spec, *sites: str, usual: timedelta | None = None) -> Estimate:
    found = quote(made, sites=sites, overhead=OVERHEAD, usual=usual)
    assert isinstance(found, Estimate)
    return found


def test_one_hour_on_the_one_type_that_fits() -> None:
    found = estimate(wanting(gpus=1, node_types=("gpu_rtx_6000",)), UC)
    assert (found.low, found.likely, found.high, found.least) == (4.0, 5.0, 6.0, 6.0)
    assert (found.machines, found.guessed, found.rate) == (("gpu_rtx_6000",), False, 2.0)


def test_several_types_widen_the_interval() -> None:
    found = estimate(wanting(gpus=1, gpu_arch=("turing", "ampere")), UC)
    assert (found.low, found.likely, found.high) == (4.0, 5.0, 48.0)
    assert found.machines == ("gpu_rtx_6000", "compute_gigaio", "gpu_a100_nvlink", "gpu_a100_pcie")


def test_prices_that_nobody_publishes_are_called_guesses() -> None:
    found = estimate(wanting(gpus=1), KVM)
    assert found.guessed
    assert "some prices guessed" in estimate_words(found)


def test_what_earlier_runs_took_wins_over_what_is_declared() -> None:
    found = estimate(wanting(node_types=("compute_skylake",)), UC, usual=HOUR)
    assert (found.low, found.likely, found.high) == (0.8, 1.0, 3.0)


def test_without_a_duration_only_the_interval_is_told() -> None:
    found = estimate(wanting(duration=None, node_types=("compute_skylake",)), UC)
    assert found.likely is None
    assert estimate_words(found) == "0.40 to 4.5 SU, no duration is declared"


def test_a_type_that_the_catalogue_does_not_know_may_be_there_all_the_same() -> None:
    found = estimate(wanting(gpus=2, gpu_memory_bytes=10**11, node_types=("gpu_b200",)), UC)
    assert (found.machines, found.guessed) == (("gpu_b200",), True)


def test_what_no_machine_has_is_said_before_anybody_is_asked() -> None:
    found = quote(wanting(gpus=8), sites=(UC,))
    assert found == Nothing(
        Reason.NO_CAPACITY, "No machine has all that `resources` asks for: ask for less, or for another GPU."
    )
    named = quote(wanting(gpus=4, node_types=("gpu_rtx_6000",)), sites=(UC,))
    assert isinstance(named, Nothing)
    assert "gpu_rtx_6000 has 1 GPU" in named.why


@given(
    st.sampled_from([None, *{machine.name for machine in MACHINES}]),
    st.integers(0, 4),
    st.timedeltas(timedelta(minutes=1), timedelta(days=9)),
)
def test_an_estimate_is_an_interval_around_what_is_likely(
    name: str | None, gpus: int, duration: timedelta
) -> None:
    found = quote(wanting(gpus=gpus, duration=duration, node_types=(name,) if name else ()))
    if isinstance(found, Nothing):
        return
    assert found.likely is not None
    assert 0 < found.low <= found.likely <= found.high
    assert found.low <= found.least <= found.high


# --- may it ---------------------------------------------------------------------------------------------


QUOTE = estimate(wanting(gpus=1, node_types=("gpu_rtx_6000",)), UC)
"""At least 6 SU."""


@pytest.mark.parametrize(
    ("bound", "told"),
    [
        (Bound(Whose.RUN, 5), "the policy allows 5 SU per run"),
        (
            Bound(Whose.REPOSITORY, 20, 15),
            "of the 20 SU that the policy allows this repository in a month 5.0",
        ),
        (Bound(Whose.USER, 20, 25, "ada"), "of the 20 SU that this controller allows ada in a month 0.0"),
    ],
    ids=lambda value: value.whose.value if isinstance(value, Bound) else "",
)
def test_each_bound_has_its_own_refusal(bound: Bound, told: str) -> None:
    why = refusal(QUOTE, [Bound(Whose.RUN, 1000), bound])
    assert why is not None
    assert why.startswith("A lease for this run reserves at least 6.0 SU (gpu_rtx_6000 for 3 h), and ")
    assert told in why


def test_the_smallest_bound_is_what_a_run_gets() -> None:
    bounds = [Bound(Whose.RUN, 20), Bound(Whose.REPOSITORY, 100, 91), Bound(Whose.USER, 12)]
    assert refusal(QUOTE, bounds) is None
    assert most(bounds) == 9
    assert most([]) is None


# --- what it did ----------------------------------------------------------------------------------------


def charge(lease_id: str = "l1", start: float = -2, end: float = 1, **changed: object) -> Charge:
    made = Charge(lease_id, UC, "1 × gpu_rtx_6000", 2.0, NOW + start * HOUR, NOW + end * HOUR)
    return replace(made, **changed)  # type: ignore[arg-type] # any field may change


def test_a_lease_is_reserved_whole_and_paid_until_it_is_given_back() -> None:
    going_on, given_back = charge(), charge(ended_at=NOW - HOUR)
    assert (used(going_on, NOW), reserved(going_on)) == (4, 6)
    assert (used(given_back, NOW), reserved(given_back)) == (2, 2)


def test_one_that_was_given_back_before_it_began_costs_nothing() -> None:
    ahead = charge(start=2, end=5, ended_at=NOW)
    assert (used(ahead, NOW), reserved(ahead)) == (0, 0)
    assert used(charge(start=2, end=5), NOW) == 0


def test_one_that_ended_by_itself_keeps_its_charge() -> None:
    over = charge(start=-5, end=-2)
    assert (used(over, NOW), reserved(over)) == (6, 6)
    assert used(charge(start=-5, end=-2, ended_at=NOW), NOW) == 6


def test_faults_are_counted_apart() -> None:
    charges = [charge(ended_at=NOW - HOUR, fault="one GPU short"), charge("l2")]
    assert (total(charges, NOW), lost(charges, NOW)) == (6, 2)
    found = Bill(QUOTE, tuple(charges), NOW)
    assert (found.spent, found.reserved, found.faults, found.open) == (4, 6, 2, True)
    assert bill_lines(found) == [
        "Cost: 4.0 SU so far, 6.0 SU reserved, expected were about 5.0 SU (4.0 to 6.0): "
        "1 × gpu_rtx_6000 of CHI@UC for 3 h at 2 SU an hour.",
        "Infrastructure faults cost 2.0 SU more, which no budget of this repository counts: one GPU short.",
    ]


def test_what_it_came_to_stands_in_the_end() -> None:
    done = Bill(None, (charge(ended_at=NOW - HOUR),), NOW)
    assert bill_lines(done) == ["Cost: 2.0 SU: 1 × gpu_rtx_6000 of CHI@UC for 1 h at 2 SU an hour."]
    plain = bill_object(done)
    assert plain is not None
    assert (plain["su"], plain["estimate"], plain["leases"][0]["su"]) == (2.0, None, 2.0)


def test_a_run_that_got_no_lease_tells_what_was_expected() -> None:
    assert bill_lines(Bill(QUOTE, (), NOW)) == [
        "Cost: no lease has served this run, expected were about 5.0 SU (4.0 to 6.0)."
    ]


def test_a_machine_that_is_there_anyway_has_no_bill() -> None:
    nothing = Bill(None, (), NOW)
    assert (bill_lines(nothing), bill_object(nothing)) == ([], None)
