"""Work that a crash does not lose."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol


class Durable(Protocol):
    """All that a workflow may await: a crash throws it away, and it is replayed from these records."""

    async def step(self, name: str, call: Callable[..., Awaitable[Any]], *args: object) -> Any:
        """What ``call`` returned, plain JSON data in and out, recorded under ``name`` and its order.

        A recorded step is never called again. One whose call did not come to its record is called again.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait through restarts: what is left of the time is waited after one."""
        ...


class Workflows(Protocol):
    """Starts workflows and says what became of them."""

    def start(self, workflow_id: str) -> None:
        """Nothing happens when it was started before."""
        ...

    def broken(self, workflow_id: str) -> bool:
        """Whether the workflow itself ended in an error."""
        ...

    def over(self, workflow_id: str) -> bool:
        """Whether it ended, well or in an error, so that nobody works on it any more."""
        ...
