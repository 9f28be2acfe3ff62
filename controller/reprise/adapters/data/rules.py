"""What the operator allows the fetch stage, handed over by `bootstrap`."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reprise.domain.data.addresses import Network


@dataclass(frozen=True, slots=True)
class Rules:
    file_bytes: int = 20 * 10**9
    """Of one file."""
    run_bytes: int = 50 * 10**9
    """Of everything that one run fetches."""
    seconds: float = 7200.0
    """For everything that one run fetches."""
    timeout: float = 30.0
    """Seconds without an answer, for connecting and for each read."""
    pause: float = 1.0
    """Seconds, about, before the second attempt; twice as long before each further one."""
    networks: tuple[Network, ...] = ()
    """Allowed though they are not public."""
    hub: str = "https://huggingface.co"
    zenodo: str = "https://zenodo.org"
    s3: str | None = None
    """Of a service that is not Amazon's."""
    s3_region: str = "us-east-1"


@dataclass(frozen=True, slots=True)
class Lent:
    """The operator's secrets, asked for when they are needed."""

    secret_of: Callable[[str, str], str | None] = lambda repository, name: None
    """(repository, name) → its value."""
    token_of: Callable[[str], str | None] = lambda address: None
    """Address of a repository → what it is cloned with."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value, and what a message may call it."""

    name: str
    value: str = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """``user:password`` is for Basic; a bearer token has no colon by its grammar (RFC 6750)."""
        return {"Authorization": f"Bearer {self.value}"} if ":" not in self.value else basic(self.value)


def basic(user_and_password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(user_and_password.encode()).decode()}"}
