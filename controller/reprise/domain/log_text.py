"""A job's output as text for people: what is not text is counted, what is left out is said."""

import re
from collections.abc import Iterator
from itertools import groupby

_CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
"""Bytes that no terminal needs: colours, tabs and overwritten progress are none of these."""
_UNDECODED = re.compile("[\udc80-\udcff]")
_MOST_BINARY = 8
"""A line with more than one odd byte in as many is no text in another encoding, it is not text at all."""


def readable(data: bytes) -> str:
    """UTF-8 as it is, single other bytes as ``\\xe9``; other lines their number of bytes."""
    return "\n".join(_pieces(data.split(b"\n")))


def shortened(line: str, limit: int) -> str:
    """The end of a line, in ``limit`` characters and a mark that says how many are missing."""
    if len(line) <= limit:
        return line
    return f"… ({len(line) - limit:,} characters left out) {line[-limit:]}"


def _pieces(lines: list[bytes]) -> Iterator[str]:
    for binary, same in groupby(lines, _is_binary):
        if not binary:
            yield from (line.decode(errors="backslashreplace") for line in same)
            continue
        count = len(b"\n".join(same))
        yield f"[{count:,} bytes that are not text]" if count != 1 else "[1 byte that is not text]"


def _is_binary(line: bytes) -> bool:
    undecoded = len(_UNDECODED.findall(line.decode(errors="surrogateescape")))
    return (undecoded + len(_CONTROLS.findall(line))) * _MOST_BINARY > len(line)
