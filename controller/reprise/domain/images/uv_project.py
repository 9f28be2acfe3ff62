"""What a uv.lock and its pyproject.toml say that an image's layers depend on. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class UvProject:
    own: tuple[str, ...]
    """Folders of the repository that are packages, from the lock's folder."""
    folders: tuple[str, ...]
    """Folders of the repository that packages are found in, from the lock's folder."""
    compared: bool
    """Whether the lock can be compared with pyproject.toml alone, before the code is there."""
    dynamic: bool
    """Only code can tell what the project depends on, so it is never compared."""


def read(lock: str, pyproject: str) -> UvProject:
    """Raises ValueError when the lock is no TOML."""
    packages = [each for each in tomllib.loads(lock).get("package", ()) if isinstance(each, dict)]
    sources = [each["source"] for each in packages if isinstance(each.get("source"), dict)]
    described = _toml(pyproject)
    own = [path for source in sources for key in ("editable", "directory") for path in _texts(source, key)]
    found = [path for source in sources for path in _texts(source, "registry") if "://" not in path]
    others = [path for path in own if path != "."] + [
        p for s in sources for p in _texts(s, "virtual") if p != "."
    ]
    workspace = "workspace" in _section(described, "tool", "uv")
    return UvProject(
        own=tuple(dict.fromkeys(own)),
        folders=tuple(dict.fromkeys((*found, *(path for s in sources for path in _texts(s, "path"))))),
        compared=not others and not workspace,
        dynamic=is_dynamic(pyproject),
    )


def is_dynamic(pyproject: str) -> bool:
    dynamic = _section(_toml(pyproject), "project").get("dynamic", ())
    return "dependencies" in dynamic or "optional-dependencies" in dynamic


def is_package(pyproject: str) -> bool:
    """Whether it can be built, and says how."""
    described = _toml(pyproject)
    return "build-system" in described and ("project" in described or "poetry" in _section(described, "tool"))


def _texts(source: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = source.get(key)
    return (value,) if isinstance(value, str) else ()


def _section(described: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        below = described.get(name, {})
        described = below if isinstance(below, dict) else {}
    return described


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}  # uv names the line when it reads the file itself
