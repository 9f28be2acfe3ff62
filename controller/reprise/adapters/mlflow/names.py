"""Makes names and texts fit MLflow's rules, by replacement and never by failing. Used by `content`.

A metric or parameter may contain letters, digits and ``/ _ - . :`` and spaces, must read as a clean
relative path and have at most 250 characters. Databases below MLflow refuse NUL and lone surrogates.
"""

import hashlib
import re
from collections.abc import Iterable

MAX_NAME = 250
MAX_PARAM = 6_000
MAX_TAG = 8_000

_FORBIDDEN = re.compile(r"[^/\w.\- :]")
_SUFFIX = 9
"""A dash and eight digits."""


def fit_names(names: Iterable[str]) -> dict[str, str]:
    """name → a name that MLflow takes, different for different names. Good names stay as they are."""
    fitted: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names), key=lambda name: (clean_name(name) != name, name)):
        fitted[name] = clean_name(name)
        while fitted[name] in taken:
            fitted[name] = _numbered(name + fitted[name], clean_name(name))
        taken.add(fitted[name])
    return fitted


def clean_name(name: str) -> str:
    parts = [part for part in _FORBIDDEN.sub("_", name).split("/") if part not in ("", ".")]
    parts = ["__" + part[2:] if part.startswith("..") else part for part in parts]
    cleaned = "/".join(parts) or "_"
    return cleaned if len(cleaned) <= MAX_NAME else _numbered(name, cleaned)


def fit_text(text: str, limit: int) -> str:
    """At most ``limit`` characters, valid Unicode without NUL; what is cut leaves an ellipsis."""
    clean = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _numbered(name: str, cleaned: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{cleaned[: MAX_NAME - _SUFFIX].rstrip('/')}-{digest[: _SUFFIX - 1]}"
