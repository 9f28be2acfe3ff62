"""What the portal grants, as tests set it: ``portal.json`` among the knobs, with the names below."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.openstack.place import Place

NAME = "portal.json"
DAY = 86400.0


@dataclass(frozen=True)
class Rules:
    project_sus: float = 20_000
    """Of each project, for all leases together."""
    user_sus: float | None = None
    """Of each person; None = no budget of their own."""
    longest_seconds: float = 7 * DAY
    window_seconds: float = 2 * DAY
    """Before a lease's end, in which it may be extended."""
    project_ends: datetime | None = None
    """UTC, without a zone."""
    down: bool = False
    """It answers, with 503."""
    silent: bool = False
    """It hangs up."""


def rules_of(place: Place) -> Rules:
    try:
        said: dict[str, Any] = json.loads((place.knobs / NAME).read_text())
    except FileNotFoundError:
        return Rules()
    if said.get("project_ends"):
        said["project_ends"] = datetime.fromisoformat(said["project_ends"])
    return Rules(**said)
