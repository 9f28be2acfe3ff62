"""The network of a trial: none, unless the spec opens it."""

from pathlib import Path

from reprise.adapters.docker.engine import Engine, Image
from reprise.domain.spec import model
from reprise.ports import JobRequest


class NoNetwork(Exception):
    """The network that the spec asks for cannot be had here; a sentence."""


class Network:
    def __init__(self, engine: Engine, state: Path) -> None:
        self._engine = engine
        self._state = state

    def of(self, job: JobRequest, image: Image) -> str:
        """What the Engine calls it. Raises NoNetwork."""
        if job.spec.environment.network is not model.Network.OPEN:
            return "none"
        raise NoNetwork("an open network is not built yet")
