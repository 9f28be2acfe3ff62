"""Images for a node: pulled there by digest, else sent from the Engine of this machine.

A node sees public registries. One on this machine, or one that wants a password, it does not: then the image
goes through our connection, once for a node.
"""

import hashlib
import threading

import structlog

from reprise.containers.engine import Engine, Image, NoImage
from reprise.containers.images import built_no_more, nowhere
from reprise.domain.errors import Refused, Retryable
from reprise.domain.images import references
from reprise.ports import Failed

log = structlog.get_logger()

SENT = "reprise/sent"


class SentImages:
    """The images of one node."""

    def __init__(self, there: Engine, here: Engine | None) -> None:
        """``here``: where images are built, or can be pulled; None = this machine has no Engine."""
        self._there = there
        self._here = here
        self._sending = threading.Lock()

    def ensure(self, reference: str) -> Image | Failed:
        sent = sent_name(reference)
        with self._sending:
            found = self._there.image(reference) or self._there.image(sent) or self._pulled(reference)
            return found if found is not None else self._send(reference, sent)

    def _pulled(self, reference: str) -> Image | None:
        if "@sha256:" not in reference or on_this_machine(reference):
            return None
        try:
            self._there.pull(reference)
        except (NoImage, Refused, Retryable) as error:
            log.info("image not pulled by the node, so it is sent", image=reference, why=str(error))
            return None
        return self._there.image(reference)

    def _send(self, reference: str, sent: str) -> Image | Failed:
        if self._here is None:
            return nowhere(
                reference, NoImage("the node cannot pull it, and no Docker Engine here can send it")
            )
        try:
            found = self._here.image(reference)
            if found is None and "@sha256:" not in reference:
                return built_no_more(reference)
            if found is None:
                self._here.pull(reference)
                found = self._here.image(reference)
            name = self._there.receive(self._here.save(found.id if found is not None else reference))
            self._there.call(name, sent)
        except NoImage as error:
            return nowhere(reference, error)
        image = self._there.image(sent)
        if image is None:
            raise Retryable(f"the image {reference} was sent to the node, and is not there")
        return image


def sent_name(reference: str) -> str:
    """What it is called on the node once it was sent."""
    return f"{SENT}:{hashlib.sha256(reference.encode()).hexdigest()[:32]}"


def on_this_machine(reference: str) -> bool:
    """Whether a registry's name means another one on every machine."""
    parsed = references.parse(reference)
    return parsed is not None and parsed.api.startswith("http:")
