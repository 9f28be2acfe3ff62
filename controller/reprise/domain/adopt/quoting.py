"""Texts as YAML scalars inside ``[…]`` and ``{…}``: plain where nobody could read them otherwise."""

import json
import re

_PLAIN = re.compile(r"(?:--?)?[A-Za-z_./][A-Za-z0-9_./+-]*")
_WORDS = frozenset(
    {"true", "false", "null", "yes", "no", "on", "off", "y", "n", ".inf", ".nan", "~", ".", "..."}
)


def flow(text: str) -> str:
    """JSON's strings are YAML's, as far as characters can be printed."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def listed(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(map(flow, texts))}]"
