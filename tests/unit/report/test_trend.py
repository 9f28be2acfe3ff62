"""The course of a claim over earlier runs."""

from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.trend import course

ORDER = "▁▂▃▄▅▆▇█"
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(10**9), 10**9)


def test_the_lowest_and_the_highest_are_the_ends_and_a_gap_is_a_dot() -> None:
    assert course([0.9, None, 0.95, 1.0, "text"]) == "▁·▅█·"


def test_what_does_not_change_stays_in_the_middle() -> None:
    assert course([0.97, 0.97]) == "▄▄"
    assert course([None, "a"]) == "··"


@given(st.lists(numbers, min_size=2))
def test_a_higher_number_never_has_a_lower_block(values: list[float]) -> None:
    blocks = [ORDER.index(block) for block in course(values)]
    assert len(blocks) == len(values)
    for value, block in zip(values, blocks, strict=True):
        for other, beside in zip(values, blocks, strict=True):
            assert value >= other or block <= beside
