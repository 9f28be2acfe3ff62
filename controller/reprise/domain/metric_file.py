"""A metric file: bytes that a job wrote, read as JSON within bounds, or the sentence why not.

Called by `metrics`. Python's NaN and Infinity are tolerated in a file, because libraries write them; a
claim's value must be finite all the same. A key that stands twice in one object is refused: which of
the two counts would depend on the reader.
"""

import json
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from reprise.domain.run import Reason

MAX_BYTES = 16 * 2**20
MAX_DEPTH = 100

_MAX_DIGITS = 308
"""Integers up to here fit a double, and Python refuses to read very long ones."""
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


@dataclass(frozen=True, slots=True)
class MetricProblem:
    """Why a claim has no value: METRIC_MISSING when nothing is there, METRIC_INVALID when it is unusable."""

    reason: Reason
    message: str
    """One sentence that names the file, the pointer and what to do."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a metric file holds: nested dict, list, str, int, float, bool and None."""

    root: Any


def load(data: bytes, *, file: str) -> Document | MetricProblem:
    if len(data) > MAX_BYTES:
        size = f"{len(data) / 2**20:.1f} MB"
        return invalid(
            f"{file} has {size}, at most 16 MB are read: write the metrics into a file of their own"
        )
    if not data.strip():
        return invalid(f"{file} is empty: write the metrics as JSON before the job ends")
    if depth(data) > MAX_DEPTH:
        return invalid(f"{file} is nested more than {MAX_DEPTH} levels deep: write a flatter file")
    try:
        return Document(_parse(data.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return invalid(f"{file} is not UTF-8 text: write the metrics as JSON in UTF-8")
    except _DuplicateKey as error:
        return invalid(f'{file} has the key "{shorten(error.key)}" twice in one object: keep one of them')
    except json.JSONDecodeError as error:
        what = error.msg.lower().removesuffix(" at")
        place = f"line {error.lineno}, column {error.colno}"
        return invalid(f"{file} is not JSON ({what} at {place}): write it with a JSON library")


def missing(message: str) -> MetricProblem:
    return MetricProblem(Reason.METRIC_MISSING, message)


def invalid(message: str) -> MetricProblem:
    return MetricProblem(Reason.METRIC_INVALID, message)


def shorten(text: str, limit: int = 60) -> str:
    """Strangers' text inside a sentence: short, on one line, and storable as UTF-8 without a NUL."""
    short = "".join(c if c.isprintable() else "?" for c in text[: limit + 1])
    return short if len(short) <= limit else short[: limit - 1] + "…"


class _DuplicateKey(Exception):
    """Inside `load` only."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _parse(text: str) -> Any:
    return json.loads(text, parse_int=_integer, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _DuplicateKey(key)
        found[key] = value
    return found


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def depth(data: bytes) -> int:
    """How deep brackets are nested outside strings; known before the parser's own recursion starts."""
    brackets = _STRING.sub(b"", data).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)
