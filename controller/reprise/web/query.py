"""What an address of the API asks for after its question mark. Whatever is not understood is refused:
an answer to another question than the one that was asked would be believed.
"""

import re
from collections.abc import Mapping

from fastapi import HTTPException, Request

API = "/api/v1"
"""Where programs read."""
MOST = 10**18 - 1
"""Of any number: what a database can hold."""

Query = Mapping[str, str]


def read_query(request: Request, *known: str) -> Query:
    """The parameters by name. Raises HTTPException, 400, for one that is not known or stands there twice."""
    given = request.query_params.multi_items()
    for number, (name, _) in enumerate(given):
        if name not in known:
            raise _refuse(name, f"is no parameter here: there is {', '.join(known) or 'none'}")
        if any(name == earlier for earlier, _ in given[:number]):
            raise _refuse(name, "stands there twice: give it once")
    return dict(given)


def whole_number(query: Query, name: str, default: int, *, least: int, most: int = MOST) -> int:
    """Raises HTTPException, 400, when it is none, or beyond these bounds."""
    said = query.get(name)
    if said is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", said, re.ASCII) or not least <= int(said) <= most:
        to = f"from {least} to {most}" if most < MOST else f"from {least} on"
        raise _refuse(name, f"takes a whole number {to}, not {said[:60]!r}")
    return int(said)


def one_of(query: Query, name: str, words: tuple[str, ...]) -> str | None:
    """Raises HTTPException, 400, when it is another word."""
    said = query.get(name)
    if said is not None and said not in words:
        raise _refuse(name, f"takes one of {', '.join(words)}, not {said[:60]!r}")
    return said


def knows(request: Request, tag: str) -> bool:
    """Whether the reader has what carries this ``ETag``, written as there, already."""
    given = request.headers.get("if-none-match", "")
    return any(each.strip().removeprefix("W/") in ("*", tag) for each in given.split(","))


def _refuse(name: str, why: str) -> HTTPException:
    return HTTPException(400, f"{name[:60]!r} {why}")
