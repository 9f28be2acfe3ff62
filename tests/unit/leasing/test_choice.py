"""Which machine a run gets: what fits, by start, then by cost; and what is said when there is none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reprise.domain.leasing.choice import Choice, Limits, Nothing, choose
from reprise.domain.leasing.inventory import KVM, MACHINES, TACC, UC
from reprise.domain.leasing.money import Rate
from reprise.domain.leasing.supply import FlavorFact, HostFact, Supply, of_flavor, of_hosts
from reprise.domain.leasing.windows import Room, Span
from reprise.domain.run import Reason
from reprise.domain.spec.model import Hardware, Resources

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FOUR_HOURS = 4 * HOUR
LIMITS = Limits(NOW + timedelta(days=7))
WEEK_TAKEN = (Span(NOW - HOUR, NOW + timedelta(days=8)),)
MONDAY = (Span(NOW - HOUR, NOW + timedelta(days=1)),)
ANY = Resources(None, None, None)
ONE_GPU = replace(ANY, gpus=1)


def hosts(site: str, *facts: tuple[str, str, tuple[Span, ...]], **properties: str) -> tuple[Supply, ...]:
    """uid, node type and when it is taken."""
    told = {name.replace("__", "."): value for name, value in properties.items()}
    return of_hosts(site, [HostFact(uid, node_type, told, busy) for uid, node_type, busy in facts])


def flavor(name: str, rooms: tuple[Room, ...] | None = None, **specs: str) -> Supply:
    traits = {each.replace("__", ":"): value for each, value in specs.items()}
    return of_flavor(KVM, FlavorFact(f"id-{name}", name, 48, 244 * 2**30, traits, rooms))


def chosen(
    wanted: Resources,
    *supplies: Supply,
    limits: Limits = LIMITS,
    length: timedelta = FOUR_HOURS,
    published: Hardware | None = None,
) -> tuple[Choice, ...]:
    found = choose(wanted, supplies, now=NOW, length=length, limits=limits, published=published)
    assert not isinstance(found, Nothing), found
    return found


def nothing(wanted: Resources, *supplies: Supply, limits: Limits = LIMITS) -> Nothing:
    found = choose(wanted, supplies, now=NOW, length=FOUR_HOURS, limits=limits)
    assert isinstance(found, Nothing), found
    return found


def names(found: tuple[Choice, ...]) -> list[str]:
    return [choice.machine.name for choice in found]


RTX = hosts(UC, ("u1", "gpu_rtx_6000", ()))
A100 = hosts(UC, ("u2", "gpu_a100_pcie", ()))
SKYLAKE = hosts(UC, ("u3", "compute_skylake", ()))
LIQID = (
    *hosts(TACC, ("l1", "compute_liqid", ()), ("l2", "compute_liqid", ()), gpu__gpu_count="1"),
    *hosts(TACC, ("l3", "compute_liqid", ()), gpu__gpu_count="2"),
)


def test_among_those_that_are_free_now_the_cheapest_is_first() -> None:
    assert names(chosen(ONE_GPU, *A100, *RTX, *SKYLAKE)) == ["gpu_rtx_6000", "gpu_a100_pcie"]


def test_an_earlier_start_wins_over_a_lower_price() -> None:
    late = hosts(UC, ("u1", "gpu_rtx_6000", MONDAY))
    first, second = chosen(ONE_GPU, *late, *A100)
    assert (first.machine.name, first.start) == ("gpu_a100_pcie", None)
    assert second.start is not None
    assert second.start >= NOW + timedelta(days=1)
    assert second.end == second.start + FOUR_HOURS


def test_a_job_without_gpus_gets_no_machine_that_has_some_unless_it_names_it() -> None:
    assert names(chosen(ANY, *RTX, *SKYLAKE)) == ["compute_skylake"]
    assert names(chosen(replace(ANY, node_types=("gpu_rtx_6000",)), *RTX, *SKYLAKE)) == ["gpu_rtx_6000"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (replace(ONE_GPU, gpu_memory_bytes=40 * 10**9), ["compute_liqid", "compute_liqid", "gpu_a100_pcie"]),
        (replace(ONE_GPU, gpu_memory_bytes=41 * 10**9), ["compute_liqid", "compute_liqid", "gpu_a100_pcie"]),
        (replace(ONE_GPU, gpu_memory_bytes=48 * 10**9), ["gpu_a100_pcie"]),
        (replace(ONE_GPU, gpu_arch=("turing",)), ["gpu_rtx_6000"]),
        (replace(ONE_GPU, gpus=2), ["compute_liqid", "gpu_a100_pcie"]),
        (replace(ONE_GPU, gpus=4), ["gpu_a100_pcie"]),
        (replace(ONE_GPU, memory_bytes=500 * 10**9), ["gpu_a100_pcie"]),
        (replace(ONE_GPU, cpus=200), ["compute_liqid", "compute_liqid"]),
        (
            replace(ONE_GPU, node_types=("compute_liqid", "gpu_rtx_6000")),
            ["gpu_rtx_6000", *["compute_liqid"] * 2],
        ),
    ],
    ids=lambda value: "" if isinstance(value, list) else None,
)
def test_every_requirement_counts(wanted: Resources, expected: list[str]) -> None:
    assert names(chosen(wanted, *A100, *RTX, *SKYLAKE, *LIQID)) == expected


def test_the_hosts_of_a_mixed_type_are_named_in_the_reservation() -> None:
    mixed = of_hosts(
        TACC,
        [
            HostFact("l1", "compute_liqid", {"gpu.gpu_count": "1"}),
            HostFact("l2", "compute_liqid", {"gpu.gpu_count": "1"}, WEEK_TAKEN),
            HostFact("l3", "compute_liqid", {"gpu.gpu_count": "2"}),
        ],
    )
    (only,) = chosen(replace(ONE_GPU, gpus=2), *mixed)
    assert only.uids == ("l3",)
    one, _ = chosen(ONE_GPU, *mixed)
    assert one.uids == ("l1",)
    assert chosen(ONE_GPU, *RTX)[0].uids == ()


def test_models_differ_inside_a_type_too() -> None:
    mixed = of_hosts(
        TACC,
        [
            HostFact("g1", "compute_gigaio", {"gpu.gpu_count": "1", "gpu.gpu_model": "GA100GL [A30 PCIe]"}),
            HostFact(
                "g2", "compute_gigaio", {"gpu.gpu_count": "1", "gpu.gpu_model": "GA100 [A100 PCIe 40GB]"}
            ),
            HostFact("g3", "compute_gigaio", {"gpu.gpu": "False"}),
        ],
    )
    (only,) = chosen(replace(ONE_GPU, gpu_memory_bytes=40 * 10**9), *mixed)
    assert only.uids == ("g2",)
    (without,) = chosen(ANY, *mixed)
    assert (without.uids, without.machine.gpu) == (("g3",), None)


def test_a_host_s_own_price_counts() -> None:
    (dear,) = hosts(UC, ("u1", "gpu_rtx_6000", ()), su_factor="3.5")
    assert dear.machine.rate == Rate(3.5, 3.5)
    assert chosen(ONE_GPU, dear)[0].most_su == 14


def test_old_gpus_and_other_vendors_are_only_for_who_asks_for_them() -> None:
    old = (*hosts(TACC, ("p1", "gpu_p100", ())), *hosts(TACC, ("m1", "gpu_mi100", ())))
    assert nothing(ONE_GPU, *old).reason is Reason.NO_CAPACITY
    assert names(chosen(replace(ONE_GPU, gpu_arch=("pascal",)), *old)) == ["gpu_p100"]
    assert names(chosen(replace(ONE_GPU, node_types=("gpu_mi100",)), *old)) == ["gpu_mi100"]
    k80 = hosts(TACC, ("k1", "gpu_k80", ()))
    assert "no supported image drives" in nothing(replace(ONE_GPU, node_types=("gpu_k80",)), *k80).why


def test_flavors_with_a_gpu_compete_by_start_and_cost() -> None:
    rooms = (Room(NOW - HOUR, NOW + timedelta(days=30), 1),)
    found = chosen(replace(ONE_GPU, gpu_arch=("hopper",)), flavor("g1.h100.pci.1", rooms))
    assert (found[0].flavor_id, found[0].uids, found[0].start) == ("id-g1.h100.pci.1", (), None)


def test_a_site_that_does_not_tell_its_rooms_is_simply_asked() -> None:
    assert chosen(ONE_GPU, flavor("g1.h100.pci.1", None))[0].start is None


def test_a_slice_of_a_card_says_what_that_means() -> None:
    slice_of = flavor("g1.h100.vgpu.1g.12gb", None)
    (found,) = chosen(ONE_GPU, slice_of, published=Hardware("H100-94GB"))
    assert "a slice 1g.12gb of it" in found.comparability
    assert nothing(replace(ONE_GPU, gpu_memory_bytes=40 * 10**9), slice_of).reason is Reason.NO_CAPACITY


def test_a_flavor_that_nobody_knows_is_only_for_who_names_it() -> None:
    unknown = flavor("g2.b200", None, trait__CUSTOM_GPU="required")
    assert nothing(ONE_GPU, unknown).reason is Reason.NO_CAPACITY
    assert names(chosen(replace(ONE_GPU, node_types=("g2.b200",)), unknown)) == ["g2.b200"]


@pytest.mark.parametrize(
    ("published", "told"),
    [
        (None, "does not say what the published numbers come from"),
        (Hardware("A100 80GB PCIe"), "1 × A100-PCIe-80GB, the class that was published on"),
        (Hardware("V100", 2), "another class than was published on (2 × V100)"),
    ],
    ids=["unsaid", "same", "other"],
)
def test_each_choice_says_what_it_means_for_the_numbers(published: Hardware | None, told: str) -> None:
    assert told in chosen(ONE_GPU, *A100, published=published)[0].comparability


def test_what_costs_more_than_the_run_may_is_left_out() -> None:
    limits = replace(LIMITS, most_su=8.0)
    assert names(chosen(ONE_GPU, *A100, *RTX, limits=limits)) == ["gpu_rtx_6000"]
    found = nothing(ONE_GPU, *A100, limits=limits)
    assert found.reason is Reason.OVER_BUDGET
    assert "would cost up to 64.0 SU for 4 h, and this run may cost 8.0 SU" in found.why


def test_a_type_that_is_full_says_until_when_was_looked() -> None:
    found = nothing(ONE_GPU, *hosts(UC, ("u1", "gpu_rtx_6000", WEEK_TAKEN)))
    assert found.reason is Reason.NO_CAPACITY
    assert (
        "gpu_rtx_6000 of CHI@UC: none is free for 4 h with a start before 2026-11-29 12:00 UTC" in found.why
    )


def test_a_type_that_no_site_has_names_those_that_there_are() -> None:
    found = nothing(replace(ONE_GPU, node_types=("gpu_h200",)), *RTX, *SKYLAKE)
    assert "No site of this controller has gpu_h200: name one of compute_skylake, gpu_rtx_6000" in found.why


def test_what_does_not_fit_says_why() -> None:
    found = nothing(replace(ONE_GPU, gpu_memory_bytes=80 * 10**9), *RTX)
    assert "gpu_rtx_6000 of CHI@UC has GPUs of 24 GB" in found.why


def test_every_entry_of_the_catalogue_is_whole() -> None:
    for machine in MACHINES:
        assert machine.cpus > 0
        assert machine.memory_gib > 0
        assert 0 < machine.rate.low <= machine.rate.high <= 16
        assert (machine.gpu is None) == (machine.gpus == 0)
        assert machine.gpu is None or machine.gpu.arch == machine.gpu.arch.lower()
