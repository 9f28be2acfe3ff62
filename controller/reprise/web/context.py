"""What the web layer is handed by `bootstrap`: the store, a secret, and a way to wake the engine."""

from dataclasses import dataclass

from reprise.domain.watch import Watch
from reprise.engine.world import World
from reprise.web.writer import DeliveryWriter


@dataclass(frozen=True, slots=True)
class Context:
    world: World
    writer: DeliveryWriter
    webhook_secret: bytes
    watched: Watch
    tracking_url: str | None
    """Where MLflow's pages are."""
