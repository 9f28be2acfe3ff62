"""Whether a plain version lies in a plain range. What is not plain gets no answer rather than a wrong one."""

import re
from collections.abc import Callable

_PLAIN = re.compile(r"\d+(?:\.\d+)*")
_PART = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?")

Version = tuple[int, ...]

_COMPARED: dict[str, Callable[[Version, Version], bool]] = {
    "==": lambda version, bound: version == bound,
    "===": lambda version, bound: version == bound,
    "!=": lambda version, bound: version != bound,
    "<=": lambda version, bound: version <= bound,
    ">=": lambda version, bound: version >= bound,
    "<": lambda version, bound: version < bound,
    ">": lambda version, bound: version > bound,
}


def lies_in(version: str, bounds: str) -> bool | None:
    """``bounds`` as ``>=1.2,<2``; None where either is more than numbers, or a part is unknown."""
    parts = normal_parts(bounds)
    if parts is None or _PLAIN.fullmatch(version) is None:
        return None
    return all(_holds(_numbers(version), part) for part in parts)


def normal_parts(bounds: str) -> frozenset[str] | None:
    """Parts of a range without blanks and without zeros at their ends; None where it is not plain."""
    texts = [text.strip() for text in bounds.strip().strip("()").split(",")]
    parts = [_PART.fullmatch(text) for text in texts if text]
    if not all(parts):
        return None
    return frozenset(_normal(part) for part in parts if part is not None)


def _normal(part: re.Match[str]) -> str:
    operator, version, star = part.groups()
    if not star and operator != "~=":
        version = re.sub(r"(\.0)+$", "", version)
    return f"{operator}{version}{star or ''}"


def _holds(version: Version, part: str) -> bool:
    match = _PART.fullmatch(part)
    operator, text, star = match.groups() if match is not None else ("", "", None)
    bound = _numbers(text, keep=True)
    if star:
        begins = _padded(version, len(bound)) == bound
        return begins if operator == "==" else not begins
    if operator == "~=":
        return version >= _numbers(text) and _padded(version, len(bound) - 1) == bound[:-1]
    return _COMPARED[operator](version, _numbers(text))


def _numbers(text: str, *, keep: bool = False) -> Version:
    """``2.4.0`` and ``2.4`` are one version."""
    numbers = tuple(int(part) for part in text.split("."))
    while not keep and len(numbers) > 1 and numbers[-1] == 0:
        numbers = numbers[:-1]
    return numbers


def _padded(version: Version, length: int) -> Version:
    return (*version, *(0,) * length)[:length]
