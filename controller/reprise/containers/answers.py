"""What an Engine sends, in types of ours: messages of a log, archives, files, times. Called by engine.py."""

import base64
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
import urllib3

FRAME = struct.Struct(">BxxxL")
"""Before each message of a log: the stream, and how many bytes follow."""
STDOUT = 1
GO_FOLDER, GO_LINK = 1 << 31, 1 << 27
"""Bits of a mode as the Engine's language has them."""
NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a container's log, as the Engine keeps it: a line, or a part of a long one."""

    at: str
    """RFC 3339 with nanoseconds."""
    data: bytes
    stream: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A file of a container, not followed when it is a link."""

    folder: bool
    link: bool
    bytes: int
    changed: datetime | None


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes that come. `read` raises Retryable when they break off."""

    read: Callable[[int], bytes]


def messages(raw: Any) -> Iterator[Message]:
    while True:
        head = exactly(raw, FRAME.size)
        if not head:
            return
        stream, length = FRAME.unpack(head)
        at, _, data = exactly(raw, length).partition(b" ")
        yield Message(at.decode("ascii", errors="replace"), data, stream)


def exactly(raw: Any, count: int) -> bytes:
    """So many bytes, or none at the end. Raises requests' error when it breaks off in between."""
    data = b""
    while len(data) < count:
        try:
            more = raw.read(count - len(data))
        except urllib3.exceptions.HTTPError as error:  # requests wraps it only in its own iterators
            raise requests.ConnectionError(str(error)) from error
        if not more:
            if data:
                raise requests.ConnectionError("the stream broke off")
            return b""
        data += more
    return data


def moment(text: str | None) -> datetime | None:
    """Of the Engine, which counts nanoseconds."""
    if not text or text == NEVER:
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    at = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return at.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if fraction else at


def since_words(stamp: str) -> str:
    """``since`` as the API wants it: seconds and nanoseconds of an RFC 3339 stamp."""
    at = moment(stamp)
    if at is None:
        return "0"
    fraction = stamp.rstrip("Z").partition(".")[2]
    return f"{int(at.replace(microsecond=0).timestamp())}.{fraction.ljust(9, '0')[:9]}"


def read_seen(header: str) -> Seen:
    """Of an answer to a question about a path."""
    told = json.loads(base64.b64decode(header))
    mode = int(told["mode"])
    return Seen(bool(mode & GO_FOLDER), bool(mode & GO_LINK), int(told["size"]), moment(told["mtime"]))
