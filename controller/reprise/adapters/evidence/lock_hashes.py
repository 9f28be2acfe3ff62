"""Which digests a lock file allows for each package: those of all its files, for every platform."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*==\s*([^\s;\\]+)")
_HASH = re.compile(r"--hash[= ]sha256:([0-9a-f]{64})\b")
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")

Pins = dict[tuple[str, str], tuple[str, ...]]
"""normalised name and version → sha256 digests, sorted"""


def lock_hashes(name: str, lock: bytes) -> Pins:
    """Of uv.lock and of requirements with hashes; nothing for other kinds, and for what cannot be read."""
    try:
        text = lock.decode()
        found = _of_uv(text) if name.endswith(".lock") and "[[package]]" in text else _of_requirements(text)
        return {pin: tuple(sorted(digests)) for pin, digests in found if digests}
    except (ValueError, TypeError, AttributeError, KeyError):
        return {}


def normalised(name: str) -> str:
    """As package indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _of_uv(text: str) -> Iterator[tuple[tuple[str, str], set[str]]]:
    for package in tomllib.loads(text)["package"]:
        files: list[Any] = [*package.get("wheels", ()), package.get("sdist") or {}]
        digests = {match[1] for file in files if (match := _SHA256.fullmatch(file.get("hash", "")))}
        if "version" in package:
            yield (normalised(package["name"]), package["version"]), digests


def _of_requirements(text: str) -> Iterator[tuple[tuple[str, str], set[str]]]:
    for line in text.replace("\\\n", " ").splitlines():
        pinned = _PINNED.match(line)
        if pinned is not None:
            yield (normalised(pinned[1]), pinned[2]), set(_HASH.findall(line))
