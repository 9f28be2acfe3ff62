"""Files of a Zenodo record. The DOI of a version pins its files; the one of all versions does not."""

import re
from typing import Any

from reprise.adapters.data.asked import Asked
from reprise.adapters.data.trouble import missing
from reprise.adapters.data.wanted import Wanted
from reprise.adapters.data.web import Web
from reprise.domain.data.sources import Record

_MD5 = re.compile(r"md5:([0-9a-f]{32})")


def resolve(web: Web, asked: Asked, source: Record) -> Wanted:
    """Raises NotFetched."""
    record = web.ask(f"{asked.rules.zenodo}/api/records/{source.number}", secret=asked.headers)
    name = source.file or asked.file.path.rpartition("/")[2]
    files = _files(record)
    found = files.get(name)
    if found is None:
        listed = ", ".join(sorted(files)[:10]) or "none"
        raise missing(f"{asked.shown} has no file `{name}`; it has: {listed}. Name one behind #")
    number = str(record.get("id", ""))
    md5 = _MD5.fullmatch(str(found.get("checksum", "")))
    if not number.isdigit() or md5 is None:
        raise missing(f"{asked.shown}: Zenodo gives no checksum for `{name}`")
    pinned = number == str(source.number)
    size = found.get("size", found.get("filesize"))
    url = _address(asked, found, number, name)
    return Wanted(
        url=url,
        source=asked.shown,
        sha256=asked.file.sha256,
        md5=md5[1],
        size=size if type(size) is int else None,
        revision=f"10.5281/zenodo.{number} md5:{md5[1]}",
        pinned=pinned,
        secret=asked.headers if url.startswith(f"{asked.rules.zenodo}/") else {},
        key=f"{asked.shown} {name}" if pinned else None,
    )


def _files(record: Any) -> dict[str, dict[str, Any]]:
    files = record.get("files") if isinstance(record, dict) else None
    found = files if isinstance(files, list) else []
    return {str(each.get("key") or each.get("filename")): each for each in found if isinstance(each, dict)}


def _address(asked: Asked, found: dict[str, Any], number: str, name: str) -> str:
    links = found.get("links")
    own = links.get("self") if isinstance(links, dict) else None
    if isinstance(own, str):
        return own
    raise missing(f"{asked.shown}: Zenodo gives no address for `{name}` of record {number}")
