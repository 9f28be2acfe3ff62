"""JSON out of evidence: bounded, each key once, and nothing that JSON itself does not know.

Whoever reads two meanings into one text could be shown one of them, so leniency has no place here.
"""

import json
import re
from typing import Any

from reprise.domain.errors import NotAuthentic
from reprise.domain.metric_file import MAX_DEPTH, depth, shorten

MAX_BYTES = 16 * 2**20
"""Of one file; reading it may take some thirty times as much memory."""
_MAX_DIGITS = 308
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""What may be one half of a character, the only way that one can be written."""


def read_json(data: bytes, *, file: str) -> Any:
    """Raises NotAuthentic, with a sentence that names ``file``."""
    if len(data) > MAX_BYTES:
        raise NotAuthentic(f"{file} has {len(data)} bytes, and at most {MAX_BYTES} are read")
    if depth(data) > MAX_DEPTH:
        raise NotAuthentic(f"{file} is nested more than {MAX_DEPTH} levels deep")
    try:
        found = _parse(data.decode())
        if _HALF.search(data):
            json.dumps(found, ensure_ascii=False).encode()
        return found
    except UnicodeEncodeError:
        raise NotAuthentic(f"{file} has half a character (a lone surrogate)") from None
    except UnicodeDecodeError:
        raise NotAuthentic(f"{file} is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise NotAuthentic(f"{file} is not JSON: {error.msg.lower()} in line {error.lineno}") from None
    except _Refused as error:
        raise NotAuthentic(f"{file} has {error}") from None


def read_object(data: bytes, *, file: str) -> dict[str, Any]:
    """Likewise, of a file that has to hold an object."""
    found = read_json(data, file=file)
    if not isinstance(found, dict):
        raise NotAuthentic(f"{file} holds no JSON object")
    return found


class _Refused(Exception):
    """Inside `read_json` only."""


def _parse(text: str) -> Any:
    return json.loads(
        text, object_pairs_hook=_object, parse_int=_integer, parse_float=_finite, parse_constant=_constant
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Refused(f'the key "{shorten(key)}" twice in one object')
        found[key] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _Refused(f"a number of {len(digits)} digits")
    return int(digits)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Refused(f"a number beyond what can be counted with: {shorten(text)}")
    return number


def _constant(text: str) -> Any:
    raise _Refused(f"{text}, which is not JSON")
