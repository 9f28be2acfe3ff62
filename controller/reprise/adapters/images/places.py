"""Where images go: pushed to a registry by digest, else loaded into a Docker Engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reprise.adapters.images.engine import Engine
from reprise.adapters.images.records import Record
from reprise.adapters.images.registry import Registries
from reprise.domain.errors import UserError
from reprise.domain.images import references
from reprise.domain.images.references import Reference

_HOW = "rewrite-timestamp=true,compression-level=1"
"""Dating files compresses each layer a second time; a low level makes up for that, at some cost in size."""
DIGEST = "containerimage.digest"
CONFIG = "containerimage.config.digest"
"""What BuildKit calls the digests of the manifest and of the configuration."""


@dataclass(frozen=True, slots=True)
class Put:
    """An image that is there."""

    location: str
    """What engines call it by."""
    digest: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    registries: Registries
    registry: Reference | None
    """Without tag and digest."""
    engine: Engine | None

    def output(self, key: str, archive: Path) -> str:
        """What BuildKit is to make: something pushed, else a file for `put`."""
        if self.registry is None:
            return f"type=docker,name=reprise:{key[:32]},dest={archive},{_HOW}"
        insecure = ",registry.insecure=true" if self.registry.api.startswith("http:") else ""
        name = f"{self.registry.repository}:{key}"
        return f"type=image,name={name},push=true,{_HOW}{insecure}"

    def put(self, said: Mapping[str, str], archive: Path) -> Put:
        """``said``: by BuildKit, of what it made. Raises Retryable when the Engine does not take it."""
        digest = said[DIGEST]
        if self.registry is not None:
            reference = Reference(self.registry.host, self.registry.path, None, digest)
            return Put(f"{self.registry.repository}@{digest}", digest, self.registries.size(reference))
        if self.engine is not None:
            self.engine.load(archive)
        return Put(said[CONFIG], digest, archive.stat().st_size)

    def holds(self, record: Record) -> bool:
        """Whether it is still where it was put. Raises Retryable when that cannot be told."""
        if record.loaded:
            return self.engine is not None and self.engine.holds(record.location)
        reference = references.parse(record.location)
        return reference is not None and self.registries.holds(reference)

    def remove(self, record: Record) -> None:
        """Gone is fine; what is not ours stays, and so does what a container uses. Raises Retryable."""
        reference = references.parse(record.location)
        if record.loaded and self.engine is not None:
            self.engine.remove(record.location)
        elif record.pushed and reference is not None:
            self.registries.remove(reference)


def place_of(registries: Registries, registry: str | None, engine: Path | None) -> Place:
    """Raises UserError when the registry's name cannot be one, or there is no engine either."""
    reference = references.parse(registry) if registry is not None else None
    if registry is not None and (reference is None or reference.tag or reference.digest):
        raise UserError(f"{registry} is no place for images: write host/name, such as 127.0.0.1:5000/reprise")
    if reference is None and engine is None:
        raise UserError("images have no place to go: set a registry, or the Docker Engine's socket")
    return Place(registries, reference, Engine(engine) if engine is not None else None)
