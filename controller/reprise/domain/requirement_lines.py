"""Lines of a requirements file, as whoever installs from it and whoever warns of it read them. Pure.

pip and uv accept far more than we do; what is not pinned would install something else tomorrow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*===?\s*"
    r"(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)\s*(?P<marker>;.*?)?(?P<hashes>(?:\s+--hash=\S+)*)"
)
_ADDRESS = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*@\s*https?://\S+(?P<rest>.*)"
)
_HASHED = re.compile(r"sha(256|384|512)[=:][0-9a-f]{64,}")
_EXTRAS = re.compile(r"\[[^\]]*\]$")

NEXT_STEP = (
    "pin it, best with `uv pip compile --universal --generate-hashes requirements.in -o requirements.txt`"
)

KEPT = {"--index-url", "-i", "--extra-index-url", "--no-index", "--no-binary", "--only-binary"}
FOLDERS = {"--find-links", "-f"}
MEANINGLESS = {"--require-hashes", "--pre", "--prefer-binary", "--trusted-host"}
"""Without effect on pinned lines, or ours to decide."""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Pinned:
    name: str
    """As written."""
    version: str | None
    """None of an address."""
    hashed: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is installed from a line."""

    what: str
    """Said of the line: "is not pinned to one version"."""
    next_step: str


def logical_lines(text: str) -> Iterator[Line]:
    """Continuation lines joined, comments and empty lines left out; numbers count from 1."""
    begun, parts = 0, list[str]()
    for number, raw in enumerate([*text.splitlines(), ""], start=1):
        if not parts:
            begun = number
        content = re.sub(r"(^|\s)#.*$", "", raw)
        if content.rstrip().endswith("\\"):
            parts.append(content.rstrip()[:-1])
            continue
        joined = " ".join([*parts, content]).strip()
        parts = []
        if joined:
            yield Line(begun, re.sub(r"\s+", " ", joined))


def normalised(name: str) -> str:
    """As the packaging standards compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(text: str) -> Pinned | None:
    """Of a line that can only mean one thing."""
    if (match := _PINNED.fullmatch(text)) is not None:
        return Pinned(match["name"], match["version"], bool(match["hashes"]))
    if (match := _ADDRESS.fullmatch(text)) is not None and _HASHED.search(text):
        return Pinned(match["name"], None, hashed=True)
    return None


def own_path(text: str) -> str | None:
    """``.``, ``./libs/core[extra]`` or ``-e .``: the repository itself."""
    for option in ("-e ", "--editable ", "--editable="):
        text = text.removeprefix(option).strip()
    if "://" in text or " @ " in text or text.startswith("-"):
        return None
    target = _EXTRAS.sub("", text.partition(" ;")[0].partition(" --hash")[0].strip())
    return target if target.startswith(".") or "/" in target else None


def refusal(text: str) -> Refusal | None:
    """None of a line that can be used."""
    if "${" in text:
        return Refusal("uses an environment variable, which is not set here", "write it out")
    if own_path(text) is not None or pinned(text) is not None:
        return None
    if text.startswith("-"):
        return _refused_option(text)
    return Refusal("is not pinned to one version", NEXT_STEP)


def _refused_option(text: str) -> Refusal | None:
    name, value = name_and_value(text)
    if name in MEANINGLESS or name in KEPT:
        return None
    if name in FOLDERS:
        outside = ".." in value.split("/") or value.startswith("/")
        advice = "commit the folder and name it relatively"
        return Refusal("leads out of the repository", advice) if outside else None
    if name in ("-r", "--requirement", "-c", "--constraint"):
        return Refusal("refers to another file", "compile all of it into this one; " + NEXT_STEP)
    if name in ("-e", "--editable"):
        return Refusal("is not pinned by a hash", NEXT_STEP)
    return Refusal("is an option that is not understood here", "remove it")


def name_and_value(option: str) -> tuple[str, str]:
    """``--name=value``, ``--name value``, ``-n value`` and ``-nvalue``."""
    if option.startswith("--"):
        name, _, value = option.replace("=", " ", 1).partition(" ")
        return name, value.strip()
    return option[:2], option[2:].strip(" =")
