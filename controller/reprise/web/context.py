"""What the web layer is handed by `bootstrap`: the store, a secret, and a way to wake the engine."""

from collections.abc import Callable
from dataclasses import dataclass, field

from reprise.adapters.github.onboarding import Onboarding
from reprise.domain.watch import Watch
from reprise.engine.readiness import Lack
from reprise.engine.sweep import Sweeps
from reprise.engine.world import World
from reprise.sign_in import Key
from reprise.web.writer import DeliveryWriter


@dataclass(frozen=True, slots=True)
class Context:
    world: World
    writer: DeliveryWriter
    webhook_secret: bytes
    """Of the settings; an App that was made here has one of its own."""
    key: Key
    watched: Watch
    tracking_url: str | None
    """Where MLflow's pages are for others."""
    tracking_page: Callable[[], str | None] | None = None
    """Where somebody who is signed in opens those of our own server; None while it is not ready."""
    """Where MLflow's pages are."""
    intake: str = "webhook"
    """In words: how what happens on the forge becomes known."""
    polls: bool = False
    """Whether it asks the forge itself, so that no delivery is needed."""
    onboarding: Onboarding | None = None
    """Who we are on GitHub; None where nothing is set up, as for a benchmark."""
    look: Callable[[], None] = lambda: None
    """Sweep soon: the App may have been installed just now."""
    lacks: Callable[[], tuple[Lack, ...]] = tuple
    """What keeps the controller from being ready."""
    sweeps: Sweeps = field(default_factory=Sweeps)
    stopping: Callable[[], bool] = lambda: False
    """Whether the server is on its way out and waits for those who still read."""

    def webhook_secrets(self) -> tuple[bytes, ...]:
        """A delivery is genuine by any of them: a repository's webhook may stay beside the App's."""
        made = self.onboarding.webhook_secret if self.onboarding is not None else b""
        return tuple(secret for secret in (self.webhook_secret, made) if secret)
