"""Reads a requirements file: every line pinned, else a sentence with file and line. Pure.

pip and uv accept far more than we do; what is not pinned would install something else tomorrow.
Called by recipes.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprise.domain.run import Reason
from reprise.ports import Failed

NEXT_STEP = (
    "pin it, best with `uv pip compile --universal --generate-hashes requirements.in -o requirements.txt`"
)

_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*===?\s*"
    r"(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)\s*(?P<marker>;.*?)?(?P<hashes>(?:\s+--hash=\S+)*)"
)
_ADDRESS = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*@\s*https?://\S+(?P<rest>.*)"
)
_HASHED = re.compile(r"sha(256|384|512)[=:][0-9a-f]{64,}")
_EXTRAS = re.compile(r"\[[^\]]*\]$")

KEPT = {"--index-url", "-i", "--extra-index-url", "--no-index", "--no-binary", "--only-binary"}
FOLDERS = {"--find-links", "-f"}
MEANINGLESS = {"--require-hashes", "--pre", "--prefer-binary", "--trusted-host"}
"""Without effect on pinned lines, or ours to decide."""


@dataclass(frozen=True, slots=True)
class Requirements:
    lines: tuple[str, ...]
    """What is installed, one requirement or option each."""
    hashed: bool
    """All of them carry hashes."""
    names: frozenset[str]
    """Normalised names of what is pinned."""
    own: tuple[str, ...]
    """Paths in the repository that are installed per commit, as the file names them."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str


def parse(text: str, path: str, *, tree: str) -> Requirements | Failed:
    """``path`` names the file in sentences; ``tree`` stands for the repository's address in the result."""
    lines: list[str] = []
    own: list[str] = []
    pinned: list[tuple[_Line, str, bool]] = []
    for line in logical_lines(text):
        if "${" in line.text:
            return _wrong(path, line, "uses an environment variable, which is not set here", "write it out")
        if (local := _own_path(line.text)) is not None:
            own.append(local)
        elif line.text.startswith("-"):
            option = _option(path, line, tree)
            if isinstance(option, Failed):
                return option
            lines.extend(option)
        elif (found := _requirement(line.text)) is not None:
            pinned.append((line, *found))
            lines.append(line.text)
        else:
            return _wrong(path, line, "is not pinned to one version", NEXT_STEP)
    hashed = bool(pinned) and any(has for _, _, has in pinned)
    bare = next((line for line, _, has in pinned if not has), None)
    if hashed and bare is not None:
        return _wrong(path, bare, "has no hash while other lines have one", NEXT_STEP)
    if not hashed and pinned and any(tree in line for line in lines):
        return _wrong(path, pinned[0][0], "has no hash and comes from a folder of the repository", NEXT_STEP)
    names = frozenset(normalised(name) for _, name, _ in pinned)
    return Requirements(tuple(lines), hashed or not pinned, names, tuple(own))


def logical_lines(text: str) -> Iterator[_Line]:
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
            yield _Line(begun, re.sub(r"\s+", " ", joined))


def normalised(name: str) -> str:
    """As the packaging standards compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirement(text: str) -> tuple[str, bool] | None:
    """(name, whether it has a hash) of a line that can only mean one thing."""
    if (match := _PINNED.fullmatch(text)) is not None:
        return match["name"], bool(match["hashes"])
    if (match := _ADDRESS.fullmatch(text)) is not None and _HASHED.search(text):
        return match["name"], True
    return None


def _own_path(text: str) -> str | None:
    """``.``, ``./libs/core[extra]`` or ``-e .``: the repository itself."""
    for option in ("-e ", "--editable ", "--editable="):
        text = text.removeprefix(option).strip()
    if "://" in text or " @ " in text or text.startswith("-"):
        return None
    target = _EXTRAS.sub("", text.partition(" ;")[0].partition(" --hash")[0].strip())
    return target if target.startswith(".") or "/" in target else None


def _option(path: str, line: _Line, tree: str) -> tuple[str, ...] | Failed:
    name, value = _name_and_value(line.text)
    if name in MEANINGLESS:
        return ()
    if name in KEPT:
        return (line.text,)
    if name in FOLDERS:
        if ".." in value.split("/") or value.startswith("/"):
            return _wrong(
                path, line, "leads out of the repository", "commit the folder and name it relatively"
            )
        return (f"--find-links {value}" if "://" in value else f"--find-links {tree}/{value}",)
    if name in ("-r", "--requirement", "-c", "--constraint"):
        return _wrong(path, line, "refers to another file", "compile all of it into this one; " + NEXT_STEP)
    if name in ("-e", "--editable"):
        return _wrong(path, line, "is not pinned by a hash", NEXT_STEP)
    return _wrong(path, line, "is an option that is not understood here", "remove it")


def _name_and_value(option: str) -> tuple[str, str]:
    """``--name=value``, ``--name value``, ``-n value`` and ``-nvalue``."""
    if option.startswith("--"):
        name, _, value = option.replace("=", " ", 1).partition(" ")
        return name, value.strip()
    return option[:2], option[2:].strip(" =")


def _wrong(path: str, line: _Line, what: str, next_step: str) -> Failed:
    shown = line.text if len(line.text) <= 80 else line.text[:77] + "…"
    return Failed(Reason.LOCK_MISSING, f"{path}:{line.number}: `{shown}` {what}; {next_step}")
