"""SHA256SUMS against the files: every file is listed with its digest, and nothing else is."""

import hashlib
from collections.abc import Mapping

from reprise.adapters.evidence.names import ATTESTATION, SUMS
from reprise.domain.errors import NotAuthentic
from reprise.domain.metric_file import shorten

UNLISTED = frozenset({SUMS, ATTESTATION})
"""What covers the sums cannot be covered by them."""


def read_digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Name → sha256 of every file that the sums cover, computed. Raises NotAuthentic where they differ."""
    if SUMS not in files:
        raise NotAuthentic(f"the zip has no {SUMS}: it is not an evidence package")
    every = {name: hashlib.sha256(files[name]).hexdigest() for name in files}
    found = {name: digest for name, digest in every.items() if name not in UNLISTED}
    listed = files[SUMS]
    if "".join(f"{found[name]}  {name}\n" for name in sorted(found)).encode() != listed:
        raise NotAuthentic(_difference(found, listed.decode(errors="replace")))
    return found


def _difference(found: Mapping[str, str], listed: str) -> str:
    lines = (line.partition("  ") for line in listed.splitlines())
    digests = {name: digest for digest, _, name in lines}
    for name, digest in found.items():
        if name not in digests:
            return f"{name} is not listed in {SUMS}"
        if digests[name] != digest:
            return f"{name} is not what {SUMS} lists: its sha256 is {digest}"
    for name in digests:
        if name not in found:
            return f"{shorten(name)} is listed in {SUMS} and missing"
    return f"{SUMS} is not written as Reprise writes it"
