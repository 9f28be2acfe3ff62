from hypothesis import given
from hypothesis import strategies as st

from reprise.adapters.mlflow.batches import MAX_BYTES, split
from reprise.adapters.mlflow.content import Point


def points(count: int, name: str = "loss") -> list[Point]:
    return [Point(name, 0.5, 1_000, step) for step in range(count)]


def test_nothing_is_no_request() -> None:
    assert list(split({}, {}, [])) == []


def test_a_small_run_is_one_request() -> None:
    assert len(list(split({"seed": "7"}, {"a": "b"}, points(900)))) == 1


def test_large_values_make_more_requests_before_they_are_too_many() -> None:
    tags = {f"t{number}": "é" * 8_000 for number in range(100)}
    batches = list(split({}, tags, []))
    assert len(batches) > 5
    assert all(batch.bytes <= MAX_BYTES for batch in batches)


@given(st.integers(0, 350), st.integers(0, 350), st.integers(0, 3_500), st.integers(1, 250))
def test_everything_goes_once_in_order_and_within_the_limits(
    params: int, tags: int, metrics: int, length: int
) -> None:
    told_params = {f"p{number}": "é" * length for number in range(params)}
    told_tags = {f"t{number}": "x" * length for number in range(tags)}
    told_points = points(metrics, "m" * length)
    batches = list(split(told_params, told_tags, told_points))
    assert [point for batch in batches for point in batch.points] == told_points
    assert [item for batch in batches for item in batch.params.items()] == list(told_params.items())
    assert [item for batch in batches for item in batch.tags.items()] == list(told_tags.items())
    for batch in batches:
        assert len(batch.points) <= 1_000
        assert len(batch.params) <= 100
        assert len(batch.tags) <= 100
        assert batch.entities <= 1_000
        assert batch.bytes <= MAX_BYTES
