"""What `data[].source` names, read from its text. Nothing is asked or fetched here.

A source pins its bytes when the repository thereby says which ones they must be. A plain address never does.
"""

import re
from dataclasses import dataclass

OBJECT = "lfs:"
"""The source of an entry whose path is a Git LFS pointer in the commit."""
_ADDRESS = re.compile(r"https?://[^\s/?#@\\]+(?:[/?][^\s#\\]*)?", re.IGNORECASE)
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_HUB = re.compile(
    rf"hf://(?:(?P<kind>datasets|spaces)/)?(?P<name>{_NAME}/{_NAME})(?:@(?P<revision>[^/@\s]+))?/(?P<path>\S+)"
)
_ZENODO = re.compile(r"doi:(?P<doi>10\.5281/zenodo\.(?P<record>[1-9][0-9]{0,11}))(?:#(?P<file>\S.*))?")
_DOI = re.compile(r"doi:10\.\d{4,9}/\S+")
_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>\S.*)")
_CROISSANT = re.compile(r"croissant:(?P<place>[^#\s]+)#(?P<file>\S.*)")
_DVC = re.compile(r"dvc:(?P<file>\S+)")
COMMIT = re.compile(r"[0-9a-f]{40}")
MOST_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Address:
    """``https://…`` or ``http://…``"""

    url: str


@dataclass(frozen=True, slots=True)
class Object:
    """Git LFS: the commit's pointer says which."""


@dataclass(frozen=True, slots=True)
class Hub:
    """``hf://[datasets/|spaces/]owner/name[@revision]/path``"""

    kind: str
    """``models``, ``datasets`` or ``spaces``"""
    name: str
    revision: str
    path: str

    @property
    def pinned(self) -> bool:
        """Only a full commit cannot be moved."""
        return COMMIT.fullmatch(self.revision) is not None


@dataclass(frozen=True, slots=True)
class Record:
    """``doi:10.5281/zenodo.N[#file]``"""

    doi: str
    number: int
    file: str | None
    """None = the one that is called as the path ends."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """``s3://bucket/key``"""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Description:
    """``croissant:PLACE#FILE``: a file that a data set's description names."""

    place: str
    """A path from the root of the repository, or an address."""
    file: str
    """``@id`` or ``name`` of the FileObject."""

    @property
    def committed(self) -> bool:
        return _ADDRESS.fullmatch(self.place) is None


@dataclass(frozen=True, slots=True)
class Tracked:
    """``dvc:FILE``: a committed ``.dvc`` file, or ``dvc.lock``."""

    file: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Says where the data come from, to people: nothing here can fetch it."""

    why: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """Meant as one of the above, and is none."""

    why: str


Fetchable = Address | Object | Hub | Record | Bucket | Description | Tracked
Source = Fetchable | Elsewhere | Malformed


def parse_source(text: str) -> Source:
    """Total: whatever stands there is one of these."""
    if len(text) > MOST_CHARACTERS or not text.isprintable():
        return Malformed(f"is no address of at most {MOST_CHARACTERS} printable characters")
    scheme = text.partition(":")[0].lower()
    match scheme:
        case "http" | "https":
            return _address(text)
        case "lfs":
            return (
                Object() if text == OBJECT else Malformed("says more than lfs:, whose pointer says the rest")
            )
        case "hf":
            return _hub(text)
        case "doi":
            return _record(text)
        case "s3":
            return _bucket(text)
        case "croissant":
            return _description(text)
        case "dvc":
            found = _DVC.fullmatch(text)
            return Tracked(found["file"]) if found else Malformed("is not like dvc:data/train.csv.dvc")
        case _:
            return Elsewhere(
                f"nothing fetches from `{scheme}:`; https, lfs, hf, doi, s3, croissant and dvc are known"
            )


def _address(text: str) -> Source:
    if "@" in text.partition("://")[2].partition("/")[0]:
        return Malformed("has a user or password in it; name an operator's secret with `auth` instead")
    if not _ADDRESS.fullmatch(text):
        return Malformed("is no address such as https://example.org/train.csv")
    return Address(text)


def _hub(text: str) -> Source:
    found = _HUB.fullmatch(text)
    if found is None or _climbs(found["path"]):
        return Malformed("is not like hf://owner/name@COMMIT/file or hf://datasets/owner/name@COMMIT/file")
    return Hub(found["kind"] or "models", found["name"], found["revision"] or "main", found["path"])


def _record(text: str) -> Source:
    found = _ZENODO.fullmatch(text)
    if found is not None:
        return Record(found["doi"], int(found["record"]), found["file"])
    if text.startswith("doi:10.5281/"):
        return Malformed("is not like doi:10.5281/zenodo.123456#file.csv")
    if _DOI.fullmatch(text):
        return Elsewhere("of DOIs only Zenodo's are fetched; give the address of the file instead")
    return Malformed("is no DOI such as doi:10.5281/zenodo.123456#file.csv")


def _bucket(text: str) -> Source:
    found = _S3.fullmatch(text)
    if found is None or ".." in found["bucket"]:
        return Malformed("is not like s3://bucket/folder/file.csv")
    return Bucket(found["bucket"], found["key"])


def _description(text: str) -> Source:
    found = _CROISSANT.fullmatch(text)
    return (
        Description(found["place"], found["file"])
        if found
        else Malformed("is not like croissant:metadata.json#train.csv")
    )


def _climbs(path: str) -> bool:
    return any(part in ("", ".", "..") for part in path.split("/"))
