"""Objects of Git LFS, by its batch API; of a folder on this machine, out of its own store.

The pointer in the commit says which bytes it must be, so whoever hands them out need not be believed.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from reprise.adapters.data.asked import Asked
from reprise.adapters.data.rules import basic
from reprise.adapters.data.trouble import missing
from reprise.adapters.data.wanted import Wanted
from reprise.adapters.data.web import Web
from reprise.domain.data.pointers import Pointer

MEDIA = "application/vnd.git-lfs+json"
_MOST_HEADERS = 20


def resolve(web: Web, asked: Asked, pointer: Pointer) -> Wanted:
    """Raises NotFetched."""
    if not asked.remote.startswith(("http://", "https://")):
        raise missing(
            f"`{asked.file.path}` is a Git LFS pointer whose content is not in this clone: "
            "run `git lfs fetch`"
        )
    secret = asked.headers or (basic(f"x-access-token:{asked.token}") if asked.token else {})
    answer = web.ask(
        f"{asked.remote.removesuffix('/').removesuffix('.git')}.git/info/lfs/objects/batch",
        headers={"Accept": MEDIA, "Content-Type": MEDIA},
        secret=secret,
        body={
            "operation": "download",
            "transfers": ["basic"],
            "hash_algo": "sha256",
            "objects": [{"oid": pointer.sha256, "size": pointer.size}],
        },
    )
    download = _download(asked, pointer, answer)
    return Wanted(
        url=str(download.get("href", "")),
        source=asked.shown,
        sha256=pointer.sha256,
        size=pointer.size,
        revision=f"sha256:{pointer.sha256}",
        pinned=True,
        secret=_headers(download.get("header")),
    )


def local(remote: str, pointer: Pointer) -> Path | None:
    """The object in the store of a clone on this machine; None when it is not there."""
    if not remote.startswith("file:"):
        return None
    root = Path(unquote(urlsplit(remote).path))
    oid = pointer.sha256
    place = root / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    return place if place.is_file() else None


def _download(asked: Asked, pointer: Pointer, answer: Any) -> dict[str, Any]:
    match answer:
        case {"objects": [{"oid": pointer.sha256, "actions": {"download": {"href": str()} as found}}, *_]}:
            return dict(found)
        case {"objects": [{"error": {"message": str() as said}}, *_]}:
            raise missing(
                f"`{asked.file.path}`: the Git LFS store does not have {pointer.sha256[:12]}… "
                f"({said[:200]}): push it with `git lfs push --all`"
            )
        case _:
            raise missing(f"`{asked.file.path}`: the Git LFS store answers with nothing that can be used")


def _headers(found: Any) -> dict[str, str]:
    """What the store wants to hear again at the address that it gave."""
    pairs = found.items() if isinstance(found, dict) else ()
    return {
        str(name): value
        for name, value in list(pairs)[:_MOST_HEADERS]
        if isinstance(value, str)
        and value.isprintable()
        and str(name).lower() not in ("host", "range", "if-range", "content-length", "transfer-encoding")
    }
