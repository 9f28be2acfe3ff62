"""Images that trials run in, by the names that builders gave them."""

from pathlib import Path
from typing import Protocol

from reprise.containers import pulled
from reprise.containers.engine import Engine, Image, NoImage
from reprise.domain.errors import Retryable
from reprise.domain.run import Reason
from reprise.ports import Failed


class Images(Protocol):
    def ensure(self, reference: str) -> Image | Failed:
        """The image, in the Engine that runs the trial. Raises Retryable when that may work later."""
        ...


class PulledImages:
    """Of an Engine that images are built into, or that pulls them from their registry."""

    def __init__(self, engine: Engine, cache: Path) -> None:
        self._engine = engine
        self._cache = cache

    def ensure(self, reference: str) -> Image | Failed:
        image = self._engine.image(reference)
        if "@sha256:" in reference:
            pulled.note(self._cache, reference)
        if image is not None:
            return image
        if "@sha256:" not in reference:
            return built_no_more(reference)
        try:
            self._engine.pull(reference)
        except NoImage as error:
            return nowhere(reference, error)
        found = self._engine.image(reference)
        if found is None:
            raise Retryable(f"the image {reference} was pulled, and is not there")
        return found


def built_no_more(reference: str) -> Failed:
    return Failed(
        Reason.INFRASTRUCTURE,
        f"the image {reference} is not in the Docker Engine any more: run again to have it built",
    )


def nowhere(reference: str, error: NoImage) -> Failed:
    return Failed(Reason.INFRASTRUCTURE, f"the image {reference} is nowhere to be had: {error}")
