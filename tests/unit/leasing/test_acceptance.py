"""Which machines are as promised, by recorded figures of real cards."""

from dataclasses import replace

import pytest

from reprise.domain.leasing.acceptance import Card, Promise, Survey, failings, promised, words
from reprise.domain.leasing.catalogue import GB, GIB, Machine
from reprise.domain.leasing.inventory import MACHINES

MIB = 1 << 20
RTX = Card("Quadro RTX 6000", 22_698 * MIB, "560.35.05")
"""With error correction; 24 GB are printed on it."""
SOUND = Survey(
    cards=(RTX,),
    trouble=None,
    cpus=48,
    memory_bytes=187 * GIB,
    disk_free_bytes=200 * GB,
    clock_ahead_seconds=0.2,
)
PROMISE = Promise(gpus=1, gpu_memory_bytes=24 * GIB, memory_bytes=192 * GIB)


def test_a_machine_as_promised_is_accepted_and_described() -> None:
    assert failings(PROMISE, SOUND) == ()
    assert words(SOUND) == "1 x Quadro RTX 6000 22 GB, driver 560.35.05, 48 cores, 187 GB"


@pytest.mark.parametrize(
    ("shown_mib", "printed_gb", "accepted"),
    [
        (24_220, 24, True),
        (22_698, 24, True),
        (81_559, 80, True),
        (40_960, 80, False),
        (95_830, 94, True),
        (32_510, 32, True),
        (16_276, 16, True),
        (16_276, 32, False),
    ],
)
def test_memory_of_a_card_is_compared_with_what_is_printed_on_it(
    shown_mib: int, printed_gb: int, accepted: bool
) -> None:
    promise = replace(PROMISE, gpu_memory_bytes=printed_gb * GIB)
    survey = replace(SOUND, cards=(replace(RTX, memory_bytes=shown_mib * MIB),))

    assert (failings(promise, survey) == ()) is accepted


@pytest.mark.parametrize(
    ("survey", "said"),
    [
        (replace(SOUND, cards=()), "shows no GPU instead of 2"),
        (SOUND, "shows 1 GPU instead of 2"),
        (replace(SOUND, cards=(), trouble="it is lost"), "has no GPU driver that answers: it is lost"),
        (
            replace(SOUND, cards=(RTX, replace(RTX, memory_bytes=12 * GIB))),
            "has a Quadro RTX 6000 with 12 GB instead of 24 GB",
        ),
        (replace(SOUND, cards=(RTX, RTX), memory_bytes=96 * GIB), "has 96 GB of memory instead of 192 GB"),
        (replace(SOUND, cards=(RTX, RTX), memory_bytes=None), "does not tell how much memory it has"),
        (
            replace(SOUND, cards=(RTX, RTX), disk_free_bytes=GB),
            "has 1.0 GB of disk free, and 20 GB are needed",
        ),
        (replace(SOUND, cards=(RTX, RTX), disk_free_bytes=None), "does not tell how much disk is free"),
        (replace(SOUND, cards=(RTX, RTX), clock_ahead_seconds=3600.0), "has a clock that is 3600 s ahead"),
        (replace(SOUND, cards=(RTX, RTX), clock_ahead_seconds=-90.0), "has a clock that is 90 s behind"),
        (replace(SOUND, cards=(RTX, RTX), clock_ahead_seconds=None), "does not tell the time"),
        (replace(SOUND, cards=(RTX, RTX), cpus=None), "does not tell how many cores it has"),
    ],
)
def test_what_is_wrong_is_said_in_words(survey: Survey, said: str) -> None:
    assert failings(replace(PROMISE, gpus=2), survey) == (said,)


def test_more_gpus_than_promised_are_no_failing() -> None:
    assert failings(PROMISE, replace(SOUND, cards=(RTX, RTX))) == ()


def test_without_a_promise_of_gpus_none_are_looked_for() -> None:
    assert failings(Promise(), replace(SOUND, cards=(), trouble="nvidia-smi is not installed")) == ()


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: f"{machine.site}-{machine.name}")
def test_every_machine_of_the_catalogue_can_keep_its_promise(machine: Machine) -> None:
    whole = [] if machine.gpu is None else [Card("a card", machine.gpu.memory_gb * GIB * 15 // 16)]
    sound = replace(
        SOUND, cards=tuple(whole * machine.gpus), memory_bytes=int(machine.memory_gib * GIB * 0.95)
    )

    assert failings(promised(machine, 1), sound) == ()
    assert bool(failings(promised(machine, 1), replace(sound, cards=sound.cards[1:]))) is bool(machine.gpus)
    assert failings(promised(machine, 0), replace(sound, cards=())) == ()


def test_a_clock_is_not_blamed_for_a_slow_answer() -> None:
    assert failings(PROMISE, replace(SOUND, clock_ahead_seconds=70.0, clock_unsure_seconds=15.0)) == ()
