"""What is kept and could be done without."""

from collections.abc import Iterable
from typing import Protocol

from reprise.domain.retention import Item


class Storage(Protocol):
    """What one part of Reprise keeps and could do without. Safe beside everything that goes on."""

    def kept(self) -> Iterable[Item]:
        """What is there now. Changes nothing. Raises Retryable or OSError when it cannot be looked at."""
        ...

    def remove(self, item: Item) -> bool:
        """Whole or not at all as others see it; False when somebody came to need it. Gone is fine.

        Raises Retryable or OSError when it cannot be removed; what is left goes with the next `tidy`.
        """
        ...

    def tidy(self) -> None:
        """Finish what a crash interrupted. Raises Retryable or OSError when something stays."""
        ...
