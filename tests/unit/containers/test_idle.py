"""When a job leaves the GPUs idle that were leased for it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.leasing import idle
from reprise.domain.leasing.idle import Idle

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
AFTER = timedelta(minutes=30)


def ended_at(looks: Sequence[tuple[int, ...]]) -> int | None:
    """The look, one a minute, after which the job is ended."""
    state = Idle()
    for index, percent in enumerate(looks):
        now = START + timedelta(minutes=index)
        state = idle.seen(state, percent, now)
        if idle.too_long(state, now, after=AFTER) is not None:
            return index
    return None


def test_idle_gpus_are_noticed_once_they_were_idle_for_so_long() -> None:
    assert ended_at([(0, 0)] * 60) == 30


def test_one_busy_gpu_or_one_busy_look_is_use() -> None:
    assert ended_at([(0, 90)] * 60) is None
    assert ended_at([(0, 0)] * 20 + [(0, 6)] + [(0, 0)] * 25) is None


def test_a_driver_that_tells_nothing_ends_no_job() -> None:
    assert ended_at([()] * 60) is None
    assert ended_at([(0,)] * 29 + [()] + [(0,)] * 29) is None


def test_the_sentence_says_for_how_long() -> None:
    state = idle.seen(Idle(), (0,), START)

    said = idle.too_long(state, START + timedelta(minutes=31), after=AFTER)

    assert said == "left every GPU below 5 % for 31 min, so it was ended"


@given(st.lists(st.lists(st.integers(0, 100), max_size=3).map(tuple), max_size=80))
def test_who_is_ended_was_idle_in_every_look_of_that_time(looks: list[tuple[int, ...]]) -> None:
    index = ended_at(looks)

    if index is not None:
        assert all(look and max(look) <= 5 for look in looks[index - 30 : index + 1])


@pytest.mark.parametrize(
    ("printed", "percent"),
    [("3\n97\n", (3, 97)), ("", ()), ("[N/A]\n", ()), ("5\n[N/A]\n", ()), ("NVIDIA-SMI has failed\n", ())],
)
def test_what_the_driver_prints(printed: str, percent: tuple[int, ...]) -> None:
    assert idle.parse_percent(printed) == percent
