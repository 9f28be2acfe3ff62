"""Why something was not fetched, as an exception that ends at the adapter's own boundary."""

from reprise.domain.run import Reason
from reprise.masking import mask
from reprise.ports import Failed

STOPPED = Failed(Reason.CANCELLED, "fetching data was ended because nobody wants it now")
CLOSED = Failed(Reason.INFRASTRUCTURE, "Reprise stops, so fetching data was ended")


class NotFetched(Exception):
    """Nothing more is tried."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed)
        self.failed = failed


class Interrupted(Exception):
    """The same may work a moment later; ``after`` is how many seconds the other side asked for."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message, after)
        self.message = message
        self.after = after


class Unwanted(NotFetched):
    """Stopped, closed or out of time."""


def missing(message: str) -> NotFetched:
    return NotFetched(Failed(Reason.DATA_MISSING, mask(message)))


def mismatch(message: str) -> NotFetched:
    return NotFetched(Failed(Reason.DATA_MISMATCH, mask(message)))


def refused(message: str) -> NotFetched:
    """The operator's rules are against it."""
    return NotFetched(Failed(Reason.REFUSED, mask(message)))


def unreachable(message: str) -> NotFetched:
    return NotFetched(Failed(Reason.INFRASTRUCTURE, mask(message)))
