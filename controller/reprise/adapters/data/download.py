"""Bytes of one address into a file beside the cache, taken up again where they were cut off."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from reprise.adapters.data.trouble import Interrupted, NotFetched, mismatch, unreachable
from reprise.adapters.data.wanted import Wanted
from reprise.adapters.data.web import MOST_ATTEMPTS, Web, shown
from reprise.domain.run import Reason

PIECE_BYTES = 1 << 20
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_STRONG = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Taken:
    sha256: str
    md5: str | None
    """Only where the source tells one."""
    size: int
    tag: str | None
    """What the server calls these bytes."""


def download(web: Web, wanted: Wanted, part: Path) -> Taken:
    """``part`` holds the checked bytes afterwards. Raises NotFetched.

    What an earlier attempt left is gone on with where the server agrees; if the whole is then another file
    than it must be, it is fetched once more from the start.
    """
    resumed = part.exists() and part.stat().st_size > 0
    try:
        return check(_fetch(web, wanted, part), wanted, part)
    except NotFetched as problem:
        if not resumed or problem.failed.reason is not Reason.DATA_MISMATCH:
            raise
    discard(part)
    return check(_fetch(web, wanted, part), wanted, part)


def discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _fetch(web: Web, wanted: Wanted, part: Path) -> Taken:
    """Attempts that bring nothing are counted; the run's time bounds the others."""
    fruitless = 0
    while True:
        before = _length(part)
        try:
            tag = _attempt(web, wanted, part)
            return _digested(web, wanted, part, tag)
        except Interrupted as trouble:
            fruitless = 0 if _length(part) > before else fruitless + 1
            if fruitless >= MOST_ATTEMPTS:
                raise unreachable(f"{trouble.message}; {fruitless} attempts were made") from trouble
            web.errand.pause(max(fruitless, 1), trouble.after)


def _attempt(web: Web, wanted: Wanted, part: Path) -> str | None:
    """Bring the rest, or everything; the server's name for it. Raises Interrupted when it was cut off."""
    have, tag = _length(part), _tag_of(part)
    headers = {"Range": f"bytes={have}-", "If-Range": tag} if have and tag else {}
    with web.opened(wanted.url, headers=headers, secret=wanted.secret) as response:
        if response.status_code == 416:
            discard(part)
            raise Interrupted(f"{shown(wanted.url)} has fewer bytes than before")
        goes_on = response.status_code == 206 and _begins(response) == have
        if response.status_code == 206 and not goes_on:
            discard(part)
            raise Interrupted(f"{shown(wanted.url)} sent another part than it was asked for")
        if not goes_on:
            have = 0
        now = _strong(response)
        total = _total(response, have)
        web.errand.check_size(shown(wanted.url), wanted.size or total or 0)
        _remember(part, now)
        with part.open("ab" if goes_on else "wb") as file:
            _write(web, wanted, response, file, have)
        if total is not None and _length(part) < total:
            raise Interrupted(f"{shown(wanted.url)} was cut off after {_length(part)} of {total} bytes")
        named: str | None = response.headers.get("ETag") or response.headers.get("Last-Modified")
        return named


def _write(web: Web, wanted: Wanted, response: httpx.Response, file: BinaryIO, have: int) -> None:
    for piece in response.iter_raw():
        web.errand.left()
        have += len(piece)
        web.errand.check_size(shown(wanted.url), have)
        file.write(piece)


def _digested(web: Web, wanted: Wanted, part: Path, tag: str | None) -> Taken:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    size = 0
    for piece in _pieces(part):
        web.errand.left()
        size += len(piece)
        sha256.update(piece)
        if wanted.md5 is not None:
            md5.update(piece)
    return Taken(sha256.hexdigest(), md5.hexdigest() if wanted.md5 is not None else None, size, tag)


def check(taken: Taken, wanted: Wanted, part: Path) -> Taken:
    """A sha256 says everything; md5 and size are what some sources say instead."""
    pairs: list[tuple[str, str | None, str | None]] = [("sha256", wanted.sha256, taken.sha256)]
    if wanted.sha256 is None:
        pairs.append(("md5", wanted.md5, taken.md5))
    if wanted.size is not None:
        pairs.append(("size", f"{wanted.size} bytes", f"{taken.size} bytes"))
    for what, expected, got in pairs:
        if expected is not None and got != expected:
            discard(part)
            raise _other(wanted, what, expected, got or "none")
    return taken


def _other(wanted: Wanted, what: str, expected: str, got: str) -> NotFetched:
    return mismatch(
        f"{wanted.source} is another file than it must be: {what} {got}, expected {expected}; "
        "correct the digest, or find the file that belongs to the published result"
    )


def _pieces(part: Path) -> Iterator[bytes]:
    with part.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _total(response: httpx.Response, have: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return have + int(length) if length.isdigit() and len(length) < 19 else None


def _begins(response: httpx.Response) -> int | None:
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _strong(response: httpx.Response) -> str | None:
    """What tells these bytes from any others: only that may be asked with (RFC 9110, 13.1.5)."""
    tag: str = response.headers.get("ETag", "")
    return tag if _STRONG.fullmatch(tag) else None


def _length(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _note(part: Path) -> Path:
    return part.with_name(part.name + ".tag")


def _tag_of(part: Path) -> str | None:
    try:
        found = json.loads(_note(part).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, str) else None


def _remember(part: Path, tag: str | None) -> None:
    """Before the bytes: a tag of other bytes must never stand beside them."""
    new = _note(part).with_suffix(".new")
    new.write_text(json.dumps(tag))
    os.replace(new, _note(part))
