"""Texts of the spec → values: durations, sizes, numbers as printed, digests, pointers.

Each reader returns None for a text that it does not understand; who asked knows the sentence.
"""

import math
import re
from datetime import timedelta
from decimal import Decimal

DURATION = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
LONGEST = timedelta(days=30)

SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?) ?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)", re.ASCII)
UNITS = {"B": 1, **{f"{c}B": 1000**i for i, c in enumerate("KMGT", 1)}}
UNITS |= {f"{c}iB": 1024**i for i, c in enumerate("KMGT", 1)}

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
DIGEST = re.compile(r"[0-9a-fA-F]{64}")
POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")


def parse_duration(text: str) -> timedelta | None:
    """``1h30m``, ``45s``, ``2d``: days, hours, minutes, seconds in this order; above 0, at most 30 days."""
    found = DURATION.fullmatch(text)
    if not found:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if days > 10**6:  # timedelta itself overflows; far above the limit anyway
        return None
    duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return duration if timedelta(0) < duration <= LONGEST else None


def parse_size(text: str) -> int | None:
    """Bytes. ``32GB`` is 32 · 1000³, ``32GiB`` 32 · 1024³; more than 0."""
    found = SIZE.fullmatch(text)
    if not found:
        return None
    return int(Decimal(found[1]) * UNITS[found[2]]) or None


def parse_least_size(text: str) -> int | None:
    """Bytes of ``>=40GB``."""
    return parse_size(text[2:].lstrip(" ")) if text.startswith(">=") else None


def is_number(text: str) -> bool:
    """Whether a text is written as a decimal number, in range or not."""
    return NUMBER.fullmatch(text) is not None


def parse_number(text: str) -> Decimal | None:
    """A decimal number that a double can hold: finite, not so small that only 0 is left of it."""
    if len(text) > 400 or not is_number(text):
        return None
    exponent = re.search(r"[eE]([+-]?\d+)", text)
    if exponent and abs(int(exponent[1])) > 400:
        return None
    value = Decimal(text)
    as_double = float(value)
    return value if math.isfinite(as_double) and (as_double != 0 or value == 0) else None


def parse_amount(text: str) -> float | None:
    """A number that is not negative, for tolerances."""
    value = parse_number(text)
    return float(value) if value is not None and value >= 0 else None


def parse_positive(text: str) -> float | None:
    value = parse_number(text)
    return float(value) if value is not None and value > 0 else None


def parse_whole(text: str) -> int | None:
    """A decimal integer without sign tricks: YAML 1.1 would read ``010`` as eight and ``1:30`` as ninety."""
    return int(text) if WHOLE.fullmatch(text) else None


def parse_digest(text: str) -> str | None:
    return text.lower() if DIGEST.fullmatch(text) else None


def parse_pointer(text: str) -> str | None:
    """RFC 6901; the empty text is the whole file."""
    return text if POINTER.fullmatch(text) else None


def printed_half_unit(value: Decimal) -> Decimal:
    """u = 0.5 · 10^-d, d decimals of the printed significand scaled by the exponent: 1.5e-3 has 5e-5."""
    return Decimal(5).scaleb(int(value.as_tuple().exponent) - 1)
