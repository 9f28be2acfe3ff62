"""What is remembered of an image: a folder per key with ``image.json``, complete or absent."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from reprise.domain.image import Base, Image, Kind

RECORD = "image.json"
OUTPUT = "build.log"


@dataclass(frozen=True, slots=True)
class Record:
    location: str
    """What engines call it by: ``registry/name@sha256:…``, or the digest of its configuration."""
    image: Image
    python: str
    packages: dict[str, str]
    bytes: int
    """What was written for it."""
    pushed: bool
    """To our registry, else loaded into the Engine; False also for a ready image, which is not ours."""
    loaded: bool = False


def load(place: Path) -> Record | None:
    try:
        held = json.loads((place / RECORD).read_text())
        image = held.pop("image")
        bases = tuple(Base(**each) for each in image.pop("bases"))
        return Record(image=Image(kind=Kind(image.pop("kind")), bases=bases, **image), **held)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(place: Path, record: Record) -> None:
    """Whole or not at all."""
    place.mkdir(parents=True, exist_ok=True)
    held = asdict(record)
    held["image"]["kind"] = record.image.kind.value
    partial = place / f"{RECORD}.writing"
    with partial.open("w") as file:
        json.dump(held, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(place / RECORD)


def places(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if (path / RECORD).is_file():
                yield path


def lock(place: Path) -> Path:
    return place.with_name(f"{place.name}.lock")
