import threading

import pytest

from reprise.adapters.github.limiter import WriteLimiter
from reprise.domain.errors import Retryable


class Time:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_writes_are_spaced_from_the_end_of_the_last() -> None:
    time = Time()
    limiter = WriteLimiter(1.0, monotonic=time.monotonic, sleep=time.sleep)
    for seconds in (0.25, 5.0, 0.0):
        with limiter.turn():
            time.now += seconds
        time.now += 0.25
    assert time.slept == [0.75, 0.75]


def test_a_failed_write_counts_too() -> None:
    time = Time()
    limiter = WriteLimiter(1.0, monotonic=time.monotonic, sleep=time.sleep)
    with pytest.raises(ValueError, match="x"), limiter.turn():
        raise ValueError("x")
    with limiter.turn():
        pass
    assert time.slept == [1.0]


def test_without_spacing_nobody_sleeps() -> None:
    time = Time()
    limiter = WriteLimiter(0, monotonic=time.monotonic, sleep=time.sleep)
    for _ in range(3):
        with limiter.turn():
            pass
    assert time.slept == []


def test_waiting_for_ones_turn_has_an_end() -> None:
    limiter = WriteLimiter(0, patience=0.01)
    refused: list[Retryable] = []

    def second() -> None:
        try:
            with limiter.turn():
                pass
        except Retryable as error:
            refused.append(error)

    with limiter.turn():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(5)
    assert len(refused) == 1
