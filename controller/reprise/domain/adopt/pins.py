"""Requirements files: is every line pinned, and which is the first that is not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PINNED = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*===?\s*[^\s*;]+(?:\s*;.*?)?(?:\s+--hash=\S+)*"
)
_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*@\s*\S+.*")

_OPTIONS = ("-", ".", "/")
_OTHERS = ("-r", "--requirement", "-c", "--constraint")
"""Further files: what they name is not pinned here."""


@dataclass(frozen=True, slots=True)
class Loose:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Requirements:
    loose: Loose | None
    """The first line that does not say one version."""
    hashed: bool
    names: frozenset[str]
    """Normalised."""


def read(text: str) -> Requirements:
    lines = tuple(_lines(text))
    needed = [line for line in lines if line.text.startswith(_OTHERS) or not line.text.startswith(_OPTIONS)]
    loose = next((line for line in needed if not _is_pinned(line.text)), None)
    return Requirements(
        loose,
        any("--hash=" in line.text for line in needed),
        frozenset(name_of(line.text) for line in needed),
    )


def name_of(requirement: str) -> str:
    """As the packaging standards compare names."""
    name = re.split(r"[\s\[<>=!~;@(]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_pinned(text: str) -> bool:
    return bool(_PINNED.fullmatch(text) or (_ADDRESS.fullmatch(text) and "--hash=" in text))


def _lines(text: str) -> Iterator[Loose]:
    begun, joined = 0, ""
    for number, raw in enumerate(text.splitlines(), start=1):
        begun = begun or number
        content = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        if content.endswith("\\"):
            joined += content[:-1] + " "
            continue
        whole = " ".join((joined + content).split())
        if whole:
            yield Loose(begun, whole)
        begun, joined = 0, ""
