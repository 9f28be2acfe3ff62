"""What was found of one system."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    ok: bool
    said: str
    next_step: str | None = None
    sizes: dict[str, int] | None = None
    """Bytes by kind."""
