import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain import system_metrics
from reprise.domain.errors import UserError
from reprise.domain.system_metrics import MAX_BYTES, MAX_SAMPLES, MAX_SERIES, Series, read, written

numbers = st.none() | st.floats(min_value=-1e300, max_value=1e300)
series = st.integers(0, 5).flatmap(
    lambda count: st.builds(
        Series,
        st.tuples(*[st.integers(0, system_metrics.MAX_EPOCH_MS)] * count),
        st.dictionaries(
            st.from_regex(r"\A[a-z][a-z0-9_]{0,60}\Z"), st.tuples(*[numbers] * count), max_size=4
        ),
    )
)


@given(series)
def test_what_is_written_is_read_again(told: Series) -> None:
    assert read(written(told).encode()) == told


def test_points_leave_out_what_has_no_value() -> None:
    told = Series((10, 20), {"a": (None, 1.5)})
    assert list(told.points()) == [("a", 1, 20, 1.5)]


@pytest.mark.parametrize(
    ("root", "why"),
    [
        ([], "version"),
        ({"version": 2, "at_ms": [], "series": {}}, "version"),
        ({"version": 1, "at_ms": [1.5], "series": {}}, "at_ms"),
        ({"version": 1, "at_ms": [True], "series": {}}, "at_ms"),
        ({"version": 1, "at_ms": [-1], "series": {}}, "at_ms"),
        ({"version": 1, "at_ms": [10**15], "series": {}}, "at_ms"),
        ({"version": 1, "at_ms": [1] * (MAX_SAMPLES + 1), "series": {}}, "at_ms"),
        ({"version": 1, "at_ms": [], "series": {f"a{i}": [] for i in range(MAX_SERIES + 1)}}, "series"),
        ({"version": 1, "at_ms": [1], "series": {"a": []}}, "one value"),
        ({"version": 1, "at_ms": [1], "series": {"a": "1"}}, "one value"),
        ({"version": 1, "at_ms": [1], "series": {"a": ["1"]}}, "finite"),
        ({"version": 1, "at_ms": [1], "series": {"a": [True]}}, "finite"),
        ({"version": 1, "at_ms": [1], "series": {"a": [float("nan")]}}, "finite"),
        ({"version": 1, "at_ms": [1], "series": {"a": [float("inf")]}}, "finite"),
        ({"version": 1, "at_ms": [1], "series": {"../a": [1]}}, "name"),
        ({"version": 1, "at_ms": [1], "series": {"a" * 62: [1]}}, "name"),
    ],
)
def test_anything_else_is_refused_with_the_reason(root: object, why: str) -> None:
    with pytest.raises(UserError, match=why):
        read(json.dumps(root).encode())


def test_a_huge_one_is_not_parsed() -> None:
    with pytest.raises(UserError, match="larger than"):
        read(b" " * (MAX_BYTES + 1))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(data)
    except UserError:
        return
