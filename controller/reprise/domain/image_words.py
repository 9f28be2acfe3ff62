"""An image in words, for reports, pages and evidence. Pure."""

from reprise.domain.image import Base, Image, Kind

SHOWN = 12
"""Hex digits of a digest, where people only have to tell it from others."""


def origin(image: Image) -> str:
    """Where it comes from, e.g. ``built from uv.lock on python:3.11 (sha256:0123456789ab)``."""
    if image.kind is Kind.IMAGE:
        return Kind.IMAGE.value
    bases = [f"{_name(base)} ({short(base.digest)})" for base in image.bases if not _nothing(base)]
    on = f" on {', '.join(bases)}" if bases else ""
    return f"built from {image.kind.value}{on}"


def short(digest: str) -> str:
    """``sha256:`` and the first digits."""
    kind, _, digits = digest.partition(":")
    return f"{kind}:{digits[:SHOWN]}" if digits else digest[:SHOWN]


def _name(base: Base) -> str:
    """The digest follows anyway."""
    return base.named.partition("@")[0]


def _nothing(base: Base) -> bool:
    """The empty image, which has no digest."""
    return base.named == "scratch"
