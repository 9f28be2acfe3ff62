"""Who we are on GitHub while the controller runs: what the settings say, or the App that /setup made.

Made by bootstrap; the web layer asks it for the webhook's secrets and makes the App through it, which
counts from the next call on.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.app import Installation
from reprise.adapters.github.exchange import exchange
from reprise.adapters.github.registration import Registration, keep_app, kept_app
from reprise.domain.errors import Refused

log = structlog.get_logger()

STATE_SECONDS = 3600.0
"""How long a person may take on GitHub's page: its code lives as long."""
_MAX_STATES = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """What is there and what is not, for the page."""

    slug: str
    html_url: str
    installations: tuple[Installation, ...]


class Onboarding:
    def __init__(
        self,
        state: Path,
        api_url: str,
        forge: GitHubForge,
        *,
        timeout: float,
        configured: bool = False,
        learnt: Callable[[Registration], None] = lambda made: None,
    ) -> None:
        """``configured``: whether the settings name an App; ``learnt``: told of the one that was made here,
        earlier or now, because its secrets must not be logged.

        Raises UserError when an App was kept that cannot be read.
        """
        self.api_url = api_url
        self.configured = configured
        self._state = state
        self._forge = forge
        self._timeout = timeout
        self._learnt = learnt
        self._kept = None if configured else kept_app(state, api_url)
        self._asked: dict[str, float] = {}
        self._lock = threading.Lock()
        if self._kept is not None:
            learnt(self._kept)

    @property
    def has_app(self) -> bool:
        return self._forge.is_app

    @property
    def webhook_secret(self) -> bytes:
        """That of the App that was made here; empty when there is none."""
        return self._kept.webhook_secret.encode() if self._kept is not None else b""

    def new_state(self) -> str:
        """Goes to GitHub and comes back: proof that it was this page that asked for the App."""
        now = time.monotonic()
        with self._lock:
            living = [(state, since) for state, since in self._asked.items() if now - since < STATE_SECONDS]
            self._asked = dict(living[-_MAX_STATES:])
            state = secrets.token_urlsafe(24)
            self._asked[state] = now
            return state

    def make(self, state: str, code: str) -> Registration:
        """Exchange the code, keep the App, and use it. A state that failed may be tried again.

        Raises Refused or Retryable with a sentence for the page, OSError when it cannot be kept.
        """
        with self._lock:
            if time.monotonic() - self._asked.get(state, -STATE_SECONDS) >= STATE_SECONDS:
                if self.has_app:
                    raise Refused("a GitHub App is in use already, and nothing is left to do: see /setup")
                raise Refused("this page did not ask for that App, or too long ago: begin again at /setup")
            if self.has_app:
                raise Refused("there is an App already, which stays in use: delete the new one on GitHub")
            made = exchange(self.api_url, code, timeout=self._timeout)
            credentials = made.credentials
            keep_app(self._state, made)
            del self._asked[state]
            self._kept = made
            self._learnt(made)
            self._forge.use(credentials)
        log.info("GitHub App made", app=made.slug, id=made.id)
        return made

    def standing(self) -> Standing:
        """Asks GitHub. Raises Retryable or Refused."""
        app, installations = self._forge.whose()
        return Standing(app.slug, app.html_url, installations)
