"""Looks up what the tags of ``bases.txt`` stand for, for ``bases.pinned.txt``: ``make pin-images``.

A digest is the hash of the bytes that the registry sent, never what somebody says it is, and the file is
written only when every one was found. ``pin.py show NAME`` prints one of them, for a build.
"""

import argparse
import hashlib
import ipaddress
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

HERE = Path(__file__).resolve().parent
BASES = HERE / "bases.txt"
PINNED = HERE / "bases.pinned.txt"

USUAL_REGISTRY = "index.docker.io"
"""Of a name without a host, as Docker means it."""
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
SECONDS = 20.0
"""For one answer."""
TRIES = 3
PAUSE_SECONDS = 1.0
MAX_MANIFEST_BYTES = 8 << 20
_REFERENCE = re.compile(
    r"(?:(?P<host>[a-z0-9.-]+(?::\d+)?)/)?(?P<path>[a-z0-9._/-]+):(?P<tag>[\w][\w.-]{0,127})"
)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class PinError(Exception):
    """Why a base cannot be pinned, and what to do."""


@dataclass(frozen=True, slots=True)
class Reference:
    host: str
    path: str
    tag: str

    @property
    def url(self) -> str:
        scheme = "http" if _is_loopback(self.host) else "https"
        return f"{scheme}://{self.host}/v2/{self.path}/manifests/{self.tag}"


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
    """A host has a dot or a port, or is localhost; else the first part is of the path, as Docker reads it."""
    match = _REFERENCE.fullmatch(image)
    if match is None:
        raise PinError(f"{image}: write it as [host/]name:tag")
    host, path = match["host"], match["path"]
    if host is not None and not ("." in host or ":" in host or host == "localhost"):
        host, path = None, f"{host}/{path}"
    if host is None:
        return Reference(USUAL_REGISTRY, path if "/" in path else f"library/{path}", match["tag"])
    return Reference(host, path, match["tag"])


def resolve(client: httpx.Client, image: str) -> str:
    """``sha256:…`` of what the tag stands for now. Raises PinError."""
    reference = parse(image)
    answer = _get(client, reference.url, {"Accept": ", ".join(MANIFESTS)})
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        headers = {"Accept": ", ".join(MANIFESTS), "Authorization": _token(client, reference, answer)}
        answer = _get(client, reference.url, headers)
    if answer.status_code != httpx.codes.OK:
        raise PinError(f"{image}: {reference.host} answered {answer.status_code}: is there such a tag?")
    if len(answer.content) > MAX_MANIFEST_BYTES:
        raise PinError(f"{image}: {reference.host} sent more than any manifest has")
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    if answer.headers.get("docker-content-digest", digest) != digest:
        raise PinError(f"{image}: {reference.host} sent other bytes than it says: try again")
    return digest


def pin(client: httpx.Client, bases: Path, pinned: Path) -> dict[str, str]:
    """Every base's ``image:tag@digest``, in the file too. Raises PinError; then the file stays as it was."""
    found = {
        name: f"{image}@{resolve(client, image)}" for name, image in read_bases(bases.read_text()).items()
    }
    new = pinned.with_name(pinned.name + ".new")
    new.write_text("".join(f"{name} {image}\n" for name, image in found.items()))
    new.replace(pinned)
    return found


def show(pinned: Path, name: str) -> str:
    """What a build of this base starts from. Raises PinError."""
    if not pinned.exists():
        raise PinError(f"{pinned.name} is not there: run make pin-images first")
    found = dict(line.split() for line in pinned.read_text().splitlines())
    if name not in found:
        raise PinError(f"{pinned.name} has no {name}: it has {', '.join(found)}")
    return found[name]


def _get(client: httpx.Client, url: str, headers: dict[str, str]) -> httpx.Response:
    why = ""
    for left in reversed(range(TRIES)):
        try:
            answer = client.get(url, headers=headers)
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
        else:
            if answer.status_code < 500:
                return answer
            why = f"it answered {answer.status_code}"
        if left:
            time.sleep(PAUSE_SECONDS)
    raise PinError(f"{httpx.URL(url).host} cannot be reached: {why}")


def _token(client: httpx.Client, reference: Reference, refused: httpx.Response) -> str:
    """What opens it for everybody, by the service that the registry names."""
    scheme, _, rest = refused.headers.get("www-authenticate", "").partition(" ")
    told = dict(_PARAMETER.findall(rest))
    realm = httpx.URL(told.pop("realm", ""))
    if scheme.lower() != "bearer" or (realm.scheme != "https" and not _is_loopback(reference.host)):
        raise PinError(f"{reference.host} wants a login for {reference.path}: name an image that is public")
    told.setdefault("scope", f"repository:{reference.path}:pull")
    answer = _get(client, str(realm.copy_merge_params(told)), {})
    try:
        said = answer.json()
        return f"Bearer {said.get('token') or said['access_token']}"
    except (ValueError, KeyError, AttributeError):
        raise PinError(f"{realm.host} gave no token for {reference.path}: try again") from None


def _is_loopback(host: str) -> bool:
    name = host.partition(":")[0]
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


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
        with httpx.Client(timeout=SECONDS, headers={"User-Agent": "reprise"}) as client:
            for name, image in pin(client, told.bases, told.pinned).items():
                print(name, image)
    except (PinError, OSError) as error:
        print(f"nothing was pinned: {error}" if told.command == "pin" else error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
