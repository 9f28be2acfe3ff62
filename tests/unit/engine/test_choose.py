from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.run import RunId
from reprise.engine.grant import choose

queues = st.lists(st.uuids().map(lambda each: RunId(str(each))), unique=True, max_size=20)


@given(queues, st.integers(0, 80), st.integers(0, 64))
def test_capacity_is_used_in_order_and_never_exceeded(waiting: list[RunId], live: int, slots: int) -> None:
    chosen = choose(waiting, live, slots)
    assert list(chosen) == waiting[: len(chosen)]
    assert len(chosen) <= max(slots - live, 0)
    assert len(chosen) == len(waiting) or live + len(chosen) >= slots
