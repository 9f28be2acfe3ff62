"""What a cloud means when it says no. Adapters classify its texts; the engine and people see these."""

from enum import Enum

from reprise.domain.errors import Refused


class Refusal(Enum):
    FULL = "full"
    """No free host, flavor or GPU in the window that was asked for."""
    NO_SUCH_TYPE = "no_such_type"
    NO_FLOATING_IP = "no_floating_ip"
    OVER_BUDGET = "over_budget"
    """Of the project."""
    OVER_USER_BUDGET = "over_user_budget"
    TOO_LONG = "too_long"
    OUTSIDE_WINDOW = "outside_window"
    """An extension that comes too early."""
    BEYOND_PROJECT = "beyond_project"
    """The lease would end after the project's allocation does."""
    RESTRICTED_CREDENTIAL = "restricted_credential"
    PORTAL_DOWN = "portal_down"
    """Whoever counts service units did not answer; the same request may go through later."""
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - a kind of refusal
    UNKNOWN_CREDENTIAL = "unknown_credential"
    EXPIRED_CREDENTIAL = "expired_credential"
    FORBIDDEN = "forbidden"
    """The credential lacks a role for this call."""
    NO_SUCH_SITE = "no_such_site"
    """The catalogue of services has no such region or service."""
    NAME_TAKEN = "name_taken"
    WRONG_STATE = "wrong_state"
    """Not now: the lease or server is in another state."""
    MALFORMED = "malformed"
    """A mistake in the request itself, so one of ours."""
    UNKNOWN = "unknown"


class CloudRefused(Refused):
    """The cloud said no; the message is a whole sentence with what to do next."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(refusal, message)
        self.refusal = refusal

    def __str__(self) -> str:
        return str(self.args[1])
