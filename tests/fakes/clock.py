"""A clock that only moves when somebody sleeps or a test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = timedelta()

    def now(self) -> datetime:
        return self._start + self._elapsed

    def elsewhere(self) -> datetime:
        """What another machine's clock says, which nobody sets."""
        return START + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Takes no real time, but lets others run, as a real sleep does."""
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self._elapsed += timedelta(seconds=seconds)

    def step(self, seconds: float) -> None:
        """Somebody sets the clock; time that passes does not notice."""
        self._start += timedelta(seconds=seconds)
