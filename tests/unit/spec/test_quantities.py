"""Durations, sizes and printed numbers."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.spec.quantities import (
    parse_duration,
    parse_least_size,
    parse_number,
    parse_size,
    parse_whole,
    printed_half_unit,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45s", timedelta(seconds=45)),
        ("1h30m", timedelta(minutes=90)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("90m", timedelta(minutes=90)),
        ("30d", timedelta(days=30)),
        *[
            (bad, None)
            for bad in ("", "90", "0s", "1.5h", "30m1h", "1 h", "1H", "31d", "-1h", "١h", "9" * 30 + "s")
        ],
        ("999999999d", None),
    ],
)
def test_durations(text: str, expected: timedelta | None) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("32GB", 32_000_000_000),
        ("32 GiB", 34_359_738_368),
        ("512MiB", 536_870_912),
        ("1.5KB", 1500),
        ("7B", 7),
        ("1TB", 10**12),
        *[(bad, None) for bad in ("", "32", "32gb", "32G", "0GB", "-1GB", "1e3MB", "0.1B", "GB")],
    ],
)
def test_sizes(text: str, expected: int | None) -> None:
    assert parse_size(text) == expected
    assert parse_least_size(">=" + text) == expected


@pytest.mark.parametrize("text", ["1", "-1", "+0.5", ".5", "5.", "1e3", "1.5E-3", "0", "0e99", "-0.0"])
def test_numbers(text: str) -> None:
    assert parse_number(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["", "nan", "inf", "1_000", "1,5", "0x10", "١", "1e999", "1e-999", "1e" + "9" * 50, "1" * 401, "e5", "."],
)
def test_no_numbers(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("-3", -3), ("010", None), ("1_0", None), ("1" * 19, None)]
)
def test_whole_numbers(text: str, expected: int | None) -> None:
    assert parse_whole(text) == expected


@pytest.mark.parametrize(
    ("printed", "half"),
    [("0.93", "0.005"), ("0.930", "0.0005"), ("147", "0.5"), ("1.5e-3", "5e-5"), ("2e3", "500")],
)
def test_the_printed_digits_give_the_precision(printed: str, half: str) -> None:
    assert printed_half_unit(Decimal(printed)) == Decimal(half)


@given(st.text(alphabet="0123456789.eE+->=dhms KMGTiB", max_size=30))
def test_readers_of_quantities_never_raise(text: str) -> None:
    for parse in (parse_duration, parse_size, parse_least_size, parse_number, parse_whole):
        parse(text)
