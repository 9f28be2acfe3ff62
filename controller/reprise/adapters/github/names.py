"""Names of repositories that may stand in an address: they come from payloads, specs and settings."""

import re

_FULL_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


def is_full_name(text: str) -> bool:
    """``owner/name``. Parts of dots alone would climb in the address."""
    return bool(_FULL_NAME.fullmatch(text)) and all(part.strip(".") for part in text.split("/"))
