"""What a lock file names, line by line, and how firmly. Machines write these files, so that lines are enough:
a parser of their formats would take longer than all rules together."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from reprise.domain.lint.places import shown
from reprise.domain.requirement_lines import Line, logical_lines, normalised, own_path, pinned


class Pin(Enum):
    """How firmly a line names what is installed."""

    HASHED = "pinned with hash"
    PINNED = "pinned"
    RANGE = "range"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    """Normalised; empty where a line does not say."""
    line: int
    text: str
    """For people."""
    pin: Pin
    version: str | None = None


_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_BOUND = re.compile(r"[<>=!~]=?|===|@")
_COMMIT = re.compile(r"[#@][0-9a-f]{40}\b")
_FIELD = re.compile(r'(name|version) = "([^"]+)"')
_CONDA_FILE = re.compile(r"([^/]+)-([^-/]+)-[^-/]+\.(?:conda|tar\.bz2)$")


def packages(path: str, text: str) -> tuple[Package, ...]:
    """Of a lock file of any kind that is understood, by its name; empty of another."""
    return _read(path.rsplit("/", 1)[-1], text)


@lru_cache(maxsize=2)  # several rules ask of the same lock, one after the other
def _read(name: str, text: str) -> tuple[Package, ...]:
    reader = READERS.get(name, _requirements if name.endswith(".txt") else None)
    return tuple(reader(text)) if reader is not None else ()


def requirement(line: Line) -> Package | None:
    """None of an option and of the repository itself."""
    if own_path(line.text) is not None:
        return None
    if line.text.startswith("-"):
        return _editable(line)
    text = shown(line.text.partition(" --hash")[0].partition(" ;")[0].strip())
    if (found := pinned(line.text)) is not None:
        pin = Pin.HASHED if found.hashed else Pin.PINNED
        return Package(normalised(found.name), line.number, text, pin, found.version)
    if "://" in line.text:
        return Package(_named_in_address(line.text), line.number, text, address_pin(line.text))
    name = _NAME.match(line.text)
    pin = Pin.RANGE if _BOUND.search(line.text.partition(";")[0]) else Pin.NONE
    return Package(normalised(name[0]) if name else "", line.number, text, pin)


def address_pin(text: str) -> Pin:
    """Of an address: a full commit pins it."""
    return Pin.PINNED if _COMMIT.search(text) else Pin.NONE


def _editable(line: Line) -> Package | None:
    if not line.text.startswith(("-e", "--editable")) or "://" not in line.text:
        return None
    return Package(_named_in_address(line.text), line.number, shown(line.text), address_pin(line.text))


def _named_in_address(text: str) -> str:
    """``name @ git+https://…`` or ``…#egg=name``."""
    before, at, _ = text.partition("@")
    if at and (name := _NAME.fullmatch(before.partition("[")[0].strip())):
        return normalised(name[0])
    egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", text)
    return normalised(egg[1]) if egg else ""


def _requirements(text: str) -> Iterator[Package]:
    for line in logical_lines(text):
        if (package := requirement(line)) is not None:
            yield package


def _uv(text: str) -> Iterator[Package]:
    """The repository's own packages are left out."""
    for begun, block in _blocks(text, lambda line: line.startswith("[[package]]")):
        fields = {match[1]: match[2] for line in block if (match := _FIELD.match(line))}
        source = next((line for line in block if line.startswith("source = ")), "")
        if "name" not in fields or re.search(r"\b(editable|virtual|directory) = ", source):
            continue
        version = fields.get("version")
        text = f"{fields['name']} {version or ''}".strip()
        yield Package(normalised(fields["name"]), begun, text, _uv_pin(source, block), version)


def _uv_pin(source: str, block: list[str]) -> Pin:
    if " git = " in source:
        return Pin.HASHED if _COMMIT.search(source) else Pin.NONE
    files = [line for line in block if '{ url = "' in line and not line.startswith("source")]
    hashed = bool(files) and all(' hash = "' in line for line in files)
    return Pin.HASHED if hashed else Pin.PINNED


def _pixi(text: str) -> Iterator[Package]:
    listed = False
    for begun, block in _blocks(text, lambda line: line.startswith(("- ", "packages:"))):
        listed = listed or block[0].startswith("packages:")
        if not listed or not block[0].startswith("- "):
            continue
        fields = _yaml_fields(block)
        name, version = fields.get("name"), fields.get("version")
        if (file := _CONDA_FILE.search(fields.get("conda", ""))) is not None:
            name, version = file[1], file[2]
        if name is not None:
            yield _conda(name, version, begun, hashed="sha256" in fields or "md5" in fields)


def _conda_lock(text: str) -> Iterator[Package]:
    for begun, block in _blocks(text, lambda line: line.startswith(("- name:", "  - name:"))):
        fields = _yaml_fields(block)
        if "url" in fields:
            yield _conda(
                fields["name"], fields.get("version"), begun, hashed="sha256" in fields or "md5" in fields
            )


def _conda(name: str, version: str | None, line: int, *, hashed: bool) -> Package:
    pin = Pin.HASHED if hashed else Pin.PINNED if version else Pin.NONE
    return Package(normalised(name), line, f"{name} {version or ''}".strip(), pin, version)


def _blocks(text: str, begins: Callable[[str], bool]) -> Iterator[tuple[int, list[str]]]:
    """(line from 1, lines) of each part that begins with such a line."""
    begun, block = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if begins(line):
            if block:
                yield begun, block
            begun, block = number, [line]
        elif block:
            block.append(line)
    if block:
        yield begun, block


def _yaml_fields(block: list[str]) -> dict[str, str]:
    pairs = (line.strip().removeprefix("- ").partition(": ") for line in block)
    return {key.strip(): value.strip().strip("'\"") for key, _, value in pairs if value.strip()}


READERS: dict[str, Callable[[str], Iterator[Package]]] = {
    "uv.lock": _uv,
    "pixi.lock": _pixi,
    "conda-lock.yml": _conda_lock,
}
