"""A printed number means every value that would be printed like it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.published import difference, equal_as_printed, parse_number, within


@pytest.mark.parametrize(
    ("text", "value", "half_unit", "integer"),
    [
        ("0.97", "0.97", "0.005", False),
        ("0.970", "0.97", "0.0005", False),
        ("147", "147", "0.5", True),
        ("-3", "-3", "0.5", True),
        ("+0.5", "0.5", "0.05", False),
        (".97", "0.97", "0.005", False),
        ("5.", "5", "0.5", False),
        ("1.5e-3", "0.0015", "5e-5", False),
        ("1.5E+3", "1500", "50", False),
        ("2e3", "2000", "500", False),
        ("0.00", "0", "0.005", False),
    ],
)
def test_decimals_are_counted_on_the_significand_and_moved_by_the_exponent(
    text: str, value: str, half_unit: str, integer: bool
) -> None:
    number = parse_number(text)
    assert number is not None
    assert (number.value, number.half_unit, number.integer) == (Decimal(value), Decimal(half_unit), integer)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n/a",
        "0.97%",
        "1,000",
        "0x10",
        "1_000",
        "1 000",
        " 1",
        "nan",
        "inf",
        "-",
        ".",
        "e5",
        "1e",
        "1e9999",
        "٣",
    ],
)
def test_other_text_is_no_number(text: str) -> None:
    assert parse_number(text) is None


def test_very_long_digits_are_no_number() -> None:
    assert parse_number("1" * 101) is None


@pytest.mark.parametrize(
    ("published", "value", "equal"),
    [
        ("0.97", 0.9688542825361512, True),
        ("0.97", 0.965, True),
        ("0.97", 0.975, True),
        ("0.97", 0.9649999, False),
        ("0.97", 0.9750001, False),
        ("0.9324", 0.93245, True),
        ("98.9", 98.87640449438202, True),
        ("147", 147, True),
        ("147", 147.0, True),
        ("147", 148, False),
        ("147", 146, False),
        ("147", 147.4, True),
        ("147.0", 147, True),
        ("1.5e-3", 0.00155, True),
        ("1.5e-3", 0.00156, False),
        ("0.00", 0.005, True),
        ("-0.5", -0.54, True),
        ("12345678901234567890", 12345678901234567890, True),
        ("12345678901234567890", 12345678901234567891, False),
    ],
)
def test_equal_at_the_printed_precision(published: str, value: float, equal: bool) -> None:
    number = parse_number(published)
    assert number is not None
    assert equal_as_printed(value, number) is equal


def test_the_edge_of_a_tolerance_is_inside() -> None:
    number = parse_number("0.3")
    assert number is not None
    assert within(0.1 + 0.2 + 0.1, number, Decimal("0.1"))
    assert not within(0.4000001, number, Decimal("0.1"))


def test_a_difference_carries_no_noise_of_binary_fractions() -> None:
    number = parse_number("0.97")
    assert number is not None
    assert difference(0.975, number) == 0.005


@given(st.floats(-1e15, 1e15), st.integers(0, 12))
def test_what_prints_as_the_published_text_is_equal(value: float, decimals: int) -> None:
    number = parse_number(f"{value:.{decimals}f}")
    assert number is not None
    assert equal_as_printed(value, number)


@given(
    st.floats(allow_nan=False, allow_infinity=False, max_value=1e290, min_value=-1e290), st.integers(0, 16)
)
def test_what_prints_as_the_published_exponent_is_equal(value: float, decimals: int) -> None:
    number = parse_number(f"{value:.{decimals}e}")
    assert number is None or equal_as_printed(value, number)


@given(st.decimals(-1000, 1000, places=3), st.integers(2, 400))
def test_a_value_two_units_away_is_not_equal(published: Decimal, hundredths: int) -> None:
    number = parse_number(f"{published:f}")
    assert number is not None
    assert not equal_as_printed(float(published + Decimal(hundredths) / 1000), number)
