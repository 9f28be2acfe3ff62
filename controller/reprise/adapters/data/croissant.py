"""Files that a description in the Croissant format names: a committed one, or one at an address."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx

from reprise.adapters.data.asked import Asked
from reprise.adapters.data.trouble import missing
from reprise.adapters.data.wanted import Wanted
from reprise.adapters.data.web import ANSWER_BYTES, Web
from reprise.domain.data.sources import Address, Description, parse_source

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def resolve(web: Web, asked: Asked, source: Description) -> Wanted:
    """Raises NotFetched. The digest of a committed description pins, the one of another does not."""
    described = _committed(asked, source) if source.committed else web.ask(source.place, secret=asked.headers)
    found = next((each for each in _objects(described) if source.file in _names(each)), None)
    if found is None:
        raise missing(f"{asked.shown}: the description has no FileObject of that @id or name")
    digest = found.get("sha256")
    sound = isinstance(digest, str) and _SHA256.fullmatch(digest) is not None
    if asked.file.sha256 is None and digest is not None and not sound:
        raise missing(
            f"{asked.shown}: its sha256 has {len(str(digest))} characters in place of 64: "
            "correct the description, or declare `sha256`"
        )
    url = _url(asked, source, found)
    return Wanted(
        url=url,
        source=asked.shown,
        sha256=asked.file.sha256 or (str(digest).lower() if sound else None),
        revision=_version(described),
        pinned=sound and source.committed,
        # The secret was named for the description's host: another one must not hear it.
        secret=asked.headers if source.committed or _host(url) == _host(source.place) else {},
    )


def _committed(asked: Asked, source: Description) -> Any:
    data = asked.read(source.place, ANSWER_BYTES)
    if data is None:
        raise missing(f"{asked.shown}: `{source.place}` is not in this commit: commit it")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise missing(f"{asked.shown}: `{source.place}` is no JSON") from error


def _objects(described: Any) -> Iterator[dict[str, Any]]:
    listed = described.get("distribution") if isinstance(described, dict) else None
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and str(each.get("@type", "")).rpartition(":")[2] == "FileObject":
            yield each


def _names(found: dict[str, Any]) -> set[str]:
    return {str(found.get(key)) for key in ("@id", "name", "sc:name") if found.get(key)}


def _url(asked: Asked, source: Description, found: dict[str, Any]) -> str:
    url = found.get("contentUrl", found.get("sc:contentUrl"))
    if found.get("containedIn") or not isinstance(url, str):
        raise missing(
            f"{asked.shown} is part of an archive, which nothing unpacks: declare the archive itself"
        )
    if not source.committed:
        url = str(httpx.URL(source.place).join(url))
    if not isinstance(parse_source(url), Address):
        raise missing(f"{asked.shown}: its contentUrl is no address that can be fetched from")
    return url


def _version(described: Any) -> str | None:
    version = described.get("version") if isinstance(described, dict) else None
    return str(version)[:100] if isinstance(version, (str, int, float)) else None


def _host(url: str) -> tuple[str, str, int | None]:
    parts = httpx.URL(url)
    return parts.scheme, parts.host, parts.port
