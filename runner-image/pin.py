"""Looks up what the tags of ``bases.txt`` stand for, for ``bases.pinned.txt``: ``make pin-images``.

A digest is the hash of the bytes that the registry sent, never what somebody says it is, and the file is
written only when every one was found. ``pin.py show NAME`` prints one of them, for a build.
"""

import argparse
import sys
from contextlib import closing
from pathlib import Path

from reprise.adapters.images.registry import Credentials, Registries
from reprise.domain.images.references import Reference
from reprise.domain.images.references import parse as read_reference
from reprise.ports import Failed

HERE = Path(__file__).resolve().parent
BASES = HERE / "bases.txt"
PINNED = HERE / "bases.pinned.txt"


class PinError(Exception):
    """Why a base cannot be pinned, and what to do."""


def read_bases(text: str) -> dict[str, str]:
    """Name → image and tag. Raises PinError, naming the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or words[0] in found or "@" in words[1]:
            raise PinError(f"line {number}: a line is a new name, then an image with its tag and no digest")
        found[words[0]] = words[1]
    return found


def parse(image: str) -> Reference:
    """Raises PinError when it has no tag."""
    found = read_reference(image)
    if found is None or found.tag is None:
        raise PinError(f"{image}: write it as [host/]name:tag")
    return found


def pin(registries: Registries, bases: Path, pinned: Path) -> dict[str, str]:
    """Every base's ``image:tag@digest``, in the file too. Raises PinError; then the file stays as it was."""
    images = read_bases(bases.read_text())
    found = {name: f"{image}@{_digest(registries, image)}" for name, image in images.items()}
    new = pinned.with_name(pinned.name + ".new")
    new.write_text("".join(f"{name} {image}\n" for name, image in found.items()))
    new.replace(pinned)
    return found


def _digest(registries: Registries, image: str) -> str:
    """``sha256:…`` of what the tag stands for now. Raises PinError."""
    digest = registries.resolve(parse(image))
    if isinstance(digest, Failed):
        raise PinError(digest.message)
    return digest


def show(pinned: Path, name: str) -> str:
    """What a build of this base starts from. Raises PinError."""
    if not pinned.exists():
        raise PinError(f"{pinned.name} is not there: run make pin-images first")
    found = dict(line.split() for line in pinned.read_text().splitlines())
    if name not in found:
        raise PinError(f"{pinned.name} has no {name}: it has {', '.join(found)}")
    return found[name]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Look up the digests of the base images.")
    parser.add_argument("command", nargs="?", choices=("pin", "show"), default="pin")
    parser.add_argument("name", nargs="?", help="of a base, for show")
    parser.add_argument("--bases", type=Path, default=BASES)
    parser.add_argument("--pinned", type=Path, default=PINNED)
    told = parser.parse_args(arguments)
    try:
        if told.command == "show":
            print(show(told.pinned, told.name or ""))
            return 0
        with closing(Registries(Credentials())) as registries:
            for name, image in pin(registries, told.bases, told.pinned).items():
                print(name, image)
    except (PinError, OSError) as error:
        print(f"nothing was pinned: {error}" if told.command == "pin" else error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
