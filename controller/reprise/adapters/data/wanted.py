"""What a source comes down to: one address, and what its bytes must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wanted:
    url: str
    source: str
    """For messages and records, without what is secret in it."""
    sha256: str | None = None
    md5: str | None = None
    size: int | None = None
    revision: str | None = None
    pinned: bool = False
    """Whether the repository says by this source which bytes it must be."""
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Headers for the host of ``url`` alone."""
    key: str | None = None
    """What the source itself can never change the bytes of; None = ask again each time."""
