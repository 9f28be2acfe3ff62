"""Cuts what is to be logged into requests that MLflow takes. Pure; used by `client`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reprise.adapters.mlflow.content import Point

MAX_METRICS = 1_000
MAX_PARAMS = 100
MAX_TAGS = 100
MAX_ENTITIES = 1_000
MAX_BYTES = 700_000
"""MLflow refuses requests above one million bytes."""
_FRAME = 120
"""Bytes around one entity in a request, generously."""


@dataclass(slots=True)
class Batch:
    points: list[Point] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    bytes: int = 0

    @property
    def entities(self) -> int:
        return len(self.points) + len(self.params) + len(self.tags)


def split(params: Mapping[str, str], tags: Mapping[str, str], points: Sequence[Point]) -> Iterator[Batch]:
    """Every param, tag and point exactly once, in order, in as few requests as simple filling gives."""
    batch = Batch()
    for kind, name, value in _texts(params, tags):
        size = _size(name, value)
        held, most = (batch.params, MAX_PARAMS) if kind == "param" else (batch.tags, MAX_TAGS)
        if len(held) >= most or not _fits(batch, size):
            yield batch
            batch = Batch()
            held = batch.params if kind == "param" else batch.tags
        held[name] = value
        batch.bytes += size
    for point in points:
        size = _size(point.name, "")
        if len(batch.points) >= MAX_METRICS or not _fits(batch, size):
            yield batch
            batch = Batch()
        batch.points.append(point)
        batch.bytes += size
    if batch.entities:
        yield batch


def _texts(params: Mapping[str, str], tags: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    yield from (("param", name, value) for name, value in params.items())
    yield from (("tag", name, value) for name, value in tags.items())


def _fits(batch: Batch, size: int) -> bool:
    return batch.entities < MAX_ENTITIES and batch.bytes + size <= MAX_BYTES


def _size(name: str, value: str) -> int:
    return len(json.dumps(name)) + len(json.dumps(value)) + _FRAME
