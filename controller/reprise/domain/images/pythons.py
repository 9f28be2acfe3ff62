"""Which Python an image gets: the one that is asked for, else a usual one. Pure."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

_VERSION = re.compile(r"(?:(?:cpython|python)[@-]?)?(3\.\d{1,2}(?:\.\d{1,2})?)", re.IGNORECASE)
_CLAUSE = re.compile(r"(===?|~=|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?(?:[abr].*)?")
_FILES = (".python-version", "runtime.txt")
OLDEST, NEWEST = 8, 14
"""Minor versions of Python 3 that are offered for a range."""


@dataclass(frozen=True, slots=True)
class Wanted:
    version: str
    """``3.11`` or ``3.11.7``"""
    source: str
    """Who asked for it, for people; empty when nobody did."""


@dataclass(frozen=True, slots=True)
class Unknown:
    message: str


def wanted(declared: str | None, files: Mapping[str, str], usual: str) -> Wanted | Unknown:
    """``files``: ``.python-version``, ``runtime.txt`` and ``pyproject.toml`` with what is in them."""
    for request, source in _requests(declared, files):
        version = _chosen(request.strip(), usual)
        if version is not None:
            return Wanted(version, source)
        return Unknown(
            f"`{request.strip()[:60]}` ({source}) is no Python that can be had; write one like 3.11"
        )
    return Wanted(usual, "")


def fits(version: str, asked: str) -> bool:
    return version == asked or version.startswith(f"{asked}.")


def _requests(declared: str | None, files: Mapping[str, str]) -> list[tuple[str, str]]:
    required = _required(files.get("pyproject.toml", ""))
    return [
        *([(declared, "environment.python")] if declared else []),
        *(
            (line, name)
            for name in (".python-version", "runtime.txt")
            for line in _lines(files.get(name, ""))
        ),
        *([(required, "requires-python in pyproject.toml")] if required else []),
    ]


def _lines(text: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line][:1]


def _required(pyproject: str) -> str | None:
    try:
        found = tomllib.loads(pyproject).get("project", {}).get("requires-python")
    except (tomllib.TOMLDecodeError, AttributeError):
        return None
    return found if isinstance(found, str) and found.strip() else None


def _chosen(request: str, usual: str) -> str | None:
    exact = _VERSION.fullmatch(request)
    if exact is not None:
        return exact[1]
    clauses = [_CLAUSE.fullmatch(part.strip()) for part in request.split(",") if part.strip()]
    if not clauses or None in clauses:
        return None
    offered = (usual, *(f"3.{minor}" for minor in range(NEWEST, OLDEST - 1, -1)))
    return next((each for each in offered if all(_holds(each, clause) for clause in clauses if clause)), None)


def _holds(minor: str, clause: re.Match[str]) -> bool:
    """Whether some release of this minor version satisfies it."""
    how, bound = clause[1], [int(part) for part in clause[2].split(".")]
    mine = [int(part) for part in minor.split(".")][:2]
    short = [*bound, 0][:2]
    match how:
        case "==" | "===":
            return mine[: len(bound)] == bound[:2]
        case "~=":
            return mine[0] == short[0] and (mine >= short if len(bound) < 3 else mine == short)
        case "!=":
            return not (clause[3] and mine[: len(bound)] == bound[:2])
        case ">=" | ">":
            return mine >= short if how == ">=" or len(bound) > 2 else mine > short
    return mine < short or (mine == short and (how == "<=" or bool(bound[2:] and bound[2])))
